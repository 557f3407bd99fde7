"""What a schedule is: (step, steps) → factor on the learning rate. Step 1 is the first, `steps` the last."""

from typing import Protocol


class Schedule(Protocol):
    def factor(self, step: int, steps: int) -> float:
        """Factor on the learning rate in the given step, 1 ≤ step ≤ steps."""
        ...
