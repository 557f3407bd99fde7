"""The functions of Hydra's override grammar, each as exactly the values that it stands for.

Hydra keeps a range as its bounds and an order as a wish: it sorts a range past its stop (`sort(range(10,0,-3))` gives 3, 6, 9,
12), adds up the binary error of a step (`range(0.7,1,0.1)` comes to 1), and shuffles what was sorted. Here each function gives
a list, and what takes a sweep takes that list.
"""

from collections.abc import Callable, Sequence
from fractions import Fraction
from math import ceil
from typing import Any

import numpy as np
from hydra._internal.grammar.functions import Functions
from hydra.core.override_parser.overrides_parser import create_functions
from hydra.core.override_parser.types import ChoiceSweep, Override

from zdl_bench.errors import ConfigError

MAX_SWEEP = 100_000
"""Runs: composed and planned they take a few hundred megabytes, and nobody means more."""


def require_sane(runs: int, of: str) -> None:
    """Raises ConfigError if there are more than MAX_SWEEP runs."""
    if runs > MAX_SWEEP:
        raise ConfigError(f"{of}: that makes more than {MAX_SWEEP:,} runs; start it in parts, with shorter lists or ranges")


def exact_functions() -> Functions:
    """Hydra's functions with Hydra's signatures; its casts, `tag`, `interval` and `glob` are right as they are."""
    functions = create_functions()
    functions.functions |= {"choice": _choice, "range": _range, "shuffle": _shuffle, "sort": _sort}
    return functions


def _choice(*values: Any) -> ChoiceSweep:
    if not values:
        raise ConfigError("a choice needs values; name them")
    return ChoiceSweep(list=list(values))


def _range(start: float, stop: float | None = None, step: float = 1) -> ChoiceSweep:
    """start + i · step as long as it is before `stop`, computed with the decimals that were typed."""
    start, stop = (0, start) if stop is None else (start, stop)
    try:
        first, stride = Fraction(str(start)), Fraction(str(step))
        is_endless = str(stop).endswith("inf")
        count = MAX_SWEEP + 1 if is_endless else ceil((Fraction(str(stop)) - first) / stride)
    except (ValueError, ZeroDivisionError) as error:
        raise ConfigError("a range goes from one number to another, in steps other than 0") from error
    require_sane(count, f"range({start},{stop},{step})")
    if isinstance(start, int) and isinstance(stop, int) and isinstance(step, int):
        return ChoiceSweep(list=list(range(start, stop, step)))
    return ChoiceSweep(list=[float(first + i * stride) for i in range(count)])


def _shuffle(*values: Any, **named: Any) -> Any:
    """In an order that looks random and is the same each time: the same command means the same sweep."""
    return _in_order(_shuffled, *values, *named.values())


def _shuffled(items: Sequence[Any]) -> list[Any]:
    return [items[place] for place in np.random.default_rng(0).permutation(len(items))]


def _sort(*values: Any, reverse: bool = False, **named: Any) -> Any:
    return _in_order(lambda items: sorted(items, reverse=reverse), *values, *named.values())


def _in_order(order: Callable[[list[Any]], list[Any]], *given: Any) -> Any:
    """One sweep, one list or one value, or several values, which are a sweep."""
    one = given[0] if len(given) == 1 else _choice(*given)
    if isinstance(one, ChoiceSweep):
        return ChoiceSweep(list=order([Override._convert_value(item) for item in one.list]))
    return order([Override._convert_value(item) for item in one]) if isinstance(one, list) else one
