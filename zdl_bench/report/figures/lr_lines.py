"""The names and colours of lines that differ by their learning rate."""

from collections.abc import Sequence

import matplotlib as mpl
import pandas as pd

from zdl_bench.language import translatable, translate
from zdl_bench.run.conditions import texts_of

EFFECTIVE_LR = translatable("effective lr")


def labels_of(column: str, values: pd.Series) -> pd.Series:
    """Return for each value the name of its line or panel. Different values have different names."""
    if column == "variant":
        return values.astype(str)
    name = translate(EFFECTIVE_LR) if column == EFFECTIVE_LR else column
    texts = {value: f"{name} {text}" for value, text in texts_of(values.dropna().unique().tolist()).items()}
    return pd.Series([texts.get(value, translate("no {name}", name=name)) for value in values], index=values.index)


def colors_of(lrs: Sequence[float] | pd.Series) -> list[str]:
    """Return the colour of each learning rate, and grey if there is none."""
    distinct = sorted(pd.Series(lrs).dropna().unique())
    last, scale = max(1, len(distinct) - 1), mpl.colormaps["viridis"]
    colors = {lr: mpl.colors.to_hex(scale(0.85 * place / last)) for place, lr in enumerate(distinct)}
    return [colors.get(lr, "#333333") for lr in lrs]
