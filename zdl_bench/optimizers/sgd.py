"""Stochastic gradient descent."""

from dataclasses import dataclass

from zdl_bench.optimizers.elementwise import Elementwise


@dataclass(frozen=True)
class SGD(Elementwise):
    """w ← w − lr·g

    Source: Robbins & Monro 1951, A stochastic approximation method.
    """

    @staticmethod
    def rule(w, g, *, lr):
        return w - lr * g
