"""The names of lines in figures of losses."""

import pandas as pd

from zdl_bench.run.conditions import texts_of


def line_names(runs: pd.DataFrame) -> pd.Series:
    """Return the name of each run's line: the variant, with the learning rate if the runs have several learning rates."""
    if runs["lr"].nunique(dropna=False) < 2:
        return runs["variant"]
    texts = texts_of(runs["lr"].dropna().unique())
    return runs["variant"] + [f", lr {texts[lr]}" if lr in texts else "" for lr in runs["lr"]]
