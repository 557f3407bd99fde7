"""Every compiled kernel has the bits of its definition in NumPy, and the definition adds in the order that it promises."""

from itertools import pairwise

import numpy as np
import pytest
from arrays import DTYPES, has_same_bits, numbers, sparse_numbers
from conftest import OPTIMIZERS, optimizer_of, step_of
from hypothesis import given, settings
from hypothesis import strategies as st

from zdl_bench.kernels.compiled import CompiledKernels
from zdl_bench.kernels.definition import ROWS_AT_ONCE, Kernels, SparseRows, ordered_sum, sparse_rows
from zdl_bench.optimizers.elementwise import Elementwise
from zdl_bench.problems.activations import ACTIVATIONS, identity

WIDTHS = (1, 2, 7, 8, 9, 10, 15, 16, 17, 31, 33, 48, 64, 65, 191, 200, 530)
"""Columns around a vector (8 or 16 elements) and around a wide tile, and enough for a packed part."""
HEIGHTS = (1, 2, 3, 4, 5, 6, 11, 12, 13, 25, 48, 53, 100)
"""Rows around the heights of the tiles."""
DEPTHS = (1, 2, 3, 15, 16, 17, 64, 255, 256, 257, 300, 520)
"""Terms of a sum around the depth of a tile."""
many = settings(max_examples=60, deadline=None)
seeds, heights, widths, depths = st.integers(0, 2**32 - 1), *map(st.sampled_from, (HEIGHTS, WIDTHS, DEPTHS))
odd_shares = st.sampled_from([0.0, 0.001, 0.02, 0.5])
densities = st.sampled_from([0.0, 0.02, 0.2, 0.6, 1.0])


@pytest.fixture(scope="module", params=DTYPES)
def compiled(request):
    return CompiledKernels(np.dtype(request.param))


def both(compiled, method, arrays, *others):
    """Return what the definition and the compiled kernel leave in copies of the arrays, and what they return."""
    results = []
    for kernels in (Kernels(), compiled):
        own = [array.copy() for array in arrays]
        with np.errstate(all="ignore"):
            returned = getattr(kernels, method)(*own, *others)
        results.append((own, returned))
    (ours, returned), (theirs, by_compiled) = results
    return list(zip(ours, theirs, strict=True)), returned, by_compiled


def unset(shape, dtype):
    """Return an output that shows if an element is not set."""
    return np.full(shape, 12345.678, dtype)


@many
@given(seeds, heights, depths, widths, odd_shares)
def test_products(compiled, seed, m, k, n, odd_share):
    rng, dtype = np.random.default_rng(seed), compiled._dtype
    for method, left, right in (
        ("product", (m, k), (k, n)),
        ("product_with_transpose", (m, k), (n, k)),
        ("transposed_product", (k, m), (k, n)),
    ):
        a, w = numbers(rng, left, dtype, odd_share), numbers(rng, right, dtype, odd_share)
        pairs, _, _ = both(compiled, method, [a, w, unset((m, n), dtype)])
        assert all(has_same_bits(*pair) for pair in pairs), method


@many
@given(seeds, st.tuples(heights, st.sampled_from([1, 3, 17, 100, 300]), widths), densities, odd_shares)
def test_sparse_products(compiled, seed, shape, density, odd_share):
    rng, dtype, (rows, columns, width) = np.random.default_rng(seed), compiled._dtype, shape
    sparse, _ = sparse_numbers(rng, rows, columns, density, dtype, odd_share)
    for method, other, out in (
        ("sparse_product", (columns, width), (rows, width)),
        ("transposed_sparse_product", (rows, width), (columns, width)),
    ):
        results = []
        for kernels in (Kernels(), compiled):
            result = unset(out, dtype)
            with np.errstate(all="ignore"):
                getattr(kernels, method)(sparse, numbers(np.random.default_rng(seed), other, dtype, odd_share), result)
            results.append(result)
        assert has_same_bits(*results), method


@many
@given(seeds, heights, st.sampled_from([1, 17, 100]), st.sampled_from([1, 10, 33]), densities)
def test_sparse_products_of_finite_numbers_are_those_of_the_matrix(compiled, seed, rows, columns, width, density):
    rng, dtype = np.random.default_rng(seed), compiled._dtype
    sparse, matrix = sparse_numbers(rng, rows, columns, density, dtype)
    w, d = numbers(rng, (columns, width), dtype), numbers(rng, (rows, width), dtype)
    for sparse_method, method, other, shape in (
        ("sparse_product", "product", w, (rows, width)),
        ("transposed_sparse_product", "transposed_product", d, (columns, width)),
    ):
        of_sparse, of_matrix = unset(shape, dtype), unset(shape, dtype)
        getattr(compiled, sparse_method)(sparse, other, of_sparse)
        getattr(compiled, method)(matrix, other, of_matrix)
        assert has_same_bits(of_sparse, of_matrix)


