"""Single-byte edits of a result folder, and an oracle of its own for which of them change a meaning."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd


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
