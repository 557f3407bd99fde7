"""The base classes of rules whose steps have a size of their own in each weight matrix and each bias."""

import math
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from zdl_bench.kernels.choice import kernels_for_vectors
from zdl_bench.kernels.definition import Kernels, Rule
from zdl_bench.optimizers.elementwise import Elementwise
from zdl_bench.optimizers.optimizer import State, Step
from zdl_bench.run.run import Floats


class Layer(NamedTuple):
    """A weight matrix or a bias in a step.

    name: its place in the layout. shape: (inputs, outputs) or (outputs,). own: its place in flat vectors. w, g: its part of the
    parameters and the gradient, of shape (n,); writing to `w` changes the parameters.
    """

    name: str
    shape: tuple[int, ...]
    own: slice
    w: Floats
    g: Floats
    kernels: Kernels

    @property
    def is_matrix(self) -> bool:
        return len(self.shape) > 1

    def length(self, vector: Floats) -> float:
        """Return ‖vector‖, summed in float64."""
        return math.sqrt(self.kernels.dot(vector, vector))

    def rms(self, vector: Floats) -> float:
        """Return the root of the mean square of the vector's elements."""
        return math.sqrt(self.kernels.dot(vector, vector) / len(vector))

    def add(self, vector: Floats, out: Floats, keep: float = 1.0, rate: float = 1.0) -> None:
        """Set out ← keep·out + rate·vector."""
        number = out.dtype.type
        self.kernels.update(weighted_sum, out, vector, (), {"keep": number(keep), "rate": number(rate)})


def weighted_sum(w, g, *, keep, rate):
    return keep * w + rate * g


def layers(params: Floats, grad: Floats, step: Step) -> Iterator[Layer]:
    """Yield the weight matrices and biases of a step."""
    kernels = kernels_for_vectors(len(params), params.dtype)
    for number, tensor in enumerate(step.layout):
        own = slice(tensor.start, tensor.stop)
        yield Layer(str(number), tensor.shape, own, params[own], grad[own], kernels)


def compile_loop(rule: Rule, params: Floats, *scalars: str, buffers: int = 0) -> None:
    """Compile or load the loop over a rule, before the time of steps counts."""
    nothing, one = params[:0].copy(), params.dtype.type(1)
    kernels = kernels_for_vectors(len(params), params.dtype)
    kernels.update(rule, nothing, nothing, (nothing,) * buffers, dict.fromkeys(scalars, one))


class LayerScalars(Elementwise):
    """An elementwise rule that gets other scalars for each weight matrix and each bias."""

    @abstractmethod
    def scalars_of(self, layer: Layer, step: Step, memory: dict[str, float]) -> Mapping[str, float]:
        """Return the scalars of this step and layer, by name, that are no hyper-parameters. May change `memory`."""

    def update(self, params: Floats, grad: Floats, state: State, step: Step) -> None:
        for layer in layers(params, grad, step):
            scalars = self.cast(self.scalars_of(layer, step, state.scalars), step, params.dtype)
            arrays = tuple(array[layer.own] for array in state.arrays.values())
            layer.kernels.update(self.rule, layer.w, layer.g, arrays, scalars)


class LayerSteps(Elementwise):
    """An elementwise rule that leaves w as it is, and whose last buffer, `move`, is the direction of the step.

    The step is rate·move, with another rate in each weight matrix and each bias.
    """

    @abstractmethod
    def rate(self, layer: Layer, move: Floats) -> float:
        """Return the factor of lr by which this layer moves along `move`."""

    def init(self, params: Floats, step: Step) -> State:
        compile_loop(weighted_sum, params, "keep", "rate")
        return super().init(params, step)

    def update(self, params: Floats, grad: Floats, state: State, step: Step) -> None:
        super().update(params, grad, state, step)
        for layer in layers(params, grad, step):
            move = state.arrays["move"][layer.own]
            layer.add(move, out=layer.w, keep=self.kept_share(step), rate=-step.lr * self.rate(layer, move))

    def kept_share(self, step: Step) -> float:
        """Return the factor of w before the step: 1, except in rules with decoupled weight decay."""
        return 1.0
