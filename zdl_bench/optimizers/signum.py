"""Signum and SignSGD: steps of one length in every parameter, along the sign of the gradient or of its moving average."""

from dataclasses import dataclass

from zdl_bench.kernels.elementary import select
from zdl_bench.optimizers.elementwise import Elementwise
from zdl_bench.optimizers.ranges import require_decay_rates


@dataclass(frozen=True)
class Signum(Elementwise):
    """m ← momentum·m + (1 − momentum)·g,  w ← w − lr·sign(m)

    m starts at 0; no bias correction is needed, since it would change no sign. With momentum=0 this is SignSGD. Every step has
    the length lr in each parameter, so lr has to fall to reach a minimum.

    Where implementations disagree: sign(0) is 0 here, in PyTorch and in optax, so that dead parameters stay; a rule made of
    copysign moves them. The paper adds weight decay to Signum, as a variant.

    momentum: decay rate of m, in [0, 1); 0.9 in the paper and in optax.
    Source: Bernstein et al. 2018, signSGD: compressed optimisation for non-convex problems, arXiv:1802.04434.
    """

    momentum: float = 0.9
    buffers = {"m": 0.0}

    def __post_init__(self) -> None:
        require_decay_rates(self, "momentum")

    @staticmethod
    def rule(w, g, m, *, lr, momentum, one_minus_momentum):
        m = momentum * m + one_minus_momentum * g
        return w - select(m > 0, lr, select(m < 0, -lr, m)), m
