"""Clipping of the gradient by its norm."""

import math
from dataclasses import dataclass

import numpy as np

from zdl_bench.errors import require
from zdl_bench.kernels.choice import kernels_for_vectors
from zdl_bench.run.run import Floats
from zdl_bench.transforms.transform import GradientTransform


@dataclass(frozen=True)
class ClipNorm(GradientTransform):
    """g ← g · min(1, norm / ‖g‖), for the whole gradient

    norm: the largest length. It is meant for the gradient as the rule gets it, which `problem.loss_reduction=sum` makes as many
    times longer as the batch has images: published values are for `problem.loss_reduction=mean`.
    Where implementations disagree: PyTorch divides by ‖g‖ + 10⁻⁶, which cuts a little more; optax and Keras by ‖g‖, as here.
    Source: Pascanu, Mikolov & Bengio 2013, On the difficulty of training recurrent neural networks, arXiv:1211.5063.
    """

    norm: float = 1.0

    def __post_init__(self) -> None:
        require("transform.clip_norm.norm", self.norm, 0 < self.norm < math.inf, "give a finite length above 0")

    def change(self, grad: Floats, out: Floats) -> None:
        length = math.sqrt(kernels_for_vectors(len(grad), grad.dtype).dot(grad, grad))
        np.multiply(grad, grad.dtype.type(1.0 if length <= self.norm else self.norm / length), out=out)
