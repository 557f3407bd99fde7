"""The sweeper for Hydra, which combines the command line with the blocks of an experiment into one batch of jobs."""

import itertools
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from hydra.core.plugins import Plugins
from hydra.core.utils import JobReturn
from hydra.plugins.launcher import Launcher
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf

from zdl_bench.errors import ConfigError, display
from zdl_bench.plan.grammar import require_few
from zdl_bench.plan.launcher import SweepTask
from zdl_bench.plan.overrides import Reading, Setting, as_text, read
from zdl_bench.plan.schema import SWEEP_KEYS
from zdl_bench.run.experiment import Block, Experiment
from zdl_bench.statistics.tuning import choose_lr

Job = tuple[Setting, ...]


class BlockSweeper(Sweeper):
    """A sweeper that hands the jobs of all combinations of values to the launcher in one batch.

    If learning rates are tuned, the jobs with the chosen learning rates follow in a second batch.
    """

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        self.command_line = cast(SweepTask, task_function).command_line
        self.is_dry_run = bool(OmegaConf.select(config, "dry_run"))
        self.launcher: Launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )

    def sweep(self, arguments: list[str]) -> Any:
        """Launch the runs of the command line. `arguments` is not used: the command line was read before Hydra was called."""
        given = [reading for reading in self.command_line.readings if reading.group not in ("experiment", "hydra")]
        experiment = self.command_line.experiment
        if experiment is None:
            return self._launch(combinations(reading.settings for reading in given), 0)
        jobs, tunings = jobs_and_tunings(experiment, given)
        returns = self._launch([*jobs, *itertools.chain(*(tuning.trials for tuning in tunings))], 0)
        losses = iter([returned.return_value for returned in returns[len(jobs) :]])
        evaluations: list[Job] = []
        for tuning in tunings:
            best = tuning.best([next(losses) for _ in tuning.trials])
            if best is None and self.is_dry_run:
                best = tuning.lrs[0]  # stands in for the learning rate that is not chosen yet
            evaluations += [(*tuning.combination, best, seed) for seed in tuning.seeds if best is not None]
        return [*returns, *self._launch(evaluations, len(returns))] if evaluations else returns

    def _launch(self, jobs: Sequence[Job], first: int) -> list[JobReturn]:
        return list(self.launcher.launch([[setting.text for setting in job] for job in jobs], initial_job_idx=first))


@dataclass(frozen=True)
class Tuning:
    """A combination of values whose learning rate is tuned.

    Each of `lrs` is tried with each tuning seed. The best learning rate is then used for the runs with `seeds`.
    """

    combination: Job
    lrs: Sequence[Setting]
    tuning_seeds: Sequence[Setting]
    seeds: Sequence[Setting]

    @property
    def trials(self) -> list[Job]:
        """One job per learning rate (outer loop) and tuning seed (inner loop)."""
        return [(*self.combination, *trial) for trial in itertools.product(self.lrs, self.tuning_seeds)]

    def best(self, tail_losses: Sequence[float]) -> Setting | None:
        """Return the best learning rate, given the tail_loss of each trial, or None if no trial has a tail_loss."""
        by_lr = np.reshape(np.array(tail_losses, dtype=float), (len(self.lrs), len(self.tuning_seeds)))
        rates = [float(lr.value) for lr in self.lrs]
        best = choose_lr(rates, by_lr).lr
        return self.lrs[rates.index(best)] if best is not None else None


def jobs_and_tunings(experiment: Experiment, given: Sequence[Reading]) -> tuple[list[Job], list[Tuning]]:
    """Return the jobs that need no tuning, and the tunings. Keys of the command line override the keys of the blocks."""
    overriding = {reading.key: reading.settings for reading in given}
    if not all(overriding.values()):
        return [], []  # an empty list or range leaves no combinations
    seeds = overriding["seed"] if "seed" in overriding else _seeds(experiment.evaluation_seeds)
    tuning_seeds = _seeds(experiment.tuning_seeds)
    jobs: list[Job] = []
    tunings: list[Tuning] = []
    for block in experiment.blocks:
        of_block = {key: settings for key, settings in block_settings(block).items() if key not in overriding}
        lists = of_block | overriding
        if "seed" not in block and seeds:
            lists["seed"] = seeds
        experiment.require_judging(seed.value for seed in lists.get("seed", []) if isinstance(seed.value, int))
        lrs = lists.get("lr", [])
        if tuning_seeds and "seed" not in block and len(lrs) > 1:
            _require_numbers(lrs)
            others = [settings for key, settings in lists.items() if key not in ("lr", "seed")]
            require_few(math.prod(map(len, [*others, lrs, tuning_seeds])), "the sweep")
            tunings += [Tuning(combination, lrs, tuning_seeds, seeds) for combination in combinations(others)]
        else:
            jobs += combinations(lists.values())
        require_few(len(jobs) + sum(len(tuning.lrs) * len(tuning.tuning_seeds) for tuning in tunings), "the sweep")
    return jobs, tunings


def combinations(lists: Iterable[Sequence[Setting]]) -> list[Job]:
    """Return all combinations; the last list varies fastest. Raise ConfigError before building them if there are too many."""
    listed = list(lists)
    require_few(math.prod(map(len, listed)), "the sweep")
    return list(itertools.product(*listed))


def block_settings(block: Block) -> dict[str, list[Setting]]:
    """Return the settings of each key of a block.

    A list is a sweep over its items. Text is read as on the command line, so `range(0,10)` is a sweep, too. Raise ConfigError
    for a key that is given twice, and for a key of the whole sweep: an experiment may come from anybody, so only the command
    line says where results are stored and which executor computes them.
    """
    readings: list[tuple[str, list[Setting]]] = []
    for key, value in block.items():
        if re.split(r"[.@:=]", key.lstrip("+~"))[0] in (*SWEEP_KEYS, "experiment", "hydra"):
            raise ConfigError(f"{display(key)}: a block can only have keys of a run; give this key on the command line")
        if isinstance(value, list):
            items = [read(f"{key}={_typed(item)}") for item in value]
            readings += [(items[0].key, [setting for item in items for setting in item.settings])] if items else [(key, [])]
        else:
            readings += [(part.key, part.settings) for part in read(f"{key}={_typed(value)}").parts()]
    lists = dict(readings)
    if len(lists) < len(readings):
        twice = next(key for key, settings in readings if settings is not lists[key])
        raise ConfigError(f"{display(twice)}: a block gives this key twice; remove one of the two from the experiment's YAML")
    return lists


def _typed(value: Any) -> str:
    """Return a value of a YAML as a user would type it. Text is returned unchanged."""
    return value if isinstance(value, str) else as_text(value)


def _require_numbers(lrs: Iterable[Setting]) -> None:
    for lr in lrs:
        try:
            float(lr.value)
        except (ValueError, TypeError, OverflowError):
            raise ConfigError(f"{lr.text}: a learning rate must be a number; give one, for example lr=0.001") from None


def _seeds(seeds: Iterable[int]) -> list[Setting]:
    return [Setting(f"seed={seed}", seed) for seed in seeds]
