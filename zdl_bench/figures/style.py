"""Colours, markers and fonts: an optimizer looks the same in every figure of every report."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from zdl_bench import registry
from zdl_bench.errors import ConfigError

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axis import Axis

FALLBACK_COLORS = ("#332288", "#88CCEE", "#44AA99", "#117733", "#999933", "#DDCC77", "#CC6677", "#882255", "#AA4499")
FALLBACK_MARKERS = ("o", "s", "^", "v", "D", "P", "X", "<", ">", "p", "h", "*")
DASHES = (
    "-",
    (0, (5, 1.5)),
    (0, (1.5, 1.2)),
    (0, (5, 1.2, 1.5, 1.2)),
    (0, (9, 2)),
    (0, (3, 1, 1, 1, 1, 1)),
    (0, (1, 3)),
    (0, (8, 2, 3, 2)),
)

LONGEST_NAME = 60
UNSEEN = "\N{ZERO WIDTH SPACE}"
LOOK = ("color", "marker", "linestyle")

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
    "text.parse_math": False,  # names are shown as they are, whatever $ is in them
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
    """variant → how its line is drawn, in the order of the frame: as the columns of LOOK have it, where it has them.

    frame: has the columns variant and optimizer. Without the columns of LOOK, variants of one optimizer differ by their
    dashes, and optimizers by their markers as long as there are enough.
    """
    if set(LOOK) <= set(frame.columns):
        firsts = frame.drop_duplicates("variant")
        return {str(row["variant"]): {key: row[key] for key in LOOK} for row in firsts.to_dict("records")}
    optimizers = dict(frame[["variant", "optimizer"]].drop_duplicates("variant").itertuples(index=False))
    look_by_optimizer = _told_apart(dict.fromkeys(map(str, optimizers.values())))
    looks = {str(variant): look_by_optimizer[str(optimizer)] for variant, optimizer in optimizers.items()}
    dashes = dashes_of({variant: look.color for variant, look in looks.items()})
    return {
        variant: {"color": look.color, "marker": look.marker, "linestyle": dashes[variant]} for variant, look in looks.items()
    }


def with_looks(frame: "pd.DataFrame", everything: "pd.DataFrame") -> "pd.DataFrame":
    """The frame with the columns of LOOK, so that a variant looks the same whichever others are drawn beside it.

    everything: variant and optimizer of all that are compared.
    """
    import pandas as pd

    looks = line_looks(everything[["variant", "optimizer"]])
    places, variants = pd.factorize(frame["variant"])  # a frame of losses has a row per run and step
    columns = {key: pd.Series([looks[str(variant)][key] for variant in variants], dtype=object) for key in LOOK}
    return frame.assign(**{key: column.to_numpy()[places] for key, column in columns.items()})


def shortened(name: str) -> str:
    """The name with an ellipsis in its middle where it is too long for a legend."""
    half = (LONGEST_NAME - 1) // 2
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1 - half]}…{name[-half:]}"


def legend_name(name: str) -> str:
    """The name as the label of a line: matplotlib leaves out of a legend what begins with an underscore."""
    text = shortened(name)
    return f"{UNSEEN}{text}" if text.startswith("_") else text


def _told_apart(optimizers: Iterable[str]) -> dict[str, Look]:
    """optimizer → its look; a marker that another has already gives way to a free one."""
    looks = {optimizer: look_of(optimizer) for optimizer in optimizers}
    taken: set[str] = set()
    for optimizer, look in looks.items():
        free = (marker for marker in (look.marker, *FALLBACK_MARKERS) if marker not in taken)
        looks[optimizer] = Look(look.color, next(free, look.marker))
        taken.add(looks[optimizer].marker)
    return looks


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


SMALLEST, LARGEST = 5e-324, 1.7e308
"""Ends of a logarithmic axis: what floats can hold."""


def log_axis(axis: "Axis", low: float, high: float) -> None:
    """Makes an axis logarithmic between two limits, as far as floats go, with plain numbers on it.

    The limits are set before the scale is: matplotlib would look for some of its own, which may be beyond all floats.
    """
    limits = min(max(low, SMALLEST), LARGEST / 2), min(max(high, 2 * SMALLEST), LARGEST)
    axes = axis.axes
    if axis.axis_name == "x":
        axes.set_xlim(*limits)
        axes.set_xscale("log")
    else:
        axes.set_ylim(*limits)
        axes.set_yscale("log")
    plain_log_axis(axis)


def log_limits(values: "Iterable[float]", share: float) -> tuple[float, float]:
    """The ends of a logarithmic axis around positive values, with room for a share of their distance, a little at least."""
    import numpy as np

    logs = np.log10(list(values))
    room = max(share * float(np.ptp(logs)), SMALLEST_ROOM)
    low, high = np.clip([logs.min() - room, logs.max() + room], np.log10(SMALLEST), np.log10(LARGEST))
    return float(10**low), float(10**high)


SMALLEST_ROOM = 0.02
"""Decades."""


@contextmanager
def house_style() -> Iterator[None]:
    """Settings under which all figures are drawn. What is beyond all floats is drawn at the edge, without a word of NumPy."""
    import matplotlib as mpl
    import numpy as np

    with mpl.rc_context(SETTINGS), np.errstate(all="ignore"):
        yield
