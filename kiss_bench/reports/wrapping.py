"""Prose fitted to a screen or a log: broken between words, in cells rather than characters, names kept whole."""

from collections.abc import Iterator

from rich.cells import cell_len, chop_cells

HANG = "  "
"""What goes on is indented by so much more than its line."""


def wrapped(text: str, width: int) -> str:
    """Break every line that is wider than `width` cells; what goes on is indented like its line, and by HANG.

    Lines that fit stay as they are, so that tables do. A word is cut only where it is wider than a line of its own.
    """
    return "\n".join(part for line in text.split("\n") for part in _parts(line, width))


def shortened_middle(text: str, width: int) -> str:
    """Leave out the middle of what is wider than `width` cells (at least 3): two long names differ at either end."""
    if cell_len(text) <= width:
        return text
    tail = (width - 1) // 3
    head = chop_cells(text, width - 1 - tail)[0]
    backwards = chop_cells(text[::-1], tail)[0] if tail else ""
    return f"{head.rstrip()}…{backwards[::-1].lstrip()}"


def _parts(line: str, width: int) -> Iterator[str]:
    if cell_len(line) <= width:
        yield line
        return
    indent = line[: len(line) - len(line.lstrip())]
    further = indent + HANG if cell_len(indent + HANG) < width // 2 else ""
    here = indent if cell_len(indent) < width // 2 else ""
    room, words = width - cell_len(here), ""
    for word in line.split():
        if words and cell_len(words) + 1 + cell_len(word) > room:
            yield here + words
            here, room, words = further, width - cell_len(further), ""
        words = f"{words} {word}" if words else word
        while cell_len(words) > room:
            first = chop_cells(words, room)[0]
            yield here + first
            here, room, words = further, width - cell_len(further), words[len(first) :]
    if words:
        yield here + words
