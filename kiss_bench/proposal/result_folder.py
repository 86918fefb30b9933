"""A result folder whose files are read as they are asked for."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from kiss_bench import __version__
from kiss_bench.errors import KissBenchError, RecordError
from kiss_bench.plan.plan import Plan, plan_from_dict
from kiss_bench.proposal.rejudged import read_table
from kiss_bench.records.board import Board
from kiss_bench.records.evidence import Evidence, evidence_of, lines_at_writing
from kiss_bench.records.folder import read_board, read_json
from kiss_bench.records.keys import sha256_of
from kiss_bench.records.ledger import Ledger, read_ledger, seal_of
from kiss_bench.records.tuning import TuningRecord, record_from_dict
from kiss_bench.runs.pipelines import BESIDE_THE_PLAN
from kiss_bench.runs.result_files import BY_RUNS_ALONE, VAULT


@dataclass(frozen=True, kw_only=True)
class ResultFolder:
    """Every property raises RecordError where its file is missing or is not what it should be."""

    path: Path

    @cached_property
    def board(self) -> Board:
        return read_board(self.path)

    @cached_property
    def facts(self) -> dict[str, Any]:
        return read_json(self.path, "plan.json")

    @cached_property
    def plan(self) -> Plan:
        return plan_from_dict(self._kept, source=str(self.path / "plan.json"))

    @cached_property
    def record(self) -> TuningRecord:
        return record_from_dict(read_json(self.path, "tuning.json"), str(self.path / "tuning.json"))

    @cached_property
    def ledger(self) -> Ledger:
        return read_ledger(self.path)

    @cached_property
    def evidence(self) -> Evidence:
        return evidence_of(self.path, self.board, self.record, lines_at_writing(self.ledger))

    @property
    def _kept(self) -> dict[str, Any]:
        return {key: value for key, value in self.facts.items() if key not in BESIDE_THE_PLAN}

    @property
    def plan_hash(self) -> str:
        """Of what `plan.json` holds."""
        return sha256_of(self._kept)

    @property
    def seals(self) -> dict[str, str]:
        """File -> the newest seal that the ledger has of it; those of the last run and of what came after it.

        What only a run writes has the seal of a run: a line is soon added, and no later one may vouch for other files.
        """
        found: dict[str, str] = {}
        for line in self.ledger.lines:
            files = line.facts.get("files", {})
            if line.event != "run":
                files = {name: seal for name, seal in files.items() if name not in BY_RUNS_ALONE}
            kept = {name: seal for name, seal in found.items() if name == VAULT or line.event != "run"}
            found = {**kept, **files}
        return found

    @property
    def pending(self) -> bool:
        """Whether a run of another plan was begun and has not ended."""
        events = [line.event for line in self.ledger.of("registered", "amended", "run")]
        return bool(events) and events[-1] != "run" and "run" in events

    @property
    def left_out(self) -> set[str]:
        """Files that the folder itself says are not committed."""
        try:
            return set((self.path / ".gitignore").read_text(encoding="utf8").split())
        except (OSError, UnicodeDecodeError):
            return set()

    @property
    def reworded(self) -> bool:
        """Whether another version wrote the reports, so that they may be in other words than this one's."""
        installed = read_json(self.path, "environment.json").get("packages", {})
        return bool(installed.get("kiss-bench") != __version__) if isinstance(installed, dict) else False

    def sealed_in_other_words(self, name: str) -> bool:
        """Whether a report is, to the word, what another version wrote and the ledger sealed.

        Of one version there are no other words, whatever a line of the ledger says: a line is soon added.
        """
        return self.reworded and self.seals.get(name) == seal_of(name, self.text(name).encode())

    def text(self, name: str) -> str:
        try:
            return (self.path / name).read_bytes().decode("utf8").replace("\r\n", "\n")
        except (OSError, UnicodeDecodeError) as error:
            raise RecordError(f"{name} cannot be read: {error}") from None


class NotHereError(KissBenchError):
    """A file that need not be there, without which a question cannot be asked."""


def stored(folder: ResultFolder, name: str) -> pd.DataFrame:
    """A table of the folder; raises NotHereError where the folder says that it is not committed."""
    if not (folder.path / name).exists():
        if name not in folder.left_out:
            raise RecordError(f"{name} is gone")
        raise NotHereError(f"{name} is not here: it is too large to be committed")
    return read_table(folder.path, name)
