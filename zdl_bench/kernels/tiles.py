"""Small blocks of a matrix product that stay in vector registers, as LLVM code.

Plain loops compiled by numba give the same bits, but a training step with them takes a quarter longer. A tile is a block of
rows × vectors of the result. Its sums live in registers while the shared index k ascends; each step adds a(row, k) · w(k, :),
rounded twice. Without fast-math, LLVM neither fuses nor reorders these operations, and vectors of any width give the same
bits. All arrays are contiguous; offsets and strides count elements.
"""

# mypy: disable-error-code="no-untyped-def,no-untyped-call,attr-defined"

from typing import Any

import llvmlite.binding
import numba
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

HOST_FEATURES = llvmlite.binding.get_host_cpu_features().flatten()
VECTOR = 64
"""Bytes of a vector. LLVM splits it where the registers of the CPU are smaller."""
HAS_WIDE_REGISTERS = "+avx512f" in (numba.config.CPU_FEATURES or ("" if numba.config.CPU_NAME else HOST_FEATURES))
"""Whether the CPU that numba compiles for has registers of 64 bytes, of which there are 32."""
INDEX = ir.IntType(64)


def dense_tile(rows: int) -> Any:
    """Return tile(a, a0, row, step, w, w0, line, out, out0, out_line, depth, more), a block one vector wide.

    It sets out[out0 + r·out_line + :] ← Σₖ a[a0 + r·row + k·step] · w[w0 + k·line + :] for r < rows and k < depth. The sums
    start at 0, or at what `out` holds if `more` is not 0.
    """

    @intrinsic
    def tile(typing, a, a0, row, step, w, w0, line, out, out0, out_line, depth, more):
        def generate(context, builder, signature, values):
            code = _Code(context, builder, signature.args[4].dtype)
            a0, row, step, w0, line, out0, out_line, depth, more = (values[n] for n in (1, 2, 3, 5, 6, 8, 9, 10, 11))
            a, w, out = (code.pointer(signature.args[n], values[n]) for n in (0, 4, 7))
            ends = [code.at(out, out0, builder.mul(out_line, INDEX(r))) for r in range(rows)]
            lines = [code.at(a, a0, builder.mul(row, INDEX(r))) for r in range(rows)]
            sums = [code.zero() for _ in range(rows)]
            with builder.if_then(builder.icmp_signed("!=", more, INDEX(0))):
                for total, end in zip(sums, ends, strict=True):
                    builder.store(code.load(end), total)
            with cgutils.for_range(builder, depth, intp=INDEX) as loop:
                vector = code.load(code.at(w, w0, builder.mul(loop.index, line)))
                for total, start in zip(sums, lines, strict=True):
                    code.add_product(total, code.at(start, builder.mul(loop.index, step)), vector)
            for total, end in zip(sums, ends, strict=True):
                code.store(builder.load(total), end)
            return context.get_dummy_value()

        return types.void(a, a0, row, step, w, w0, line, out, out0, out_line, depth, more), generate

    return tile


def sparse_tile(vectors: int) -> Any:
    """Return tile(column, value, first, last, w, w0, line, out, out0), a block of one row, `vectors` vectors wide.

    It sets out[out0 + :] ← Σₖ value[k] · w[w0 + column[k]·line + :] for first ≤ k < last.
    """

    @intrinsic
    def tile(typing, column, value, first, last, w, w0, line, out, out0):
        def generate(context, builder, signature, values):
            code = _Code(context, builder, signature.args[4].dtype)
            first, last, w0, line, out0 = (values[n] for n in (2, 3, 5, 6, 8))
            column, value, w, out = (code.pointer(signature.args[n], values[n]) for n in (0, 1, 4, 7))
            sums = [code.zero() for _ in range(vectors)]
            with cgutils.for_range_slice(builder, first, last, INDEX(1), intp=INDEX) as (k, _):
                start = code.at(w, w0, builder.mul(builder.zext(builder.load(code.at(column, k)), INDEX), line))
                for n, total in enumerate(sums):
                    code.add_product(total, code.at(value, k), code.load(code.at(start, INDEX(n * code.lanes))))
            for n, total in enumerate(sums):
                code.store(builder.load(total), code.at(out, out0, INDEX(n * code.lanes)))
            return context.get_dummy_value()

        return types.void(column, value, first, last, w, w0, line, out, out0), generate

    return tile


class _Code:
    """A writer of LLVM instructions on vectors of one dtype."""

    def __init__(self, context: Any, builder: Any, dtype: Any) -> None:
        self.context, self.builder = context, builder
        scalar = context.get_value_type(dtype)
        self.size = context.get_abi_sizeof(scalar)
        self.lanes = VECTOR // self.size
        self.vector = ir.VectorType(scalar, self.lanes)

    def pointer(self, array: Any, value: Any) -> Any:
        """Return the pointer to the first element of a numba array."""
        return self.context.make_array(array)(self.context, self.builder, value).data

    def at(self, pointer: Any, *offsets: Any) -> Any:
        for offset in offsets:
            pointer = self.builder.gep(pointer, [offset])
        return pointer

    def zero(self) -> Any:
        """Return the place of a vector of zeros."""
        place = cgutils.alloca_once(self.builder, self.vector)
        self.builder.store(ir.Constant(self.vector, [0.0] * self.lanes), place)
        return place

    def load(self, pointer: Any) -> Any:
        return self.builder.load(self.builder.bitcast(pointer, self.vector.as_pointer()), align=self.size)

    def store(self, vector: Any, pointer: Any) -> None:
        self.builder.store(vector, self.builder.bitcast(pointer, self.vector.as_pointer()), align=self.size)

    def add_product(self, total: Any, scalar: Any, vector: Any) -> None:
        """Add the element at `scalar`, times the vector, to the sum at `total`."""
        undefined = ir.Constant(self.vector, ir.Undefined)
        first = self.builder.insert_element(undefined, self.builder.load(scalar), ir.Constant(ir.IntType(32), 0))
        everywhere = ir.Constant(ir.VectorType(ir.IntType(32), self.lanes), [0] * self.lanes)
        product = self.builder.fmul(self.builder.shuffle_vector(first, undefined, everywhere), vector)
        self.builder.store(self.builder.fadd(self.builder.load(total), product), total)
