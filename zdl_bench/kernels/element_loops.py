"""Loops over the elements of matrices and vectors, which apply a function of one element. Numba compiles them for each."""
# mypy: disable-error-code="no-untyped-def"

from collections.abc import Callable
from typing import Any

from zdl_bench.kernels.definition import Elementwise, Rule


def activate_with(function: Elementwise) -> Callable[..., Any]:
    def activate(z, bias):
        for i in range(z.shape[0]):
            for j in range(z.shape[1]):
                z[i, j] = function(z[i, j] + bias[j])

    return activate


def chain_with(function: Elementwise) -> Callable[..., Any]:
    def chain(delta, a):
        for i in range(delta.shape[0]):
            for j in range(delta.shape[1]):
                delta[i, j] = function(delta[i, j], a[i, j])

    return chain


def update_without_state(rule: Rule) -> Callable[..., Any]:
    def update(w, g, state, scalars):
        for i in range(w.size):
            (w[i],) = rule(w[i], g[i], *scalars)

    return update


def update_with_one_buffer(rule: Rule) -> Callable[..., Any]:
    def update(w, g, state, scalars):
        (a,) = state
        for i in range(w.size):
            w[i], a[i] = rule(w[i], g[i], a[i], *scalars)

    return update


def update_with_two_buffers(rule: Rule) -> Callable[..., Any]:
    def update(w, g, state, scalars):
        a, b = state
        for i in range(w.size):
            w[i], a[i], b[i] = rule(w[i], g[i], a[i], b[i], *scalars)

    return update


UPDATES = {0: update_without_state, 1: update_with_one_buffer, 2: update_with_two_buffers}
"""The loops over a rule, by the number of its state vectors."""
