"""MARS: AdamW with gradients whose noise the gradient of the same batch at the previous point reduces."""

import math
from dataclasses import dataclass

import numpy as np

from zdl_bench.kernels.choice import kernels_for_vectors
from zdl_bench.kernels.elementary import power
from zdl_bench.optimizers.elementwise import Elementwise
from zdl_bench.optimizers.optimizer import State, Step
from zdl_bench.optimizers.ranges import require_above_zero, require_at_least_zero, require_decay_rates
from zdl_bench.run.run import Floats


@dataclass(frozen=True)
class MARS(Elementwise):
    """c ← g + γ·β₁/(1 − β₁)·(g − g′), then c ← c/max(1, ‖c‖) for each matrix and each bias, then AdamW with c:

    m ← β₁m + (1 − β₁)c,  v ← β₂v + (1 − β₂)c²,  w ← w − lr·(m̂/(√v̂ + ε) + weight_decay·w)

    where g′ is the gradient of the batch of this step at the point before the step before: from the second step on, each step
    evaluates two gradients.

    beta1, beta2: decay rates of m and v, in [0, 1). epsilon: ε > 0.
    gamma: γ ≥ 0, how much of the correction counts; with 0, no second gradient is evaluated.
    weight_decay: decoupled weight decay, at least 0. The transform would move w away from the point of g.
    Where implementations disagree: most have the approximate variant, in which g′ is the gradient of the step before, on its
    own batch. It costs nothing, but g − g′ then holds the noise of both batches. In the paper, ‖c‖ is that of the whole vector;
    in the authors' program, as here, that of each tensor. In their first step g′ is 0, here c = g, as in the paper. By default,
    their program leaves biases to AdamW. With `problem.loss_reduction=sum`, nearly all c are cut to length 1.
    Source: Yuan, Liu, Wu, Zhou & Gu 2024, MARS: unleashing the power of variance reduction for training large models,
    arXiv:2411.10438.
    """

    beta1: float = 0.95
    beta2: float = 0.99
    epsilon: float = 1e-8
    gamma: float = 0.025
    weight_decay: float = 0.0
    buffers = {"m": 0.0, "v": 0.0, "before": "w"}

    def __post_init__(self) -> None:
        require_decay_rates(self, "beta1", "beta2")
        require_above_zero(self, "epsilon")
        require_at_least_zero(self, "gamma", "weight_decay")

    def init(self, params: Floats, step: Step) -> State:
        nothing, one = params[:0].copy(), params.dtype.type(1)
        kernels_for_vectors(len(params), params.dtype).update(_corrected, nothing, nothing, (), {"share": one})
        return super().init(params, step)

    def update(self, params: Floats, grad: Floats, state: State, step: Step) -> None:
        kernels, real = kernels_for_vectors(len(params), params.dtype), params.dtype.type
        corrected = grad
        if step.number > 1 and self.gamma > 0:
            _, corrected = step.at(state.arrays["before"])
            share = self.gamma * self.beta1 / (1 - self.beta1)
            kernels.update(_corrected, corrected, grad, (), {"share": real(share)})
        scalars = self.typed_scalars(step, state.scalars, params.dtype)
        for part in [slice(tensor.start, tensor.stop) for tensor in step.layout] or [slice(None)]:
            w, c, *buffers = (vector[part] for vector in (params, corrected, *state.arrays.values()))
            length = math.sqrt(kernels.dot(c, c))
            scalars["clip"] = real(1 / length if length > 1 else 1.0)
            kernels.update(self.rule, w, c, tuple(buffers), scalars)

    def scalars(self, step: Step, memory: dict[str, float]) -> dict[str, float]:
        t = step.number
        of_m, of_v = 1 - power(self.beta1, t), 1 - power(self.beta2, t)
        kept = 1 - step.lr * self.weight_decay
        return {"rate": step.lr / of_m, "root_correction": math.sqrt(of_v), "kept": kept, "clip": 1.0}

    @staticmethod
    def rule(w, g, m, v, before, *, clip, rate, root_correction, beta1, one_minus_beta1, beta2, one_minus_beta2, kept, epsilon):
        c = clip * g
        m = beta1 * m + one_minus_beta1 * c
        v = beta2 * v + one_minus_beta2 * (c * c)
        return kept * w - rate * m / (np.sqrt(v) / root_correction + epsilon), m, v, w


def _corrected(earlier, g, *, share):
    return g + share * (g - earlier)
