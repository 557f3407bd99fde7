"""Streams of random numbers. Each seed gives one stream per use: weights, batches, noise, and the
optimizer.

The project uses common random numbers: the streams depend only on the seed, never on the optimizer or the learning rate. So
all runs with the same seed start at the same point and see the same batches.
"""

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from zdl_bench.kernels.elementary import log

POINTS_PER_DRAW = 4_096
"""The number of points drawn at once for normals, at most: few enough for all arrays to stay in the cache."""


class Stream(Protocol):
    """The methods that the project needs from a generator, a `PortableStream` or a `LegacyStream`."""

    def standard_normal(self, size: int | tuple[int, ...]) -> npt.NDArray[np.float64]: ...

    def integers(self, high: int, size: int) -> npt.NDArray[np.int64]: ...

    def permutation(self, n: int) -> npt.NDArray[np.int64]: ...


@dataclass(frozen=True)
class Streams:
    """rule: for an optimizer that draws numbers. It is the seed's own in every kind of streams, so that it moves no other."""

    weights: Stream
    batches: Stream
    noise: Stream
    rule: Stream


class PortableStream:
    """NumPy's PCG64, whose integers and permutations are the same everywhere, with normals that are, too."""

    def __init__(self, seed: np.random.SeedSequence) -> None:
        self._generator = np.random.Generator(np.random.PCG64(seed))

    def integers(self, high: int, size: int) -> npt.NDArray[np.int64]:
        return self._generator.integers(high, size=size)

    def permutation(self, n: int) -> npt.NDArray[np.int64]:
        return self._generator.permutation(n)

    def standard_normal(self, size: int | tuple[int, ...]) -> npt.NDArray[np.float64]:
        """Return normals by the polar method: of points in a square, those inside the circle give two numbers each.

        NumPy's own method calls the C library's log1p and exp, whose last bits depend on the machine. Source: Marsaglia &
        Bray 1964, A convenient method for generating normal variables, SIAM Review 6.
        """
        count = math.prod(size) if isinstance(size, tuple) else size
        normals = np.empty(count)
        filled = 0
        while filled < count:
            points = 2 * self._generator.random((2, min((count - filled) * 5 // 7 + 8, POINTS_PER_DRAW))) - 1
            # a point is inside with probability π/4: 0.64 points per normal
            squares = points[0] * points[0] + points[1] * points[1]
            inside = (squares > 0) & (squares < 1)
            factors = np.sqrt(-2 * log(squares[inside]) / squares[inside])
            new = (points[:, inside] * factors).ravel()[: count - filled]
            normals[filled : filled + len(new)] = new
            filled += len(new)
        return normals.reshape(size)


class LegacyStream:
    """The generator behind `numpy.random.seed`, which the articles' programs use. Its normals depend on the machine.

    `integers(high, size)` returns the same numbers as `numpy.random.choice(high, size)`.
    """

    def __init__(self, seed: int) -> None:
        self._state = np.random.RandomState(seed)

    def standard_normal(self, size: int | tuple[int, ...]) -> npt.NDArray[np.float64]:
        return self._state.standard_normal(size)

    def integers(self, high: int, size: int) -> npt.NDArray[np.int64]:
        return self._state.randint(0, high, size=size)

    def permutation(self, n: int) -> npt.NDArray[np.int64]:
        return self._state.permutation(n)


def spawned_streams(seed: int) -> Streams:
    """Return four independent streams for a seed, from NumPy's SeedSequence."""
    return Streams(*map(PortableStream, np.random.SeedSequence(seed).spawn(4)))


def legacy_streams(seed: int) -> Streams:
    """Return streams as in the articles' programs: one generator for all uses. Weights are drawn first, then batches."""
    stream = LegacyStream(seed)
    return Streams(weights=stream, batches=stream, noise=stream, rule=spawned_streams(seed).rule)
