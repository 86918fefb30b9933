"""Files that are written whole or not at all."""

import os
import tempfile
from pathlib import Path

PARTS = ".*.part"
"""What is being written, or was when its writer was killed."""


def write_whole(path: Path, content: bytes | str) -> None:
    """Writes beside the target, flushes to the disk, then renames: a reader sees the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)  # there only where writing failed
