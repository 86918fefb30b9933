"""Environment against environment: three tasks, every rung, one digest each; where the level is another, it is said.

The emulated processors take minutes: `make processors`.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from finished_runs import CONFIGS
from small_tables import write_config, write_tables

from kiss_bench.evaluation.arithmetic import DISABLED, ENABLED, KERNEL, has_v3
from kiss_bench.records.ledger import CLOSE, read_ledger, rerun_told

pytestmark = pytest.mark.slow

TASKS = ("binary", "multiclass", "regression")
V3 = "x86-64-v3, openblas Haswell"
RUN = """
import sys
from kiss_bench.cli import main
for config in sys.argv[2].split():
    code = main(["run", config, "--results", sys.argv[1], *sys.argv[3:]])
    assert code == 0, (config, code)
"""
NOTEBOOK = """
import sys
import pandas as pd, scipy.linalg
from kiss_bench import bench
frame = pd.read_parquet("table.parquet")
bench(frame, target="kind", project="multiclass", results=sys.argv[1], jobs=2, engine=sys.argv[2],
      data={"drop": ["late", "owed", "week", "repaid"]},
      metric={"primary": "brier", "also": ["log_loss", "accuracy", "roc_auc_ovr", "balanced_accuracy", "f1_macro"]},
      tuning={"trials": 3}, folds={"count": 3, "inner": 2},
      ladder=["dummy", "stump", "linear", "additive", "tree", {"name": "forest", "settings": {"n_estimators": 20}},
              "boosting", "stack"])
