"""Adafactor: Adam's second moment from the means of rows and columns alone, and steps relative to the size of the weights."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from zdl_bench.kernels.choice import kernels_for_vectors
from zdl_bench.kernels.elementary import exp, log
from zdl_bench.kernels.exponentials import select
from zdl_bench.optimizers.layerwise import Layer, compile_loop, layers, weighted_sum
from zdl_bench.optimizers.optimizer import Optimizer, State, Step
from zdl_bench.optimizers.ranges import require_above_zero, require_at_least_zero
from zdl_bench.run.run import Floats


@dataclass(frozen=True)
class Adafactor(Optimizer):
    """r ← r + k(mean of g² over each row − r),  c ← c + k(mean of g² over each column − c),  v = r·cᵀ / mean(r),
    u = g / √max(v, ε₁²),  w ← (1 − lr·λ)w − max(ε₂, rms(w))·min(lr, 1/√t) / max(1, rms(u)/d)·u

    for each weight matrix, with k = t^−decay_power. For a bias v is the average of g² itself, with the same k. There is no m.

    decay_power: in [0, ∞); k is 1 in the first step. epsilon1: ε₁ > 0, the smallest root of v. epsilon2: ε₂ > 0, the smallest
        size of weights. clip: d > 0, the largest rms of u. weight_decay: λ ≥ 0, decoupled.
    lr is only a cap of the rate 1/√t, and steps are relative to rms(w): an lr of 0.01 is a hundredth of the weights.
    Where implementations disagree: this is PyTorch's form. In the paper, lr is 0.01, and ε₁ = 1e-30 is added to g² instead of
    bounding v; PyTorch takes the precision of the dtype for ε₁. optax factors only matrices of at least 128 rows and columns,
    and multiplies rms(w) by lr itself, without 1/√t.
    Source: Shazeer & Stern 2018, Adafactor: adaptive learning rates with sublinear memory cost, arXiv:1804.04235.
    """

    decay_power: float = 0.8
    epsilon1: float = 1e-15
    epsilon2: float = 1e-3
    clip: float = 1.0
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        require_above_zero(self, "epsilon1", "epsilon2", "clip")
        require_at_least_zero(self, "decay_power", "weight_decay")

    def init(self, params: Floats, step: Step) -> State:
        compile_loop(weighted_sum, params, "keep", "rate")
        compile_loop(divided, params, "smallest")
        arrays = {"move": np.zeros_like(params)}
        for number, tensor in enumerate(step.layout):
            (*rows, columns), dtype = tensor.shape, params.dtype
            own = {"rows": np.zeros((*rows, 1), dtype), "columns": np.zeros((1, columns), dtype)} if rows else {}
            own = own or {"v": np.zeros(columns, dtype)}
            arrays |= {f"{name}{number}": array for name, array in own.items()}
        return State(arrays)

    def update(self, params: Floats, grad: Floats, state: State, step: Step) -> None:
        number = params.dtype.type
        share = number(exp(-self.decay_power * log(float(step.number))))
        rate = min(step.lr, 1 / math.sqrt(step.number))
        move = state.arrays["move"]
        np.multiply(grad, grad, out=move)
        for layer in layers(params, move, step):
            self._average(layer, state, share)
        kernels = kernels_for_vectors(len(params), params.dtype)
        kernels.update(divided, move, grad, (), {"smallest": number(self.epsilon1)})
        for layer in layers(params, move, step):
            size = max(self.epsilon2, layer.rms(layer.w)) / max(1.0, layer.rms(layer.g) / self.clip)
            layer.add(layer.g, out=layer.w, keep=1 - step.lr * self.weight_decay, rate=-rate * size)

    def _average(self, layer: Layer, state: State, share: Any) -> None:
        """Change the averages of a layer, and write √v in place of its squared gradient."""
        if not layer.is_matrix:
            v = state.arrays[f"v{layer.name}"]
            v += share * (layer.g - v)
            layer.g[:] = np.sqrt(v)
            return
        squares, number = layer.g.reshape(layer.shape), layer.g.dtype.type
        rows, columns = state.arrays[f"rows{layer.name}"], state.arrays[f"columns{layer.name}"]
        (m, n), of_rows, of_columns, total = squares.shape, np.empty_like(rows), np.empty_like(columns), np.empty_like(rows[0])
        layer.kernels.product(squares, np.ones((n, 1), number), of_rows)
        layer.kernels.column_sums(squares, of_columns[0])
        rows += share * (of_rows / number(n) - rows)
        columns += share * (of_columns / number(m) - columns)
        layer.kernels.column_sums(rows, total)
        mean = max(total[0] / number(m), number(self.epsilon1))
        layer.kernels.product(np.sqrt(rows / mean), np.sqrt(columns), squares)


def divided(root, g, *, smallest):
    """Return g / max(root, smallest)."""
    return g / select(root < smallest, smallest, root)
