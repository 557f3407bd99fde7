"""The arithmetic of a training step, defined by NumPy. Compiled kernels do the same operations in the same order."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from zdl_bench.kernels.elementary import exp, log
from zdl_bench.run.run import Floats

Bytes = npt.NDArray[np.uint8]
Integers = npt.NDArray[np.int64]
Rule = Callable[..., Any]
"""(w, g, *state, **scalars) → (w, *state), or w without state, for one element or many, by portable operations."""
Scalars = Mapping[str, Any]
"""The scalars of a step by name, in the dtype of the run."""
ElementFunction = Callable[..., Any]
"""A function of elements → an element, written like a Rule."""
SIDE_BY_SIDE = 256
"""The number of partial sums of a dot product, so that a CPU can add many at a time."""
ROWS_AT_ONCE = 1_000
"""Images to search for pixels at once: NumPy needs 16 bytes for each pixel that it finds."""
SLICE = 65_536
"""Elements per slice of an update: enough to amortize a call, few enough for the arrays to stay in cache."""


class SparseRows(NamedTuple):
    """The elements of a matrix that are not 0. Row i has the columns and values from start[i] to start[i + 1] − 1.

    start: (rows + 1,) int64. column: (n,) uint16, ascending within a row. value: (n,), bytes or numbers.
    """

    start: Integers
    column: npt.NDArray[np.uint16]
    value: Any

    def rows(self) -> Iterator[tuple[Any, Any]]:
        """Yield the columns and the values of each row."""
        for first, last in zip(self.start[:-1], self.start[1:], strict=True):
            yield self.column[first:last], self.value[first:last]


def ordered_sum(terms: Any) -> Any:
    """Return 0 + terms[0] + terms[1] + …, added in this order, over the first axis."""
    return 0 + np.add.accumulate(terms)[-1] if len(terms) else np.zeros(terms.shape[1:], terms.dtype)[()]


def sum_side_by_side(terms: Floats) -> float:
    """Return the sum of terms (n,): term i belongs to partial sum i mod SIDE_BY_SIDE; then these are added in order."""
    if len(terms) > SIDE_BY_SIDE:
        complete = np.append(terms, np.zeros(-len(terms) % SIDE_BY_SIDE))
        terms = ordered_sum(complete.reshape(-1, SIDE_BY_SIDE))
    total = 0.0
    for term in terms.tolist():
        total += term
    return total


class Kernels:
    """All arithmetic on matrices and long vectors, in float32 or float64. An output never shares memory with an input.

    Every sum starts at +0 and adds its terms by ascending index; every operation is rounded to the dtype of its arrays.
    """

    name = "numpy"

    def gather(self, images: Bytes, rows: Integers, values: Floats, out: Floats) -> None:
        """Set out[i, j] ← values[images[rows[i], j]], for images (n, pixels), values (256,) and out (batch, pixels)."""
        out[:] = values[images[rows]]

    def gather_sparse(self, images: SparseRows, rows: Integers, values: Floats, batch: SparseRows) -> None:
        """Fill `batch` with the pixels of the rows that are not 0. Its arrays have room for all pixels of the rows."""
        end = 0
        for i, row in enumerate(rows):
            own = slice(images.start[row], images.start[row + 1])
            start, end = end, end + own.stop - own.start
            batch.start[i : i + 2] = start, end
            batch.column[start:end], batch.value[start:end] = images.column[own], values[images.value[own]]

    def product(self, a: Floats, w: Floats, out: Floats) -> None:
        """Set out ← a·w, for a (m, k) and w (k, n)."""
        out[:] = 0
        for k in range(len(w)):
            out += a[:, k : k + 1] * w[k]

    def product_with_transpose(self, a: Floats, w: Floats, out: Floats) -> None:
        """Set out ← a·wᵀ, for a (m, k) and w (n, k)."""
        Kernels.product(self, a, w.T, out)

    def transposed_product(self, a: Floats, d: Floats, out: Floats) -> None:
        """Set out ← aᵀ·d, for a (m, k) and d (m, n)."""
        Kernels.product(self, a.T, d, out)

    def sparse_product(self, a: SparseRows, w: Floats, out: Floats) -> None:
        """Set out ← a·w. An element of `a` that is 0 adds nothing, not even if its row of `w` is not finite."""
        for i, (columns, values) in enumerate(a.rows()):
            out[i] = ordered_sum(values[:, np.newaxis] * w[columns])

    def transposed_sparse_product(self, a: SparseRows, d: Floats, out: Floats) -> None:
        """Set out ← aᵀ·d. An element of `a` that is 0 adds nothing, not even if its row of `d` is not finite."""
        out[:] = 0
        for i, (columns, values) in enumerate(a.rows()):
            out[columns] += values[:, np.newaxis] * d[i]

    def column_sums(self, d: Floats, out: Floats) -> None:
        """Set out[j] ← Σᵢ d[i, j]."""
        out[:] = ordered_sum(d)

    def activate(self, function: ElementFunction, z: Floats, bias: Floats) -> None:
        """Set z[i, j] ← function(z[i, j] + bias[j])."""
        z[:] = function(z + bias)

    def chain(self, function: ElementFunction, delta: Floats, a: Floats) -> None:
        """Set delta[i, j] ← function(delta[i, j], a[i, j])."""
        delta[:] = function(delta, a)

    def cross_entropy(self, logits: Floats, labels: Bytes, epsilon: float, totals: Floats) -> float:
        """Return the sum of the rows' losses in nats. The logits become exponentials, and `totals` the sums of their rows.

        Before, the largest logit of each row is subtracted from the others, so that no exponential overflows. `epsilon` is
        added to the probability inside the logarithm. Shapes: logits (batch, classes), labels (batch,), totals (batch,).
        """
        largest = logits[:, 0].copy()
        for z in logits.T[1:]:
            largest = np.where((z > largest) | np.isnan(z), z, largest)
        logits -= largest[:, np.newaxis]
        rows = np.arange(len(labels))
        shifted = logits[rows, labels].astype(np.float64)
        logits[:] = exp(logits)
        totals[:] = ordered_sum(logits.T)
        if epsilon > 0:
            losses = -log((logits[rows, labels] / totals).astype(np.float64) + epsilon)
        else:
            losses = log(totals.astype(np.float64)) - shifted
        return float(ordered_sum(losses))

    def softmax_delta(self, exps: Floats, totals: Floats, labels: Bytes, scale: Any) -> None:
        """Set exps ← (exps/totals − [class is the label]) · scale, the gradient of the loss, for exps (batch, classes)."""
        exps /= totals[:, np.newaxis]
        exps[np.arange(len(labels)), labels] -= 1
        exps *= scale

    def dot(self, a: Floats, b: Floats) -> float:
        """Return Σ aᵢbᵢ in float64, summed side by side."""
        return sum_side_by_side(np.multiply(a, b, dtype=np.float64))

    def squared_distance(self, a: Floats, b: Floats) -> float:
        """Return Σ (aᵢ − bᵢ)² in float64, summed side by side; the differences are rounded to the dtype of the vectors."""
        difference = a - b
        return sum_side_by_side(np.multiply(difference, difference, dtype=np.float64))

    def update(self, rule: Rule, params: Floats, grad: Floats, state: tuple[Floats, ...], scalars: Scalars) -> None:
        """Set params, *state ← rule(params, grad, *state, **scalars), element by element. All vectors have shape (n,)."""
        for start in range(0, len(params), SLICE):
            given = [vector[start : start + SLICE] for vector in (params, grad, *state)]
            new = rule(*given, **scalars)
            shared = {*map(id, given)}
            unshared = [np.copy(values) if id(values) in shared else values for values in (new if state else (new,))]
            for vector, values in zip((given[0], *given[2:]), unshared, strict=True):
                vector[:] = values


def sparse_rows(images: Bytes) -> SparseRows:
    """Return the pixels of images (n, pixels) that are not 0."""
    lit = np.count_nonzero(images)
    rows = SparseRows(np.zeros(len(images) + 1, np.int64), np.empty(lit, np.uint16), np.empty(lit, np.uint8))
    for first in range(0, len(images), ROWS_AT_ONCE):
        chunk = images[first : first + ROWS_AT_ONCE]
        ends = rows.start[first] + np.add.accumulate(np.count_nonzero(chunk, axis=1))
        rows.start[first + 1 : first + 1 + len(chunk)] = ends
        own, places = slice(rows.start[first], ends[-1]), np.flatnonzero(chunk)
        rows.column[own], rows.value[own] = places % images.shape[1], chunk.ravel()[places]
    return rows
