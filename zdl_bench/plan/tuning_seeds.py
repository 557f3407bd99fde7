"""The key `tuning_seeds` of a command line: the seeds on which learning rates are chosen."""

from collections.abc import Sequence
from typing import Any

from zdl_bench.errors import ConfigError, display
from zdl_bench.plan.overrides import Reading
from zdl_bench.run.config import MAX_SEED

KEY = "tuning_seeds"


def without_tuning_seeds(readings: Sequence[Reading]) -> tuple[list[Reading], tuple[int, ...] | None]:
    """Return the readings of all other keys, and the tuning seeds, each once, or None if they are not given or null.

    Several values are a list here, not a sweep. Raise ConfigError for a value that is not a seed, and for no values.
    """
    others = [reading for reading in readings if reading.key != KEY]
    for reading in readings:
        if reading.key == KEY and (given := _given(reading)) is not None:
            return others, _seeds(reading, given)
    return others, None


def _given(reading: Reading) -> list[Any] | None:
    match reading.values:
        case [None]:
            return None
        case [[*seeds]] if not reading.is_sweep:
            return seeds
        case seeds if seeds:
            return seeds
    raise ConfigError(f"{display(reading.argument)}: the range is empty; give a longer one, or {KEY}=[] for no tuning seeds")


def _seeds(reading: Reading, given: Sequence[Any]) -> tuple[int, ...]:
    for seed in given:
        if type(seed) is not int or not 0 <= seed <= MAX_SEED:
            remedy = f"give integers from 0 to {MAX_SEED}, for example {KEY}=range(100,103)"
            raise ConfigError(f"{KEY}={display(reading.typed)}: {display(seed)} is not a seed; {remedy}")
    return tuple(dict.fromkeys(given))
