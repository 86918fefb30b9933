"""Proposals that somebody has helped along: each is refused, and for the reason that it should be."""

import json
import re
import shutil
from dataclasses import replace

import pandas as pd
import pytest
from loan_tables import loans
from proposals import override, with_board
from tampering import dropped_rows, flattered, resealed, shortened, vouched_for

from kiss_bench.proposal.propose import propose
from kiss_bench.records.folder import read_board
from kiss_bench.records.frames import digest_of
from kiss_bench.records.json import plain_json, record_json
from kiss_bench.records.keys import canonical_json, sha256_of
from kiss_bench.records.ledger import Event, append, board_seal, core_seal, read_ledger, seals_of

pytestmark = pytest.mark.slow

pytest_plugins = ["handed_in"]

EDITED = "the board is not what its record gives"
OTHER_DIGEST = "the marker has digest"
OTHER_TITLE = "title or verdict is not what the record gives"
NO_BOARD = "no board to compare with"


def row_of(text, rung):
    return next(line for line in text.splitlines(keepends=True) if re.match(rf"\| (\*\*)?{rung}\b", line))


def first_score(text, rung):
    return re.search(r"\d\.\d{3,}", row_of(text, rung))[0]


def better_score(p):
    p.change(row_of(p.text, "tree"), row_of(p.text, "tree").replace(first_score(p.text, "tree"), "0.1234"))


def swapped_rows(p):
    linear, tree = row_of(p.text, "linear"), row_of(p.text, "tree")
    p.write(p.text.replace(linear, "@@", 1).replace(tree, linear, 1).replace("@@", tree, 1))


def without_banner(p):
    """A rung is taken off after results were seen; the stamp that says so is cut from the proposal."""
    assert p.project.run(metric="{primary: log_loss, margin: 2%}") == 0
    p.attach()
    p.write(re.sub(r"> \*\*AMENDED[^\n]*\n\n", "", p.text))


def json_edited(p):
    path = p.project.folder / "leaderboard.json"
    plain = json.loads(path.read_text("utf8"))
    plain["rungs"][2]["verdict"], plain["recommended"]["rung"] = "JUSTIFIED", "tree"
    plain["recommended"]["arm"] = plain["rungs"][2]["arm"]
    path.write_text(json.dumps(plain), "utf8")
    return plain


def json_edited_and_attached(p):
    json_edited(p)
    p.attach("tree")


def json_resealed(p):
    resealed(p.project)
    p.attach()


def all_forged(p):
    """Score, digest, every seal and the whole ledger redone: only the predictions still know."""
    folder = p.project.folder
    board = read_board(folder)
    rungs = tuple(replace(row, score=row.score - 0.05) if row.rung == "tree" else row for row in board.rungs)
    board = replace(board, rungs=rungs)
    tables = pd.read_parquet(folder / "predictions.parquet"), pd.read_parquet(folder / "trials.parquet")
    board = replace(board, digest=digest_of(board, tables))
    plain = plain_json(board)
    tuning = json.loads((folder / "tuning.json").read_text("utf8")) | {"digest": board.digest}
    (folder / "tuning.json").write_text(json.dumps(tuning), "utf8")
    lines, previous = [], ""
    for line in p.project.ledger:
        facts = line["facts"]
        if line["event"] == "run":
            files = facts["files"] | {"leaderboard.json": board_seal({"schema": board.schema, **plain})}
            files["tuning.json"] = sha256_of(tuning)
            facts = facts | {"core": core_seal(plain), "digest": board.digest, "files": files}
        content = {key: value for key, value in line.items() if key != "hash"} | {"facts": facts, "previous": previous}
        previous = sha256_of(content)
        lines.append(canonical_json({**content, "hash": previous}))
    (folder / "ledger.jsonl").write_text("".join(f"{line}\n" for line in lines), "utf8")
    ledger = replace(board.honesty.ledger, head=previous)
    board = replace(board, honesty=replace(board.honesty, ledger=ledger))
    (folder / "leaderboard.json").write_text(record_json(board), "utf8")
    p.attach()


