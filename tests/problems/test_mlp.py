"""The network: gradients against finite differences for every combination, and against the articles' program."""

import itertools

import articles_program
import numpy as np
import pytest
from conftest import digits_config, part
from hypothesis import given, settings
from hypothesis import strategies as st

from zdl_bench.datasets.cache import load_decoded
from zdl_bench.errors import ConfigError
from zdl_bench.kernels.streams import legacy_streams, spawned_streams
from zdl_bench.problems import inputs as inputs_module
from zdl_bench.problems import mlp
from zdl_bench.problems.inputs import Batch, DenseInputs, SparseInputs, kind_of_inputs
from zdl_bench.problems.mlp import MLP
from zdl_bench.problems.mlp_uneven import UnevenMLP, column_scales
from zdl_bench.problems.problem import Examples, Splits
from zdl_bench.problems.sampling import IMAGES_PER_DRAW, sample_in_epochs, sample_with_replacement
from zdl_bench.registry import conf_files
from zdl_bench.run.config import Choice, RunConfig
from zdl_bench.training.loop import split, train

COMBINATIONS = list(
    itertools.product(
        [(), (7,), (6, 5)],
        ["relu", "tanh", "sigmoid"],
        ["normal", "he", "xavier"],
        ["sum", "mean"],
        ["replacement", "epochs"],
    )
)


def tiny_splits(lit: float = 1.0):
    """Random images, of whose pixels a share `lit` is not 0. Below 0.40 they are held as sparse rows."""
    rng = np.random.default_rng(0)
    examples = Examples(rng.integers(0, 256, (40, 12), dtype=np.uint8), rng.integers(0, 3, 40, dtype=np.uint8))
    examples.images[rng.random(examples.images.shape) >= lit] = 0
    return Splits(examples.part(0, 30), examples.part(30, 35), examples.part(35, 40), examples.spread(8), examples, 3)


def pixels_of(batch: Batch) -> np.ndarray:
    """Return the inputs of a batch as a matrix, whatever their kind."""
    if isinstance(batch.inputs, DenseInputs):
        return batch.inputs.matrix
    start, column, value = batch.inputs.matrix
    pixels = np.zeros((len(start) - 1, batch.inputs.pixels), value.dtype)
    for row, (first, last) in enumerate(itertools.pairwise(start)):
        pixels[row, column[first:last]] = value[first:last]
    return pixels


@pytest.mark.parametrize(("lit", "kind"), [(1.0, DenseInputs), (0.41, DenseInputs), (0.39, SparseInputs), (0.0, SparseInputs)])
def test_inputs_are_sparse_below_a_density_of_the_training_images(lit, kind):
    images = np.zeros((10, 10), np.uint8)
    images.ravel()[: round(lit * 100)] = 1
    lit_ones = Examples(np.full((10, 10), 255, np.uint8), np.zeros(10, np.uint8))
    splits = Splits(Examples(images, lit_ones.labels), lit_ones, lit_ones, lit_ones, lit_ones, 10)
    network = MLP((2,), batch_size=4).build(splits, np.float32)
    assert type(next(network.batches(spawned_streams(0))).inputs) is kind


def test_inputs_that_an_index_cannot_count_are_dense():
    black = np.zeros((1, 65_536), np.uint8)
    assert kind_of_inputs(Examples(black, np.zeros(1, np.uint8)), 1) is DenseInputs
    assert kind_of_inputs(Examples(black[:, 1:], np.zeros(1, np.uint8)), 1) is SparseInputs
    assert kind_of_inputs(Examples(black[:, 1:], np.zeros(1, np.uint8)), 65_536) is DenseInputs


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("uneven", [False, True])
def test_sparse_inputs_give_the_bits_of_dense_ones(uneven, dtype, monkeypatch):
    """A sum that starts at +0 does not change if zeros are added to it."""
    make = UnevenMLP if uneven else MLP
    results = []
    for limit in (0.0, 1.0):
        monkeypatch.setattr(inputs_module, "MAX_SPARSE_DENSITY", limit)
        network = make((7,), init_std=0.5, batch_size=4).build(tiny_splits(0.3), dtype)
        streams = spawned_streams(3)
        params, grad = network.init(streams.weights), np.empty(network.layout[-1].stop, dtype)
        batch = next(network.batches(streams))
        loss = network.loss_and_gradient(params, batch, grad)
        results.append((type(batch.inputs), loss, grad.tobytes(), network.evaluate(params, "test")))
    assert [result[0] for result in results] == [DenseInputs, SparseInputs]
    assert results[0][1:] == results[1][1:]


