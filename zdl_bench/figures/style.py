"""Colours, markers and fonts: an optimizer looks the same in every figure of every report."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from zdl_bench import registry
from zdl_bench.errors import ConfigError

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axis import Axis

FALLBACK_COLORS = ("#332288", "#88CCEE", "#44AA99", "#117733", "#999933", "#DDCC77", "#CC6677", "#882255", "#AA4499")
FALLBACK_MARKERS = ("o", "s", "^", "v", "D", "P", "X", "<", ">", "p", "h", "*")
DASHES = ("-", (0, (5, 1.5)), (0, (1.5, 1.2)), (0, (5, 1.2, 1.5, 1.2)))

SETTINGS: Any = {
    "font.family": "DejaVu Sans",  # ships with matplotlib: the same letters on every machine
    "svg.hashsalt": "zdl_bench",
    "figure.dpi": 110,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.25,
    "legend.frameon": False,
    "font.size": 10,
}


class Look(NamedTuple):
    color: str
    marker: str


def look_of(optimizer: str) -> Look:
    """The look that the optimizer's YAML names; one derived from its name where it names none."""
    try:
        style = registry.load_yaml("optimizer", optimizer).get("style")
    except ConfigError:  # a stored run of an optimizer that this installation does not have
        style = None
    if style:
        return Look(str(style["color"]), str(style["marker"]))
    number = int.from_bytes(hashlib.sha256(optimizer.encode()).digest()[:4])
    color = FALLBACK_COLORS[number % len(FALLBACK_COLORS)]
    return Look(color, FALLBACK_MARKERS[number // 97 % len(FALLBACK_MARKERS)])


def line_looks(frame: "pd.DataFrame") -> "dict[str, dict[str, Any]]":
    """variant → how its line is drawn, in the order of the frame; variants of one optimizer differ by their dashes.

    frame: has the columns variant and optimizer.
    """
    optimizers = dict(frame[["variant", "optimizer"]].drop_duplicates("variant").itertuples(index=False))
    looks = {str(variant): look_of(str(optimizer)) for variant, optimizer in optimizers.items()}
    dashes = dashes_of({variant: look.color for variant, look in looks.items()})
    return {
        variant: {"color": look.color, "marker": look.marker, "linestyle": dashes[variant]} for variant, look in looks.items()
    }


def dashes_of(colors: Mapping[str, str]) -> dict[str, Any]:
    """line → its dashes: lines of one colour differ by them."""
    lines_of: Counter[str] = Counter()
    dashes: dict[str, Any] = {}
    for line, color in colors.items():
        dashes[line] = DASHES[lines_of[color] % len(DASHES)]
        lines_of[color] += 1
    return dashes


def plain_log_axis(axis: "Axis") -> None:
    """Puts plain numbers on a logarithmic axis whose limits are set: more of them the shorter it is."""
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter, NullLocator

    low, high = axis.get_view_interval()
    subs = (1, 1.5, 2, 3, 4, 5, 7) if high < 10 * low else (1, 2, 5) if high < 100 * low else (1,)
    axis.set_major_locator(LogLocator(subs=subs, numticks=10) if high > 2.5 * low else MaxNLocator(5))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())
    axis.set_minor_locator(NullLocator())


@contextmanager
def house_style() -> Iterator[None]:
    """Settings under which all figures are drawn."""
    import matplotlib as mpl

    with mpl.rc_context(SETTINGS):
        yield
