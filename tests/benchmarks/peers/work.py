"""What every program trains: the network, its start, its images and the rows of every batch."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import islice, pairwise

import numpy as np
import numpy.typing as npt
from conftest import digits_config, part

from zdl_bench.datasets.cache import ensure_decoded, load_decoded
from zdl_bench.problems.sampling import sample_with_replacement
from zdl_bench.registry import registry
from zdl_bench.run.config import Choice, RunConfig
from zdl_bench.run.run import Floats
from zdl_bench.training.loop import problem_of
from zdl_bench.training.step_maker import streams_of

RATES = {"sgd": 0.001, "momentum": 0.0001, "adagrad": 0.01, "rmsprop": 0.001, "adam": 0.001}

Training = Callable[[], tuple[float, Floats]]
"""Trains from the start: seconds, and the mean loss of every batch before its update, (steps,)."""


@dataclass(frozen=True)
class Work:
    """float32, softmax cross-entropy; the gradient is that of the loss summed over a batch."""

    optimizer: str
    hidden: tuple[int, ...] = (200, 200)
    batch_size: int = 100
    steps: int = 1000

    @property
    def lr(self) -> float:
        return RATES[self.optimizer]

    @cached_property
    def config(self) -> RunConfig:
        dataset = registry.dataset("mnist")
        ensure_decoded(dataset)
        return digits_config(
            self.optimizer,
            lr=self.lr,
            problem=part("problem", "mlp", hidden=self.hidden, batch_size=self.batch_size),
            dataset=Choice("mnist", {"checksum": dataset.checksum, "validation_size": 10_000}),
            steps=self.steps,
            probe_images=500,
            probe_count=50,
        )

    @cached_property
    def images(self) -> npt.NDArray[np.uint8]:
        """(50000, 784)"""
        return load_decoded(registry.dataset("mnist")).train_images[:50_000]

    @cached_property
    def labels(self) -> npt.NDArray[np.uint8]:
        return load_decoded(registry.dataset("mnist")).train_labels[:50_000]

    @cached_property
    def pixels(self) -> npt.NDArray[np.float32]:
        """(50000, 784) in [0, 1]"""
        return self.images / np.float32(255)

    @cached_property
    def rows(self) -> npt.NDArray[np.int64]:
        """(steps, batch)"""
        drawn = sample_with_replacement(streams_of(self.config).batches, len(self.labels), self.batch_size)
        return np.array(list(islice(drawn, self.steps)))

    @property
    def sizes(self) -> tuple[int, ...]:
        return (self.images.shape[1], *self.hidden, 10)

    def start(self) -> list[tuple[Floats, Floats]]:
        """Weight (fan_in, fan_out) and bias of each layer."""
        problem = problem_of(self.config)
        params = problem.init(streams_of(self.config).weights)
        views = [tensor.view(params) for tensor in problem.layout]
        return list(zip(views[::2], views[1::2], strict=True))

    @property
    def parameters(self) -> int:
        return sum(fan_in * fan_out + fan_out for fan_in, fan_out in pairwise(self.sizes))
