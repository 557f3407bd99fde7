"""A plateau against a narrow valley, equal at their best: tuning seeds keep the error of a verdict at 5 %."""

import numpy as np
import pandas as pd
import pytest
from benchmarks.choice_calibration import CASES, LRS, SEEDS, best_place, rates_of
from claim_rows import rows

from zdl_bench.statistics.evidence import entrants_at_best
from zdl_bench.statistics.inference import sign_flip_p
from zdl_bench.statistics.standing import standings_of
from zdl_bench.statistics.verdict import Verdict

WORST = max(CASES, key=lambda case: case.plateau_noise - case.valley_noise)
HARDEST_TO_TUNE = max(CASES, key=lambda case: case.valley_noise / case.step)


@pytest.mark.parametrize("case", [WORST, HARDEST_TO_TUNE], ids=["worst", "hardest to tune"])
def test_with_tuning_seeds_a_verdict_on_the_chosen_errs_in_5_percent(case):
    assert rates_of(case, tuning_seeds=3, samples=1500).errs <= 0.05 + 3 * 0.0056  # three standard errors of 1,500 samples


def test_without_tuning_seeds_it_errs_more_often():
    assert rates_of(WORST, tuning_seeds=0, samples=1500).errs > 0.1


def test_a_bottom_that_tuning_seeds_miss_is_a_difference_that_is_found():
    """Such a verdict is true of the two learning rates, and not of the two optimizers at their best."""
    found = rates_of(HARDEST_TO_TUNE, tuning_seeds=3, samples=1500)
    assert found.misses > 0.4
    assert found.finds > 0.15


def test_the_comparison_of_a_page_is_the_simulated_one():
    """From the data frame of the runs to the leader: the same choice, and the same p."""
    rng = np.random.default_rng(1)
    for _ in range(5):
        trials, judging = HARDEST_TO_TUNE.losses(rng, 3), HARDEST_TO_TUNE.losses(rng, SEEDS)
        frames = [
            rows(name, np.exp(losses[place]), lr=0.1 * (place + 1), first_seed=first)
            for first, both in ((100, trials), (0, judging))
            for name, losses in zip(("plateau", "valley"), both, strict=True)
            for place in range(LRS)
        ]
        runs = pd.concat(frames, ignore_index=True)
        runs = runs.assign(variant=runs["optimizer"])
        [found] = standings_of(entrants_at_best(runs, range(100, 103)), ["plateau", "valley"], [["tail_loss"]])
        leader = found.leader
        plateau, valley = (losses[best_place(tried)] for losses, tried in zip(judging, trials, strict=True))
        assert leader.p == pytest.approx(min(1, sign_flip_p(plateau - valley) / 0.9)), "nine tenths of the error"
        assert leader.variant == ("plateau" if plateau.mean() < valley.mean() else "valley")
        untuned = entrants_at_best(runs[runs["seed"] < 100], ())
        [found] = standings_of(untuned, ["plateau", "valley"], [["tail_loss"]])
        assert found.leader.verdict is Verdict.NOT_DECIDABLE
