"""Exponential moving average of the iterates."""

from dataclasses import dataclass

from zdl_bench.errors import require
from zdl_bench.kernels.elementary import power
from zdl_bench.optimizers.optimizer import State, Step
from zdl_bench.run.run import Floats
from zdl_bench.transforms.transform import Transform, inside


@dataclass(frozen=True)
class Ema(Transform):
    """a ← a + (1 − decay)/(1 − decayᵗ) · (w − a) after step t; the answer is a

    This is the moving average of the iterates of steps 1 to t, without the initial point, as Adam's bias correction makes it.
    The optimizer inside does not notice it. If its answer is not its iterate, its answer is averaged.

    decay: the share of the average that stays, in [0, 1).
    Source: Polyak & Juditsky 1992, Acceleration of stochastic approximation by averaging, for averages with equal weights.
    """

    decay: float = 0.99

    def __post_init__(self) -> None:
        require("transform.ema.decay", self.decay, 0 <= self.decay < 1, "give a number in [0, 1)")

    def init(self, params: Floats, step: Step) -> State:
        return State({"average": params.copy()}, inner=self.inner.init(params, step))

    def update(self, params: Floats, grad: Floats, state: State, step: Step) -> None:
        super().update(params, grad, state, step)
        average, share = state.arrays["average"], (1 - self.decay) / (1 - power(self.decay, step.number))
        average += params.dtype.type(share) * (self.inner.answer(params, inside(state)) - average)

    def answer(self, params: Floats, state: State) -> Floats:
        return state.arrays["average"]
