"""Decoupled weight decay."""

import math
from dataclasses import dataclass

from zdl_bench.errors import require
from zdl_bench.optimizers.optimizer import State, Step
from zdl_bench.run.run import Floats
from zdl_bench.transforms.transform import Transform


@dataclass(frozen=True)
class WeightDecay(Transform):
    """w ← w − lr·decay·w, then the step of the optimizer inside; the gradient does not know of it

    With Adam inside this is AdamW. As in PyTorch, decay is multiplied by lr and the schedule; in the paper, by the schedule
    alone. Biases decay, too.

    decay: λ ≥ 0, so that lr·decay is below 1.
    Source: Loshchilov & Hutter 2019, Decoupled weight decay regularization, arXiv:1711.05101; also PyTorch.
    """

    decay: float = 0.01

    def __post_init__(self) -> None:
        require("transform.weight_decay.decay", self.decay, 0 <= self.decay < math.inf, "give a finite number of at least 0")

    def update(self, params: Floats, grad: Floats, state: State, step: Step) -> None:
        params *= params.dtype.type(1 - step.lr * self.decay)
        super().update(params, grad, state, step)
