"""The base class of schedules: (step, steps) → factor on the learning rate, with a warm-up before any of them."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field

from zdl_bench.errors import require
from zdl_bench.run.config import OMITTED_AT_DEFAULT


@dataclass(frozen=True)
class Schedule(ABC):
    """factor = t/W in the W steps of a linear warm-up; then a schedule that knows nothing of the steps before

    warmup_share: share of the steps during which the factor rises, in [0, 1); W is this share of the steps, rounded down.
    The first step is 1, the last is `steps`. The first step has the factor 1/W and not 0, which would waste it. After the
    warm-up the schedule starts with its own first factor, usually 1, so steps W and W + 1 have the same. This is PyTorch's
    SequentialLR with LinearLR(1/W, total_iters=W − 1) up to the milestone W; LinearLR alone starts at a third.
    Source: Goyal et al. 2017, Accurate, large minibatch SGD, arXiv:1706.02677, section 2.2.
    """

    warmup_share: float = field(default=0.0, kw_only=True, metadata=OMITTED_AT_DEFAULT)

    def __post_init__(self) -> None:
        require("schedule.warmup_share", self.warmup_share, 0 <= self.warmup_share < 1, "warmup_share must be in [0, 1)")

    def factor(self, step: int, steps: int) -> float:
        """Return the factor on the learning rate in a step, 1 ≤ step ≤ steps."""
        warmup = int(self.warmup_share * steps)
        return step / warmup if step <= warmup else self.after_warmup(step - warmup, steps - warmup)

    @abstractmethod
    def after_warmup(self, step: int, steps: int) -> float:
        """Return the factor in a step of those after the warm-up, 1 ≤ step ≤ steps."""


def require_final_factor(factor: float) -> None:
    """Raise ConfigError unless the last factor of a schedule is in [0, 1]."""
    require("schedule.final_factor", factor, 0 <= factor <= 1, "final_factor must be in [0, 1]")


def progress_in(step: int, steps: int) -> float:
    """Return the share of the way from the first step, 0, to the last, 1."""
    return (step - 1) / max(1, steps - 1)
