"""All that is folded below the first screen, in the order of the questions that a reader asks."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from kiss_bench.records.evidence import Evidence
from kiss_bench.reports import amounts
from kiss_bench.reports.charts.ladder import cost_panels
from kiss_bench.reports.charts.recommended import trust_panels
from kiss_bench.reports.charts.theme import Spec, inline_svg
from kiss_bench.reports.charts.tuning import budget_charts, trials_caption, trials_charts, tuned_chart
from kiss_bench.reports.escape import clean, markdown, shortened
from kiss_bench.reports.fineprint import rebuild
from kiss_bench.reports.markdown import Part, parts
from kiss_bench.reports.page.blocks import (
    Block,
    Code,
    Line,
    Pictures,
    Prose,
    Section,
    Table,
    cell,
    columns,
    html_of,
    text_cell,
)
from kiss_bench.reports.page.recommended import looked_into
from kiss_bench.reports.phrases import recommended_row
from kiss_bench.reports.tuning import replay_sentences, setting, tuning_markdown

WHY = ("simpler", "complex", "change", "also")
CHECKS = ("stability", "placebo", "registered", "leaks")
_HASH = 12
_LONG = 300
_LONG_FACTS = ("asked", "files", "verdicts", "scores")


def sections(evidence: Evidence) -> list[Section]:
    """Only those that there is something to say in."""
    said = {part.key: part for part in parts(evidence.board) if part.body}
    found = evidence.diagnostics
    told = [
        _joined("why", "Why this rung", [said[key] for key in WHY if key in said]),
        _alone(said.get("stability"), "stable"),
        _cost(evidence),
        _tuned(evidence, said.get("tuned")),
        _trials(evidence),
        _trust(evidence, said.get("trust")),
        *(looked_into(found, evidence.board.task) if found is not None else []),
        _alone(said.get("metrics"), "metrics"),
        _alone(said.get("leaks"), "leaks"),
        _alone(said.get("placebo"), "placebo"),
        _ledger(evidence, said.get("registered")),
        _record(evidence),
        _environment(evidence),
        _replay(evidence),
        _joined("fine", "Notes and fine print", [said[key] for key in ("notes", "fine") if key in said], found),
    ]
    return [section for section in told if section is not None and section.blocks]


def _alone(part: Part | None, key: str) -> Section | None:
    return None if part is None else Section(key=key, title=part.title, blocks=(Prose(html=html_of(part.body)),))


def _joined(key: str, title: str, told: list[Part], found: Any = None) -> Section:
    blocks = [Prose(html=html_of(f"# {part.title}\n\n{part.body}")) for part in told]
    if found is not None and found.notes:
        notes = "\n".join(f"- {markdown(note)}" for note in found.notes)
        blocks.append(
            Prose(html=html_of(f"# What was left out of the diagnostics\n\n{notes}"), source="diagnostics.json")
        )
    return Section(key=key, title=title, blocks=tuple(blocks))


def _drawn(specs: list[Spec], name: str, caption: str) -> Iterator[Block]:
    if specs:
        yield Pictures(svgs=tuple(inline_svg(spec, f"{name}{n}") for n, spec in enumerate(specs)), caption=caption)


def _cost(evidence: Evidence) -> Section:
    board = evidence.board
    name = clean(board.metric.name)
    caption = f"{name}, better upwards, over what one fit and one prediction take; the recommended rung has a ring"
    chosen = recommended_row(board)
    hint = (f"{amounts.seconds(chosen.fit_seconds)} a fit",) if chosen is not None and chosen.fit_seconds else ()
    return Section(
        key="cost", title="Gain against cost", blocks=tuple(_drawn(cost_panels(board), "cost", caption)), hint=hint
    )


def _tuned(evidence: Evidence, part: Part | None) -> Section:
    spec = tuned_chart(evidence.board)
    pictures = _drawn(
        [spec] if spec else [], "tuned", "Default settings (open) and tuned (filled); better is to the right"
    )
    prose = [Prose(html=html_of(part.body))] if part is not None else []
    return Section(key="tuned", title="Default against tuned", blocks=(*pictures, *prose))


def _trials(evidence: Evidence) -> Section:
    record, found = evidence.tuning, evidence.diagnostics
    objective = record.objective
    trials = trials_charts(found, objective.metric, greater_is_better=objective.greater_is_better) if found else []
    name = clean(objective.metric)
    blocks = [
        *_drawn(trials, "trials", trials_caption(found, objective.metric) if found else ""),
        *_drawn(
            budget_charts(record),
            "budget",
            f"What trials bought: gain in inner {name} over trial 0, mean and range of studies",
        ),
    ]
    asked = sum(study.asked for rung in record.rungs for study in rung.studies)
    hint = (f"{record.budget:,} trials a study, {asked:,} asked for",) if record.rungs else ()
    return Section(key="trials", title="Trials and what a budget buys", blocks=tuple(blocks), hint=hint)


def _trust(evidence: Evidence, part: Part | None) -> Section | None:
    specs = trust_panels(evidence.board, evidence.diagnostics)
    pictures = tuple(_drawn(specs, "trust", "What it says, and what came of it"))
    prose = (Prose(html=html_of(part.body)),) if part is not None else ()
    title = part.title if part is not None else "How far to trust its predictions"
    return Section(key="trust", title=title, blocks=(*pictures, *prose))


def _record(evidence: Evidence) -> Section:
    told = Prose(html=html_of(tuning_markdown(evidence.tuning)), source="tuning.json")
    return Section(key="tuning", title="Tuning record", blocks=(told,))


def _ledger(evidence: Evidence, part: Part | None) -> Section:
    prose = [Prose(html=html_of(part.body))] if part is not None else []
    lines = tuple(
        Line(
            cells=(
                cell(line.seq, str(line.seq), f"ledger.jsonl#/{place}/seq"),
                text_cell(clean(line.at)),
                text_cell(shortened(line.event, _LONG)),
                text_cell(line.plan_hash[:_HASH]),
                text_cell(_facts(line.facts)),
                text_cell(line.hash[:_HASH]),
            )
        )
        for place, line in enumerate(evidence.ledger)
    )
    titles = ["line", "at (UTC)", "event", "plan", "what", "hash"]
    headings = columns(titles, left=titles[1:])
    table = (
        [Table(caption="Ledger, as it stood when this page was written", headings=headings, lines=lines)]
        if lines
        else []
    )
    return Section(key="ledger", title="What was registered, and the ledger", blocks=(*prose, *table))


def _facts(facts: Mapping[str, Any]) -> str:
    """What a line of the ledger holds, shortened: whole hashes and lists are in the file."""
    told = [
        f"{key}: {len(fact)} entries" if isinstance(fact, Mapping | list) and key in _LONG_FACTS
        else f"{key}: {json.dumps(fact, ensure_ascii=False)}"
        for key, fact in facts.items()
    ]  # fmt: skip
    return shortened("; ".join(told), _LONG)


def _environment(evidence: Evidence) -> Section:
    lines = tuple(
        Line(cells=(text_cell(clean(name)), text_cell(clean(setting(value)))))
        for name, value in evidence.environment.items()
    )
    headings = columns(["what", "found"], left=("what", "found"))
    table = Table(caption="Where it ran", headings=headings, lines=lines, sortable=False)
    return Section(key="environment", title="Environment", blocks=(table,) if lines else ())


def _replay(evidence: Evidence) -> Section:
    board, record = evidence.board, evidence.tuning
    folder = f"results/{clean(board.project)}"
    hashes = {"plan": board.plan_hash, "data": board.data_hash, "folds": board.folds_hash, "digest": board.digest}
    table = Table(
        caption="What it is known by",
        headings=columns(["of", "SHA-256"], left=("of", "SHA-256")),
        lines=tuple(Line(cells=(text_cell(name), text_cell(clean(value)))) for name, value in hashes.items() if value),
        sortable=False,
    )
    again = (
        "The same plan on the same data and versions gives the same digest, whatever the number of workers. These "
        "commands run it again, check every file against it, and replay every study trial by trial:"
    )
    config = clean(record.config or "CONFIG")
    commands = (f"kiss-bench run {config}", f"kiss-bench verify {folder}", f"kiss-bench replay {folder}")
    replayed = replay_sentences(record.replay) if record.replay is not None else ["It was not replayed yet."]
    told = "\n\n".join(markdown(line.strip()) for line in replayed)
    pipeline = "The recommended pipeline, unfitted, comes back from"
    return Section(
        key="replay",
        title="How to replay it",
        blocks=(
            Prose(html=html_of(again)), Code(lines=commands), Prose(html=html_of(pipeline)),
            Code(lines=tuple(rebuild(board))), Prose(html=html_of(told), source="tuning.json"), table,
        ),
    )  # fmt: skip