def report_forged(p):
    """Another leaderboard.md, with a line of the ledger to vouch for it, and the board naming that line as the last."""
    folder = p.project.folder
    path, board = folder / "leaderboard.md", folder / "leaderboard.json"
    path.write_text(path.read_text("utf8").replace("NOT JUSTIFIED", "JUSTIFIED"), "utf8")
    append(folder, Event(event="sealed", facts={"files": seals_of(folder, [path.name])}))
    ledger = read_ledger(folder)
    plain = json.loads(board.read_text("utf8"))
    plain["honesty"]["ledger"] |= {"lines": len(ledger.lines), "head": ledger.head}
    board.write_text(json.dumps(plain), "utf8")
    assert p.project.verify() == 1
    p.change("NOT JUSTIFIED", "JUSTIFIED", count=-1)


def cut_ledger(p):
    path = p.project.folder / "ledger.jsonl"
    path.write_bytes(path.read_bytes().splitlines(keepends=True)[0])


def rerun_with_another_margin(p):
    assert p.project.run(metric="{primary: log_loss, margin: 5%}") == 0


def board_of_another_project(p):
    """The text of a board on other rows, under the marker of this one."""
    other = p.project.home / "results" / "others"
    shutil.copytree(p.project.folder, other)
    assert p.project.run(frame=loans(seed=5), project="others") == 0
    twin = with_board(p.project, name="twin.md")
    twin.attach(folder=other)
    p.write(p.text.replace(p.board(), twin.board()))


def other_folder(p):
    other = p.project.home / "results" / "others"
    assert p.project.run(frame=loans(seed=5), project="others") == 0
    assert other.is_dir()
    p.change_marker("dir", "results/others")


def quick(p):
    shutil.rmtree(p.project.folder)
    assert p.project.run("--quick") == 0
    p.attach()


def leaking(p):
    """The ledger says that the last placebo found something, and no other was run since."""
    path = p.project.folder / "leaderboard.json"
    plain = json.loads(path.read_text("utf8"))
    plain["honesty"]["stamps"] = ["LEAKING: the last placebo (2026-01-01) found a leak by tree; none was run since"]
    path.write_text(json.dumps(plain), "utf8")
    p.attach()


def vault_opened_since(p):
    assert p.project.open_vault() == 0


def nested(p):
    begin, body, end = re.fullmatch(
        r"(?s)(.*<!-- kiss-bench:begin[^\n]*\n)(.*)(<!-- kiss-bench:end -->\n)", p.text
    ).groups()
    marker = begin.splitlines()[-1]
    p.write(f"{begin}{marker}\n{body}{end}{end}")


def doubled(p):
    block = p.text[p.text.index("<!-- kiss-bench:begin") :]
    p.write(f"{p.text}\n{block}")


def second_board_in_code(p):
    block = p.text[p.text.index("<!-- kiss-bench:begin") :]
    p.write(f"{p.text}\n```html\n{block}```\n")


def overridden(place):
    """A tree is proposed; an override is written where it does not count."""

    def spoil(p):
        p.attach("tree")
        place(p)

    return spoil


def by_propose(change):
    """The whole proposal, as `propose` writes it, with something done to it."""

    def spoil(p):
        path, _ = propose(p.project.folder, out=p.project.home / "written.md")
        p.write(path.read_text("utf8"))
        change(p)

    return spoil


def title_and_verdict(p):
    """All that a hasty reader sees is of another rung; board, marker and record are left alone."""
    p.change("# Proposal: linear", "# Proposal: tree")
    p.change("**: `linear` with", "**: `tree` with")


def better_verdict(p):
    """The tree's verdict in the ladder of part 3."""
    row = row_of(p.text, "tree")
    p.change(row, re.sub("NOT JUSTIFIED|INCONCLUSIVE", "JUSTIFIED", row))


def better_tuning(p):
    """What tuning is said to be in part 1."""
    line = next(line for line in p.text.splitlines() if line.startswith("- Default against tuned"))
    p.change(line, re.sub("NOT JUSTIFIED|INCONCLUSIVE", "JUSTIFIED", line))


def verdict_line(p):
    return next(line for line in p.text.splitlines() if "settings is proposed" in line)


