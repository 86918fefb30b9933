"""The benchmark from end to end on a tiny table; finished measurements are kept; tables take their place."""

import json

import pandas as pd
import pytest
from small_tables import write_tables

from kiss_bench.errors import KissBenchError
from kiss_bench.evaluation.exam import Costs, Outcome
from kiss_bench.records.store import UnitStore
from speed import bench
from speed.__main__ import PARTS, main, show
from speed.bench import Bench, What
from speed.machine import uncompiled
from speed.measure import ROOT, SpeedError
from speed.pairing import paired
from speed.report import made, markers, write
from speed.rivalry import worker_seconds
from speed.sets import TABLES, Effort, Table, chosen, remember, remembered, write_config
from speed.shown import Part, Shown
from speed.units import dealt, set_up

pytestmark = pytest.mark.slow

SMALL = ["--trials", "2", "--outer", "2", "--inner", "2", "--runs", "1"]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    folder = tmp_path_factory.mktemp("speed")
    write_tables(folder)
    return folder


def run(folder, capsys, *words):
    data = ["--data", str(folder / "table.csv"), "--target", "late", "--positive", "yes", "--drop", "kind,owed,week"]
    code = main([*data, "--name", "tiny", "--store", str(folder / "store"), *SMALL, *words])
    said = capsys.readouterr()
    return code, said.out, said.err


def tables(out):
    """The rows of every printed table, without heads."""
    found = []
    for line in out.splitlines():
        if line.startswith("| table |"):
            found.append([])
        elif line.startswith("| tiny "):
            found[-1].append([cell.strip() for cell in line.split("|")[1:-1]])
    return found


def test_all_of_it_on_a_tiny_table_and_a_second_time_nothing_is_measured(tiny, capsys):
    code, out, err = run(tiny, capsys)
    assert code in (0, 1)  # chance decides whether a rung on 120 rows is worse than the rival's
    assert (code == 1) == ("misses its bar: " in out) == ("✗" in out)
    assert all(part.title in out for part in PARTS.values())
    costs, scores, quick, workers, engines = tables(out)
    assert [row[1] for row in costs] == ["ladder", "rival"]
    for row in costs:
        wall, cpu, largest, together = (float(row[column]) for column in (2, 4, 7, 8))
        assert 0 < wall < 120
        assert 0.5 < cpu < 120
        assert 50 < largest <= together
    assert float(costs[0][3]) == pytest.approx(float(costs[1][2]) / float(costs[0][2]), rel=0.1)
    assert [row[1] for row in scores] == ["dummy", "linear", "tree", "forest", "boosting"]
    assert scores[0][5] == "+0"  # both predict the share of the training part
    assert all(0.3 < float(row[column]) < 3 for row in scores for column in (3, 4))
    assert (quick[0][1], quick[0][2], quick[0][6]) == ("8", "1", "compiled")
    assert all(float(cell.removesuffix(" ✗")) > 0 for cell in workers[0][1:7])
    assert engines[0][2].startswith("refused: ") or engines[0][4] == "yes"
    assert "(shown, not written to speed.md: another setting than the page's)" in out
    assert err.count("done in") == 3 + 1 + 3 + 2  # measurements of the four parts
    assert run(tiny, capsys) == (code, out, "")


def test_the_readme_of_the_data_has_the_licence_of_every_table():
    told = (ROOT / "configs" / "data" / "README.md").read_text(encoding="utf8")
    assert all(f"| `{table.path.name}` |" in told for table in TABLES)


def test_both_sides_had_the_same_folds_and_every_row_was_tested_once(tiny, capsys):
    run(tiny, capsys, "--only", "rival")
    (folds,), (theirs,) = (list((tiny / "store").glob(f"rival-tiny-{end}")) for end in
                           ("ladder-0-*/speed/folds.parquet", "rival-0-*/predictions.parquet"))  # fmt: skip
    drawn = pd.read_parquet(folds).sort_values("row_id")
    assert set(drawn["repeat"]) == {0}
    for _, part in pd.read_parquet(theirs).groupby("rung"):
        assert part.sort_values("row_id")["fold"].tolist() == drawn["fold"].tolist()
    ladder = folds.parent / "predictions.parquet"
    assert [rung.rung for rung in paired(ladder, theirs)] == ["dummy", "linear", "tree", "forest", "boosting"]


