"""A comparison → where its optimizers stand in speed, at the end, and in steadiness."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from zdl_bench.conditions import short
from zdl_bench.report.comparison import Comparison
from zdl_bench.statistics.entrants import Entrants, entrants_at, entrants_at_best
from zdl_bench.statistics.findings import Effect, Finding
from zdl_bench.statistics.standing import Pairwise, Standing, pairwise_of, standing_of

BEST = "each at its best lr"
AS_GIVEN = "as given"


@dataclass(frozen=True)
class Question:
    """What is asked of the optimizers, decided by one metric.

    noun: what it is about. words: what is lower where an optimizer is ahead. is_logarithm: the metric is one already, so that a
    difference reads as a ratio.
    """

    metric: str
    superlative: str
    noun: str
    words: str
    is_logarithm: bool = False

    def effect(self, finding: Finding) -> Effect | None:
        """The effect as a reader takes it."""
        effect = finding.effect
        if effect is None or not self.is_logarithm:
            return effect
        return Effect(math.exp(effect.mean), math.exp(effect.low), math.exp(effect.high), "ratio")


QUESTIONS = (
    Question("log_aulc", "Fastest", "speed", "geometric mean of the loss over the run", is_logarithm=True),
    Question("tail_loss", "Lowest loss at the end", "loss at the end", "tail loss"),
    Question("jitter", "Steadiest", "steadiness", "jitter"),
)


@dataclass(frozen=True)
class Standings:
    """A comparison with its answers to the questions, in the order of QUESTIONS."""

    comparison: Comparison

    @cached_property
    def variants(self) -> list[str]:
        return [str(variant) for variant in self.comparison.runs["variant"].drop_duplicates()]

    @cached_property
    def entrants(self) -> Entrants:
        return entrants_at_best(self.comparison.runs, self.comparison.tuning_seeds)

    @cached_property
    def at_best(self) -> list[tuple[Question, Standing]]:
        return [(question, standing_of(self.entrants, self.variants, question.metric)) for question in QUESTIONS]

    @property
    def view(self) -> str:
        """At which learning rates the optimizers are compared."""
        return BEST if self.comparison.has_lr_choice else AS_GIVEN

    def at_same(self) -> Iterator[tuple[str, Question, Pairwise]]:
        """Views that are shown without a verdict: at the same learning rate, and at the same effective one.

        Only learning rates that several variants share; an effective one only where it is not the learning rate for all.
        """
        if not self.comparison.has_lr_choice:
            return
        judged = self.comparison.judged
        for column, words in (("lr", "same lr"), ("effective_lr", "same effective lr")):
            values = judged[column].map(lambda value: f"{value:.6g}")  # 0.01 and 0.001 / (1 - 0.9) differ in the last bits
            for _, members in judged.dropna(subset=column).groupby(values, sort=False):
                value = float(members[column].iloc[0])
                is_new = column == "lr" or not (members["lr"] == members[column]).all()
                variants = [str(variant) for variant in members["variant"].drop_duplicates()]
                if is_new and len(variants) > 1:
                    entrants = entrants_at(judged, column, value)
                    for question in QUESTIONS:
                        yield f"{words} {short(value)}", question, pairwise_of(entrants, variants, question.metric)


def contrast_frame(question: Question, standing: Standing) -> pd.DataFrame:
    """label, mean, low, high, unit, verdict, n: a row per variant against the control, for the forest plot."""
    rows: list[dict[str, Any]] = []
    for judged in standing.contrasts:
        [finding] = judged.findings
        effect = question.effect(finding) or Effect(math.nan, math.nan, math.nan, "ratio")
        rows.append(
            {
                "label": judged.claim.id,
                "mean": effect.mean,
                "low": effect.low,
                "high": effect.high,
                "unit": effect.unit,
                "verdict": judged.verdict.value,
                "n": finding.n,
            }
        )
    return pd.DataFrame(rows)


def improvement_frame(standing: Pairwise) -> pd.DataFrame:
    """first, second, win_rate, n: of every ordered pair, the share of seeds on which the first is better, ties counted half."""
    rows = [(*pair, standing.win_rate(*pair), finding.n) for pair, finding in standing.pairs.items()]
    return pd.DataFrame(rows, columns=["first", "second", "win_rate", "n"])
