"""How much one figure shows: its largest size, and how many optimizers it has room for."""

from contextvars import ContextVar

MAX_WIDTH, MAX_HEIGHT = 10.9, 14.5
"""Largest size of a figure for the screen, in inches: 1,199 × 1,595 pixels at 110 per inch."""
MAX_TOGETHER = 8
"""Largest number of optimizers whose lines share a panel. Of more, each gets a panel, in which the others are grey."""
MAX_ALONE = 12
"""Largest number of panels with a panel per optimizer."""
FIRST_TEN = 10
"""Largest number of optimizers in a figure that compares them in pairs."""

asked_optimizers: ContextVar[int | None] = ContextVar("asked_optimizers", default=None)
"""The number of optimizers that a person asked for with `figure.optimizers`. None: as many as each figure has room for."""


def room_for(most: int) -> int:
    """Return how many optimizers a figure shows that has room for `most`."""
    return asked_optimizers.get() or most
