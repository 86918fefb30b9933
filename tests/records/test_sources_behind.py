"""The sources' part of a unit's key: found from imports, however they are written."""

import subprocess
import sys
from pathlib import Path

import pytest

import kiss_bench
from kiss_bench.records import keys
from kiss_bench.records.keys import DECIDING, sources_behind
from kiss_bench.rungs import shipped_rungs

HOME = Path(kiss_bench.__file__).parent


def package_at(folder, monkeypatch):
    monkeypatch.setattr(keys, "PACKAGE", folder)
    for cached in (keys._imports_of, keys._files_of):
        monkeypatch.setattr(keys, cached.__name__, cached.__wrapped__)


@pytest.mark.parametrize(
    "line",
    [
        "import kiss_bench.rungs._helper",
        "import kiss_bench.rungs._helper as helper",
        "from kiss_bench.rungs import _helper",
        "from kiss_bench.rungs._helper import made",
        "from kiss_bench.rungs._helper import (\n    made,\n)",
        "from . import _helper",
        "from ._helper import made",
        "from ..rungs._helper import made",
        "from .. import rungs\nfrom kiss_bench.rungs import (_helper as other)",
        "def fit():\n    from kiss_bench.rungs._helper import made\n    return made",
        "try:\n    from kiss_bench.rungs._helper import made\nexcept ImportError:\n    made = None",
    ],
)
def test_a_helper_is_found_however_it_is_imported(line, tmp_path, monkeypatch):
    rungs = tmp_path / "rungs"
    rungs.mkdir()
    (rungs / "__init__.py").write_text("")
    (rungs / "new.py").write_text(f"{line}\n")
    (rungs / "_helper.py").write_text("from kiss_bench.rungs import _deeper\nmade = _deeper\n")
    (rungs / "_deeper.py").write_text("")
    (rungs / "_beside.py").write_text("# from kiss_bench.rungs._helper import made\n")
    package_at(tmp_path, monkeypatch)
    found = {path.name for path in sources_behind(rungs / "new.py")}
    assert {"new.py", "_helper.py", "_deeper.py"} <= found
    assert "_beside.py" not in found


def test_a_name_in_a_text_is_no_import(tmp_path, monkeypatch):
    (tmp_path / "one.py").write_text('"""Like kiss_bench.two, see rungs._two ."""\nKNOWN = "import kiss_bench.two"\n')
    (tmp_path / "two.py").write_text("")
    package_at(tmp_path, monkeypatch)
    assert [path.name for path in sources_behind(tmp_path / "one.py")] == ["one.py"]


def test_everything_that_a_worker_runs_is_in_a_unit_s_key():
    """Every module of ours that is loaded by running a unit, as Python itself tells it."""
    code = (
        "import sys, kiss_bench.tuning.unit, kiss_bench.tuning.blend; "
        "print(*(one.__file__ for name, one in sys.modules.items() if name.startswith('kiss_bench')))"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    known = sources_behind(*(HOME / name for name in DECIDING))
    assert {Path(path) for path in loaded} <= set(known)


@pytest.mark.parametrize("rung", shipped_rungs())
def test_every_rung_has_its_helpers(rung):
    found = {path.name for path in sources_behind(HOME / "rungs" / f"{rung}.py")}
    assert {f"{rung}.py", "_rung.py"} <= found
    assert ("_lightgbm.py" in found) == (rung == "boosting")
