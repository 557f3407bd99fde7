"""Colours, markers and fonts: an optimizer looks the same in every figure of every report."""

import colorsys
import hashlib
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from zdl_bench.errors import ConfigError
from zdl_bench.registry import conf_files

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

MAX_BANDS = 8
"""With more lines than this, bands would hide each other and are left out."""
MAX_TOLD_APART = 20
"""Lines of one figure that differ for the eye: in colour, or in dashes and marker."""
NEAR = 0.25
"""Colours nearer than this, as points in the RGB cube of side 1, are taken for one another on thin lines."""
LIGHTNESS = (0.2, 0.66)
"""Of variants of one optimizer: a darker or lighter line loses its hue."""
LIGHTNESS_STEP = 0.13

EMPTY_LOG_LIMITS = (0.1, 10.0)
"""Of a logarithmic axis with nothing on it."""

MAX_NAME = 60
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
    "pdf.fonttype": 42,  # letters that can be searched, and that journals take
    "text.parse_math": False,  # names are shown as they are, whatever $ is in them
}


class Look(NamedTuple):
    color: str
    marker: str


def look_of(optimizer: str) -> Look:
    """The look that the optimizer's YAML names; one derived from its name where it names none."""
    try:
        style = conf_files.load_yaml("optimizer", optimizer).get("style")
    except ConfigError:  # a stored run of an optimizer that this installation does not have
        style = None
    if style:
        return Look(str(style["color"]), str(style["marker"]))
    number = int.from_bytes(hashlib.sha256(optimizer.encode()).digest()[:4])
    color = FALLBACK_COLORS[number % len(FALLBACK_COLORS)]
    return Look(color, FALLBACK_MARKERS[number // 97 % len(FALLBACK_MARKERS)])


def require_prepared(frame: "pd.DataFrame", column: str) -> None:
    """Raise ConfigError for a frame that `comparisons` has not prepared: its runs may be of several settings."""
    if column not in frame:
        raise ConfigError(f"{column}: the frame has no such column; draw the frames of each of zdl_bench.comparisons(results)")


def line_looks(frame: "pd.DataFrame") -> "dict[str, dict[str, Any]]":
    """variant → how its line is drawn, in the order of the frame: as the columns of LOOK have it, if it has them.

    frame: has the columns variant and optimizer. Without the columns of LOOK, an optimizer has its own colour and marker, and
    each of its variants a colour of its own. If two colours are near each other, dashes and marker differ, as long as there
    are enough: any MAX_TOLD_APART lines in a row can be told apart.
    """
    require_prepared(frame, "variant")
    if set(LOOK) <= set(frame.columns):
        firsts = frame.drop_duplicates("variant")
        return {str(row["variant"]): {key: row[key] for key in LOOK} for row in firsts.to_dict("records")}
    optimizers = dict(frame[["variant", "optimizer"]].drop_duplicates("variant").itertuples(index=False))
    own = _looks_of_optimizers(list(dict.fromkeys(map(str, optimizers.values()))))
    variants = Counter(map(str, optimizers.values()))
    shades = {name: _shades(look.color, variants[name], is_alone=len(own) == 1) for name, look in own.items()}
    looks: dict[str, dict[str, Any]] = {}
    drawn: Counter[str] = Counter()
    for variant, optimizer in ((str(variant), str(optimizer)) for variant, optimizer in optimizers.items()):
        number = drawn[optimizer]
        color = shades[optimizer][number % len(shades[optimizer])]
        beside = [look for look in list(looks.values())[-MAX_TOLD_APART:] if are_near(look["color"], color)]
        markers, turn = (own[optimizer].marker, *FALLBACK_MARKERS), number % len(DASHES)
        looks[variant] = {
            "color": color,
            "marker": _least_used(markers, [look["marker"] for look in beside]),
            "linestyle": _least_used(DASHES[turn:] + DASHES[:turn], [look["linestyle"] for look in beside]),
        }
        drawn[optimizer] += 1
    return looks


def with_looks(frame: "pd.DataFrame", everything: "pd.DataFrame") -> "pd.DataFrame":
    """The frame with the columns of LOOK, so that a variant looks the same whichever others are drawn beside it.

    everything: variant and optimizer of all that are compared, with the columns of LOOK if they have them.
    """
    import pandas as pd

    looks = line_looks(everything)
    places, variants = pd.factorize(frame["variant"])  # a frame of losses has a row per run and step
    columns = {key: pd.Series([looks[str(variant)][key] for variant in variants], dtype=object) for key in LOOK}
    return frame.assign(**{key: column.to_numpy()[places] for key, column in columns.items()})


def shortened(name: str) -> str:
    """The name with an ellipsis in its middle where it is too long for a legend."""
    half = (MAX_NAME - 1) // 2
    return name if len(name) <= MAX_NAME else f"{name[: MAX_NAME - 1 - half]}…{name[-half:]}"


def legend_name(name: str) -> str:
    """The name as the label of a line: matplotlib leaves out of a legend what begins with an underscore."""
    text = shortened(name)
    return f"{UNSEEN}{text}" if text.startswith("_") else text


def are_near(first: str, second: str) -> bool:
    """Whether two colours may be taken for one another."""
    import matplotlib as mpl

    return math.dist(mpl.colors.to_rgb(first), mpl.colors.to_rgb(second)) < NEAR


def _looks_of_optimizers(optimizers: Sequence[str]) -> dict[str, Look]:
    """optimizer → its look; a colour or marker that another has already gives way to a free one."""
    looks: dict[str, Look] = {}
    for optimizer in optimizers:
        own, others = look_of(optimizer), list(looks.values())
        near = {color: sum(are_near(color, look.color) for look in others) for color in (own.color, *FALLBACK_COLORS)}
        marker = _least_used((own.marker, *FALLBACK_MARKERS), [look.marker for look in others])
        looks[optimizer] = Look(min(near, key=lambda color: near[color]), marker)
    return looks


def _shades(color: str, count: int, *, is_alone: bool) -> list[str]:
    """The colours of an optimizer's variants: shades of its own, or a whole scale if there is no other optimizer."""
    import matplotlib as mpl

    if count == 1:
        return [color]
    number = min(count, MAX_TOLD_APART)
    if is_alone:
        return [mpl.colors.to_hex(mpl.colormaps["viridis"](0.88 * place / (number - 1))) for place in range(number)]
    hue, own, saturation = colorsys.rgb_to_hls(*mpl.colors.to_rgb(color))
    low, high = LIGHTNESS
    step = min(LIGHTNESS_STEP, (high - low) / (number - 1))
    start = min(max(low, own - step * (number - 1) / 2), high - step * (number - 1))
    return [mpl.colors.to_hex(colorsys.hls_to_rgb(hue, start + step * place, saturation)) for place in range(number)]


def _least_used(choices: "Sequence[Any]", used: "Sequence[Any]") -> Any:
    """The first of the choices that is used least."""
    return min(choices, key=used.count)


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
    axis.set_major_locator(LogLocator(subs=subs, numticks=10) if high > 2.5 * low else MaxNLocator(5, steps=[1, 2, 5, 10]))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())
    axis.set_minor_locator(NullLocator())


SMALLEST, LARGEST = 5e-324, 1.7e308
"""Ends of a logarithmic axis: what floats can hold."""


def log_axis(axis: "Axis", values: "Iterable[float]", share: float = 0.0, least: float = 0.02) -> None:
    """Makes an axis logarithmic around those of the values that are positive, with plain numbers on it.

    share: of their distance, the room beyond them at both ends; least: decades that it has then. Some limits
    are set before the scale is, since matplotlib would look for its own, which may be beyond all floats.
    """
    import numpy as np

    given = np.array(list(values), dtype=float)
    within = np.clip(given[given > 0], SMALLEST, LARGEST)
    low, high = (within.min(), within.max()) if len(within) else EMPTY_LOG_LIMITS
    room = max(share * (np.log10(high) - np.log10(low)), least) if share or low == high else 0.0
    with np.errstate(over="ignore", under="ignore"):
        limits = np.clip([low / 10**room, high * 10**room], SMALLEST, LARGEST)
    if axis is axis.axes.xaxis:
        axis.axes.set_xlim(EMPTY_LOG_LIMITS)
        axis.axes.set_xscale("log")
        axis.axes.set_xlim(*limits)
    else:
        axis.axes.set_ylim(EMPTY_LOG_LIMITS)
        axis.axes.set_yscale("log")
        axis.axes.set_ylim(*limits)
    _put_numbers(axis, *limits)


@contextmanager
def house_style() -> Iterator[None]:
    """Settings under which all figures are drawn: matplotlib's own, and SETTINGS. Those of the user come back afterwards.

    What is beyond all floats is drawn at the edge, without a word of NumPy.
    """
    import matplotlib as mpl
    import numpy as np

    with mpl.rc_context(), np.errstate(all="ignore"):
        mpl.rcdefaults()
        mpl.rcParams.update(SETTINGS)
        yield