def test_what_was_stopped_goes_on_and_a_line_cut_short_is_measured_again(tiny, capsys):
    run(tiny, capsys, "--only", "engines")
    lines = tiny / "store" / "measurements.jsonl"
    whole = lines.read_bytes().splitlines(keepends=True)
    last = max(number for number, line in enumerate(whole) if json.loads(line)["of"]["part"] == "engines")
    lines.write_bytes(b"".join([*whole[:last], *whole[last + 1 :], whole[last][:40]]))
    _, _, err = run(tiny, capsys, "--only", "engines")
    assert f"{lines}:{len(whole)} is no whole line; what it held is measured again" in err
    assert err.count("done in") == 1
    assert "tiny: engines, dask: done in" in err
    assert lines.read_bytes().splitlines()[-1] != whole[last][:40]


@pytest.fixture
def small(tmp_path):
    """A table of which a measurement is nothing but a file."""
    path = tmp_path / "data.csv"
    path.write_text("a,b\n1,2\n", encoding="utf8")
    return Table(name="small", path=path, target="b")


def measured_once(one, what, needs=""):
    """Whether this bench had to measure."""
    done = []
    found = one.once(what, lambda place: (place / "made").touch() or done.append(1) or {"x": 1}, needs=needs)
    assert found["x"] == 1
    return bool(done)


def test_a_measurement_is_made_again_when_what_it_depends_on_has_changed(small, tmp_path, monkeypatch):
    one, rival = Bench(folder=tmp_path / "store"), What(part="rival", table=small, side="rival")
    assert measured_once(one, rival)
    assert not measured_once(one, rival)
    assert measured_once(one, What(part="rival", table=small, side="rival", round=1))
    assert not measured_once(one, rival, needs="made")
    (one.place(one.found(rival)) / "made").unlink()
    assert measured_once(one, rival, needs="made")
    small.path.write_text("a,b\n1,3\n", encoding="utf8")
    monkeypatch.setattr("speed.bench.hash_of", lambda *_: "other bytes")
    assert measured_once(one, rival)
    monkeypatch.setattr("speed.bench.sources", lambda *names: f"other {names}")
    assert measured_once(one, rival)


def test_a_rival_may_be_kept_when_only_our_own_sources_have_changed(small, tmp_path, monkeypatch):
    keeping = Bench(folder=tmp_path / "store", keep_rival=True)
    sides = {side: What(part="rival", table=small, side=side) for side in ("ladder", "rival")}
    assert [measured_once(keeping, what) for what in sides.values()] == [True, True]
    sources = bench.sources
    monkeypatch.setattr("speed.bench.sources", lambda *names: "new" if names == ("kiss_bench",) else sources(*names))
    assert [measured_once(keeping, what) for what in sides.values()] == [True, False]
    assert keeping.found(sides["rival"])["older"]
    assert measured_once(Bench(folder=tmp_path / "store"), sides["rival"])


def test_seconds_in_workers_and_in_fits_are_read_from_the_unit_store(tmp_path):
    store = UnitStore(tmp_path)
    for fold, costs in enumerate([Costs(unit_seconds=2.0, model_seconds=1.5), Costs(unit_seconds=1.0)]):
        store.save(f"k{fold}", Outcome(rung="tree", arm="default", repeat=0, fold=fold, purpose="fit", costs=costs))
    assert worker_seconds(store) == (3.0, 1.5)
    store.path("k1").write_bytes(b"no unit")
    with pytest.raises(SpeedError, match=r"k1\.parquet cannot be read as a unit"):
        worker_seconds(store)


def test_units_are_dealt_so_that_both_have_as_much_to_do(tiny):
    table = Table(name="tiny", path=tiny / "table.csv", target="late", drop=("kind", "owed", "week"))
    _, units = set_up(write_config(tiny / "dealing", table, Effort(outer=3)))
    seconds = {unit.name: float(2 ** (number % 5)) for number, unit in enumerate(units)}
    hands = dealt(units, seconds, 2)
    assert sorted(unit.name for hand in hands for unit in hand) == sorted(unit.name for unit in units)
    loads = [sum(seconds[unit.name] for unit in hand) for hand in hands]
    assert abs(loads[0] - loads[1]) <= min(seconds.values())


