"""What a replay found, in sentences."""

from kiss_bench.records.environment import LEVEL
from kiss_bench.records.rerun import CLOSE
from kiss_bench.reports.settings import setting
from kiss_bench.tuning.record.facts import ReplayFacts


def replay_sentences(replay: ReplayFacts) -> list[str]:
    """Say whether the trials were equal, in which environment, and what differs in it."""
    where = "in the same environment" if replay.same_environment else "in another environment"
    if replay.equal:
        told = f"Replayed {where}: all {replay.trials:,} trials of {replay.studies:,} studies came out equal."
    elif LEVEL in replay.differing and replay.largest is not None and replay.largest <= CLOSE:
        told = (
            f"Replayed at another level of arithmetic: {replay.trials:,} trials of {replay.studies:,} studies came out "
            f"equal within {CLOSE:g}, {replay.differences:,} of them not to the bit."
        )
    else:
        size = "" if replay.largest is None else f", by at most {replay.largest:.3g}"
        told = (
            f"Replayed {where}: {replay.differences:,} of {replay.trials:,} trials of {replay.studies:,} studies "
            f"differ{size}. The first: {replay.first}."
        )
    differing = [
        f"  {name}: {setting(pair[0])} then, {setting(pair[1])} now" for name, pair in replay.differing.items()
    ]
    names = ", ".join(replay.left_out)
    left = [f"Not replayed, since a limit or a crash had ended them: {names}."] if names else []
    return [told, *left, *(["What differs in the environment:"] if differing else []), *differing]
