"""What a file of the result folder says, as one hash: other line ends or another layout of JSON change nothing."""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from kiss_bench.errors import RecordError
from kiss_bench.records.folder import each_key_once
from kiss_bench.records.keys import sha256_of

BOARD = "leaderboard.json"
ADDED = ("schema", "honesty", "placebo", "stability")
"""Fields of a board that say more once something was run beside it, or was done with it."""


def seals_of(folder: Path, names: Iterable[str]) -> dict[str, str]:
    """The seal of every one of these files that is there. Raises RecordError for one that cannot be read."""
    return {name: seal_of(name, _bytes(folder / name)) for name in sorted(names) if (folder / name).exists()}


def seal_of(name: str, content: bytes) -> str:
    """64 hex digits; raises RecordError for content that is not what the file's name promises."""
    try:
        return SEALERS.get(Path(name).suffix, _of_text)(content)
    except (ValueError, TypeError, KeyError, OSError, RecursionError) as error:
        raise RecordError(f"{name} cannot be read: {type(error).__name__}: {str(error)[:200]}") from None


def board_seal(plain: Mapping[str, Any]) -> str:
    """The seal of `leaderboard.json`: all of it but where the ledger stood, which follows from the seal."""
    honesty = {name: value for name, value in plain.get("honesty", {}).items() if name != "ledger"}
    return sha256_of({**plain, "honesty": honesty})


def core_seal(plain: Mapping[str, Any]) -> str:
    """The seal of what a run found: no later look, opening or check may change it."""
    return sha256_of({name: value for name, value in plain.items() if name not in ADDED})


def _of_json(content: bytes) -> str:
    found = json.loads(content.decode("utf8"), object_pairs_hook=each_key_once)
    return board_seal(found) if str(found.get("schema", "")).startswith("kiss-bench/leaderboard/") else sha256_of(found)


def _of_parquet(content: bytes) -> str:
    """Of the bytes: nothing writes a table anew but a run, and what one reader overlooks another stumbles over."""
    return hashlib.sha256(content).hexdigest()


def _of_text(content: bytes) -> str:
    return hashlib.sha256(content.replace(b"\r\n", b"\n")).hexdigest()


SEALERS: Final[Mapping[str, Callable[[bytes], str]]] = {".json": _of_json, ".parquet": _of_parquet}


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise RecordError(f"{path} cannot be read: {error.strerror or error}") from None
