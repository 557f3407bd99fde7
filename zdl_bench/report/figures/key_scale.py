"""The horizontal axis of a key: the scale on which its values are most evenly spread, and their texts."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes

from zdl_bench.language import translatable
from zdl_bench.report.figures.selection import evenly_spread
from zdl_bench.run.run import Floats

MAX_TICKS = 9
"""Largest number of values that are written below a panel."""
MAX_TICK_LETTERS = 16
LETTERS_BELOW_PANEL = 30
"""Largest number of letters that fit below a panel; longer texts are slanted."""
FAR_APART = 8.0
"""The ratio from which two values suggest a logarithmic axis."""


class KeyScale(NamedTuple):
    """Where the values of a key stand on the horizontal axis, (values,), and what the scale is called, empty if linear."""

    positions: Floats
    words: str = ""


def key_scale(numbers: Sequence[float] | None, count: int) -> KeyScale:
    """Return the scale on which the values of a key are most evenly spread.

    numbers: the values, ascending, or None if they are categories, which are spread evenly. count: the number of values.
    The scales are linear, logarithmic, and logarithmic in the distance to 1, as for the decay of a moment: 0.9, 0.99, 0.999.
    """
    if numbers is None:
        return KeyScale(np.arange(count, dtype=float))
    values = np.array(numbers)
    scales = [KeyScale(values)]
    if values.min() > 0:
        scales.append(KeyScale(np.log(values), translatable("log scale")))
    if values.min() >= 0.5 and values.max() < 1:
        scales.append(KeyScale(-np.log1p(-values), translatable("log scale of the distance to 1")))
    if count > 2:
        return min(scales, key=lambda scale: round(_unevenness(scale.positions), 3))
    return next((scale for scale in scales[:0:-1] if np.ptp(scale.positions) >= np.log(FAR_APART)), scales[0])


def _unevenness(positions: Floats) -> float:
    gaps = np.diff(positions)
    return float(gaps.std() / gaps.mean())


def write_values(axes: Axes, texts: Sequence[str], scale: KeyScale) -> None:
    """Write the values below the horizontal axis, and set its limits. texts: the values in words, each in one or more lines."""
    shown = evenly_spread(len(texts), MAX_TICKS)
    lines = [[_cut(line) for line in texts[place].split("\n")] for place in shown]
    is_crowded = sum(max(map(len, words)) for words in lines) > LETTERS_BELOW_PANEL
    slant: dict[str, Any] = {"rotation": 30, "ha": "right", "rotation_mode": "anchor"} if is_crowded else {}
    axes.set_xticks(scale.positions[shown], ["\n".join(words) for words in lines], **slant)
    room = 0.06 * (np.ptp(scale.positions) or 1.0)
    axes.set_xlim(scale.positions.min() - room, scale.positions.max() + room)


def _cut(line: str) -> str:
    return line if len(line) <= MAX_TICK_LETTERS else f"{line[: MAX_TICK_LETTERS - 1]}…"