TAMPERED = {
    # the text between the markers
    "a better score": (better_score, EDITED),
    "another interval end": (lambda p: p.change(" to +", " to +1"), EDITED),
    "a verdict's words swapped": (lambda p: p.change("NOT JUSTIFIED", "JUSTIFIED"), EDITED),
    "the verdict sentence turned": (lambda p: p.change("removes", "adds"), EDITED),
    "a row taken out": (lambda p: p.change(row_of(p.text, "tree"), ""), EDITED),
    "a row put in": (lambda p: p.change(row_of(p.text, "tree"), 2 * row_of(p.text, "tree")), EDITED),
    "the order of rungs changed": (swapped_rows, EDITED),
    "a section cut off": (
        lambda p: p.write(re.sub(r"#### Fine print[\s\S]*?(?=<!-- kiss-bench:end)", "", p.text)),
        EDITED,
    ),
    "a sentence put in": (
        lambda p: p.change(
            "#### Notes" if "#### Notes" in p.text else "#### Fine print", "All reviewers agree.\n\n#### Fine print"
        ),
        EDITED,
    ),
    "an invisible character": (lambda p: p.change("JUSTIFIED", "JUSTI\u200bFIED"), EDITED),
    "a lookalike letter": (lambda p: p.change("JUSTIFIED", "JUST\u0406FIED"), EDITED),
    "a minus turned into a plus": (lambda p: p.change("| linear", "| linear") or p.change(" (-", " (+"), EDITED),
    "a right-to-left override": (lambda p: p.change("0.", "\u202e0."), EDITED),
    "a board hidden in a comment": (
        lambda p: p.change("### Leaderboard", "<!--\n\n### Leaderboard"),
        "does not stand alone",
    ),
    "the proposed rung renamed in words": (lambda p: p.change("Proposed: `linear`", "Proposed: `tree`"), EDITED),
    "a stamp cut out": (without_banner, EDITED),
    "the vault opened and not told": (vault_opened_since, EDITED),
    "a board of another project": (board_of_another_project, EDITED),
    # the markers
    "a digest edited": (lambda p: p.change_marker("digest", "0" * 64), OTHER_DIGEST),
    "a folder of another run": (other_folder, OTHER_DIGEST),
    "a folder that is none": (lambda p: p.change_marker("dir", "results"), NO_BOARD),
    "a folder that is nowhere": (lambda p: p.change_marker("dir", "results/nowhere"), NO_BOARD),
    "a higher rung in the marker": (
        lambda p: p.change_marker("rung", "tree"),
        "tree is above what is justified, linear",
    ),
    "a rung that is not there": (lambda p: p.change_marker("rung", "magic"), "magic is no rung of this board"),
    "an arm that is not there": (lambda p: p.change_marker("arm", "golden"), "golden is no arm"),
    "one board in another": (nested, "one begin and one end below it make a board"),
    "two boards": (doubled, "one begin and one end below it make a board"),
    "a second board, in code": (second_board_in_code, "a marker in code"),
    "no end": (lambda p: p.change("<!-- kiss-bench:end -->", ""), "one begin and one end"),
    "the end above the beginning": (
        lambda p: p.write(f"<!-- kiss-bench:end -->\n\n{p.text}".replace("\n<!-- kiss-bench:end -->\n", "\n")),
        "one begin and one end",
    ),
    "an end swallowed by code": (
        lambda p: p.change("<!-- kiss-bench:end -->", "```\n<!-- kiss-bench:end -->"),
        "a marker in code",
    ),
    "a marker in a quote": (
        lambda p: p.change("<!-- kiss-bench:begin", "> <!-- kiss-bench:begin"),
        "does not stand alone",
    ),
    "a board as raw HTML": (
        lambda p: p.change("<!-- kiss-bench:begin", "<pre>\n<!-- kiss-bench:begin"),
        "does not stand alone",
    ),
    "a marker without a digest": (lambda p: p.write(re.sub(r" digest=\S+", "", p.text)), "begin has no digest"),
    "a marker with two rungs": (lambda p: p.change("rung=linear", "rung=linear rung=tree"), "rung twice"),
    # the record
    "the JSON edited": (json_edited, "files: leaderboard.json is not what the run wrote"),
    "the JSON edited, and its board attached": (json_edited_and_attached, "leaderboard.json is not what the"),
    "a picture edited and vouched for in a line of the ledger": (
        lambda p: vouched_for(p.project, "ladder.svg", lambda text: text.replace("JUSTIFIED", "DOUBTFUL")),
        "reports: ladder.svg is not what the records give",
    ),
    "the version of the results edited and vouched for": (
        lambda p: vouched_for(
            p.project, "environment.json", lambda text: text.replace('"kiss-bench": "', '"kiss-bench": "9.')
        ),
        "files: environment.json is not what the run wrote",
    ),
    "slices edited and vouched for": (
        lambda p: vouched_for(
            p.project, "diagnostics.json", lambda text: text.replace('"small": false', '"small": true')
        ),
        "files: diagnostics.json is not what the run wrote",
    ),
    "predictions left out, as a file vouched for says": (
        lambda p: (
            (p.project.folder / "predictions.parquet").unlink(),
            vouched_for(p.project, ".gitignore", lambda text: f"{text}predictions.parquet\n"),
        ),
        "files: .gitignore is not what the run wrote",
    ),
    "the JSON edited and sealed again": (json_resealed, "scores and verdicts: "),
    "JSON, digest, seals and ledger forged": (all_forged, "scores and verdicts: tree"),
    "a report forged, and vouched for in the ledger": (report_forged, EDITED),
    "lines of the ledger cut": (cut_ledger, "ledger: "),
    "the ledger taken away": (
        lambda p: (p.project.folder / "ledger.jsonl").unlink(),
        "ledger: there is no ledger.jsonl",
    ),
    "predictions flattered": (lambda p: flattered(p.project), "scores and verdicts: "),
    "rows of the predictions dropped": (lambda p: dropped_rows(p.project), "scores and verdicts: "),
    "a trial taken out": (lambda p: shortened(p.project), "trials: "),
    "predictions taken away": (
        lambda p: (p.project.folder / "predictions.parquet").unlink(),
        "predictions.parquet is gone",
    ),
    "another margin run since": (rerun_with_another_margin, OTHER_DIGEST),
    "a board made with --quick": (quick, "is provisional"),
    "a leaking board": (leaking, "LEAKING: "),
    # title and verdict of a whole proposal
    "another rung in title and verdict": (by_propose(title_and_verdict), f"line 1, 7: {OTHER_TITLE}"),
    "another rung in the title": (
        by_propose(lambda p: p.change("# Proposal: linear", "# Proposal: tree")),
        OTHER_TITLE,
    ),
    "a title of another kind above": (
        by_propose(lambda p: p.write(f"Proposal: tree\n==============\n\n{p.text}")),
        f"line 1: {OTHER_TITLE}",
    ),
    "a better verdict in the ladder of part 3": (by_propose(better_verdict), OTHER_TITLE),
    "a better verdict on tuning": (by_propose(better_tuning), OTHER_TITLE),
    "the title gone": (by_propose(lambda p: p.write(p.text.partition("\n")[2])), OTHER_TITLE),
    "another rung in the verdict": (
        by_propose(lambda p: p.change("**: `linear` with", "**: `tree` with")),
        f"line 7: {OTHER_TITLE}",
    ),
    "another arm in the verdict": (
        by_propose(lambda p: p.change("settings is proposed", "and best settings is proposed")),
        f"line 7: {OTHER_TITLE}",
    ),
    "another verdict": (by_propose(lambda p: p.change("**JUSTIFIED**: `l", "**JUSTIFIED TWICE**: `l")), OTHER_TITLE),
    "a second verdict": (
        by_propose(lambda p: p.change("\n## 2. ", "\n**JUSTIFIED**: `tree` as well.\n\n## 2. ")),
        OTHER_TITLE,
    ),
    "the verdict gone": (
        by_propose(lambda p: p.change(verdict_line(p), "We propose a tree.")),
        f"line 5: {OTHER_TITLE}",
    ),
    "the verdict hidden in a comment": (
        by_propose(lambda p: p.change(verdict_line(p), f"<!-- {verdict_line(p)} -->")),
        f"line 5: {OTHER_TITLE}",
    ),
    "the part with the verdict gone": (by_propose(lambda p: p.change("## 1. Verdict", "## Summary")), OTHER_TITLE),
    # the rung and its override
    "a rung above what is justified": (lambda p: p.attach("tree"), "tree is above what is justified, linear"),
    "an override without a reason": (
        overridden(lambda p: p.write(override("tree", reason="...") + p.text)),
        "a reason of less than",
    ),
    "an override without a name": (
        overridden(lambda p: p.write(override("tree", by="") + p.text)),
        "override has no by",
    ),
    "an override for another rung": (
        overridden(lambda p: p.write(override("linear") + p.text)),
        "tree is above what is justified",
    ),
    "an override inside the board": (
        overridden(lambda p: p.change("### Leader", f"{override('tree')}\n### Leader")),
        "an override inside the board",
    ),
    "an override in code": (
        overridden(lambda p: p.write(f"```\n{override('tree')}```\n\n{p.text}")),
        "a marker in code",
    ),
    "an override that the board does not show": (
        overridden(lambda p: p.write(f"{override('tree')}\n{p.text}")),
        EDITED,
    ),
    "two overrides": (
        overridden(lambda p: p.write(f"{override('tree')}\n{override('tree', by='B')}\n{p.text}")),
        "2 overrides of tree",
    ),
    "an override on a stale board": (
        overridden(lambda p: (p.write(f"{override('tree')}\n{p.text}"), p.attach(), better_score(p))),
        EDITED,
    ),
}


