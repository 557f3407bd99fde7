"""The base class of optimizers that treat every parameter alike."""

from abc import abstractmethod
from collections.abc import Mapping
from functools import cached_property
from inspect import Parameter, signature
from typing import Any, ClassVar

import numpy as np

from zdl_bench.errors import ConfigError
from zdl_bench.kernels.choice import kernels_for_vectors
from zdl_bench.optimizers.optimizer import Optimizer, State, Step
from zdl_bench.run.run import Floats


class Elementwise(Optimizer):
    """A rule of one parameter and its gradient, written as an expression that reads like the paper's.

    `rule(w, g, *buffers, *, …)` returns the new w and the new buffers, or w alone if there are no buffers. After the star it
    names the scalars that it needs: `lr`, what `scalars` returns, a hyper-parameter such as `beta1`, or 1 minus one, such as
    `one_minus_beta1`. They are computed in float64 and then cast to the run's dtype. NumPy applies `rule` to slices; a compiled
    loop applies it to one element at a time and gives the same bits.
    """

    buffers: ClassVar[Mapping[str, float | str]] = {}
    """The arrays of the state, in the order in which `rule` takes them. Name → what all elements start at: a number, the
    value of the hyper-parameter of this name, or with "w" the initial parameters."""
    memory: ClassVar[Mapping[str, float]] = {}
    """The scalars of the state. Name → value at the start. Only `scalars` reads and changes them."""

    @staticmethod
    @abstractmethod
    def rule(*values: Any, **scalars: Any) -> Any:
        """Return the new w and the new buffers, for a slice or for a single element."""

    def scalars(self, step: Step, memory: dict[str, float]) -> Mapping[str, float]:
        """Return the scalars of this step, by name, that are neither `lr` nor hyper-parameters. May change `memory`."""
        return {}

    def __init_subclass__(cls, **settings: Any) -> None:
        """Raise TypeError if `rule` does not take the buffers by their names."""
        super().__init_subclass__(**settings)
        taken = [name for name, one in signature(cls.rule).parameters.items() if one.kind is not Parameter.KEYWORD_ONLY]
        if cls.rule is not Elementwise.rule and taken != ["w", "g", *cls.buffers]:
            raise TypeError(
                f"rule of {cls.__name__} must take {', '.join(['w', 'g', *cls.buffers])}, then its scalars after a *"
            )

    def init(self, params: Floats, step: Step) -> State:
        """Return the state at its start. The loop over the rule is compiled or loaded now, before the time of steps counts.

        Raise ConfigError if the rule returns another number of values.
        """
        nothing, scalars = params[:0].copy(), dict.fromkeys(self._names, params.dtype.type(1))
        state = (nothing,) * len(self.buffers)
        returned = self.rule(nothing, nothing, *state, **scalars)
        wanted = ", ".join(["w", *self.buffers])
        if len(returned) != 1 + len(state) if isinstance(returned, tuple) else state:
            raise ConfigError(f"{type(self).__name__}.rule: it must return {wanted}, and nothing else")
        kernels_for_vectors(len(params), params.dtype).update(self.rule, nothing, nothing, state, scalars)
        return State({name: self._start(params, value) for name, value in self.buffers.items()}, dict(self.memory))

    def update(self, params: Floats, grad: Floats, state: State, step: Step) -> None:
        kernels = kernels_for_vectors(len(params), params.dtype)
        scalars = self.typed_scalars(step, state.scalars, params.dtype)
        kernels.update(self.rule, params, grad, tuple(state.arrays.values()), scalars)

    def typed_scalars(self, step: Step, memory: dict[str, float], dtype: np.dtype) -> dict[str, Any]:
        """Return the scalars that `rule` takes in this step. Raise ConfigError for one that nothing gives."""
        return self.cast(self.scalars(step, memory), step, dtype)

    def cast(self, own: Mapping[str, float], step: Step, dtype: np.dtype) -> dict[str, Any]:
        """Return the scalars that `rule` takes: its own, lr and hyper-parameters. Raise ConfigError for any other."""
        known = {**self._constants, "lr": step.lr, **own}
        try:
            return {name: dtype.type(known[name]) for name in self._names}
        except KeyError as error:
            kind = type(self).__name__
            remedy = f"return it from {kind}.scalars"
            raise ConfigError(f"{kind}.rule: {error.args[0]} is no hyper-parameter of {kind}; {remedy}") from error

    def _start(self, params: Floats, value: float | str) -> Floats:
        if value == "w":
            return params.copy()
        return np.full_like(params, getattr(self, value) if isinstance(value, str) else value)

    @cached_property
    def _names(self) -> tuple[str, ...]:
        """The scalars that `rule` takes, in its order."""
        return tuple(name for name, one in signature(self.rule).parameters.items() if one.kind is Parameter.KEYWORD_ONLY)

    @cached_property
    def _constants(self) -> dict[str, float]:
        """Each hyper-parameter that is a number, and 1 minus it, by name."""
        own = {name: value for name, value in vars(self).items() if isinstance(value, int | float)}
        return own | {f"one_minus_{name}": 1 - value for name, value in own.items()}
