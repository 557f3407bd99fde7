"""The keys `lr_grid`, `tune` and `max_extensions` of a command line, which say what is tried on the tuning seeds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from zdl_bench.errors import ConfigError
from zdl_bench.plan.lr_grid import LR_GRID_KEY, Factors, without_lr_grid
from zdl_bench.plan.overrides import Reading
from zdl_bench.run.experiment import keys_to_tune, number_of_extensions

KEYS = ("tune", "max_extensions")


@dataclass(frozen=True)
class TuningKeys:
    """What a command line says of the tuning; None for a key that it leaves as an experiment has it.

    factors: those of `lr_grid`.
    """

    factors: Factors | None = None
    tune: tuple[str, ...] | None = None
    max_extensions: int | None = None

    @property
    def of_experiment(self) -> dict[str, Any]:
        """The keys that replace those of an experiment's YAML."""
        tune = {} if self.tune is None else {"tune": [*self.tune]}
        return tune if self.max_extensions is None else tune | {"max_extensions": self.max_extensions}

    @property
    def given(self) -> list[str]:
        """The names of the keys that are given."""
        return [*([LR_GRID_KEY] if self.factors else []), *self.of_experiment]

    def require_sweep(self, *, is_sweep: bool, tuning_seeds: Sequence[int]) -> None:
        """Raise ConfigError if there is no sweep, or if keys are to be tuned without tuning seeds."""
        for key in self.given:
            if not is_sweep:
                raise ConfigError(f"{key}: one run has nothing to choose; put -m before the keys, or leave {key} out")
            if key != LR_GRID_KEY and getattr(self, key) and not tuning_seeds:
                raise ConfigError(
                    f"{key}: nothing is chosen without tuning seeds; give some, for example 'tuning_seeds=range(100,103)'"
                )


def without_tuning_keys(readings: Sequence[Reading]) -> tuple[list[Reading], TuningKeys]:
    """Return the readings of all other keys, and what they say of the tuning. Raise ConfigError for a wrong value."""
    others, factors = without_lr_grid(readings)
    given: Mapping[str, Reading] = {reading.key: reading for reading in others if reading.key in KEYS}
    tune, most = (_value(given[key]) if key in given else None for key in KEYS)
    keys = TuningKeys(factors, None if tune is None else keys_to_tune(tune), number_of_extensions(most))
    return [reading for reading in others if reading.key not in KEYS], keys


def _value(reading: Reading) -> Any:
    """Return the value of a key of the whole sweep, for which several values are a list."""
    match reading.values:
        case [value] if not reading.is_sweep:
            return value
        case values:
            return values
