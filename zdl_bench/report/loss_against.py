"""What losses are drawn against: steps, or seconds of training."""

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd
from matplotlib.axes import Axes

from zdl_bench.report.figures.loss_curves import draw_loss_curves
from zdl_bench.report.figures.loss_over_seconds import draw_loss_over_seconds

SECONDS_NOTE = "evaluation left out; runs made side by side on shared cores slow one another: shown, not compared"


@dataclass(frozen=True)
class Against:
    """What losses are drawn against.

    drawable: of the losses at equal strides those that have what `draw` needs.
    """

    title: str
    axis: str
    drawable: Callable[[pd.DataFrame], pd.DataFrame]
    draw: Callable[[pd.DataFrame, Axes], Axes]
    notes: tuple[str, ...] = ()


def where_timed(losses: pd.DataFrame) -> pd.DataFrame:
    """The losses; none of them where some run lacks its seconds."""
    after_start = losses.loc[losses["step"] > 0, "seconds"]
    return losses if len(after_start) and (after_start > 0).all() else losses.iloc[:0]


STEPS = Against("Loss", "step", lambda losses: losses, draw_loss_curves)
SECONDS = Against("Loss against seconds", "seconds of training", where_timed, draw_loss_over_seconds, (SECONDS_NOTE,))
