"""Streams of random numbers. Each seed gives one stream per use: weights, batches and noise.

The project uses common random numbers: the streams depend only on the seed, never on the optimizer or the learning rate. So
all runs with the same seed start at the same point and see the same batches.
"""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt


class Stream(Protocol):
    """The methods that the project needs from a random generator. NumPy's Generator and `LegacyStream` have these methods."""

    def standard_normal(self, size: int | tuple[int, ...]) -> npt.NDArray[np.float64]: ...

    def integers(self, high: int, size: int) -> npt.NDArray[np.int64]: ...

    def permutation(self, n: int) -> npt.NDArray[np.int64]: ...


@dataclass(frozen=True)
class Streams:
    weights: Stream
    batches: Stream
    noise: Stream


class LegacyStream:
    """The generator behind `numpy.random.seed`, which the programs of the compared articles use.

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
    """Return three independent streams for a seed, with NumPy's SeedSequence and PCG64."""
    children = np.random.SeedSequence(seed).spawn(3)
    generators: list[Any] = [np.random.Generator(np.random.PCG64(child)) for child in children]
    return Streams(*generators)


def legacy_streams(seed: int) -> Streams:
    """Return streams as in the articles' programs: one generator for all uses. Weights are drawn first, then batches."""
    stream = LegacyStream(seed)
    return Streams(weights=stream, batches=stream, noise=stream)
