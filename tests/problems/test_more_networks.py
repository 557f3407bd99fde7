"""Softmax and logistic regression, the deep narrow network and the autoencoder."""

import math
from dataclasses import replace

import numpy as np
import pytest
from conftest import digits_config, part
from own_files import FEATURES, NUMBERS, npz
from scipy.optimize import minimize

from zdl_bench.datasets.cache import load_decoded
from zdl_bench.errors import ConfigError
from zdl_bench.kernels.compiled import CompiledKernels
from zdl_bench.kernels.definition import Kernels
from zdl_bench.kernels.streams import spawned_streams
from zdl_bench.problems import mlp
from zdl_bench.problems.autoencoder import Autoencoder
from zdl_bench.problems.logistic import DIGITS_CHECKSUM, VALIDATION, Logistic
from zdl_bench.problems.problem import Examples, Splits
from zdl_bench.registry import conf_files, registry
from zdl_bench.run.config import RunConfig
from zdl_bench.training.loop import split, train

NAMES = ("softmax", "logistic", "deep_mlp", "autoencoder")


def splits_of(images: np.ndarray) -> Splits:
    examples = Examples(images, (np.arange(len(images)) % 3).astype(np.uint8))
    return Splits(examples.part(0, 40), examples.part(40, 50), examples.part(50, 60), examples.spread(8), examples, 3)


PIXELS = np.random.default_rng(0).integers(0, 256, (60, 9), dtype=np.uint8)
PIXELS[:, 3] = 0
DARK = np.where(np.random.default_rng(1).random((60, 9)) < 0.8, 0, PIXELS).astype(np.uint8)


def config_of(name: str, optimizer: str = "adam", problem: dict | None = None, **changes) -> RunConfig:
    return replace(digits_config(optimizer, **changes), problem=part("problem", name, **(problem or {})))


@pytest.mark.parametrize(
    ("spec", "images"),
    [
        (Autoencoder((5, 2, 5), batch_size=6), PIXELS),
        (Autoencoder((4,), "relu", "he", loss="binary_cross_entropy", batch_size=6), PIXELS),
        (Autoencoder((4,), loss="binary_cross_entropy", loss_reduction="mean", batch_size=6), DARK),
        (Autoencoder((4,), loss_reduction="mean", batch_size=6), DARK),
        (Autoencoder((3,), batch_size=6), FEATURES),
        (Logistic(l2=0.3, batch_size=6), PIXELS),
        (Logistic(l2=0.3, loss_reduction="sum", batch_size=6), DARK),
    ],
    ids=lambda value: "" if isinstance(value, np.ndarray) else str(value),
)
def test_gradients_are_those_of_finite_differences(spec, images):
    network = spec.build(splits_of(images), np.float64)
    streams = spawned_streams(0)
    params = network.init(streams.weights) + 0.3 * np.random.default_rng(2).standard_normal(network.layout[-1].stop)
    grad, scratch = np.empty_like(params), np.empty_like(params)
    batch = next(network.batches(streams))
    network.loss_and_gradient(params, batch, grad)
    for place in range(len(params)):
        moved = [params.copy(), params.copy()]
        moved[0][place] += 1e-6
        moved[1][place] -= 1e-6
        ends = [network.loss_and_gradient(point, batch, scratch) for point in moved]
        assert network.gradient_scale * (ends[0] - ends[1]) / 2e-6 == pytest.approx(grad[place], rel=1e-5, abs=1e-7)


