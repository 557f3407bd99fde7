"""Muon: momentum whose step is made orthogonal in each weight matrix, and AdamW for biases."""

import math
from dataclasses import dataclass

import numpy as np

from zdl_bench.errors import require
from zdl_bench.kernels.elementary import power
from zdl_bench.optimizers.layerwise import Layer, compile_loop, layers, weighted_sum
from zdl_bench.optimizers.optimizer import Optimizer, State, Step
from zdl_bench.optimizers.ranges import require_above_zero, require_at_least_zero, require_decay_rates
from zdl_bench.run.run import Floats

ROUND_OFF = 1e-7
"""The smallest norm by which a matrix is divided: a matrix of zeros stays as it is."""


@dataclass(frozen=True)
class Muon(Optimizer):
    """M ← μM + (1 − μ)G,  U = μM + (1 − μ)G,  W ← (1 − lr·λ)W − lr·√max(1, outputs/inputs)·O

    for each weight matrix (inputs, outputs). O is about U with all singular values replaced by 1: X = U/‖U‖, then `iterations`
    times X ← aX + X(bA + cA²) with A = XᵀX (Newton–Schulz). Biases follow AdamW with lr·aux and the same λ.

    momentum: μ, in [0, 1). nesterov: if False, U = M. iterations: an integer of at least 0. coefficients: a, b, c.
    weight_decay: λ ≥ 0, decoupled. aux: above 0. beta1, beta2, epsilon: AdamW's.
    Where implementations disagree: Jordan leaves the first and the last layer to AdamW; here, as in optax, all matrices are
    orthogonalized. The ratio under the root is outputs/inputs; PyTorch keeps transposed matrices, so it looks inverted there;
    Keras takes inputs/outputs, which is another rate. Liu et al. use 0.2·√max(outputs, inputs) instead. optax corrects the bias
    of M. In GPU programs, X is in bfloat16. AdamW's β₂ is 0.95, not 0.999. λ is 0.1 in PyTorch and 0 here.
    Source: Jordan et al. 2024, Muon: an optimizer for hidden layers in neural networks; Liu et al. 2025, Muon is scalable for
    LLM training, arXiv:2502.16982.
    """

    momentum: float = 0.95
    nesterov: bool = True
    iterations: int = 5
    coefficients: tuple[float, ...] = (3.4445, -4.775, 2.0315)
    weight_decay: float = 0.0
    aux: float = 0.1
    beta1: float = 0.9
    beta2: float = 0.95
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        require_decay_rates(self, "momentum", "beta1", "beta2")
        require_above_zero(self, "aux", "epsilon")
        require_at_least_zero(self, "iterations", "weight_decay")
        are_three = len(self.coefficients) == 3 and all(map(math.isfinite, self.coefficients))
        require("optimizer.coefficients", self.coefficients, are_three, "give three numbers, such as [3.4445,-4.775,2.0315]")

    def init(self, params: Floats, step: Step) -> State:
        compile_loop(weighted_sum, params, "keep", "rate")
        return State({"m": np.zeros_like(params), "v": np.zeros_like(params)})

    def update(self, params: Floats, grad: Floats, state: State, step: Step) -> None:
        for layer in layers(params, grad, step):
            m, v = (state.arrays[name][layer.own] for name in ("m", "v"))
            if layer.is_matrix:
                layer.add(layer.g, out=m, keep=self.momentum, rate=1 - self.momentum)
                direction = m.copy()
                if self.nesterov:
                    layer.add(layer.g, out=direction, keep=self.momentum, rate=1 - self.momentum)
                inputs, outputs = layer.shape
                rate = step.lr * math.sqrt(max(1.0, outputs / inputs))
                layer.add(self._orthogonalized(layer, direction), layer.w, 1 - step.lr * self.weight_decay, -rate)
            else:
                self._adamw(layer, m, v, step)

    def _orthogonalized(self, layer: Layer, direction: Floats) -> Floats:
        """Return the direction (n,) of a matrix with singular values near 1. The smaller side of the matrix is that of A."""
        dtype, (a, b, c) = direction.dtype, self.coefficients
        inputs, outputs = layer.shape
        x = direction.reshape(layer.shape) / dtype.type(max(layer.length(direction), ROUND_OFF))
        x = x if inputs >= outputs else np.ascontiguousarray(x.T)
        side = x.shape[1]
        gram, square, product = np.empty((side, side), dtype), np.empty((side, side), dtype), np.empty_like(x)
        for _ in range(self.iterations):
            layer.kernels.transposed_product(x, x, gram)
            layer.kernels.product(gram, gram, square)
            layer.add(square.ravel(), out=gram.ravel(), keep=b, rate=c)
            layer.kernels.product(x, gram, product)
            layer.add(product.ravel(), out=x.ravel(), keep=a)
        return (x if inputs >= outputs else np.ascontiguousarray(x.T)).ravel()

    def _adamw(self, layer: Layer, m: Floats, v: Floats, step: Step) -> None:
        lr, number = step.lr * self.aux, m.dtype.type
        of_m, of_v = 1 - power(self.beta1, step.number), 1 - power(self.beta2, step.number)
        layer.add(layer.g, out=m, keep=self.beta1, rate=1 - self.beta1)
        layer.add(layer.g * layer.g, out=v, keep=self.beta2, rate=1 - self.beta2)
        move = m / (np.sqrt(v) / number(math.sqrt(of_v)) + number(self.epsilon))
        layer.add(move, out=layer.w, keep=1 - lr * self.weight_decay, rate=-lr / of_m)
