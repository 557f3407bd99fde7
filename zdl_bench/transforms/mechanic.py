"""Mechanic: finds the learning rate of the rule inside."""

import math
from dataclasses import dataclass

from zdl_bench.errors import require
from zdl_bench.kernels.choice import kernels_for_vectors
from zdl_bench.optimizers.optimizer import State, Step
from zdl_bench.run.run import Floats
from zdl_bench.transforms.transform import Transform

BETAS = (0.9, 0.99, 0.999, 0.9999, 0.99999, 0.999999)
"""The decay rates of the tuners, of which each finds a factor s. The steps are multiplied by their sum."""


@dataclass(frozen=True)
class Mechanic(Transform):
    """w ← w₀ + (Σ s)·Δ, where Δ is the sum of the steps that the optimizer inside would have made

    h ← ⟨Δ, g + weight_decay·(Σ s)·‖g‖/‖w‖·w⟩, then Δ ← Δ + its step, and for each of six β, with n = 6:
    m ← max(βm, |h|),  v ← β²v + h²,  r ← max(0, βr − s·h),  s ← (m·initial/n + r)/(√v + ε)

    The learning rate of the optimizer inside hardly matters, but its schedule does. A transform that changes w belongs inside,
    since w is computed from w₀. The answer is w, whatever that of the optimizer inside.

    initial: s_init, above 0, the factor at the start. weight_decay: λ ≥ 0, in h alone.
    epsilon: ε > 0, beside √v and ‖w‖.
    Where implementations disagree: in the authors' package and here, m starts at 10⁻⁶, which makes the first factor about
    10⁻⁶·initial/ε, and w and ‖w‖ in h are those after the step inside. In optax, m starts at 0 and each s at `initial`, w is
    that before the step, and r takes h limited to ±m.
    Source: Cutkosky, Defazio & Mehta 2023, Mechanic: a learning rate tuner, arXiv:2306.00144.
    """

    initial: float = 1e-8
    weight_decay: float = 0.01
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        name, remedy = "transform.mechanic", "give a finite number above 0"
        require(f"{name}.initial", self.initial, 0 < self.initial < math.inf, remedy)
        is_decay = 0 <= self.weight_decay < math.inf
        require(f"{name}.weight_decay", self.weight_decay, is_decay, "give a finite number of at least 0")
        require(f"{name}.epsilon", self.epsilon, 0 < self.epsilon < math.inf, remedy)

    def init(self, params: Floats, step: Step) -> State:
        nothing, one = params[:0].copy(), params.dtype.type(1)
        kernels_for_vectors(len(params), params.dtype).update(_moved, nothing, nothing, (nothing,) * 2, {"factor": one})
        tuners = {f"{name}{number}": 0.0 for name in "svr" for number in range(len(BETAS))}
        arrays = {"before": params.copy(), "start": params.copy(), "offset": params * 0}
        scalars = tuners | {f"m{number}": 1e-6 for number in range(len(BETAS))}
        return State(arrays, scalars, self.inner.init(params, step))

    def effective_lr(self, lr: float) -> float:
        """Return `lr`: the factor takes the place of what the optimizer inside makes of it."""
        return lr

    def update(self, params: Floats, grad: Floats, state: State, step: Step) -> None:
        before, start, offset = state.arrays["before"], state.arrays["start"], state.arrays["offset"]
        before[:] = params
        super().update(params, grad, state, step)
        kernels = kernels_for_vectors(len(params), params.dtype)
        pull = self.weight_decay * self._factor(state) * math.sqrt(kernels.dot(grad, grad))
        pull /= math.sqrt(kernels.dot(params, params)) + self.epsilon
        self._tune(state.scalars, kernels.dot(offset, grad) + pull * kernels.dot(offset, params))
        kernels.update(_moved, params, before, (start, offset), {"factor": params.dtype.type(self._factor(state))})

    def answer(self, params: Floats, state: State) -> Floats:
        return params

    def _factor(self, state: State) -> float:
        total = 0.0
        for number in range(len(BETAS)):
            total += state.scalars[f"s{number}"]
        return total

    def _tune(self, tuners: dict[str, float], h: float) -> None:
        for number, beta in enumerate(BETAS):
            s, m, v, r = (f"{name}{number}" for name in "smvr")
            tuners[m] = max(beta * tuners[m], abs(h))
            tuners[v] = beta * beta * tuners[v] + h * h
            tuners[r] = max(0.0, beta * tuners[r] - tuners[s] * h)
            tuners[s] = (tuners[m] * self.initial / len(BETAS) + tuners[r]) / (math.sqrt(tuners[v]) + self.epsilon)


def _moved(w, before, start, offset, *, factor):  # type: ignore[no-untyped-def]
    offset = offset + (w - before)
    return start + factor * offset, start, offset
