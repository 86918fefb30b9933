"""Which units a plan asks for, in which order they run, and what came of them so far."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from kiss_bench.evaluation.exam import Exam, Outcome, Place, Purpose, Unit
from kiss_bench.plan.plan import Arm, Step
from kiss_bench.rungs import Rung, rung_of, shipped_rungs
from kiss_bench.tuning.blend import Bases, blend


def rung_facts(step: Step) -> Rung:
    """The rung's declaration; that of a custom one needs nothing imported."""
    return rung_of(step) if step.estimator is not None else shipped_rungs()[step.name]


def arms_of(exam: Exam, step: Step, *, quick: bool) -> tuple[Arm, ...]:
    """`tuned` where the rung has a space and a budget, or blends rungs that have one."""
    if quick:
        return ("default",)
    rung = rung_facts(step)
    if rung.blends:
        below = [other for other in exam.plan.ladder if other.level < step.level]
        tuned = any("tuned" in arms_of(exam, other, quick=False) for other in below)
    else:
        tuned = bool(rung.space(exam.task.kind)) and step.trials > 0
    return ("default", "tuned") if tuned else ("default",)


@dataclass(kw_only=True, slots=True)
class Progress:
    """The units of one run and their outcomes; the only mutable thing of a run, held by the parent alone."""

    exam: Exam
    quick: bool
    repeats: tuple[int, ...] = (0,)
    outcomes: dict[Place, Outcome] = field(default_factory=dict)

    def units(self) -> tuple[Unit, ...]:
        """Everything that must be run, in this order: a whole untuned table first, then studies, slow ones first."""
        return (*self._default_units(), *self._inner_units(), *self._search_units())

    def _folds(self) -> Iterator[tuple[int, int]]:
        for repeat in self.repeats:
            for split in self.exam.folds.of(repeat):
                yield repeat, split.fold

    def _fitted(self) -> tuple[Step, ...]:
        return tuple(step for step in self.exam.plan.ladder if not rung_facts(step).blends)

    def _default_units(self) -> Iterator[Unit]:
        for repeat, fold in self._folds():
            for step in sorted(self._fitted(), key=lambda step: -step.level):
                yield Unit(step=step, arm="default", repeat=repeat, fold=fold, purpose="fit")

    def _inner_units(self) -> Iterator[Unit]:
        """Inner predictions of rungs without a tuned arm, which only a tuned stack wants."""
        stacks = [step for step in self.exam.plan.ladder if rung_facts(step).blends]
        if not any("tuned" in arms_of(self.exam, step, quick=self.quick) for step in stacks):
            return
        top = max(step.level for step in stacks)
        for step in self._fitted():
            if step.level < top and "tuned" not in arms_of(self.exam, step, quick=False):
                for repeat, fold in self._folds():
                    yield Unit(step=step, arm="default", repeat=repeat, fold=fold, purpose="inner")

    def _search_units(self) -> Iterator[Unit]:
        for step in sorted(self._fitted(), key=lambda step: -step.level):
            if "tuned" in arms_of(self.exam, step, quick=self.quick):
                for repeat, fold in self._folds():
                    yield Unit(step=step, arm="tuned", repeat=repeat, fold=fold, purpose="search")

    def add(self, unit: Unit, outcome: Outcome) -> None:
        self.outcomes[unit.place] = outcome

    def found(self, step: Step, arm: Arm) -> tuple[Outcome | None, ...]:
        """The outcomes of one arm over all repeats and folds, None where one is still to come.

        The stack's are made here, as soon as those it blends are in.
        """
        return tuple(self._at(step, arm, repeat, fold) for repeat, fold in self._folds())

    def _at(self, step: Step, arm: Arm, repeat: int, fold: int) -> Outcome | None:
        purpose: Purpose = "fit" if arm == "default" else "search"
        if not rung_facts(step).blends:
            return self.outcomes.get((step.name, arm, repeat, fold, purpose))
        unit = Unit(step=step, arm=arm, repeat=repeat, fold=fold, purpose="blend")
        if unit.place not in self.outcomes:
            bases = self._bases(unit)
            if bases is None:
                return None
            self.outcomes[unit.place] = blend(self.exam, unit, bases)
        return self.outcomes[unit.place]

    def _bases(self, unit: Unit) -> Bases | None:
        """What the stack blends in one fold; None while a base is still to come."""
        bases = []
        for step in self._fitted():
            if step.level >= unit.step.level:
                continue
            arm: Arm = (
                "tuned" if unit.arm == "tuned" and "tuned" in arms_of(self.exam, step, quick=False) else "default"
            )
            found = self._at(step, arm, unit.repeat, unit.fold)
            place: Place = (step.name, "default", unit.repeat, unit.fold, "inner")
            inner = found if arm == "tuned" else self.outcomes.get(place)
            if found is None or (unit.arm == "tuned" and inner is None):
                return None
            bases.append((step, found, inner))
        return tuple(bases)

    def whole_rung_ended(self, unit: Unit) -> bool:
        """Whether this unit completed the untuned table, or after that a rung's tuned arm: time for a new board."""
        if any(place not in self.outcomes for place in (one.place for one in self._default_units())):
            return False
        if unit.purpose == "fit":
            return True
        return unit.purpose == "search" and None not in self.found(unit.step, "tuned")
