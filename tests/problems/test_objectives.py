"""The squared error of a network: gradients against finite differences, and runs of regressions."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from conftest import digits_config, part
from own_files import FEATURES, NUMBERS, npz

from zdl_bench.errors import ConfigError
from zdl_bench.kernels.compiled import CompiledKernels
from zdl_bench.kernels.definition import Kernels
from zdl_bench.kernels.streams import spawned_streams
from zdl_bench.problems import mlp
from zdl_bench.problems.mlp import MLP
from zdl_bench.problems.mlp_uneven import UnevenMLP
from zdl_bench.problems.problem import Examples, Splits
from zdl_bench.registry import registry
from zdl_bench.run.config import NUMBERS as TO_PREDICT
from zdl_bench.run.config import Choice, RunConfig
from zdl_bench.run.run import Status
from zdl_bench.training.loop import train

TARGETS = np.column_stack([NUMBERS / 50, FEATURES[:, 1]]).astype(np.float32)


def splits_of(width: int, images: np.ndarray = FEATURES) -> Splits:
    examples = Examples(images, TARGETS[:, :width])
    return Splits(examples.part(0, 40), examples.part(40, 50), examples.part(50, 60), examples.spread(8), examples, None)


@pytest.mark.parametrize(
    ("width", "hidden", "activation", "reduction", "kind"),
    list(itertools.product([1, 2], [(), (5, 4)], ["relu", "tanh", "sigmoid"], ["sum", "mean"], [MLP, UnevenMLP])),
)
def test_gradients_are_those_of_finite_differences(width, hidden, activation, reduction, kind):
    spec = kind(hidden, activation, "he", loss_reduction=reduction, batch_size=6, loss="mse")
    network = spec.build(splits_of(width), np.float64)
    streams = spawned_streams(0)
    params, grad = network.init(streams.weights), np.empty(network.layout[-1].stop)
    params += 0.1  # biases at 0 may lie on a kink
    batch = next(network.batches(streams))
    loss = network.loss_and_gradient(params, batch, grad)
    factor = 6 if reduction == "sum" else 1
    for place in range(len(params)):
        ends = []
        for step in (1e-6, -1e-6):
            moved = params.copy()
            moved[place] += step
            ends.append(network.forward(moved, batch))
        assert factor * (ends[0] - ends[1]) / 2e-6 == pytest.approx(grad[place], rel=1e-5, abs=1e-7)
    outputs = predicted(network, params, batch.inputs.matrix)
    assert loss == pytest.approx(((outputs - batch.labels) ** 2).mean(), rel=1e-12)


def predicted(network, params, inputs):
    functions = {"relu": lambda z: np.maximum(z, 0), "tanh": np.tanh, "sigmoid": lambda z: 1 / (1 + np.exp(-z))}
    for layer, (weight, bias) in enumerate(zip(network.layout[::2], network.layout[1::2], strict=True)):
        inputs = inputs @ weight.view(params) + bias.view(params)
        if layer < len(network.layout) // 2 - 1:
            inputs = functions[network.spec.activation](inputs)
    return inputs


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_evaluation_and_trivial_loss(dtype):
    splits = splits_of(2)
    network = MLP((5,), init="he", batch_size=6, loss="mse").build(splits, dtype)
    assert network.trivial_loss == pytest.approx(TARGETS[:40].astype(float).var(axis=0).mean())
    params = network.init(spawned_streams(0).weights)
    for split in ("probe", "validation", "test"):
        examples = getattr(splits, split)
        errors = predicted(network, params, examples.images.astype(dtype)) - examples.labels
        assert network.evaluate(params, split) == {"loss": pytest.approx((errors**2).mean(), rel=1e-5)}


def test_the_other_kind_of_labels_is_refused():
    with pytest.raises(ConfigError, match=r"loss=cross_entropy: the labels of this data set are numbers.*loss=mse"):
        MLP((5,), batch_size=6).build(splits_of(1), np.float32)
    classes = Examples(FEATURES, np.arange(60, dtype=np.uint8) % 2)
    splits = Splits(*[classes] * 5, 2)
    with pytest.raises(ConfigError, match=r"problem\.loss=mse: the labels of this data set are classes"):
        MLP((5,), batch_size=6, loss="mse").build(splits, np.float32)


def regression(tmp_path, optimizer="sgd", **changes) -> RunConfig:
    data = registry.dataset("npz", {"path": str(npz(tmp_path / "a.npz", x=FEATURES, y=TARGETS))})
    data.open(TO_PREDICT)
    problem = part("problem", "mlp", hidden=(8,), batch_size=10, init="he", loss="mse", loss_reduction="mean")
    fields = {"problem": problem, "dataset": Choice("npz", data.keep(10)), "lr": 0.05, "probe_images": 20}
    return digits_config(optimizer, **(fields | changes))


def test_the_loss_of_older_runs_is_in_no_config():
    """So their ids stay what they were; a run with another loss has another id."""
    assert "loss" not in part("problem", "mlp").values
    assert part("problem", "mlp", loss="mse").values["loss"] == "mse"
    assert registry.problem(part("problem", "mlp")).loss == "cross_entropy"


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_a_regression_learns_and_has_the_same_bits_compiled(tmp_path, optimizer, dtype, monkeypatch):
    config = regression(tmp_path, optimizer, dtype=dtype, steps=300)
    runs = []
    for kernels in (Kernels(), CompiledKernels(np.dtype(dtype))):
        monkeypatch.setattr(mlp, "kernels_for", lambda _, kernels=kernels: kernels)
        runs.append(train(config))
    assert runs[0].digest == runs[1].digest
    assert runs[0].end == runs[1].end
    assert runs[0].end.keys() == {"val_loss", "test_loss"}
    assert runs[0].end["test_loss"] < 0.3 * runs[0].curve.trivial_loss


def test_a_regression_can_diverge(tmp_path):
    run = train(replace(regression(tmp_path), lr=1e3))
    assert run.status is Status.DIVERGED
    assert not run.end
    assert math.isfinite(run.curve.trivial_loss)
