"""SOAP on one side of each matrix: Adam in the eigenbasis of a moving average of the gradient's products with itself."""

import math
from dataclasses import dataclass

import numpy as np

from zdl_bench.errors import require
from zdl_bench.kernels.choice import kernels_for_vectors
from zdl_bench.kernels.definition import Kernels, ordered_sum
from zdl_bench.kernels.elementary import power
from zdl_bench.optimizers.optimizer import Optimizer, State, Step
from zdl_bench.optimizers.ranges import require_above_zero, require_decay_rates
from zdl_bench.run.run import Floats, Tensor

FIRST_ROUNDS = 30
"""Power iterations that find the first eigenbasis."""
BLOCK = 10
"""Vectors that are made orthogonal one by one, before all others are made orthogonal to them by two matrix products."""
SHIFT = 100
"""Added to each eigenvalue of C, in units of rounding errors of their sum: directions without gradients stay as they were."""
SMALLEST_TRACE = 1e-30
"""With less, there were no gradients, and Q stays."""


@dataclass(frozen=True)
class SOAP(Optimizer):
    """P = GQ,  m ← β₁m + (1 − β₁)P,  v ← β₂v + (1 − β₂)P²,  W ← W − lr·√(1 − β₂ᵗ)/(1 − β₁ᵗ) · m/(√v + ε) · Qᵀ,
    C ← β₂C + (1 − β₂)GᵀG

    for each matrix W with its gradient G, both transposed if they are wider than high. The columns of Q are close to the
    eigenvectors of C.

    Biases get Adam. The first step moves nothing and gives the first C and Q. After every `interval` steps, the columns of CQ,
    by falling eigenvalue and made orthogonal one after the other, are the new Q; m turns with it, v only changes its order.

    beta1, beta2: decay rates of m, and of v and C, in [0, 1). epsilon: ε > 0.
    interval: the steps from one Q to the next, at least 1.
    Where implementations disagree: the authors' program takes both sides of a matrix by default; here it is the shorter one
    alone, the paper's one-sided variant, whose step already costs more than 5 of SGD. It has a new Q every 10 steps. Its first
    Q comes from a solver for all eigenvectors, here from power iterations: the same up to rounding if no two eigenvalues are
    close. Its weight decay is the transform's.
    Source: Vyas et al. 2024, SOAP: improving and stabilizing Shampoo using Adam, arXiv:2409.11321.
    """

    beta1: float = 0.95
    beta2: float = 0.95
    epsilon: float = 1e-8
    interval: int = 20

    def __post_init__(self) -> None:
        require_decay_rates(self, "beta1", "beta2")
        require_above_zero(self, "epsilon")
        require("optimizer.interval", self.interval, self.interval >= 1, "interval must be at least 1")

    def init(self, params: Floats, step: Step) -> State:
        arrays = {name: np.zeros_like(params) for name in ("m", "v", "change", "turned")}
        for name, tensor in _matrices(step):
            size = min(tensor.shape)
            arrays |= {f"C{name}": np.zeros((size, size), params.dtype), f"Q{name}": np.eye(size, dtype=params.dtype)}
        kernels, one, nothing = kernels_for_vectors(len(params), params.dtype), params.dtype.type(1), params[:0].copy()
        scalars = dict.fromkeys(("beta1", "gain1", "beta2", "gain2", "epsilon"), one)
        kernels.update(_change, nothing, nothing, (nothing,) * 2, scalars)
        kernels.update(_moved, nothing, nothing, (), {"rate": one})
        return State(arrays)

    def update(self, params: Floats, grad: Floats, state: State, step: Step) -> None:
        if step.number > 1:
            self._move(params, grad, state, step)
        kernels, arrays = kernels_for_vectors(len(params), params.dtype), state.arrays
        is_due = (step.number - 1) % self.interval == 0
        for name, tensor in _matrices(step):
            g, c = _upright(tensor.view(grad)), arrays[f"C{name}"]
            products = np.empty_like(c)
            kernels.transposed_product(g, g, products)
            c += c.dtype.type(1 - self.beta2) * (products - c)
            for _ in range(FIRST_ROUNDS if step.number == 1 else is_due):
                _turn(kernels, state, name, tensor)

    def _move(self, params: Floats, grad: Floats, state: State, step: Step) -> None:
        """Take Adam's step in the eigenbases."""
        kernels, real, arrays = kernels_for_vectors(len(params), params.dtype), params.dtype.type, state.arrays
        change, turned, t = arrays["change"], arrays["turned"], step.number - 1
        turned[:] = grad
        for name, tensor in _matrices(step):
            kernels.product(_upright(tensor.view(grad)), arrays[f"Q{name}"], _upright_view(turned, tensor))
        own = {
            "beta1": self.beta1,
            "gain1": 1 - self.beta1,
            "beta2": self.beta2,
            "gain2": 1 - self.beta2,
            "epsilon": self.epsilon,
        }
        scalars = {name: real(value) for name, value in own.items()}
        kernels.update(_change, change, turned, (arrays["m"], arrays["v"]), scalars)
        turned[:] = change
        for name, tensor in _matrices(step):
            back = _upright_view(turned, tensor)
            kernels.product(_upright_view(change, tensor), np.ascontiguousarray(arrays[f"Q{name}"].T), back)
            if back.shape != tensor.shape:
                tensor.view(turned)[:] = back.T.copy()
        rate = step.lr * math.sqrt(1 - power(self.beta2, t)) / (1 - power(self.beta1, t))
        kernels.update(_moved, params, turned, (), {"rate": real(rate)})


