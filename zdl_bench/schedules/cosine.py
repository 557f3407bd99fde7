"""Cosine annealing."""

from dataclasses import dataclass, field

from zdl_bench.kernels.elementary import cos_pi
from zdl_bench.schedules.schedule import Schedule, progress_in, require_final_factor


@dataclass(frozen=True)
class Cosine(Schedule):
    """factor = f + (1 − f)·(1 + cos πp)/2, where p runs from 0 in the first step to 1 in the last

    final_factor: f, the factor in the last step, in [0, 1].
    PyTorch's CosineAnnealingLR(T_max=steps) reaches f one step after the last; T_max=steps − 1 gives the factors of this class.
    Source: Loshchilov & Hutter 2017, SGDR, arXiv:1608.03983, equation 5, without restarts.
    """

    warmup_share: float = field(default=0.0, kw_only=True)  # part of every config with a cosine, since the first
    final_factor: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        require_final_factor(self.final_factor)

    def after_warmup(self, step: int, steps: int) -> float:
        return self.final_factor + (1 - self.final_factor) * 0.5 * (1 + float(cos_pi(progress_in(step, steps))))
