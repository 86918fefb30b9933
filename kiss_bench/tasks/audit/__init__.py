"""The leak audit: what a table gives away before anything is fitted on it."""

from kiss_bench.tasks.audit.findings import Answer, Audit, Finding
from kiss_bench.tasks.audit.run import CHECKS, audit

__all__ = ["CHECKS", "Answer", "Audit", "Finding", "audit"]
