"""Say how often a page such as this one names a difference between equal optimizers."""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from zdl_bench.report.standings import Standings
from zdl_bench.run.conditions import percent
from zdl_bench.statistics.inference import MIN_SEEDS
from zdl_bench.statistics.proportions import wilson_interval

SIMULATED = Path(__file__).parents[2] / "statistics" / "page_error.json"
"""Written by tests/benchmarks/page_error.py."""


class SimulatedPages(NamedTuple):
    """How many of the simulated pages of equal optimizers named anything. world: what kind of runs they had."""

    optimizers: int
    seeds: int
    world: str
    pages: int
    named: int


def page_error_text(every: Sequence[Standings]) -> str:
    """Return the sentence on the error of a page, from the simulation nearest to it; empty if the page tests nothing."""
    tested = [
        one for one in every if one.share and len(one.variants) > 1 and one.comparison.judged["seed"].nunique() >= MIN_SEEDS
    ]
    if not tested:
        return ""
    optimizers = max(len(one.variants) for one in tested)
    seeds = min(one.comparison.judged["seed"].nunique() for one in tested)
    worst = _worst_of(optimizers, seeds)
    low, high = wilson_interval(worst.named, worst.pages)
    rate = f"{percent(worst.named / worst.pages, 1)} [{percent(low, 1)}, {percent(high, 1)}]"
    return (
        "All tests of this page together name a difference between equal optimizers in at most 5 % of cases. Of "
        f"{worst.pages:,} simulated pages of {worst.optimizers} equal optimizers with {worst.seeds} seeds, {rate} named one "
        "(the worst of five kinds of runs)."
    )


def _worst_of(optimizers: int, seeds: int) -> SimulatedPages:
    """Return the worst of the simulations whose numbers of optimizers and seeds are nearest."""
    every = [SimulatedPages(**cell) for cell in json.loads(SIMULATED.read_text())]
    nearest = min(every, key=lambda one: (abs(math.log(one.optimizers / optimizers)), abs(math.log(one.seeds / seeds))))
    near = [one for one in every if (one.optimizers, one.seeds) == (nearest.optimizers, nearest.seeds)]
    return max(near, key=lambda one: one.named / one.pages)
