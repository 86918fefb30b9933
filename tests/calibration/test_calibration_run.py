"""Draws are simulated once, kept under everything they depend on, and shown where the page says."""

import dataclasses
from functools import partial

import pytest

from calibration import study
from calibration.__main__ import ROOT, chosen, main
from calibration.designs import GROUPS
from calibration.figures import Bar, Column, Design, Group, Measured
from calibration.study import Options, block_store, blocks_of, drawn, files_of, missed, spelt, table, write
from kiss_bench.errors import RecordError
from kiss_bench.records.keys import sources_behind

EVERY = [(group, design) for group in GROUPS for design in group.designs]


def coin(rng, *, chance):
    return {"heads": float(rng.random() < chance)}


def heads(_, draws):
    values = draws["heads"]
    return Measured(value=float(values.mean()), draws=len(values))


def toy(chance=0.05, bar=0.05, **others):
    design = Design(name="coin", what="a coin", draw=partial(coin, chance=chance), bar=bar)
    asked = Column(title="heads", read=heads, bar=lambda design: Bar(high=design.bar))
    return Group(**{"name": "toy", "title": "Toy", "designs": (design,), "columns": (asked,)} | others)


def ran(group, folder, **options):
    return drawn([group], Options(**options), folder)[group.designs[0].name]


def key_of(block):
    return block_store(ROOT).path(block).name


def test_a_second_run_simulates_nothing(tmp_path, monkeypatch):
    first = ran(toy(), tmp_path, draws=250)
    monkeypatch.setattr(study, "simulate", lambda _: pytest.fail("a stored block was simulated again"))
    assert (ran(toy(), tmp_path, draws=250)["heads"] == first["heads"]).all()


def test_a_stopped_run_goes_on_where_it_was(tmp_path):
    whole = ran(toy(), tmp_path, draws=300)
    kept = sorted(tmp_path.glob("*.json"))
    assert len(kept) == 3
    kept[1].unlink()
    before = [file.stat().st_mtime_ns for file in (kept[0], kept[2])]
    assert (ran(toy(), tmp_path, draws=300)["heads"] == whole["heads"]).all()
    assert [file.stat().st_mtime_ns for file in (kept[0], kept[2])] == before


def test_more_draws_keep_the_whole_blocks_that_are_there(tmp_path):
    few, many = ran(toy(), tmp_path, draws=200), ran(toy(), tmp_path, draws=400)
    assert (many["heads"][:200] == few["heads"]).all()


def test_draws_do_not_depend_on_the_number_of_processes(tmp_path):
    group = next(group for group in GROUPS if group.name == "forward")
    group = dataclasses.replace(group, designs=group.designs[4:5])
    alone, together = (ran(group, tmp_path / str(jobs), draws=120, jobs=jobs) for jobs in (1, 2))
    assert all((alone[name] == together[name]).all() for name in alone)


@pytest.mark.parametrize(
    "changed",
    [
        lambda block: dataclasses.replace(block, seed=1),
        lambda block: dataclasses.replace(block, number=1),
        lambda block: dataclasses.replace(block, size=99),
        lambda block: dataclasses.replace(block, design=toy(chance=0.06).designs[0]),
    ],
)
def test_the_key_holds_everything_that_draws_depend_on(changed):
    block = blocks_of(toy().designs[0], Options())[0]
    assert key_of(changed(block)) != key_of(block)


def test_the_key_holds_the_sources_of_the_judge(monkeypatch):
    block = blocks_of(toy().designs[0], Options())[0]
    before = key_of(block)
    monkeypatch.setattr(study, "sources_of", lambda _: "other sources")
    assert key_of(block) != before


@pytest.mark.parametrize(("group", "design"), EVERY, ids=lambda value: value.name)
def test_every_design_has_a_key_that_means_the_same_in_another_process(group, design):
    assert " at 0x" not in spelt(design.draw)
    sources = {str(path.relative_to(ROOT)) for path in sources_behind(*files_of(design.draw))}
    assert {"calibration/fits.py", "kiss_bench/judge/__init__.py", "kiss_bench/metrics/__init__.py"} <= sources
    assert ("kiss_bench/rungs/boosting.py" in sources) is design.name.startswith("rungs-")
    assert not [name for name in sources if name.startswith(("kiss_bench/reports/", "calibration/study"))]


def test_names_are_unique():
    names = [group.name for group in GROUPS] + [design.name for _, design in EVERY]
    assert len(names) == len(set(names))


def test_every_group_has_its_place_on_the_page():
    page = (ROOT / "docs" / "statistics.md").read_text(encoding="utf-8")
    for group in GROUPS:
        assert page.count(f"<!-- calibration {group.name}: begin -->") == 1
        assert page.index(f"<!-- calibration {group.name}: begin -->") < page.index(
            f"<!-- calibration {group.name}: end -->"
        )


def test_only_takes_groups_and_single_designs():
    groups = chosen(["power", "ols-100-5"])
    assert [(group.name, len(group.designs)) for group in groups] == [
        ("independent", 1),
        ("power", len(groups[1].designs)),
    ]
    with pytest.raises(SystemExit, match="there is no nothing; groups and their designs are\n  independent: ols-100-5"):
        chosen(["nothing"])


@pytest.mark.parametrize(
    ("value", "draws", "passes"),
    [(0.05, 2000, True), (0.0646, 2000, True), (0.0647, 2000, False), (0.0646, 8000, False)],
)
def test_a_bar_lets_three_errors_pass(value, draws, passes):
    assert Bar(high=0.05).passed(Measured(value=value, draws=draws)) is passes


def test_a_figure_that_misses_its_bar_is_marked_and_named(tmp_path):
    group = toy(chance=0.2)
    draws = {"coin": ran(group, tmp_path, draws=200)}
    assert " ✗ |" in table(group, draws)
    assert missed(group, draws) == [f"coin: heads {draws['coin']['heads'].mean():.3f}, asked at most 0.05"]
    assert missed(toy(chance=0.2, bar=0.2), draws) == []


def test_a_table_takes_its_place_and_leaves_the_rest(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(
        "before\n<!-- calibration toy: begin -->\nold\n<!-- calibration toy: end -->\nafter\n", encoding="utf-8"
    )
    write(page, toy(), "| new |", "the command")
    write(page, toy(), "| newer |", "the command")
    text = page.read_text(encoding="utf-8")
    assert text.startswith("before\n<!-- calibration toy: begin -->\n| newer |\n\n`the command`, ")
    assert text.endswith(".\n<!-- calibration toy: end -->\nafter\n")
    assert "old" not in text
    assert ", numpy " in text
    with pytest.raises(RecordError, match="lacks the markers"):
        write(page, toy(name="other"), "| new |", "the command")


def test_a_single_design_is_shown_but_not_written(tmp_path, capsys):
    page = tmp_path / "page.md"
    words = [
        "--only",
        "forward-mse-60-0",
        "--draws",
        "100",
        "--jobs",
        "1",
        "--page",
        str(page),
        "--store",
        str(tmp_path),
    ]
    main(words)
    shown = capsys.readouterr()
    assert "| mse, T = 60, φ = 0 | 100 |" in shown.out
    assert "100 of 100 draws" in shown.err
    assert not page.exists()
