"""`ledger.jsonl`: what was done with these rows, a line each, every line sealed with the hash of the one before.

A line is canonical JSON, so that any changed byte shows; `hash` is the SHA-256 of all else in it, `previous` the hash
of the line before. The board names the last line at its writing, so that lines cut off the end show as well. Whoever
rewrites ledger and board together leaves no trace in them: the repository they are committed to is the witness. Lines
hold the seals of the files that a run wrote, and from two of them one sees whether the same plan gave the same result.
"""

import hashlib
import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from kiss_bench.errors import RecordError
from kiss_bench.records.folder import cannot_write, each_key_once, locked, write_whole
from kiss_bench.records.keys import canonical_json, sha256_of

NAME = "ledger.jsonl"
PATIENCE = 30.0
"""Seconds that a writer waits for another; each holds the ledger for milliseconds."""
SET_BACK = 60.0
"""Seconds by which a clock may go back between two lines: clocks are corrected, and machines differ."""
FIELDS = ("seq", "at", "event", "plan_hash", "data_hash", "code_hash", "facts", "previous", "hash")


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One event. `seq` counts from 1; hashes are 64 hex digits, or empty where they do not apply."""

    seq: int
    at: str
    """UTC, ISO-8601."""
    event: str
    """registered | amended | begun | seen | run | vault opening | vault opened | checked | sealed"""
    plan_hash: str
    data_hash: str
    code_hash: str
    facts: Mapping[str, Any]
    previous: str
    hash: str

    @property
    def day(self) -> str:
        return self.at[:10]


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """What is to be written: a line without its place in the chain."""

    event: str
    plan_hash: str = ""
    data_hash: str = ""
    code_hash: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Ledger:
    """The lines that are what their hashes say, and what is wrong with the chain."""

    lines: tuple[Line, ...] = ()
    count: int = 0
    """Lines in the file, changed ones included."""
    faults: tuple[str, ...] = ()
    clock: tuple[str, ...] = ()
    """Lines that are dated before the one above them."""
    torn: bool = False
    """Whether the last line is half of one: its writer was stopped. It counts as never written."""

    @property
    def head(self) -> str:
        return self.lines[-1].hash if self.lines else ""

    def of(self, *events: str) -> tuple[Line, ...]:
        return tuple(line for line in self.lines if line.event in events)


def read_ledger(folder: Path) -> Ledger:
    """An empty ledger where there is none. Raises RecordError where the file cannot be read at all."""
    try:
        content = (folder / NAME).read_bytes()
    except FileNotFoundError:
        return Ledger()
    except OSError as error:
        raise RecordError(f"{folder / NAME} cannot be read: {error.strerror or error}") from None
    whole, rest = _lines(content)
    return _checked(whole, torn=bool(rest))


def _lines(content: bytes) -> tuple[list[bytes], bytes]:
    """Whole lines, and what is left of one that was never finished; Windows may have ended lines in its own way."""
    *whole, rest = content.replace(b"\r\n", b"\n").split(b"\n")
    return ([*whole, rest], b"") if rest and _line(rest) is not None else (whole, rest)


def _checked(texts: Sequence[bytes], *, torn: bool) -> Ledger:
    lines: list[Line] = []
    faults, clock, before = [], [], ""
    for number, text in enumerate(texts, start=1):
        line = _line(text)
        if line is None:
            faults.append(f"line {number} is not what its hash was taken of: it was changed")
            before = ""  # what follows cannot be told from it; one fault is one fault
            continue
        if line.previous != before and (before or not faults):
            faults.append(f"line {number} does not follow the line above it: one was taken out, put in or moved")
        elif line.seq != number and not faults:
            faults.append(f"line {number} says that it is line {line.seq}")
        if lines and _seconds(line) < _seconds(lines[-1]) - SET_BACK:
            clock.append(f"line {number} is dated {line.at}, before the line above it ({lines[-1].at})")
        lines.append(line)
        before = line.hash
    return Ledger(lines=tuple(lines), count=len(texts), faults=tuple(faults), clock=tuple(clock), torn=torn)


def _line(text: bytes) -> Line | None:
    """None for anything but the very bytes that were written."""
    try:
        found = json.loads(text)
        content = {name: value for name, value in found.items() if name != "hash"}
        if canonical_json(found).encode() != text or sha256_of(content) != found["hash"]:
            return None
        return Line(**found)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def _seconds(line: Line) -> float:
    try:
        return datetime.fromisoformat(line.at).timestamp()
    except ValueError:
        return 0.0


def append(folder: Path, event: Event, *, anchor: str = "") -> Line:
    """Write one more line and hand it back; two writers wait for each other, and a reader never sees half a line.

    `anchor` is the hash of a line that has to be there, as the board names it. What is found wrong with the chain is
    written into the new line, so that it is not forgotten once the chain goes on. Raises RecordError where it cannot be
    written.
    """
    with _alone(folder):
        ledger = read_ledger(folder)
        line = _next(ledger, event, anchored(ledger, anchor))
        content = (folder / NAME).read_bytes() if (folder / NAME).exists() else b""
        whole, _ = _lines(content)  # half a line was never written
        write_whole(folder / NAME, b"".join(text + b"\n" for text in (*whole, _text(line))))
    return line


def now() -> datetime:
    return datetime.now(UTC)


def anchored(ledger: Ledger, anchor: str) -> tuple[str, ...]:
    """What is wrong with the chain, a line that should be in it and is not included."""
    if anchor and all(line.hash != anchor for line in ledger.lines):
        return (*ledger.faults, f"the line that the board names ({anchor[:12]}…) is gone")
    return ledger.faults


def faults_on_record(ledger: Ledger) -> tuple[str, ...]:
    """What is wrong, or was when a later line was written, each told once."""
    noted = [f"{fault} (noted on {line.day})" for line in ledger.lines for fault in line.facts.get("faults", ())]
    known = {text.rpartition(" (noted")[0] for text in noted}
    return tuple(dict.fromkeys([*noted, *(fault for fault in ledger.faults if fault not in known)]))


def _next(ledger: Ledger, event: Event, faults: Sequence[str]) -> Line:
    last = ledger.lines[-1] if ledger.lines else None
    known = {fault for line in ledger.lines for fault in line.facts.get("faults", ())}
    news = [fault for fault in (*event.facts.get("faults", ()), *faults) if fault not in known]
    told = {"faults": news} if news else {}
    plain = {
        "seq": ledger.count + 1,
        "at": now().isoformat(timespec="seconds"),
        "event": event.event,
        "plan_hash": event.plan_hash,
        "data_hash": event.data_hash,
        "code_hash": event.code_hash,
        "facts": {**{name: fact for name, fact in event.facts.items() if name != "faults"}, **told},
        "previous": last.hash if last else "",
    }
    plain = json.loads(canonical_json(plain))  # as it will be read
    return Line(**{**plain, "hash": sha256_of(plain)})


def _text(line: Line) -> bytes:
    return canonical_json({name: getattr(line, name) for name in FIELDS}).encode()


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """A context that one writer at a time is in; the system lets go of it however the process ends."""
    lock = folder / ".units" / "ledger.lock"
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        with lock.open("ab", buffering=0) as file:
            until = time.monotonic() + PATIENCE
            while not locked(file):
                if time.monotonic() > until:
                    raise RecordError(f"{folder / NAME} is being written by another process; try again")
                time.sleep(0.01)
            yield
    except OSError as error:
        raise cannot_write(folder / NAME, error) from None


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


CLOSE = 1e-9
"""Of a score, or of one where it is larger: what another level of arithmetic may change."""
SAME_QUESTION = ("quick", "root_seed", "folds_hash")


def rerun_told(ledger: Ledger) -> str:
    """Say how the last run differs from the one before it of the same plan and rows; nothing where it does not."""
    runs = ledger.of("run")
    before = [line for line in runs[:-1] if _question(line) == _question(runs[-1])]
    if not before or before[-1].facts.get("digest") == runs[-1].facts.get("digest"):
        return ""
    return _told(before[-1], runs[-1])


def _question(line: Line) -> tuple[Any, ...]:
    return (line.plan_hash, line.data_hash, *(line.facts.get(name) for name in SAME_QUESTION))


def _told(then: Line, now: Line) -> str:
    verdicts = list(_verdicts(_named(then, "verdicts"), _named(now, "verdicts")))
    size, rung = _largest(_named(then, "scores"), _named(now, "scores"))
    levels = [line.facts.get("level") or "not recorded" for line in (then, now)]
    others = list(_libraries(_named(then, "libraries"), _named(now, "libraries")))
    others += ["the code of kiss_bench"] if then.code_hash != now.code_hash else []
    if levels[0] != levels[1] and not verdicts and size <= CLOSE:
        beside = f" What differs too: {', '.join(others)}." if others else ""
        return (
            f"Another level of arithmetic than the run of {then.day} ({levels[0]}; now {levels[1]}): verdicts equal, "
            f"scores within {CLOSE:g}, another digest.{beside}"
        )
    scores = f"scores differ by up to {size:.2g} ({rung})" if size > CLOSE else f"scores within {CLOSE:g}"
    differing = [f"level of arithmetic ({levels[0]}; now {levels[1]})"] if levels[0] != levels[1] else []
    differing += others
    why = f"What differs: {', '.join(differing)}" if differing else "Nothing that is on record differs"
    judged = "; ".join(verdicts) or "verdicts equal"
    return f"Another result than the run of {then.day}, of the same plan and rows: {judged}, {scores}. {why}."


def _named(line: Line, fact: str) -> Mapping[str, Any]:
    """What a line holds by name; nothing where the ledger was written by another hand."""
    value = line.facts.get(fact)
    return value if isinstance(value, dict) else {}


def _verdicts(then: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    for rung in dict.fromkeys([*then, *now]):
        if then.get(rung) != now.get(rung):
            yield f"{rung} {then.get(rung, 'not there')} then, {now.get(rung, 'not there')} now"


def _largest(then: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[float, str]:
    """The largest difference of a score, relative to it where it is above one, and whose it is."""
    sizes = [(_difference(then.get(rung), now.get(rung)), rung) for rung in dict.fromkeys([*then, *now])]
    return max(sizes, default=(0.0, ""))


def _difference(then: Any, now: Any) -> float:
    if not isinstance(then, int | float) or not isinstance(now, int | float):
        return 0.0 if then == now else float("inf")
    return abs(then - now) / max(1.0, abs(then), abs(now))


def _libraries(then: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    if then and now:
        yield from (f"{name} ({then.get(name)}; now {now[name]})" for name in now if then.get(name) != now[name])
