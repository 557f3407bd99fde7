"""Cosine annealing after a linear warm-up."""

from dataclasses import dataclass

from zdl_bench.errors import require
from zdl_bench.kernels.elementary import cos_pi


@dataclass(frozen=True)
class Cosine:
    """factor = f + (1 − f)·(1 + cos πp)/2, where p runs from 0 to 1 after a linear warm-up

    warmup_share: share of the steps during which the factor rises from 0 to 1, in [0, 1).
    final_factor: f, the factor in the last step, in [0, 1].
    Source: Loshchilov & Hutter 2017, SGDR, arXiv:1608.03983, equation 5, without restarts.
    """

    warmup_share: float = 0.0
    final_factor: float = 0.0

    def __post_init__(self) -> None:
        require("schedule.warmup_share", self.warmup_share, 0 <= self.warmup_share < 1, "warmup_share must be in [0, 1)")
        require("schedule.final_factor", self.final_factor, 0 <= self.final_factor <= 1, "final_factor must be in [0, 1]")

    def factor(self, step: int, steps: int) -> float:
        warmup = int(self.warmup_share * steps)
        if step <= warmup:
            return step / warmup
        progress = (step - warmup - 1) / max(1, steps - warmup - 1)
        return self.final_factor + (1 - self.final_factor) * 0.5 * (1 + float(cos_pi(progress)))
