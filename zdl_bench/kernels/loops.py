"""The loops over elements with NumPy alone, which define what every other implementation has to compute."""

import numpy as np
import numpy.typing as npt

from zdl_bench.kernels.in_place import Rule, Scalars, Update, record_in_place, slices
from zdl_bench.kernels.same_bits import gives_same_bits
from zdl_bench.run.run import Floats

Images = npt.NDArray[np.uint8]
Integers = npt.NDArray[np.int64]
Labels = npt.NDArray[np.uint8]


class Loops:
    """Loops in place, in the dtype of their arguments: float32 or float64.

    All implementations apply the same operations to an element in the same order, so that the choice between them is no part
    of a run's identity. `exp`, `log` and sums are not among the loops: they round differently from one library to another.
    """

    name = "numpy"
    min_elements = 4_096
    """Elements from which a prepared update is faster than a rule's expressions."""

    def __init__(self) -> None:
        self._updates: dict[tuple[Rule, np.dtype, int, int], Update] = {}

    def gather_pixels(self, images: Images, rows: Integers, out: Floats) -> None:
        """out[i] ← float32(images[rows[i]]) / 255, for images (n, pixels), rows (batch,) and out (batch, pixels)."""
        gathered = np.take(images, rows, axis=0, mode="clip")
        np.divide(gathered, np.float32(255), out=out, dtype=np.float32)

    def add_bias(self, z: Floats, bias: Floats) -> None:
        """z ← z + bias, for z (batch, units) and bias (units,)."""
        z += bias

    def add_bias_relu(self, z: Floats, bias: Floats) -> None:
        """z ← max(z + bias, 0); NaN stays NaN."""
        z += bias
        np.maximum(z, np.zeros_like(bias), out=z)  # twice as fast as with a scalar 0

    def chain_relu(self, delta: Floats, a: Floats) -> None:
        """delta ← delta · [a > 0], where a is the output of the ReLU; both (batch, units)."""
        np.multiply(delta, a > 0, out=delta)

    def shift_logits(self, logits: Floats, labels: Labels, shifted: Floats) -> None:
        """logits ← logits − max of their row, shifted ← the label's; (batch, classes), (batch,), (batch,)."""
        logits -= logits.max(axis=1, keepdims=True)
        shifted[:] = logits[np.arange(len(labels)), labels]

    def softmax_delta(self, exps: Floats, totals: Floats, labels: Labels) -> None:
        """exps ← exps / totals − 1 at the label, the gradient of the loss; (batch, classes), (batch,), (batch,)."""
        exps /= totals[:, np.newaxis]
        exps[np.arange(len(labels)), labels] -= 1

    def update(self, rule: Rule, params: Floats, grad: Floats, state: tuple[Floats, ...], scalars: Scalars) -> None:
        """params, *state ← rule(params, grad, *state, *scalars), element by element; all vectors are (n,)."""
        if len(params) < self.min_elements:
            update = by_expressions(rule)
        else:
            key = (rule, params.dtype, len(state), len(scalars))
            if key not in self._updates:
                self._updates[key] = self._prepare_update(*key)
            update = self._updates[key]
        update(params, grad, state, scalars)

    def _prepare_update(self, rule: Rule, dtype: np.dtype, buffers: int, scalars: int) -> Update:
        """Return the rule as calls in place if they give the same bits, else as it is written."""
        expressions, calls = by_expressions(rule), record_in_place(rule, buffers, scalars)
        is_same = calls is not None and gives_same_bits(calls, expressions, dtype, buffers, scalars)
        return calls if calls is not None and is_same else expressions


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