"""
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
AROUND = {
    "one thread, one worker": (dict.fromkeys(THREADS, "1"), ["--jobs", "1"]),
    "four threads, two workers": (dict.fromkeys(THREADS, "4"), ["--jobs", "2"]),
    "another hash seed, time zone and locale": (
        {"PYTHONHASHSEED": "4711", "TZ": "Pacific/Kiritimati", "LC_ALL": "C", "LANG": "tr_TR.UTF-8"},
        [],
    ),
    "inline": ({"PYTHONHASHSEED": "0", "TZ": "America/St_Johns"}, ["--engine", "inline"]),
    "Dask": ({}, ["--engine", "dask", "--jobs", "2"]),
}
needs_v3 = pytest.mark.skipif(not has_v3(), reason="this processor has no x86-64-v3, so that there is one level alone")


def plainly(**around):
    """The environment of a user who has set nothing but this."""
    plain = {name: value for name, value in os.environ.items() if name not in {KERNEL, DISABLED, ENABLED}}
    return {**plain, **around}


def ran(here, results, code, *words, around=None, before=()):
    done = subprocess.run(
        [*before, sys.executable, "-c", code, str(here / results), *words], cwd=here, env=around or plainly(),
        capture_output=True, text=True, timeout=1500, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return done.stderr


def digests(here, results, tasks=TASKS):
    return {task: board(here, results, task)["digest"] for task in tasks}


def board(here, results, task):
    return json.loads((here / results / task / "leaderboard.json").read_text(encoding="utf8"))


def levels(here, results, task):
    return json.loads((here / results / task / "environment.json").read_text(encoding="utf8"))["arithmetic"]


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    """Tables, configs, and the three ladders as a user runs them, in `plain`."""
    folder = tmp_path_factory.mktemp("digest")
    write_tables(folder)
    for task in TASKS:
        write_config(folder, task, CONFIGS[task])
    ran(folder, "plain", RUN, " ".join(f"{task}.yaml" for task in TASKS))
    return folder


def all_tasks(here, results, *words, **around):
    ran(here, results, RUN, " ".join(f"{task}.yaml" for task in TASKS), *words, around=plainly(**around))
    return digests(here, results)


@pytest.mark.parametrize("what", AROUND)
def test_one_digest_a_task(here, what):
    variables, words = AROUND[what]
    assert all_tasks(here, what.replace(" ", "-"), *words, **variables) == digests(here, "plain")


@needs_v3
def test_the_record_names_the_level(here):
    for task in TASKS:
        told = levels(here, "plain", task)
        assert told["asked"] == "v3"
        assert told["units"] == told["judged"]
        assert told["units"].startswith(V3), "OpenBLAS and glibc, as the lock has them on Linux"
    assert f"Level of arithmetic: {told['units']}" in (here / "plain" / task / "tuning.md").read_text(encoding="utf8")


def test_a_notebook_that_has_loaded_numpy_before_comes_to_the_digest_of_the_command_line(here):
    ran(here, "notebook", NOTEBOOK, "local")
    assert digests(here, "notebook", ["multiclass"]) == digests(here, "plain", ["multiclass"])
    assert levels(here, "notebook", "multiclass") == levels(here, "plain", "multiclass")


def test_inline_in_a_notebook_the_level_is_what_it_is_and_the_record_and_the_board_say_so(here):
    ran(here, "inline-notebook", NOTEBOOK.replace("jobs=2, ", ""), "inline")
    told, usual = (levels(here, name, "multiclass")["units"] for name in ("inline-notebook", "plain"))
    found = digests(here, "inline-notebook", ["multiclass"]) == digests(here, "plain", ["multiclass"])
    assert found or told != usual
    notes = " ".join(board(here, "inline-notebook", "multiclass")["notes"])
    assert (f"level of arithmetic {told}" in notes) == (told != usual)


@needs_v3
def test_where_the_user_names_another_kernel_the_level_is_another_and_run_and_verify_tell_what_that_did(here):
    """Of an older processor, so that this one can run it: without fused products every sum is another."""
    shutil.copytree(here / "plain", here / "kernel")
    err = ran(here, "kernel", RUN, "regression.yaml", around=plainly(**{KERNEL: "Nehalem"}))
    told = levels(here, "kernel", "regression")
    assert told["units"].startswith("x86-64-v3, openblas Nehalem")
    assert digests(here, "kernel", ["regression"]) != digests(here, "plain", ["regression"])
    assert "level of arithmetic x86-64-v3, openblas Nehalem" in " ".join(board(here, "kernel", "regression")["notes"])
    sentence = rerun_told(read_ledger(here / "kernel" / "regression"))
    assert sentence.startswith("Another level of arithmetic than the run of "), sentence
    assert "verdicts equal, scores within 1e-09, another digest" in sentence
    assert sentence in " ".join(err.split())
    verify = "import sys; from kiss_bench.cli import main; sys.exit(main(['verify', sys.argv[1] + '/regression']))"
    done = subprocess.run(
        [sys.executable, "-c", verify, str(here / "kernel")],
        env=plainly(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert sentence in " ".join(done.stdout.split())


@needs_v3
def test_with_the_level_on_and_off_verdicts_are_equal_and_scores_within_1e_9(here):
    """The numbers, not only the bytes: `arithmetic: native` is all that the processor has."""
    for task in TASKS:
        write_config(here, f"{task}-native", f"arithmetic: native\n{CONFIGS[task]}")
    ran(here, "native", RUN, " ".join(f"{task}-native.yaml" for task in TASKS))
    for task in TASKS:
        then, now = board(here, "plain", task), board(here, "native", f"{task}-native")
        assert levels(here, "native", f"{task}-native")["asked"] == "native"
        for old, new in zip(then["rungs"], now["rungs"], strict=True):
            assert (old["rung"], old["verdict"], old["status"]) == (new["rung"], new["verdict"], new["status"])
            for name in (
                "score",
                "score_low",
                "score_high",
                "default_score",
                "gain",
                "gain_low",
                "gain_high",
                "p_gain",
            ):
                near = None if old[name] is None else pytest.approx(old[name], rel=CLOSE, abs=CLOSE)
                assert new[name] == near, (task, old["rung"], name)
        assert then["recommended"] == now["recommended"]


@pytest.mark.processors
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("processor", ["Haswell", "EPYC"])
def test_an_emulated_processor_of_either_maker_comes_to_the_same_digest(here, processor):
    """Inline: an emulator of one process does not follow it into those that it starts.

    NumPy's sorting by AVX2 ends QEMU 7.2, whatever is sorted, so NumPy's own kernels are those below on either side;
    OpenBLAS's, LightGBM's and the C library's are the usual ones.
    """
    emulator = shutil.which("qemu-x86_64")
    assert emulator, "install qemu-user (Debian: apt-get install qemu-user)"
    around = plainly(**{DISABLED: "X86_V3 X86_V4 AVX512_ICL AVX512_SPR"})
    configs = " ".join(f"{task}.yaml" for task in TASKS)
    if not (here / "below").exists():
        ran(here, "below", RUN, configs, around=around)
    ran(here, processor, RUN, configs, "--engine", "inline", before=[emulator, "-cpu", processor], around=around)
    assert levels(here, processor, "binary")["units"] == levels(here, "below", "binary")["units"]
    assert digests(here, processor) == digests(here, "below")


def test_a_worker_at_another_level_than_its_run_is_refused_by_name(here):
    code = (
        "import sys; from pathlib import Path; from dataclasses import replace\n"
        "from kiss_bench.cli.app import plan_of\n"
        "from kiss_bench.errors import KissBenchError\n"
        "plan = plan_of(Path('binary.yaml'))\n"
        "from kiss_bench.engines.local import LocalEngine\n"
        "from kiss_bench.evaluation.exam import Unit\n"
        "from kiss_bench.runs.exam import set_exam\n"
        "exam = replace(set_exam(plan), level='x86-64-v1, openblas Katmai, glibc 2.0')\n"
        "engine = LocalEngine(exam, 1)\n"
        "unit = Unit(step=exam.plan.ladder[0], arm='default', repeat=0, fold=0, purpose='fit')\n"
        "try:\n    list(engine.run([unit]))\n"
        "except KissBenchError as error:\n    print(error, file=sys.stderr)\n"
        "engine.close()\n"
    )
    said = ran(here, "refused", code)
    assert "level of arithmetic: has" in said
    assert "wanted x86-64-v1, openblas Katmai, glibc 2.0" in said
    assert not Path(here / "refused").exists()
