"""The rules of optax, as JAX compiles them for the CPU."""

import inspect
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar

import numpy as np

from zdl_bench.optimizers.library_rule import LibraryRule
from zdl_bench.optimizers.optimizer import State, Step
from zdl_bench.run.run import Floats, Layout

ONE_THREAD = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
"""Flags for XLA, which reads them once, when JAX is first used. A sum depends on how it is shared out to threads."""
POOL_SIZE = "NPROC"
"""The environment variable with the number of threads of XLA, by default that of the cores. XLA compiles for this number."""


@dataclass
class OptaxState(State):
    """The state of optax, a tree of arrays of JAX."""

    of_optax: Any = None


class OptaxRule(LibraryRule):
    """A function of optax that takes a learning rate and returns a transformation of plain gradients.

    Parameters and gradient are handed over as a list of arrays, one per weight matrix or bias, in the dtype of the run.

    Source: https://optax.readthedocs.io
    """

    libraries: ClassVar = ("optax", "jax", "jaxlib")
    extra: ClassVar = "optax"

    def init(self, params: Floats, step: Step) -> State:
        """Return the state before the first step. The update is compiled now, before the time of the steps counts."""
        with _precision(params.dtype):
            start, update = _compiled(self)
            arrays = _arrays(params, step.layout)
            state = start(arrays, step.base_lr)
            update(arrays, arrays, state, step.base_lr)
        return OptaxState(of_optax=state)

    def update(self, params: Floats, grad: Floats, state: State, step: Step) -> None:
        assert isinstance(state, OptaxState)
        with _precision(params.dtype):
            _, update = _compiled(self)
            arrays, gradients = _arrays(params, step.layout), _arrays(grad, step.layout)
            new, state.of_optax = update(arrays, gradients, state.of_optax, step.lr)
            for part, values in zip(step.layout, new, strict=True):
                part.view(params)[...] = np.asarray(values)

    def try_out(self) -> None:
        arrays = [np.zeros((2, 2), np.float32)]
        with _precision(np.dtype(np.float32)):
            import jax

            start, update = _steps(self)
            jax.eval_shape(lambda: update(arrays, arrays, start(arrays, 0.001), 0.001))


def _arrays(flat: Floats, layout: Layout) -> list[Any]:
    """Return copies of the parts as arrays of JAX, which must not see later changes of the flat vector."""
    import jax

    return [jax.numpy.array(part.view(flat), copy=True) for part in layout]


def _steps(rule: OptaxRule) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Return (params, lr) → state, and (params, grad, state, lr) → new params, new state."""
    import optax

    function = rule.callable_of_library()
    constant = [name for name in inspect.signature(function).parameters if name != "learning_rate"]
    of_rate = optax.inject_hyperparams(function, static_args=constant)

    def start(params: Any, lr: float) -> Any:
        return of_rate(learning_rate=lr, **rule.keywords).init(params)

    def update(params: Any, grad: Any, state: Any, lr: Any) -> Any:
        state.hyperparams["learning_rate"] = lr
        updates, state = of_rate(learning_rate=lr, **rule.keywords).update(grad, state, params)
        return optax.apply_updates(params, updates), state

    return start, update


@cache
def _compiled(rule: OptaxRule) -> tuple[Callable[..., Any], Callable[..., Any]]:
    import jax

    start, update = _steps(rule)
    return jax.jit(start), jax.jit(update)


@contextmanager
def _precision(dtype: np.dtype) -> Iterator[None]:
    """Compute on the CPU, with 64-bit numbers if the run has them."""
    if "jax" not in sys.modules:
        os.environ.setdefault("XLA_FLAGS", ONE_THREAD)
        os.environ[POOL_SIZE] = "1"
    import jax

    with jax.enable_x64(dtype == np.float64), jax.default_device(jax.devices("cpu")[0]):
        yield
