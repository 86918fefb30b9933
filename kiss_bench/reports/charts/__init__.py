"""Charts, made once as Vega-Lite: drawn into the page, and as files for the leaderboard in Markdown.

A chart is a function from a record to a specification, or to None where the record has nothing to draw.
"""

from kiss_bench.records.evidence import Evidence
from kiss_bench.reports.charts.ladder import cost_chart, ladder_chart
from kiss_bench.reports.charts.recommended import trust_chart
from kiss_bench.reports.charts.theme import Spec, svg_file


def ladder_svg(evidence: Evidence) -> str | None:
    return _file(ladder_chart(evidence.board), "ladder")


def cost_svg(evidence: Evidence) -> str | None:
    return _file(cost_chart(evidence.board), "cost")


def trust_svg(evidence: Evidence) -> str | None:
    return _file(trust_chart(evidence.board, evidence.diagnostics), "trust")


def _file(spec: Spec | None, name: str) -> str | None:
    return None if spec is None else svg_file(spec, name)


EVIDENCE_FILES = {"ladder.svg": ladder_svg, "cost.svg": cost_svg, "trust.svg": trust_svg}
