"""The contract of a schedule: (step, steps) → factor on the learning rate. Step 1 is the first, `steps` the last."""

from typing import Protocol


class Schedule(Protocol):
    def factor(self, step: int, steps: int) -> float:
        """Return the factor on the learning rate in a step, 1 ≤ step ≤ steps."""
        ...
