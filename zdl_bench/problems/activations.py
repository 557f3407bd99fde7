"""Activations of the MLP, each a pair of in-place functions. One class of this module per choice of `problem.activation`."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from zdl_bench.kernels.loops import Loops
from zdl_bench.run.run import Floats


@dataclass(frozen=True)
class Activation(ABC):
    """f, applied elementwise by the loops of a run."""

    loops: Loops

    @abstractmethod
    def apply(self, z: Floats, bias: Floats) -> None:
        """z ← f(z + bias), in place, for z (batch, units) and bias (units,)."""

    @abstractmethod
    def chain(self, delta: Floats, a: Floats) -> None:
        """delta ← delta · f′(z), in place, given the output a = f(z)."""


class ReLU(Activation):
    """f(z) = max(z, 0),  f′(z) = [a > 0]"""

    def apply(self, z: Floats, bias: Floats) -> None:
        self.loops.add_bias_relu(z, bias)

    def chain(self, delta: Floats, a: Floats) -> None:
        self.loops.chain_relu(delta, a)


class Tanh(Activation):
    """f(z) = tanh z,  f′(z) = 1 − a²"""

    def apply(self, z: Floats, bias: Floats) -> None:
        self.loops.add_bias(z, bias)
        np.tanh(z, out=z)

    def chain(self, delta: Floats, a: Floats) -> None:
        delta *= 1 - a * a


class Sigmoid(Activation):
    """f(z) = 1/(1 + e⁻ᶻ) = (1 + tanh(z/2))/2, a form that does not overflow,  f′(z) = a (1 − a)"""

    def apply(self, z: Floats, bias: Floats) -> None:
        self.loops.add_bias(z, bias)
        z *= 0.5
        np.tanh(z, out=z)
        z += 1
        z *= 0.5

    def chain(self, delta: Floats, a: Floats) -> None:
        delta *= a * (1 - a)


ACTIVATIONS: dict[str, type[Activation]] = {"relu": ReLU, "tanh": Tanh, "sigmoid": Sigmoid}
