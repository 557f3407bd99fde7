"""The kernels compiled by numba: the same bits as the definition, many times faster."""
# mypy: disable-error-code="no-untyped-def"

from collections.abc import Callable
from contextlib import suppress
from functools import cache, partial
from typing import Any

import numba
import numpy as np
from numba import types
from numba.extending import overload, register_jitable

from zdl_bench.kernels import elementary, loops, sparse_loops
from zdl_bench.kernels.compile_cached import compile_cached
from zdl_bench.kernels.cube_roots import cube_root_of
from zdl_bench.kernels.definition import ElementFunction, Integers, Kernels, Rule, Scalars, SparseRows
from zdl_bench.kernels.element_loops import activate_with, chain_with, update_with
from zdl_bench.kernels.exponentials import exponentials, select
from zdl_bench.kernels.portable import typed_for
from zdl_bench.run.run import Floats

Names = tuple[str, ...]
INLINED = (
    elementary.log_of_double,
    elementary.sin_pi_of_double,
    elementary.cos_pi_of_double,
    elementary.sine_and_cosine,
    *(function for dtype in (np.float32, np.float64) for function in exponentials(np.dtype(dtype))),
    *(cube_root_of(np.dtype(dtype)) for dtype in (np.float32, np.float64)),
)
for function in INLINED:
    register_jitable(function)


@overload(select)
def _select(condition, chosen, other):
    return lambda condition, chosen, other: chosen if condition else other


def _by_dtype(own: ElementFunction, form_for: Callable[[np.dtype], ElementFunction]) -> None:
    """Teach numba a function that has one form for each dtype."""

    @overload(own)
    def _own(x):
        function = form_for(_dtype_of(x))
        return lambda x: function(x)  # noqa: PLW0108  (numba wants one that is not registered yet)


def _in_double(own: ElementFunction, of_double: ElementFunction) -> None:
    """Teach numba a function that is computed in float64."""

    @overload(own)
    def _own(x):
        real = _dtype_of(x).type
        return lambda x: real(of_double(np.float64(x)))


_by_dtype(elementary.exp, lambda dtype: exponentials(dtype).exp)
_by_dtype(elementary.tanh, lambda dtype: exponentials(dtype).tanh)
_by_dtype(elementary.cube_root, cube_root_of)
_in_double(elementary.log, elementary.log_of_double)
_in_double(elementary.sin_pi, elementary.sin_pi_of_double)
_in_double(elementary.cos_pi, elementary.cos_pi_of_double)


def _dtype_of(x: Any) -> np.dtype:
    return np.dtype(np.float32 if x == types.float32 else np.float64)


