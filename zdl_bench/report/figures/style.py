"""Define colours, markers and fonts, so that an optimizer looks the same in every figure of every report."""

import colorsys
import hashlib
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import matplotlib as mpl
import numpy as np
import pandas as pd

from zdl_bench.errors import ConfigError
from zdl_bench.registry import conf_files
from zdl_bench.report.figures.families import family_looks
from zdl_bench.report.figures.print_layout import MM, column_width
from zdl_bench.report.figures.settings import settings_of
from zdl_bench.report.language_fonts import font_families
from zdl_bench.report.limits import MAX_TOGETHER, asked_optimizers
from zdl_bench.report.phrases import shorten
from zdl_bench.run.presentation import PLAIN, Presentation

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
"""Largest number of lines that have bands. The bands of more lines would hide one another and are left out."""
MAX_TOLD_APART = 20
"""Largest number of lines in one figure that the eye can tell apart, by colour or by dashes and marker."""
NEAR = 0.25
"""Distance below which two colours look the same on thin lines, in the RGB cube of side 1."""
LIGHTNESS = (0.2, 0.66)
"""Range of lightness for the variants of one optimizer. The hue of a darker or lighter line is hard to see."""
LIGHTNESS_STEP = 0.13

INVISIBLE = "\N{ZERO WIDTH SPACE}"
LOOK = ("color", "marker", "linestyle")


class Look(NamedTuple):
    """The colour and the marker of an optimizer in figures, and its dashes if its family chooses them."""

    color: str
    marker: str
    dashes: Any = None


