"""Whatever a sweep was, its page says so, or there is one clear error: no traceback, no empty figure, no silent mean."""

import html
import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from conftest import digits_config, part, quadratic_config, trained_by
from test_report import store_of, unlucky

from zdl_bench.errors import StoreError
from zdl_bench.report.build import build_report
from zdl_bench.report.freshness import intact_runs, is_built_from, page_path
from zdl_bench.run.config import ENGINE_VERSION, Choice
from zdl_bench.run.run import Run, Status
from zdl_bench.training.loop import train


def diverging(name: str = "sgd", seed: int = 0) -> Run:
    return train(digits_config(name, lr=1e30, seed=seed))


def on_other_data(run: Run) -> Run:
    """A run as it would be stored of another data set."""
    data = Choice("mnist", {"checksum": "0" * 64, "validation_size": 10_000})
    return replace(run, config=replace(run.config, dataset=data))


def with_checksum(run: Run, checksum: str) -> Run:
    assert run.config.dataset
    values = {**run.config.dataset.values, "checksum": checksum}
    return replace(run, config=replace(run.config, dataset=Choice("digits", values)))


def renamed(run: Run, name: str) -> Run:
    return replace(run, config=replace(run.config, optimizer=Choice(name, {})))


def made_by(run: Run, **environment: str) -> Run:
    return replace(run, environment={**run.environment, **environment})


CASES: dict[str, tuple[Callable[[], list[Run]], list[str]]] = {
    "one run": (lambda: [train(digits_config())], ["One run: there is nothing to compare it with.", "1 seed"]),
    "one seed": (
        lambda: [train(digits_config(name, lr=0.01)) for name in ("sgd", "adam")],
        ["Fastest (mean ln loss over the run): undecided", "1 seed, and this page needs 6"],
    ),
    "only failures": (
        lambda: [unlucky(digits_config(seed=seed)) for seed in (0, 1)],
        ["No run completed: every one failed", "MemoryError: no memory", "2 failed of 2, 100 % [34 %, 100 %]"],
    ),
    "all diverged": (
        lambda: [diverging(name, seed) for name in ("sgd", "adam") for seed in (0, 1)],
        ["No run completed: every one diverged", "not finite at step", "2 diverged of 2, 100 % [34 %, 100 %]"],
    ),
    "some diverged": (
        lambda: [
            *(train(digits_config("adam", lr=0.01, seed=seed)) for seed in range(3)),
            *(diverging(seed=seed) for seed in range(3)),
        ],
        ["Of 6 runs: 3 diverged.", "SGD, lr 1e+30: 3 diverged of 3, 100 % [44 %, 100 %]"],
    ),
    "timed out": (
        lambda: [train(digits_config(seed=0)), Run(digits_config(seed=1), Status.TIMED_OUT)],
        ["1 timed out", "timed out of 2"],
    ),
    "mixed problems": (
        lambda: [train(digits_config()), train(quadratic_config())],
        ["2 problems (mlp and quadratic)", "2 comparisons, each with figures and tables of its own"],
    ),
    "mixed data sets": (
        lambda: [train(digits_config()), on_other_data(train(digits_config()))],
        ["2 data sets (digits and mnist)", "2 comparisons, each with figures and tables of its own"],
    ),
    "metrics that are undefined": (
        lambda: [train(saddle_config(name, seed)) for name in ("sgd", "adam") for seed in range(6)],
        ["Fastest (mean ln loss over the run): not decidable", "no run has a value"],
    ),
    "different commits": (
        lambda: [made_by(train(digits_config(seed=seed)), commit=commit) for seed, commit in enumerate(("aaa", "bbb"))],
        ["made by 2 versions of zdl_bench", "aaa", "bbb", "of the same engine"],
    ),
    "different processors": (
        lambda: [made_by(train(digits_config(seed=seed)), cpu=name) for seed, name in enumerate(("Zen", "Haswell"))],
        ["Zen (1 run)"],
    ),
    "another engine": (
        lambda: [trained_by(0, digits_config(name, seed=seed)) for name in ("sgd", "adam") for seed in (0, 1)],
        [f"These are runs of engine 0, but this program has engine {ENGINE_VERSION}: their numbers cannot be compared"],
    ),
    "deterministic runs": (
        lambda: [train(quadratic_config(name, seed=seed)) for name in ("sgd", "momentum") for seed in range(3)],
        ["Some of these runs are deterministic", "exact: deterministic runs, no p", "the path says more"],
    ),
    "learning rates that agree in six digits": (
        lambda: [
            train(digits_config(name, lr=lr))
            for name, lrs in (("sgd", (0.01, 0.02)), ("adam", (0.01 * (1 + 1.5e-8), 0.02)))
            for lr in lrs
        ],
        ["same lr 0.02"],  # two values are no shared learning rate, however alike they read
    ),
    "variants that read alike": (
        lambda: [train(digits_config(optimizer=part("optimizer", "adam", beta2=beta2))) for beta2 in (0.999, 0.9990001)],
        ["Adam beta2=0.999", "Adam beta2=0.9990001"],
    ),
    "one data set of two checksums": (
        lambda: [train(digits_config(lr=0.01)), with_checksum(train(digits_config(lr=0.01)), "f" * 64)],
        ["dataset.checksum=ffffffffffff…"],
    ),
    "names that are markup": (
        lambda: [renamed(train(digits_config(lr=0.01)), name) for name in ("<b>'\"&", "=1+1", "a$b$", "_x", "ü %s {0}")],
        ["<b>'\"&", "=1+1", "a$b$", "_x", "ü %s {0}"],
    ),
    "unequal budgets": (
        lambda: [train(digits_config("sgd", lr=lr)) for lr in (0.001, 0.01)] + [train(digits_config("adam"))],
        ["Fastest (mean ln loss over the run): not decidable", "the learning rates were chosen on the seeds that judge"],
    ),
    "no learning rate without a lost run": (
        lambda: [
            *(train(digits_config("adam", lr=lr, seed=seed)) for lr in (0.001, 0.01) for seed in (0, 1)),
            *(train(digits_config("sgd", lr=lr, seed=0)) for lr in (0.001, 0.01)),
            *(train(digits_config("sgd", lr=lr, seed=1)) for lr in (1e30, 1e29)),
        ],
        ["no learning rate has a value on every seed"],
    ),
}


