"""What makes the numbers of a run uses no operation whose bits depend on the machine: the sources are read for such ones."""

import ast
from collections.abc import Iterator

import pytest
from house import PACKAGE

ROOMS = ("kernels", "optimizers", "problems", "schedules", "training", "run")
"""The rooms whose code makes the numbers of a run."""
OF_A_LIBRARY = {
    *("exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "logaddexp", "logaddexp2", "pow", "power", "float_power"),
    *("sin", "cos", "tan", "asin", "acos", "atan", "atan2", "arcsin", "arccos", "arctan", "arctan2", "sinc", "cbrt"),
    *("sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "arcsinh", "arccosh", "arctanh", "hypot", "dist", "sumprod"),
    *("erf", "erfc", "gamma", "lgamma", "i0", "geomspace", "logspace", "fma", "fft", "maximum", "minimum", "fmax", "fmin"),
}
"""Functions of NumPy and math. The C library's and those of vector units differ in their last bits, or in the sign of 0."""
IN_ANY_ORDER = {
    *("matmul", "dot", "inner", "vdot", "vecdot", "matvec", "vecmat", "tensordot", "einsum", "linalg", "convolve", "correlate"),
    *("sum", "mean", "std", "var", "prod", "average", "nansum", "nanmean", "nanstd", "nanvar", "trace", "cov", "corrcoef"),
    *("reduce", "reduceat", "median", "percentile", "quantile", "norm", "trapezoid", "polyval", "polyfit"),
}
"""Functions and methods that multiply and add in an order of their own."""
OWN_PRODUCTS = {"loops", "kernels", "_kernels", "kernels_for_vectors()"}
"""What has a `dot` in a fixed order."""
BUILTINS = {"sum": "Python 3.12 adds floats otherwise than 3.11", "pow": "the C library's"}
MODULES = {"scipy", "random", "statistics", "cmath"}
NUMPYS_GENERATOR = {"random", "integers", "permutation"}
"""The methods of NumPy's generators that give the same numbers everywhere."""
ALLOWED = {
    (
        "kernels/streams.py",
        "LegacyStream.standard_normal",
        "standard_normal",
    ): "the articles' numbers, named as bound to NumPy",
    ("run/untrusted.py", "max_memory_of", "sum"): "a number of bytes",
    ("problems/problem.py", "Examples.pixel_sums", "sum"): "sums of integers, which are exact",
    ("optimizers/optimizer.py", "State.walk", "inner"): "the state inside a state, and no product",
}
"""(file, where in it, word) → the reason why it may stand there."""


class Reader(ast.NodeVisitor):
    """Finds (where, word) in a module."""

    def __init__(self, may_draw: bool) -> None:
        self.may_draw = may_draw
        self.path: list[str] = []
        self.libraries: set[str] = set()
        self.found: list[tuple[str, str]] = []

    def find(self, word: str) -> None:
        self.found.append((".".join(self.path), word))

    def generic_visit(self, node: ast.AST) -> None:
        is_place = isinstance(node, ast.ClassDef | ast.FunctionDef)
        self.path += [node.name] if is_place else []
        super().generic_visit(node)
        del self.path[len(self.path) - is_place :]

    def visit_Import(self, node: ast.Import) -> None:
        for each in node.names:
            first = each.name.partition(".")[0]
            if first in MODULES:
                self.find(first)
            if first in ("numpy", "math"):
                self.libraries.add(each.asname or first)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        first = (node.module or "").partition(".")[0]
        if first in MODULES:
            self.find(first)
        for each in node.names:
            if first in ("numpy", "math") and each.name in OF_A_LIBRARY | IN_ANY_ORDER | {"random"}:
                self.find(each.name)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        base = node.value.id if isinstance(node.value, ast.Name) else getattr(node.value, "attr", "")
        if isinstance(node.value, ast.Call) and isinstance(node.value.func, ast.Name):
            base = f"{node.value.func.id}()"
        if node.attr in OF_A_LIBRARY and base in self.libraries:
            self.find(node.attr)
        if node.attr in IN_ANY_ORDER and base not in OWN_PRODUCTS and not (base in self.libraries and node.attr == "prod"):
            self.find(node.attr)
        if node.attr == "random" and base in self.libraries and not self.may_draw:
            self.find("random")
        if base in ("_generator", "_state") and node.attr not in (*NUMPYS_GENERATOR, "randint"):
            self.find(node.attr)
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        if isinstance(node.func, ast.Name) and node.func.id in BUILTINS:
            self.find(node.func.id)
        self.generic_visit(node)

    def visit_MatMult(self, _: ast.MatMult) -> None:
        self.find("@")

    def visit_Pow(self, _: ast.Pow) -> None:
        self.find("**")

    def visit_BinOp(self, node: ast.BinOp) -> None:
        whole = isinstance(node.left, ast.Constant) and isinstance(node.left.value, int)
        for child in (node.left, node.right) if whole and isinstance(node.op, ast.Pow) else (node.left, node.op, node.right):
            self.visit(child)


def findings(source: str, may_draw: bool = False) -> list[tuple[str, str]]:
    reader = Reader(may_draw)
    reader.visit(ast.parse(source))
    return reader.found


def all_findings() -> Iterator[tuple[str, str, str]]:
    for path in sorted(path for room in ROOMS for path in (PACKAGE / room).glob("*.py")):
        name = path.relative_to(PACKAGE).as_posix()
        for where, word in findings(path.read_text(encoding="utf-8"), may_draw=name == "kernels/streams.py"):
            yield name, where, word


def test_no_operation_depends_on_the_machine():
    assert set(all_findings()) == set(ALLOWED), "found, or allowed and not there"


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("import numpy as np; np.exp(x)", "exp"),
        ("import numpy; y = list(map(numpy.tanh, x))", "tanh"),
        ("import math as m; m.cos(x)", "cos"),
        ("from math import log", "log"),
        ("from numpy import sin as own", "sin"),
        ("import math; math.pow(x, 2)", "pow"),
        ("pow(x, 2)", "pow"),
        ("x**2", "**"),
        ("x **= 0.5", "**"),
        ("0.9**step", "**"),
        ("10 ** (x**2)", "**"),
        ("a @ b", "@"),
        ("a @= b", "@"),
        ("a.dot(b)", "dot"),
        ("import numpy as np; np.linalg.norm(x)", "linalg"),
        ("x.sum()", "sum"),
        ("x.mean(axis=0)", "mean"),
        ("sum(losses)", "sum"),
        ("import numpy as np; np.add.reduce(x)", "reduce"),
        ("import numpy as np; np.random.default_rng(0).standard_normal(3)", "random"),
        ("self._generator.standard_normal(3)", "standard_normal"),
        ("import scipy.special", "scipy"),
        ("from statistics import fmean", "statistics"),
        ("import numpy as np; np.maximum(a, 0)", "maximum"),
    ],
)
def test_the_reader_finds(line, word):
    assert word in [found for _, found in findings(line)]


@pytest.mark.parametrize(
    "line",
    [
        "10**power; 2**10",
        "from zdl_bench.kernels.elementary import exp, log; exp(x) + log(y)",
        "import math; math.sqrt(x) + math.prod(shape) + math.pi",
        "import numpy as np; np.sqrt(x) + np.add.accumulate(x)",
        "self._kernels.dot(a, b); loops.dot",
        "rng.noise.standard_normal(3)",
    ],
)
def test_the_reader_does_not_find(line):
    assert findings(line) == []
