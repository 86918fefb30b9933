"""The remedy that ends a sentence: what to change in the config, to the letter."""

import json
import re

PLAIN = r"[A-Za-z_][A-Za-z0-9_./-]*"
"""Names that YAML takes as they are."""
SPOKEN_FOR = ("true", "false", "yes", "no", "on", "off", "null", "y", "n")
"""Words that YAML takes for something else."""


def remedy(name: str) -> str:
    """Say how to drop a column, and how to say that it may stay."""
    return f"If it is not known when a prediction is made, put it into data.drop; if it is, say so: {yes(name)}."


def yes(name: str) -> str:
    """Write the entry of the config that answers a question with yes."""
    return f"reviewed: {{{key(name)}: {{answer: yes, by: ..., reason: ...}}}}"


def key(name: str) -> str:
    """Write a name as YAML needs it."""
    plain = re.fullmatch(PLAIN, name) and name.lower() not in SPOKEN_FOR
    return name if plain else json.dumps(name, ensure_ascii=False)


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
