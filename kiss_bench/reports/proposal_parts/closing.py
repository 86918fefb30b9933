"""Parts 17 to 19: signatures that only people give, the text for a pull request, and which part serves what."""

import json
from importlib.resources import files
from typing import Any

from kiss_bench.reports.escape import markdown
from kiss_bench.reports.proposal_parts.writing import blocks, table

_SIGNED = ("name", "date", "signature")


def sign_off() -> str:
    """Empty, and never filled by a program."""
    signed = table(
        ["author", "independent reviewer (another person)"],
        ("", str),
        *((title, lambda _: "") for title in _SIGNED),
        words=_SIGNED,
    )
    return blocks(
        signed,
        "Questions of the reviewer, and the answers:",
        "Conditions:",
        "*Left empty by kiss-bench; a signature is a person's.*",
    )


def pull_request(text: str) -> str:
    """The comment as it was when the proposal was written, to be copied."""
    return blocks(
        "As it was when this was written; `kiss-bench check` with this file writes it anew, and its exit code "
        "says yes (0) or no (1).",
        f"````markdown\n{text.rstrip()}\n````",
    )


def mapping(titles: tuple[str, ...]) -> str:
    """Which part supports which theme of which text, from a dated file."""
    text = files("kiss_bench.reports.proposal_parts").joinpath("mapping.json").read_text(encoding="utf8")
    found: dict[str, Any] = json.loads(text)
    supports: dict[int, list[str]] = {}
    for name, source in found["sources"].items():
        for theme, parts in source["themes"].items():
            for part in parts:
                supports.setdefault(part, []).append(f"{name}: {theme}")
    read = "\n".join(
        f"- {markdown(name)}: {markdown(source['what'])}. Read: {markdown(source['read'])}."
        for name, source in found["sources"].items()
    )
    return blocks(
        f"As of {found['date']}. A part *supports* a theme: it produces evidence useful for it. Whether that is "
        "enough is for people to say.",
        table(
            sorted(supports),
            ("part", lambda part: f"{part}. {titles[part - 1]}"),
            ("supports", lambda part: "; ".join(supports[part])),
            words=["supports"],
        ),
        read,
    )
