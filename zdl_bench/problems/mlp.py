"""A multi-layer perceptron with softmax cross-entropy or squared error. The defaults give the network of the articles."""

import math
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from zdl_bench.errors import require
from zdl_bench.kernels.choice import kernels_for
from zdl_bench.kernels.streams import Stream, Streams
from zdl_bench.problems.activations import ACTIVATIONS, identity, load_activation
from zdl_bench.problems.inputs import Batch, Inputs, kind_of_inputs
from zdl_bench.problems.layers import Buffers, Layers, buffers_for, dense_layout
from zdl_bench.problems.objectives import PREDICTIONS, Objective, objective_for
from zdl_bench.problems.problem import Examples, Problem, ProblemSpec, Splits
from zdl_bench.problems.sampling import SAMPLINGS
from zdl_bench.run.config import LOSS_UNITS, OMITTED_AT_DEFAULT, Choice
from zdl_bench.run.run import Floats

WORDS: dict[str, Collection[str]] = {
    "activation": ACTIVATIONS,
    "init": ("normal", "he", "xavier"),
    "loss_reduction": ("sum", "mean"),
    "sampling": SAMPLINGS,
}
"""Hyper-parameter → its allowed values."""
EVALUATION_CHUNK = 1000
"""Images per forward pass of an evaluation: few enough for the activations to stay in the CPU cache."""


@dataclass(frozen=True)
class MLP(ProblemSpec):
    """A network of fully connected layers.

    hidden: units of each hidden layer.
    activation: relu, tanh or sigmoid.
    init: rule for the standard deviation of the initial weights: normal = `init_std`, he = √(2/fan_in) (He et al. 2015,
        arXiv:1502.01852), xavier = √(2/(fan_in + fan_out)) (Glorot & Bengio 2010). Biases start at 0.
    loss_reduction: sum takes the gradient of the summed loss of a batch, as in the articles; mean takes that of the mean loss,
        as in PyTorch. The recorded loss is the mean in both cases.
    batch_size: images per step. sampling: replacement, or epochs (each shuffled again, without an incomplete last batch).
    log_epsilon: added to the probability inside the logarithm of the recorded loss, 1e-7 in the articles. Gradients ignore it.
    loss: cross_entropy of a softmax over classes; or mse, the mean squared error of linear outputs, for regression.
    """

    hidden: tuple[int, ...] = (200, 200)
    activation: str = "relu"
    init: str = "normal"
    init_std: float = 0.01
    loss_reduction: str = "sum"
    batch_size: int = 100
    sampling: str = "replacement"
    log_epsilon: float = 0.0
    loss: str = field(default="cross_entropy", metadata=OMITTED_AT_DEFAULT)

    needs_data = True
    losses: ClassVar[Collection[str]] = PREDICTIONS

    def __post_init__(self) -> None:
        allowed = all(1 <= n <= 10**6 for n in self.hidden)
        require("problem.hidden", self.hidden, allowed, "use 1 to 1,000,000 units in each hidden layer")
        for key, words in (WORDS | {"loss": self.losses}).items():
            require(f"problem.{key}", getattr(self, key), getattr(self, key) in words, f"choose one of {', '.join(words)}")
        require("problem.init_std", self.init_std, 0 <= self.init_std < math.inf, "init_std must be finite and at least 0")
        require("problem.batch_size", self.batch_size, self.batch_size >= 1, "a batch must have at least 1 image")
        require("problem.log_epsilon", self.log_epsilon, 0 <= self.log_epsilon < 1, "log_epsilon must be in [0, 1)")

    @property
    def predicts(self) -> str:  # type: ignore[override]
        return PREDICTIONS[self.loss]

    def loss_name(self, dataset: Choice | None) -> str:
        return f"probe loss ({LOSS_UNITS[self.loss]})"

    def check(self, train_size: int | None) -> None:
        fits = train_size is None or self.batch_size <= train_size
        require("problem.batch_size", self.batch_size, fits, f"the training set has {train_size} images; give a smaller batch")

    def build(self, splits: Splits | None, dtype: npt.DTypeLike) -> "Network":
        assert splits is not None, "an MLP needs a data set"
        return Network(self, splits, np.dtype(dtype))


