"""SignSGD."""

from dataclasses import dataclass

import numpy as np

from zdl_bench.optimizers.elementwise import Elementwise


@dataclass(frozen=True)
class SignSGD(Elementwise):
    """w ← w − lr·sign(g)

    Source: Bernstein et al. 2018, arXiv:1802.04434.
    """

    @staticmethod
    def rule(w, g, *, lr):
        return w - lr * np.sign(g)
