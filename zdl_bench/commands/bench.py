"""`bench`: measure this machine, and time the parts of a training step."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np
import threadpoolctl
from rich.table import Table

from zdl_bench.commands.machine import memory_bandwidth, product_rate, warnings_of
from zdl_bench.commands.notices import announce_data_sets, announce_passed_over
from zdl_bench.commands.steps import STEP_PARTS, Products, limit_of, time_parts
from zdl_bench.commands.terminal import console_for
from zdl_bench.errors import ConfigError, display
from zdl_bench.kernels.choice import loops_for, require_wanted
from zdl_bench.plan.app import run_hydra
from zdl_bench.plan.command_line import MULTIRUN, read_command_line
from zdl_bench.plan.resolver import Resolver
from zdl_bench.problems.problem import Problem
from zdl_bench.registry.conf_files import names
from zdl_bench.run.conditions import condition_keys, percent, short
from zdl_bench.run.config import RunConfig
from zdl_bench.run.environment import describe_environment
from zdl_bench.training.loop import problem_of, train

ROUNDS = 5
ROUND_STEPS = 200
"""Steps of a round: enough that the clock's resolution is negligible, few enough that the machine's state hardly changes."""
KEYS_WITHOUT_COST = ("lr", "seed")
"""Keys that do not affect the time of a step."""
GROUPS_OF_PRODUCTS = ("problem", "dataset", "dtype")
"""Groups of keys that change the matrix products."""


@dataclass(frozen=True)
class Timing:
    """The times of one config, as medians over the rounds.

    parts: part of a step → seconds. share: the share of a step's time that its matrix products take, NaN for a step without
    matrix products. wall: seconds of a whole run. evaluation: the share of `wall` that is spent outside the steps.
    """

    config: RunConfig
    parts: Mapping[str, float]
    share: float
    wall: float
    evaluation: float

    @property
    def step(self) -> float:
        return sum(self.parts.values())


class BenchCommand:
    """The command that times the configs of its jobs and stores nothing."""

    def __init__(self) -> None:
        self._configs: tuple[RunConfig, ...] = ()

    def run_batch(self, jobs: Iterable[Mapping[str, Any]]) -> list[float]:
        """Collect the configs of the jobs. Return NaN for each job, because no loss is computed."""
        resolver = Resolver()
        require_wanted()
        configs = [resolver.run_config(job) for job in jobs]
        if not configs:
            raise ConfigError("there is nothing to time, because a list or range is empty; give at least one value")
        announce_data_sets(resolver.data_sets)
        announce_passed_over(resolver.decode_data())
        self._configs = _distinct((*self._configs, *configs), lambda key: key not in KEYS_WITHOUT_COST)
        return [float("nan")] * len(configs)

    def finish(self) -> int:
        with threadpoolctl.threadpool_limits(1), np.errstate(all="ignore"):
            print_machine(self._configs)
            print_timings(time_configs(self._configs))
        return 0


def time_configs(configs: Sequence[RunConfig]) -> list[Timing]:
    """Time all configs in turn in each round, so that changes of the machine's state affect all of them alike."""
    subjects = [(config, problem, limit_of(problem)) for config, problem in zip(configs, map(problem_of, configs), strict=True)]
    rounds = [[_time_round(*subject) for subject in subjects] for _ in range(ROUNDS + 1)]
    times = zip(*rounds[1:], strict=True)  # the first round warms up
    return [_timing(config, results) for config, results in zip(configs, times, strict=True)]


def _time_round(config: RunConfig, problem: Problem, limit: Products | None) -> tuple[dict[str, float], float]:
    steps = min(ROUND_STEPS, config.steps)
    products = limit.seconds(steps) if limit else float("nan")
    return time_parts(config, problem, steps), products


def _timing(config: RunConfig, results: Sequence[tuple[Mapping[str, float], float]]) -> Timing:
    start = time.perf_counter()
    run = train(config)
    wall = time.perf_counter() - start
    return Timing(
        config=config,
        parts={part: median(parts[part] for parts, _ in results) for part in STEP_PARTS},
        share=median(products / sum(parts.values()) for parts, products in results),
        wall=wall,
        evaluation=1 - run.train_seconds / wall,
    )


