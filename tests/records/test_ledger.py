"""The ledger: every line follows from the one above it, whatever is done to the file, and by however many."""

import json
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import pytest

from kiss_bench.errors import RecordError
from kiss_bench.records import ledger as ledgers
from kiss_bench.records.ledger import NAME, Event, anchored, append, faults_on_record, read_ledger

LINES = 6
WRITER = """
import sys
from pathlib import Path
from kiss_bench.records.ledger import Event, append
print("ready", flush=True)
for number in range(int(sys.argv[2])):
    append(Path(sys.argv[1]), Event(event="seen", facts={"writer": sys.argv[3], "number": number}))
"""


def written(folder, lines=LINES):
    for number in range(lines):
        append(folder, Event(event="seen", plan_hash="ab" * 32, facts={"number": number, "name": "Zoë | <b>"}))
    return (folder / NAME).read_bytes().splitlines(keepends=True)


def faults(folder, texts, anchor=""):
    (folder / NAME).write_bytes(b"".join(texts))
    return anchored(read_ledger(folder), anchor)


def writer(folder, count, name):
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder), str(count), name], stdout=subprocess.PIPE, text=True
    )


def test_a_ledger_that_nobody_touched_has_no_faults(tmp_path):
    texts = written(tmp_path)
    assert faults(tmp_path, texts, read_ledger(tmp_path).head) == ()
    assert [line.seq for line in read_ledger(tmp_path).lines] == list(range(1, LINES + 1))


def test_a_folder_without_a_ledger_has_an_empty_one(tmp_path):
    assert read_ledger(tmp_path).lines == ()
    assert read_ledger(tmp_path).head == ""


@pytest.mark.parametrize("place", range(LINES))
def test_a_deleted_line_is_found_wherever_it_stood(place, tmp_path):
    texts = written(tmp_path)
    anchor = read_ledger(tmp_path).head
    assert faults(tmp_path, texts[:place] + texts[place + 1 :], anchor)


@pytest.mark.parametrize("place", range(LINES + 1))
def test_an_inserted_line_is_found_wherever_it_is_put(place, tmp_path):
    texts = written(tmp_path)
    other = tmp_path / "other"
    other.mkdir()
    foreign = written(other, place + 1)[-1].replace(b"ab", b"cd")
    assert faults(tmp_path, [*texts[:place], foreign, *texts[place:]])
    if place < LINES:
        assert faults(tmp_path, [*texts[:place], texts[place], *texts[place:]]), "a copy of a line"


@pytest.mark.parametrize(("one", "other"), [(0, 1), (1, 4), (4, 5), (0, 5)])
def test_swapped_lines_are_found(one, other, tmp_path):
    texts = written(tmp_path)
    texts[one], texts[other] = texts[other], texts[one]
    assert faults(tmp_path, texts)


def test_every_changed_byte_of_every_line_is_found(tmp_path):
    texts = written(tmp_path, 3)
    anchor, whole = read_ledger(tmp_path).head, b"".join(texts)
    unseen = [
        place
        for place in range(len(whole))
        if not faults(tmp_path, [whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :]], anchor)
    ]
    assert unseen == []


def test_a_line_that_was_rewritten_with_its_own_hash_breaks_the_one_below(tmp_path):
    texts = written(tmp_path)
    plain = json.loads(texts[2])
    plain["facts"]["number"] = 99
    plain["hash"] = ledgers.sha256_of({name: value for name, value in plain.items() if name != "hash"})
    texts[2] = ledgers.canonical_json(plain).encode() + b"\n"
    assert faults(tmp_path, texts) == ("line 4 does not follow the line above it: one was taken out, put in or moved",)


def test_a_file_cut_at_any_byte_can_be_read_and_written_on(tmp_path):
    texts = written(tmp_path, 3)
    whole, last = b"".join(texts), texts[-1]
    for cut in range(len(last) - 1):
        (tmp_path / NAME).write_bytes(whole[: len(whole) - len(last) + cut])
        assert read_ledger(tmp_path).torn == (cut > 0)
        line = append(tmp_path, Event(event="seen"))
        found = read_ledger(tmp_path)
        assert (found.faults, found.torn, line.seq, len(found.lines)) == ((), False, 3, 3), cut


def test_a_line_that_lacks_its_end_alone_is_whole(tmp_path):
    texts = written(tmp_path, 3)
    (tmp_path / NAME).write_bytes(b"".join(texts)[:-1])
    assert (len(read_ledger(tmp_path).lines), read_ledger(tmp_path).torn) == (3, False)
    assert append(tmp_path, Event(event="seen")).seq == 4
    assert read_ledger(tmp_path).faults == ()


def test_the_line_ends_of_windows_change_no_line(tmp_path):
    texts = written(tmp_path, 3)
    (tmp_path / NAME).write_bytes(b"".join(texts).replace(b"\n", b"\r\n"))
    assert (read_ledger(tmp_path).faults, len(read_ledger(tmp_path).lines)) == ((), 3)
    append(tmp_path, Event(event="seen"))
    assert read_ledger(tmp_path).faults == ()


def test_what_was_found_wrong_is_not_forgotten_when_the_ledger_goes_on(tmp_path):
    texts = written(tmp_path)
    anchor = read_ledger(tmp_path).head
    (tmp_path / NAME).write_bytes(b"".join(texts[:-1]))
    append(tmp_path, Event(event="run"), anchor=anchor)
    assert read_ledger(tmp_path).faults == ()
    (told,) = faults_on_record(read_ledger(tmp_path))
    assert "is gone" in told
    append(tmp_path, Event(event="run"), anchor=anchor)
    assert len(faults_on_record(read_ledger(tmp_path))) == 1, "told once"


def test_a_clock_that_was_set_back_is_told(tmp_path, monkeypatch):
    written(tmp_path, 1)
    monkeypatch.setattr(ledgers, "now", lambda: datetime.now(UTC) - timedelta(days=2))
    append(tmp_path, Event(event="run"))
    found = read_ledger(tmp_path)
    assert found.faults == ()
    assert "line 2 is dated" in found.clock[0]


@pytest.mark.slow
def test_two_writers_lose_no_line(tmp_path):
    both = [writer(tmp_path, 25, name) for name in "ab"]
    assert [one.wait(60) for one in both] == [0, 0]
    found = read_ledger(tmp_path)
    assert (found.faults, len(found.lines)) == ((), 50)
    for name in "ab":
        assert [line.facts["number"] for line in found.lines if line.facts["writer"] == name] == list(range(25))


@pytest.mark.slow
def test_a_writer_that_is_killed_leaves_whole_lines_and_a_free_ledger(tmp_path):
    for round_ in range(5):
        one = writer(tmp_path, 10_000, str(round_))
        assert one.stdout.readline() == "ready\n"
        time.sleep(0.02 + 0.013 * round_)
        one.send_signal(signal.SIGKILL)
        one.wait(10)
        found = read_ledger(tmp_path)
        assert (found.faults, found.torn) == ((), False)
        append(tmp_path, Event(event="seen", facts={"writer": "after", "number": round_}))
    assert read_ledger(tmp_path).faults == ()


def test_a_ledger_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / ".units").write_text("a file where the folder of locks should be")
    with pytest.raises(RecordError, match=r"ledger\.jsonl cannot be written"):
        append(tmp_path, Event(event="seen"))