@pytest.mark.parametrize("lit", [1.0, 0.3], ids=["dense", "sparse"])
@pytest.mark.parametrize("combination", COMBINATIONS, ids=lambda c: "-".join(map(str, c)).replace(" ", ""))
def test_gradient_agrees_with_finite_differences(combination, lit):
    hidden, activation, init, reduction, sampling = combination
    spec = MLP(hidden, activation, init, 0.5, reduction, 4, sampling)
    network = spec.build(tiny_splits(lit), np.float64)
    streams = spawned_streams(3)
    params = network.init(streams.weights)
    params += 0.1 * np.random.default_rng(1).standard_normal(len(params))  # biases off zero, no ReLU at its kink
    batch = next(network.batches(streams))
    grad = np.empty_like(params)
    network.loss_and_gradient(params, batch, grad)
    analytic = grad * (1 if reduction == "mean" else 1 / 4)  # the recorded loss is the mean
    numeric = np.empty_like(params)
    scratch = np.empty_like(params)
    for i in range(len(params)):
        width = 1e-5
        sides = []
        for sign in (1, -1):
            moved = params.copy()
            moved[i] += sign * width
            sides.append(network.loss_and_gradient(moved, batch, scratch))
        numeric[i] = (sides[0] - sides[1]) / (2 * width)
    assert np.abs(analytic - numeric).max() / np.abs(numeric).max() < 1e-6


def test_parameters_and_gradients_are_views_of_one_vector():
    network = MLP((7,)).build(tiny_splits(), np.float32)
    assert network.layout[-1].stop == 12 * 7 + 7 + 7 * 3 + 3
    params = network.init(spawned_streams(0).weights)
    assert params.dtype == np.float32
    assert all(np.shares_memory(tensor.view(params), params) for tensor in network.layout)


@pytest.mark.parametrize(("init", "expected"), [("normal", 0.03), ("he", (2 / 784) ** 0.5), ("xavier", (2 / 984) ** 0.5)])
def test_initial_weights_have_the_promised_spread(init, expected):
    images = np.zeros((10, 784), np.uint8)
    examples = Examples(images, np.zeros(10, np.uint8))
    splits = Splits(examples, examples, examples, examples, examples, 10)
    network = MLP((200,), init=init, init_std=0.03).build(splits, np.float64)
    weights = network.layout[0].view(network.init(spawned_streams(0).weights))
    assert weights.std() == pytest.approx(expected, rel=0.01)


def test_an_epoch_shows_every_image_once():
    batches = sample_in_epochs(spawned_streams(0).batches, 100, 20)
    first = np.concatenate([next(batches) for _ in range(5)])
    second = np.concatenate([next(batches) for _ in range(5)])
    assert sorted(first) == list(range(100)) == sorted(second)
    assert first.tolist() != second.tolist()


@pytest.mark.parametrize("lit", [1.0, 0.3], ids=["dense", "sparse"])
def test_a_pixel_is_a_float32_quotient_in_float64_too(lit):
    splits = tiny_splits(lit)
    network = MLP((2,), batch_size=4).build(splits, np.float64)
    inputs = pixels_of(next(network.batches(spawned_streams(0))))
    rows = next(sample_with_replacement(spawned_streams(0).batches, 30, 4))
    assert inputs.dtype == np.float64
    assert np.array_equal(inputs, splits.train.images[rows].astype(np.float32) / np.float32(255))


