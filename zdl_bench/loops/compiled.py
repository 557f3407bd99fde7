"""The loops compiled by numba, each one pass over memory.

Without fast-math, and with NumPy's division by 0, an operation rounds as NumPy's does. Compiled code is kept beside this file,
or in numba's folder of the user where that cannot be written: only the first start on a machine compiles.
"""

import hashlib
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numba
import numpy as np
from numba.core.errors import NumbaError
from numba.extending import register_jitable

from zdl_bench.loops.contract import Images, Integers, Rule
from zdl_bench.loops.plain import NumpyLoops
from zdl_bench.run import Floats

Loop = Callable[[Floats, Floats, tuple[Floats, ...], tuple[Any, ...]], None]

SAMPLED = 4_096
"""Elements on which a compiled rule is compared with NumPy's before it is used."""
CACHE_LINE = 64
"""Bytes."""


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    try:
        return numba.njit(error_model="numpy", cache=True)(function)
    except RuntimeError:  # there is no folder to keep it in
        return numba.njit(error_model="numpy")(function)


class NumbaLoops:
    name = f"numba {numba.__version__}"

    def __init__(self, dtype: np.dtype) -> None:
        """Compiles what does not depend on a rule, for float32 or float64."""
        self._plain = NumpyLoops()
        self._rules: dict[Rule, Loop] = {}
        images, rows = np.zeros((1, 1), np.uint8), np.zeros(1, np.int64)
        images.flags.writeable = False  # as those of a file in memory
        z = np.zeros((1, 1), dtype)
        labels = rows.astype(np.uint8)
        for loop, arguments in (
            (_gather_pixels, (images, rows, z)), (_add_bias, (z, z[0])), (_add_bias_relu, (z, z[0])), (_chain_relu, (z, z)),
            (_shift_logits, (z, labels, z[0])), (_shift_logits, (z, images[0], z[0])), (_softmax_delta, (z, z[0], labels)),
        ):  # fmt: skip
            with suppress(OSError):  # it is compiled, and only could not be kept, as on a full disk
                loop(*arguments)

    def gather_pixels(self, images: Images, rows: Integers, out: Floats) -> None:
        _gather_pixels(images, rows, out)

    def add_bias(self, z: Floats, bias: Floats) -> None:
        _add_bias(z, bias)

    def add_bias_relu(self, z: Floats, bias: Floats) -> None:
        _add_bias_relu(z, bias)

    def chain_relu(self, delta: Floats, a: Floats) -> None:
        _chain_relu(delta, a)

    def shift_logits(self, logits: Floats, labels: Integers, shifted: Floats) -> None:
        _shift_logits(logits, labels, shifted)

    def softmax_delta(self, exps: Floats, totals: Floats, labels: Integers) -> None:
        _softmax_delta(exps, totals, labels)

    def update(self, rule: Rule, params: Floats, grad: Floats, state: tuple[Floats, ...], scalars: tuple[Any, ...]) -> None:
        loop = self._rules.get(rule)
        if loop is None:
            loop = self._rules[rule] = self._loop_of(rule, params.dtype, len(state), scalars)
        loop(params, grad, state, scalars)

    def _loop_of(self, rule: Rule, dtype: np.dtype, buffers: int, scalars: tuple[Any, ...]) -> Loop:
        """The rule's compiled loop, or NumPy's where it cannot be compiled or rounds otherwise: a number written out in a rule
        is a float64 to numba, and to NumPy whatever it meets.
        """

        def plain(params: Floats, grad: Floats, state: tuple[Floats, ...], scalars: tuple[Any, ...]) -> None:
            self._plain.update(rule, params, grad, state, scalars)

        if buffers not in LOOPS:
            return plain
        try:
            loop = _compiled_rule(rule, buffers)
            return loop if _agree(loop, plain, _sample(dtype, buffers), scalars) else plain
        except NumbaError:
            return plain


@compiled
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


