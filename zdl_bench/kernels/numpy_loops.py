"""The loops with NumPy alone."""

import numpy as np

from zdl_bench.kernels.in_place import record_in_place, slices
from zdl_bench.kernels.loops import Images, Integers, Labels, Rule, Scalars, Update
from zdl_bench.kernels.same_bits import gives_same_bits
from zdl_bench.run.run import Floats

MIN_IN_PLACE = 4_096
"""Elements from which calls in place are faster than a rule's expressions."""


class NumpyLoops:
    name = "numpy"

    def __init__(self) -> None:
        self._updates: dict[tuple[Rule, np.dtype, int, int], Update] = {}

    def gather_pixels(self, images: Images, rows: Integers, out: Floats) -> None:
        gathered = np.take(images, rows, axis=0, mode="clip")
        np.divide(gathered, np.float32(255), out=out, dtype=np.float32)

    def add_bias(self, z: Floats, bias: Floats) -> None:
        z += bias

    def add_bias_relu(self, z: Floats, bias: Floats) -> None:
        z += bias
        np.maximum(z, np.zeros_like(bias), out=z)  # twice as fast as with a scalar 0

    def chain_relu(self, delta: Floats, a: Floats) -> None:
        np.multiply(delta, a > 0, out=delta)

    def shift_logits(self, logits: Floats, labels: Labels, shifted: Floats) -> None:
        logits -= logits.max(axis=1, keepdims=True)
        shifted[:] = logits[np.arange(len(labels)), labels]

    def softmax_delta(self, exps: Floats, totals: Floats, labels: Labels) -> None:
        exps /= totals[:, np.newaxis]
        exps[np.arange(len(labels)), labels] -= 1

    def update(self, rule: Rule, params: Floats, grad: Floats, state: tuple[Floats, ...], scalars: Scalars) -> None:
        is_small = len(params) < MIN_IN_PLACE
        update = by_expressions(rule) if is_small else self._update_of(rule, params.dtype, len(state), len(scalars))
        update(params, grad, state, scalars)

    def _update_of(self, rule: Rule, dtype: np.dtype, buffers: int, scalars: int) -> Update:
        """Return the rule as calls in place if they give the same bits, else as it is written."""
        key = (rule, dtype, buffers, scalars)
        if key not in self._updates:
            expressions, calls = by_expressions(rule), record_in_place(rule, buffers, scalars)
            is_same = calls is not None and gives_same_bits(calls, expressions, dtype, buffers, scalars)
            self._updates[key] = calls if calls is not None and is_same else expressions
        return self._updates[key]


def by_expressions(rule: Rule) -> Update:
    """Return the rule as it is written."""

    def update(params: Floats, grad: Floats, state: tuple[Floats, ...], scalars: Scalars) -> None:
        for part in slices(len(params)):
            given = [vector[part] for vector in (params, grad, *state)]
            new = rule(*given, *scalars)
            unshared = [np.copy(values) if any(values is each for each in given) else values for values in new]
            for vector, values in zip((params, *state), unshared, strict=True):
                vector[part] = values

    return update
