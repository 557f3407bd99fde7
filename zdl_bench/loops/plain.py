"""The loops with NumPy alone."""

from typing import Any

import numpy as np

from zdl_bench.loops.contract import Images, Integers, Rule
from zdl_bench.run import Floats

SLICE = 65_536
"""Elements per slice: enough to forget the cost of a call, few enough for weights, state and temporaries to stay in cache."""


class NumpyLoops:
    name = "numpy"

    def gather_pixels(self, images: Images, rows: Integers, out: Floats) -> None:
        gathered = np.take(images, rows, axis=0, mode="clip")
        np.divide(gathered, np.float32(255), out=out, dtype=np.float32)

    def add_bias(self, z: Floats, bias: Floats) -> None:
        z += bias

    def add_bias_relu(self, z: Floats, bias: Floats) -> None:
        z += bias
        np.maximum(z, 0, out=z)

    def chain_relu(self, delta: Floats, a: Floats) -> None:
        np.multiply(delta, a > 0, out=delta)

    def shift_logits(self, logits: Floats, labels: Integers, shifted: Floats) -> None:
        logits -= logits.max(axis=1, keepdims=True)
        shifted[:] = logits[np.arange(len(labels)), labels]

    def softmax_delta(self, exps: Floats, totals: Floats, labels: Integers) -> None:
        exps /= totals[:, np.newaxis]
        exps[np.arange(len(labels)), labels] -= 1

    def update(self, rule: Rule, params: Floats, grad: Floats, state: tuple[Floats, ...], scalars: tuple[Any, ...]) -> None:
        for start in range(0, len(params), SLICE):
            part = slice(start, start + SLICE)
            outputs = rule(params[part], grad[part], *(buffer[part] for buffer in state), *scalars)
            params[part] = outputs[0]
            for buffer, new in zip(state, outputs[1:], strict=True):
                buffer[part] = new
