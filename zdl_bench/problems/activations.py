"""Activations of the MLP, each a pair of in-place functions. One class of this module per choice of `problem.activation`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from zdl_bench.kernels.loops import Loops
from zdl_bench.run.run import Floats


class Activation(Protocol):
    def apply(self, z: Floats, bias: Floats) -> None:
        """z ← f(z + bias), in place, for z (batch, units) and bias (units,)."""
        ...

    def chain(self, delta: Floats, a: Floats) -> None:
        """delta ← delta · f′(z), in place, given the output a = f(z)."""
        ...


@dataclass(frozen=True)
class ReLU:
    """f(z) = max(z, 0),  f′(z) = [a > 0]"""

    loops: Loops

    def apply(self, z: Floats, bias: Floats) -> None:
        self.loops.add_bias_relu(z, bias)

    def chain(self, delta: Floats, a: Floats) -> None:
        self.loops.chain_relu(delta, a)


@dataclass(frozen=True)
class Tanh:
    """f(z) = tanh z,  f′(z) = 1 − a²"""

    loops: Loops

    def apply(self, z: Floats, bias: Floats) -> None:
        self.loops.add_bias(z, bias)
        np.tanh(z, out=z)

    def chain(self, delta: Floats, a: Floats) -> None:
        delta *= 1 - a * a


@dataclass(frozen=True)
class Sigmoid:
    """f(z) = 1/(1 + e⁻ᶻ) = (1 + tanh(z/2))/2, a form that does not overflow,  f′(z) = a (1 − a)"""

    loops: Loops

    def apply(self, z: Floats, bias: Floats) -> None:
        self.loops.add_bias(z, bias)
        z *= 0.5
        np.tanh(z, out=z)
        z += 1
        z *= 0.5

    def chain(self, delta: Floats, a: Floats) -> None:
        delta *= a * (1 - a)


ACTIVATIONS: dict[str, Callable[[Loops], Activation]] = {"relu": ReLU, "tanh": Tanh, "sigmoid": Sigmoid}
