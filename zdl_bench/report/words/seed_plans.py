"""Say in words how many seeds an undecided comparison needs, what they cost, and which word of a command trains them."""

import math

import numpy as np

from zdl_bench.language import translatable, translate, translate_list
from zdl_bench.report.more_seeds import MoreSeeds
from zdl_bench.report.phrases import join_notes
from zdl_bench.report.standings import Question
from zdl_bench.run.conditions import percent
from zdl_bench.run.counts import count_of
from zdl_bench.statistics.finding import Finding
from zdl_bench.statistics.seed_plan import (
    MAX_PLANNED_SEEDS,
    PLANNED_RATIOS,
    POWER,
    Spread,
    fewest_seeds,
    ratio_text,
    seeds_for,
    smallest_ratio,
)


def seed_plan_lines(question: Question, finding: Finding, level: float, more: MoreSeeds) -> list[str]:
    """Return what an undecided comparison can find and what it needs, and the seeds of the next step as a word of its command.

    There are no lines if the runs are deterministic, or if the question is not about a ratio. level: the significance level
    at which the page tests the comparison, two-sided. more: of the sweep.
    """
    effect = question.effect(finding)
    unit = effect.unit if effect else ""
    if finding.is_exact or finding.reason or unit not in ("ratio", "odds ratio"):
        return []
    if finding.n_values < finding.n:
        return [translate("no seeds are planned, because some runs have no value and wins decide")]
    n, fewest, spread = finding.n, fewest_seeds(level), Spread.of(np.array(finding.differences))
    needs = {ratio: seeds_for(ratio, spread, level) for ratio in PLANNED_RATIOS} if spread.is_known else {}
    further = [seeds for seeds in needs.values() if seeds is not None and seeds > n] or [fewest] * (n < fewest)
    if n < fewest:
        power = translate(
            "{seeds} cannot decide this, {fewest} are the fewest that can", seeds=count_of(n, "seed"), fewest=fewest
        )
    elif needs:
        power = _power_text(unit, smallest_ratio(n, spread, level), n)
    else:  # all differences are equal
        return []
    line = join_notes(power, translate_list(_need_text(ratio, seeds, n, more) for ratio, seeds in needs.items()))
    has_command = bool(further) and more.command_for(min(further)) != ""
    return [line, f"{count_of(min(further), 'seed')}: {more.word_for(min(further))}"] if has_command else [line]


def _power_text(unit: str, ratio: float, n: int) -> str:
    """Return which ratio n seeds find. ratio: the smallest one, which is infinite if they find none, however large."""
    if math.isinf(ratio):
        text = translatable("no {unit} is so large that {count} seeds find it in {share} of cases")
        return translate(text, unit=translate(unit), count=n, share=percent(POWER))
    text = translatable("an odds ratio of {ratio}") if unit == "odds ratio" else translatable("a ratio of {ratio}")
    found = translate(text, ratio=ratio_text(ratio))
    return translate("{count} seeds find {ratio} in {share} of cases", count=n, ratio=found, share=percent(POWER))


def _need_text(ratio: float, seeds: int | None, n: int, more: MoreSeeds) -> str:
    if seeds is None:
        return translate("{ratio:g} needs more than {count:,} seeds", ratio=ratio, count=MAX_PLANNED_SEEDS)
    if seeds <= n:
        return translate("{ratio:g} needs {count} seeds", ratio=ratio, count=seeds)
    return translate("{ratio:g} needs {count} seeds ({cost})", ratio=ratio, count=seeds, cost=more.cost_text(seeds))
