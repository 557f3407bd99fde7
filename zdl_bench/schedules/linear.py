"""A learning rate that falls on a straight line."""

from dataclasses import dataclass

from zdl_bench.schedules.schedule import Schedule, progress_in, require_final_factor


@dataclass(frozen=True)
class Linear(Schedule):
    """factor = 1 − (1 − f)·p, where p runs from 0 in the first step to 1 in the last

    final_factor: f, the factor in the last step, in [0, 1].
    PyTorch's LinearLR rises from a third to 1 unless told otherwise; this is
    LinearLR(start_factor=1, end_factor=f, total_iters=steps − 1).
    Source: Defazio et al. 2023, When, why and how much?, arXiv:2310.07831, which finds it best of the fixed schedules.
    """

    final_factor: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        require_final_factor(self.final_factor)

    def after_warmup(self, step: int, steps: int) -> float:
        return 1 - (1 - self.final_factor) * progress_in(step, steps)
