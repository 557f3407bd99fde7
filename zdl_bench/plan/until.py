"""The keys `until`, `max_seeds` and `margin` of a command line, which ask for more seeds until the sweep is decided."""

import math
from typing import Any

from zdl_bench.errors import ConfigError, display
from zdl_bench.plan.command_line import CommandLine
from zdl_bench.plan.hydra_keys import foreign_sweeper
from zdl_bench.plan.overrides import Reading
from zdl_bench.statistics.look_plan import LookPlan


def look_plan_of(line: CommandLine) -> LookPlan | None:
    """Return the plan of the looks that a command line asks for, or None if its seeds are fixed.

    Raise ConfigError if a value is wrong or missing, or if something else decides on the seeds.
    """
    given = {reading.key: reading for reading in line.readings if reading.key in ("until", "max_seeds", "margin")}
    until, max_seeds, margin = (_value(given.get(key)) for key in ("until", "max_seeds", "margin"))
    if until is None:
        for key, value in (("max_seeds", max_seeds), ("margin", margin)):
            if value is not None:
                raise ConfigError(f"{given[key].argument}: this key needs until=decided; give both, or leave {key} out")
        return None
    if until != "decided":
        raise ConfigError(f"until={display(given['until'].typed)}: there is no such end; give until=decided or null")
    if type(max_seeds) is not int:
        raise ConfigError(f"max_seeds={display(max_seeds)}: until=decided needs the largest number of seeds; give max_seeds=40")
    if margin is not None and not _is_ratio(margin):
        raise ConfigError(f"margin={display(margin)}: a margin is a ratio above 1; give margin=1.05, or leave it out")
    plan = LookPlan(max_seeds, None if margin is None else float(margin))
    _ = plan.looks  # raises ConfigError
    _require_own_seeds(line)
    return plan


def _value(reading: Reading | None) -> Any:
    if reading is None:
        return None
    if reading.is_sweep or len(reading.values) != 1:
        raise ConfigError(f"{display(reading.argument)}: this key cannot have several values; give one value")
    return reading.values[0]


def _is_ratio(margin: Any) -> bool:
    is_number = isinstance(margin, int | float) and not isinstance(margin, bool)
    return is_number and 1 < margin < math.inf


def _require_own_seeds(line: CommandLine) -> None:
    """Raise ConfigError unless the sweep can add seeds: the integers from `seed` on."""
    if line.experiment_name is not None:
        raise ConfigError("until=decided: an experiment has seeds of its own; leave out until or the experiment")
    if foreign_sweeper(line.arguments):
        raise ConfigError("hydra/sweeper: another sweeper chooses its own runs; leave out the sweeper or until")
    if not line.is_sweep:
        raise ConfigError(
            "until=decided: one run decides nothing; put -m before the keys and give several optimizers, for example "
            "-m optimizer=sgd,adam"
        )
    for reading in line.readings:
        if reading.key == "seed" and reading.is_sweep:
            raise ConfigError(
                f"{display(reading.argument)}: until=decided finds the number of seeds itself; give only the first one, for "
                "example seed=0"
            )
