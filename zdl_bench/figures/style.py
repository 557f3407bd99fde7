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
    low, high = axis.get_view_interval()
    _put_numbers(axis, low, high)


def _put_numbers(axis: "Axis", low: float, high: float) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter, NullLocator

    subs = (1, 1.5, 2, 3, 4, 5, 7) if high < 10 * low else (1, 2, 5) if high < 100 * low else (1,)
    axis.set_major_locator(LogLocator(subs=subs, numticks=10) if high > 2.5 * low else MaxNLocator(5))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())
    axis.set_minor_locator(NullLocator())


SMALLEST, LARGEST = 5e-324, 1.7e308
"""Ends of a logarithmic axis: what floats can hold."""
NOTHING = (0.1, 10.0)
"""Ends of a logarithmic axis with nothing on it."""


def log_axis(axis: "Axis", values: "Iterable[float]", share: float = 0.0, least: float = 0.02) -> None:
    """Makes an axis logarithmic around those of the values that are positive, with plain numbers on it.

    share: of their distance, the room beyond them at both ends; least: decades that it has then. The limits
    are set before the scale is: matplotlib would look for some of its own, which may be beyond all floats.
    """
    import numpy as np

    given = np.array(list(values), dtype=float)
    within = np.clip(given[given > 0], SMALLEST, LARGEST)
    low, high = (within.min(), within.max()) if len(within) else NOTHING
    room = max(share * (np.log10(high) - np.log10(low)), least) if share or low == high else 0.0
    with np.errstate(over="ignore", under="ignore"):
        limits = np.clip([low / 10**room, high * 10**room], SMALLEST, LARGEST)
    if axis is axis.axes.xaxis:
        axis.axes.set_xlim(*limits)
        axis.axes.set_xscale("log")
    else:
        axis.axes.set_ylim(*limits)
        axis.axes.set_yscale("log")
    _put_numbers(axis, *limits)


@contextmanager
def house_style() -> Iterator[None]:
    """Settings under which all figures are drawn. What is beyond all floats is drawn at the edge, without a word of NumPy."""
    import matplotlib as mpl
    import numpy as np

    with mpl.rc_context(SETTINGS), np.errstate(all="ignore"):
        yield
