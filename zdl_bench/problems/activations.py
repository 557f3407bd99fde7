"""Activation functions of the MLP. Each choice of `problem.activation` is two formulas for one element."""

from typing import Any, NamedTuple

import numpy as np

from zdl_bench.kernels.definition import ElementFunction, Kernels
from zdl_bench.kernels.elementary import tanh
from zdl_bench.kernels.exponentials import select


class Activation(NamedTuple):
    """apply: z → a = f(z). chain: (delta, a) → delta · f′(z), where f′ is a function of a."""

    apply: ElementFunction
    chain: ElementFunction


def identity(z: Any) -> Any:
    """Return z, as the last layer does."""
    return z


def relu(z: Any) -> Any:
    """Return max(z, 0). NaN stays NaN."""
    return select(z <= 0, 0, z)


def relu_chain(delta: Any, a: Any) -> Any:
    """Multiply by f′(z) = 1 if a > 0, else 0."""
    return select(a > 0, delta, 0)


def hyperbolic_tangent(z: Any) -> Any:
    """Return tanh z."""
    return tanh(z)


def tanh_chain(delta: Any, a: Any) -> Any:
    """Multiply by f′(z) = 1 − a²."""
    return delta * (1 - a * a)


def sigmoid(z: Any) -> Any:
    """Return 1/(1 + e⁻ᶻ), computed as (1 + tanh(z/2))/2, which does not overflow."""
    return (1 + tanh(z * 0.5)) * 0.5


def sigmoid_chain(delta: Any, a: Any) -> Any:
    """Multiply by f′(z) = a·(1 − a)."""
    return delta * (a * (1 - a))


ACTIVATIONS = {
    "relu": Activation(relu, relu_chain),
    "tanh": Activation(hyperbolic_tangent, tanh_chain),
    "sigmoid": Activation(sigmoid, sigmoid_chain),
}


def load_activation(name: str, kernels: Kernels, dtype: np.dtype) -> Activation:
    """Return an activation. Its loops are compiled or loaded now, before the time of a run's steps counts."""
    activation, nothing, bias = ACTIVATIONS[name], np.empty((0, 1), dtype), np.empty(1, dtype)
    for function in (activation.apply, identity):
        kernels.activate(function, nothing, bias)
    kernels.chain(activation.chain, nothing, nothing)
    return activation
