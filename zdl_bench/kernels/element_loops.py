"""Loops over the elements of matrices and vectors, which apply a function of one element. Numba compiles them for each."""
# mypy: disable-error-code="no-untyped-def"

from collections.abc import Callable
from typing import Any

from zdl_bench.kernels.definition import ElementFunction, Rule


def activate_with(function: ElementFunction) -> Callable[..., Any]:
    def activate(z, bias):
        for i in range(z.shape[0]):
            for j in range(z.shape[1]):
                z[i, j] = function(z[i, j] + bias[j])

    return activate


def chain_with(function: ElementFunction) -> Callable[..., Any]:
    def chain(delta, a):
        for i in range(delta.shape[0]):
            for j in range(delta.shape[1]):
                delta[i, j] = function(delta[i, j], a[i, j])

    return chain


def update_with(rule: Rule, buffers: int) -> Callable[..., Any]:
    """Return update(w, g, state, scalars), the loop over a rule with so many state vectors.

    It is written as source, since numba compiles no loop over vectors whose number it does not know.
    """
    state = [f"s{number}" for number in range(buffers)]
    given, new = (", ".join(f"{vector}[i]" for vector in vectors) for vectors in (["w", "g", *state], ["w", *state]))
    lines = [
        "def made_with(rule):",
        "    def update(w, g, state, scalars):",
        *([f"        {', '.join(state)}, = state"] if state else []),
        "        for i in range(w.size):",
        f"            {new} = rule({given}, *scalars)",
        "    return update",
    ]
    names: dict[str, Any] = {"__name__": __name__}  # numba imports the module of a function whose code it loads
    exec(compile("\n".join(lines), __file__, "exec"), names)  # noqa: S102
    made: Callable[..., Any] = names["made_with"](rule)
    return made
