"""The runs of an experiment's blocks: all combinations of values, some of them with a learning rate that is tuned."""

import itertools
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from zdl_bench.errors import ConfigError, display
from zdl_bench.plan.grammar import require_few
from zdl_bench.plan.overrides import Setting, as_text, read
from zdl_bench.plan.schema import SWEEP_KEYS
from zdl_bench.run.experiment import Block, Experiment
from zdl_bench.statistics.tuning import LrChoice, choose_lr

Job = tuple[Setting, ...]


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

    def choose(self, tail_losses: Sequence[float]) -> LrChoice:
        """Return the choice of the learning rate, given the tail_loss of each trial."""
        by_lr = np.reshape(np.array(tail_losses, dtype=float), (len(self.lrs), len(self.tuning_seeds)))
        return choose_lr([float(lr.value) for lr in self.lrs], by_lr)

    def at(self, lr: float) -> list[Job]:
        """Return the jobs that judge one of the learning rates, one per seed."""
        setting = next(one for one in self.lrs if float(one.value) == lr)
        return [(*self.combination, setting, seed) for seed in self.seeds]


def jobs_and_tunings(experiment: Experiment, overriding: Mapping[str, Sequence[Setting]]) -> tuple[list[Job], list[Tuning]]:
    """Return the jobs that need no tuning, and the tunings. The keys in `overriding` override the keys of the blocks.

    Raise ConfigError for a seed that would both choose and judge, and for tuning seeds without other seeds.
    """
    if not all(overriding.values()):
        return [], []  # an empty list or range leaves no combinations
    seeds = overriding["seed"] if "seed" in overriding else seed_settings(experiment.evaluation_seeds)
    tuning_seeds = seed_settings(experiment.tuning_seeds)
    if tuning_seeds and not seeds:
        raise ConfigError("experiment: there are tuning_seeds but no evaluation_seeds; give both, or neither")
    jobs: list[Job] = []
    tunings: list[Tuning] = []
    for block in experiment.blocks:
        of_block = {key: settings for key, settings in block_settings(block).items() if key not in overriding}
        lists: dict[str, Sequence[Setting]] = {**of_block, **overriding}
        if "seed" not in block and seeds:
            lists["seed"] = seeds
        _require_judging(lists.get("seed", []), experiment.tuning_seeds)
        lrs = _learning_rates(lists.get("lr", [])) if tuning_seeds and "seed" not in block else []
        if len(lrs) > 1:
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


def seed_settings(seeds: Iterable[int]) -> list[Setting]:
    return [Setting(f"seed={seed}", seed) for seed in seeds]


def _typed(value: Any) -> str:
    """Return a value of a YAML as a user would type it. Text is returned unchanged."""
    return value if isinstance(value, str) else as_text(value)


def _require_judging(seeds: Iterable[Setting], tuning_seeds: Sequence[int]) -> None:
    choosing = {*tuning_seeds}
    for seed in seeds:
        if isinstance(seed.value, int) and seed.value in choosing:
            raise ConfigError(
                f"seed={seed.value}: this is one of the tuning seeds, and a seed that chooses the learning rate cannot judge "
                "it; give other seeds, or other tuning_seeds"
            )


def _learning_rates(lrs: Sequence[Setting]) -> list[Setting]:
    """Return each learning rate once. Raise ConfigError if there are several, and one is not a number."""
    if len(lrs) < 2:
        return list(lrs)
    by_number: dict[float, Setting] = {}
    for lr in lrs:
        try:
            by_number.setdefault(float(lr.value), lr)
        except (ValueError, TypeError, OverflowError):
            raise ConfigError(f"{lr.text}: a learning rate must be a number; give one, for example lr=0.001") from None
    return list(by_number.values())
