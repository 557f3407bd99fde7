"""The error budget of a page: one level of 5 % for everything that the page names, shared by all of its tests.

Each function turns p-values into p-values on the scale of the page: what they are worth is decided by comparing them with
ALPHA. The procedure is a graph of weights (Bretz et al. 2009, Statistics in Medicine 28:586), and so keeps its error whatever
differs and whatever does not:

- If keys were varied, the tests along their axes have half of the error. The settings of a page share the rest equally.
- In a setting, the family of all pairs has the part `pairs`, the leaders of the questions have the rest. If everything in one
  of the two is decided, the other has the whole share.
- The leaders: the first question has everything. If it is decided, the others are tested by Holm's method.
- A question that several measures answer has one leader who is ahead by every measure, or leaders by single measures: then the
  measures share the part that the question has, by Holm's method. (The two ways together reject less often than
  Hochberg's method, which holds its level for tests that are positively dependent, as measures of one curve are.)
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from zdl_bench.run.run import Floats
from zdl_bench.statistics.inference import ALPHA, holm

MIN_PAIRS = 0.1
AXES_SHARE = 0.5
"""What the axes of a page have of its error, all together."""


def shares_of_page(settings: int, *, has_axes: bool, is_spent: bool) -> tuple[float, float]:
    """Return what each setting and what all axes of a page have of its error.

    settings: those with several optimizers. is_spent: whether claims or planned looks have all of the error.
    """
    error = 0.0 if is_spent else 1.0
    of_axes = (error * AXES_SHARE if settings else error) if has_axes else 0.0
    return (error - of_axes) / max(1, settings), of_axes


class Budget(NamedTuple):
    """What a setting has of a page's error. share: its part of the page. pairs: of that, the part of the pairs."""

    share: float
    pairs: float

    @classmethod
    def of(cls, seeds: int, share: float) -> "Budget":
        """Return the budget of a setting with a number of seeds.

        The pairs get a tenth, or as much as their smallest p-value, 2**(1 − seeds), needs. They get nothing if that would leave
        the leaders less than they need: with so few seeds, the leaders have to be decided first.
        """
        needed = 2.0 ** (1 - seeds) / (ALPHA * share) if share else 1.0
        return cls(share, max(MIN_PAIRS, needed) if needed <= 0.5 else 0.0)

    @property
    def leader_level(self) -> float:
        """The level at which the leader of the first question is tested."""
        return ALPHA * self.share * (1 - self.pairs)


class QuestionPs(NamedTuple):
    """The p-values of a question: that of a leader by all measures, and that of the leader by each measure."""

    by_all: float
    by_measure: tuple[float, ...]


def leaders_on_page(questions: Sequence[QuestionPs], largest_pair: float, budget: Budget) -> list[QuestionPs]:
    """Return the p-values of the leaders on the scale of the page, question by question; the first question comes first.

    largest_pair: the largest p-value of the family of all pairs, adjusted within the family.
    """
    first, steps = questions[0].by_all, _steps(questions)
    found = [_shared(step, largest_pair, 1 - budget.pairs, budget.share) for step in steps]
    undecided = max(1, sum(p > ALPHA for p in found[1:]))
    adjusted = [QuestionPs(found[0], (found[0],) * len(questions[0].by_measure))]
    for one, p in zip(questions[1:], found[1:], strict=True):
        alone = [_shared(max(first, step * undecided), 1.0, 1 - budget.pairs, budget.share) for step in holm(one.by_measure)]
        by_measure = (min(max(p, raw), step) for raw, step in zip(one.by_measure, alone, strict=True))
        adjusted.append(QuestionPs(p, tuple(by_measure)))
    return adjusted


def pairs_on_page(ps: Floats, questions: Sequence[QuestionPs], budget: Budget) -> Floats:
    """Return the p-values of the family of all pairs on the scale of the page, (comparisons,).

    ps: adjusted within the family, as by `max_t_ps`. questions: the p-values of the leaders, not adjusted.
    """
    largest_leader = max(_steps(questions))
    return np.array([_shared(p, largest_leader, budget.pairs, budget.share) for p in ps])


def _steps(questions: Sequence[QuestionPs]) -> list[float]:
    """Return the p-values of the leaders by all measures, adjusted among themselves."""
    first = questions[0].by_all
    return [first, *(max(first, p) for p in holm([one.by_all for one in questions[1:]]))]


def _shared(p: float, largest_other: float, part: float, share: float) -> float:
    """Return a p-value on the scale of the page: tested with its part, or with the whole share if the others are decided."""
    if share == 0:
        return 1.0
    alone = p / part if part else 1.0
    together = max(p, largest_other / (1 - part)) if part < 1 else 1.0
    return float(min(1.0, min(alone, together) / share))