def print_machine(configs: Sequence[RunConfig]) -> None:
    about, dtype = describe_environment(), np.dtype(configs[0].dtype)
    rate = product_rate(dtype)
    lines = [
        f"{about['cpu'] or about['system']}, {about['cores']} cores",
        f"NumPy {about['numpy']}, {about['blas']} ({about['blas_kernel']}) with one thread",
        f"matrix products: {rate / 1e9:.0f} Gflop/s at best in {dtype}",
        f"memory: {memory_bandwidth() / 1e9:.1f} GB/s",
        *problem_lines(_distinct(configs, _changes_products)),
    ]
    for line in lines:
        console_for().print(line, soft_wrap=True, markup=False)
    for warning in warnings_of(rate, dtype):
        console_for(to_stderr=True).print(f"warning: {warning}", style="bold yellow", soft_wrap=True, markup=False)


def problem_lines(configs: Sequence[RunConfig]) -> Iterator[str]:
    """Yield a line of text per problem: what runs the loops between its matrix products, and how fast these products are."""
    for config in configs:
        namesakes = [other for other in configs if other.problem.name == config.problem.name]
        problem, flat = problem_of(config), config.flat()
        limit = limit_of(problem)
        keys = [key for key in condition_keys(namesakes) if _changes_products(key) and key in flat]
        values = "".join(f" {key}={short(flat[key])}" for key in keys)
        line = f"{config.problem.name}{values}: loops by {loops_for(problem.layout[-1].stop, np.dtype(config.dtype)).name}"
        if limit:
            seconds = median(limit.seconds(ROUND_STEPS) for _ in range(ROUNDS))
            line += f"; products {limit.flops / seconds / 1e9:.0f} Gflop/s at its shapes ({1e6 * seconds:.0f} µs a step)"
        yield line


def _changes_products(key: str) -> bool:
    return key.partition(".")[0] in GROUPS_OF_PRODUCTS


def _distinct(configs: Iterable[RunConfig], counts: Callable[[str], bool]) -> tuple[RunConfig, ...]:
    """Return the first config of each group of configs that agree in all keys for which `counts` is true."""
    first: dict[str, RunConfig] = {}
    for config in configs:
        first.setdefault(repr([(key, value) for key, value in config.flat().items() if counts(key)]), config)
    return tuple(first.values())


def print_timings(timings: Sequence[Timing]) -> None:
    table = Table(header_style="bold", caption_justify="left")
    steps = "/".join(map(str, sorted({min(ROUND_STEPS, timing.config.steps) for timing in timings})))
    table.caption = (
        f"µs per step, medians of {ROUNDS} rounds of {steps} steps; limit: the share of a step's time that its matrix products "
        "take; evaluation: the share of a run's wall time that is spent outside the steps"
    )
    keys = [key for key in condition_keys(timing.config for timing in timings) if key not in KEYS_WITHOUT_COST]
    for key in keys:
        table.add_column(key)
    for heading in ("step", *STEP_PARTS, "limit", "run", "evaluation"):
        table.add_column(heading, justify="right")
    for timing in timings:
        flat = timing.config.flat()
        table.add_row(
            *(short(flat.get(key)) for key in keys),
            *(f"{1e6 * seconds:.0f}" for seconds in (timing.step, *timing.parts.values())),
            percent(timing.share) if timing.share == timing.share else "–",
            f"{timing.wall:.2f} s",
            percent(timing.evaluation),
        )
    console_for().print(table)


def main(arguments: Sequence[str]) -> int:
    """Measure this machine, time the parts of a training step, and return the exit status."""
    for argument in arguments:
        if argument not in MULTIRUN and (argument.startswith("-") or "hydra" in argument.partition("=")[0]):
            raise ConfigError(f"{display(argument)}: bench takes only KEY=VALUE for keys of a run; see zdl-bench bench --help")
    asks_for_some = any(argument.startswith(("optimizer=", "experiment=")) for argument in arguments)
    every = [] if asks_for_some else [f"optimizer={','.join(names('optimizer'))}"]
    command = BenchCommand()
    run_hydra(read_command_line(["-m", *every, *arguments]), command.run_batch)
    return command.finish()
