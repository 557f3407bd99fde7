"""Activations of the MLP: each a pair of in-place functions. One name of this module per choice of `problem.activation`."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from zdl_bench.run import Floats


class Activation(Protocol):
    def apply(self, z: Floats) -> None:
        """z ← f(z), in place."""
        ...

    def chain(self, delta: Floats, a: Floats) -> None:
        """delta ← delta · f′(z), in place, from the output a = f(z)."""
        ...


@dataclass(frozen=True)
class ReLU:
    def apply(self, z: Floats) -> None:
        np.maximum(z, 0, out=z)

    def chain(self, delta: Floats, a: Floats) -> None:
        np.multiply(delta, a > 0, out=delta)


@dataclass(frozen=True)
class Tanh:
    def apply(self, z: Floats) -> None:
        np.tanh(z, out=z)

    def chain(self, delta: Floats, a: Floats) -> None:
        delta *= 1 - a * a


@dataclass(frozen=True)
class Sigmoid:
    def apply(self, z: Floats) -> None:
        """f(z) = (1 + tanh(z/2)) / 2, which does not overflow."""
        z *= 0.5
        np.tanh(z, out=z)
        z += 1
        z *= 0.5

    def chain(self, delta: Floats, a: Floats) -> None:
        delta *= a * (1 - a)
