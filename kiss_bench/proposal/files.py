"""A proposal on the disk: read as text, written whole, and the way from it to its result folder."""

import os
import stat
from pathlib import Path

from kiss_bench.errors import RecordError
from kiss_bench.records.folder import replace_whole


def read_proposal(path: Path) -> str:
    """The text to the byte, line ends and byte-order mark included; raises RecordError where that cannot be had."""
    try:
        return path.read_bytes().decode("utf8")
    except FileNotFoundError:
        raise RecordError(
            f"there is no {path}; a proposal is a Markdown file: `kiss-bench propose DIR --out {path}` writes one, "
            "`kiss-bench attach` puts a board into one of your own"
        ) from None
    except UnicodeDecodeError as error:
        raise RecordError(f"{path} is no text in UTF-8 (byte {error.start}); save it as UTF-8") from None
    except OSError as error:
        raise RecordError(f"{path} cannot be read: {error.strerror or error}") from None


def write_proposal(path: Path, text: str) -> None:
    """The whole file or nothing, with the permissions it had; raises RecordError where it may not be written."""
    try:
        mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else 0o644
        if not mode & 0o222:
            raise RecordError(f"{path} is read-only, and nothing was changed; allow writing there first")
        replace_whole(path, text.encode(), mode)
    except OSError as error:
        raise RecordError(f"{path} cannot be written, and nothing was changed: {error.strerror or error}") from None


def way_to(folder: Path, proposal: Path) -> str:
    """The result folder as seen from the proposal, with `/`: the shortest way that leads there.

    A way through links is taken only where it leads to the same place from the file's own.
    """
    home, there = proposal.resolve().parent, folder.resolve()
    ways = []
    for target, start in ((Path(os.path.normpath(Path.cwd() / folder)), proposal.absolute().parent), (there, home)):
        try:
            way = Path(os.path.relpath(target, start)).as_posix()
        except ValueError:  # another drive
            way = target.as_posix()
        if (home / way).resolve() == there:
            ways.append(way)
    return min(ways, key=lambda way: way.count("../"))


def folder_of(proposal: Path, way: str) -> Path:
    """The result folder that a marker names; relative to where the proposal's file is, not a link to it."""
    return proposal.resolve().parent / way
