"""The reports that are kept as files; run as a script to accept their present wording."""

from pathlib import Path

from boards import (
    AMENDED,
    BURNED,
    CHECKED,
    FLIPPED,
    FORWARD,
    HOSTILE,
    INTERVALS,
    NOISE,
    PROMOTED,
    PROVISIONAL,
    RUNNING,
    SEVERAL,
    STAYS,
    TROUBLE,
)
from tunings import ADAPTED, REPEATED, TUNING

from kiss_bench.records.tuning import tuning_json
from kiss_bench.reports.csv import leaderboard_csv
from kiss_bench.reports.markdown import leaderboard_markdown
from kiss_bench.reports.notebook import leaderboard_html_fragment
from kiss_bench.reports.terminal import leaderboard_text
from kiss_bench.reports.tuning import tuning_markdown

FOLDER = Path(__file__).parent / "snapshots"
SNAPSHOTS = {
    "stays.md": lambda: leaderboard_markdown(STAYS),
    "promoted.md": lambda: leaderboard_markdown(PROMOTED),
    "noise.md": lambda: leaderboard_markdown(NOISE),
    "trouble.md": lambda: leaderboard_markdown(TROUBLE),
    "provisional.md": lambda: leaderboard_markdown(PROVISIONAL),
    "running.md": lambda: leaderboard_markdown(RUNNING),
    "hostile.md": lambda: leaderboard_markdown(HOSTILE),
    "intervals.md": lambda: leaderboard_markdown(INTERVALS),
    "forward.md": lambda: leaderboard_markdown(FORWARD),
    "several.md": lambda: leaderboard_markdown(SEVERAL),
    "checked.md": lambda: leaderboard_markdown(CHECKED),
    "amended.md": lambda: leaderboard_markdown(AMENDED),
    "amended.txt": lambda: leaderboard_text(AMENDED, 120),
    "burned.md": lambda: leaderboard_markdown(BURNED),
    "flipped.md": lambda: leaderboard_markdown(FLIPPED),
    "flipped.txt": lambda: leaderboard_text(FLIPPED),
    "flipped.html": lambda: leaderboard_html_fragment(FLIPPED),
    "trouble.csv": lambda: leaderboard_csv(TROUBLE),
    "trouble.txt": lambda: leaderboard_text(TROUBLE),
    "promoted.html": lambda: leaderboard_html_fragment(PROMOTED),
    "tuning.md": lambda: tuning_markdown(TUNING),
    "adapted.md": lambda: tuning_markdown(ADAPTED),
    "repeats.md": lambda: tuning_markdown(REPEATED),
    "tuning.json": lambda: tuning_json(TUNING),
}

if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, render in SNAPSHOTS.items():
        (FOLDER / name).write_text(render(), encoding="utf-8")
