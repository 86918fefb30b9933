"""The ladder: which rungs, in which order, with how many trials, and which are left off for a reason."""

import re

from kiss_bench.plan.catalogue import Catalogue, KnownRung
from kiss_bench.plan.config import NAME, Config, LadderEntry
from kiss_bench.plan.faults import Faults, Key, did_you_mean, nearest, short
from kiss_bench.plan.plan import Step
from kiss_bench.plan.space import normal_space
from kiss_bench.plan.validate import NO_NAME

FLOOR = "dummy"
SIMPLEST_MODEL = "linear"
_RESERVED = ("default", "tuned", "random")
_CUSTOM = "or a rung of your own, with name, level and estimator"


def ladder_plan(config: Config, catalogue: Catalogue, faults: Faults) -> tuple[Step, ...]:
    """Make the steps, simplest first."""
    if config.ladder is None:
        steps = _every_rung(config, catalogue)
    else:
        steps = _steps_as_written(config, config.ladder, catalogue, faults)
    _check_skip(config, catalogue, faults)
    _check_required(config, steps, catalogue, faults)
    return tuple(sorted(steps, key=lambda step: step.level))


def _every_rung(config: Config, catalogue: Catalogue) -> list[Step]:
    in_time = config.data.season is not None or config.data.horizon is not None
    wanted = [rung for rung in catalogue.rungs if rung.name not in config.skip and (in_time or not rung.needs_time)]
    return [
        Step(name=rung.name, level=float(rung.level), trials=config.tuning.trials if rung.tunable else 0)
        for rung in wanted
    ]


def _steps_as_written(config: Config, entries: list[LadderEntry], catalogue: Catalogue, faults: Faults) -> list[Step]:
    steps: list[Step] = []
    for index, entry in enumerate(entries):
        at: Key = ("ladder", index)
        if faults.broken((*at, "name")):
            continue
        if any(step.name == entry.name for step in steps):
            faults.add((*at, "name"), found=f"{short(entry.name)} again", allowed="each rung once")
            continue
        known = catalogue.rung(entry.name)
        if known:
            steps.append(_shipped(entry, known, config, at, faults))
        elif entry.level is None and entry.estimator is None and not faults.broken(at):
            names = [rung.name for rung in catalogue.rungs]
            allowed = f"{', '.join(names)}, {_CUSTOM}"
            faults.add((*at, "name"), found=short(entry.name), allowed=allowed, hint=did_you_mean(entry.name, names))
        else:
            steps.append(_custom(entry, config, at, faults))
    return steps


def _shipped(entry: LadderEntry, rung: KnownRung, config: Config, at: Key, faults: Faults) -> Step:
    if entry.level is not None and entry.level != rung.level:
        faults.add(
            (*at, "level"), found=short(entry.level), allowed=f"{rung.level:g}, the level that {rung.name} ships with"
        )
    if entry.estimator is not None:
        hint = f"{rung.name} is the name of a rung that ships"
        faults.add((*at, "estimator"), found=short(entry.estimator), allowed="estimators of your own rungs", hint=hint)
    space = normal_space(entry.space, (*at, "space"), faults) if entry.space else None
    if space and not rung.tunable:
        faults.add((*at, "space"), found="a space", allowed=f"none, as {rung.name} has nothing to tune")
    if entry.trials and not rung.tunable:
        faults.add((*at, "trials"), found=str(entry.trials), allowed=f"no trials, as {rung.name} has nothing to tune")
    if entry.settings and rung.blends:
        faults.add((*at, "settings"), found="settings", allowed=f"none, as {rung.name} fits nothing of its own")
    if rung.needs_time and config.data.season is None and config.data.horizon is None:
        allowed = f"{rung.name} only with `data.season` or `data.horizon`"
        faults.add((*at, "name"), found=short(rung.name), allowed=allowed)
    return Step(
        name=rung.name,
        level=float(rung.level),
        settings=entry.settings,
        space=space,
        trials=_trials(entry, config) if rung.tunable else 0,
        reason=entry.reason,
    )


