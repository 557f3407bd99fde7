"""The loops of the compiled kernels over sparse rows."""
# mypy: disable-error-code="no-untyped-def,no-untyped-call"

from numba.extending import register_jitable

from zdl_bench.kernels.loops import CACHE_LINE, lanes_of
from zdl_bench.kernels.tiles import HAS_WIDE_REGISTERS, sparse_tile

WIDTH = 12 if HAS_WIDE_REGISTERS else 4
"""Vectors of a wide sparse tile."""

wide, double, narrow = sparse_tile(WIDTH), sparse_tile(2), sparse_tile(1)


def sparse_product(start, column, value, w, out):
    """Set out ← a·w for sparse rows `a`. The last vector overlaps the one before; narrow matrices go by single elements."""
    lanes, width = lanes_of(w), w.shape[1]
    if width < lanes:
        multiply_elements(start, column, value, w, out)
        return
    wide_end = width - width % (WIDTH * lanes)
    for j in range(0, wide_end, WIDTH * lanes):
        for i in range(out.shape[0]):
            wide(column, value, start[i], start[i + 1], w, j, width, out, i * width + j)
    done = wide_end
    while done < width:
        if width - done > lanes and width >= 2 * lanes:
            j = min(done, width - 2 * lanes)
            for i in range(out.shape[0]):
                double(column, value, start[i], start[i + 1], w, j, width, out, i * width + j)
            done += 2 * lanes
        else:
            j = min(done, width - lanes)
            for i in range(out.shape[0]):
                narrow(column, value, start[i], start[i + 1], w, j, width, out, i * width + j)
            done += lanes


@register_jitable
def multiply_elements(start, column, value, w, out):
    out[:] = 0
    for i in range(out.shape[0]):
        for k in range(start[i], start[i + 1]):
            for c in range(out.shape[1]):
                out[i, c] += value[k] * w[column[k], c]


def sort_by_column(start, column, value, starts, row, by_column):
    """Transpose sparse rows: the rows and values of column j are at starts[j] to starts[j + 1] − 1, rows ascending.

    `starts` has one element more than that needs.
    """
    starts[:] = 0
    for k in range(start[-1]):
        starts[column[k] + 2] += 1
    for j in range(2, starts.size):
        starts[j] += starts[j - 1]
    for i in range(start.size - 1):
        for k in range(start[i], start[i + 1]):
            place = starts[column[k] + 1]
            starts[column[k] + 1] = place + 1
            row[place], by_column[place] = i, value[k]


def gather_sparse(start, column, value, rows, values, batch_start, batch_column, batch_value):
    touched = 0
    for i in range(rows.size):
        for k in range(start[rows[i]], start[rows[i] + 1], CACHE_LINE // 2):
            touched += column[k] + value[k]
    end = 0
    batch_start[0] = 0
    for i in range(rows.size):
        first, count = start[rows[i]], start[rows[i] + 1] - start[rows[i]]
        for k in range(count):
            batch_column[end + k] = column[first + k]
        for k in range(count):
            batch_value[end + k] = values[value[first + k]]
        end += count
        batch_start[i + 1] = end
    return touched
