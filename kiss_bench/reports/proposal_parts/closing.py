"""Parts 17 to 19: signatures that only people give, the text for a pull request, and which part serves what."""

import json
from importlib.resources import files
from typing import Any

from kiss_bench.reports.columns import Column
from kiss_bench.reports.escape import inline, markdown
from kiss_bench.reports.proposal_parts.asked import blocks
from kiss_bench.reports.tables import markdown_table

_LINE = "        "


def sign_off() -> str:
    """Empty, and never filled by a program."""
    people = ("author", "independent reviewer (another person)")
    columns = [Column(title="", cells=people, right=False)]
    columns += [Column(title=title, cells=(_LINE, _LINE), right=False) for title in ("name", "date", "signature")]
    return blocks(
        markdown_table(columns),
        "Questions of the reviewer, and the answers:",
        "Conditions:",
        "*Left empty by kiss-bench; a signature is a person's.*",
    )


def pull_request(text: str) -> str:
    """The comment as it was when the proposal was written, to be copied."""
    return blocks(
        "As it was when this was written; `kiss-bench check` with this file writes it anew, and its exit code says yes (0) or no (1).",
        f"````markdown\n{text.rstrip()}\n````",
    )


def mapping(titles: tuple[str, ...]) -> str:
    """Which part supports which theme of which text, from a dated file."""
    found: dict[str, Any] = json.loads(
        files("kiss_bench.reports.proposal_parts").joinpath("mapping.json").read_text(encoding="utf8")
    )
    rows = [
        (part, name, theme)
        for name, source in found["sources"].items()
        for theme, parts in source["themes"].items()
        for part in parts
    ]
    rows.sort(key=lambda row: row[0])
    by_part = {
        part: [(name, theme) for number, name, theme in rows if number == part] for part in range(1, len(titles) + 1)
    }
    kept = {part: pairs for part, pairs in by_part.items() if pairs}
    table = markdown_table([
        Column(title="part", cells=tuple(f"{part}. {inline(titles[part - 1])}" for part in kept), right=False),
        Column(title="supports", cells=tuple("; ".join(f"{name}: {theme}" for name, theme in pairs) for pairs in kept.values()), right=False),
    ])  # fmt: skip
    read = "\n".join(
        f"- {markdown(name)}: {markdown(source['what'])}. Read: {markdown(source['read'])}."
        for name, source in found["sources"].items()
    )
    return blocks(
        f"As of {found['date']}. A part *supports* a theme: it produces evidence useful for it. Whether that is enough is for people to say.",
        table,
        read,
    )
