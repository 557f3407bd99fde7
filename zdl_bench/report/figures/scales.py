"""Logarithmic and linear axes, with plain numbers and limits that hold whatever is drawn."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter, NullLocator, PercentFormatter

from zdl_bench.run.run import Floats
from zdl_bench.statistics.inference import Interval, student_interval

EMPTY_LOG_LIMITS = (0.1, 10.0)
"""Limits of a logarithmic axis with nothing on it."""
FLOAT_LIMITS = (5e-324, 1.7e308)
"""Ends of a logarithmic axis: what floats can hold."""
PER_CENT = PercentFormatter(1.0, symbol=" %")
"""Formatter of an axis of shares."""


class AxisScale(NamedTuple):
    """The scale on which means are taken and effects are symmetric. to, back: onto that scale, and from it."""

    is_log: bool
    to: Callable[[Floats], Floats]
    back: Callable[[Floats], Floats]

    def interval(self, values: Floats) -> Interval:
        """Return the mean over the first axis and its 95 % interval (Student), on the scale; NaN if a value is not on it."""
        with np.errstate(divide="ignore", invalid="ignore"):
            scaled = self.to(values)
        return Interval(*map(self.back, student_interval(np.where(np.isfinite(scaled), scaled, np.nan))))

    def set_limits(self, axes: Axes, limits: Floats) -> None:
        """Give the horizontal axis this scale. limits: its ends, on the scale."""
        if self.is_log:
            log_axis(axes.xaxis, self.back(limits))
        else:
            axes.set_xlim(*self.back(limits))


LOG = AxisScale(True, np.log, np.exp)
LINEAR = AxisScale(False, np.asarray, np.asarray)


def limits_around(points: Floats, intervals: Floats, reach: float, share: float, least: float) -> Floats:
    """Return the ends of an axis around all points, and around intervals up to `reach` beyond the points.

    share: room at both ends, as a share of their distance; least: room if there is no distance.
    """
    lowest, highest = float(points.min()), float(points.max())
    low, high = np.clip([intervals.min(initial=lowest), intervals.max(initial=highest)], lowest - reach, highest + reach)
    room = share * (high - low) or least
    return np.array([low - room, high + room])


def plain_log_axis(axis: Axis) -> None:
    """Put plain numbers on a logarithmic axis whose limits are set: the shorter it is, the more of them."""
    low, high = axis.get_view_interval()
    subs = (1, 1.5, 2, 3, 4, 5, 7) if high < 10 * low else (1, 2, 5) if high < 100 * low else (1,)
    axis.set_major_locator(LogLocator(subs=subs, numticks=10) if high > 2.5 * low else MaxNLocator(5, steps=[1, 2, 5, 10]))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())
    axis.set_minor_locator(NullLocator())


def log_axis(axis: Axis, values: Iterable[float], share: float = 0.0, least: float = 0.02) -> None:
    """Make an axis logarithmic around the positive values, with plain numbers on it.

    share: room beyond the values at both ends, as a share of their distance; least: decades of room if there is any. Some
    limits are set before the scale is, since matplotlib would look for its own, which may be beyond all floats.
    """
    given = np.array(list(values), dtype=float)
    within = np.clip(given[given > 0], *FLOAT_LIMITS)
    low, high = (within.min(), within.max()) if len(within) else EMPTY_LOG_LIMITS
    room = max(share * (np.log10(high) - np.log10(low)), least) if share or low == high else 0.0
    with np.errstate(over="ignore", under="ignore"):
        limits = np.clip([low / 10**room, high * 10**room], *FLOAT_LIMITS)
    axes = axis.axes
    set_limits, set_scale = (axes.set_xlim, axes.set_xscale) if axis is axes.xaxis else (axes.set_ylim, axes.set_yscale)
    set_limits(EMPTY_LOG_LIMITS)
    set_scale("log")
    set_limits(*limits)
    plain_log_axis(axis)


def share_axes(axes: Axes, last: float) -> None:
    """Give a figure of shares a logarithmic horizontal axis from 1 to `last`, and a vertical one from 0 to 1."""
    axes.set(xscale="log", xlim=(1, last), ylim=(-0.02, 1.02))
    plain_log_axis(axes.xaxis)
