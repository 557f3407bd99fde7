"""The loops of the compiled kernels. Each does the operations of the method of `Kernels` with its name, in the same order."""
# mypy: disable-error-code="no-untyped-def,no-untyped-call"

import numpy as np
from numba.extending import overload, register_jitable

from zdl_bench.kernels.definition import SIDE_BY_SIDE
from zdl_bench.kernels.elementary import exp, log_of_double
from zdl_bench.kernels.tiles import HAS_WIDE_REGISTERS, VECTOR, dense_tile

HEIGHT = 12 if HAS_WIDE_REGISTERS else 6
"""Rows of a tall tile: as many sums as fit into the registers, beside the operands."""
DEPTH = 256
"""Terms that a tile adds before the next tile has its turn, so that its part of `w` stays in the cache."""
MIN_PACKED = 512
"""Columns from which on a part of `w` is copied to stay together in the cache."""
CACHE_LINE = 64
"""The size of a cache line in bytes."""

tall, low, lowest = dense_tile(HEIGHT), dense_tile(4), dense_tile(1)


def lanes_of(array):
    """Return the number of elements in a vector."""
    return VECTOR // array.itemsize


@overload(lanes_of)
def _lanes_of(array):
    lanes = VECTOR * 8 // array.dtype.bitwidth
    return lambda array: lanes


@register_jitable
def column_of_tiles(a, a0, row, step, w, w0, line, out, out0, out_line, height, depth, more):
    """Compute `height` rows of a result that is one vector wide."""
    i = 0
    while i + HEIGHT <= height:
        tall(a, a0 + i * row, row, step, w, w0, line, out, out0 + i * out_line, out_line, depth, more)
        i += HEIGHT
    while i + 4 <= height:
        low(a, a0 + i * row, row, step, w, w0, line, out, out0 + i * out_line, out_line, depth, more)
        i += 4
    while i < height:
        lowest(a, a0 + i * row, row, step, w, w0, line, out, out0 + i * out_line, out_line, depth, more)
        i += 1


def strided_product(a, row, step, w, out):
    """Set out ← A·w, where A(i, k) is element i·row + k·step of `a`.

    The last vector overlaps the one before if the width is no multiple of a vector; narrow matrices are padded with zeros.
    """
    lanes, depth, width, height = lanes_of(w), w.shape[0], w.shape[1], out.shape[0]
    panel, side = np.zeros((DEPTH, lanes), w.dtype), np.empty((height if width < lanes else 0, lanes), w.dtype)
    if depth == 0:
        out[:] = 0
    is_narrow = width < lanes
    packs = is_narrow or (height >= 4 * HEIGHT and width >= MIN_PACKED)
    target, target_line = (side, lanes) if is_narrow else (out, width)
    for start in range(0, width, lanes):
        j = max(0, min(start, width - lanes))
        for k0 in range(0, depth, DEPTH):
            terms = min(DEPTH, depth - k0)
            source, source0, source_line = w, k0 * width + j, width
            if packs:
                source, source0, source_line = panel, 0, lanes
                for k in range(terms):
                    for c in range(min(lanes, width)):
                        panel[k, c] = w[k0 + k, j + c]
            column_of_tiles(a, k0 * step, row, step, source, source0, source_line, target, j, target_line, height, terms, k0)
    if is_narrow and depth > 0:
        out[:] = side[:, :width]


def transpose(a, out):
    """Set out ← aᵀ, in blocks of which both sides stay in the cache."""
    block = 16
    for i0 in range(0, a.shape[0], block):
        for j0 in range(0, a.shape[1], block):
            for j in range(j0, min(j0 + block, a.shape[1])):
                for i in range(i0, min(i0 + block, a.shape[0])):
                    out[j, i] = a[i, j]


def gather(images, rows, values, out):
    touched = 0
    for i in range(rows.size):  # request all cache lines of the batch before waiting for the first
        for j in range(0, images.shape[1], CACHE_LINE):
            touched += images[rows[i], j]
    for i in range(rows.size):
        row = rows[i]
        for j in range(images.shape[1]):
            out[i, j] = values[images[row, j]]
    return touched  # otherwise the compiler would drop the first loop


def column_sums(d, out):
    out[:] = 0
    for i in range(d.shape[0]):
        for j in range(d.shape[1]):
            out[j] += d[i, j]


def cross_entropy(logits, labels, epsilon, totals):
    for i in range(logits.shape[0]):
        largest = logits[i, 0]
        for j in range(1, logits.shape[1]):
            if logits[i, j] > largest or logits[i, j] != logits[i, j]:
                largest = logits[i, j]
        for j in range(logits.shape[1]):
            logits[i, j] -= largest
        totals[i] = logits[i, labels[i]]
    elements = logits.ravel()
    for j in range(elements.size):
        elements[j] = exp(elements[j])
    loss = 0.0
    for i in range(logits.shape[0]):
        shifted, total = np.float64(totals[i]), logits.dtype.type(0)
        for j in range(logits.shape[1]):
            total += logits[i, j]
        totals[i] = total
        if epsilon > 0:
            loss += -log_of_double(np.float64(logits[i, labels[i]] / total) + epsilon)
        else:
            loss += log_of_double(np.float64(total)) - shifted
    return loss


def softmax_delta(exps, totals, labels, scale):
    one = exps.dtype.type(1)
    for i in range(exps.shape[0]):
        for j in range(exps.shape[1]):
            exps[i, j] /= totals[i]
        exps[i, labels[i]] -= one
        for j in range(exps.shape[1]):
            exps[i, j] *= scale


def dot(a, b):
    sums = np.zeros(SIDE_BY_SIDE)
    for start in range(0, a.size, SIDE_BY_SIDE):
        x, y = a[start : start + SIDE_BY_SIDE], b[start : start + SIDE_BY_SIDE]
        for j in range(x.size):
            sums[j] += np.float64(x[j]) * np.float64(y[j])
    return sum_in_order(sums)


def squared_distance(a, b):
    sums = np.zeros(SIDE_BY_SIDE)
    for start in range(0, a.size, SIDE_BY_SIDE):
        x, y = a[start : start + SIDE_BY_SIDE], b[start : start + SIDE_BY_SIDE]
        for j in range(x.size):
            difference = np.float64(x[j] - y[j])
            sums[j] += difference * difference
    return sum_in_order(sums)


@register_jitable
def sum_in_order(sums):
    total = 0.0
    for j in range(SIDE_BY_SIDE):
        total += sums[j]
    return total
