"""Streams of random numbers from a seed, one for each use.

Common random numbers: the streams depend on the seed alone, never on the optimizer or the learning rate, so runs of one
seed start at the same point and see the same batches.
"""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt


class Stream(Protocol):
    """What the project draws from `numpy.random.Generator` and the articles' generator alike."""

    def standard_normal(self, size: int | tuple[int, ...]) -> npt.NDArray[np.float64]: ...

    def integers(self, high: int, size: int) -> npt.NDArray[np.int64]: ...

    def permutation(self, n: int) -> npt.NDArray[np.int64]: ...


@dataclass(frozen=True)
class Streams:
    weights: Stream
    batches: Stream
    noise: Stream


class LegacyStream:
    """The generator behind `numpy.random.seed`, which the articles use.

    `integers(high, size)` returns what `numpy.random.choice(high, size)` would.
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
    """Return three independent streams of one seed (NumPy's SeedSequence and PCG64)."""
    children = np.random.SeedSequence(seed).spawn(3)
    generators: list[Any] = [np.random.Generator(np.random.PCG64(child)) for child in children]
    return Streams(*generators)


def legacy_streams(seed: int) -> Streams:
    """Return the articles' single stream: weights first, then the batches, all from one generator."""
    stream = LegacyStream(seed)
    return Streams(weights=stream, batches=stream, noise=stream)
