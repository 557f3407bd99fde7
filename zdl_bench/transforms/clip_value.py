"""Clipping of each element of the gradient."""

import math
from dataclasses import dataclass

import numpy as np

from zdl_bench.errors import require
from zdl_bench.run.run import Floats
from zdl_bench.transforms.transform import GradientTransform


@dataclass(frozen=True)
class ClipValue(GradientTransform):
    """gᵢ ← min(max(gᵢ, −value), value)

    value: the largest absolute value of an element of the gradient as the rule gets it: see ClipNorm.
    Source: Mikolov 2012, Statistical language models based on neural networks, section 3.2.2.
    """

    value: float = 1.0

    def __post_init__(self) -> None:
        require("transform.clip_value.value", self.value, 0 < self.value < math.inf, "give a finite number above 0")

    def change(self, grad: Floats, out: Floats) -> None:
        limit = grad.dtype.type(self.value)
        np.clip(grad, -limit, limit, out=out)
