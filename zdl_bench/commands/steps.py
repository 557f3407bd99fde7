"""The parts of a training step, timed one by one."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from zdl_bench.problems.mlp import Network
from zdl_bench.problems.problem import Problem
from zdl_bench.registry import registry
from zdl_bench.run.config import RunConfig
from zdl_bench.run.run import Floats
from zdl_bench.training.loop import streams_of
from zdl_bench.training.probes import Prober

PARTS = ("gather", "forward", "backward", "update", "recording")
"""A function has no forward and backward: its loss and gradient count as forward."""


def timed_parts(config: RunConfig, problem: Problem, steps: int) -> dict[str, float]:
    """Seconds per step of each part, in a descent like that of a run, the probes themselves left out."""
    streams, optimizer, schedule = streams_of(config), registry.optimizer(config.optimizer), registry.schedule(config.schedule)
    base_lr = 1.0 if config.lr is None else config.lr
    params = problem.init(streams.weights)
    grad, losses = np.empty_like(params), np.empty(steps)
    state = optimizer.init(params, problem.layout, base_lr)
    batches = problem.batches(streams)
    prober = Prober(problem, params, config.steps, config.probe_count)
    forward, backward = _halves(problem)
    ends = np.empty((steps, len(PARTS) + 1))
    clock = time.perf_counter
    for step in range(1, steps + 1):
        now = ends[step - 1]
        now[0] = clock()
        batch = next(batches)
        now[1] = clock()
        loss = forward(params, batch, grad)
        now[2] = clock()
        backward(params, batch, grad)
        now[3] = clock()
        optimizer.update(params, grad, state, base_lr * schedule.factor(step, steps), step)
        now[4] = clock()
        losses[step - 1] = loss
        prober.remember(step, params, grad)
        prober.end_step()
        now[5] = clock()
    return dict(zip(PARTS, np.diff(ends, axis=1).mean(axis=0).tolist(), strict=True))


def _halves(
    problem: Problem,
) -> tuple[Callable[[Floats, Any, Floats], float], Callable[[Floats, Any, Floats], None]]:
    if isinstance(problem, Network):
        return lambda params, batch, _: problem.forward(params, batch), lambda _, batch, grad: problem.backward(batch, grad)
    return problem.loss_and_gradient, lambda *_: None
