"""The ladder that ships: one file a rung, found by this folder. Add a file with a `RUNG` and it is on the ladder."""

from kiss_bench.rungs._find import custom_rung, rung_of, shipped_rungs
from kiss_bench.rungs._rung import Encoding, Parameter, Pruning, Rung, Surroundings

__all__ = ["Encoding", "Parameter", "Pruning", "Rung", "Surroundings", "custom_rung", "rung_of", "shipped_rungs"]
