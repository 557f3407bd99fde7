"""Evaluations of the gradient: what a rule may ask for, how it is counted and stored, and as the axis of a report."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from conftest import digits_config, quadratic_config

from zdl_bench.commands.comparison import Agreement, compare_runs
from zdl_bench.errors import ConfigError
from zdl_bench.optimizers.optimizer import Optimizer, State
from zdl_bench.report.comparison import comparisons_of
from zdl_bench.report.figures.catalogue import FIGURE_NAMES, comparison_figures
from zdl_bench.report.figures.style import house_style
from zdl_bench.run.run import Run, Status
from zdl_bench.store.encoding import decode, encode
from zdl_bench.store.frames import frames_of
from zdl_bench.training.loop import descend, problem_of, train


@dataclass(frozen=True)
class LookingAhead(Optimizer):
    """w ← w − lr·∇L(w − lr·∇L(w)), every `period` steps; w ← w − lr·∇L(w) in between."""

    period: int = 1

    def init(self, params, step):
        return State(scalars={"loss_ahead": 0.0})

    def update(self, params, grad, state, step):
        if step.number % self.period == 0:
            state.scalars["loss_ahead"], grad = step.at(params - step.lr * grad)
        params -= step.lr * grad


def run_of(config, rule) -> Run:
    """Return the run of a rule that no YAML names."""
    descent = descend(config, problem_of(config), rule)
    return Run(config, descent.status, descent.curve, train_seconds=descent.seconds)


@pytest.mark.parametrize("config", [quadratic_config(steps=7), digits_config(steps=7)], ids=["quadratic", "network"])
def test_a_second_gradient_is_counted(config):
    for period, expected in ((1, [2, 4, 6, 8, 10, 12, 14]), (3, [1, 2, 4, 5, 6, 8, 9])):
        assert run_of(config, LookingAhead(period)).curve.evaluations.tolist() == expected
    assert run_of(config, LookingAhead(100)).curve.evaluations is None
    assert train(config).curve.evaluations is None


def test_it_is_the_gradient_of_the_same_batch():
    """For a quadratic function, a step from w with the gradient at w − lr·g is known in closed form."""
    config = quadratic_config(steps=1, problem={"gradient_noise": 0.5})
    plain, ahead = (run_of(config, rule).curve.points for rule in (LookingAhead(100), LookingAhead(1)))
    at_start, at_next = (problem_of(config)._spec.gradient(point) for point in plain)
    assert ahead[1] - plain[1] == pytest.approx(config.lr * (at_start - at_next))


def test_the_gradient_at_the_point_itself_is_that_of_the_step(monkeypatch):
    """Asking for it changes neither the gradient of the step nor what follows."""

    @dataclass(frozen=True)
    class Asking(LookingAhead):
        def update(self, params, grad, state, step):
            before = grad.copy()
            loss, again = step.at(params.astype(np.float64))  # any dtype, contiguous or not
            assert loss == step.loss
            assert again is not grad
            assert again.dtype == grad.dtype
            assert np.array_equal(again, before)
            assert np.array_equal(grad, before)
            params -= params.dtype.type(step.lr) * grad

    for config in (quadratic_config(), digits_config()):
        asked, plain = run_of(config, Asking()), train(config)
        assert np.array_equal(asked.curve.train_loss, plain.curve.train_loss)


def test_there_is_no_gradient_before_the_first_step():
    @dataclass(frozen=True)
    class Early(LookingAhead):
        def init(self, params, step):
            assert (step.number, step.planned, step.lr) == (0, 50, 0.1)
            step.at(params)

    with pytest.raises(ConfigError, match="before the first step"):
        run_of(quadratic_config(), Early())


def test_the_rule_is_told_the_scale_of_the_gradient():
    told = []

    @dataclass(frozen=True)
    class Told(LookingAhead):
        def update(self, params, grad, state, step):
            told.append(step.gradient_scale)

    config = digits_config(steps=1)
    mean = replace(config, problem=replace(config.problem, values={**config.problem.values, "loss_reduction": "mean"}))
    for one in (config, mean, quadratic_config(steps=1)):
        run_of(one, Told())
    assert told == [20, 1, 1]


def test_numbers_of_the_rule_move_no_other():
    @dataclass(frozen=True)
    class Noisy(LookingAhead):
        def update(self, params, grad, state, step):
            params -= params.dtype.type(0) * step.rng.standard_normal(len(params)).astype(params.dtype)

    @dataclass(frozen=True)
    class Still(LookingAhead):
        def update(self, params, grad, state, step):
            pass

    for rng in ("spawned", "legacy"):
        noisy, still = (run_of(digits_config(rng=rng), rule).curve.train_loss for rule in (Noisy(), Still()))
        assert np.array_equal(noisy, still)


@pytest.mark.parametrize("period", [1, 3, 7, 100])
def test_evaluations_come_back_from_the_store(period):
    run = run_of(quadratic_config(steps=20), LookingAhead(period))
    back = decode(encode(run))
    assert (back.curve.evaluations is None) is (period == 100)
    steps = np.arange(21)
    assert np.array_equal(back.curve.evaluations_after(steps), run.curve.evaluations_after(steps))
    assert compare_runs(back, run).agreement is Agreement.SAME_BITS
    if period < 100:
        other = replace(run, curve=replace(run.curve, evaluations=None))
        assert compare_runs(back, other).first_difference == period


def test_frames_and_targets_count_evaluations():
    config = quadratic_config(steps=40, lr=0.05)
    plain, ahead = (frames_of([run_of(config, LookingAhead(period))]) for period in (100, 1))
    assert (plain.runs["evaluations"].item(), ahead.runs["evaluations"].item()) == (40, 80)
    assert np.array_equal(ahead.probes["evaluations"], 2 * ahead.probes["step"])
    targets = [name for name in ahead.runs if name.startswith("evaluations_to_")]
    assert targets
    for name in targets:
        steps = name.replace("evaluations", "steps")
        assert ahead.runs[name].item() == pytest.approx(2 * ahead.runs[steps].item(), nan_ok=True)
        assert plain.runs[name].item() == pytest.approx(plain.runs[steps].item(), nan_ok=True)


@pytest.mark.slow
def test_a_report_has_the_axis_if_it_differs_from_steps():
    runs = [run_of(quadratic_config(name, lr=lr), LookingAhead(1)) for name in ("sgd", "adam") for lr in (0.05, 0.1)]
    assert {run.status for run in runs} == {Status.COMPLETED}
    with house_style():
        found = {figure.name for figure in comparison_figures(comparisons_of(runs)[0])}
        plain = {figure.name for figure in comparison_figures(comparisons_of([train(run.config) for run in runs])[0])}
    assert found - plain >= {"loss_over_evaluations", "loss_over_evaluations_at_best_lr", "targets_reached_over_evaluations"}
    assert not plain - found
    assert found <= {*FIGURE_NAMES}, "each can be drawn by the name of its file"