def test_evaluation_does_not_depend_on_chunks(digits, monkeypatch):
    network = MLP((16,)).build(split(load_decoded(digits), 300, 100, 10), np.float64)
    params = network.init(spawned_streams(0).weights) * 30
    whole = {name: network.evaluate(params, name) for name in ("probe", "validation", "test")}
    assert len({numbers["loss"] for numbers in whole.values()}) == 3
    monkeypatch.setattr(mlp, "EVALUATION_CHUNK", 7)
    for name, numbers in whole.items():
        assert network.evaluate(params, name) == pytest.approx(numbers, rel=1e-12)


def test_a_batch_larger_than_the_data_is_refused():
    with pytest.raises(ConfigError, match=r"problem\.batch_size=100.*has 50 images"):
        MLP().check(50)


def parity_config(dataset, optimizer: str, steps: int, seed: int = 8) -> RunConfig:
    return digits_config(
        optimizer,
        problem=part("problem", "mlp", log_epsilon=1e-7),
        dataset=Choice("mnist", {"checksum": dataset.checksum, "validation_size": 0}),
        steps=steps,
        seed=seed,
        dtype="float64",
        rng="legacy",
        probe_images=500,
        probe_count=2,
    )


TABLE = {  # steps 1, 2, 10, 100 of the articles' program, seed 8
    "sgd": (2.302546, 2.302813, 2.302181, 2.297522),
    "momentum": (2.302546, 2.302813, 2.301164, 0.550724),
    "rmsprop_articles": (2.302546, 2.312910, 1.225867, 0.408100),
    "adam_articles": (2.302546, 2.301182, 2.211651, 0.583028),
    "adagrad": (2.302546, 2.301179, 2.243146, 1.220709),
}


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", TABLE)
def test_agrees_with_the_articles_on_mnist(mnist, optimizer):
    run = train(parity_config(mnist, optimizer, 100))
    ours = run.curve.train_loss
    assert [round(ours[step - 1], 6) for step in (1, 2, 10, 100)] == list(TABLE[optimizer])
    arrays = load_decoded(mnist)
    theirs = articles_program.losses(
        *articles_program.prepare(arrays.train_images, arrays.train_labels),
        articles_program.OPTIMIZERS[optimizer.removesuffix("_articles")](),
        steps=100,
    )
    assert np.abs(ours / theirs - 1).max() < 1e-9


def test_every_initialization_and_activation_trains(digits):
    for activation, init in itertools.product(("relu", "tanh", "sigmoid"), ("he", "xavier")):
        problem = part("problem", "mlp", hidden=(16,), activation=activation, init=init, batch_size=20)
        run = train(digits_config("adam", lr=0.01, problem=problem, steps=150))
        assert run.end["test_accuracy"] > 0.6, (activation, init)


@pytest.mark.parametrize("lit", [1.0, 0.3], ids=["dense", "sparse"])
def test_uneven_inputs_have_the_gradient_of_finite_differences(lit):
    network = UnevenMLP((6, 5), "tanh", "he", 0.5, "mean", 4, input_condition=100.0).build(tiny_splits(lit), np.float64)
    streams = spawned_streams(3)
    params = network.init(streams.weights)
    batch = next(network.batches(streams))
    grad, scratch = np.empty_like(params), np.empty_like(params)
    network.loss_and_gradient(params, batch, grad)
    for i in range(len(params)):
        sides = [network.loss_and_gradient(params + sign * 1e-5 * np.eye(len(params))[i], batch, scratch) for sign in (1, -1)]
        assert grad[i] == pytest.approx((sides[0] - sides[1]) / 2e-5, abs=1e-8)


