"""Optimizer × learning rate: mean tail loss, and the share of runs without a value."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap, LogNorm

from zdl_bench.report.figures.style import plain_log_axis, require_prepared, shortened
from zdl_bench.run.conditions import texts_of

NO_VALUE = "#d9d9d9"


def draw_heat_map(frame: pd.DataFrame, axes: Axes) -> Axes:
    """frame: one row per run: variant, lr, status, learned, tail_loss.

    A cell is the mean tail loss of its runs, dark where it is low. Where some run has no value the cell is grey and says
    which share of them and why, as in 1/3 diverged; where all completed and some did not learn, an asterisk. A learning rate
    that was not tried is blank.
    """
    import seaborn as sns

    require_prepared(frame, "variant")
    cells = frame.groupby(["variant", "lr"], sort=False, dropna=False)
    means = cells["tail_loss"].agg(lambda losses: losses.mean(skipna=False)).unstack("lr").sort_index(axis=1)
    texts = cells[["status", "learned", "tail_loss"]].apply(_cell_text).unstack("lr").reindex_like(means).fillna("")
    order = frame["variant"].drop_duplicates()
    means, texts = means.loc[order], texts.loc[order]
    positive = means.where(means > 0).astype(float)
    has_values = bool(positive.notna().to_numpy().any())
    low, high = (positive.min().min(), positive.max().max()) if has_values else (1.0, 1.0)
    is_grey = positive.isna() & (texts != "")
    bare: Any = {"linewidths": 1, "xticklabels": False, "yticklabels": False, "ax": axes}
    sns.heatmap(is_grey.where(is_grey).astype(float), cmap=ListedColormap([NO_VALUE]), vmin=0, vmax=1, cbar=False, **bare)
    sns.heatmap(
        positive,
        cmap="viridis",
        vmin=low,
        vmax=high,
        norm=LogNorm(0.999 * low, 1.001 * high),
        cbar=has_values and high > low,
        cbar_kws={"label": "mean tail loss"},
        **bare,
    )
    if axes.collections[-1].colorbar:
        plain_log_axis(axes.collections[-1].colorbar.ax.yaxis)
    _write_texts(texts, positive < np.sqrt(low * high), axes)
    lrs = texts_of([None if np.isnan(lr) else float(lr) for lr in means.columns])
    axes.set_xticks(np.arange(len(means.columns)) + 0.5, list(lrs.values()))
    axes.set_yticks(np.arange(len(means)) + 0.5, [shortened(str(name)) for name in means.index])
    axes.set_xlabel("learning rate")
    axes.set_ylabel("")
    axes.grid(visible=False)
    return axes


def _cell_text(runs: pd.DataFrame) -> str:
    lost = runs["tail_loss"].isna()
    if lost.any():
        without = ~runs["learned"].astype(bool)
        states = runs.loc[lost | without, "status"].where(lost, "not_learned").value_counts()
        return "\n".join(f"{count}/{len(runs)} {state.replace('_', ' ')}" for state, count in states.items())
    return f"{runs['tail_loss'].mean():#.3g}".rstrip(".") + ("" if runs["learned"].all() else "*")


def _write_texts(texts: pd.DataFrame, dark: pd.DataFrame, axes: Axes) -> None:
    for row in range(len(texts)):
        for column in range(len(texts.columns)):
            text = str(texts.iloc[row, column])
            color = "white" if dark.iloc[row, column] else "black"
            size = 7 if "/" in text else 9
            axes.text(column + 0.5, row + 0.5, text, ha="center", va="center", fontsize=size, color=color)
