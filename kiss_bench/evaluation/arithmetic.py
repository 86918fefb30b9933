"""One level of arithmetic for everything that a digest covers, whoever made the processor.

OpenBLAS and NumPy choose among kernels by the processor that they find, and two kernels round otherwise. What they
choose is read from the environment as they load, so it is set here before: x86-64-v3 (AVX2 and FMA), which every
x86 server of the last ten years has. What cannot be set is looked at and recorded: Arm, older processors, MKL,
Accelerate, variables that the user has set, and the C library with its `exp`, `log` and `pow` are levels of their own.

Nothing that computes is imported before a level is looked at.
"""

import importlib.metadata
import os
import platform
import re
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from kiss_bench.errors import KissBenchError

if TYPE_CHECKING:
    from kiss_bench.plan.plan import Arithmetic  # not needed to answer `--help`

FLAGS = frozenset({"avx2", "bmi1", "bmi2", "f16c", "fma", "abm", "movbe"})
"""What Linux calls the instructions of x86-64-v3 (x86-64 psABI, table 3.1); a kernel lacking one ends the process."""
KERNEL, DISABLED, ENABLED = "OPENBLAS_CORETYPE", "NPY_DISABLE_CPU_FEATURES", "NPY_ENABLE_CPU_FEATURES"
"""Variables that OpenBLAS and NumPy read as they load; of the last two NumPy takes one."""
V3_KERNEL = "Haswell"
"""OpenBLAS's kernels for AVX2 and FMA; those that it calls Zen are the same."""
BEYOND_V3: tuple[tuple[tuple[int, int], tuple[str, ...]], ...] = (
    ((2, 4), ("X86_V4", "AVX512_ICL", "AVX512_SPR")),
    ((2, 3), ("AVX512F", "AVX512CD", "AVX512_SKX", "AVX512_CLX", "AVX512_CNL", "AVX512_ICL", "AVX512_SPR")),
    ((0, 0), ("AVX512F", "AVX512CD", "AVX512_SKX", "AVX512_CLX", "AVX512_CNL", "AVX512_ICL")),
)
"""From which version on NumPy chooses among which kernels above x86-64-v3; a name it does not know is a warning."""
V3_FEATURES = frozenset({"SSSE3", "SSE41", "POPCNT", "SSE42", "AVX", "F16C", "FMA3", "AVX2", "X86_V3"})
"""What NumPy calls its kernels up to x86-64-v3; all that it has are found where the last two or one are."""

_set_here: dict[str, str] = {}
"""What this process has set in its own environment; all else there is the user's."""
_level_set: "Arithmetic | None" = None
"""What was set in this process before NumPy was loaded; None where it was too late, or nobody asked."""


class LevelError(KissBenchError):
    """A worker that computes at another level than its run."""


def set_level(asked: "Arithmetic" = "v3") -> None:
    """Let this process, and those that it starts, compute at a level. Once NumPy is loaded it is too late: no effect.

    Variables that the user has set stay.
    """
    global _level_set  # noqa: PLW0603  (as NumPy's choice is, it is the process's own)
    if "numpy" in sys.modules:
        return
    for name, value in changes(asked).items():
        if value is None:
            del os.environ[name], _set_here[name]
        else:
            os.environ[name] = _set_here[name] = value
    _level_set = asked


def is_set_to(asked: "Arithmetic") -> bool:
    """Whether this process computes as one does that is started for this level."""
    return _level_set == asked


def changes(asked: "Arithmetic") -> dict[str, str | None]:
    """What the environment of a new process has to hold otherwise than ours, for this level; None: not at all."""
    ours = {name for name, value in _set_here.items() if os.environ.get(name) == value}
    users = {name: value for name, value in os.environ.items() if name not in ours}
    wanted = variables(users) if asked == "v3" else {}
    return {name: wanted.get(name) for name in {*ours, *wanted} if os.environ.get(name) != wanted.get(name)}


def variables(users: Mapping[str, str]) -> dict[str, str]:
    """What gives x86-64-v3 here, beside what the user has set; nothing where the processor is not known to have it."""
    if not has_v3():
        return {}
    wanted = {KERNEL: V3_KERNEL} if KERNEL not in users else {}
    if DISABLED not in users and ENABLED not in users:
        wanted[DISABLED] = " ".join(_beyond_v3(importlib.metadata.version("numpy")))
    return wanted


def _beyond_v3(version: str) -> tuple[str, ...]:
    major, minor = (int(part) for part in re.findall(r"\d+", version)[:2])
    return next(names for since, names in BEYOND_V3 if (major, minor) >= since)


@cache
def has_v3() -> bool:
    """Whether the processor is one of x86-64 and has level v3, as far as the system tells (Linux)."""
    return platform.machine() in {"x86_64", "AMD64"} and set(_cpuinfo("flags").split()) >= FLAGS


def cpu_model() -> str:
    """The processor's own name where the system tells it."""
    return _cpuinfo("model name") or platform.processor() or platform.machine()


@cache
def _cpuinfo(wanted: str) -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf8", errors="replace").splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.split(":")[0].strip() == wanted), "")


@cache
def level_here() -> str:
    """The level at which this process computes, as NumPy and the BLAS libraries tell it: the same words, the same bits.

    Such as `x86-64-v3, openblas Haswell, glibc 2.36`.
    """
    import numpy as np
    import scipy.linalg  # noqa: F401  (SciPy brings a BLAS of its own)
    from threadpoolctl import threadpool_info

    told = np.show_config(mode="dicts")
    found = told.get("SIMD Extensions", {}).get("found", [])
    blas = {
        f"{one['internal_api']} {one.get('architecture') or f'on {cpu_model()}'}"
        for one in threadpool_info()
        if one["user_api"] == "blas"
    }
    built = told.get("Build Dependencies", {}).get("blas", {}).get("name", "no BLAS")
    return ", ".join([instructions(found), *(sorted(blas) or [f"{built} on {cpu_model()}"]), c_library()])


def is_v3(level: str) -> bool:
    """Whether a level is the one that is set here, but for the C library."""
    return level.startswith(f"x86-64-v3, openblas {V3_KERNEL},")


def instructions(found: list[str]) -> str:
    """NumPy's kernels in one word: `x86-64-v3`, what is above it behind a plus; on other machines their names."""
    machine = platform.machine()
    if machine not in {"x86_64", "AMD64"}:
        return "+".join([machine, *found])
    known = [name for name in found if name in V3_FEATURES]
    above = [name for name in found if name not in V3_FEATURES]
    whole = "X86_V3" in known or {"FMA3", "AVX2"} <= set(known)
    return "+".join(["x86-64-v3" if whole else "+".join(["x86-64", *known]), *above])


def c_library() -> str:
    """Name and version of the C library; with what the user has it leave out, where that is so."""
    try:
        name = (os.confstr("CS_GNU_LIBC_VERSION") if hasattr(os, "confstr") else "") or ""
    except (ValueError, OSError):
        name = ""
    tunables = os.environ.get("GLIBC_TUNABLES", "")
    return (name or f"{platform.system()} {platform.release()}") + (f" with {tunables}" if "hwcaps" in tunables else "")


def check_level(wanted: str) -> None:
    """Raises LevelError where this process does not compute at the level of the run; an empty one is any."""
    if wanted and level_here() != wanted:
        raise LevelError(
            f"level of arithmetic: has {level_here()}, wanted {wanted}. The last digits of its results might differ; "
            f"start it with the same {KERNEL} and {DISABLED} set, and on the same kind of processor and C library"
        )
