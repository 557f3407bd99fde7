"""COCOB: bets on a coin for each parameter instead of steps with a learning rate."""

from dataclasses import dataclass

import numpy as np

from zdl_bench.kernels.exponentials import select
from zdl_bench.optimizers.elementwise import Elementwise
from zdl_bench.optimizers.ranges import require_above_zero


@dataclass(frozen=True)
class COCOB(Elementwise):
    """L ← max(L, |g|),  G ← G + |g|,  R ← max(0, R + (w₀ − w)g),  θ ← θ − g,  w ← w₀ + θ/(L·max(G + L, αL)) · (L + R)

    for each parameter by itself: θ is the coin's balance, R what was won. G, R and θ start at 0, L at ε. There is no learning
    rate, and multiplying all gradients by a number changes nothing. The transform `weight_decay` does not shrink w, which is
    computed from w₀; it only disturbs R.

    alpha: α > 0; the first step of each parameter has the length 1/max(2, α).
    epsilon: ε > 0; it prevents division by 0.
    Where implementations disagree: the authors' rule knows no schedule. In optax and here, the schedule's factor multiplies the
    gradient; with a constant schedule there is no difference.
    Source: Orabona & Tommasi 2017, Training deep networks without learning rates through coin betting, arXiv:1705.07795,
    Algorithm 2.
    """

    alpha: float = 100.0
    epsilon: float = 1e-8
    buffers = {"start": "w", "largest": "epsilon", "total": 0.0, "reward": 0.0, "theta": 0.0}

    def __post_init__(self) -> None:
        require_above_zero(self, "alpha", "epsilon")

    @staticmethod
    def rule(w, g, start, largest, total, reward, theta, *, lr, alpha):
        g = lr * g
        size = np.abs(g)
        largest = select(size > largest, size, largest)
        total = total + size
        reward = reward + (start - w) * g
        reward = select(reward > 0.0, reward, 0.0)
        theta = theta - g
        bound = select(total + largest > alpha * largest, total + largest, alpha * largest)
        return start + theta / (largest * bound) * (largest + reward), start, largest, total, reward, theta
