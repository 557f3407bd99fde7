"""Compare the optimizers of a comparison in speed, loss at the end, steadiness and accuracy."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property

import pandas as pd

from zdl_bench.report.comparison import Comparison, alike
from zdl_bench.report.more_seeds import MoreSeeds
from zdl_bench.report.words.effects import NO_EFFECT, wins_text
from zdl_bench.run.conditions import texts_of
from zdl_bench.statistics.evidence import Entrants, entrants_at_best, entrants_of
from zdl_bench.statistics.finding import Effect, Finding, exponential
from zdl_bench.statistics.metrics.steadiness import scale_words, steadiness_measures
from zdl_bench.statistics.pairwise import Pairwise, shown_pairs
from zdl_bench.statistics.sequential import SequentialComparison
from zdl_bench.statistics.standing import Standing, standings_of

STEPS_TO = "steps_to_"
EACH_AT_BEST = "each at its best lr"
EACH_AS_GIVEN = "each at its only lr"


@dataclass(frozen=True)
class Question:
    """A question about the optimizers, such as which optimizer is fastest, and the metrics that answer it.

    noun: what the question is about, such as `speed`. better: which values are better, `lower` or `higher`. words: metric →
    the quantity that it measures, in words; a leader has to be ahead by every one. log_unit: if the metrics are logarithms,
    the unit of the exponential of a difference; otherwise empty.
    """

    superlative: str
    noun: str
    better: str
    words: Mapping[str, str]
    log_unit: str = ""

    @property
    def in_figures(self) -> dict[str, str]:
        """The words of the metrics that figures of all questions show. Targets and relative jitters have their own figures."""
        return {name: words for name, words in self.words.items() if not name.startswith((STEPS_TO, "relative_"))}

    def effect(self, finding: Finding) -> Effect | None:
        """Return the effect of a finding in the unit that the report shows, or None if the finding has no effect."""
        effect = finding.effect
        if effect is None or not self.log_unit:
            return effect
        return exponential(replace(effect, unit=self.log_unit))


SPEED = Question(
    "Fastest (mean ln loss over the run)", "speed", "lower", {"log_aulc": "geometric mean of the loss over the run"}, "ratio"
)
"""The first question of a page: it is tested before all others."""
TARGETS = Question("First to the targets", "steps to the targets", "lower", {})
TAIL_LOSS = Question("Lowest loss at the end", "loss at the end", "lower", {"tail_loss": "tail loss"})
STEADY = Question("Steadiest", "steadiness", "lower", {})
"""Its measures depend on whether the runs recorded their points."""
TEST_ACCURACY = Question("Highest test accuracy", "test accuracy", "higher", {"test_accuracy": "test accuracy"}, "odds ratio")


@dataclass(frozen=True)
class Standings:
    """The optimizers of a comparison, compared with one another on all questions that the runs can answer.

    share: what the comparison has of the error of its page; 0 if nothing but exact comparisons is judged. more: what more seeds
    of the sweep cost, if the report should say how many it needs. looks: what planned looks decided about all comparisons of
    the page, if its seeds were added by a plan.
    """

    comparison: Comparison
    share: float = 1.0
    more: MoreSeeds | None = None
    looks: SequentialComparison | None = None

    @cached_property
    def questions(self) -> list[Question]:
        """The questions, each with those of its metrics that some run has, without questions that no metric can answer."""
        runs = self.comparison.judged
        targets = {name: f"steps to a loss of {name.removeprefix(STEPS_TO)}" for name in runs if name.startswith(STEPS_TO)}
        steadiness = steadiness_words(has_points=bool(runs.get("axis_crossings", pd.Series(dtype=float)).notna().any()))
        every = [SPEED, replace(TARGETS, words=targets), TAIL_LOSS, replace(STEADY, words=steadiness), TEST_ACCURACY]
        found = []
        for question in every:
            known = {name: words for name, words in question.words.items() if name in runs and runs[name].notna().any()}
            if known or question in (SPEED, TAIL_LOSS):
                found.append(replace(question, words=known or question.words))
        return found

    @property
    def _metrics(self) -> list[tuple[Question, str]]:
        return [(question, metric) for question in self.questions for metric in question.words]

    @cached_property
    def variants(self) -> list[str]:
        return [str(variant) for variant in self.comparison.runs["variant"].drop_duplicates()]

    @cached_property
    def entrants(self) -> Entrants:
        return entrants_at_best(self.comparison.runs, self.comparison.tuning_seeds)

    @cached_property
    def at_best(self) -> list[tuple[Question, Standing]]:
        metrics = [tuple(question.words) for question in self.questions]
        return [*zip(self.questions, standings_of(self.entrants, self.variants, metrics, self.share), strict=True)]

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
                    for question, metric in self._metrics:
                        every = shown_pairs(entrants, variants, metric).pairs
                        new = {(a, b): finding for (a, b), finding in every.items() if column == "lr" or lrs[a] != lrs[b]}
                        yield f"{words} {texts[value]}", question, Pairwise(metric, new)


def steadiness_words(*, has_points: bool) -> dict[str, str]:
    """Return the measures of steadiness with their words. has_points: whether the runs recorded their points."""
    return {name: _steadiness_text(name) for name in steadiness_measures(has_points=has_points)}


def _steadiness_text(name: str) -> str:
    kind = "relative jitter" if name.startswith("relative") else "jitter"
    return f"{kind} {scale_words(name)}" if scale_words(name) else name.replace("_", " ")


def contrast_frame(question: Question, metric: str, standing: Standing) -> pd.DataFrame:
    """Return the frame of the forest plot, with one row per variant compared with the control by a metric.

    Columns: label, mean, low, high, unit, verdict, n, note. If a pair of runs lacks a value, the verdict depends on the wins,
    and the effect is computed from the pairs that have values. The note then gives the wins and the number of these pairs.
    """
    rows = []
    for one in standing.against_control(metric):
        finding = one.finding
        effect = asdict(question.effect(finding) or replace(NO_EFFECT, unit="ratio"))
        effect["unit"] = effect["unit"].removeprefix("odds ")
        note = "" if finding.n == finding.n_values else _note(finding)
        rows.append({"label": one.label, **effect, "verdict": one.verdict.value, "n": finding.n, "note": note})
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
