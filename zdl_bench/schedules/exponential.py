"""A learning rate that falls by the same ratio in each step."""

from dataclasses import dataclass

from zdl_bench.errors import require
from zdl_bench.kernels.elementary import exp, log
from zdl_bench.schedules.schedule import Schedule, progress_in


@dataclass(frozen=True)
class Exponential(Schedule):
    """factor = fᵖ, where p runs from 0 in the first step to 1 in the last

    final_factor: f, the factor in the last step, in (0, 1]. It does not depend on the number of steps, as the ratio of two
    neighbours does: this is PyTorch's ExponentialLR(gamma=f^(1/(steps − 1))).
    """

    final_factor: float = 0.01

    def __post_init__(self) -> None:
        super().__post_init__()
        require("schedule.final_factor", self.final_factor, 0 < self.final_factor <= 1, "final_factor must be in (0, 1]")

    def after_warmup(self, step: int, steps: int) -> float:
        return float(exp(progress_in(step, steps) * log(self.final_factor)))