def test_a_batch_of_no_images_has_a_gradient_of_0(compiled):
    dtype = compiled._dtype
    none = SparseRows(np.zeros(1, np.int64), np.empty(0, np.uint16), np.empty(0, dtype))
    for kernels in (Kernels(), compiled):
        for width in (1, 33):
            out = unset((5, width), dtype)
            kernels.transposed_sparse_product(none, np.empty((0, width), dtype), out)
            assert not out.any()
            out, empty = unset((5, width), dtype), unset((0, width), dtype)
            kernels.transposed_product(np.empty((0, 5), dtype), np.empty((0, width), dtype), out)
            assert not out.any()
            kernels.sparse_product(none, unset((5, width), dtype), empty)
            sums = unset(width, dtype)
            kernels.column_sums(np.empty((0, width), dtype), sums)
            assert not sums.any()


@many
@given(seeds, st.integers(1, 300), st.integers(1, 65), st.integers(1, 40), densities)
def test_gathering(compiled, seed, pixels, images, batch, density):
    rng, dtype = np.random.default_rng(seed), compiled._dtype
    stored = rng.integers(1, 256, (images, pixels), dtype=np.uint8)
    stored[rng.random(stored.shape) >= density] = 0
    stored.flags.writeable = False
    rows, values = rng.integers(0, images, batch), numbers(rng, 256, dtype)
    values[0] = 0
    sparse = sparse_rows(stored)
    for kernels in (Kernels(), compiled):
        out = unset((batch, pixels), dtype)
        kernels.gather(stored, rows, values, out)
        assert has_same_bits(out, values[stored[rows]])
        room = batch * pixels
        start, column, value = np.full(batch + 1, -1), np.empty(room, np.uint16), np.empty(room, dtype)
        kernels.gather_sparse(sparse, rows, values, SparseRows(start, column, value))
        matrix = np.zeros((batch, pixels), dtype)
        for row, (first, last) in enumerate(pairwise(start)):
            assert (np.diff(column[first:last].astype(int)) > 0).all()
            matrix[row, column[first:last]] = value[first:last]
        assert start[-1] == np.count_nonzero(stored[rows])
        assert np.array_equal(matrix, out)


@many
@given(seeds, heights, widths, odd_shares)
def test_column_sums(compiled, seed, rows, width, odd_share):
    rng, dtype = np.random.default_rng(seed), compiled._dtype
    d = numbers(rng, (rows, width), dtype, odd_share)
    pairs, _, _ = both(compiled, "column_sums", [d, unset(width, dtype)])
    assert all(has_same_bits(*pair) for pair in pairs)


@many
@given(seeds, heights, st.integers(1, 40), odd_shares, st.sampled_from([0.0, 1e-7, 1e-46, 0.5]))
def test_cross_entropy_and_its_gradient(compiled, seed, rows, classes, odd_share, epsilon):
    rng, dtype = np.random.default_rng(seed), compiled._dtype
    logits, labels = numbers(rng, (rows, classes), dtype, odd_share), rng.integers(0, classes, rows, dtype=np.uint8)
    results = []
    for kernels in (Kernels(), compiled):
        exps, totals = logits.copy(), unset(rows, dtype)
        with np.errstate(all="ignore"):
            loss = kernels.cross_entropy(exps, labels, epsilon, totals)
            delta = exps.copy()
            kernels.softmax_delta(delta, totals, labels, dtype.type(1 / rows))
        results.append((np.float64(loss), exps, totals, delta))
    assert all(has_same_bits(*pair) for pair in zip(*results, strict=True))


@many
@given(seeds, st.sampled_from([1, 2, 15, 16, 17, 31, 32, 33, 1000, 4099]), odd_shares)
def test_dots(compiled, seed, size, odd_share):
    rng, dtype = np.random.default_rng(seed), compiled._dtype
    a, b = numbers(rng, size, dtype, odd_share), numbers(rng, size, dtype, odd_share)
    _, returned, by_compiled = both(compiled, "dot", [a, b])
    assert has_same_bits(np.float64(returned), np.float64(by_compiled))


FUNCTIONS = [identity, *(activation.apply for activation in ACTIVATIONS.values())]


@many
@given(seeds, heights, widths, odd_shares, st.sampled_from(FUNCTIONS))
def test_activations(compiled, seed, rows, width, odd_share, function):
    rng, dtype = np.random.default_rng(seed), compiled._dtype
    z, bias = numbers(rng, (rows, width), dtype, odd_share), numbers(rng, width, dtype, odd_share)
    results = []
    for kernels in (Kernels(), compiled):
        result = z.copy()
        with np.errstate(all="ignore"):
            kernels.activate(function, result, bias)
        results.append(result)
    assert has_same_bits(*results)


@many
@given(seeds, heights, widths, odd_shares, st.sampled_from(list(ACTIVATIONS)))
def test_chains(compiled, seed, rows, width, odd_share, name):
    rng, dtype = np.random.default_rng(seed), compiled._dtype
    delta, a = numbers(rng, (rows, width), dtype, odd_share), numbers(rng, (rows, width), dtype, odd_share)
    results = []
    for kernels in (Kernels(), compiled):
        result = delta.copy()
        with np.errstate(all="ignore"):
            kernels.chain(ACTIVATIONS[name].chain, result, a)
        results.append(result)
    assert has_same_bits(*results)