class Network(Problem):
    """An MLP with its data, its dtype and preallocated buffers. `dense_layout` describes the parameter vector."""

    is_analytic = False

    def __init__(self, spec: MLP, splits: Splits, dtype: np.dtype) -> None:
        self.spec, self.dtype = spec, dtype
        self.gradient_scale = spec.batch_size if spec.loss_reduction == "sum" else 1
        self._kernels = kernels_for(dtype)
        self._objective = self._objective_on(splits)
        self.trivial_loss = self._objective.trivial_loss
        self._pixels = splits.train.images.shape[1]
        self.layout = dense_layout((self._pixels, *spec.hidden, self._objective.width))
        self._splits = splits
        self._activation = load_activation(spec.activation, self._kernels, dtype)
        self._kind = kind_of_inputs(splits.train, spec.batch_size)
        self._train_buffers, (self._deltas, _) = (buffers_for(self.layout, dtype, spec.batch_size) for _ in range(2))
        self._evaluation_buffers = cache(partial(buffers_for, self.layout, dtype))  # new memory takes longer to fill
        self._current_layers: Layers = []
        probed = {"probe": splits.probe, "validation_probe": splits.validation_probe}
        self._probes = {name: self._gather(self._inputs(len(one)), one, np.arange(len(one))) for name, one in probed.items()}
        self.evaluated_splits = ("validation", "test") if len(splits.validation) else ("test",)

    def _objective_on(self, splits: Splits) -> Objective:
        return objective_for(self.spec.loss, self.spec.log_epsilon, splits, self._kernels)

    def init(self, rng: Stream) -> Floats:
        params = np.zeros(self.layout[-1].stop, self.dtype)
        for tensor in self.layout[::2]:
            tensor.view(params)[:] = self._weight_std(*tensor.shape) * rng.standard_normal(tensor.shape)
        return params

    def _weight_std(self, fan_in: int, fan_out: int) -> float:
        if self.spec.init == "normal":
            return self.spec.init_std
        return math.sqrt(2 / (fan_in if self.spec.init == "he" else fan_in + fan_out))

    def batches(self, rng: Streams) -> Iterator[Batch]:
        train, size = self._splits.train, self.spec.batch_size
        inputs = self._inputs(size)
        for rows in SAMPLINGS[self.spec.sampling](rng.batches, len(train), size):
            yield self._gather(inputs, train, rows)

    def _inputs(self, size: int) -> Inputs:
        return self._kind(self._kernels, size, self._pixels, self.dtype)

    def _gather(self, inputs: Inputs, examples: Examples, rows: npt.NDArray[np.int64]) -> Batch:
        inputs.gather(examples, rows)
        return Batch(inputs, self._labels(examples, rows))

    def _labels(self, examples: Examples, rows: npt.NDArray[np.int64]) -> npt.NDArray[Any]:
        """Return what the outputs for these rows should be, with a row for each."""
        return examples.labels[rows]

    def loss_and_gradient(self, params: Floats, batch: Batch, grad: Floats) -> float:
        loss = self.forward(params, batch)
        self.backward(batch, grad)
        return loss

    def forward(self, params: Floats, batch: Batch) -> float:
        """Return the mean loss. Keep the layers, the activations and the terms of the softmax for `backward`."""
        self._current_layers = self._layers(params)
        return self._loss(self._current_layers, batch, self._train_buffers)

    def backward(self, batch: Batch, grad: Floats) -> None:
        """Fill `grad` with the gradient; the last call of `forward` must have been for the same batch."""
        layers, gradients = self._current_layers, self._layers(grad)
        (*activations, delta), totals = self._train_buffers  # as `forward` has left them
        self._objective.delta(delta, totals, batch.labels, self.dtype.type(self.gradient_scale / self.spec.batch_size))
        for layer in reversed(range(len(layers))):
            weight_gradient, bias_gradient = gradients[layer]
            self._kernels.column_sums(delta, bias_gradient)
            if layer == 0:  # the gradient with respect to the images is not needed
                batch.inputs.transposed_product(delta, weight_gradient)
                return
            self._kernels.transposed_product(activations[layer - 1], delta, weight_gradient)
            self._kernels.product_with_transpose(delta, layers[layer][0], self._deltas[layer - 1])
            delta = self._deltas[layer - 1]
            self._kernels.chain(self._activation.chain, delta, activations[layer - 1])

    def evaluate(self, params: Floats, split: str) -> dict[str, float]:
        """Return the mean loss, and for classes the accuracy in [0, 1], on a split: the name of the examples in `Splits`."""
        examples: Examples = getattr(self._splits, split)
        layers = self._layers(params)
        loss, counts = 0.0, Counter[str]()
        for batch in [self._probes[split]] if split in self._probes else self._chunks(examples):
            buffers = self._evaluation_buffers(len(batch.labels))
            loss += self._loss(layers, batch, buffers) * len(batch.labels)
            counts.update(self._objective.counts(buffers.outputs[-1], batch.labels))
        return {"loss": loss / len(examples)} | {name: count / len(examples) for name, count in counts.items()}

    def _chunks(self, examples: Examples) -> Iterator[Batch]:
        inputs = self._inputs(min(EVALUATION_CHUNK, len(examples)))
        for start in range(0, len(examples), EVALUATION_CHUNK):
            yield self._gather(inputs, examples, np.arange(start, min(start + EVALUATION_CHUNK, len(examples))))

    def _layers(self, flat: Floats) -> Layers:
        return [(w.view(flat), b.view(flat)) for w, b in zip(self.layout[::2], self.layout[1::2], strict=True)]

    def _loss(self, layers: Layers, batch: Batch, buffers: Buffers) -> float:
        """Fill the buffers and return the mean loss."""
        for layer, ((weight, bias), z) in enumerate(zip(layers, buffers.outputs, strict=True)):
            if layer == 0:
                batch.inputs.product(weight, z)
            else:
                self._kernels.product(buffers.outputs[layer - 1], weight, z)
            self._kernels.activate(identity if layer == len(layers) - 1 else self._activation.apply, z, bias)
        return self._objective.total_loss(buffers.outputs[-1], batch.labels, buffers.totals) / len(batch.labels)
