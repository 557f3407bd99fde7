"""Words beside a figure: what its lines are, what is best, and what is not in it."""

from collections.abc import Callable, Iterable

import pandas as pd
from matplotlib.ticker import PercentFormatter

from zdl_bench.report.comparison import Comparison
from zdl_bench.report.figures.style import shortened
from zdl_bench.run.conditions import short

MAX_NAMES = 10
PER_CENT = PercentFormatter(1.0, symbol=" %")
"""Of an axis of shares."""


def listed(names: Iterable[str]) -> str:
    """Names as in a sentence; of many, their first."""
    unique = [shortened(name) for name in dict.fromkeys(names)]
    if len(unique) > MAX_NAMES:
        return f"{', '.join(unique[:MAX_NAMES])} and {len(unique) - MAX_NAMES} more"
    return " and ".join([", ".join(unique[:-1]), unique[-1]]) if len(unique) > 1 else "".join(unique)


def counted(frame: pd.DataFrame, column: str = "variant", noun: str = "optimizer") -> str:
    """How many there are of what a column names, and which: `2 optimizers: sgd and adam`."""
    names = frame[column].dropna().unique()
    return f"{len(names)} {noun}{'' if len(names) == 1 else 's'}: {listed(str(name) for name in names)}"


def first(what: str, values: pd.Series, write: Callable[[float], str] = "{:.3g}".format) -> str:
    """The first of some values that are sorted, the best first, as a sentence.

    values: by variant, or by variant and lr; NaN where a run of it has no value. write: a value as a text.
    """
    defined = values.dropna()
    if defined.empty:
        return f"{what}: nowhere do all runs have a value."
    key = defined.index[0]
    variant, lr = key if isinstance(key, tuple) else (key, None)
    equals = int((defined == defined.iloc[0]).sum()) - 1
    name = shortened(str(variant))
    where = f"{name}{'' if lr is None or lr != lr else f' at lr {short(lr)}'}{f' and {equals} more' if equals else ''}"
    return f"{what}: {where}, {write(defined.iloc[0])}."


def lowest_tail_loss(runs: pd.DataFrame) -> str:
    """Where the mean tail loss is lowest. runs: variant, lr, tail_loss."""
    losses = runs.groupby(["variant", "lr"], sort=False, dropna=False)["tail_loss"]
    means = losses.mean().where(losses.count() == losses.size())  # no mean over those that are left
    return first("Lowest mean tail loss", means.sort_values(kind="stable"))


def left_out(comparison: Comparison) -> list[str]:
    """A note on the optimizers that have no best learning rate, so that nobody misses them in vain."""
    with_lr = comparison.trials.dropna(subset="lr")["variant"].unique()
    lost = [str(variant) for variant in with_lr if variant not in comparison.best_lrs]
    return [f"left out, since no learning rate has a value in every run: {listed(lost)}"] if lost else []
