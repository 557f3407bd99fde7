"""The parts of a training step, timed in the training loop itself."""

import time
from collections.abc import Callable, Iterator
from copy import copy
from functools import partial
from typing import Any

from zdl_bench.api.estimate import trial_config
from zdl_bench.kernels.streams import Streams
from zdl_bench.language import translatable
from zdl_bench.problems.mlp import Network
from zdl_bench.problems.problem import Problem
from zdl_bench.registry import registry
from zdl_bench.run.config import RunConfig
from zdl_bench.training.loop import descend

STEP_PARTS = (
    translatable("gather"),
    translatable("forward"),
    translatable("backward"),
    translatable("update"),
    translatable("recording"),
)
"""Parts of a training step. For a problem that is not a network, loss and gradient count as forward. Recording is the rest."""


def time_parts(config: RunConfig, problem: Problem, steps: int) -> dict[str, float]:
    """Return the seconds per step of each part in a trial of `steps` steps."""
    seconds = dict.fromkeys(STEP_PARTS, 0.0)

    def timed(part: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def call_timed(*arguments: Any) -> Any:
            start = time.perf_counter()
            result = call(*arguments)
            seconds[part] += time.perf_counter() - start
            return result

        return call_timed

    def batches(streams: Streams) -> Iterator[Any]:
        draw = timed("gather", partial(next, problem.batches(streams)))
        while True:
            yield draw()

    clocked, optimizer = copy(problem), copy(registry.whole_optimizer(config))
    halves = {"forward": "forward", "backward": "backward"}
    for method, part in (halves if isinstance(problem, Network) else {"loss_and_gradient": "forward"}).items():
        vars(clocked)[method] = timed(part, getattr(clocked, method))
    vars(clocked)["batches"] = batches
    vars(optimizer)["update"] = timed("update", optimizer.update)
    descent = descend(trial_config(config, steps), clocked, optimizer)
    seconds["recording"] = descent.seconds - sum(seconds.values())
    return {part: total / steps for part, total in seconds.items()}