def saddle_config(name: str, seed: int):
    return replace(quadratic_config(name, lr=0.05, seed=seed, steps=100), problem=part("problem", "saddle", gradient_noise=0.1))


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_the_page_says_so(tmp_path, digits, case):
    make, expected = CASES[case]
    runs = make()
    store, manifest = store_of(tmp_path, runs)
    page = build_report(store, manifest, ("png",)).read_text()
    text = html.unescape(
        re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", page[: page.index("<script")] + page[page.index("</script>") :]))
    )
    for words in expected:
        assert words in text, words
    cells = re.findall(r"<(?:td|th|li|p)[^>]*>([^<]*)<", page)
    assert not [cell for cell in cells if re.search(r"\bnan\b", cell)]


def test_a_sweep_without_runs_is_one_clear_error(tmp_path):
    store, manifest = store_of(tmp_path, [])
    with pytest.raises(StoreError, match="no run of sweep is stored; run the sweep again: the command"):
        build_report(store, manifest, ("png",))


@pytest.mark.slow
def test_a_report_on_another_engine_says_so_once_and_stays_current(tmp_path, digits, command):
    store, manifest = store_of(tmp_path, [trained_by(0, digits_config(seed=seed)) for seed in (0, 1)])
    for _ in range(2):
        outcome = command("report", "--results", str(store.root))
        assert outcome.status == 0, outcome.err
        [line] = outcome.err.splitlines()
        assert line.startswith(f"These are runs of engine 0, but this program has engine {ENGINE_VERSION}: ")
        assert line.endswith("run the command of the sweep again to make them anew: the command")
        page = page_path(store, manifest)
        assert page.read_text().count("These are runs of engine 0") == 1
    assert is_built_from(intact_runs(store, manifest).checksums, store, store.read_manifest("sweep"), ("png",))
