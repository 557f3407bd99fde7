"""Hydra's sweeper: command line × blocks of the experiment → one batch of jobs."""

import itertools
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, RangeSweep
from hydra.core.plugins import Plugins
from hydra.plugins.launcher import Launcher
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

from zdl_bench import registry
from zdl_bench.config import SWEEP_KEYS
from zdl_bench.errors import ConfigError, shown
from zdl_bench.experiment import Block, Experiment
from zdl_bench.statistics.tuning import best_lr

LARGEST_SWEEP = 100_000
"""Runs: composed and planned they take a few hundred megabytes, and nobody means more."""


class BlockSweeper(Sweeper):
    """Expands the sweep into its combinations and hands them to the launcher in one batch; in two where learning rates
    are chosen on tuning seeds first.
    """

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        self.parser = OverridesParser.create(config_loader=hydra_context.config_loader)
        self.experiment_name = config.hydra.runtime.choices.experiment
        self.launcher: Launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )

    def sweep(self, arguments: list[str]) -> Any:
        overrides = self.parser.parse_overrides(arguments)
        if any(o.key_or_group == "experiment" and o.is_sweep_override() for o in overrides):
            raise ConfigError("experiment: one at a time; an experiment is a sweep of its own")
        given: dict[str, list[str]] = {}
        for override in overrides:
            given.pop(key_of(override), None)  # the last one of a key counts, and at its place
            given[key_of(override)] = list(expanded(override))
        given.pop("experiment", None)
        if self.experiment_name is None:
            return self.launcher.launch(combinations(given.values()), initial_job_idx=0)
        experiment = Experiment.of(self.experiment_name, registry.load_experiment(self.experiment_name))
        first, tunings = staged(experiment, given)
        returns = list(self.launcher.launch([*first, *itertools.chain(*(t.trials for t in tunings))], initial_job_idx=0))
        losses = iter([returned.return_value for returned in returns[len(first) :]])
        is_dry_run = given.get("dry_run") == ["dry_run=true"]  # then any learning rate stands in for one not chosen yet
        judged = [
            job
            for tuning in tunings
            for job in tuning.judged([next(losses) for _ in tuning.trials]) or (tuning.judged_at(0) if is_dry_run else [])
        ]
        return [*returns, *self.launcher.launch(judged, initial_job_idx=len(returns))] if judged else returns


Job = tuple[str, ...]


@dataclass(frozen=True)
class Tuning:
    """One combination whose learning rate is chosen: `lrs` are tried on the tuning seeds, the best runs on `seeds`.

    All are overrides, as on the command line.
    """

    combination: Job
    lrs: tuple[str, ...]
    tuning_seeds: tuple[str, ...]
    seeds: tuple[str, ...]

    @property
    def trials(self) -> list[Job]:
        """Learning rates in the outer loop, tuning seeds in the inner one."""
        return [(*self.combination, *trial) for trial in itertools.product(self.lrs, self.tuning_seeds)]

    def judged(self, tail_losses: Sequence[float]) -> list[Job]:
        """The jobs that judge the best learning rate, given the tail_loss of each trial; none where no trial has a value."""
        by_lr = np.reshape(np.array(tail_losses, dtype=float), (len(self.lrs), len(self.tuning_seeds)))
        rates = [float(lr.removeprefix("lr=")) for lr in self.lrs]
        best = best_lr(rates, by_lr)
        return self.judged_at(rates.index(best)) if best is not None else []

    def judged_at(self, place: int) -> list[Job]:
        """The jobs that judge the learning rate at a place of `lrs`."""
        return [(*self.combination, self.lrs[place], seed) for seed in self.seeds]


