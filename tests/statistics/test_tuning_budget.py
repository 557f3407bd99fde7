"""The estimators of the tuning budget: their closed forms against all draws, and what makes a choice unsure."""

from itertools import combinations, product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from zdl_bench.statistics import tuning_budget
from zdl_bench.statistics.evidence import ExperimentRuns, entrants_at_best
from zdl_bench.statistics.tuning import TUNED, at_best_others, choose_lr_of
from zdl_bench.statistics.tuning_budget import ahead_shares, held_out_best, tuning_costs

GRIDS = st.integers(2, 4).flatmap(lambda seeds: st.lists(grids_of(seeds), min_size=1, max_size=3))


def grids_of(seeds):
    return st.integers(1, 4).flatmap(lambda n: arrays(float, (n, seeds), elements=st.integers(1, 50)))


@given(grids_of(3))
def test_the_held_out_loss_is_that_of_all_draws(losses):
    n, seeds = losses.shape
    order = np.arange(n)
    for k, found in enumerate(held_out_best(losses), 1):
        values = []
        for subset, seed in product(combinations(order, k), range(seeds)):
            others = np.delete(losses, seed, axis=1).sum(axis=1)
            values.append(losses[min(subset, key=lambda row: (others[row], row)), seed])
        assert found == pytest.approx(np.mean(values))


@settings(max_examples=40)
@given(GRIDS)
def test_who_is_ahead_is_counted_over_all_draws(grids):
    seeds, most = grids[0].shape[1], max(map(len, grids))
    resamples = np.random.default_rng(0).integers(seeds, size=(tuning_budget.BUDGET_RESAMPLES, seeds))[:3]
    shares = ahead_shares_of_resamples(grids, resamples)
    for k in range(1, most + 1):
        counts = np.zeros(len(grids))
        for resample in resamples:
            draws = [list(combinations(range(len(grid)), min(k, len(grid)))) for grid in grids]
            every = list(product(*draws))
            for drawn in every:
                best = [grid[:, resample].mean(axis=1)[list(rows)].min() for grid, rows in zip(grids, drawn, strict=True)]
                counts[int(np.argmin(best))] += 1 / len(every) / len(resamples)
        assert shares[k - 1] == pytest.approx(counts, abs=1e-9)


def ahead_shares_of_resamples(grids, resamples):
    """Return `ahead_shares` for a few resamples: a grid whose seeds are those of one resample, each counted once."""
    found = []
    for resample in resamples:
        of_means = [grid[:, resample].mean(axis=1, keepdims=True) for grid in grids]
        found.append(ahead_shares(of_means))
    return np.mean(found, axis=0)


@given(GRIDS)
def test_the_shares_of_a_budget_sum_to_one(grids):
    assert ahead_shares(grids).sum(axis=1) == pytest.approx(1)


def test_closed_form_and_simulation_agree():
    rng = np.random.default_rng(5)
    grids = [rng.lognormal(mean, 0.5, size=(n, 3)) for mean, n in ((0.0, 6), (0.2, 4), (0.1, 1))]
    shares = ahead_shares(grids)
    draws = 2_000
    for k in (1, 3, 6):
        counts = np.zeros(3)
        for _ in range(draws):
            seeds = rng.integers(3, size=3)
            best = [grid[np.ix_(rng.permutation(len(grid))[:k], seeds)].mean(axis=1).min() for grid in grids]
            counts[int(np.argmin(best))] += 1
        assert shares[k - 1] == pytest.approx(counts / draws, abs=0.05)  # 200 resamples of the seeds: sd up to 0.035


def test_more_trials_bring_ahead_whoever_hides_a_good_value():
    hidden = np.array([[9.0, 9], [9, 9], [9, 9], [1, 1]])
    steady = np.array([[2.0, 2], [2, 2]])
    assert ahead_shares([steady, hidden])[:, 1] == pytest.approx([0.25, 0.5, 0.75, 1.0])


def rows(variant, losses, evaluations=10.0):
    return pd.DataFrame(
        [
            {
                "variant": variant,
                "lr": lr,
                "seed": seed,
                "tail_loss": loss,
                "start_loss": 8.0,
                "evaluations": evaluations,
                "steps": 10,
            }
            for lr, seeds in losses.items()
            for seed, loss in enumerate(seeds)
        ]
    ).assign(start_loss=8.0, evaluations=evaluations, steps=10)


