"""The project's training without the compiled loops."""

from collections.abc import Iterator
from contextlib import contextmanager

from zdl_bench.kernels import choice


@contextmanager
def numpy_alone() -> Iterator[None]:
    """In the block no run has compiled loops, whatever is installed."""
    fastest_loops, choice.fastest_loops = choice.fastest_loops, lambda dtype: choice.numpy_loops()
    try:
        yield
    finally:
        choice.fastest_loops = fastest_loops
