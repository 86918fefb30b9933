"""What all workers share, laid out in one file that they map instead of reading it.

Pickle's protocol 5 hands out the arrays apart from what describes them. The file holds each array at an address that
is a multiple of 64 bytes, then the description, then an index of both. A worker maps the file read-only: its arrays and
frames are views of pages that all workers have in common, and writing into one of them raises ValueError.
"""

import mmap
import pickle
import struct
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO

ALIGNED = 64
"""Bytes of a cache line, which is also what the widest vector instructions ask for."""
_PART = struct.Struct("<QQ")
"""Where a part starts and how long it is. The index ends with how many there are, the description being the last."""
_COUNT = struct.Struct("<Q")


def lay_out(path: Path, shared: Any) -> int:
    """Writes a value that can be pickled; the bytes of the file. Raises OSError where they do not fit."""
    buffers: list[pickle.PickleBuffer] = []
    description = pickle.dumps(shared, protocol=5, buffer_callback=buffers.append)
    with path.open("wb") as file:
        parts = [_put(file, part) for part in (*(buffer.raw() for buffer in buffers), memoryview(description))]
        file.write(b"".join(_PART.pack(*part) for part in parts) + _COUNT.pack(len(parts)))
        return file.tell()


def _put(file: BinaryIO, part: memoryview) -> tuple[int, int]:
    file.write(bytes(-file.tell() % ALIGNED))
    start = file.tell()
    file.write(part)
    return start, part.nbytes


@lru_cache(maxsize=1)
def laid_out(path: str) -> Any:
    """What was laid out at this path, mapped once a process; the map lives as long as anything that looks into it."""
    with Path(path).open("rb") as file:
        whole = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    (count,) = _COUNT.unpack(whole[-_COUNT.size :])
    index = whole[-_COUNT.size - count * _PART.size : -_COUNT.size]
    *arrays, description = [whole[start : start + length] for start, length in _PART.iter_unpack(index)]
    return pickle.loads(description, buffers=arrays)  # noqa: S301  (written by the parent a moment ago, in its own folder)
