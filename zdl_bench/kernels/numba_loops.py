"""The loops compiled by numba, each one pass over memory."""

from contextlib import suppress
from functools import partial
from typing import Any

import numba
import numpy as np
from numba import types
from numba.extending import register_jitable

from zdl_bench.kernels.compile_cached import compile_cached
from zdl_bench.kernels.loops import Rule, Scalars, Update
from zdl_bench.kernels.numpy_loops import NumpyLoops, by_expressions
from zdl_bench.kernels.same_bits import gives_same_bits
from zdl_bench.run.run import Floats

CACHE_LINE = 64
"""Bytes."""


class NumbaLoops:
    name = f"numba {numba.__version__}"

    def __init__(self, dtype: np.dtype) -> None:
        """Compile what does not depend on a rule, for float32 or float64."""
        self._numpy_loops = NumpyLoops()
        self._updates: dict[tuple[Rule, int, int], Update] = {}
        self._float = numba.from_dtype(dtype)
        vector, matrix = self._float[::1], self._float[:, ::1]
        images, labels, rows = _readonly(types.uint8, 2), _readonly(types.uint8, 1), _readonly(types.int64, 1)
        self.gather_pixels = compile_cached(_gather_pixels, (images, rows, matrix))
        self.add_bias = compile_cached(_add_bias, (matrix, vector))
        self.add_bias_relu = compile_cached(_add_bias_relu, (matrix, vector))
        self.chain_relu = compile_cached(_chain_relu, (matrix, matrix))
        self.shift_logits = compile_cached(_shift_logits, (matrix, labels, vector))
        self.softmax_delta = compile_cached(_softmax_delta, (matrix, vector, labels))

    def update(self, rule: Rule, params: Floats, grad: Floats, state: tuple[Floats, ...], scalars: Scalars) -> None:
        key = (rule, len(state), len(scalars))
        if key not in self._updates:
            self._updates[key] = self._update_of(rule, params.dtype, len(state), len(scalars))
        self._updates[key](params, grad, state, scalars)

    def _update_of(self, rule: Rule, dtype: np.dtype, buffers: int, scalars: int) -> Update:
        """Return the rule's compiled loop, or NumPy's if it cannot be compiled or rounds differently.

        A number written out in a rule is a float64 to numba, and takes the dtype of its operand in NumPy.
        """
        if buffers in LOOPS:
            with suppress(Exception):  # numba raises more than NumbaError
                loop = self._loop_of(rule, buffers, scalars)
                if gives_same_bits(loop, by_expressions(rule), dtype, buffers, scalars):
                    return loop
        return partial(self._numpy_loops.update, rule)

    def _loop_of(self, rule: Rule, buffers: int, scalars: int) -> Update:
        """Raise what numba raises for a rule that it cannot compile."""
        vector = self._float[::1]
        signature = (vector, vector, _tuple(vector, buffers), _tuple(self._float, scalars))
        return compile_cached(LOOPS[buffers](register_jitable(rule)), signature, rule)


def _readonly(item: Any, dimensions: int) -> Any:
    """The type of contiguous arrays, read-only ones such as a mapped file included."""
    return types.Array(item, dimensions, "C", readonly=True)


def _tuple(item: Any, size: int) -> Any:
    return types.Tuple((item,) * size)  # type: ignore[no-untyped-call]


def _gather_pixels(images, rows, out):  # type: ignore[no-untyped-def]
    touched = 0
    for i in range(rows.size):  # request all cache lines of the batch before waiting for the first
        for j in range(0, images.shape[1], CACHE_LINE):
            touched += images[rows[i], j]
    for i in range(rows.size):
        row = rows[i]
        for j in range(images.shape[1]):
            out[i, j] = np.float32(images[row, j]) / np.float32(255)
    return touched  # or the compiler would drop the first loop


def _add_bias(z, bias):  # type: ignore[no-untyped-def]
    for i in range(z.shape[0]):
        for j in range(z.shape[1]):
            z[i, j] += bias[j]


def _add_bias_relu(z, bias):  # type: ignore[no-untyped-def]
    zero = z.dtype.type(0)
    for i in range(z.shape[0]):
        for j in range(z.shape[1]):
            total = z[i, j] + bias[j]
            z[i, j] = zero if total <= zero else total


def _chain_relu(delta, a):  # type: ignore[no-untyped-def]
    zero, one = delta.dtype.type(0), delta.dtype.type(1)
    for i in range(delta.shape[0]):
        for j in range(delta.shape[1]):
            delta[i, j] *= one if a[i, j] > zero else zero


def _shift_logits(logits, labels, shifted):  # type: ignore[no-untyped-def]
    for i in range(logits.shape[0]):
        largest = logits[i, 0]
        for j in range(1, logits.shape[1]):
            if logits[i, j] > largest or logits[i, j] != logits[i, j]:
                largest = logits[i, j]
        for j in range(logits.shape[1]):
            logits[i, j] -= largest
        shifted[i] = logits[i, labels[i]]


def _softmax_delta(exps, totals, labels):  # type: ignore[no-untyped-def]
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


LOOPS = {0: _without_state, 1: _with_one_buffer, 2: _with_two_buffers}
