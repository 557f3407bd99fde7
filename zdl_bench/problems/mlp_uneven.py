"""An MLP on unevenly scaled inputs, which make the gradients of the first layer uneven."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from zdl_bench.errors import require
from zdl_bench.kernels.elementary import geometric
from zdl_bench.problems.inputs import Batch, Inputs
from zdl_bench.problems.mlp import MLP, Network
from zdl_bench.problems.problem import Examples, Splits
from zdl_bench.run.run import Floats

GOLDEN_SHARE = 0.618


@dataclass(frozen=True)
class UnevenMLP(MLP):
    """An MLP whose input columns are multiplied by fixed scales from 1 to 1/input_condition, in training and evaluation.

    input_condition: ratio of the largest scale to the smallest, at least 1. With 1, results equal those of the MLP bit for bit.
    """

    input_condition: float = 1e4

    def __post_init__(self) -> None:
        super().__post_init__()
        finite = 1 <= self.input_condition < math.inf
        require("problem.input_condition", self.input_condition, finite, "a condition number must be finite and at least 1")

    def build(self, splits: Splits | None, dtype: npt.DTypeLike) -> "UnevenNetwork":
        assert splits is not None, "an MLP needs a data set"
        return UnevenNetwork(self, splits, np.dtype(dtype))


class UnevenNetwork(Network):
    """A Network that scales its inputs."""

    def __init__(self, spec: UnevenMLP, splits: Splits, dtype: np.dtype) -> None:
        self._scales = column_scales(splits.train.images.shape[1], spec.input_condition).astype(dtype)
        super().__init__(spec, splits, dtype)

    def _gather(self, inputs: Inputs, examples: Examples, rows: npt.NDArray[np.int64]) -> Batch:
        batch = super()._gather(inputs, examples, rows)
        inputs.scale_columns(self._scales)
        return batch


def column_scales(columns: int, condition: float) -> Floats:
    """Return scales from 1 to 1/condition, evenly spaced on a logarithmic scale, shape (columns,), float64.

    The scales are ordered so that neighbouring columns differ widely: the order steps through the sorted scales cyclically,
    with a stride near the golden section of their number. The stride is coprime to that number, so each scale is used exactly
    once. No random number is drawn.
    """
    stride = next(s for s in range(max(1, round(GOLDEN_SHARE * columns)), columns + 2) if math.gcd(s, columns) == 1)
    return geometric(1, 1 / condition, columns)[np.arange(columns) * stride % columns]
