"""Schedules: (step, steps) → factor on the learning rate. Step 1 is the first, `steps` the last."""

import math
from dataclasses import dataclass
from typing import Protocol

from zdl_bench.errors import require


class Schedule(Protocol):
    def factor(self, step: int, steps: int) -> float:
        """Factor on the learning rate in the given step, 1 ≤ step ≤ steps."""
        ...


@dataclass(frozen=True)
class Constant:
    """The same learning rate in every step."""

    def factor(self, step: int, steps: int) -> float:
        return 1.0


@dataclass(frozen=True)
class Cosine:
    """Half a cosine from 1 down to `final_factor`, after a linear warm-up over a share of the steps.

    Source: Loshchilov & Hutter 2017, arXiv:1608.03983, equation 5, without restarts.
    """

    warmup_share: float = 0.0
    final_factor: float = 0.0

    def __post_init__(self) -> None:
        require("schedule.warmup_share", self.warmup_share, 0 <= self.warmup_share < 1, "a share lies in [0, 1)")
        require("schedule.final_factor", self.final_factor, 0 <= self.final_factor <= 1, "a factor lies in [0, 1]")

    def factor(self, step: int, steps: int) -> float:
        warmup = int(self.warmup_share * steps)
        if step <= warmup:
            return step / warmup
        progress = (step - warmup - 1) / max(1, steps - warmup - 1)
        return self.final_factor + (1 - self.final_factor) * 0.5 * (1 + math.cos(math.pi * progress))


@dataclass(frozen=True)
class StepDecay:
    """Multiplies the learning rate by `decay` after each of `drops` equal parts of the run but the last."""

    decay: float = 0.1
    drops: int = 2

    def __post_init__(self) -> None:
        require("schedule.decay", self.decay, 0 < self.decay <= 1, "the decay lies in (0, 1]")
        require("schedule.drops", self.drops, self.drops >= 1, "there is at least 1 drop")

    def factor(self, step: int, steps: int) -> float:
        part = (step - 1) * (self.drops + 1) // steps
        return self.decay**part
