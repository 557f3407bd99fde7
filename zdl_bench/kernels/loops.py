"""The loops over elements in pure NumPy. They define what every other implementation has to compute."""

import numpy as np
import numpy.typing as npt

from zdl_bench.kernels.in_place import Rule, Scalars, Update, record_in_place, slices
from zdl_bench.kernels.same_bits import gives_same_bits
from zdl_bench.run.run import Floats

Images = npt.NDArray[np.uint8]
Integers = npt.NDArray[np.int64]
Labels = npt.NDArray[np.uint8]


class Loops:
    """In-place loops in the dtype of their arguments: float32 or float64.

    All implementations apply the same operations to an element in the same order. So the choice between them is not part of
    a run's identity. `exp`, `log` and sums are not among the loops, since their rounding differs between libraries.
    """

    name = "numpy"
    min_elements = 4_096
    """Vectors of at least this many elements make a prepared update faster than a rule's own expressions."""

    def __init__(self) -> None:
        self._updates: dict[tuple[Rule, np.dtype, int, int], Update] = {}

    def gather_pixels(self, images: Images, rows: Integers, out: Floats) -> None:
        """Set out[i] ← float32(images[rows[i]]) / 255, for images (n, pixels), rows (batch,) and out (batch, pixels)."""
        gathered = np.take(images, rows, axis=0, mode="clip")
        np.divide(gathered, np.float32(255), out=out, dtype=np.float32)

    def add_bias(self, z: Floats, bias: Floats) -> None:
        """Set z ← z + bias, for z (batch, units) and bias (units,)."""
        z += bias

    def add_bias_relu(self, z: Floats, bias: Floats) -> None:
        """Set z ← max(z + bias, 0), for z (batch, units) and bias (units,). NaN stays NaN."""
        z += bias
        np.maximum(z, np.zeros_like(bias), out=z)  # twice as fast as with a scalar 0

    def chain_relu(self, delta: Floats, a: Floats) -> None:
        """Set delta ← delta · [a > 0] for the output `a` of a ReLU; both have shape (batch, units)."""
        np.multiply(delta, a > 0, out=delta)

    def shift_logits(self, logits: Floats, labels: Labels, shifted: Floats) -> None:
        """Subtract from each row of `logits` its maximum, and copy the logit of each label to `shifted`.

        Shapes: logits (batch, classes), labels (batch,), shifted (batch,).
        """
        logits -= logits.max(axis=1, keepdims=True)
        shifted[:] = logits[np.arange(len(labels)), labels]

    def softmax_delta(self, exps: Floats, totals: Floats, labels: Labels) -> None:
        """Divide each row of `exps` by its total and subtract 1 at the label, which gives the gradient of the loss.

        Shapes: exps (batch, classes), totals (batch,), labels (batch,).
        """
        exps /= totals[:, np.newaxis]
        exps[np.arange(len(labels)), labels] -= 1

    def update(self, rule: Rule, params: Floats, grad: Floats, state: tuple[Floats, ...], scalars: Scalars) -> None:
        """Set params, *state ← rule(params, grad, *state, *scalars), element by element. All vectors have shape (n,)."""
        if len(params) < self.min_elements:
            update = by_expressions(rule)
        else:
            key = (rule, params.dtype, len(state), len(scalars))
            if key not in self._updates:
                self._updates[key] = self._prepare_update(*key)
            update = self._updates[key]
        update(params, grad, state, scalars)

    def _prepare_update(self, rule: Rule, dtype: np.dtype, buffers: int, scalars: int) -> Update:
        """Return the rule as in-place calls if these give the same bits as its expressions, else as its expressions."""
        expressions, calls = by_expressions(rule), record_in_place(rule, buffers, scalars)
        is_same = calls is not None and gives_same_bits(calls, expressions, dtype, buffers, scalars)
        return calls if calls is not None and is_same else expressions


def by_expressions(rule: Rule) -> Update:
    """Return an update that evaluates the rule's own expressions, slice by slice."""

    def update(params: Floats, grad: Floats, state: tuple[Floats, ...], scalars: Scalars) -> None:
        for part in slices(len(params)):
            given = [vector[part] for vector in (params, grad, *state)]
            new = rule(*given, *scalars)
            unshared = [np.copy(values) if any(values is each for each in given) else values for values in new]
            for vector, values in zip((params, *state), unshared, strict=True):
                vector[part] = values

    return update
