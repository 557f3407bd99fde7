"""Stochastic gradient descent."""

from dataclasses import dataclass

from zdl_bench.optimizers.optimizer import ElementwiseOptimizer
from zdl_bench.run.run import Floats


@dataclass(frozen=True)
class SGD(ElementwiseOptimizer):
    """w ← w − lr·g

    Source: Robbins & Monro 1951, A stochastic approximation method.
    """

    buffers = 0

    def coefficients(self, lr: float, step: int) -> tuple[float, ...]:
        return (lr,)

    @staticmethod
    def rule(w: Floats, g: Floats, lr: Floats) -> tuple[Floats, ...]:
        return (w - lr * g,)
