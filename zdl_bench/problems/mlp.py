"""A multi-layer perceptron on images, with softmax cross-entropy loss. The defaults give the network of the articles."""

import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from zdl_bench.errors import require
from zdl_bench.kernels.choice import loops_for
from zdl_bench.problems.activations import ACTIVATIONS
from zdl_bench.problems.problem import Examples, Problem, ProblemSpec, Splits
from zdl_bench.problems.sampling import SAMPLINGS
from zdl_bench.run.run import Floats, Layout, Tensor
from zdl_bench.run.streams import Stream, Streams

WORDS: dict[str, Collection[str]] = {
    "activation": ACTIVATIONS,
    "init": ("normal", "he", "xavier"),
    "loss_reduction": ("sum", "mean"),
    "sampling": SAMPLINGS,
}
"""Hyper-parameter → its allowed values."""
EVALUATION_CHUNK = 1000
"""The number of images per forward pass of an evaluation, small enough for the activations to stay in the CPU cache."""
Layers = list[tuple[Floats, Floats]]
"""The weight (fan_in, fan_out) and the bias (fan_out,) of each layer, as views of one flat vector."""


@dataclass(frozen=True)
class MLP(ProblemSpec):
    """A network of fully connected layers with softmax cross-entropy loss.

    hidden: units of each hidden layer.
    activation: relu, tanh or sigmoid.
    init: rule for the standard deviation of the initial weights: normal = `init_std`, he = √(2/fan_in) (He et al. 2015,
        arXiv:1502.01852), xavier = √(2/(fan_in + fan_out)) (Glorot & Bengio 2010). Biases start at 0.
    loss_reduction: sum takes the gradient of the summed loss of a batch, as in the articles; mean takes that of the mean loss,
        as in PyTorch. The recorded loss is the mean in both cases.
    batch_size: images per step. sampling: replacement, or epochs (each shuffled again, without an incomplete last batch).
    log_epsilon: added to the probability inside the logarithm of the recorded loss: 1e-7 in the articles, 0 for the exact
        cross-entropy. The gradient is always that of the exact cross-entropy.
    """

    hidden: tuple[int, ...] = (200, 200)
    activation: str = "relu"
    init: str = "normal"
    init_std: float = 0.01
    loss_reduction: str = "sum"
    batch_size: int = 100
    sampling: str = "replacement"
    log_epsilon: float = 0.0

    needs_data = True

    def __post_init__(self) -> None:
        require("problem.hidden", self.hidden, all(n >= 1 for n in self.hidden), "each hidden layer must have at least 1 unit")
        for key, words in WORDS.items():
            require(f"problem.{key}", getattr(self, key), getattr(self, key) in words, f"choose one of {', '.join(words)}")
        require("problem.init_std", self.init_std, 0 <= self.init_std < math.inf, "init_std must be finite and at least 0")
        require("problem.batch_size", self.batch_size, self.batch_size >= 1, "a batch must have at least 1 image")
        require("problem.log_epsilon", self.log_epsilon, 0 <= self.log_epsilon < 1, "log_epsilon must be in [0, 1)")

    def check(self, train_size: int | None) -> None:
        fits = train_size is None or self.batch_size <= train_size
        require("problem.batch_size", self.batch_size, fits, f"the training set has {train_size} images; give a smaller batch")

    def build(self, splits: Splits | None, dtype: npt.DTypeLike) -> "Network":
        assert splits is not None, "an MLP needs a data set"
        return Network(self, splits, np.dtype(dtype))


class Batch(NamedTuple):
    """The images and labels of a batch. inputs: (batch, pixels) in the run's dtype; labels: (batch,) uint8."""

    inputs: Floats
    labels: npt.NDArray[np.uint8]


