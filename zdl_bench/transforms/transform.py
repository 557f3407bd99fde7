"""The base classes of transforms."""

from abc import abstractmethod
from dataclasses import dataclass, field, replace

import numpy as np

from zdl_bench.optimizers.optimizer import Optimizer, State, Step
from zdl_bench.run.run import Floats


@dataclass(frozen=True)
class Transform(Optimizer):
    """A frozen dataclass of hyper-parameters around an optimizer, by default without any effect.

    inner: the optimizer inside, which may be a transform, too. The registry hands it in: it is no key of a YAML. Its state is
    `state.inner`.
    """

    inner: Optimizer = field(metadata={"given_by": "registry"})

    def init(self, params: Floats, step: Step) -> State:
        return State(inner=self.inner.init(params, step))

    def update(self, params: Floats, grad: Floats, state: State, step: Step) -> None:
        self.inner.update(params, grad, inside(state), step)

    def answer(self, params: Floats, state: State) -> Floats:
        return self.inner.answer(params, inside(state))

    def effective_lr(self, lr: float) -> float:
        return self.inner.effective_lr(lr)


@dataclass(frozen=True)
class GradientTransform(Transform):
    """A transform of every gradient that the optimizer inside is given, also of those that it asks for with `step.at`."""

    @abstractmethod
    def change(self, grad: Floats, out: Floats) -> None:
        """Fill `out` with the changed gradient. Both have shape (n,)."""

    def init(self, params: Floats, step: Step) -> State:
        return State({"changed": np.zeros_like(params)}, inner=self.inner.init(params, step))

    def update(self, params: Floats, grad: Floats, state: State, step: Step) -> None:
        def changed_at(point: Floats) -> tuple[float, Floats]:
            loss, elsewhere = step.at(point)
            self.change(elsewhere.copy(), elsewhere)
            return loss, elsewhere

        changed = state.arrays["changed"]
        self.change(grad, changed)
        self.inner.update(params, changed, inside(state), replace(step, at=changed_at))


def inside(state: State) -> State:
    """Return the state of the optimizer inside a transform."""
    assert state.inner is not None, "a transform's init must make the state of the optimizer inside"
    return state.inner
