"""Axes that a person gives, on which a figure of one panel is drawn."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from matplotlib.axes import Axes

given_axes: ContextVar[Axes | None] = ContextVar("given axes", default=None)


@contextmanager
def drawing_on(axes: Axes) -> Iterator[None]:
    """Draw figures of one panel on these axes within the `with` block, without a title and with the legend inside."""
    token = given_axes.set(axes)
    try:
        yield
    finally:
        given_axes.reset(token)


def has_given_axes() -> bool:
    """Return whether figures are drawn on given axes, of which there is one."""
    return given_axes.get() is not None
