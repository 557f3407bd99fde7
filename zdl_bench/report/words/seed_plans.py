"""Say in words how many seeds an undecided comparison needs, what they cost, and which command trains them."""

import math

import numpy as np

from zdl_bench.report.more_seeds import MoreSeeds
from zdl_bench.report.phrases import count_of
from zdl_bench.report.standings import Question
from zdl_bench.run.conditions import percent
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
    """Return what an undecided comparison can find and what it needs, and the command for the next step.

    There are no lines if the runs are deterministic, or if the question is not about a ratio. level: the significance level
    at which the page tests the comparison, two-sided. more: of the sweep.
    """
    effect = question.effect(finding)
    unit = effect.unit if effect else ""
    if finding.is_exact or finding.reason or unit not in ("ratio", "odds ratio"):
        return []
    if finding.n_values < finding.n:
        return ["no seeds are planned, because some runs have no value and wins decide"]
    n, fewest, spread = finding.n, fewest_seeds(level), Spread.of(np.array(finding.differences))
    needs = {ratio: seeds_for(ratio, spread, level) for ratio in PLANNED_RATIOS} if spread.is_known else {}
    further = [seeds for seeds in needs.values() if seeds is not None and seeds > n] or [fewest] * (n < fewest)
    if n < fewest:
        power = f"{count_of(n, 'seed')} cannot decide this, {fewest} are the fewest that can"
    elif needs:
        power = f"{n} seeds find {_a_ratio(unit, smallest_ratio(n, spread, level))} in {percent(POWER)} of cases"
    else:  # all differences are equal
        return []
    line = "; ".join([power, ", ".join(_need_text(ratio, seeds, n, more) for ratio, seeds in needs.items())]).removesuffix("; ")
    command = more.command_for(min(further)) if further else ""
    return [line, f"{min(further)} seeds: {command}"] if command else [line]


def _a_ratio(unit: str, ratio: float) -> str:
    if math.isinf(ratio):
        return f"no {unit}"
    return f"{'an' if unit[0] == 'o' else 'a'} {unit} of {ratio_text(ratio)}"


def _need_text(ratio: float, seeds: int | None, n: int, more: MoreSeeds) -> str:
    if seeds is None:
        return f"{ratio:g} needs more than {MAX_PLANNED_SEEDS:,} seeds"
    return f"{ratio:g} needs {seeds} seeds" + (f" ({more.cost_text(seeds)})" if seeds > n else "")
