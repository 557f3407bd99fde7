"""Schedule-Free SGD and AdamW: an average of the iterates takes the place of a decaying learning rate."""

import math
from dataclasses import dataclass

import numpy as np

from zdl_bench.errors import require
from zdl_bench.kernels.elementary import power
from zdl_bench.optimizers.elementwise import Elementwise
from zdl_bench.optimizers.optimizer import State, Step
from zdl_bench.optimizers.ranges import require_above_zero, require_at_least_zero, require_decay_rates
from zdl_bench.run.run import Floats


@dataclass(frozen=True)
class ScheduleFree(Elementwise):
    """The weights of the average, and the answer, of both rules."""

    beta: float = 0.9
    weight_decay: float = 0.0
    warmup: int = 0
    r_power: int = 0
    lr_power: int = 2
    memory = {"largest": 0.0, "total": 0.0}

    def __post_init__(self) -> None:
        require("optimizer.beta", self.beta, 0 < self.beta <= 1, "beta must be in (0, 1]")
        require_at_least_zero(self, "weight_decay", "warmup", "r_power", "lr_power")

    def scalars(self, step: Step, memory: dict[str, float]) -> dict[str, float]:
        rate = step.lr * min(1.0, step.number / self.warmup) if self.warmup else step.lr
        memory["largest"] = max(memory["largest"], rate)
        weight = power(float(step.number), self.r_power) * power(memory["largest"], self.lr_power)
        memory["total"] += weight
        c = weight / memory["total"] if weight else 0.0
        return {"rate": rate, "c": c, "rate_w": rate * (1 - self.beta * (1 - c))}

    def answer(self, params: Floats, state: State) -> Floats:
        return params + params.dtype.type(1 - 1 / self.beta) * (state.arrays["z"] - params)


@dataclass(frozen=True)
class ScheduleFreeSGD(ScheduleFree):
    """z ← z − lr·g,  x ← (1 − c)x + c·z,  w ← (1 − β)z + β·x;  the answer is x

    The gradient is that at w, an interpolation between the iterate z and the average x; probes and results are those of x. Only
    w and z are kept, since w and z give x. c = a/Σa, with the weight a = tʳ·(largest lr so far)ᵖ of step t.

    beta: β, in (0, 1]. weight_decay: λ ≥ 0, adds λw to g. warmup: steps in which lr grows from 0; it belongs to the rule, since
        it changes the weights a. r_power, lr_power: r and p, integers of at least 0.
    The authors advise a warm-up, and an lr 10 to 50 times that of SGD with momentum. Their default of 1 is for a mean gradient.
    Where implementations disagree: evaluated at w instead of at x, it looks worse than it is. optax keeps z alone, too, but its
    warm-up is part of the schedule.
    Source: Defazio et al. 2024, The road less scheduled, arXiv:2405.15682; names and defaults are those of schedulefree.
    """

    buffers = {"z": "w"}

    @staticmethod
    def rule(w, g, z, *, rate, c, rate_w, weight_decay):
        g = g + weight_decay * w
        return w + c * (z - w) - rate_w * g, z - rate * g


@dataclass(frozen=True)
class ScheduleFreeAdamW(ScheduleFree):
    """v ← β₂v + (1 − β₂)g²,  then Schedule-Free SGD with g / (√(v / (1 − β₂ᵗ)) + ε) + λw instead of g

    There is no m: the interpolation takes its place, and β that of Adam's β₁.

    beta2: decay rate of v, in [0, 1). epsilon: ε > 0. The others: as in ScheduleFreeSGD.
    The authors advise an lr of 1 to 10 times Adam's.
    Where implementations disagree: the class AdamWScheduleFreePaper of schedulefree adds ε before the bias correction, which it
    makes a part of lr and so of the weights a.
    Source: as of ScheduleFreeSGD.
    """

    beta2: float = 0.999
    epsilon: float = 1e-8
    buffers = {"z": "w", "v": 0.0}

    def __post_init__(self) -> None:
        super().__post_init__()
        require_decay_rates(self, "beta2")
        require_above_zero(self, "epsilon")

    def scalars(self, step: Step, memory: dict[str, float]) -> dict[str, float]:
        return super().scalars(step, memory) | {"root_correction": math.sqrt(1 - power(self.beta2, step.number))}

    @staticmethod
    def rule(w, g, z, v, *, rate, c, rate_w, root_correction, weight_decay, beta2, one_minus_beta2, epsilon):
        v = beta2 * v + one_minus_beta2 * (g * g)
        u = g / (np.sqrt(v) / root_correction + epsilon) + weight_decay * w
        return w + c * (z - w) - rate_w * u, z - rate * u, v
