"""How often a page names a difference between equal optimizers, and how often it finds a true one.

    python tests/benchmarks/page_error.py [PAGES [OPTIMIZERS ...]]

An A/A page holds real runs of SGD on a noisy quadratic. Each run is drawn once from a pool, so no two share a seed, and then
bears another optimizer's name and seed; the product's own `findings_of` reads the page. A page errs if it names anything: a
leader, by whatever measure, or a verdict on a pair. The worlds differ from `real` in what is done to the runs:

- seeds: what the runs of a seed have in common, as common random numbers have, is added to their losses
- skewed: the losses are log-gamma distributed
- lost: a tenth of the runs diverged
- ties: the losses have only four values

PAGES: how many pages two optimizers have in each cell, by default 2,000; five have a quarter, ten a tenth of them.
OPTIMIZERS: the numbers of optimizers to simulate; those that are left out keep their results.
The results are in `zdl_bench/statistics/page_error.json`, from which each page quotes its own error.
"""

import json
import math
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from zdl_bench.plan.app import compose_once
from zdl_bench.plan.command_line import read_command_line
from zdl_bench.plan.resolver import Resolver
from zdl_bench.report.comparison import Comparison, comparisons_of
from zdl_bench.report.standings import Standings
from zdl_bench.report.words.findings import findings_of
from zdl_bench.statistics.proportions import wilson_interval
from zdl_bench.training.loop import train

SEED = 20261130
RUN = ("problem=quadratic", "problem.dimension=4", "problem.gradient_noise=0.3", "optimizer=sgd", "lr=0.1", "steps=200")
POOL = 1000
WORLDS = ("real", "seeds", "skewed", "lost", "ties")
OPTIMIZERS = {2: 1.0, 5: 0.25, 10: 0.1}
"""Number of optimizers → its share of the pages, since large pages take long."""
SEEDS = (6, 10, 20)
LOSSES = ("log_aulc", "tail_loss", "final_train_loss", "best_loss")
OUTPUT = Path(__file__).parents[2] / "zdl_bench" / "statistics" / "page_error.json"


def pool_of_runs() -> pd.DataFrame:
    """Return the frame of POOL real runs, as a report makes it."""
    config = Resolver().run_config(compose_once(read_command_line(RUN)))
    runs = [train(replace(config, seed=seed)) for seed in range(POOL)]
    [comparison] = comparisons_of(runs)
    return comparison.runs


def page(pool: pd.DataFrame, optimizers: int, seeds: int, world: str, rng: np.random.Generator) -> Comparison:
    """Return an A/A page: runs from the pool under the names of several optimizers."""
    size = optimizers * seeds
    rows = pool.iloc[rng.choice(len(pool), size, replace=False)].reset_index(drop=True)
    of_seed = np.tile(np.arange(seeds), optimizers)
    names = np.repeat([f"optimizer{number}" for number in range(optimizers)], seeds)
    rows = rows.assign(seed=of_seed, optimizer=names, variant=names)
    measures = [name for name in rows if name in LOSSES or "jitter" in name or name.startswith("steps_to_")]
    if world == "seeds":
        shared = 0.3 * rng.normal(size=seeds)[of_seed]
        rows = rows.assign(log_aulc=rows["log_aulc"] + shared, tail_loss=rows["tail_loss"] * np.exp(shared))
    if world == "skewed":
        rows = rows.assign(**{name: 0.2 * np.log(rng.gamma(2, size=size)) for name in ("log_aulc",)})
        rows = rows.assign(**{name: rng.gamma(2, size=size) for name in measures if name != "log_aulc"})
    if world == "lost":
        lost = rng.random(size) < 0.1
        rows = rows.assign(
            status=rows["status"].mask(lost, "diverged"),
            learned=rows["learned"] & ~lost,
            **{name: rows[name].mask(lost) for name in measures},
        )
    if world == "ties":
        rows = rows.assign(**{name: rng.integers(1, 5, size=size).astype(float) for name in measures})
    return Comparison("", rows, pd.DataFrame())


def names_anything(comparison: Comparison) -> bool:
    """Return whether a page names a leader, or gives a verdict on a pair."""
    standings = Standings(comparison)
    outcomes = {one.heading.rpartition(": ")[2] for one in findings_of(standings) if ": " in one.heading}
    verdicts = any(one.is_decided for _, standing in standings.at_best for one in standing.verdicts)
    return verdicts or bool(outcomes - {"undecided", "not decidable"})


def cells(pages: int, counts: list[int]) -> Iterator[dict[str, object]]:
    pool = pool_of_runs()
    for optimizers in counts:
        for seeds in SEEDS:
            for world in WORLDS:
                rng = np.random.default_rng([SEED, optimizers, seeds, WORLDS.index(world)])
                n = math.ceil(OPTIMIZERS[optimizers] * pages)
                named = sum(names_anything(page(pool, optimizers, seeds, world, rng)) for _ in range(n))
                low, high = wilson_interval(named, n)
                print(
                    f"{optimizers:3} {seeds:3} {world:8} {named:4} of {n}: {named / n:.3f} [{low:.3f}, {high:.3f}]", flush=True
                )
                yield {"optimizers": optimizers, "seeds": seeds, "world": world, "pages": n, "named": named}


if __name__ == "__main__":
    pages, *of_optimizers = [int(word) for word in sys.argv[1:]] or [2000]
    counts = of_optimizers or list(OPTIMIZERS)
    kept = [cell for cell in json.loads(OUTPUT.read_text()) if cell["optimizers"] not in counts]
    OUTPUT.write_text(json.dumps([*kept, *cells(pages, counts)], indent=0) + "\n")
