"""All pairs judged at once have, bit for bit, the findings of pairs that are judged one by one."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from claim_rows import rows

from zdl_bench.statistics import pairwise
from zdl_bench.statistics.all_pairs import can_be_judged_at_once
from zdl_bench.statistics.claim_part import ClaimPart, Kind, View
from zdl_bench.statistics.evidence import Entrants, entrants_at_best, entrants_of
from zdl_bench.statistics.judge import judge

NAMES = ("sgd", "momentum", "adam", "adagrad", "rmsprop")


def part_of(first: str, second: str, metric: str) -> ClaimPart:
    return ClaimPart(Kind.SUPERIORITY, metric, {"variant": first}, {"variant": second}, View.BEST_LR)


def random_runs(seeds: int, lost: float) -> pd.DataFrame:
    """Runs of five optimizers with random losses, of which a share is lost, and of which the first two seeds tie."""
    rng = np.random.default_rng(seeds)
    losses = np.exp(rng.normal(-1.5, 0.4, (len(NAMES), seeds)))
    losses[:2, :2] = 0.2
    losses[rng.random(losses.shape) < lost] = np.nan
    frames = [rows(name, row) for name, row in zip(NAMES, losses, strict=True)]
    runs = pd.concat(frames, ignore_index=True)
    return runs.assign(variant=runs["optimizer"], jitter_1=runs["tail_loss"].round(1))


def assert_same(entrants: Entrants, metric: str) -> None:
    found = pairwise.tested_pairs(entrants, NAMES, metric)
    for pair in combinations(NAMES, 2):
        assert repr(found.pairs[pair]) == repr(judge(part_of(*pair, metric), entrants)), pair


@pytest.mark.parametrize("metric", ["tail_loss", "log_aulc", "steps_to_0.3", "test_accuracy", "jitter_1"])
@pytest.mark.parametrize(("seeds", "lost"), [(1, 0.0), (2, 0.0), (8, 0.0), (8, 0.3), (10, 1.0), (17, 0.1)])
def test_findings_are_those_of_single_pairs(metric, seeds, lost):
    entrants = entrants_of(random_runs(seeds, lost))
    assert can_be_judged_at_once(list(entrants.sides.values()), part_of("sgd", "adam", metric))
    assert_same(entrants, metric)


def test_notes_on_tuning_are_those_of_single_pairs():
    runs = random_runs(8, 0.0)
    trials = [runs.assign(lr=lr, seed=runs["seed"] + 100, run_id=runs["run_id"] + f"-{lr}") for lr in (0.001, 0.01)]
    entrants = entrants_at_best(
        pd.concat([runs, runs.assign(lr=0.01, run_id=runs["run_id"] + "b"), *trials], ignore_index=True), range(100, 108)
    )
    assert all(side.choice for side in entrants.sides.values())
    assert_same(entrants, "tail_loss")


@pytest.mark.parametrize("metric", ["reached_0.3", "steps_to_0.7"])
def test_what_arrays_cannot_hold_is_judged_pair_by_pair(metric):
    """A measure with two values, one that the runs lack, seeds that differ, and runs that are one run."""
    runs = random_runs(8, 0.0)
    assert not can_be_judged_at_once(list(entrants_of(runs).sides.values()), part_of("sgd", "adam", metric))
    assert_same(entrants_of(runs), metric)
    for others in (runs.iloc[1:], runs.assign(digest=runs["optimizer"])):
        assert not can_be_judged_at_once(list(entrants_of(others).sides.values()), part_of("sgd", "adam", "tail_loss"))
        assert_same(entrants_of(others), "tail_loss")