def _turn(kernels: Kernels, state: State, name: str, tensor: Tensor) -> None:
    """Replace Q by the next one, and m and v by those in its basis."""
    c, q = state.arrays[f"C{name}"], state.arrays[f"Q{name}"]
    trace, real = float(ordered_sum(np.diag(c))), c.dtype.type
    if not trace > SMALLEST_TRACE:
        return
    raised, values, squares = np.empty_like(q), np.empty(len(q), q.dtype), np.empty(len(q), q.dtype)
    kernels.product(c, q, raised)
    raised *= real(1 / trace)
    kernels.column_sums(q * raised, values)
    raised += real(SHIFT * np.finfo(c.dtype).eps) * q
    kernels.column_sums(raised * raised, squares)
    order = np.argsort(-values, kind="stable")
    rows = np.ascontiguousarray((raised / np.sqrt(squares)).T[order])
    _orthonormalize(kernels, rows)
    turn = np.empty_like(q)
    kernels.transposed_product(q, np.ascontiguousarray(rows.T), turn)
    m, v = _upright_view(state.arrays["m"], tensor), _upright_view(state.arrays["v"], tensor)
    kernels.product(m.copy(), turn, m)
    v[:] = v[:, order]
    q[:] = rows.T


def _matrices(step: Step) -> list[tuple[str, Tensor]]:
    return [(f"{number}", tensor) for number, tensor in enumerate(step.layout) if len(tensor.shape) == 2]


def _upright(matrix: Floats) -> Floats:
    """Return a matrix that is not wider than high: itself or its transpose, contiguous."""
    return matrix if matrix.shape[0] >= matrix.shape[1] else np.ascontiguousarray(matrix.T)


def _upright_view(flat: Floats, tensor: Tensor) -> Floats:
    return flat[tensor.start : tensor.stop].reshape(max(tensor.shape), min(tensor.shape))


def _orthonormalize(kernels: Kernels, rows: Floats) -> None:
    """Make the rows orthonormal, each without the directions of those above it (Gram & Schmidt).

    This is done twice: the first time, rounding noise is a part of what is left of a row that almost depends on others.
    """
    for start in (*range(0, len(rows), BLOCK), *range(0, len(rows), BLOCK)):
        block, below = rows[start : start + BLOCK], rows[start + BLOCK :]
        for number in range(len(block)):
            row, others = block[number], block[number + 1 :]
            row /= row.dtype.type(math.sqrt(kernels.dot(row, row)))
            shares = np.empty((len(others), 1), rows.dtype)
            kernels.product(others, row[:, np.newaxis], shares)
            others -= shares * row
        shares, parts = np.empty((len(below), len(block)), rows.dtype), np.empty_like(below)
        kernels.product(below, np.ascontiguousarray(block.T), shares)
        kernels.product(shares, block, parts)
        below -= parts


def _change(change, p, m, v, *, beta1, gain1, beta2, gain2, epsilon):
    m = beta1 * m + gain1 * p
    v = beta2 * v + gain2 * (p * p)
    return m / (np.sqrt(v) + epsilon), m, v


def _moved(w, change, *, rate):
    return w - rate * change
