"""Single-byte edits of a result folder, an oracle of its own for which of them change a meaning, and ways to cheat."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from kiss_bench.records.folder import read_board
from kiss_bench.records.json import plain_json
from kiss_bench.records.ledger import Event, append, board_seal, read_ledger, seals_of


@dataclass(frozen=True, kw_only=True, slots=True)
class Edit:
    name: str
    place: int
    before: int
    after: int

    def apply(self, folder: Path) -> None:
        self._put(folder, self.after)

    def undo(self, folder: Path) -> None:
        self._put(folder, self.before)

    def _put(self, folder: Path, byte: int) -> None:
        with (folder / self.name).open("r+b") as file:
            file.seek(self.place)
            file.write(bytes([byte]))


def edits(folder: Path, count: int, seed: int) -> list[Edit]:
    """Random ones: a file by lot, then a byte of it, then another value for that; the store of units is left out."""
    rng = np.random.default_rng(seed)
    files = sorted(path for path in folder.iterdir() if path.is_file())
    made = []
    for _ in range(count):
        path = files[rng.integers(len(files))]
        content = path.read_bytes()
        place = int(rng.integers(len(content)))
        after = (content[place] + int(rng.integers(1, 256))) % 256
        made.append(Edit(name=path.name, place=place, before=content[place], after=after))
    return made


def meaning(path: Path) -> object:
    """What a reader takes from a file: parsed JSON, the values of a table, or lines of text."""
    content = path.read_bytes()
    try:
        if path.suffix == ".parquet":
            return pd.read_parquet(path).to_json(double_precision=15, orient="split"), content[:0]
        text = content.decode("utf8")
        return json.dumps(json.loads(text), sort_keys=True) if path.suffix == ".json" else text.replace("\r\n", "\n")
    except Exception as error:  # noqa: BLE001  (a file that cannot be read any more says something else)
        return f"unreadable: {type(error).__name__}"


def resealed(project):
    """Edit a score and seal it again in a ledger of one's own: the predictions still say otherwise."""
    path = project.folder / "leaderboard.json"
    text = path.read_text("utf8")
    score = json.loads(text)["rungs"][2]["score"]
    path.write_text(text.replace(repr(score), repr(score - 0.05)), "utf8")
    board = read_board(project.folder)
    append(project.folder, Event(event="sealed", facts={"files": {path.name: board_seal(plain_json(board))}}))
    plain = json.loads(path.read_text("utf8"))
    plain["honesty"]["ledger"] |= {"lines": 4, "head": read_ledger(project.folder).head}
    path.write_text(json.dumps(plain), "utf8")


def vouched_for(project, name, change):
    """Edit a file, and add a line to the ledger that says it is so."""
    path = project.folder / name
    before = path.read_text("utf8")
    path.write_text(change(before), "utf8")
    assert path.read_text("utf8") != before
    append(project.folder, Event(event="sealed", facts={"files": seals_of(project.folder, (name,))}))
    board = json.loads((project.folder / "leaderboard.json").read_text("utf8"))
    ledger = read_ledger(project.folder)
    board["honesty"]["ledger"] |= {"lines": len(ledger.lines), "head": ledger.head}
    (project.folder / "leaderboard.json").write_text(json.dumps(board), "utf8")


def dropped_rows(project):
    path = project.folder / "predictions.parquet"
    pd.read_parquet(path).iloc[5:].to_parquet(path)


def flattered(project):
    """Better predictions for one rung than it made."""
    path = project.folder / "predictions.parquet"
    frame = pd.read_parquet(path)
    own = frame["rung"] == "tree"
    right = (frame["actual"] == "yes").astype(float)
    frame.loc[own, "p_yes"] = 0.5 * frame["p_yes"] + 0.5 * right
    frame.loc[own, "p_no"] = 1.0 - frame["p_yes"]
    frame.to_parquet(path)


def shortened(project):
    path = project.folder / "trials.parquet"
    pd.read_parquet(path).query("number > 0").to_parquet(path)


def unburned(project):
    """Fewer openings than there were, under a seal of its own."""
    assert project.open_vault() == 0
    assert project.open_vault("--burn") == 0
    path = project.folder / "leaderboard.json"
    plain = json.loads(path.read_text("utf8"))
    plain["honesty"]["vault"]["openings"], plain["honesty"]["stamps"] = 1, []
    seal = board_seal(plain)
    append(project.folder, Event(event="sealed", facts={"files": {path.name: seal}}))
    ledger = read_ledger(project.folder)
    plain["honesty"]["ledger"] |= {"lines": len(ledger.lines), "head": ledger.head}
    path.write_text(json.dumps(plain), "utf8")
