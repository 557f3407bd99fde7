"""A constant learning rate."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Constant:
    """factor = 1"""

    def factor(self, step: int, steps: int) -> float:
        return 1.0
