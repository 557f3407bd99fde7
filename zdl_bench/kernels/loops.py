"""The loops over elements: their contract."""

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from zdl_bench.run.run import Floats

Rule = Callable[..., tuple[Any, ...]]
"""(w, g, *state, *scalars) → (w, *state), for one element or for many: operators and NumPy's elementwise functions."""

Scalars = tuple[Any, ...]
"""The scalars of a step, in the dtype of the run."""

Update = Callable[[Floats, Floats, tuple[Floats, ...], Scalars], None]
"""(params, grad, state, scalars): one rule, applied in place; all vectors are (n,)."""

Images = npt.NDArray[np.uint8]
Integers = npt.NDArray[np.int64]
Labels = npt.NDArray[np.uint8]


class Loops(Protocol):
    """Loops in place, in the dtype of their arguments: float32 or float64.

    All implementations apply the same operations to an element in the same order, so that the choice between them is no part
    of a run's identity. `exp`, `log` and sums are not among the loops: they round differently from one library to another.
    """

    name: str

    def gather_pixels(self, images: Images, rows: Integers, out: Floats) -> None:
        """out[i] ← float32(images[rows[i]]) / 255, for images (n, pixels), rows (batch,) and out (batch, pixels)."""
        ...

    def add_bias(self, z: Floats, bias: Floats) -> None:
        """z ← z + bias, for z (batch, units) and bias (units,)."""
        ...

    def add_bias_relu(self, z: Floats, bias: Floats) -> None:
        """z ← max(z + bias, 0); NaN stays NaN."""
        ...

    def chain_relu(self, delta: Floats, a: Floats) -> None:
        """delta ← delta · [a > 0], where a is the output of the ReLU; both (batch, units)."""
        ...

    def shift_logits(self, logits: Floats, labels: Labels, shifted: Floats) -> None:
        """logits ← logits − max of their row, shifted ← the label's; (batch, classes), (batch,), (batch,)."""
        ...

    def softmax_delta(self, exps: Floats, totals: Floats, labels: Labels) -> None:
        """exps ← exps / totals − 1 at the label, the gradient of the loss; (batch, classes), (batch,), (batch,)."""
        ...

    def update(self, rule: Rule, params: Floats, grad: Floats, state: tuple[Floats, ...], scalars: Scalars) -> None:
        """params, *state ← rule(params, grad, *state, *scalars), element by element; all vectors are (n,)."""
        ...
