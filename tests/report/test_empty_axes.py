"""Axes of which nothing can be chosen, trained or tested, and what their finding and the page say."""

import pytest
from conftest import quadratic_config

from zdl_bench.report.build import report_files
from zdl_bench.report.comparison import comparisons_of
from zdl_bench.report.conclusions import conclusions_of, judged_page
from zdl_bench.report.words.axes import about_axis
from zdl_bench.store.manifest import Manifest
from zdl_bench.training.loop import train


def trained(*names, lrs=(0.1,), seeds=(0,), steps=(10, 20), **keys):
    return [
        train(quadratic_config(name, lr=lr, seed=seed, steps=count, **keys))
        for name in names
        for lr in lrs
        for count in steps
        for seed in seeds
    ]


def manifest_of(runs, **about) -> Manifest:
    return Manifest("sweep", "", "command", [], [run.run_id for run in runs], "2026-01-01T00:00:00+00:00", **about)


@pytest.mark.slow
def test_an_axis_without_a_chosen_learning_rate_has_a_finding_and_a_page():
    runs = trained("sgd", "adam", lrs=(1e30, 1e31), seeds=range(2))
    assert conclusions_of(manifest_of(runs), runs)["Influence of steps"]
    assert "Influence of steps" in report_files(manifest_of(runs), runs, ["png"])["report.html"].decode()


@pytest.mark.slow
def test_an_axis_of_which_only_tuning_seeds_have_run_has_a_finding_and_a_page():
    runs = trained("sgd", "adam", lrs=(0.1, 0.01), seeds=(100, 101))
    manifest = manifest_of(runs, tuning_seeds=[100, 101])
    assert conclusions_of(manifest, runs)["Influence of steps"]
    assert report_files(manifest, runs, ["png"])["report.html"]


def test_what_is_exact_is_shown_even_if_too_few_seeds_test_the_rest():
    runs = [
        run
        for noise in (0.0, 0.1)
        for run in trained("sgd", "momentum", seeds=range(3), problem={"dimension": 4, "gradient_noise": noise})
    ]
    tests, _ = judged_page(manifest_of(runs), comparisons_of(runs))
    [steps] = [about_axis(*one) for one in tests.axes if one[0].axis.key == "steps"]
    assert steps.heading.startswith("Influence of steps: it matters")
    assert "Not tested where runs are random: 3 seeds, and this page needs" in steps.sentence
    assert steps.sentence.startswith("It matters for the ")


def test_where_nothing_is_exact_too_few_seeds_test_nothing():
    runs = trained("sgd", "momentum", seeds=range(3), problem={"dimension": 4, "gradient_noise": 0.1})
    tests, _ = judged_page(manifest_of(runs), comparisons_of(runs))
    [steps] = [about_axis(*one) for one in tests.axes]
    assert steps.heading == "Influence of steps: not tested"
    assert steps.sentence.startswith("Not tested: 3 seeds, and this page needs")
