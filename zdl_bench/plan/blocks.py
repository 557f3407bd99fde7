"""The runs of an experiment's blocks: all combinations of values, some of them with a learning rate that is tuned."""

import itertools
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from zdl_bench.errors import ConfigError, display, require
from zdl_bench.plan.grammar import require_few
from zdl_bench.plan.lr_grid import LR_GRID_KEY, Factors, Lists, default_lr, factors_of, relative_lists
from zdl_bench.plan.overrides import Setting, as_text, read
from zdl_bench.plan.schema import SWEEP_KEYS
from zdl_bench.plan.trials import Job, Tuning
from zdl_bench.plan.zipped import ZIP_KEY, PairedSettings, Zips, zipped_columns, zips_of
from zdl_bench.run.config import MAX_SEED
from zdl_bench.run.experiment import Block, Experiment

EXTENSIONS_OF_FACTORS = 3
"""How often a grid of factors goes on beyond an edge at which its best learning rate lies, if the sweep does not say."""


def jobs_and_tunings(
    experiment: Experiment,
    overriding: Lists,
    zips: Zips | None = None,
    factors: Factors | None = None,
    default_optimizer: str = "sgd",
) -> tuple[list[Job], list[Tuning]]:
    """Return the jobs that need no tuning, and the tunings. The keys in `overriding` override the keys of the blocks.

    zips, factors: the zipped keys and the factors of `lr_grid` of the command line, or None if it leaves those of each block as
    they are. default_optimizer: that of a block which names none. A learning rate that is zipped is not tuned. Raise
    ConfigError for a seed that would both choose and judge, for tuning seeds without other seeds, and for zipped keys with
    different numbers of values.
    """
    if not all(overriding.values()):
        return [], []  # an empty list or range leaves no combinations
    seeds = overriding["seed"] if "seed" in overriding else seed_settings(experiment.evaluation_seeds)
    if experiment.tuning_seeds and not seeds:
        raise ConfigError("experiment: there are tuning_seeds but no evaluation_seeds; give both, or neither, or seed=0,1,2")
    jobs: list[Job] = []
    tunings: list[Tuning] = []
    for block in experiment.blocks:
        of_block = {key: settings for key, settings in block_settings(block).items() if key not in overriding}
        lists: dict[str, Sequence[Setting]] = {**of_block, **overriding}
        own = _factors_of_block(block) if factors is None and "lr" not in overriding else factors
        if own:
            lists.pop("lr", None)
        if "seed" not in block and seeds:
            lists["seed"] = seeds
        _require_judging(lists.get("seed", []), experiment.tuning_seeds)
        paired = _zips_of_block(block) if zips is None else zips
        is_tuned = bool(experiment.tuning_seeds) and "seed" not in block
        for part in relative_lists(lists, own, default_optimizer, paired) if own else [lists]:
            columns = zipped_columns(part, paired, overriding if zips is None else ())
            tuned = _tuned_lists(part, experiment.tuned_keys, paired) if is_tuned else {}
            if any(len(settings) > 1 for settings in tuned.values()) or (tuned and own):
                if any("seed" in group for group in paired):
                    raise ConfigError("zip: seed cannot be paired, since learning rates are tuned on other seeds; leave it out")
                others = zipped_columns({key: part[key] for key in part if key not in (*tuned, "seed")}, paired, overriding)
                tunings += _tunings(others, tuned, experiment, seeds, EXTENSIONS_OF_FACTORS if own else 0)
            else:
                jobs += combinations(columns)
            require_few(len(jobs) + sum(map(_count_trials, tunings)), "the sweep")
            require_few(len(tunings) * len(seeds), "the sweep")
    _require_choices(experiment.tuned_keys, tunings)
    return jobs, tunings


def _tunings(
    others: Sequence[PairedSettings], tuned: Lists, experiment: Experiment, seeds: Sequence[Setting], extensions: int
) -> Iterator[Tuning]:
    """Yield a tuning of the tuned keys for each combination of the others. extensions: how often a grid goes on by default."""
    tuning_seeds = seed_settings(experiment.tuning_seeds)
    require_few(math.prod(map(len, [*others, *tuned.values(), tuning_seeds])), "the sweep")
    for seed in seeds:  # checked here, before the trials and not after them
        is_seed = type(seed.value) is int and 0 <= seed.value <= MAX_SEED
        require("seed", seed.value, is_seed, f"a seed is an integer from 0 to {MAX_SEED}")
    limit = extensions if experiment.max_extensions is None else experiment.max_extensions
    values = combinations([(setting,) for setting in settings] for key, settings in tuned.items() if key != "lr")
    for combination in combinations(others):
        lrs = tuned.get("lr", []) if _has_lr(combination) else []
        yield Tuning(combination, lrs, tuning_seeds, seeds, values, limit)


def _tuned_lists(lists: Lists, tune: Sequence[str], paired: Zips) -> dict[str, Sequence[Setting]]:
    """Return the settings of the keys that are tuned, `lr` first; a key that is paired is not tuned."""
    keys = [key for key in ("lr", *tune) if key in lists and not any(key in group for group in paired)]
    return {key: _learning_rates(lists[key]) if key == "lr" else lists[key] for key in keys} or {"lr": []}


def _require_choices(tune: Sequence[str], tunings: Sequence[Tuning]) -> None:
    tried = {setting.text.partition("=")[0].lstrip("+") for tuning in tunings for other in tuning.others for setting in other}
    for key in tune:
        if key not in tried:
            raise ConfigError(
                f"tune: {display(key)} has no values to choose from; give tuning_seeds, and values such as {key}=…,…"
            )


def _has_lr(combination: Job) -> bool:
    """Return whether the optimizer of a combination has a learning rate; a combination that names none is assumed to have."""
    optimizer = next((one for one in combination if one.text.startswith("optimizer=")), None)
    return optimizer is None or default_lr(optimizer.value) is not None


def _count_trials(tuning: Tuning) -> int:
    return len(tuning.candidates) * len(tuning.tuning_seeds)


def combinations(columns: Iterable[PairedSettings]) -> list[Job]:
    """Return all combinations; the last column varies fastest. Raise ConfigError before building them if there are too many."""
    listed = list(columns)
    require_few(math.prod(map(len, listed)), "the sweep")
    return [tuple(itertools.chain(*chosen)) for chosen in itertools.product(*listed)]


def block_settings(block: Block) -> dict[str, list[Setting]]:
    """Return the settings of each key of a block.

    A list is a sweep over its items. Text is read as on the command line, so `range(0,10)` is a sweep, too. Raise ConfigError
    for a key that is given twice, and for a key of the whole sweep: an experiment may come from anybody, so only the command
    line says where results are stored and which executor computes them.
    """
    readings: list[tuple[str, list[Setting]]] = []
    for key, value in block.items():
        if key in (ZIP_KEY, LR_GRID_KEY):
            continue
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


def _zips_of_block(block: Block) -> Zips:
    return zips_of(read(f"{ZIP_KEY}={_typed(block[ZIP_KEY])}").values) if ZIP_KEY in block else ()


def _factors_of_block(block: Block) -> Factors | None:
    if LR_GRID_KEY in block and "lr" in block:
        raise ConfigError(f"{LR_GRID_KEY}: a block gives lr, too; remove one of the two from the experiment's YAML")
    return factors_of(read(f"{LR_GRID_KEY}={_typed(block[LR_GRID_KEY])}").values) if LR_GRID_KEY in block else None


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
