"""The optimizers of one setting as they enter a comparison: each with one run per seed, at a learning rate of its own."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from zdl_bench.statistics.claims import Part, Selector
from zdl_bench.statistics.evidence import lr_grid
from zdl_bench.statistics.pairing import Pairs, Side, Undecidable, by_seed, pair_up
from zdl_bench.statistics.tuning import select_lr

VARIANT = "variant"


@dataclass(frozen=True)
class Entrants:
    """Evidence whose sides are chosen beforehand; a part names them by `variant`.

    sides: variant → its runs, in the order of the plan. reasons: variant → why it has none. are_tuned: whether learning rates
    were chosen on seeds of their own, or there was nothing to choose.
    """

    sides: Mapping[str, Side]
    reasons: Mapping[str, str]
    are_tuned: bool

    def pairs(self, part: Part, level: Selector) -> Pairs:
        """Raises Undecidable where a side has no runs, or a larger grid of learning rates would win by its size alone."""
        assert part.second is not None
        first, second = (self._side(selector[VARIANT]) for selector in (part.first, part.second))
        budgets = {len(side.choice.shares) if side.choice else 1 for side in (first, second)}
        if len(budgets) > 1 and not self.are_tuned:
            raise Undecidable(
                f"{min(budgets)} and {max(budgets)} learning rates were tried, the best chosen on the seeds that are judged; "
                "give both as many, or tuning seeds"
            )
        return pair_up(part, first, second)

    def _side(self, variant: str) -> Side:
        if variant not in self.sides:
            raise Undecidable(self.reasons.get(variant, f"{variant}: it has no runs there"))
        return self.sides[variant]


def entrants_at_best(runs: pd.DataFrame, tuning_seeds: Sequence[int]) -> Entrants:
    """Each variant at its best learning rate; a variant with one learning rate has no choice.

    runs: the frame of `Results.runs` of one setting, with the column variant. Where there are tuning seeds, they choose and the
    others judge. Where there are none, all seeds do both: under equal budgets each side gains as much by it, and the test errs
    in 3 to 5 % of cases (docs/statistics.md).
    """
    is_tuning = runs["seed"].isin(tuning_seeds)
    has_tuning = bool(is_tuning.any())

    def side(members: pd.DataFrame) -> Side:
        judged = members[~is_tuning[members.index]]
        return _at_best(members[is_tuning[members.index]] if has_tuning else judged, judged)

    return _entrants(runs, side, are_tuned=has_tuning)


def entrants_of(runs: pd.DataFrame) -> Entrants:
    """The variants with all of these runs, which are at one learning rate each.

    A variant with several runs of one seed is left out, with the reason.
    """
    return _entrants(runs, lambda members: Side(by_seed(members)), are_tuned=True)


def _entrants(runs: pd.DataFrame, side: Callable[[pd.DataFrame], Side], *, are_tuned: bool) -> Entrants:
    """Each variant with its side, or the reason why it has none."""
    sides: dict[str, Side] = {}
    reasons: dict[str, str] = {}
    for variant, members in runs.groupby(VARIANT, sort=False):
        try:
            sides[str(variant)] = side(members)
        except Undecidable as reason:
            reasons[str(variant)] = f"{variant}: {reason}"
    return Entrants(sides, reasons, are_tuned)


def _at_best(trials: pd.DataFrame, judged: pd.DataFrame) -> Side:
    if not len(judged):
        raise Undecidable("it ran on tuning seeds only")
    if judged["lr"].nunique() < 2 and trials["lr"].nunique() < 2:
        return Side(by_seed(judged))
    if trials["lr"].nunique() < 2:
        raise Undecidable("its learning rates were not tried on tuning seeds")
    if trials.duplicated(["lr", "seed"]).any():
        raise Undecidable("it has several runs of one seed at one learning rate")
    grid = lr_grid(trials)
    choice = select_lr(grid.index, grid.to_numpy())
    if choice.lr is None:
        raise Undecidable("no learning rate has a value on all seeds that choose")
    at_best = judged[np.isclose(judged["lr"].to_numpy(dtype=float), choice.lr, rtol=1e-9, atol=0)]
    if at_best.empty:
        raise Undecidable(f"no run that judges has its best lr, {choice.lr:g}")
    return Side(by_seed(at_best), choice)
