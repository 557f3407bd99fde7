"""Hydra's sweeper: command line × blocks of the experiment → one batch of jobs."""

import itertools
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from hydra.core.plugins import Plugins
from hydra.core.utils import JobReturn
from hydra.plugins.launcher import Launcher
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf

from zdl_bench.errors import ConfigError, display
from zdl_bench.plan.config import SWEEP_KEYS
from zdl_bench.plan.functions import require_sane
from zdl_bench.plan.overrides import Reading, Setting, as_text, read
from zdl_bench.registry import registry
from zdl_bench.run.experiment import Block, Experiment
from zdl_bench.statistics.tuning import choose_lr

Job = tuple[Setting, ...]


class BlockSweeper(Sweeper):
    """Expands the sweep into its combinations and hands them to the launcher in one batch; in two where learning rates
    are chosen on tuning seeds first.
    """

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        self.experiment_name = config.hydra.runtime.choices.experiment
        self.is_dry_run = bool(OmegaConf.select(config, "dry_run"))
        self.launcher: Launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )

    def sweep(self, arguments: list[str]) -> Any:
        given = [part for argument in arguments for part in read(argument).parts()]
        if any(reading.key == "experiment" and reading.is_sweep for reading in given):
            raise ConfigError("experiment: one at a time; an experiment is a sweep of its own")
        given = [reading for reading in given if reading.key != "experiment"]
        if self.experiment_name is None:
            return self._launch(combinations(reading.settings for reading in given), 0)
        experiment = Experiment.of(self.experiment_name, registry.load_experiment(self.experiment_name))
        first, tunings = staged(experiment, given)
        returns = self._launch([*first, *itertools.chain(*(tuning.trials for tuning in tunings))], 0)
        losses = iter([returned.return_value for returned in returns[len(first) :]])
        judged = [
            job
            for tuning in tunings
            for job in tuning.judged([next(losses) for _ in tuning.trials])
            or (tuning.judged_at(0) if self.is_dry_run else [])  # any learning rate stands in for one not chosen yet
        ]
        return [*returns, *self._launch(judged, len(returns))] if judged else returns

    def _launch(self, jobs: Sequence[Job], first: int) -> list[JobReturn]:
        return list(self.launcher.launch([[setting.text for setting in job] for job in jobs], initial_job_idx=first))


@dataclass(frozen=True)
class Tuning:
    """One combination whose learning rate is chosen: `lrs` are tried on the tuning seeds, the best runs on `seeds`."""

    combination: Job
    lrs: Sequence[Setting]
    tuning_seeds: Sequence[Setting]
    seeds: Sequence[Setting]

    @property
    def trials(self) -> list[Job]:
        """Learning rates in the outer loop, tuning seeds in the inner one."""
        return [(*self.combination, *trial) for trial in itertools.product(self.lrs, self.tuning_seeds)]

    def judged(self, tail_losses: Sequence[float]) -> list[Job]:
        """The jobs that judge the best learning rate, given the tail_loss of each trial; none where no trial has a value."""
        by_lr = np.reshape(np.array(tail_losses, dtype=float), (len(self.lrs), len(self.tuning_seeds)))
        rates = [float(lr.value) for lr in self.lrs]
        best = choose_lr(rates, by_lr).lr
        return self.judged_at(rates.index(best)) if best is not None else []

    def judged_at(self, place: int) -> list[Job]:
        """The jobs that judge the learning rate at a place of `lrs`."""
        return [(*self.combination, self.lrs[place], seed) for seed in self.seeds]


def staged(experiment: Experiment, given: Sequence[Reading]) -> tuple[list[Job], list[Tuning]]:
    """The jobs that need no choice, and the choices to be made. The keys of the command line override the blocks'."""
    chosen = {reading.key: reading.settings for reading in given}
    if not all(chosen.values()):
        return [], []  # an empty list or range: there are no combinations with it
    seeds = chosen["seed"] if "seed" in chosen else _seeds(experiment.evaluation_seeds)
    tuning_seeds = _seeds(experiment.tuning_seeds)
    jobs: list[Job] = []
    tunings: list[Tuning] = []
    for block in experiment.blocks:
        _require_keys_of_runs(block)
        of_block = {key: settings for key, settings in block_settings(block).items() if key not in chosen}
        lists = of_block | chosen
        if "seed" not in block and seeds:
            lists["seed"] = seeds
        experiment.require_judging(seed.value for seed in lists.get("seed", []) if isinstance(seed.value, int))
        lrs = lists.get("lr", [])
        if tuning_seeds and "seed" not in block and len(lrs) > 1:
            _require_numbers(lrs)
            others = [settings for key, settings in lists.items() if key not in ("lr", "seed")]
            require_sane(math.prod(len(settings) for settings in [*others, lrs, tuning_seeds]), "the sweep")
            tunings += [Tuning(combination, lrs, tuning_seeds, seeds) for combination in combinations(others)]
        else:
            jobs += combinations(lists.values())
        require_sane(len(jobs) + sum(len(tuning.lrs) * len(tuning.tuning_seeds) for tuning in tunings), "the sweep")
    return jobs, tunings


def combinations(lists: Iterable[Sequence[Setting]]) -> list[Job]:
    """One of each list, the last one varying fastest. Raises ConfigError before it makes more than anybody can mean."""
    listed = list(lists)
    require_sane(math.prod(len(settings) for settings in listed), "the sweep")
    return list(itertools.product(*listed))


def _require_keys_of_runs(block: Block) -> None:
    """An experiment may come from anybody: where results go, and who computes them, is for the command line to say."""
    for key in block:
        group = re.split(r"[.@:=]", key.lstrip("+~"))[0]
        if group in (*SWEEP_KEYS, "experiment", "hydra"):
            raise ConfigError(f"{display(key)}: a block says what its runs are and nothing else; give it on the command line")


def _require_numbers(lrs: Iterable[Setting]) -> None:
    for lr in lrs:
        try:
            float(lr.value)
        except (ValueError, TypeError, OverflowError):
            raise ConfigError(f"{lr.text}: a learning rate that is tuned is a number, for example lr=0.001") from None


def _seeds(seeds: Iterable[int]) -> list[Setting]:
    return [Setting(f"seed={seed}", seed) for seed in seeds]


def block_settings(block: Block) -> dict[str, list[Setting]]:
    """Of each key of a block its settings. A list sweeps over its items; a text is read as on the command line, so
    `range(0,10)` is a sweep.
    """
    readings: list[tuple[str, list[Setting]]] = []
    for key, value in block.items():
        if isinstance(value, list):
            items = [read(f"{key}={_typed(item)}") for item in value]
            readings += [(items[0].key, [setting for item in items for setting in item.settings])] if items else [(key, [])]
        else:
            readings += [(part.key, part.settings) for part in read(f"{key}={_typed(value)}").parts()]
    lists = dict(readings)
    if len(lists) < len(readings):
        twice = next(key for key, settings in readings if settings is not lists[key])
        raise ConfigError(f"{display(twice)}: a block gives it twice; give it once")
    return lists


def _typed(value: Any) -> str:
    """A value of a YAML as it would be typed; a text is what was typed."""
    return value if isinstance(value, str) else as_text(value)