def test_what_tuning_cost():
    tuned, plain = tuning_costs(
        pd.concat([rows("Adam", {0.1: [1, 2], 1.0: [3, 3], 10.0: [1, np.nan]}), rows("Prodigy", {np.nan: [2, 2]}, 7.0)])
    )
    assert (tuned.trials, tuned.runs, tuned.evaluations, tuned.budget, tuned.has_lr) == (3, 6, 60, 60, True)
    assert tuned.losses.tolist() == [[1, 2], [3, 3], [8, 8]]
    assert tuned.choice.lr == 0.1
    assert tuned.choice.is_ahead_at_edge
    assert (plain.trials, plain.runs, plain.evaluations, plain.budget, plain.was_tuned) == (1, 2, 14, 20, False)
    assert plain.last_gain == 1
    assert not plain.is_unsure


def test_a_choice_within_noise_is_unsure_and_names_the_other():
    [found] = tuning_costs(rows("Adam", {0.1: [1.0, 5.0, 3.0], 1.0: [4.0, 3.0, 2.1], 10.0: [9.0, 9.0, 9.0]}))
    assert found.is_unsure
    assert found.choice.lrs[found.runner_up] == 1.0
    [sure] = tuning_costs(rows("Adam", {0.1: [1.0, 1.0, 1.0], 1.0: [4.0, 3.0, 2.1]}))
    assert not sure.is_unsure
    assert sure.runner_up is None


@pytest.mark.parametrize(("second", "falls"), [(1.0, False), (1.14, False), (1.16, True), (3.0, True)])
def test_a_curve_still_falls_if_the_last_trial_lowered_it(second, falls):
    [found] = tuning_costs(rows("Adam", {0.1: [1.0, 1.0], 1.0: [second] * 2, 10.0: [second] * 2}))
    assert found.last_gain == pytest.approx((2 + second) / 3)
    assert found.still_falls == falls


# Other keys that are chosen with the learning rate.

BETAS = {
    (0.1, "beta1=0.5"): [3.0, 3.0],
    (0.1, "beta1=0.9"): [5.0, 5.0],
    (1.0, "beta1=0.5"): [9.0, 9.0],
    (1.0, "beta1=0.9"): [1.0, 4.0],
}


def beta_runs():
    """Return trials on the seeds 0 and 1, and runs that judge on the seeds 10 and 11 at the best values and at others."""
    trials = [(lr, beta, seed, loss) for (lr, beta), losses in BETAS.items() for seed, loss in enumerate(losses)]
    judging = [(1.0, beta, seed, 2.0) for beta in ("beta1=0.5", "beta1=0.9") for seed in (10, 11)]
    frame = pd.DataFrame(trials + judging, columns=["lr", TUNED, "seed", "tail_loss"])
    return frame.assign(variant="Adam", optimizer="adam", effective_lr=frame["lr"], start_loss=8.0, evaluations=10.0, steps=10)


def test_the_best_is_that_of_all_combinations():
    runs = beta_runs()
    choice = choose_lr_of(runs[runs["seed"] < 10])
    assert (choice.lr, choice.best_others, choice.at_edge, len(choice.lrs)) == (1.0, "beta1=0.9", True, 4)
    assert choice.share == pytest.approx(0.75, abs=0.05)  # all but those resamples that have the second seed twice
    assert sum(choice.candidate_shares) == pytest.approx(1)
    [cost] = tuning_costs(runs[runs["seed"] < 10])
    assert (cost.trials, cost.runs, cost.evaluations) == (4, 8, 80)


def test_an_optimizer_is_judged_at_its_best_values_of_all_tuned_keys():
    side = entrants_at_best(beta_runs(), (0, 1)).sides["Adam"]
    assert side.runs[TUNED].tolist() == ["beta1=0.9"] * 2
    claimed = ExperimentRuns(beta_runs(), (0, 1))._at_best({"optimizer": "adam"})
    assert claimed.runs["seed"].tolist() == [10, 11]
    assert {*claimed.runs[TUNED]} == {"beta1=0.9"}


def test_figures_of_the_learning_rate_show_it_at_the_best_values_of_other_keys():
    runs = beta_runs()
    shown = at_best_others(runs, runs[runs["seed"] < 10])
    assert {*shown[TUNED]} == {"beta1=0.9"}
    plain = runs.drop(columns=TUNED)
    assert at_best_others(plain, plain) is plain


def test_a_rule_without_a_learning_rate_can_be_tuned_in_another_key():
    runs = beta_runs().assign(lr=np.nan).iloc[[0, 1, 2, 3, 8, 10]]
    side = entrants_at_best(runs, (0, 1)).sides["Adam"]
    assert side.choice.lr is None
    assert side.choice.best_others == "beta1=0.5"
    assert {*side.runs[TUNED]} == {"beta1=0.5"}
