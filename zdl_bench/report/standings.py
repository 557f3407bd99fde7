"""Compare the optimizers of a comparison in speed, loss at the end, steadiness and accuracy."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import pandas as pd

from zdl_bench.language import later, translatable, translate
from zdl_bench.report.comparison import Comparison, alike
from zdl_bench.report.limits import FIRST_TEN
from zdl_bench.report.more_seeds import MoreSeeds
from zdl_bench.report.ranking import Entry, shown_variants
from zdl_bench.run.conditions import texts_of
from zdl_bench.statistics.evidence import Entrants, entrants_of
from zdl_bench.statistics.finding import Effect, Finding, exponential
from zdl_bench.statistics.measures import is_regression
from zdl_bench.statistics.metrics.steadiness import scale_words, steadiness_measures
from zdl_bench.statistics.pairwise import Pairwise, shown_pairs
from zdl_bench.statistics.planned_looks import as_looks_decide
from zdl_bench.statistics.sequential import SequentialComparison
from zdl_bench.statistics.standing import Standing, standings_of
from zdl_bench.statistics.verdict import Verdict

STEPS_TO = "steps_to_"
EACH_AT_BEST = later("each at its best lr")
EACH_AS_GIVEN = later("each at its only lr")
SAME_LR, SAME_EFFECTIVE_LR = translatable("same lr {lr}"), translatable("same effective lr {lr}")


@dataclass(frozen=True)
class Question:
    """A question about the optimizers, such as which optimizer is fastest, and the metrics that answer it.

    noun: what the question is about, such as `speed`. better: which values are better, `lower` or `higher`. words: metric →
    the quantity that it measures, in words; a leader has to be ahead by every one. log_unit: if the metrics are logarithms,
    the unit of the exponential of a difference; otherwise empty. Words are texts of `later`.
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
    later("Fastest (mean ln loss over the run)"),
    later("speed"),
    "lower",
    {"log_aulc": later("geometric mean of the loss over the run")},
    "ratio",
)
"""The first question of a page: it is tested before all others."""
TARGETS = Question(later("First to the targets"), later("steps to the targets"), "lower", {})
TAIL_LOSS = Question(later("Lowest loss at the end"), later("loss at the end"), "lower", {"tail_loss": later("tail loss")})
STEADY = Question(later("Steadiest"), later("steadiness"), "lower", {})
"""Its measures depend on whether the runs recorded their points."""
TEST_LOSS = Question(later("Lowest test loss"), later("test loss"), "lower", {"test_loss": later("test loss")})
"""The last question of a regression, which has no accuracy."""
TEST_ACCURACY = Question(
    later("Highest test accuracy"), later("test accuracy"), "higher", {"test_accuracy": later("test accuracy")}, "odds ratio"
)


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
        targets = {
            name: later("steps to a loss of {loss}", loss=name.removeprefix(STEPS_TO))
            for name in runs
            if name.startswith(STEPS_TO)
        }
        steadiness = steadiness_words(has_points=bool(runs.get("axis_crossings", pd.Series(dtype=float)).notna().any()))
        last = TEST_LOSS if is_regression(runs) else TEST_ACCURACY
        every = [SPEED, replace(TARGETS, words=targets), TAIL_LOSS, replace(STEADY, words=steadiness), last]
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

    def shown(self, most: int) -> list[str]:
        """Return the variants that are shown if there is room for `most`."""
        return shown_variants([Entry.of(self.comparison)], most)

    @cached_property
    def compared(self) -> list[str]:
        """The variants, in the order of the plan, whose pairs readers see: all of few, or FIRST_TEN of many."""
        shown = self.shown(FIRST_TEN)
        return [variant for variant in self.variants if variant in shown]

    @property
    def entrants(self) -> Entrants:
        return self.comparison.entrants

    @cached_property
    def at_best(self) -> list[tuple[Question, Standing]]:
        metrics = [tuple(question.words) for question in self.questions]
        standings = standings_of(self.entrants, self.variants, metrics, self.share)
        if self.looks:
            standings[0] = as_looks_decide(standings[0], self.entrants, self.looks, self.comparison.setting)
        return [*zip(self.questions, standings, strict=True)]

    @property
    def ahead(self) -> dict[str, str]:
        """Metric → the variant that is shown to be ahead of every other one by this metric."""
        leaders = [
            (metric, one.by_measure.get(metric, one.leader)) for question, one in self.at_best for metric in question.words
        ]
        return {metric: one.variant for metric, one in leaders if one and one.verdict is Verdict.SUPPORTED}

    @property
    def left_out(self) -> list[str]:
        """For each optimizer that is not compared, a note with the reason."""
        return [translate("left out: {reason}", reason=reason) for reason in self.entrants.reasons.values()]

    @property
    def view(self) -> str:
        """The phrase for the learning rates at which the optimizers are compared."""
        return EACH_AT_BEST if self.comparison.has_lr_choice else EACH_AS_GIVEN

    @cached_property
    def at_same(self) -> list[tuple[str, Question, Pairwise]]:
        """Pairwise comparisons, without verdicts, of the variants that share a learning rate or effective learning rate.

        Only variants in `compared` are compared, and at a shared effective learning rate only pairs whose learning rates
        differ. Each entry consists of a phrase for the shared learning rate, the question, and the comparisons. There are no
        entries if no variant was tried at several learning rates.
        """
        return list(self._at_same()) if self.comparison.has_lr_choice else []

    def _at_same(self) -> Iterator[tuple[str, Question, Pairwise]]:
        judged = self.comparison.judged
        for column, words in (("lr", SAME_LR), ("effective_lr", SAME_EFFECTIVE_LR)):
            values = judged[column] if column == "lr" else alike(judged[column])
            texts = texts_of(values.dropna().unique().tolist())
            for value, members in judged.dropna(subset=column).groupby(values, sort=False):
                is_new = column == "lr" or not (members["lr"] == members[column]).all()
                variants = [variant for variant in self.compared if (members["variant"] == variant).any()]
                if is_new and len(variants) > 1:
                    entrants, lrs = entrants_of(members), members.groupby("variant")["lr"].first()
                    for question, metric in self._metrics:
                        every = shown_pairs(entrants, variants, metric).pairs
                        new = {(a, b): finding for (a, b), finding in every.items() if column == "lr" or lrs[a] != lrs[b]}
                        yield later(words, lr=texts[value]), question, Pairwise(metric, new)


def steadiness_words(*, has_points: bool) -> dict[str, str]:
    """Return the measures of steadiness with their words. has_points: whether the runs recorded their points."""
    return {name: _steadiness_text(name) for name in steadiness_measures(has_points=has_points)}


def _steadiness_text(name: str) -> str:
    scale = scale_words(name)
    if not scale:
        return later("axis crossings") if name == "axis_crossings" else name.replace("_", " ")
    return (
        later("relative jitter {scale}", scale=scale) if name.startswith("relative") else later("jitter {scale}", scale=scale)
    )
