"""A learning rate that rises, stays, and falls at the end."""

from dataclasses import dataclass, field

from zdl_bench.errors import require
from zdl_bench.schedules.schedule import Schedule, require_final_factor


@dataclass(frozen=True)
class WarmupStableDecay(Schedule):
    """factor = 1 after the warm-up, then 1 − (1 − f)·i/D in step i of the last D steps

    decay_share: share of the steps after the warm-up during which the factor falls, in [0, 1]; D is that share of them, rounded
    down. final_factor: f, the factor in the last step, in [0, 1]. The first of the D steps is already below 1: in PyTorch,
    SequentialLR switches to LinearLR(start_factor=1, end_factor=f, total_iters=D) one step earlier, at its factor 1.
    Source: Hu et al. 2024, MiniCPM, arXiv:2404.06395, section 4, with an exponential decay; the linear one is that of Hägele et
    al. 2024, Scaling laws and compute-optimal training beyond fixed training durations, arXiv:2405.18392.
    """

    warmup_share: float = field(default=0.05, kw_only=True)
    decay_share: float = 0.2
    final_factor: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        require("schedule.decay_share", self.decay_share, 0 <= self.decay_share <= 1, "decay_share must be in [0, 1]")
        require_final_factor(self.final_factor)

    def after_warmup(self, step: int, steps: int) -> float:
        decay = int(self.decay_share * steps)
        into_decay = max(0, step - (steps - decay))
        return 1 - (1 - self.final_factor) * into_decay / max(1, decay)