def _custom(entry: LadderEntry, config: Config, at: Key, faults: Faults) -> Step:
    if not re.fullmatch(NAME, entry.name) or entry.name in _RESERVED:
        allowed = f"small letters, digits, `_` and `-`, starting with a letter or digit; not {', '.join(_RESERVED)}"
        faults.add((*at, "name"), found=short(entry.name), allowed=allowed)
    if not entry.level and not faults.broken((*at, "level")):
        hint = "Complexity is declared, never guessed"
        faults.add((*at, "level"), found=short(entry.level), allowed="a number above 0", hint=hint)
    if entry.estimator is None and not faults.broken((*at, "estimator")):
        faults.add((*at, "estimator"), found="nothing", allowed="`module:object`, a callable that builds the estimator")
    space = normal_space(entry.space, (*at, "space"), faults) if entry.space else None
    always = {name for name, spec in (space or {}).items() if not spec.get("when")}
    for name in sorted({*entry.settings} & always):
        faults.add((*at, "settings", name), found=f"`{name}` in settings and in space", allowed="one of the two")
    if entry.trials and not space and not faults.broken((*at, "space")):
        faults.add((*at, "trials"), found=str(entry.trials), allowed="trials only with a space")
    return Step(
        name=entry.name,
        level=float(entry.level or 0),
        estimator=entry.estimator,
        settings=entry.settings,
        space=space,
        trials=_trials(entry, config) if space else 0,
        reason=entry.reason,
    )


def _trials(entry: LadderEntry, config: Config) -> int:
    return config.tuning.trials if entry.trials is None else entry.trials


def _check_skip(config: Config, catalogue: Catalogue, faults: Faults) -> None:
    names = [rung.name for rung in catalogue.rungs]
    written = {entry.name for entry in config.ladder or ()}
    for name, reason in config.skip.items():
        at: Key = ("skip", name)
        if name == FLOOR:
            faults.add(at, found=f"`{FLOOR}` skipped", allowed="other rungs", hint="Skill is measured against it")
        elif name in written:
            faults.add(at, found=f"`{name}` both skipped and on the ladder", allowed="one of the two")
        elif name not in names:
            faults.add(at, found="an unknown rung", allowed=", ".join(names), hint=did_you_mean(name, names))
        elif not reason.strip():
            faults.add(at, found="no reason", allowed="a reason; it is printed with the leaderboard")


def _check_required(config: Config, steps: list[Step], catalogue: Catalogue, faults: Faults) -> None:
    """Refuse a ladder without the simple rungs that every complicated one has to beat."""
    written = [entry.name for entry in config.ladder or ()]
    meant = {nearest(name, [rung.name for rung in catalogue.rungs]) for name in written}
    names = {*meant, *(step.name for step in steps)}
    simple = catalogue.rung(SIMPLEST_MODEL)
    if NO_NAME in written:
        return
    if FLOOR not in names and not faults.broken(("skip", FLOOR)):
        hint = f"Add `{FLOOR}` to `ladder`: skill is measured against it"
        faults.add(("ladder",), found=f"no `{FLOOR}`", allowed=f"ladders with `{FLOOR}`", hint=hint)
    higher = [step.name for step in steps if simple and step.level > simple.level]
    if higher and SIMPLEST_MODEL not in {*names, *config.skip} and not faults.broken(("skip", SIMPLEST_MODEL)):
        faults.add(
            ("ladder",),
            found=f"`{higher[0]}` without `{SIMPLEST_MODEL}`",
            allowed=f"`{SIMPLEST_MODEL}` below it, or a reason to leave it off",
            hint=f'Add `{SIMPLEST_MODEL}` to `ladder`, or write `skip: {{{SIMPLEST_MODEL}: "the reason"}}`',
        )
