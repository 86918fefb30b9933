"""The judge: a pure function from predictions to verdicts."""

from kiss_bench.judge.climb import contested, judge
from kiss_bench.judge.comparison import Trio, compare_rows
from kiss_bench.judge.door import compare
from kiss_bench.judge.judgement import Candidate, Comparison, Judged, Judgement, Recommended, Rows, Terms, Verdict
from kiss_bench.judge.power import Outlook, dummy_loss, expected_sd, smallest_gain

__all__ = [
    "Candidate",
    "Comparison",
    "Judged",
    "Judgement",
    "Outlook",
    "Recommended",
    "Rows",
    "Terms",
    "Trio",
    "Verdict",
    "compare",
    "compare_rows",
    "contested",
    "dummy_loss",
    "expected_sd",
    "judge",
    "smallest_gain",
]
