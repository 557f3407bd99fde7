"""Say how often a page such as this one names a difference between equal optimizers."""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from zdl_bench.language import translate
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
    simulated = _nearest(optimizers, seeds)
    pages, named = sum(one.pages for one in simulated), sum(one.named for one in simulated)
    low, high = wilson_interval(named, pages)
    return translate(
        "All tests of this page together name a difference between equal optimizers in at most 5 % of cases. Of {pages:,} "
        "simulated pages of {optimizers} equal optimizers with {seeds} seeds, {share} named one (docs/statistics.md).",
        pages=pages,
        optimizers=simulated[0].optimizers,
        seeds=simulated[0].seeds,
        share=f"{percent(named / pages, 1)} [{percent(low, 1)}, {percent(high, 1)}]",
    )


def _nearest(optimizers: int, seeds: int) -> list[SimulatedPages]:
    """Return the simulations, one per kind of runs, whose numbers of optimizers and seeds are nearest."""
    every = [SimulatedPages(**cell) for cell in json.loads(SIMULATED.read_text())]
    nearest = min(every, key=lambda one: (abs(math.log(one.optimizers / optimizers)), abs(math.log(one.seeds / seeds))))
    return [one for one in every if (one.optimizers, one.seeds) == (nearest.optimizers, nearest.seeds)]
