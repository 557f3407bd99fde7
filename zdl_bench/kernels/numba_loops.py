"""The loops compiled by numba, each one pass over memory."""

from contextlib import suppress
from functools import partial
from typing import Any

import numba
import numpy as np
from numba import types
from numba.extending import register_jitable

from zdl_bench.kernels.agreement import agree
from zdl_bench.kernels.compile_cached import compiled
from zdl_bench.kernels.loops import Images, Integers, Labels, Rule, Scalars, Update
from zdl_bench.kernels.numpy_loops import NumpyLoops, by_expressions
from zdl_bench.run.run import Floats

CACHE_LINE = 64
"""Bytes."""


class NumbaLoops:
    name = f"numba {numba.__version__}"

    def __init__(self, dtype: np.dtype) -> None:
        """Compiles what does not depend on a rule, for float32 or float64."""
        self._plain = NumpyLoops()
        self._updates: dict[tuple[Rule, int, int], Update] = {}
        self._float = numba.from_dtype(dtype)
        vector, matrix = self._float[::1], self._float[:, ::1]
        images, labels, rows = _only_read(types.uint8, 2), _only_read(types.uint8, 1), _only_read(types.int64, 1)
        self._gather_pixels = compiled(_gather_pixels, (images, rows, matrix))
        self._add_bias = compiled(_add_bias, (matrix, vector))
        self._add_bias_relu = compiled(_add_bias_relu, (matrix, vector))
        self._chain_relu = compiled(_chain_relu, (matrix, matrix))
        self._shift_logits = compiled(_shift_logits, (matrix, labels, vector))
        self._softmax_delta = compiled(_softmax_delta, (matrix, vector, labels))

    def gather_pixels(self, images: Images, rows: Integers, out: Floats) -> None:
        self._gather_pixels(images, rows, out)

    def add_bias(self, z: Floats, bias: Floats) -> None:
        self._add_bias(z, bias)

    def add_bias_relu(self, z: Floats, bias: Floats) -> None:
        self._add_bias_relu(z, bias)

    def chain_relu(self, delta: Floats, a: Floats) -> None:
        self._chain_relu(delta, a)

    def shift_logits(self, logits: Floats, labels: Labels, shifted: Floats) -> None:
        self._shift_logits(logits, labels, shifted)

    def softmax_delta(self, exps: Floats, totals: Floats, labels: Labels) -> None:
        self._softmax_delta(exps, totals, labels)

    def update(self, rule: Rule, params: Floats, grad: Floats, state: tuple[Floats, ...], scalars: Scalars) -> None:
        key = (rule, len(state), len(scalars))
        update = self._updates.get(key)
        if update is None:
            update = self._updates[key] = self._update_of(rule, params.dtype, len(state), len(scalars))
        update(params, grad, state, scalars)

    def _update_of(self, rule: Rule, dtype: np.dtype, buffers: int, scalars: int) -> Update:
        """The rule's compiled loop, or NumPy's where it cannot be compiled or rounds otherwise: a number written out in a rule
        is a float64 to numba, and to NumPy whatever it meets.
        """
        if buffers in LOOPS:
            with suppress(Exception):  # numba's NumbaError, and whatever else it stumbles over
                loop = self._loop_of(rule, buffers, scalars)
                if agree(loop, by_expressions(rule), dtype, buffers, scalars):
                    return loop
        return partial(self._plain.update, rule)

    def _loop_of(self, rule: Rule, buffers: int, scalars: int) -> Update:
        """Raises what numba raises for a rule that it cannot compile."""
        vector = self._float[::1]
        signature = (vector, vector, _tuple(vector, buffers), _tuple(self._float, scalars))
        return compiled(LOOPS[buffers](register_jitable(rule)), signature, rule)


def _only_read(item: Any, dimensions: int) -> Any:
    """Contiguous arrays, among them those of a file, which cannot be written."""
    return types.Array(item, dimensions, "C", readonly=True)


def _tuple(item: Any, size: int) -> Any:
    return types.Tuple((item,) * size)  # type: ignore[no-untyped-call]


def _gather_pixels(images, rows, out):  # type: ignore[no-untyped-def]
    touched = 0
    for i in range(rows.size):  # asks for all cache lines of the batch before it waits for the first
        for j in range(0, images.shape[1], CACHE_LINE):
            touched += images[rows[i], j]
    for i in range(rows.size):
        row = rows[i]
        for j in range(images.shape[1]):
            out[i, j] = np.float32(images[row, j]) / np.float32(255)
    return touched  # or the compiler would leave it out


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
