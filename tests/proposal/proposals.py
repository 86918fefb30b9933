"""Proposals that tests put a board into, and what is said of them."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kiss_bench.cli import main
from kiss_bench.proposal.attach import attach
from kiss_bench.proposal.check import check
from kiss_bench.proposal.markers import document_of
from kiss_bench.reports.pull_request import Checked

WORDS = "# A model for late payment\n\nWe propose the following.\n\n## Board\n\nTo be put in.\n"


@dataclass(frozen=True, kw_only=True, slots=True)
class Proposal:
    """A Markdown file beside the config, with the board of the finished run."""

    project: Any
    """A `handed_in.Project`."""
    path: Path

    @property
    def text(self) -> str:
        return self.path.read_bytes().decode("utf8")

    def write(self, text: str) -> None:
        self.path.write_bytes(text.encode())

    def change(self, before: str, after: str, count: int = 1) -> None:
        """Edit the file; a test that edits nothing proves nothing."""
        assert before in self.text, before
        self.write(self.text.replace(before, after, count))

    def change_marker(self, key: str, value: str) -> None:
        assert re.search(rf"begin [^\n]*\b{key}=\S+", self.text)
        self.write(re.sub(rf"(begin [^\n]*\b{key}=)\S+", rf"\g<1>{value}", self.text))

    def attach(self, rung: str | None = None, folder: Path | None = None) -> None:
        attach(self.path, folder or self.project.folder, rung)

    def check(self, **how) -> Checked:
        found = check(self.path, **how)
        assert found is not None
        return found

    def board(self) -> str:
        return document_of(self.text).board

    def command(self, *words: str) -> int:
        return main(["check", str(self.path), *words])


def with_board(project, text: str = WORDS, name: str = "proposal.md", rung: str | None = None) -> Proposal:
    proposal = Proposal(project=project, path=project.home / name)
    proposal.path.parent.mkdir(parents=True, exist_ok=True)
    proposal.write(text)
    proposal.attach(rung)
    return proposal


def override(rung: str, by: str = "A. Person", reason: str = "The regulator asks for a tree.") -> str:
    return f'<!-- kiss-bench:override rung={rung} by="{by}" reason="{reason}" -->\n'
