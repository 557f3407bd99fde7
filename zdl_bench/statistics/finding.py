"""The finding on one part of a claim: an effect with its interval, and how the runs speak for or against the part."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from zdl_bench.run.run import Floats
from zdl_bench.statistics.claim_part import ClaimPart, Statistic, View
from zdl_bench.statistics.inference import student_interval
from zdl_bench.statistics.measures import share_of
from zdl_bench.statistics.proportions import WinRate


def three_digits(value: float) -> str:
    """Return the value with three significant digits, with a power of ten only if the value is very small or very large."""
    if value == 0 or not math.isfinite(value) or not 1e-4 <= abs(value) < 1e7:
        return f"{value:.3g}"
    return f"{value:#.3g}" if abs(value) < 99.95 else f"{float(f'{value:.3g}'):,.0f}"


@dataclass(frozen=True)
class Effect:
    """A mean with its 95 % interval, as shown to a reader.

    unit: `ratio` (first side over second), `difference` (first − second), `value` if there is no second side (`share` if it is
    an accuracy), or `slope` per unit of the levels.
    """

    mean: float
    low: float
    high: float
    unit: str

    @classmethod
    def of(cls, values: Floats, unit: str) -> "Effect":
        mean, low, high = (float(value) for value in student_interval(values))
        return cls(mean, low, high, unit)

    def inverse(self) -> "Effect":
        """Return the effect of the second side against the first."""
        if self.unit == "ratio":
            with np.errstate(divide="ignore"):
                mean, low, high = (1 / np.array([self.mean, self.high, self.low])).tolist()
            return Effect(mean, low, high, self.unit)
        return Effect(-self.mean, -self.high, -self.low, self.unit)


@dataclass(frozen=True)
class Finding:
    """What the runs show about one part in one view.

    n: the number of pairs. n_values: the number of pairs without a missing value, which give the effect. n_deciding: the number
    of pairs that give the p-values. p_for, p_against: the p-values for the part and for its opposite. differences: first −
    second on the metric's scale, one per pair, NaN if the pair lacks a value; empty if the runs are deterministic. scores: seed
    → what is tested, by how much the part is missed (below 0 if it holds); if some pair lacks a value, −1, 0 or 1 for every
    seed. by_wins: why the wins decide and not the differences, or empty. reason: why the part cannot be decided, or empty.
    """

    view: View
    n: int = 0
    n_values: int = 0
    n_deciding: int = 0
    effect: Effect | None = None
    p_for: float = 1.0
    p_against: float = 1.0
    wins: WinRate | None = None
    correlation: float = math.nan
    is_exact: bool = False
    differences: tuple[float, ...] = ()
    scores: Mapping[int, float] = field(default_factory=dict)
    run_ids: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    by_wins: str = ""
    reason: str = ""

    @property
    def p(self) -> float:
        return min(self.p_for, self.p_against)

    @property
    def has_interval(self) -> bool:
        """Whether the effect can be reported: it has an interval, or it needs none because nothing is random."""
        return self.effect is not None and (self.is_exact or not math.isnan(self.effect.low))

    @property
    def is_tie(self) -> bool:
        """Whether neither side is better, by effect or by wins."""
        neutral = 0 if self.effect is None or self.effect.unit != "ratio" else 1
        is_neutral = self.effect is None or math.isclose(self.effect.mean, neutral, rel_tol=1e-9, abs_tol=1e-12)
        return is_neutral and (self.wins is None or self.wins.wins == self.wins.losses)

    def inverse(self) -> "Finding":
        """Return the finding of the second side against the first. Valid for a superiority."""
        effect, wins = self.effect, self.wins
        return replace(
            self,
            effect=effect.inverse() if effect else None,
            p_for=self.p_against,
            p_against=self.p_for,
            differences=tuple(-difference for difference in self.differences),
            wins=WinRate(1 - wins.rate, wins.losses, wins.ties, wins.wins) if wins else None,
            scores={seed: -score for seed, score in self.scores.items()},
        )


def effect_of(differences: Floats, part: ClaimPart, images: float = math.inf) -> Effect | None:
    """Return the mean of differences as an effect, or None if there are no differences.

    differences: on the metric's scale, (n,). images: see `Pairs`.
    """
    if not len(differences):
        return None
    effect = Effect.of(differences, "value" if part.second is None else "difference")
    if part.measure.scale == "ln" and part.statistic is Statistic.MEAN:
        return exponential(replace(effect, unit="value" if part.second is None else "ratio"))
    if part.measure.scale == "logit" and part.statistic is Statistic.MEAN and part.second is None:
        mean, low, high = (share_of(logit, images) for logit in (effect.mean, effect.low, effect.high))
        return Effect(mean, low, high, "share")
    return effect


def exponential(effect: Effect) -> Effect:
    """Return the effect whose logarithm is given. A number that is too large for a float becomes infinite."""
    with np.errstate(over="ignore"):
        mean, low, high = np.exp([effect.mean, effect.low, effect.high]).tolist()
    return replace(effect, mean=mean, low=low, high=high)
