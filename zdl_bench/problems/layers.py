"""The layers of a network, as views of one flat vector of parameters, and the buffers of their outputs."""

import math
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from zdl_bench.run.run import Floats, Layout, Tensor

Layers = list[tuple[Floats, Floats]]
"""The weight (fan_in, fan_out) and the bias (fan_out,) of each layer, as views of one flat vector."""


class Buffers(NamedTuple):
    """The outputs of the layers, each (batch, units), the last ones as exponentials, and the sums of their rows, (batch,)."""

    outputs: list[Floats]
    totals: Floats


def buffers_for(layout: Layout, dtype: np.dtype, size: int) -> Buffers:
    return Buffers([np.empty((size, bias.stop - bias.start), dtype) for bias in layout[1::2]], np.empty(size, dtype))


def dense_layout(sizes: tuple[int, ...]) -> Layout:
    """Return the layout of the parameters: the weight (fan_in, fan_out), then the bias (fan_out,) of each layer in turn."""
    tensors: list[Tensor] = []
    for fan_in, fan_out in pairwise(sizes):
        for shape in ((fan_in, fan_out), (fan_out,)):
            start = tensors[-1].stop if tensors else 0
            tensors.append(Tensor(start, start + math.prod(shape), shape))
    return tuple(tensors)
