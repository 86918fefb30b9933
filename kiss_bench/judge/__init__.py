"""The judge: a pure function from predictions to verdicts."""

from kiss_bench.judge.comparison import Trio, compare_rows
from kiss_bench.judge.frames import compare
from kiss_bench.judge.judgement import Candidate, Comparison, Judged, Judgement, Recommended, Terms, Verdict
from kiss_bench.judge.ladder import contested, judge
from kiss_bench.judge.power import Outlook, dummy_loss, expected_sd, smallest_gain
from kiss_bench.judge.predictions import Predicted, Predictions

__all__ = [
    "Candidate",
    "Comparison",
    "Judged",
    "Judgement",
    "Outlook",
    "Predicted",
    "Predictions",
    "Recommended",
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
