"""Lookahead: k steps forward, one step back."""

from dataclasses import dataclass

from zdl_bench.errors import require
from zdl_bench.optimizers.optimizer import State, Step
from zdl_bench.run.run import Floats
from zdl_bench.transforms.transform import Transform


@dataclass(frozen=True)
class Lookahead(Transform):
    """φ ← φ + share·(w − φ), w ← φ after every `period` steps of the optimizer inside; the answer is φ

    The slow weights φ start at the initial weights. The optimizer inside keeps its state.

    period: k ≥ 1, the steps between two steps of φ. share: α in (0, 1], the length of such a step.
    Source: Zhang, Lucas, Hinton & Ba 2019, Lookahead optimizer: k steps forward, 1 step back, arXiv:1907.08610.
    """

    period: int = 5
    share: float = 0.5

    def __post_init__(self) -> None:
        require("transform.lookahead.period", self.period, self.period >= 1, "give a number of steps of at least 1")
        require("transform.lookahead.share", self.share, 0 < self.share <= 1, "give a number in (0, 1]")

    def init(self, params: Floats, step: Step) -> State:
        return State({"slow": params.copy()}, inner=self.inner.init(params, step))

    def update(self, params: Floats, grad: Floats, state: State, step: Step) -> None:
        super().update(params, grad, state, step)
        if step.number % self.period == 0:
            slow = state.arrays["slow"]
            slow += params.dtype.type(self.share) * (params - slow)
            params[:] = slow

    def answer(self, params: Floats, state: State) -> Floats:
        return state.arrays["slow"]