def look_of(optimizer: str) -> Look:
    """Return the look in the YAML of the optimizer, or a look derived from the optimizer's name if the YAML has none."""
    try:
        style = conf_files.load_yaml("optimizer", optimizer).get("style")
    except ConfigError:  # a stored run of an optimizer that this installation does not have
        style = None
    if style:
        return Look(str(style["color"]), str(style["marker"]))
    number = int.from_bytes(hashlib.sha256(optimizer.encode()).digest()[:4])
    color = FALLBACK_COLORS[number % len(FALLBACK_COLORS)]
    return Look(color, FALLBACK_MARKERS[number // 97 % len(FALLBACK_MARKERS)])


def require_prepared(frame: pd.DataFrame, column: str) -> None:
    """Raise ConfigError if the frame lacks the column. Only frames from `comparisons`, with runs of one setting, have it."""
    if column not in frame:
        raise ConfigError(f"{column}: the frame has no such column; pass a frame of one of zdl_bench.comparisons(results)")


def line_looks(frame: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Map each variant, in the order of the frame, to keyword arguments that define the look of its line.

    frame: has the columns variant and optimizer. If the frame also has the columns of LOOK, these give the looks.
    Otherwise each optimizer has its own colour and marker, and each variant of an optimizer its own colour. Variants whose
    colours are near each other have different dashes and markers, as far as these suffice. Any MAX_TOLD_APART
    consecutive lines can be told apart.
    """
    require_prepared(frame, "variant")
    rows = frame.drop_duplicates("variant")
    if set(LOOK) <= set(frame.columns):
        return {str(row["variant"]): {key: row[key] for key in LOOK} for row in rows[["variant", *LOOK]].to_dict("records")}
    optimizers = dict(zip(map(str, rows["variant"]), map(str, rows["optimizer"]), strict=True))
    own, counts = _looks_of_optimizers(dict.fromkeys(optimizers.values())), Counter(optimizers.values())
    shades = {name: _shades(look.color, counts[name]) if len(own) > 1 else _scale(counts[name]) for name, look in own.items()}
    looks: dict[str, dict[str, Any]] = {}
    free: list[dict[str, Any]] = []  # looks that no family gives
    numbers: Counter[str] = Counter()
    for variant, optimizer in optimizers.items():
        color, marker, dashes = own[optimizer]
        if dashes is not None and counts[optimizer] == 1:
            looks[variant] = {"color": color, "marker": marker, "linestyle": dashes}
            continue
        number = numbers[optimizer]
        color = shades[optimizer][number % MAX_TOLD_APART] if counts[optimizer] > 1 else color
        beside = [look for look in free[-MAX_TOLD_APART:] if are_near(look["color"], color)]
        markers, turn = (marker, *FALLBACK_MARKERS), number % len(DASHES)
        looks[variant] = {
            "color": color,
            "marker": _least_used(markers, [look["marker"] for look in beside]),
            "linestyle": _least_used(DASHES[turn:] + DASHES[:turn], [look["linestyle"] for look in beside]),
        }
        free.append(looks[variant])
        numbers[optimizer] += 1
    return looks


def with_looks(frame: pd.DataFrame, everything: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with the columns of LOOK, so that a variant looks the same whichever other variants are drawn.

    everything: has the columns variant and optimizer for all compared variants, and may have the columns of LOOK.
    """
    looks = line_looks(everything)
    places, variants = pd.factorize(frame["variant"])  # looks up each variant once, since frames of losses have many rows
    columns = {key: pd.Series([looks[str(variant)][key] for variant in variants], dtype=object) for key in LOOK}
    return frame.assign(**{key: column.to_numpy()[places] for key, column in columns.items()})


def legend_name(name: str) -> str:
    """Return the name as the label of a line.

    Put an invisible character before a leading underscore, since matplotlib leaves such labels out of legends.
    """
    text = shorten(name)
    return f"{INVISIBLE}{text}" if text.startswith("_") else text


def are_near(first: str, second: str) -> bool:
    """Return whether two colours are so close that readers may confuse them."""
    return math.dist(mpl.colors.to_rgb(first), mpl.colors.to_rgb(second)) < NEAR


def _looks_of_optimizers(optimizers: Iterable[str]) -> dict[str, Look]:
    """Map each optimizer to its look.

    If an earlier optimizer has the same marker or a similar colour, use a free marker or colour instead. If no marker or
    colour is free, use the one that fewest optimizers have. Of more than MAX_TOGETHER optimizers, those with a family have its
    hue.
    """
    looks: dict[str, Look] = {}
    every = list(optimizers)
    of_family = family_looks(every) if len(every) > MAX_TOGETHER else {}
    for optimizer in every:
        if optimizer in of_family:
            color, number = of_family[optimizer]
            looks[optimizer] = Look(color, FALLBACK_MARKERS[number % len(FALLBACK_MARKERS)], DASHES[number % len(DASHES)])
            continue
        own, others = look_of(optimizer), [look for look in looks.values() if look.dashes is None]
        near = {color: sum(are_near(color, look.color) for look in others) for color in (own.color, *FALLBACK_COLORS)}
        marker = _least_used((own.marker, *FALLBACK_MARKERS), [look.marker for look in others])
        looks[optimizer] = Look(min(near, key=lambda color: near[color]), marker)
    return looks


def _shades(color: str, count: int) -> list[str]:
    """Return the colours of up to MAX_TOLD_APART variants of an optimizer: shades of the optimizer's colour."""
    steps = max(1, min(count, MAX_TOLD_APART) - 1)
    hue, own, saturation = colorsys.rgb_to_hls(*mpl.colors.to_rgb(color))
    low, high = LIGHTNESS
    step = min(LIGHTNESS_STEP, (high - low) / steps)
    start = min(max(low, own - step * steps / 2), high - step * steps)
    return [mpl.colors.to_hex(colorsys.hls_to_rgb(hue, start + step * place, saturation)) for place in range(steps + 1)]


def _scale(count: int) -> list[str]:
    """Return the colours of up to MAX_TOLD_APART variants of the only optimizer, spread over a whole colour scale."""
    steps = max(1, min(count, MAX_TOLD_APART) - 1)
    return [mpl.colors.to_hex(mpl.colormaps["viridis"](0.88 * place / steps)) for place in range(steps + 1)]


def _least_used(choices: Sequence[Any], used: Sequence[Any]) -> Any:
    """Return the choice that `used` contains least often, or the first of several such choices."""
    return min(choices, key=used.count)


@contextmanager
def house_style(presentation: Presentation = PLAIN) -> Iterator[None]:
    """Draw figures in a presentation within the context, and restore the user's settings afterwards.

    NumPy gives no warnings within it. Values too large for a float are drawn at the edge. Raise ConfigError for a wrong style.
    """
    settings = settings_of(presentation)
    width = column_width.set((presentation.width or 0) * MM if presentation.is_for_print else None)
    optimizers = asked_optimizers.set(presentation.optimizers)
    try:
        with mpl.rc_context(), np.errstate(all="ignore"):
            mpl.rcdefaults()
            mpl.rcParams.update(settings | {"font.family": font_families(settings)})
            yield
    finally:
        column_width.reset(width)
        asked_optimizers.reset(optimizers)
