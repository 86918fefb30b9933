"""What a person sees, and what a log keeps: help, errors and the live view, at every width and without colour."""

import io
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from commands import on_a_terminal
from reports.boards import BOARDS
from rich.cells import cell_len
from rich.console import Console
from small_tables import write_config, write_tables
from typer.main import get_command

from kiss_bench.cli import app, main
from kiss_bench.cli.ending import next_steps, show
from kiss_bench.cli.help import EXAMPLES, GROUPS, NOES, REST, grouped, summary
from kiss_bench.cli.screen import complaint, our_fault
from kiss_bench.errors import Fault, KissBenchError, PlanError
from kiss_bench.watching import LiveTable, PlainLines

pytest_plugins = ["finished_runs"]

COMMAND = str(Path(sys.executable).with_name("kiss-bench"))
TOP = get_command(app).commands
COMMANDS = {(name,): command for name, command in TOP.items() if not hasattr(command, "commands")} | {
    (name, inner): command for name, group in TOP.items() for inner, command in getattr(group, "commands", {}).items()
}
PAGES = [(), *[(name,) for name in TOP], *COMMANDS]
FORWARD = "data: {path: table.csv, drop: [kind, owed, week]}\ntarget: late\nfolds: {count: 2, inner: 2}\n"
SMALL = f"{FORWARD}tuning: {{trials: 2}}\nladder: [dummy, linear, stack]\n"
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


