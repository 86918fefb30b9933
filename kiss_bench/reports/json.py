"""`leaderboard.json` and `tuning.json`: the records as they are."""

from kiss_bench.records.json import record_json
from kiss_bench.records.tuning import tuning_json

BOARD_FILES = {"leaderboard.json": record_json}
TUNING_FILES = {"tuning.json": tuning_json}