class Network(Problem):
    """An MLP with its data, its dtype and preallocated buffers. `dense_layout` describes the parameter vector."""

    is_analytic = False

    def __init__(self, spec: MLP, splits: Splits, dtype: np.dtype) -> None:
        self.spec = spec
        self.dtype = dtype
        self.trivial_loss = math.log(splits.classes)
        sizes = (splits.train.images.shape[1], *spec.hidden, splits.classes)
        self.layout = dense_layout(sizes)
        self._splits = splits
        self._loops = loops_for(self.layout[-1].stop, dtype)
        self._activation = ACTIVATIONS[spec.activation](self._loops)
        self._train_buffers, self._deltas = ([np.empty((spec.batch_size, size), dtype) for size in sizes[1:]] for _ in range(2))
        self._current_layers: Layers = []
        self._totals: Floats
        self._probe = self._as_batch(splits.probe)
        self.evaluated_splits = ("validation", "test") if len(splits.validation) else ("test",)

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
        inputs = np.empty((size, train.images.shape[1]), self.dtype)
        for rows in SAMPLINGS[self.spec.sampling](rng.batches, len(train), size):
            self._loops.gather_pixels(train.images, rows, inputs)
            yield Batch(inputs, train.labels[rows])

    def loss_and_gradient(self, params: Floats, batch: Batch, grad: Floats) -> float:
        loss = self.forward(params, batch)
        self.backward(batch, grad)
        return loss

    def forward(self, params: Floats, batch: Batch) -> float:
        """Return the mean loss. Keep the layers, the activations and the terms of the softmax for `backward`."""
        self._current_layers = self._layers(params)
        logits = self._forward(self._current_layers, [batch.inputs, *self._train_buffers])
        loss, self._totals = self._cross_entropy(logits, batch.labels)
        return loss

    def backward(self, batch: Batch, grad: Floats) -> None:
        """Fill `grad` with the gradient; the last call of `forward` must have been for the same batch."""
        layers, gradients = self._current_layers, self._layers(grad)
        activations = [batch.inputs, *self._train_buffers]
        delta = activations[-1]  # `forward` has replaced the logits by their exponentials
        self._loops.softmax_delta(delta, self._totals, batch.labels)
        if self.spec.loss_reduction == "mean":
            delta *= self.dtype.type(1 / self.spec.batch_size)
        for layer in reversed(range(len(layers))):
            weight_gradient, bias_gradient = gradients[layer]
            np.matmul(activations[layer].T, delta, out=weight_gradient)
            np.add.reduce(delta, axis=0, out=bias_gradient)
            if layer > 0:  # the gradient with respect to the images is not needed
                delta = np.matmul(delta, layers[layer][0].T, out=self._deltas[layer - 1])
                self._activation.chain(delta, activations[layer])

    def evaluate(self, params: Floats, split: str) -> dict[str, float]:
        """Return the mean loss in nats and the accuracy in [0, 1] on `probe`, `validation_sample`, `validation` or `test`."""
        examples: Examples = getattr(self._splits, split)
        starts = range(0, len(examples), EVALUATION_CHUNK)
        chunks = (self._as_batch(examples.part(start, start + EVALUATION_CHUNK)) for start in starts)
        layers = self._layers(params)
        loss, correct = 0.0, 0
        for inputs, labels in [self._probe] if split == "probe" else chunks:
            buffers = [np.empty((len(labels), bias.size), self.dtype) for _, bias in layers]
            logits = self._forward(layers, [inputs, *buffers])
            correct += int(np.count_nonzero(logits.argmax(axis=1) == labels))
            loss += self._cross_entropy(logits, labels)[0] * len(labels)
        return {"loss": loss / len(examples), "accuracy": correct / len(examples)}

    def _as_batch(self, examples: Examples) -> Batch:
        return Batch((examples.images / np.float32(255)).astype(self.dtype, copy=False), examples.labels)

    def _layers(self, flat: Floats) -> Layers:
        return [(w.view(flat), b.view(flat)) for w, b in zip(self.layout[::2], self.layout[1::2], strict=True)]

    def _forward(self, layers: Layers, activations: list[Floats]) -> Floats:
        """Fill `activations`, whose first array is the inputs, and return the last array, which holds the logits."""
        for layer, (weight, bias) in enumerate(layers):
            z = np.matmul(activations[layer], weight, out=activations[layer + 1])
            if layer < len(layers) - 1:
                self._activation.apply(z, bias)
            else:
                self._loops.add_bias(z, bias)
        return activations[-1]

    def _cross_entropy(self, logits: Floats, labels: npt.NDArray[np.uint8]) -> tuple[float, Floats]:
        """Replace the logits by their exponentials, in place. Return the mean loss and the sum of each row of exponentials."""
        shifted = np.empty(len(labels), self.dtype)
        self._loops.shift_logits(logits, labels, shifted)
        np.exp(logits, out=logits)
        totals = logits.sum(axis=1)
        if self.spec.log_epsilon:
            probabilities = logits[np.arange(len(labels)), labels] / totals
            losses = -np.log(probabilities + self.dtype.type(self.spec.log_epsilon))
        else:
            losses = np.log(totals) - shifted
        return float(losses.sum(dtype=np.float64)) / len(labels), totals


def dense_layout(sizes: tuple[int, ...]) -> Layout:
    """Return the layout of the parameters: the weight (fan_in, fan_out), then the bias (fan_out,) of each layer in turn."""
    tensors: list[Tensor] = []
    for fan_in, fan_out in pairwise(sizes):
        for shape in ((fan_in, fan_out), (fan_out,)):
            start = tensors[-1].stop if tensors else 0
            tensors.append(Tensor(start, start + math.prod(shape), shape))
    return tuple(tensors)
