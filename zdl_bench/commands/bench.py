"""`bench`: measure this machine, and time the parts of a training step."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from statistics import median
from typing import Any

import numpy as np

from zdl_bench.api.notices import announce_data_sets, announce_notices, announce_passed_over
from zdl_bench.commands.limit import gradient_work, limit_of, update_work
from zdl_bench.commands.machine import has_rates, product_rate, row_bandwidth, vector_bandwidth, warnings_of
from zdl_bench.commands.steps import STEP_PARTS, time_parts
from zdl_bench.commands.terminal import TerminalVoice, console_for
from zdl_bench.commands.timings import KEYS_WITHOUT_COST, ROUND_STEPS, ROUNDS, Timing, print_timings
from zdl_bench.errors import ConfigError, display
from zdl_bench.kernels.choice import kernels_for, kernels_for_vectors, require_wanted
from zdl_bench.language import translate, translate_list
from zdl_bench.plan.app import run_hydra
from zdl_bench.plan.command_line import read_command_line
from zdl_bench.plan.flags import MULTIRUN, flags_and_overrides
from zdl_bench.plan.resolver import Resolver
from zdl_bench.problems.problem import Problem
from zdl_bench.registry import conf_files
from zdl_bench.run.conditions import condition_keys, short
from zdl_bench.run.config import RunConfig
from zdl_bench.run.environment import describe_environment
from zdl_bench.training.loop import problem_of, train

GROUPS_OF_GRADIENT = ("problem", "dataset", "dtype")
"""Groups of keys that change the work of a gradient."""
ROW_TABLES, VECTOR_SIZES = (1 << 14, 1 << 19), (1 << 20, 1 << 23, 1 << 26)
"""Bytes for which the bandwidth is shown: they fit into the first and the second cache, and the last ones only into memory."""


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
        voice = TerminalVoice()
        announce_data_sets(voice, resolver.data_sets)
        announce_notices(voice, resolver.notices)
        announce_passed_over(voice, resolver.decode_data())
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
        translate(
            "{cpu}, {cores} cores; NumPy {numpy}",
            cpu=about["cpu"] or about["system"],
            cores=about["cores"],
            numpy=about["numpy"],
        ),
        *map(rates_line, filter(has_rates, sorted(dtypes))),
        *problem_lines(problems),
    ]
    for line in lines:
        console_for().print(line, soft_wrap=True, markup=False)
    for warning in warnings_of(all(map(has_rates, dtypes))):
        TerminalVoice().warn(translate("warning: {text}", text=warning))


def rates_line(dtype: np.dtype) -> str:
    """Return the rates of this machine from which limits are computed, with compiled kernels."""
    rows = [translate("{rate:.0f} of {size} KB", rate=row_bandwidth(dtype, size) / 1e9, size=size >> 10) for size in ROW_TABLES]
    vectors = [
        translate("{rate:.0f} of {size} MB", rate=vector_bandwidth(dtype, size) / 1e9, size=size >> 20) for size in VECTOR_SIZES
    ]
    return translate(
        "{dtype} at best: {rate:.0f} Gflop/s; GB/s: rows {rows}; vectors {vectors}",
        dtype=dtype,
        rate=product_rate(dtype) / 1e9,
        rows=translate_list(rows),
        vectors=translate_list(vectors),
    )


def problem_lines(problems: Sequence[tuple[RunConfig, Problem]]) -> Iterator[str]:
    """Yield a line per problem: the kernels that do its arithmetic, and the work of its gradient."""
    for config, problem in problems:
        namesakes = [other for other, _ in problems if other.problem.name == config.problem.name]
        flat, dtype = config.flat(), np.dtype(config.dtype)
        keys = [key for key in condition_keys(namesakes) if _changes_gradient(key) and key in flat]
        values = "".join(f" {key}={short(flat[key])}" for key in keys)
        work = gradient_work(config, problem)
        kernels = kernels_for(dtype) if work else kernels_for_vectors(problem.layout[-1].stop, dtype)
        line = translate("{problem}: kernels by {kernels}", problem=config.problem.name + values, kernels=kernels.name)
        if work:
            flops, moved = sum(each.flops for each in work), sum(each.rows + each.vectors for each in work)
            line = translate(
                "{line}; a gradient needs {flops:.3g} Mflop and moves {moved:.3g} MB",
                line=line,
                flops=flops / 1e6,
                moved=moved / 1e6,
            )
            if has_rates(dtype):
                line = translate("{line}: at least {time:.0f} µs", line=line, time=1e6 * limit_of(work, dtype))
        yield line


def _changes_gradient(key: str) -> bool:
    return key.partition(".")[0] in GROUPS_OF_GRADIENT


def _distinct(configs: Iterable[RunConfig], counts: Callable[[str], bool]) -> tuple[RunConfig, ...]:
    """Return the first config of each group of configs that agree in all keys for which `counts` is true."""
    first: dict[str, RunConfig] = {}
    for config in configs:
        first.setdefault(repr([(key, value) for key, value in config.flat().items() if counts(key)]), config)
    return tuple(first.values())


def main(arguments: Sequence[str]) -> int:
    """Measure this machine, time the parts of a training step, and return the exit status."""
    flags, overrides = flags_and_overrides(arguments)
    for argument in (*flags, *overrides):
        if argument not in MULTIRUN and (argument.startswith("-") or "hydra" in argument.partition("=")[0]):
            raise ConfigError(f"{display(argument)}: bench takes only KEY=VALUE for keys of a run; see zdl-bench bench --help")
    asks_for_some = any(argument.startswith(("optimizer=", "experiment=")) for argument in arguments)
    every = [] if asks_for_some else [f"optimizer={','.join(conf_files.native_names('optimizer'))}"]
    command = BenchCommand()
    run_hydra(read_command_line(["-m", *every, *arguments]), command.run_batch)
    return command.finish()
