"""Grids of learning rates: the key `lr_grid`, whose numbers are factors on the `default_lr`, and how a grid goes on."""

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import chain
from typing import Any

from zdl_bench.errors import ConfigError, display
from zdl_bench.plan.overrides import Reading, Setting
from zdl_bench.plan.zipped import Zips
from zdl_bench.registry import conf_files

LR_GRID_KEY = "lr_grid"
FACTORS_WANTED = f"give factors above 0 on the default_lr of each optimizer, for example '{LR_GRID_KEY}=[0.1,0.3,1,3,10]'"

Factors = tuple[Fraction, ...]
Lists = Mapping[str, Sequence[Setting]]
"""Key → the settings that a block combines."""


def without_lr_grid(readings: Sequence[Reading]) -> tuple[list[Reading], Factors | None]:
    """Return the readings of all other keys, and the factors of `lr_grid`, or None if it is not given or null.

    Several values are a list here, not a sweep. Raise ConfigError if a value is not a factor, or if `lr` is given, too.
    """
    others = [reading for reading in readings if reading.key != LR_GRID_KEY]
    given = [reading for reading in readings if reading.key == LR_GRID_KEY]
    factors = factors_of(given[0].values) if given else None
    if factors and any(reading.key == "lr" for reading in others):
        raise ConfigError(f"{display(given[0].argument)}: lr is given, too; leave out one of the two")
    return others, factors


def factors_of(value: Any) -> Factors | None:
    """Return the factors in a value of `lr_grid`, each once: a list of numbers or one number; null gives None."""
    while isinstance(value, list) and len(value) == 1 and (value[0] is None or isinstance(value[0], list)):
        value = value[0]
    if value is None:
        return None
    listed = value if isinstance(value, list) else [value]
    for factor in listed:
        is_number = isinstance(factor, int | float) and not isinstance(factor, bool)
        if not is_number or not 0 < factor < math.inf:
            raise ConfigError(f"{LR_GRID_KEY}={display(value)}: {display(factor)} is not a factor; {FACTORS_WANTED}")
    if not listed:
        raise ConfigError(f"{LR_GRID_KEY}=[]: the list is empty; {FACTORS_WANTED}")
    return tuple(dict.fromkeys(_exact(factor) for factor in listed))


def relative_lists(lists: Lists, factors: Factors, default_optimizer: str, zips: Zips) -> list[Lists]:
    """Return the lists of each optimizer, with its own learning rates: the factors times its `default_lr`, in exact decimals.

    An optimizer without a learning rate has none in its lists. default_optimizer: the optimizer of lists that name none. Raise
    ConfigError if lr or the optimizers are paired with another key, or if an optimizer has no `default_lr`.
    """
    for key in {"lr", "optimizer"} & {*chain(*zips)}:
        raise ConfigError(
            f"zip: {key} is paired, but {LR_GRID_KEY} gives each optimizer its own learning rates; leave one of the two out"
        )
    parts: list[Lists] = []
    for optimizer in lists.get("optimizer", [None]):
        own = {} if optimizer is None else {"optimizer": [optimizer]}
        name = default_optimizer if optimizer is None else optimizer.value
        lr = default_lr(name)
        if lr != lr:
            raise no_default_lr(_plain_name(name))
        lrs = {} if lr is None else {"lr": [lr_setting(_exact(lr) * factor) for factor in factors]}
        parts.append({**lists, **own, **lrs})
    return parts


def default_lr(optimizer: Any) -> float | None:
    """Return the default learning rate of an optimizer, None if its rule has no learning rate, NaN if its class names none."""
    lr = conf_files.load_yaml("optimizer", _plain_name(optimizer)).get("default_lr", math.nan)
    return None if lr is None else float(lr)


def no_default_lr(name: str) -> ConfigError:
    """Return the error about an object whose class names no default learning rate where one is needed."""
    return ConfigError(f"optimizer={name}: its class has no default_lr; give lr=…, or write default_lr = 0.001 into the class")


def _plain_name(optimizer: Any) -> str:
    name = optimizer[0] if isinstance(optimizer, list) else optimizer  # Hydra accepts [NAME]
    return str(name).partition("(")[0]  # an object with other values is NAME(KEY=VALUE)


def lr_setting(lr: Fraction) -> Setting:
    """Return the setting of a learning rate, as if its shortest decimal had been typed."""
    return Setting(f"lr={float(lr)}", float(lr))


def lr_beyond(lrs: Sequence[float], *, at_end: bool) -> Setting:
    """Return the learning rate with which a grid goes on beyond its largest value, or its smallest.

    lrs: two or more different ones, ascending. The grid goes on with the ratio before the last, so that 0.1, 0.3, 1, 3 goes on
    with 10, 30, 100 and, at the other end, with 0.03, 0.01, 0.003. With two values there is only one ratio. The result is
    rounded to three digits, unless it would then lie on the edge.
    """
    edge, *inward = [_exact(lr) for lr in (reversed(lrs) if at_end else lrs)][:3]
    beyond = edge * [edge, *inward][-2] / inward[-1]
    rounded = _exact(float(f"{float(beyond):.3g}"))
    is_beyond = rounded > edge if at_end else 0 < rounded < edge
    return lr_setting(rounded if is_beyond else beyond)


def _exact(number: float) -> Fraction:
    """Return a number as the decimal that a person typed."""
    return Fraction(repr(number))
