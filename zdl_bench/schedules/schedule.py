"""The interface of schedules: (step, steps) → factor on the learning rate. The first step is 1, the last is `steps`."""

from typing import Protocol


class Schedule(Protocol):
    def factor(self, step: int, steps: int) -> float:
        """Return the factor on the learning rate in a step, 1 ≤ step ≤ steps."""
        ...
