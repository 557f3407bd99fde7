"""A constant learning rate."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Constant:
    """The same learning rate in every step."""

    def factor(self, step: int, steps: int) -> float:
        return 1.0
