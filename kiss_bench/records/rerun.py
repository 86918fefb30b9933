"""The same plan, run again on the same rows: the same result, the same but for the arithmetic, or another one."""

from collections.abc import Iterator, Mapping
from typing import Any

from kiss_bench.records.ledger import Ledger, Line

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
