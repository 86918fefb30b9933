"""How much memory a process has to itself, from `/proc` (Linux); and how to let go of what it has freed (glibc)."""

import contextlib
import ctypes
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from kiss_bench.errors import KissBenchError
from kiss_bench.plan.plan import Limits

PROC = Path("/proc")
OWN = ("RssAnon", "VmSwap")
"""Anonymous memory, in RAM or swapped out. Mapped files, the table among them, are the system's to drop."""
RESET_PEAK = "5"
"""What `clear_refs` takes for: forget the largest resident size so far."""
MMAP_THRESHOLD = -3
"""M_MMAP_THRESHOLD of glibc's malloc.h: from how many bytes on a block has pages of its own."""
LARGE = 4 * 2**20
"""Bytes; smaller blocks come and go too often to be returned each time."""


def check_watchable(limits: Limits, proc: Path = PROC) -> None:
    """Raises KissBenchError for a limit on memory where the system does not tell how much a process takes."""
    if limits.unit_memory_gb is not None and "RssAnon" not in _facts(proc / "self" / "status", ("RssAnon",)):
        raise KissBenchError(
            f"limits.unit_memory_gb: found {limits.unit_memory_gb:g}; allowed: nothing on this system, since "
            f"{proc}/self/status does not tell how much memory a process takes. Leave it out, or run on Linux"
        )


def own_bytes(pid: int) -> int:
    """Bytes of memory that a process and its descendants share with no file; 0 where it has ended."""
    return sum(sum(_facts(PROC / str(one) / "status", OWN).values()) for one in (pid, *descendants(pid)))


def descendants(pid: int) -> Iterator[int]:
    """Processes below this one, as long as their parents live; none where the system does not tell."""
    for child in _children(pid):
        yield child
        yield from descendants(child)


def _children(pid: int) -> list[int]:
    found: list[int] = []
    with contextlib.suppress(OSError):  # it has ended in between
        for task in (PROC / str(pid) / "task").iterdir():
            found += map(int, (task / "children").read_text().split())
    return found


def forget_peak() -> bool:
    """Lets this process's largest size count from now on; False where the system does not let it."""
    try:
        (PROC / "self" / "clear_refs").write_text(RESET_PEAK)
    except OSError:
        return False
    return True


def peak_bytes() -> int:
    """Most memory of its own that this process had since `forget_peak`; 0 where it is not known.

    The kernel keeps the peak of all resident pages, which no sampling can miss; those of files and shared memory,
    taken as they are now, are not the unit's.
    """
    found = _facts(PROC / "self" / "status", ("VmHWM", "RssFile", "RssShmem"))
    return max(found.get("VmHWM", 0) - found.get("RssFile", 0) - found.get("RssShmem", 0), 0)


def keep_little() -> None:
    """Lets this process's allocator return large blocks as soon as they are freed, where it knows how to (glibc).

    Else it learns from the first large blocks to keep the next ones between small ones that live on, such as trees.
    """
    _glibc("mallopt", MMAP_THRESHOLD, LARGE)


def give_back() -> None:
    """Returns to the system what the allocator keeps of freed memory."""
    _glibc("malloc_trim", 0)


def _glibc(name: str, *values: int) -> None:
    if sys.platform != "linux":
        return
    with contextlib.suppress(OSError, AttributeError):  # Python without a shared C library, or with another one
        ctypes.CDLL(None)[name](*values)


def _facts(path: Path, names: Iterable[str]) -> dict[str, int]:
    """Those lines of a `status` file that give an amount in kB, as bytes."""
    try:
        lines = path.read_text(encoding="utf8", errors="replace").splitlines()
    except OSError:
        return {}
    wanted = {f"{name}:": name for name in names}
    words = [line.split() for line in lines]
    return {wanted[word[0]]: 1024 * int(word[1]) for word in words if len(word) == 3 and word[0] in wanted}