def staged(experiment: Experiment, given: Mapping[str, list[str]]) -> tuple[list[Job], list[Tuning]]:
    """The jobs that need no choice, and the choices to be made. The keys of the command line override the blocks'."""
    seeds = tuple(given.get("seed") or (f"seed={seed}" for seed in experiment.evaluation_seeds))
    tuning_seeds = tuple(f"seed={seed}" for seed in experiment.tuning_seeds)
    jobs: list[Job] = []
    tunings: list[Tuning] = []
    for block in experiment.blocks:
        _require_keys_of_runs(block)
        lists = {key: list(block_values(key, value)) for key, value in block.items() if key not in given} | dict(given)
        if "seed" not in block and seeds:
            lists["seed"] = list(seeds)
        _require_no_tuning_seed(experiment, lists.get("seed", []))
        lrs = tuple(lists.get("lr", ()))
        if tuning_seeds and "seed" not in block and len(lrs) > 1:
            _require_numbers(lrs)
            others = [values for key, values in lists.items() if key not in ("lr", "seed")]
            require_sane(math.prod(len(values) for values in [*others, lrs, tuning_seeds]))
            tunings += [Tuning(combination, lrs, tuning_seeds, seeds) for combination in combinations(others)]
        else:
            jobs += combinations(lists.values())
        require_sane(len(jobs) + sum(len(tuning.lrs) * len(tuning.tuning_seeds) for tuning in tunings))
    return jobs, tunings


def combinations(lists: Iterable[Sequence[str]]) -> list[Job]:
    """One of each list, the last one varying fastest. Raises ConfigError before it makes more than anybody can mean."""
    listed = list(lists)
    require_sane(math.prod(len(values) for values in listed))
    return list(itertools.product(*listed))


def require_sane(runs: int, of: str = "the sweep") -> None:
    """Raises ConfigError where there are more than LARGEST_SWEEP runs."""
    if runs > LARGEST_SWEEP:
        raise ConfigError(f"{of}: that makes more than {LARGEST_SWEEP:,} runs; start it in parts, with shorter lists or ranges")


def _require_keys_of_runs(block: Block) -> None:
    """An experiment may come from anybody: where results go, and who computes them, is for the command line to say."""
    for key in block:
        group = re.split(r"[.@:]", key.lstrip("+~"))[0]
        if group in (*SWEEP_KEYS, "experiment", "hydra"):
            raise ConfigError(f"{shown(key)}: a block says what its runs are and nothing else; give it on the command line")


def _require_no_tuning_seed(experiment: Experiment, seeds: Iterable[str]) -> None:
    numbers = (seed.partition("=")[2] for seed in seeds)
    experiment.require_judging(int(number) for number in numbers if number.isdigit())


def _require_numbers(lrs: Iterable[str]) -> None:
    for lr in lrs:
        try:
            float(lr.removeprefix("lr="))
        except ValueError:
            raise ConfigError(f"{lr}: a learning rate that is tuned is a number, for example lr=0.001") from None


def key_of(override: Override) -> str:
    return str(override.get_key_element()).lstrip("+~")


def expanded(override: Override) -> Iterable[str]:
    """One override per value of a sweep; the override itself where it is none."""
    if not override.is_sweep_override():
        return [override.input_line or ""]
    if not override.is_discrete_sweep():
        raise ConfigError(f"{override.input_line}: a sweep needs a list of values; use a,b,c or range(start,stop,step)")
    _require_sane_range(override)
    key = override.get_key_element()
    return [f"{key}={value}" for value in override.sweep_string_iterator()]


def _require_sane_range(override: Override) -> None:
    """A range is counted no further than the limit, before anything is made of it."""
    swept = override.value()
    if not isinstance(swept, RangeSweep):
        return
    try:
        counted = sum(1 for _ in itertools.islice(swept.range(), LARGEST_SWEEP + 1))
    except ArithmeticError as error:
        raise ConfigError(f"{shown(override.input_line)}: a range goes from one number to another") from error
    require_sane(counted, shown(override.input_line))


def block_values(key: str, value: Any) -> Iterator[str]:
    """A list sweeps over its items; a text is read as on the command line, so `range(0,10)` is a sweep."""
    if isinstance(value, list):
        yield from (f"{key}={as_text(item)}" for item in value)
    else:
        for override in OverridesParser.create().parse_overrides([f"{key}={as_text(value)}"]):
            yield from expanded(override)


def as_text(value: Any) -> str:
    """A YAML value in the words of the command line."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, list):
        return f"[{','.join(as_text(item) for item in value)}]"
    return str(value)
