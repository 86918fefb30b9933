"""The remedy that ends a sentence: what to change in the config, to the letter."""


def remedy(name: str) -> str:
    """Say how to drop a column, and how to say that it may stay."""
    return (
        f"If it is not known when a prediction is made, put it into data.drop; if it is, say so: "
        f"reviewed: {{{name}: {{answer: yes, by: ..., reason: ...}}}}."
    )


def percent(share: float) -> str:
    """Write a share as a percentage that says 100% or 0% only where it is all or nothing."""
    if 0 < share < 0.001:
        return "under 0.1%"
    if 0.999 < share < 1:
        return "over 99.9%"
    return f"{share:.1%}" if share < 0.01 or share > 0.99 else f"{share:.0%}"


def skill_words(classes: int) -> str:
    """Name what a skill is a share of."""
    return "of the uncertainty about the class" if classes else "of the spread of the target's ranks"
