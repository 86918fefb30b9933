"""Which units a plan asks for, in which order they run, and what came of them so far."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from kiss_bench.evaluation.exam import Exam, Outcome, Place, Purpose, Unit
from kiss_bench.evaluation.thresholds import threshold_metric
from kiss_bench.plan.plan import Arm, Step
from kiss_bench.rungs import Rung, rung_of
from kiss_bench.tasks.audit import Audit
from kiss_bench.tuning.blend import Bases, blend


def rung_facts(step: Step) -> Rung:
    """The rung's declaration, with the space of its ladder entry; that of a custom one needs nothing imported."""
    return rung_of(step)


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


def is_controlled(exam: Exam, step: Step, *, quick: bool) -> bool:
    """Whether a random search is run beside the rung's studies."""
    searched = not rung_facts(step).blends and "tuned" in arms_of(exam, step, quick=quick)
    return searched and exam.plan.tuning.control is not None


def repeats_drawn(exam: Exam) -> int:
    """How many repeats of the folds there are."""
    return 1 + max((split.repeat for split in exam.folds.splits), default=0)


def repeats_of_all(exam: Exam) -> int:
    """How many repeats every rung runs on, contested or not."""
    return 1 if exam.plan.folds.repeats == "auto" else repeats_drawn(exam)


def escalates(exam: Exam) -> bool:
    """Whether there are repeats kept for pairs that the first one leaves contested."""
    return repeats_of_all(exam) < repeats_drawn(exam)


@dataclass(kw_only=True, slots=True)
class Progress:
    """The units of one run and their outcomes; the only mutable thing of a run, held by the parent alone."""

    exam: Exam
    quick: bool
    audit: Audit = field(default_factory=Audit)
    """What was found before anything was fitted."""
    repeats: dict[str, int] = field(default_factory=dict)
    """Rung -> how many repeats of the folds it runs on, for those that run on more than all do."""
    outcomes: dict[Place, Outcome] = field(default_factory=dict)

    def repeats_of(self, step: Step) -> int:
        """How many repeats a rung runs on, the first ones of those drawn."""
        return self.repeats.get(step.name, repeats_of_all(self.exam))

    @property
    def escalates(self) -> bool:
        """Whether contested pairs are repeated; a first look at default settings is content with one repeat."""
        return escalates(self.exam) and not self.quick

    def repeat(self, pair: tuple[str, ...]) -> bool:
        """Let these rungs run on all repeats, with what they blend and the dummy, the yardstick; False: they do.

        All means both arms, also of what the stack blends: it has no fits of its own.
        """
        steps = [step for step in self.exam.plan.ladder if step.name in (*pair, "dummy")]
        heights = [step.level for step in steps if rung_facts(step).blends]
        steps += [step for step in self._fitted() if heights and step.level < max(heights)]
        drawn = repeats_drawn(self.exam)
        more = {step.name: drawn for step in steps if self.repeats_of(step) < drawn}
        self.repeats |= more
        return bool(more)

    def units(self) -> tuple[Unit, ...]:
        """Everything that must be run, in this order: a whole untuned table first, then studies, slow ones first."""
        return (*self._default_units(), *self._inner_units(), *self._search_units())

    def _folds(self, repeats: int) -> Iterator[tuple[int, int]]:
        for repeat in range(repeats):
            for split in self.exam.folds.of(repeat):
                yield repeat, split.fold

    def _fitted(self) -> tuple[Step, ...]:
        return tuple(step for step in self.exam.plan.ladder if not rung_facts(step).blends)

    def _default_units(self) -> Iterator[Unit]:
        steepest_first = sorted(self._fitted(), key=lambda step: -step.level)
        for repeat in range(repeats_drawn(self.exam)):
            for step in steepest_first:
                if repeat < self.repeats_of(step):
                    for split in self.exam.folds.of(repeat):
                        yield Unit(step=step, arm="default", repeat=repeat, fold=split.fold, purpose="fit")

    def _inner_units(self) -> Iterator[Unit]:
        """Inner predictions of rungs without a tuned arm, which only a tuned stack wants.

        None where thresholds are learnt: every default fit has its inner predictions then.
        """
        if threshold_metric(self.exam) is not None:
            return
        stacks = [step for step in self.exam.plan.ladder if rung_facts(step).blends]
        if not any("tuned" in arms_of(self.exam, step, quick=self.quick) for step in stacks):
            return
        top = max(step.level for step in stacks)
        for step in self._fitted():
            if step.level < top and "tuned" not in arms_of(self.exam, step, quick=False):
                for repeat, fold in self._folds(max(self.repeats_of(stack) for stack in stacks)):
                    yield Unit(step=step, arm="default", repeat=repeat, fold=fold, purpose="inner")

    def _search_units(self) -> Iterator[Unit]:
        for step in sorted(self._fitted(), key=lambda step: -step.level):
            if "tuned" in arms_of(self.exam, step, quick=self.quick):
                for repeat, fold in self._folds(self.repeats_of(step)):
                    yield Unit(step=step, arm="tuned", repeat=repeat, fold=fold, purpose="search")
            if is_controlled(self.exam, step, quick=self.quick):
                for repeat, fold in self._folds(repeats_of_all(self.exam)):
                    yield Unit(step=step, arm="random", repeat=repeat, fold=fold, purpose="search")

    def add(self, unit: Unit, outcome: Outcome) -> None:
        self.outcomes[unit.place] = outcome

    def found(self, step: Step, arm: Arm) -> tuple[Outcome | None, ...]:
        """The outcomes of one arm over all repeats and folds, None where one is still to come.

        The stack's are made here, as soon as those it blends are in.
        """
        repeats = repeats_of_all(self.exam) if arm == "random" else self.repeats_of(step)
        return tuple(self._at(step, arm, repeat, fold) for repeat, fold in self._folds(repeats))

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
        bases, always_inside = [], threshold_metric(self.exam) is not None
        for step in self._fitted():
            if step.level >= unit.step.level:
                continue
            arm: Arm = (
                "tuned" if unit.arm == "tuned" and "tuned" in arms_of(self.exam, step, quick=False) else "default"
            )
            found = self._at(step, arm, unit.repeat, unit.fold)
            place: Place = (step.name, "default", unit.repeat, unit.fold, "inner")
            inner = found if arm == "tuned" or always_inside else self.outcomes.get(place)
            if found is None or (unit.arm == "tuned" and inner is None):
                return None
            bases.append((step, found, inner))
        return tuple(bases)

    def whole_rung_ended(self, unit: Unit) -> bool:
        """Whether this unit completed the untuned table, or after that an arm of a rung: time for a new board."""
        missing = [one.repeat for one in self._default_units() if one.place not in self.outcomes]
        if 0 in missing:
            return False
        if unit.purpose == "fit":  # the table, as soon as the first repeat is in, then all of it
            return unit.repeat == 0 or not missing
        return unit.arm == "tuned" and None not in self.found(unit.step, "tuned")