@compiled
def _add_bias(z, bias):  # type: ignore[no-untyped-def]
    for i in range(z.shape[0]):
        for j in range(z.shape[1]):
            z[i, j] += bias[j]


@compiled
def _add_bias_relu(z, bias):  # type: ignore[no-untyped-def]
    zero = z.dtype.type(0)
    for i in range(z.shape[0]):
        for j in range(z.shape[1]):
            total = z[i, j] + bias[j]
            z[i, j] = zero if total < zero else total


@compiled
def _chain_relu(delta, a):  # type: ignore[no-untyped-def]
    zero, one = delta.dtype.type(0), delta.dtype.type(1)
    for i in range(delta.shape[0]):
        for j in range(delta.shape[1]):
            delta[i, j] *= one if a[i, j] > zero else zero


@compiled
def _shift_logits(logits, labels, shifted):  # type: ignore[no-untyped-def]
    for i in range(logits.shape[0]):
        largest = logits[i, 0]
        for j in range(1, logits.shape[1]):
            if logits[i, j] > largest or logits[i, j] != logits[i, j]:
                largest = logits[i, j]
        for j in range(logits.shape[1]):
            logits[i, j] -= largest
        shifted[i] = logits[i, labels[i]]


@compiled
def _softmax_delta(exps, totals, labels):  # type: ignore[no-untyped-def]
    one = exps.dtype.type(1)
    for i in range(exps.shape[0]):
        for j in range(exps.shape[1]):
            exps[i, j] /= totals[i]
        exps[i, labels[i]] -= one


def _without_state(rule: Rule) -> Loop:
    def loop(w, g, state, scalars):  # type: ignore[no-untyped-def]
        for i in range(w.size):
            (w[i],) = rule(w[i], g[i], *scalars)

    return loop


def _with_one_buffer(rule: Rule) -> Loop:
    def loop(w, g, state, scalars):  # type: ignore[no-untyped-def]
        (a,) = state
        for i in range(w.size):
            w[i], a[i] = rule(w[i], g[i], a[i], *scalars)

    return loop


def _with_two_buffers(rule: Rule) -> Loop:
    def loop(w, g, state, scalars):  # type: ignore[no-untyped-def]
        a, b = state
        for i in range(w.size):
            w[i], a[i], b[i] = rule(w[i], g[i], a[i], b[i], *scalars)

    return loop


LOOPS = {0: _without_state, 1: _with_one_buffer, 2: _with_two_buffers}


def _compiled_rule(rule: Rule, buffers: int) -> Loop:
    loop = LOOPS[buffers](register_jitable(rule))
    code = rule.__code__
    content = hashlib.sha256(repr((code.co_code, code.co_consts, code.co_names)).encode()).hexdigest()[:16]
    loop.__qualname__ = f"{rule.__qualname__}-{content}"  # names the kept file, so that a rule that was changed has another
    return compiled(loop)


def _sample(dtype: np.dtype, buffers: int) -> tuple[Floats, ...]:
    """Parameters, gradients and buffers over many orders of magnitude, some of them 0; buffers are not negative."""
    rng = np.random.default_rng(0)
    size = (2 + buffers, SAMPLED)
    values = rng.standard_normal(size) * 10.0 ** rng.uniform(-8, 3, size) * (rng.random(size) > 0.1)
    values[2:] = np.abs(values[2:])
    return tuple(values.astype(dtype))


def _agree(loop: Loop, plain: Loop, sample: tuple[Floats, ...], scalars: tuple[Any, ...]) -> bool:
    """Whether two loops give the same bits."""
    results = []
    for one in (plain, loop):
        w, g, *state = (vector.copy() for vector in sample)
        try:
            one(w, g, tuple(state), scalars)
        except OSError:  # compiled, but not kept
            one(w, g, tuple(state), scalars)
        results.append([vector.tobytes() for vector in (w, *state)])
    return results[0] == results[1]
