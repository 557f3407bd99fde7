"""The plan of a sweep that adds seeds until it is decided: at which numbers of seeds it looks, and how much error it spends.

This module imports neither pandas nor SciPy, because a sweep reads its plan before it imports them.
"""

import math
from dataclasses import dataclass
from functools import cached_property

from zdl_bench.errors import require

MIN_LOOK = 6
LOOK_GROWTH = 4 / 3
"""About how many times as many seeds as at the look before."""
MAX_LOOK = 200
"""The largest number of seeds. An effect that needs more has no practical size."""
EQUIVALENCE_ERROR = 0.015
"""The part of the error that goes to equivalences, if a margin is given. Differences have the rest."""


@dataclass(frozen=True)
class LookPlan:
    """The looks of a sweep: it compares all open pairs at each of these numbers of seeds, at the level `alpha` in total.

    max_seeds: the number of seeds at the last look. margin: the ratio within which two optimizers count as equivalent, or None
    if equivalence is not tested. alpha: below 5 %, because flips of whole seeds are exact for two optimizers only. At 4.5 %,
    ten optimizers with skewed losses erred in 6.6 % of 1,000 simulated sweeps.
    """

    max_seeds: int
    margin: float | None = None
    alpha: float = 0.032

    @cached_property
    def looks(self) -> tuple[int, ...]:
        """The numbers of seeds, from the smallest that can decide up to max_seeds.

        Raise ConfigError if max_seeds is too small to decide anything, or too large.
        """
        fewest = next(n for n in range(MIN_LOOK, MAX_LOOK) if 2.0 ** (1 - n) <= self.for_difference)
        remedy = f"fewer than {fewest} seeds decide nothing; give a number from {fewest} to {MAX_LOOK}"
        require("max_seeds", self.max_seeds, fewest <= self.max_seeds <= MAX_LOOK, remedy)
        possible = range(fewest, self.max_seeds + 1)
        first = next(n for n in possible if 2.0 ** (1 - n) <= self._spent(n, self.for_difference))
        steps = max(1, round(math.log(self.max_seeds / first, LOOK_GROWTH)))
        places = (first * (self.max_seeds / first) ** (step / steps) for step in range(steps + 1))
        return tuple(sorted({round(place) for place in places}))

    @property
    def for_difference(self) -> float:
        """The error of all pairs together that a difference is named where there is none."""
        return self.alpha - self.for_equivalence

    @property
    def for_equivalence(self) -> float:
        """The error of all pairs together that an equivalence is named where there is none."""
        return 0.0 if self.margin is None else EQUIVALENCE_ERROR

    @property
    def spent_on_differences(self) -> tuple[float, ...]:
        """The error spent up to each look, (looks,)."""
        return tuple(self._spent(n, self.for_difference) for n in self.looks)

    @property
    def spent_on_equivalences(self) -> tuple[float, ...]:
        return tuple(self._spent(n, self.for_equivalence) for n in self.looks)

    def _spent(self, seeds: int, error: float) -> float:
        """Return the error that may be spent up to a number of seeds, by the spending function of Pocock's type.

        Source: Lan & DeMets 1983, Biometrika 70:659.
        """
        return error * math.log(1 + (math.e - 1) * seeds / self.max_seeds)
