"""`bench`: measure this machine, and time the parts of a training step."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np
from rich.table import Table

from zdl_bench.commands.limit import gradient_work, limit_of, update_work
from zdl_bench.commands.machine import has_rates, product_rate, row_bandwidth, vector_bandwidth, warnings_of
from zdl_bench.commands.notices import announce_data_sets, announce_passed_over
from zdl_bench.commands.steps import STEP_PARTS, time_parts
from zdl_bench.commands.terminal import console_for
from zdl_bench.errors import ConfigError, display
from zdl_bench.kernels.choice import kernels_for, kernels_for_vectors, require_wanted
from zdl_bench.plan.app import run_hydra
from zdl_bench.plan.command_line import read_command_line
from zdl_bench.plan.flags import MULTIRUN
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
GROUPS_OF_GRADIENT = ("problem", "dataset", "dtype")
"""Groups of keys that change the work of a gradient."""
ROW_TABLES, VECTOR_SIZES = (1 << 14, 1 << 19), (1 << 20, 1 << 23, 1 << 26)
"""Bytes for which the bandwidth is shown: they fit into the first and the second cache, and the last ones only into memory."""


@dataclass(frozen=True)
class Timing:
    """The times of one config, as medians over the rounds.

    parts: seconds per step. limit: the seconds that the operations of a step take at least, NaN if unknown. wall: seconds of a
    whole run. evaluation: the share of `wall` spent outside the steps.
    """

    config: RunConfig
    parts: Mapping[str, float]
    limit: float
    wall: float
    evaluation: float

    @property
    def step(self) -> float:
        return sum(self.parts.values())

    @property
    def share(self) -> float:
        """The share of a step that its limit is."""
        return self.limit / self.step


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
        with np.errstate(all="ignore"):
            print_machine(self._configs)
            print_timings(time_configs(self._configs))
        return 0


def time_configs(configs: Sequence[RunConfig]) -> list[Timing]:
    """Time all configs in turn in each round, so that changes of the machine's state affect all of them alike."""
    subjects = [(config, problem_of(config)) for config in configs]
    rounds = [[time_parts(*subject, min(ROUND_STEPS, subject[0].steps)) for subject in subjects] for _ in range(ROUNDS + 1)]
    times = zip(*rounds[1:], strict=True)  # the first round warms up
    return [_timing(*subject, results) for subject, results in zip(subjects, times, strict=True)]


def _timing(config: RunConfig, problem: Problem, rounds: Sequence[Mapping[str, float]]) -> Timing:
    start = time.perf_counter()
    run = train(config)
    wall = time.perf_counter() - start
    work, dtype = gradient_work(config, problem), np.dtype(config.dtype)
    return Timing(
        config=config,
        parts={part: median(parts[part] for parts in rounds) for part in STEP_PARTS},
        limit=limit_of([*work, update_work(config, problem)], dtype) if work and has_rates(dtype) else float("nan"),
        wall=wall,
        evaluation=1 - run.train_seconds / wall,
    )


def print_machine(configs: Sequence[RunConfig]) -> None:
    about = describe_environment()
    problems = [(config, problem_of(config)) for config in _distinct(configs, _changes_gradient)]
    dtypes = {np.dtype(config.dtype) for config, problem in problems if not problem.is_analytic}
    lines = [
        f"{about['cpu'] or about['system']}, {about['cores']} cores; NumPy {about['numpy']}",
        *map(rates_line, filter(has_rates, sorted(dtypes))),
        *problem_lines(problems),
    ]
    for line in lines:
        console_for().print(line, soft_wrap=True, markup=False)
    for warning in warnings_of(all(map(has_rates, dtypes))):
        console_for(to_stderr=True).print(f"warning: {warning}", style="bold yellow", soft_wrap=True, markup=False)


def rates_line(dtype: np.dtype) -> str:
    """Return the rates of this machine from which limits are computed, with compiled kernels."""
    rows = ", ".join(f"{row_bandwidth(dtype, size) / 1e9:.0f} of {size >> 10} KB" for size in ROW_TABLES)
    vectors = ", ".join(f"{vector_bandwidth(dtype, size) / 1e9:.0f} of {size >> 20} MB" for size in VECTOR_SIZES)
    return f"{dtype} at best: {product_rate(dtype) / 1e9:.0f} Gflop/s; GB/s: rows {rows}; vectors {vectors}"


def problem_lines(problems: Sequence[tuple[RunConfig, Problem]]) -> Iterator[str]:
    """Yield a line per problem: the kernels that do its arithmetic, and the work of its gradient."""
    for config, problem in problems:
        namesakes = [other for other, _ in problems if other.problem.name == config.problem.name]
        flat, dtype = config.flat(), np.dtype(config.dtype)
        keys = [key for key in condition_keys(namesakes) if _changes_gradient(key) and key in flat]
        values = "".join(f" {key}={short(flat[key])}" for key in keys)
        work = gradient_work(config, problem)
        kernels = kernels_for(dtype) if work else kernels_for_vectors(problem.layout[-1].stop, dtype)
        line = f"{config.problem.name}{values}: kernels by {kernels.name}"
        if work:
            flops, moved = sum(each.flops for each in work), sum(each.rows + each.vectors for each in work)
            line += f"; a gradient needs {flops / 1e6:.3g} Mflop and moves {moved / 1e6:.3g} MB"
            line += f": at least {1e6 * limit_of(work, dtype):.0f} µs" if has_rates(dtype) else ""
        yield line


def _changes_gradient(key: str) -> bool:
    return key.partition(".")[0] in GROUPS_OF_GRADIENT


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
        f"µs per step, medians of {ROUNDS} rounds of {steps} steps; limit: what its operations take at the best rates of this "
        "machine; share: limit / step; evaluation: its share of the wall time of a whole run"
    )
    keys = [key for key in condition_keys(timing.config for timing in timings) if key not in KEYS_WITHOUT_COST]
    for key in keys:
        table.add_column(key)
    for heading in ("step", *STEP_PARTS, "limit", "share", "run", "evaluation"):
        table.add_column(heading, justify="right")
    for timing in timings:
        flat = timing.config.flat()
        table.add_row(
            *(short(flat.get(key)) for key in keys),
            *(f"{1e6 * seconds:.0f}" for seconds in (timing.step, *timing.parts.values())),
            *([f"{1e6 * timing.limit:.0f}", percent(timing.share)] if timing.limit == timing.limit else "––"),
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
