"""A constant learning rate."""

from dataclasses import dataclass

from zdl_bench.schedules.schedule import Schedule


@dataclass(frozen=True)
class Constant(Schedule):
    """factor = 1"""

    def after_warmup(self, step: int, steps: int) -> float:
        return 1.0
