"""A learning rate that drops in steps."""

from dataclasses import dataclass

from zdl_bench.errors import require
from zdl_bench.kernels.elementary import power
from zdl_bench.schedules.schedule import Schedule


@dataclass(frozen=True)
class StepDecay(Schedule):
    """factor = decayᵏ in part k of the run, which has drops + 1 parts of equal length (k = 0, …, drops)

    decay: factor by which each drop multiplies the learning rate, in (0, 1]. drops: number of drops, at least 1.
    This is PyTorch's StepLR(step_size=steps/(drops + 1), gamma=decay). If that is no whole number, the drops are where
    MultiStepLR has them with the milestones ⌈k·steps/(drops + 1)⌉.
    """

    decay: float = 0.1
    drops: int = 2

    def __post_init__(self) -> None:
        super().__post_init__()
        require("schedule.decay", self.decay, 0 < self.decay <= 1, "decay must be in (0, 1]")
        require("schedule.drops", self.drops, self.drops >= 1, "drops must be at least 1")

    def after_warmup(self, step: int, steps: int) -> float:
        part = (step - 1) * (self.drops + 1) // steps
        return power(self.decay, part)