def test_byte_code_that_is_missing_or_out_of_date_is_told(tmp_path, monkeypatch):
    import compileall

    package = tmp_path / "lately"
    package.mkdir()
    for name in ("__init__", "a"):
        (package / f"{name}.py").write_text("x = 1\n", encoding="utf8")
    monkeypatch.syspath_prepend(tmp_path)
    assert uncompiled(["lately"])["lately"] == 2
    compileall.compile_dir(package, quiet=1)
    assert "lately" not in uncompiled(["lately"])
    (package / "a.py").write_text("x = 12\n", encoding="utf8")
    assert uncompiled(["lately"])["lately"] == 1


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--sets", "german_credit,nothing"], "--sets: there is no nothing; there are german_credit, bank_marketing, "),
        (["--data", "nowhere.parquet"], "--data: nowhere.parquet is no file; a Parquet or CSV file is wanted"),
        (["--data", "TABLE"], "--data needs --target, the column to predict"),
        (["--data", "TABLE", "--target", "a", "--name", "adult"], "adult is a table of the project's own; give yours"),
        (["--data", "TABLE", "--target", "a", "--only", "engines", *SMALL], "there is no column 'a'"),
    ],
)
def test_what_cannot_be_measured_is_said_in_a_sentence(words, told, tmp_path, capsys):
    write_tables(tmp_path)
    words = [str(tmp_path / "table.csv") if word == "TABLE" else word for word in words]
    assert main([*words, "--store", str(tmp_path / "store")]) == 2
    assert told in capsys.readouterr().err


def test_tables_of_ones_own_are_remembered_for_later_pages(small, tmp_path):
    remember(tmp_path, small)
    remember(tmp_path, small)
    assert remembered(tmp_path) == (small,)
    assert chosen("small,adult", (*TABLES, small)) == (small, TABLES[-1])
    with pytest.raises(KissBenchError):
        chosen("large", (*TABLES, small))
    small.path.unlink()
    assert remembered(tmp_path) == ()


def test_every_part_has_its_place_on_the_page_and_its_tables_in_the_project():
    page = (ROOT / "docs" / "speed.md").read_text(encoding="utf8")
    for part in PARTS.values():
        assert [page.count(marker) for marker in markers(part.name)] == [1, 1]
        assert set(part.sets) <= {table.name for table in TABLES}
    assert all(table.path.exists() for table in TABLES)


def test_a_table_takes_its_place_and_leaves_the_rest(tmp_path):
    page = tmp_path / "page.md"
    begin, end = markers("rival")
    page.write_text(f"before\n{begin}\nold\n{end}\nafter\n", encoding="utf8")
    for text in ("| new |", "| newer |"):
        write(page, "rival", text)
    assert page.read_text(encoding="utf8") == f"before\n{begin}\n| newer |\n{end}\nafter\n"
    with pytest.raises(SpeedError, match="lacks the markers"):
        write(page, "first", "| new |")


@pytest.mark.parametrize(
    ("effort", "missing", "told"),
    [
        (Effort(), (), ""),
        (Effort(), ("adult",), "(shown, not written to page.md: not measured yet: adult)"),
        (Effort(trials=2), (), "(shown, not written to page.md: another setting than the page's)"),
    ],
)
def test_the_page_is_written_when_nothing_is_missing(effort, missing, told, small, capsys):
    """One table is asked for; the page gets all that have their place on it, and those of one's own."""
    folder, (begin, end) = small.path.parent, markers("toy")
    page = folder / "page.md"
    page.write_text(f"{begin}\n{end}\n", encoding="utf8")
    part = Part(
        name="toy",
        title="Toy",
        sets=("german_credit", "adult"),
        measure=lambda *_: None,
        complete=lambda _, table: table.name in {"german_credit", "adult", "small"} - {*missing},
        show=lambda _, shown: Shown(text=", ".join(table.name for table in shown), missed=("a figure",)),
    )
    remember(folder / "store", small)
    one = Bench(folder=folder / "store", effort=effort)
    assert show(one, part, TABLES[:1], told="the command", page=page) == ("a figure",)
    out, written = capsys.readouterr().out, page.read_text(encoding="utf8")
    assert "Toy\n\ngerman_credit\n\n`the command`, " in out
    assert told in out
    assert written.startswith(f"{begin}\n{end}" if told else f"{begin}\ngerman_credit, adult, small\n\n`the command`")


def test_the_note_under_a_table_has_the_machine_and_the_versions_but_no_host():
    import platform

    note = made("python -m speed", 3)
    assert "medians of 3 rounds" in note
    assert all(word in note for word in ("cores", "GiB", "Linux", "python 3.", "scikit-learn 1."))
    assert not platform.node() or f" {platform.node()}" not in note