class CompiledKernels(Kernels):
    name = f"numba {numba.__version__}"

    def __init__(self, dtype: np.dtype) -> None:
        """Compile the kernels that do not depend on a rule, or load their code."""
        number = numba.from_dtype(dtype)
        self._number, self._dtype = number, dtype
        vector, matrix = number[::1], number[:, ::1]
        image_rows, labels, rows = _readonly(types.uint8, 2), _readonly(types.uint8, 1), _readonly(types.int64, 1)
        sparse_images = (_readonly(types.int64, 1), _readonly(types.uint16, 1), _readonly(types.uint8, 1))
        sparse = (types.int64[::1], types.uint16[::1], vector)
        code = compile_cached(
            {
                loops.strided_product: (matrix, types.int64, types.int64, matrix, matrix),
                loops.transpose: (matrix, matrix),
                sparse_loops.sparse_product: (*sparse, matrix, matrix),
                sparse_loops.sort_by_column: (*sparse, *sparse),
                loops.gather: (image_rows, rows, vector, matrix),
                sparse_loops.gather_sparse: (*sparse_images, rows, vector, *sparse),
                loops.column_sums: (matrix, vector),
                loops.cross_entropy: (matrix, labels, types.float64, vector),
                loops.softmax_delta: (matrix, vector, labels, number),
                loops.dot: (vector, vector),
                loops.squared_distance: (vector, vector),
            }
        )
        self._strided_product, self._transpose = code["strided_product"], code["transpose"]
        self._sparse_product, self._sort_by_column = code["sparse_product"], code["sort_by_column"]
        self._gather_sparse = code["gather_sparse"]
        for name in ("gather", "column_sums", "cross_entropy", "softmax_delta", "dot", "squared_distance"):
            setattr(self, name, code[name])
        self._activation = cache(lambda function: self._compile(activate_with, function, 1, matrix, vector))
        self._chain = cache(lambda function: self._compile(chain_with, function, 2, matrix, matrix))
        self._update = cache(self._compile_rule)

    def gather_sparse(self, images: SparseRows, rows: Integers, values: Floats, batch: SparseRows) -> None:
        self._gather_sparse(*images, rows, values, *batch)

    def product(self, a: Floats, w: Floats, out: Floats) -> None:
        self._strided_product(a, a.shape[1], 1, w, out)

    def transposed_product(self, a: Floats, d: Floats, out: Floats) -> None:
        self._strided_product(a, 1, a.shape[1], d, out)

    def product_with_transpose(self, a: Floats, w: Floats, out: Floats) -> None:
        """Compute outᵀ = w·aᵀ, which transposes less than wᵀ would."""
        columns, out_columns = np.empty(a.shape[::-1], self._dtype), np.empty(out.shape[::-1], self._dtype)
        self._transpose(a, columns)
        self.product(w, columns, out_columns)
        self._transpose(out_columns, out)

    def sparse_product(self, a: SparseRows, w: Floats, out: Floats) -> None:
        self._sparse_product(*a, w, out)

    def transposed_sparse_product(self, a: SparseRows, d: Floats, out: Floats) -> None:
        """Sort the elements by column first, so that each row of the result is one sum."""
        count = a.start[-1]
        starts = np.empty(len(out) + 2, np.int64)
        columns = SparseRows(starts, np.empty(count, np.uint16), np.empty(count, self._dtype))
        self._sort_by_column(*a, *columns)
        self._sparse_product(*columns, d, out)

    def activate(self, function: ElementFunction, z: Floats, bias: Floats) -> None:
        loop = self._activation(function)
        loop(z, bias) if loop else super().activate(function, z, bias)

    def chain(self, function: ElementFunction, delta: Floats, a: Floats) -> None:
        loop = self._chain(function)
        loop(delta, a) if loop else super().chain(function, delta, a)

    def update(self, rule: Rule, params: Floats, grad: Floats, state: tuple[Floats, ...], scalars: Scalars) -> None:
        loop, names = self._update(rule, len(state), tuple(scalars))
        if loop:
            loop(params, grad, state, tuple(scalars[name] for name in names))
        else:
            super().update(rule, params, grad, state, scalars)

    def _compile_rule(self, rule: Rule, buffers: int, scalars: tuple[str, ...]) -> tuple[Callable[..., Any] | None, Names]:
        """Return the loop over a rule, or None if there is none, and the names of the scalars in the rule's order."""
        code = getattr(rule, "__code__", None)
        names = code.co_varnames[2 + buffers : code.co_argcount + code.co_kwonlyargcount] if code else ()
        if {*names} != {*scalars}:
            return None, ()
        vector = self._number[::1]
        signature = (vector, vector, _tuple(vector, buffers), _tuple(self._number, len(names)))
        return self._compile(partial(update_with, buffers=buffers), rule, 2 + buffers + len(names), *signature), names

    def _compile(
        self, maker: Callable[..., Any], function: ElementFunction, arguments: int, *signature: Any
    ) -> Callable[..., Any] | None:
        """Return the loop of a maker over a function of elements, for one signature of the loop.

        Return None if numba cannot compile the function, which takes so many arguments, or not with NumPy's bits.
        """
        typed = typed_for(function, arguments, self._dtype)
        if typed is None:
            return None
        with suppress(Exception):  # numba raises other errors than NumbaError too
            loop = maker(register_jitable(typed))
            return compile_cached({loop: signature}, function)[loop.__name__]
        return None


def _readonly(item: Any, dimensions: int) -> Any:
    """Return the numba type of contiguous arrays that may be read-only, such as arrays of a memory-mapped file."""
    return types.Array(item, dimensions, "C", readonly=True)


def _tuple(item: Any, size: int) -> Any:
    return types.Tuple((item,) * size)  # type: ignore[no-untyped-call]
