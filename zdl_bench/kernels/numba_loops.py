"""The loops compiled by numba. Each loop is one pass over memory."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numba
import numpy as np
from numba import types
from numba.extending import register_jitable

from zdl_bench.kernels.compile_cached import Signature, compile_cached
from zdl_bench.kernels.in_place import Rule, Update
from zdl_bench.kernels.loops import Loops, by_expressions
from zdl_bench.kernels.same_bits import gives_same_bits

CACHE_LINE = 64
"""The size of a cache line in bytes."""


class NumbaLoops(Loops):
    name = f"numba {numba.__version__}"
    min_elements = 0

    def __init__(self, dtype: np.dtype) -> None:
        """Compile the loops that do not depend on a rule, for float32 or float64."""
        super().__init__()
        self._float = numba.from_dtype(dtype)
        vector, matrix = self._float[::1], self._float[:, ::1]
        images, labels, rows = _readonly(types.uint8, 2), _readonly(types.uint8, 1), _readonly(types.int64, 1)
        signatures: dict[Callable[..., Any], Signature] = {
            gather_pixels: (images, rows, matrix),
            add_bias: (matrix, vector),
            add_bias_relu: (matrix, vector),
            chain_relu: (matrix, matrix),
            shift_logits: (matrix, labels, vector),
            softmax_delta: (matrix, vector, labels),
        }
        for function, signature in signatures.items():
            setattr(self, function.__name__, compile_cached(function, signature))  # instead of NumPy's loop

    def _prepare_update(self, rule: Rule, dtype: np.dtype, buffers: int, scalars: int) -> Update:
        """Return the rule's compiled loop, or NumPy's if the rule cannot be compiled or the compiled loop rounds differently.

        Rounding differs for a literal number in a rule: numba takes it as float64, NumPy in the dtype of the other operand.
        """
        if buffers in RULE_LOOPS:
            with suppress(Exception):  # numba raises other errors than NumbaError too
                vector = self._float[::1]
                signature = (vector, vector, _tuple(vector, buffers), _tuple(self._float, scalars))
                loop = compile_cached(RULE_LOOPS[buffers](register_jitable(rule)), signature, rule)
                if gives_same_bits(loop, by_expressions(rule), dtype, buffers, scalars):
                    return loop
        return super()._prepare_update(rule, dtype, buffers, scalars)


def _readonly(item: Any, dimensions: int) -> Any:
    """Return the numba type of contiguous arrays that may be read-only, such as arrays of a memory-mapped file."""
    return types.Array(item, dimensions, "C", readonly=True)


def _tuple(item: Any, size: int) -> Any:
    return types.Tuple((item,) * size)  # type: ignore[no-untyped-call]


def gather_pixels(images, rows, out):  # type: ignore[no-untyped-def]
    touched = 0
    for i in range(rows.size):  # request all cache lines of the batch before waiting for the first
        for j in range(0, images.shape[1], CACHE_LINE):
            touched += images[rows[i], j]
    for i in range(rows.size):
        row = rows[i]
        for j in range(images.shape[1]):
            out[i, j] = np.float32(images[row, j]) / np.float32(255)
    return touched  # otherwise the compiler would drop the first loop


def add_bias(z, bias):  # type: ignore[no-untyped-def]
    for i in range(z.shape[0]):
        for j in range(z.shape[1]):
            z[i, j] += bias[j]


def add_bias_relu(z, bias):  # type: ignore[no-untyped-def]
    zero = z.dtype.type(0)
    for i in range(z.shape[0]):
        for j in range(z.shape[1]):
            total = z[i, j] + bias[j]
            z[i, j] = zero if total <= zero else total


def chain_relu(delta, a):  # type: ignore[no-untyped-def]
    zero, one = delta.dtype.type(0), delta.dtype.type(1)
    for i in range(delta.shape[0]):
        for j in range(delta.shape[1]):
            delta[i, j] *= one if a[i, j] > zero else zero


def shift_logits(logits, labels, shifted):  # type: ignore[no-untyped-def]
    for i in range(logits.shape[0]):
        largest = logits[i, 0]
        for j in range(1, logits.shape[1]):
            if logits[i, j] > largest or logits[i, j] != logits[i, j]:
                largest = logits[i, j]
        for j in range(logits.shape[1]):
            logits[i, j] -= largest
        shifted[i] = logits[i, labels[i]]


def softmax_delta(exps, totals, labels):  # type: ignore[no-untyped-def]
    one = exps.dtype.type(1)
    for i in range(exps.shape[0]):
        for j in range(exps.shape[1]):
            exps[i, j] /= totals[i]
        exps[i, labels[i]] -= one


def _without_state(rule: Rule) -> Update:
    def loop(w, g, state, scalars):  # type: ignore[no-untyped-def]
        for i in range(w.size):
            (w[i],) = rule(w[i], g[i], *scalars)

    return loop


def _with_one_buffer(rule: Rule) -> Update:
    def loop(w, g, state, scalars):  # type: ignore[no-untyped-def]
        (a,) = state
        for i in range(w.size):
            w[i], a[i] = rule(w[i], g[i], a[i], *scalars)

    return loop


def _with_two_buffers(rule: Rule) -> Update:
    def loop(w, g, state, scalars):  # type: ignore[no-untyped-def]
        a, b = state
        for i in range(w.size):
            w[i], a[i], b[i] = rule(w[i], g[i], a[i], b[i], *scalars)

    return loop


RULE_LOOPS = {0: _without_state, 1: _with_one_buffer, 2: _with_two_buffers}
