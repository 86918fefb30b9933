"""The remedy that ends a sentence: what to change in the config, to the letter."""

from kiss_bench.plan.draft import scalar


def remedy(name: str) -> str:
    """Say how to drop a column, and how to say that it may stay."""
    return f"If it is not known when a prediction is made, put it into data.drop; if it is, say so: {yes(name)}."


def yes(name: str) -> str:
    """Write the entry of the config that answers a question with yes."""
    return f"reviewed: {{{key(name)}: {{answer: yes, by: ..., reason: ...}}}}"


def key(name: str) -> str:
    """Write a name as YAML needs it."""
    return scalar(name.encode("utf-8", "replace").decode("utf-8"))


def percent(share: float) -> str:
    """Write a share as a percentage that says 100% or 0% only where it is all or nothing."""
    if 0 < share < 0.001:
        return "under 0.1%"
    if 0.999 < share < 1:
        return "over 99.9%"
    return f"{share:.1%}" if 0 < share < 0.01 or 0.99 < share < 1 else f"{share:.0%}"


def skill_words(classes: int) -> str:
    """Name what a skill is a share of."""
    return "of the uncertainty about the class" if classes else "of the spread of the target's ranks"
