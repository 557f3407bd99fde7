"""Set up logarithmic and linear axes with plain numbers, and with limits that later drawing does not change."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter, NullLocator, PercentFormatter

from zdl_bench.run.run import Floats
from zdl_bench.statistics.inference import Interval, student_interval

EMPTY_LOG_LIMITS = (0.1, 10.0)
"""Limits of a logarithmic axis without values."""
FLOAT_LIMITS = (5e-324, 1.7e308)
"""Widest limits of a logarithmic axis: about the smallest and the largest positive float."""
PER_CENT = PercentFormatter(1.0, symbol=" %")
"""Formatter for an axis of shares."""

NUMBERS_BY_SPAN = {4: (1, 1.5, 2, 3, 4, 5, 7), 10: (1, 2, 3, 5), 100: (1, 2, 5)}
"""The numbers in each decade of a logarithmic axis that spans less than a factor. More would touch in a narrow panel."""


class AxisScale(NamedTuple):
    """The scale of an axis, linear or logarithmic. Means and intervals are also computed on this scale.

    to: converts values to this scale. back: converts numbers on this scale to values.
    """

    is_log: bool
    to: Callable[[Floats], Floats]
    back: Callable[[Floats], Floats]

    def interval(self, values: Floats) -> Interval:
        """Return the mean over the first axis, computed on this scale, with its 95 % interval (Student).

        Mean and interval are NaN if a value is not finite on this scale.
        """
        with np.errstate(divide="ignore", invalid="ignore"):
            scaled = self.to(values)
        return Interval(*map(self.back, student_interval(np.where(np.isfinite(scaled), scaled, np.nan))))

    def set_limits(self, axes: Axes, limits: Floats) -> None:
        """Set the scale and the limits of the horizontal axis. limits: the ends of the axis, on this scale."""
        if self.is_log:
            log_axis(axes.xaxis, self.back(limits))
        else:
            axes.set_xlim(*self.back(limits))


LOG = AxisScale(True, np.log, np.exp)
LINEAR = AxisScale(False, np.asarray, np.asarray)


def limits_around(points: Floats, intervals: Floats, reach: float, share: float, least: float) -> Floats:
    """Return the ends of an axis that includes all points, and those parts of intervals within `reach` of the points.

    share: extra room at each end, as a share of the distance between the ends. least: extra room if this distance is 0.
    """
    lowest, highest = float(points.min()), float(points.max())
    low, high = np.clip([intervals.min(initial=lowest), intervals.max(initial=highest)], lowest - reach, highest + reach)
    room = share * (high - low) or least
    return np.array([low - room, high + room])


def plain_log_axis(axis: Axis) -> None:
    """Label a logarithmic axis with plain numbers, such as 0.01. The limits of the axis must have been set.

    An axis that spans fewer decades has more numbers in each decade.
    """
    low, high = axis.get_view_interval()
    subs = next((each for span, each in NUMBERS_BY_SPAN.items() if high < span * low), (1,))
    axis.set_major_locator(LogLocator(subs=subs, numticks=10) if high > 2.5 * low else MaxNLocator(5, steps=[1, 2, 5, 10]))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())
    axis.set_minor_locator(NullLocator())


def log_axis(axis: Axis, values: Iterable[float], share: float = 0.0, least: float = 0.02) -> None:
    """Make an axis logarithmic, with limits around the positive values, and with plain numbers.

    share: extra room at each end, as a share of the distance between the smallest and the largest value, in decades.
    least: smallest extra room, in decades, unless `share` is 0 and the values differ. Provisional limits are set before the
    scale, since matplotlib would otherwise choose limits that may be too large for a float.
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
    """Set up axes for shares: a logarithmic horizontal axis from 1 to `last`, and a vertical axis from 0 to 1."""
    axes.set(xscale="log", xlim=(1, last), ylim=(-0.02, 1.02))
    plain_log_axis(axes.xaxis)
