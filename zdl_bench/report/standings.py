"""Compare the optimizers of a comparison in speed, loss at the end, steadiness and accuracy."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from functools import cached_property

import pandas as pd

from zdl_bench.report.comparison import Comparison, alike
from zdl_bench.report.words.effects import NO_EFFECT, wins_text
from zdl_bench.run.conditions import texts_of
from zdl_bench.statistics.evidence import Entrants, entrants_at_best, entrants_of
from zdl_bench.statistics.finding import Effect, Finding, exponential
from zdl_bench.statistics.standing import Pairwise, Standing, pairwise_of, standing_of
from zdl_bench.store.frames import END_NUMBERS

EACH_AT_BEST = "each at its best lr"
EACH_AS_GIVEN = "each at its only lr"


@dataclass(frozen=True)
class Question:
    """A question about the optimizers that a metric answers, such as which optimizer is fastest.

    noun: what the question is about, such as `speed`. words: the quantity that is compared. better: which values of this
    quantity are better, `lower` or `higher`. log_unit: if the metric is a logarithm, the unit of the exponential of a
    difference; otherwise empty.
    """

    metric: str
    superlative: str
    noun: str
    better: str
    words: str
    log_unit: str = ""

    def effect(self, finding: Finding) -> Effect | None:
        """Return the effect of a finding in the unit that the report shows, or None if the finding has no effect."""
        effect = finding.effect
        if effect is None or not self.log_unit:
            return effect
        return exponential(replace(effect, unit=self.log_unit))


QUESTIONS = (
    Question("log_aulc", "Fastest", "speed", "lower", "geometric mean of the loss over the run", "ratio"),
    TAIL_LOSS := Question("tail_loss", "Lowest loss at the end", "loss at the end", "lower", "tail loss"),
    Question("jitter_20", "Steadiest", "steadiness", "lower", "jitter over 20 steps"),
    Question("test_accuracy", "Highest test accuracy", "test accuracy", "higher", "test accuracy", "odds ratio"),
)


@dataclass(frozen=True)
class Standings:
    """The optimizers of a comparison, compared with one another on all QUESTIONS that the runs can answer."""

    comparison: Comparison

    @cached_property
    def questions(self) -> list[Question]:
        """The QUESTIONS, without the question about accuracy if the comparison has no data set."""
        has_data = bool(self.comparison.runs["dataset"].notna().any())
        return [question for question in QUESTIONS if has_data or question.metric not in END_NUMBERS]

    @cached_property
    def variants(self) -> list[str]:
        return [str(variant) for variant in self.comparison.runs["variant"].drop_duplicates()]

    @cached_property
    def entrants(self) -> Entrants:
        return entrants_at_best(self.comparison.runs, self.comparison.tuning_seeds)

    @cached_property
    def at_best(self) -> list[tuple[Question, Standing]]:
        return [(question, standing_of(self.entrants, self.variants, question.metric)) for question in self.questions]

    @property
    def left_out(self) -> list[str]:
        """For each optimizer that is not compared, a note with the reason."""
        return [f"left out: {reason}" for reason in self.entrants.reasons.values()]

    @property
    def view(self) -> str:
        """The phrase for the learning rates at which the optimizers are compared."""
        return EACH_AT_BEST if self.comparison.has_lr_choice else EACH_AS_GIVEN

    @cached_property
    def at_same(self) -> list[tuple[str, Question, Pairwise]]:
        """Pairwise comparisons, without verdicts, of the variants that share a learning rate or effective learning rate.

        At a shared effective learning rate, only pairs of variants whose learning rates differ are compared. Each entry
        consists of a phrase for the shared learning rate, the question, and the comparisons. There are no entries if no
        variant was tried at several learning rates.
        """
        return list(self._at_same()) if self.comparison.has_lr_choice else []

    def _at_same(self) -> Iterator[tuple[str, Question, Pairwise]]:
        judged = self.comparison.judged
        for column, words in (("lr", "same lr"), ("effective_lr", "same effective lr")):
            values = judged[column] if column == "lr" else alike(judged[column])
            texts = texts_of(values.dropna().unique().tolist())
            for value, members in judged.dropna(subset=column).groupby(values, sort=False):
                is_new = column == "lr" or not (members["lr"] == members[column]).all()
                variants = [str(variant) for variant in members["variant"].drop_duplicates()]
                if is_new and len(variants) > 1:
                    entrants, lrs = entrants_of(members), members.groupby("variant")["lr"].first()
                    for question in self.questions:
                        every = pairwise_of(entrants, variants, question.metric)
                        new = {(a, b): finding for (a, b), finding in every.pairs.items() if column == "lr" or lrs[a] != lrs[b]}
                        yield f"{words} {texts[value]}", question, Pairwise(question.metric, new)


def contrast_frame(question: Question, standing: Standing) -> pd.DataFrame:
    """Return the frame of the forest plot, with one row per variant compared with the control.

    Columns: label, mean, low, high, unit, verdict, n, note. If a pair of runs lacks a value, the verdict depends on the wins,
    and the effect is computed from the pairs that have values. The note then gives the wins and the number of these pairs.
    """
    rows = []
    for judged in standing.contrasts:
        [finding] = judged.findings
        effect = asdict(question.effect(finding) or replace(NO_EFFECT, unit="ratio"))
        effect["unit"] = effect["unit"].removeprefix("odds ")
        note = "" if finding.n == finding.n_values else _note(finding)
        rows.append({"label": judged.claim.id, **effect, "verdict": judged.verdict.value, "n": finding.n, "note": note})
    return pd.DataFrame(rows)


def _note(finding: Finding) -> str:
    wins = f"wins {wins_text(finding.wins.rate, finding.n)}" if finding.wins else ""
    values = f"{finding.n_values} with values" if finding.n_values else ""
    return ", ".join(filter(None, [values, wins]))


def improvement_frame(standing: Pairwise) -> pd.DataFrame:
    """Return the frame of the table of win rates: first, second, win_rate and n, with a row per ordered pair of optimizers.

    win_rate: the share of seeds on which the optimizer `first` is better than `second`.
    """
    rows = [(*pair, standing.win_rate(*pair), finding.n) for pair, finding in standing.pairs.items()]
    return pd.DataFrame(rows, columns=["first", "second", "win_rate", "n"])
