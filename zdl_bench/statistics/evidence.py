"""Evidence for claims: the runs of an experiment, or of the optimizers of one setting."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import pandas as pd

from zdl_bench.language import later, translatable
from zdl_bench.statistics.claim_part import ClaimPart, Selector, View
from zdl_bench.statistics.pairing import Pairs, pair_up
from zdl_bench.statistics.selection import ambiguous, select_runs, words_of
from zdl_bench.statistics.side import AMBIGUOUS, Side, Undecidable, by_seed
from zdl_bench.statistics.tuning import TUNED, candidate_keys, choose_lr_of, count_candidates, free_tuning_seeds, near, runs_at

VARIANT = "variant"
ONLY_TRIALS = later("it ran on tuning seeds only")
OBJECTION = translatable(
    "the learning rates were chosen on the seeds that judge; let others choose, for example 'tuning_seeds={seeds}'"
)
NONE_AT_LR = translatable("there are no runs of {runs} at {lr}; add a block with only this learning rate to the experiment")
NONE_BUT_TRIALS = translatable(
    "there are no runs of {runs} at {lr} except on tuning seeds; add a block with only this learning rate to the experiment"
)


class ExperimentRuns:
    """The runs of an experiment as evidence for its claims.

    runs: the data frame `Results.runs`. tuning_seeds: seeds that only choose learning rates, and are never evidence.
    """

    def __init__(self, runs: pd.DataFrame, tuning_seeds: Sequence[int]) -> None:
        is_tuning = runs["seed"].isin(tuning_seeds)
        self._tuning, self._judging = runs[is_tuning], runs[~is_tuning]

    def pairs(self, part: ClaimPart, level: Selector) -> Pairs:
        """Return the pairs of runs that a part compares at one level. Raise Undecidable with the reason if there are none."""
        sides: dict[View, Callable[[Selector], Side]] = {View.BEST_LR: self._at_best, View.AS_NAMED: self._as_named}
        side = sides.get(part.view, partial(self._at, column="lr", value=math.nan if part.lr is None else part.lr))
        first = side({**part.first, **level})
        if part.second is not None and part.view is View.SAME_EFFECTIVE_LR:
            side = partial(self._at, column="effective_lr", value=float(first.runs["effective_lr"].iloc[0]))
        return pair_up(part, first, None if part.second is None else side({**part.second, **level}))

    def _as_named(self, selector: Selector) -> Side:
        """Return the runs that match the selector, in which `lr: best` stands for the tuned learning rate of this side."""
        if selector.get("lr") == "best":
            return self._at_best({key: value for key, value in selector.items() if key != "lr"})
        return Side(by_seed(self._matching(selector), ambiguous(selector)))

    def _matching(self, selector: Selector) -> pd.DataFrame:
        matching = select_runs(self._judging, selector)
        if matching.empty:
            raise Undecidable(
                later("there are no runs of {runs}; train such runs, or select others in the claim", runs=words_of(selector))
            )
        return matching

    def _at(self, selector: Selector, column: str, value: float) -> Side:
        matching = self._matching(selector)
        at_value = matching[near(matching[column], value)]
        if at_value.empty:
            raise Undecidable(
                later(
                    NONE_BUT_TRIALS if (select_runs(self._tuning, selector)[column] == value).any() else NONE_AT_LR,
                    runs=words_of(selector),
                    lr=f"{column.replace('_', ' ')} {value:g}",
                )
            )
        return Side(by_seed(at_value, ambiguous(selector)))

    def _at_best(self, selector: Selector) -> Side:
        trials = select_runs(self._tuning, selector)
        if len(trials) and not count_candidates(trials):  # no learning rate
            return Side(by_seed(self._matching(selector), ambiguous(selector)))
        if count_candidates(trials) < 2:
            raise Undecidable(
                later(
                    "the lr of {runs} was not tuned; try two or more learning rates on tuning seeds",
                    runs=words_of(selector),
                )
            )
        if trials.duplicated([*candidate_keys(trials), "seed"]).any():
            raise Undecidable(ambiguous(selector))
        choice = choose_lr_of(trials)
        if choice.row is None:
            raise Undecidable(
                later("no lr of {runs} has a value on all tuning seeds; try other learning rates", runs=words_of(selector))
            )
        chosen = {**selector, **({TUNED: choice.best_others} if choice.others else {})}
        at_lr = None if choice.lr is None else self._at(chosen, "lr", choice.lr).runs
        return Side(by_seed(self._matching(chosen), ambiguous(selector)) if at_lr is None else at_lr, choice)


@dataclass(frozen=True)
class Entrants:
    """The optimizers of one setting as evidence, each with one run per seed. A part of a claim names its sides by `variant`.

    sides: variant → its runs, in the order of the plan. reasons: variant → why the variant has no side. are_tuned: whether
    learning rates were chosen on tuning seeds, or there was nothing to choose.
    """

    sides: Mapping[str, Side]
    reasons: Mapping[str, str]
    are_tuned: bool

    def pairs(self, part: ClaimPart, level: Selector) -> Pairs:
        """Return the pairs of two variants. Raise Undecidable if a side has no runs.

        Pairs whose seeds have also chosen a learning rate can be described but not tested: the choice has seen the noise.
        """
        assert part.second is not None
        names = (part.first[VARIANT], part.second[VARIANT])
        for name in names:
            if name not in self.sides:
                raise Undecidable(self.reasons.get(name, later("{name}: it has no runs there", name=name)))
        sides = [self.sides[name] for name in names]
        pairs = pair_up(part, *sides)
        return pairs if self.allows_tests(sides) else replace(pairs, objection=later(OBJECTION, seeds=self.free_tuning_seeds))

    def allows_tests(self, sides: Iterable[Side]) -> bool:
        """Return whether no learning rate of these sides was chosen on the seeds that judge."""
        return self.are_tuned or all(side.choice is None for side in sides)

    @property
    def free_tuning_seeds(self) -> str:
        """Three seeds that are not among those that judge, as a value of `tuning_seeds`."""
        return free_tuning_seeds({int(seed) for side in self.sides.values() for seed in side.runs.index})


def entrants_at_best(runs: pd.DataFrame, tuning_seeds: Sequence[int]) -> Entrants:
    """Return the runs of each variant at its best learning rate, or at its only one.

    runs: `Results.runs` of one setting, with the column `variant`. Learning rates are chosen on the tuning seeds. Without them
    all seeds choose and compare, so comparisons of a variant that had a choice are not tested (docs/statistics.md).
    """
    is_tuning = runs["seed"].isin(tuning_seeds)
    if not is_tuning.any():
        return _entrants(runs, lambda members: _at_best(members, members), are_tuned=False)

    def side(members: pd.DataFrame) -> Side:
        return _at_best(members[is_tuning[members.index]], members[~is_tuning[members.index]])

    return _entrants(runs, side, are_tuned=True)


def entrants_of(runs: pd.DataFrame) -> Entrants:
    """Return each variant with all of its runs, which have one learning rate, or with a reason if a seed has several runs."""
    return _entrants(runs, lambda members: Side(by_seed(members)), are_tuned=True)


def _entrants(runs: pd.DataFrame, side: Callable[[pd.DataFrame], Side], *, are_tuned: bool) -> Entrants:
    """Return each variant with its side, or with the reason why it has no side."""
    sides: dict[str, Side] = {}
    reasons: dict[str, str] = {}
    for variant, members in runs.groupby(VARIANT, sort=False):
        try:
            sides[str(variant)] = side(members)
        except Undecidable as reason:
            reasons[str(variant)] = later("{name}: {reason}", name=variant, reason=reason.reason)
    return Entrants(sides, reasons, are_tuned)


def _at_best(trials: pd.DataFrame, judging: pd.DataFrame) -> Side:
    """Return the evaluation runs of a variant at the best learning rate of its trials."""
    if count_candidates(trials) < 2:
        if not len(judging):
            raise Undecidable(ONLY_TRIALS)
        if count_candidates(judging) < 2:
            return Side(by_seed(judging))
        raise Undecidable(later("its learning rates were not tried on tuning seeds"))
    if trials.duplicated([*candidate_keys(trials), "seed"]).any():
        raise Undecidable(AMBIGUOUS)
    choice = choose_lr_of(trials)
    if choice.row is None:
        raise Undecidable(later("no learning rate has a value on every seed used to choose"))
    at_best = runs_at(choice, judging)
    if at_best.empty:
        raise Undecidable(later("no evaluation run has its best {value}", value=choice.words) if len(judging) else ONLY_TRIALS)
    return Side(by_seed(at_best), choice)