ELEMENTWISE = [name for name in OPTIMIZERS if getattr(type(optimizer_of(name)), "update", None) is Elementwise.update]
"""Rules whose scalars follow from the step alone. The others are in the test of conformance."""


@pytest.mark.slow
@many
@given(seeds, st.sampled_from([1, 15, 16, 17, 1000]), odd_shares, st.integers(1, 10**6), st.sampled_from(ELEMENTWISE))
def test_updates(compiled, seed, size, odd_share, step, name):
    rng, dtype, optimizer = np.random.default_rng(seed), compiled._dtype, optimizer_of(name)
    scalars = optimizer.typed_scalars(step_of(step), dict(optimizer.memory), dtype)
    vectors = numbers(rng, (2 + len(optimizer.buffers), size), dtype, odd_share)
    results = []
    for kernels in (Kernels(), compiled):
        w, g, *state = vectors.copy()
        with np.errstate(all="ignore"):
            kernels.update(optimizer.rule, w, g, tuple(state), scalars)
        results.append(np.stack([w, g, *state]))
    assert has_same_bits(*results)


@pytest.mark.parametrize("activation", ["identity", *ACTIVATIONS])
def test_all_activations_are_compiled(compiled, activation):
    chosen = ACTIVATIONS.get(activation)

    assert compiled._activation(chosen.apply if chosen else identity)
    assert chosen is None or compiled._chain(chosen.chain)


# The definition itself, against loops over single numbers of the dtype.


def in_order(terms, dtype):
    total = dtype(0)
    for term in terms:
        total += term
    return total


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sums_start_at_0_and_add_by_ascending_index(dtype):
    rng = np.random.default_rng(0)
    a, w, d = numbers(rng, (5, 30), dtype), numbers(rng, (30, 4), dtype), numbers(rng, (5, 4), dtype)
    product, weight_gradient, back, sums = (unset(shape, dtype) for shape in ((5, 4), (30, 4), (5, 30), 4))
    kernels = Kernels()
    kernels.product(a, w, product)
    kernels.transposed_product(a, d, weight_gradient)
    kernels.product_with_transpose(d, w, back)
    kernels.column_sums(d, sums)
    for i, j in np.ndindex(5, 4):
        assert product[i, j] == in_order((a[i, k] * w[k, j] for k in range(30)), dtype)
    for i, j in np.ndindex(30, 4):
        assert weight_gradient[i, j] == in_order((a[k, i] * d[k, j] for k in range(5)), dtype)
        assert back[j, i] == in_order((d[j, k] * w[i, k] for k in range(4)), dtype)
    assert sums.tolist() == [in_order(d[:, j], dtype) for j in range(4)]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_sum_of_negative_zeros_is_0(dtype):
    zeros = np.full((3, 2), -0.0, dtype)
    assert not np.signbit(ordered_sum(zeros)).any()
    assert not np.signbit(ordered_sum(zeros[:, 0]))
    assert ordered_sum(zeros[:0]).tolist() == [0, 0]
    assert ordered_sum(zeros).dtype == dtype == ordered_sum(zeros[:, 0]).dtype


@pytest.mark.parametrize("size", [1, 255, 256, 257, 800])
def test_a_dot_product_has_256_partial_sums_in_float64(size):
    a, b = numbers(np.random.default_rng(0), (2, size), np.float32)
    sums = [0.0] * 256
    for i in range(size):
        sums[i % 256] += float(a[i]) * float(b[i])
    assert Kernels().dot(a, b) == in_order(sums, float)


def test_the_loss_of_a_row_is_that_of_the_formula():
    logits = np.array([[1.0, 2.0, 4.0], [0.0, -1.0, 1000.0]])
    labels, totals = np.array([1, 2], np.uint8), np.empty(2)
    exps = logits.copy()
    loss = Kernels().cross_entropy(exps, labels, 0.0, totals)
    shares = np.exp(logits[0]) / np.exp(logits[0]).sum()
    assert loss == pytest.approx(-np.log(shares[1]), rel=1e-14)
    Kernels().softmax_delta(exps, totals, labels, 0.5)
    assert exps[0] == pytest.approx(0.5 * (shares - [0, 1, 0]), rel=1e-14)
    assert exps[1].tolist() == [0, 0, 0]


@pytest.mark.parametrize("count", [0, 1, ROWS_AT_ONCE, ROWS_AT_ONCE + 1])
def test_sparse_rows_are_the_pixels_that_are_not_0(count):
    images = np.random.default_rng(0).integers(0, 3, (count, 5), dtype=np.uint8)
    images[: count // 2] = 0
    start, column, value = sparse_rows(images)
    assert (start.dtype, column.dtype, value.dtype) == (np.int64, np.uint16, np.uint8)
    assert len(start) == count + 1
    again = np.zeros_like(images)
    again[np.repeat(np.arange(count), np.diff(start)), column] = value
    assert np.array_equal(images, again)
    assert value.all()
