"""A learning rate that falls as one over the square root of the step."""

import math
from dataclasses import dataclass

from zdl_bench.errors import require
from zdl_bench.schedules.schedule import Schedule


@dataclass(frozen=True)
class InverseSqrt(Schedule):
    """factor = √(s/(s + t − 1)) in step t, which is 1 in the first step and does not depend on the number of steps

    timescale: s, the number of steps until the factor is √½, at least 1. With 1 it is the 1/√t of convex theory.
    With a warm-up of s steps, step t has √(s/(t − 1)); the Transformer of Vaswani et al. 2017, arXiv:1706.03762, section 5.3,
    has √(s/t), which differs by one step.
    Source: Zhai et al. 2021, Scaling vision transformers, arXiv:2106.04560, section 3.5.
    """

    timescale: int = 100

    def __post_init__(self) -> None:
        super().__post_init__()
        require("schedule.timescale", self.timescale, 1 <= self.timescale <= 2**53, "give a number of steps, 1 or more")

    def after_warmup(self, step: int, steps: int) -> float:
        return math.sqrt(self.timescale / (self.timescale + step - 1))
