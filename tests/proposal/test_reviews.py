"""A column that may be a leak waits for a person; the page says so until one has answered, with name and reason."""

import numpy as np
import pytest
from loan_tables import loans

from kiss_bench.cli import main
from kiss_bench.runs import run as runs

pytest_plugins = ["handed_in"]
REPORTS = ("leaderboard.md", "leaderboard.csv", "leaderboard.json", "tuning.md", "tuning.json")
ANSWER = "{paid_back: {answer: yes, by: A. Person, reason: known on the day of the loan}}"


def with_copy(rows=400):
    """The target in disguise: right in nine rows of ten."""
    frame = loans(rows)
    honest = np.random.default_rng(1).random(rows) < 0.9
    return frame.assign(paid_back=np.where(honest == (frame["late"] == "no"), "y", "n"))


def says(project, word):
    return {name for name in REPORTS if word in (project.folder / name).read_text("utf8")}


def test_a_question_stands_on_every_report_until_somebody_answers_it(project, capsys):
    assert project.run("--quick", frame=with_copy(), vault=None) == 0
    said = capsys.readouterr()
    assert "UNREVIEWED: nobody has said yet" in said.out
    assert "paid_back" in said.err, "told before anything is fitted"
    assert says(project, "UNREVIEWED") == set(REPORTS) - {"leaderboard.json"}
    assert project.board["audit"]["findings"][0]["columns"] == ["paid_back"]
    assert project.run("--quick", vault=None, reviewed=ANSWER) == 0
    assert says(project, "UNREVIEWED") == set()
    text = (project.folder / "leaderboard.md").read_text("utf8")
    assert "Answered by A. Person: yes, it may be used, since known on the day of the loan" in text
    assert project.verify() == 0


def test_plan_asks_the_same_questions_and_fits_nothing(project, monkeypatch, capsys):
    assert project.run("--quick", frame=with_copy(), vault=None) == 0
    capsys.readouterr()
    monkeypatch.setattr(runs, "hired", None)
    assert main(["plan", "loans.yaml"]) == 0
    out = capsys.readouterr().out
    assert "UNREVIEWED" in out
    assert "reviewed: {paid_back: {answer: yes" in out


def test_an_answer_no_has_to_be_followed(project, capsys):
    answer = ANSWER.replace("answer: yes", "answer: no")
    assert project.run("--quick", frame=with_copy(), vault=None, reviewed=answer) == 2
    assert "put it into data.drop" in capsys.readouterr().err
    dropped = "{path: loans.csv, drop: [paid_back]}"
    assert project.run("--quick", vault=None, reviewed=answer, data=dropped) == 0


@pytest.mark.parametrize("rung", ["dummy", "linear"])
def test_a_leak_that_a_placebo_found_is_not_forgotten_by_another_plan(rung, project, monkeypatch):
    from kiss_bench.runs.placebo import PlaceboDraw, PlaceboFacts

    draws = (PlaceboDraw(seed=1, scores={rung: 0.1}, chances={rung: 0.99}),) * 3
    found = PlaceboFacts(how="by hand", trials=2, draws=draws, leaking=(rung,))
    monkeypatch.setattr(runs, "placebo_facts", lambda *_: found)
    assert project.run("--placebo") == 1
    assert f"LEAKING: {rung} (3 of 3 placebo draws)" in (project.folder / "tuning.md").read_text("utf8")
    assert project.run() == 1, "the same results"
    assert project.run(metric="{primary: log_loss, margin: 2%}") == 0
    assert any(f"found a leak by {rung}; none was run since" in stamp for stamp in project.stamps)
    assert project.verify() == 0
