"""What a process takes, as the kernel tells it."""

import os
import subprocess
import sys
import time

import numpy as np
import pytest

from kiss_bench.engines.memory import check_watchable, descendants, forget_peak, own_bytes, peak_bytes
from kiss_bench.errors import KissBenchError
from kiss_bench.plan.plan import Limits

pytestmark = pytest.mark.alone

HOLD = "x = bytearray(b'x') * 100_000_000; print('here', flush=True); import time; time.sleep(60)"


def test_memory_of_children_counts_and_is_gone_with_them():
    before = own_bytes(os.getpid())
    child = subprocess.Popen([sys.executable, "-c", HOLD], stdout=subprocess.PIPE)
    try:
        child.stdout.readline()
        assert child.pid in list(descendants(os.getpid()))
        assert own_bytes(os.getpid()) - before > 90_000_000
        assert 90_000_000 < own_bytes(child.pid) < 200_000_000
    finally:
        child.kill()
        child.communicate()
    assert child.pid not in list(descendants(os.getpid()))
    assert own_bytes(child.pid) == 0


def test_the_peak_is_kept_though_it_is_over_and_mapped_files_do_not_count(tmp_path):
    np.ones(25_000_000).tofile(tmp_path / "numbers")
    assert forget_peak()
    before = peak_bytes()
    mapped = np.memmap(tmp_path / "numbers", mode="r", dtype=np.float64)
    assert mapped.sum() == 25_000_000  # 200 MB of a file are resident now
    assert peak_bytes() - before < 50_000_000
    hoard = np.ones(25_000_000)
    del hoard
    assert 190_000_000 < peak_bytes() - before < 260_000_000
    assert forget_peak()
    assert peak_bytes() - before < 50_000_000


FREED = """
import os
import numpy as np
from kiss_bench.engines import memory

{first}
before = memory.own_bytes(os.getpid())
np.ones(30_000_000 // 8)  # freed at once; the allocator takes from it what a large block is
kept, freed = [], []
for _ in range(10):
    freed.append(np.ones({size} // 8))
    kept.append(np.ones(60_000 // 8))
del freed
{then}
print(memory.own_bytes(os.getpid()) - before)
"""
HELD = [
    pytest.param(20_000_000, "", "", 150e6, 300e6, id="left alone, it keeps large blocks between small ones"),
    pytest.param(20_000_000, "memory.keep_little()", "", 0, 20e6, id="told to keep little, it returns them"),
    pytest.param(3_000_000, "memory.keep_little()", "", 20e6, 60e6, id="it keeps smaller ones"),
    pytest.param(3_000_000, "memory.keep_little()", "memory.give_back()", 0, 10e6, id="until it is told to give back"),
]


@pytest.mark.parametrize(("size", "first", "then", "least", "most"), HELD)
def test_what_is_freed_goes_back_to_the_system(size, first, then, least, most):
    script = FREED.format(size=size, first=first, then=then)
    held = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert least <= int(held) <= most


def test_a_limit_on_memory_is_refused_where_nothing_can_be_watched(tmp_path):
    check_watchable(Limits(unit_memory_gb=6))
    check_watchable(Limits(unit_seconds=60), tmp_path)
    with pytest.raises(KissBenchError) as caught:
        check_watchable(Limits(unit_memory_gb=6), tmp_path)
    assert str(caught.value) == (
        f"limits.unit_memory_gb: found 6; allowed: nothing on this system, since {tmp_path}/self/status does not tell "
        "how much memory a process takes. Leave it out, or run on Linux"
    )


def test_watching_is_cheap():
    started = time.perf_counter()
    for _ in range(100):
        own_bytes(os.getpid())
    assert (time.perf_counter() - started) / 100 < 0.005  # a tenth of the 50 ms between two looks