@pytest.mark.parametrize("lit", [1.0, 0.3], ids=["dense", "sparse"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_uneven_inputs_are_those_of_a_network_fed_with_scaled_images(dtype, lit):
    """In training and in every evaluation: scaling the columns is scaling the rows of the first weights."""
    splits = tiny_splits(lit)
    spec = {"hidden": (7,), "init_std": 0.5, "batch_size": 4}
    even = MLP(**spec).build(splits, dtype)
    uneven = UnevenMLP(**spec, input_condition=1e3).build(splits, dtype)
    scales = column_scales(12, 1e3).astype(dtype)
    streams, same_streams = spawned_streams(3), spawned_streams(3)
    params = uneven.init(streams.weights)
    scaled = even.init(same_streams.weights)
    assert np.array_equal(params, scaled)
    even.layout[0].view(scaled)[:] *= scales[:, np.newaxis]
    batches, plain_batches = uneven.batches(streams), even.batches(same_streams)
    tolerance = 1e-5 if dtype is np.float32 else 1e-12
    for _ in range(3):
        batch, plain = next(batches), next(plain_batches)
        assert np.array_equal(pixels_of(batch), pixels_of(plain) * scales)
        grad, plain_grad = np.empty_like(params), np.empty_like(params)
        loss = uneven.loss_and_gradient(params, batch, grad)
        assert loss == pytest.approx(even.loss_and_gradient(scaled, plain, plain_grad), rel=tolerance)
        even.layout[0].view(plain_grad)[:] *= scales[:, np.newaxis]
        assert grad == pytest.approx(plain_grad, rel=tolerance, abs=tolerance)
    for part_of_data in ("probe", "validation_sample", "validation", "test"):
        expected = even.evaluate(scaled, part_of_data)
        assert uneven.evaluate(params, part_of_data) == pytest.approx(expected, rel=tolerance)
        assert expected != even.evaluate(params, part_of_data)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_even_inputs_give_the_bits_of_the_mlp(digits, dtype):
    small = {"hidden": (8,), "batch_size": 20}
    plain = train(digits_config("adam", problem=part("problem", "mlp", **small), dtype=dtype))
    even = train(digits_config("adam", problem=part("problem", "mlp_uneven", **small, input_condition=1), dtype=dtype))
    uneven = train(digits_config("adam", problem=part("problem", "mlp_uneven", **small), dtype=dtype))
    assert even.digest == plain.digest != uneven.digest
    assert np.array_equal(even.curve.probes.probe_loss, plain.curve.probes.probe_loss)
    assert dict(even.end) == dict(plain.end)


@pytest.mark.parametrize("columns", [1, 2, 3, 12, 64, 784, 3072])
def test_column_scales_are_scattered_over_all_magnitudes(columns):
    scales = column_scales(columns, 1e4)
    assert np.sort(scales) == pytest.approx(np.geomspace(1e-4 if columns > 1 else 1, 1, columns))
    if columns >= 64:
        assert np.corrcoef(np.arange(columns), np.log(scales))[0, 1] == pytest.approx(0, abs=0.1)
        assert np.abs(np.diff(np.log10(scales))).min() > 1, "neighbours differ widely"


def test_uneven_and_even_settings_agree():
    even, uneven = conf_files.load_yaml("problem", "mlp"), conf_files.load_yaml("problem", "mlp_uneven")
    assert uneven == {**even, "_target_": uneven["_target_"], "name": "mlp_uneven", "input_condition": 1e4}


@pytest.mark.parametrize("condition", [0.5, float("nan"), float("inf")])
def test_an_impossible_condition_is_refused(condition):
    with pytest.raises(ConfigError, match=r"problem\.input_condition=.*a condition number must be finite and at least 1"):
        UnevenMLP(input_condition=condition)


@settings(deadline=None)
@given(
    examples=st.integers(1, 10**6), size=st.integers(1, 20_000), seed=st.integers(0, 2**32 - 1),
    streams=st.sampled_from([spawned_streams, legacy_streams]),
)  # fmt: skip
def test_batches_are_those_of_one_draw_after_the_other(examples, size, seed, streams):
    drawn, rng = sample_with_replacement(streams(seed).batches, examples, size), streams(seed).batches
    for _ in range(IMAGES_PER_DRAW // size + 2 if size > 40 else 3):
        assert np.array_equal(next(drawn), rng.integers(examples, size=size))
