"""Arrays of ordinary and odd numbers, and the comparison of bits, for the tests of the kernels."""

import numpy as np

from zdl_bench.kernels.definition import SparseRows

DTYPES = ("float32", "float64")
ODD = (0.0, -0.0, np.inf, -np.inf, np.nan, -np.nan, 1e-45, -1e-39, 5e-324, 3e38, 1e-300, 1.0, -1.0)
"""Zeros, subnormal numbers, and numbers whose sums and products overflow or underflow, of one dtype or of both."""


def numbers(rng, shape, dtype, odd_share=0.0):
    """Return normal numbers of many magnitudes; a share of them is replaced by odd ones."""
    with np.errstate(all="ignore"):
        values = (rng.standard_normal(shape) * 10.0 ** rng.integers(-3, 4, shape)).astype(dtype)
        return np.where(rng.random(shape) < odd_share, rng.choice(ODD, shape).astype(dtype), values)


def sparse_numbers(rng, rows, columns, density, dtype, odd_share=0.0):
    """Return sparse rows, some of which are empty, and the same as a matrix of which all other elements are 0."""
    lit = (rng.random((rows, columns)) < density) & (rng.random((rows, 1)) < 0.8)
    values = numbers(rng, (rows, columns), dtype, odd_share)
    start = np.concatenate([[0], np.cumsum(lit.sum(axis=1))]).astype(np.int64)
    matrix = np.where(lit, values, np.zeros(1, dtype))
    return SparseRows(start, np.nonzero(lit)[1].astype(np.uint16), values[lit]), matrix


def has_same_bits(ours, theirs):
    """Any NaN equals any NaN: its sign and its other bits depend on the CPU."""
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    nan = np.isnan(ours)
    same_kind = ours.dtype == theirs.dtype and ours.shape == theirs.shape
    return same_kind and np.array_equal(nan, np.isnan(theirs)) and ours[~nan].tobytes() == theirs[~nan].tobytes()
