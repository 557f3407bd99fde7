"""Activation functions of the MLP. Each choice of `problem.activation` is a class with two in-place functions."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from zdl_bench.kernels.loops import Loops
from zdl_bench.run.run import Floats


@dataclass(frozen=True)
class Activation(ABC):
    """An activation function f, applied elementwise by the loops of a run."""

    loops: Loops

    @abstractmethod
    def apply(self, z: Floats, bias: Floats) -> None:
        """Set z ← f(z + bias) in place, for z of shape (batch, units) and bias of shape (units,)."""

    @abstractmethod
    def chain(self, delta: Floats, a: Floats) -> None:
        """Set delta ← delta · f′(z) in place, given the output a = f(z)."""


class ReLU(Activation):
    """f(z) = max(z, 0),  f′(z) = 1 if a > 0, else 0"""

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
    """f(z) = 1/(1 + e⁻ᶻ),  f′(z) = a (1 − a), computed as f(z) = (1 + tanh(z/2))/2, which does not overflow"""

    def apply(self, z: Floats, bias: Floats) -> None:
        self.loops.add_bias(z, bias)
        z *= 0.5
        np.tanh(z, out=z)
        z += 1
        z *= 0.5

    def chain(self, delta: Floats, a: Floats) -> None:
        delta *= a * (1 - a)


ACTIVATIONS: dict[str, type[Activation]] = {"relu": ReLU, "tanh": Tanh, "sigmoid": Sigmoid}