def outputs_of(network, params, inputs):
    layers = list(zip(network.layout[::2], network.layout[1::2], strict=True))
    for number, (weight, bias) in enumerate(layers, 1):
        inputs = inputs @ weight.view(params) + bias.view(params)
        inputs = np.tanh(inputs) if number < len(layers) else inputs
    return inputs


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("images", [PIXELS, DARK, FEATURES], ids=["pixels", "dark pixels", "features"])
def test_an_autoencoder_is_measured_against_its_inputs(images, dtype):
    splits = splits_of(images)
    numbers = images / 255 if images.dtype == np.uint8 else images.astype(float)
    network = Autoencoder((5,), batch_size=6).build(splits, dtype)
    params = network.init(spawned_streams(0).weights)
    outputs = outputs_of(network, params.astype(float), numbers[50:])
    assert network.evaluate(params, "test") == {"loss": pytest.approx(((outputs - numbers[50:]) ** 2).mean(), rel=1e-5)}
    assert network.trivial_loss == pytest.approx(numbers[:40].var(axis=0).mean(), rel=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_cross_entropy_of_pixels_is_that_of_the_textbook(dtype):
    network = Autoencoder((5,), loss="binary_cross_entropy", batch_size=6).build(splits_of(PIXELS), dtype)
    params = 3 * network.init(spawned_streams(0).weights)
    shares, numbers = 1 / (1 + np.exp(-outputs_of(network, params.astype(float), PIXELS[50:] / 255))), PIXELS[50:] / 255
    expected = -(numbers * np.log(shares) + (1 - numbers) * np.log(1 - shares)).mean()
    assert network.evaluate(params, "test") == {"loss": pytest.approx(expected, rel=1e-5)}
    means = np.delete(PIXELS[:40].mean(axis=0) / 255, 3)  # a pixel that is always 0 costs nothing
    entropies = -(means * np.log(means) + (1 - means) * np.log(1 - means))
    assert network.trivial_loss == pytest.approx(entropies.sum() / 9, rel=1e-12)
    huge = network.evaluate(params * 1e4, "test")["loss"]
    assert math.isfinite(huge)
    assert huge > 100


def test_many_pixels_do_not_overflow_the_product_of_their_terms():
    images = np.random.default_rng(3).integers(0, 256, (60, 3000), dtype=np.uint8)
    network = Autoencoder((2,), loss="binary_cross_entropy", batch_size=6).build(splits_of(images), np.float64)
    params = np.zeros(network.layout[-1].stop)
    assert network.evaluate(params, "test")["loss"] == pytest.approx(math.log(2), rel=1e-12)


def test_features_have_no_cross_entropy():
    with pytest.raises(ConfigError, match=r"problem\.loss=binary_cross_entropy: .*give problem\.loss=mse"):
        Autoencoder(loss="binary_cross_entropy", batch_size=6).build(splits_of(FEATURES), np.float32)
    with pytest.raises(ConfigError, match=r"problem\.loss=cross_entropy: choose one of mse, binary_cross_entropy"):
        Autoencoder(loss="cross_entropy")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("loss", ["mse", "binary_cross_entropy"])
def test_an_autoencoder_learns_and_has_the_same_bits_compiled(digits, loss, dtype, monkeypatch):
    config = config_of("autoencoder", problem={"hidden": (20,), "loss": loss, "batch_size": 20}, lr=0.01, dtype=dtype)
    runs = []
    for kernels in (Kernels(), CompiledKernels(np.dtype(dtype))):
        monkeypatch.setattr(mlp, "kernels_for", lambda _, kernels=kernels: kernels)
        runs.append(train(replace(config, steps=60)))
    assert runs[0].digest == runs[1].digest
    assert runs[0].end == runs[1].end
    assert runs[0].end.keys() == {"val_loss", "test_loss"}
    assert runs[0].end["test_loss"] < 0.9 * runs[0].curve.trivial_loss


@pytest.mark.parametrize("labels", [NUMBERS, np.arange(60) % 3, np.ones(60)])
def test_an_autoencoder_takes_data_with_any_labels(tmp_path, command, labels):
    path = npz(tmp_path / "a.npz", x=FEATURES, y=labels)
    words = ["problem=autoencoder", "problem.hidden=[3]", "dataset=npz", f"dataset.path='{path}'", "problem.batch_size=10"]
    outcome = command(*words, "optimizer=adam", "lr=0.01", "steps=20", "report=false", "executor=serial")
    assert outcome.status == 0, outcome.err
    assert "test loss" in outcome.out


def digits_as_numbers():
    """The digits for training with a column of ones for the biases, and their classes."""
    arrays = load_decoded(registry.dataset("digits"))
    pixels = (arrays.train_images[:1200].astype(np.float32) / np.float32(255)).astype(float)
    return np.column_stack([pixels, np.ones(1200)]), np.asarray(arrays.train_labels[:1200])


def penalized(weights: np.ndarray, features: np.ndarray, labels: np.ndarray, l2: float) -> tuple[float, np.ndarray]:
    """Return f and its gradient, written without this package. weights: (65, 10)."""
    scores = features @ weights
    largest = scores.max(axis=1, keepdims=True)
    powers = np.exp(scores - largest)
    totals = powers.sum(axis=1, keepdims=True)
    losses = np.log(totals[:, 0]) + largest[:, 0] - scores[np.arange(len(labels)), labels]
    errors = powers / totals - np.eye(10)[labels]
    gradient = features.T @ errors / len(labels) + l2 * weights
    return losses.mean() + 0.5 * l2 * (weights**2).sum(), gradient


@pytest.mark.slow
@pytest.mark.parametrize("l2", Logistic.MINIMA)
def test_the_minimum_lies_between_what_scipy_finds_and_what_no_point_can_be_below(digits, l2):
    """f − ‖∇f‖²/2·l2 ≤ f* ≤ f at any point, since f is strongly convex. The stored digits are those of Newton's method."""
    features, labels = digits_as_numbers()
    found = minimize(
        lambda flat: tuple(map(np.ravel, penalized(flat.reshape(65, 10), features, labels, l2))),
        np.zeros(650), jac=True, method="L-BFGS-B", options={"maxiter": 5000, "maxfun": 9000, "gtol": 1e-9, "ftol": 1e-17},
    )  # fmt: skip
    value, slopes = penalized(found.x.reshape(65, 10), features, labels, l2)
    below = (slopes**2).sum() / (2 * l2)
    assert below < 1e-10
    assert value - below - 1e-14 <= Logistic.MINIMA[l2] <= value + 1e-14


def test_the_gap_on_the_digits_is_that_of_all_training_images(digits):
    arrays = load_decoded(digits)
    splits = split(arrays, VALIDATION, 100, 10, digits.checksum)
    assert digits.checksum == DIGITS_CHECKSUM
    network = Logistic(l2=0.01).build(splits, np.float64)
    params = 0.3 * np.random.default_rng(0).standard_normal(650)
    features, labels = digits_as_numbers()
    gap = penalized(params.reshape(65, 10), features, labels, 0.01)[0] - Logistic.MINIMA[0.01]
    assert network.evaluate(params, "probe")["loss"] == pytest.approx(gap, rel=1e-12)
    grad = np.empty_like(params)
    assert network.loss_and_gradient(params, next(network.batches(spawned_streams(0))), grad) == pytest.approx(gap, rel=1e-12)
    assert network.evaluate(0 * params, "probe")["loss"] == pytest.approx(network.trivial_loss, rel=1e-12)
    assert network.trivial_loss == pytest.approx(math.log(10) - Logistic.MINIMA[0.01])


def test_elsewhere_no_minimum_is_known(digits):
    arrays = load_decoded(digits)
    for spec, size in ((Logistic(l2=0.02), 300), (Logistic(batch_size=500), 400)):
        splits = split(arrays, size, 100, 10, digits.checksum)
        network = spec.build(splits, np.float64)
        assert network.trivial_loss == pytest.approx(math.log(10))
        assert network.evaluate(np.zeros(650), "probe")["loss"] == pytest.approx(math.log(10))
    known, other = (
        digits_config().dataset,
        replace(digits_config().dataset, values={"checksum": DIGITS_CHECKSUM, "validation_size": 9}),
    )
    assert Logistic().loss_name(known) == "gap to the minimum (nats)"
    assert Logistic().loss_name(other) == Logistic(l2=0.02).loss_name(known) == "penalized probe loss (nats)"


def test_all_images_in_a_batch_make_all_seeds_one_run(digits):
    """Else rounding would look like the evidence of several seeds."""
    digests = [train(config_of("logistic", "momentum", lr=0.3, steps=5, seed=seed)).digest for seed in (0, 1)]
    assert digests[0] == digests[1]
    few = [train(config_of("logistic", "sgd", {"batch_size": 50}, lr=0.3, steps=5, seed=seed)).digest for seed in (0, 1)]
    assert few[0] != few[1]


def test_a_diverging_loss_is_no_gap_of_0(digits):
    run = train(config_of("logistic", "sgd", lr=1e6, steps=30))
    assert run.status.value == "diverged"


@pytest.mark.parametrize("l2", [0.0, -1.0, math.inf, math.nan])
def test_a_penalty_is_above_0(l2):
    with pytest.raises(ConfigError, match=r"problem\.l2="):
        Logistic(l2=l2)


@pytest.mark.parametrize("name", NAMES)
def test_the_yaml_and_the_class_agree_where_both_have_a_value(name):
    made = registry.problem(part("problem", name))
    if name in ("logistic", "autoencoder"):
        assert made == type(made)()
    targets = conf_files.load_yaml("problem", name)["targets"]
    assert conf_files.targets(config_of(name)) == tuple(targets) == tuple(sorted(targets, reverse=True))
    assert conf_files.targets(digits_config()) == tuple(conf_files.load_yaml("dataset", "digits")["targets"])


REACHING = {
    "softmax": ("sgd", 0.001),
    "logistic": ("momentum", 0.3),
    "deep_mlp": ("sgd", 0.001),
    "autoencoder": ("adam", 0.001),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_sensible_optimizer_reaches_every_target_in_the_default_steps(digits, name):
    optimizer, lr = REACHING[name]
    run = train(config_of(name, optimizer, lr=lr, steps=1000))
    assert run.curve.probes.probe_loss.min() < conf_files.load_yaml("problem", name)["targets"][-1]


@pytest.mark.slow
def test_the_deep_network_learns_where_the_articles_init_does_not(digits):
    fine, stuck = (train(config_of("deep_mlp", "sgd", {"init": init}, lr=0.001, steps=300)) for init in ("xavier", "normal"))
    assert fine.end["test_accuracy"] > 0.7
    assert stuck.end["test_accuracy"] < 0.2