def helped(words, width, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", str(width))
    assert main([*words, "--help"]) == 0
    return capsys.readouterr().out


# --help


def test_every_command_is_in_one_group():
    assert REST not in grouped(TOP), "put the new command into GROUPS of cli/help.py"
    assert sorted(name for names in grouped(TOP).values() for name in names) == sorted(TOP)


def test_a_command_that_nobody_grouped_comes_last_and_is_not_lost():
    assert list(grouped({"new": 1, "run": 1, "verify": 1}).items()) == [
        ("Run", ("run",)), ("Check", ("verify",)), (REST, ("new",)),
    ]  # fmt: skip


def test_groups_stand_in_the_order_of_the_work(monkeypatch, capsys):
    titles = re.findall(r"^(\S.*):$", helped((), 80, monkeypatch, capsys), re.MULTILINE)
    assert titles == ["Example", *(title for title in GROUPS if title in grouped(TOP)), "Options", "Exit codes"]


@pytest.mark.parametrize("words", PAGES, ids=" ".join)
@pytest.mark.parametrize("width", [80, 100, 140])
def test_help_fits_the_terminal(words, width, monkeypatch, capsys):
    assert max(map(cell_len, helped(words, width, monkeypatch, capsys).splitlines())) <= width


@pytest.mark.parametrize("name", TOP)
def test_every_command_is_told_in_one_line_of_80_columns(name, monkeypatch, capsys):
    line = re.search(rf"^  {name} .*$", helped((), 80, monkeypatch, capsys), re.MULTILINE)
    assert line is not None
    assert line[0].endswith(summary(TOP[name]))
    assert summary(TOP[name]).endswith(".")


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_has_an_example_that_means_something(words, monkeypatch, capsys):
    example = EXAMPLES[words[-1]]
    assert example in helped(words, 80, monkeypatch, capsys)
    said = shlex.split(example)
    assert said[: len(words) + 1] == ["kiss-bench", *words]
    COMMANDS[words].make_context(words[-1], said[len(words) + 1 :])  # raises for options that there are not


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_command_with_a_no_says_what_it_means(words, monkeypatch, capsys):
    text = helped(words, 80, monkeypatch, capsys)
    assert ("Exit codes:" in text) == (words[-1] in NOES)
    assert "<str>" not in text
    assert "<path>" not in text
    assert "range>" not in text


# errors

FAULTS = PlanError(
    [
        Fault(place="a.yaml:3", key="folds.count", found="1", allowed="a whole number of at least 2"),
        Fault(place="a.yaml:4", key="", found="a tab", allowed="spaces", hint="did you mean `metric`?"),
    ]
)


SHAPES = {
    "faults on a screen": (FAULTS, True, """\
error: 2 faults in the config
  a.yaml:3: folds.count
    found 1
    allowed: a whole number of at least 2
  a.yaml:4
    found a tab
    allowed: spaces
    did you mean `metric`?"""),
    "faults in a pipe": (FAULTS, False, """\
error: 2 faults in the config:
  a.yaml:3: folds.count: found 1; allowed: a whole number of at least 2
  a.yaml:4: found a tab; allowed: spaces. did you mean `metric`?"""),
    "an option": (KissBenchError("--to: found 'mlfow'; allowed: mlflow, optuna. did you mean `mlflow`?"), True, """\
error: --to: found 'mlfow'
  allowed: mlflow, optuna
  did you mean `mlflow`?"""),
    "prose": (KissBenchError("x is no folder; a result folder is\nwhat a run writes"), True, """\
error: x is no folder; a result folder is
what a run writes"""),
}  # fmt: skip


@pytest.mark.parametrize(("error", "screen", "told"), SHAPES.values(), ids=SHAPES)
def test_an_error_has_one_shape(error, screen, told):
    assert complaint(error, screen=screen) == told


@pytest.mark.parametrize(("words", "kept"), [(["run", "a.yaml"], True), (["rungs"], False)])
def test_an_error_of_ours_says_what_to_report_and_what_is_kept(words, kept):
    told = our_fault(ZeroDivisionError("by zero"), words)
    assert told.startswith("error: an error of ours, not of your input: ZeroDivisionError: by zero\n")
    assert f"kiss-bench --debug {' '.join(words)}" in told
    assert ("Every finished unit is stored" in told) == kept


@pytest.mark.parametrize("option", ["--engine lcoal", "--engine das"])
def test_the_nearest_word_is_named(option, capsys, tmp_path):
    assert main(["run", "a.yaml", *option.split()]) == 2
    assert re.search(r"allowed: local, inline, dask\. did you mean `(local|dask)`\?", capsys.readouterr().err)


@pytest.mark.slow
def test_errors_are_wrapped_on_a_terminal_and_a_line_each_in_a_pipe(tmp_path):
    write_config(tmp_path, "bad", "data: t.csv\ntarget: late\nmetric: gini\nalpha: 2\nladder: [dumy]\n")
    seen, code = on_a_terminal(["run", "bad.yaml"], tmp_path)
    assert code == 2
    assert max(map(cell_len, seen.splitlines())) <= 80
    assert "\x1b" not in seen
    assert seen.startswith("error: 3 faults in the config\n  bad.yaml:")
    piped = subprocess.run([COMMAND, "run", "bad.yaml"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert len(piped.stderr.splitlines()) == 4


# a run


def live(board, width, height):
    console = Console(file=io.StringIO(), force_terminal=True, width=width, height=height, color_system=None)
    watch = LiveTable(console, 2)
    watch.board = board
    watch.stage = "repeating " + "a very long name " * 20
    return ["".join(part.text for part in line) for line in console.render_lines(watch.live.get_renderable())]


@pytest.mark.parametrize("height", [4, 8, 12, 16, 24, 40])
@pytest.mark.parametrize("width", [80, 140])
@pytest.mark.parametrize("name", BOARDS)
def test_the_live_view_is_never_higher_nor_wider_than_the_screen(name, width, height):
    lines = live(BOARDS[name], width, height)
    assert len(lines) < height
    assert max(map(cell_len, lines)) <= width
    assert "0:00:00" in lines[-1], "where the run stands is what must not be cut off"


def test_a_screen_of_24_lines_has_room_for_the_whole_ladder():
    lines = live(BOARDS["hostile"], 80, 24)
    assert sum("INCONCLUSIVE" in line or "JUSTIFIED" in line for line in lines) == len(BOARDS["hostile"].rungs) - 2


@pytest.mark.slow
def test_a_log_has_no_codes_and_no_table_over_120_columns(tmp_path):
    write_tables(tmp_path)
    write_config(tmp_path, "here", SMALL)
    done = subprocess.run(
        [COMMAND, "run", "here.yaml", "--jobs", "2"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, check=False, env={**os.environ, "CI": "true", "GITHUB_ACTIONS": "true", "FORCE_COLOR": "1"},
    )  # fmt: skip
    assert done.returncode == 0
    assert re.findall(r"[\x00-\x09\x0b-\x1f\x7f]", done.stdout) == []
    tables = re.findall(r"^rung    .*?(?=^$)", done.stdout, re.MULTILINE | re.DOTALL)
    assert len(tables) == 2, "the table of default settings, and the last one"
    assert max(cell_len(line) for table in tables for line in table.splitlines()) <= 120


@pytest.mark.slow
@pytest.mark.parametrize(
    ("environment", "codes"),
    [
        ({}, "colour"),
        ({"NO_COLOR": "1"}, "none at the end"),
        ({"TERM": "dumb"}, "none"),
        ({"CI": "true"}, "none"),
    ],
)
def test_a_terminal_gets_what_it_can_show(environment, codes, tmp_path):
    write_tables(tmp_path)
    write_config(tmp_path, "here", SMALL)
    seen, code = on_a_terminal(["run", "here.yaml", "--jobs", "2"], tmp_path, **environment)
    assert code == 0
    last = seen[seen.rindex("BASELINE") :]
    if codes == "none":
        assert "\x1b" not in seen
    assert ("\x1b[1;32m" in seen) == (codes == "colour")
    assert ("\x1b" in last) == (codes == "colour")
    lines = ESCAPE.sub("", last).splitlines()
    table = lines[: lines.index("")]
    assert max(map(cell_len, table if codes == "none" else lines)) <= (120 if codes == "none" else 80)
    assert any(re.match(r"(Stay with|\S+.* is justified)", line) for line in lines)


@pytest.mark.parametrize("width", [80, 140])
@pytest.mark.parametrize("name", BOARDS)
def test_the_last_screen_ends_with_the_verdict_and_what_comes_next(name, width):
    board = BOARDS[name]
    console = Console(file=io.StringIO(), force_terminal=True, width=width, color_system=None)
    show(board, console, Path("a.yaml"), Path("results"))
    text = console.file.getvalue()
    assert max(map(cell_len, text.splitlines())) <= width
    decision, _, end = text.rpartition("\nwritten to ")
    assert re.search(r"(Stay with|is justified|No verdict)", decision.rstrip().rsplit("\n\n", 1)[-1])
    assert "next: kiss-bench " in end


@pytest.mark.parametrize(
    ("name", "steps"),
    [
        ("stays", ["kiss-bench propose results/german-credit"]),
        ("provisional", ["kiss-bench run a.yaml"]),
        ("trouble", ["kiss-bench run a.yaml"]),
        ("sealed", ["kiss-bench vault open results/german-credit", "kiss-bench propose results/german-credit"]),
    ],
)
def test_what_comes_next_is_a_command_that_there_is(name, steps):
    assert [command for command, _ in next_steps(BOARDS[name], Path("a.yaml"), Path("results"))] == steps
    assert all(shlex.split(step)[1] in TOP for step in steps)


@pytest.mark.slow
def test_a_failure_is_told_once_and_its_rung_is_not_called_complete(bench_at):
    own = "{name: ours, level: 8, estimator: 'fakes:Failing'}"
    ran = bench_at(f"{FORWARD}ladder: [dummy, {own}]\nskip: {{linear: no}}\n", "--quick")
    assert ran.code == 1
    assert ran.err.count("FAILED ours/default") == 1
    assert "ours (default) FAILED in 2 of 2 units" in ran.err
    assert "ours (default) is complete" not in ran.err


def test_what_a_log_says_stays_a_line_to_be_copied_from():
    console = Console(file=io.StringIO(), width=60)
    line = "try again with: kiss-bench export " + "word " * 30
    PlainLines(console, 2)._say(line)
    assert console.file.getvalue() == f"[0:00:00] {line}\n"


def test_a_closed_output_is_nothing_to_report():
    done = subprocess.run(f"exec {COMMAND} metrics >&-", shell=True, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_full_output_is_told_and_is_no_fault_of_ours():
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([COMMAND, "metrics"], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "error: the output cannot be written: no space is left on the device\n"