def test_there_are_thirty_and_more():
    assert len(TAMPERED) > 50


@pytest.mark.parametrize("case", TAMPERED)
def test_a_tampered_proposal_is_refused_for_its_reason(case, project, capsys):
    proposal = with_board(project)
    spoil, reason = TAMPERED[case]
    spoil(proposal)
    checked = proposal.check()
    assert any(reason in told for told in checked.refused), checked.refused
    assert not checked.believed
    capsys.readouterr()
    assert proposal.command() == 1
    said = capsys.readouterr().out
    alone = checked.unjustified and len(checked.refused) == 1
    around = all(told.startswith("outside the board") for told in checked.refused)
    what = "text of" if around else "board in"
    answer = "**Genuine, and not justified: " if alone else "**Do not believe "
    assert said.startswith(f"{answer}the {what} `proposal.md`")
    assert len(said.splitlines()) <= 25


def part_of(p, number):
    return p.text[p.text.index(f"\n## {number}. ") :]


DOUBTED = {
    "a score in the ladder": lambda p: (
        row_of(p.text, "tree"),
        row_of(p.text, "tree").replace(first_score(p.text, "tree"), "0.1234"),
    ),
    "a rung renamed in the ladder": lambda p: ("| tree ", "| twig "),
    "a row of the ladder gone": lambda p: (row_of(p.text, "tree"), ""),
    "a board folded away": lambda p: ("<!-- kiss-bench:begin", "<details>\n\n<!-- kiss-bench:begin"),
    "a style for the whole page": lambda p: ("## 1. ", "<style>table{display:none}</style>\n\n## 1. "),
    "the head of the ladder": lambda p: ("| gain over   | verdict ", "| won against | verdict "),
    "what was found of a leak": lambda p: ("outer rows are in no trial", "outer rows are in few trials"),
    "the state of a leak": lambda p: ("| by design ", "| pass "),
    "a leak not told": lambda p: (row_of(p.text, "a target that nobody"), ""),
    "a time of the price": lambda p: (row_of(part_of(p, 5), "linear"), "| linear | 1 ms | 1 | 1 kB |\n"),
    "the trials of tuning": lambda p: (row_of(part_of(p, 9), "linear"), "| linear | 900 |\n"),
    "what the board says": lambda p: ("The board says: ", "The board says: Never mind. "),
    "the answer of the comment": lambda p: ("it is what its run wrote, and `linear`", "all is well, and `tree`"),
    "the verdict in the comment": lambda p: ("\n> ", "\n> Take the tree. "),
    "a row of the comment": lambda p: ("| **linear** (recommended, proposed) | ", "| **linear** (proposed) | "),
    "the digest in the comment": lambda p: ("Digest ", "Digest 0"),
    "praise in the comment": lambda p: ("missing\n\nAsked", "missing\n- Perfect\n\nAsked"),
}  # fmt: skip
"""What is edited outside the board of a whole proposal -> words, and those that stand there instead."""


@pytest.mark.parametrize("case", DOUBTED)
def test_a_generated_line_outside_the_board_that_was_edited_is_told_and_fails_under_strict(case, project):
    proposal = with_board(project)
    by_propose(lambda p: None)(proposal)
    assert proposal.check(strict=True).believed
    before, after = DOUBTED[case](proposal)
    line = proposal.text[: proposal.text.index(before)].count("\n") + 1
    proposal.change(before, after)
    checked = proposal.check()
    assert checked.believed
    (told,) = checked.doubts
    numbers = [int(number) for number in re.findall(r"\d+", told.partition(":")[0])]
    assert numbers
    assert all(abs(number - line) <= 12 for number in numbers), (line, told)
    assert not proposal.check(strict=True).believed


def test_a_part_that_is_gone_is_told_by_its_name(project):
    proposal = with_board(project)
    by_propose(lambda p: None)(proposal)
    start, end = (proposal.text.index(f"## {number}. ") for number in (8, 9))
    proposal.write(proposal.text[:start] + proposal.text[end:])
    assert "parts that every proposal has are not in this one: 8. Leaks" in proposal.check().doubts
