"""Whole runs have the same bits by the compiled kernels as by their definition."""

from dataclasses import replace
from functools import cache
from itertools import product

import numpy as np
import pytest
from arrays import DTYPES, has_same_bits
from conftest import digits_config, part, quadratic_config, step_of
from own_images import add_dataset, copy_conf

from zdl_bench.kernels import choice
from zdl_bench.kernels.compiled import CompiledKernels
from zdl_bench.kernels.definition import Kernels
from zdl_bench.kernels.streams import spawned_streams
from zdl_bench.problems import mlp
from zdl_bench.problems.inputs import DenseInputs, SparseInputs
from zdl_bench.registry import conf_files, registry
from zdl_bench.run.config import Choice
from zdl_bench.run.run import Status
from zdl_bench.training.loop import problem_of, train

OPTIMIZERS = ("sgd", "momentum", "adagrad", "rmsprop", "adam")
LIT = {"dense": 0.5, "sparse": 0.3}
"""Name of a data set → the share of pixels that are not 0: on both sides of 0.40."""
HIDDEN = (33, 17)
compiled = cache(CompiledKernels)


@pytest.fixture(scope="module", autouse=True)
def own_data(tmp_path_factory, own_cache):
    """Data sets of 17 × 17 pixels, more than a vector and no multiple of one, in a copy of conf/."""
    conf, rng = copy_conf(tmp_path_factory.mktemp("own")), np.random.default_rng(0)
    for name, share in LIT.items():
        images = rng.integers(1, 256, (120, 17, 17), dtype=np.uint8)
        images[rng.random(images.shape) >= share] = 0
        images[::10] = 0  # whole images are black, too
        add_dataset(conf, name, images, rng.integers(0, 10, 120, dtype=np.uint8))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(conf_files, "CONF", conf)
        yield


@pytest.fixture
def by_both(monkeypatch):
    """Return a function that trains a run by the definition and compiled, and returns both."""

    def trained(config):
        runs = []
        for kernels in (Kernels(), compiled(np.dtype(config.dtype))):
            for module in (choice, mlp):
                monkeypatch.setattr(module, "kernels_for", lambda dtype, kernels=kernels: kernels)
            runs.append(train(config))
        return runs

    monkeypatch.setattr(choice, "MIN_COMPILED", 1)
    return trained


def config_of(data, optimizer="adam", problem="mlp", **changes):
    """Return the config of a run; keys of the network are named as in its YAML."""
    dataset = registry.dataset(data)
    keys = {"hidden", "activation", "loss_reduction", "log_epsilon", "sampling", "batch_size", "init"} & changes.keys()
    network = {"hidden": HIDDEN, "batch_size": 25, "init": "he"} | {key: changes.pop(key) for key in keys}
    choice_of_data = Choice(data, {"checksum": dataset.checksum, "validation_size": 10}, dataset.source)
    fields = {"steps": 12, "lr": 0.003, "probe_images": 30, "probe_count": 4}
    return digits_config(optimizer, problem=part("problem", problem, **network), dataset=choice_of_data, **(fields | changes))


def assert_same(definition, compiled):
    assert definition.failure is None
    assert definition.status is compiled.status
    assert definition.digest == compiled.digest
    assert definition.end == compiled.end
    for (name, ours), (_, theirs) in zip(definition.curve.probes.items(), compiled.curve.probes.items(), strict=True):
        assert name == "train_seconds" or has_same_bits(ours, theirs), name


@pytest.mark.parametrize(("data", "kind"), [("dense", DenseInputs), ("sparse", SparseInputs)])
def test_the_data_sets_lie_on_both_sides_of_the_density(data, kind):
    assert problem_of(config_of(data))._kind is kind


@pytest.mark.parametrize("activation", ["relu", "tanh", "sigmoid"])
def test_all_loops_are_loaded_before_the_first_step(activation):
    """Otherwise the seconds of the first steps would be those of the compiler."""
    problem = problem_of(replace(config_of("sparse", "adam", activation=activation), dtype="float32"))
    kernels, params = problem._kernels, np.ones(choice.MIN_COMPILED, np.float32)
    optimizer = registry.optimizer(part("optimizer", "adam"))
    state = optimizer.init(params, step_of(0))
    caches = (kernels._activation, kernels._chain, choice.kernels_for(params.dtype)._update)
    before = [cache.cache_info().misses for cache in caches]
    weights = problem.init(spawned_streams(0).weights)
    problem.loss_and_gradient(weights, next(problem.batches(spawned_streams(0))), np.empty_like(weights))
    optimizer.update(params, params.copy(), state, step_of(1))
    assert [cache.cache_info().misses for cache in caches] == before


@pytest.mark.slow
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("activation", ["relu", "tanh", "sigmoid"])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_networks(optimizer, activation, dtype, by_both):
    for data, reduction, epsilon in product(LIT, ("sum", "mean"), (0.0, 1e-7)):
        config = config_of(data, optimizer, activation=activation, loss_reduction=reduction, log_epsilon=epsilon, dtype=dtype)
        runs = by_both(config)
        assert_same(*runs)
        assert runs[0].status is Status.COMPLETED


@pytest.mark.slow
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("data", LIT)
@pytest.mark.parametrize(
    "changes",
    [
        {"problem": "mlp_uneven"},
        {"sampling": "epochs"},
        {"batch_size": 1},
        {"hidden": ()},
        {"hidden": (1, 1)},
        {"hidden": (530,), "batch_size": 100, "steps": 3},
        {"rng": "legacy"},
        {"schedule": part("schedule", "cosine", warmup_share=0.3)},
        {"lr": 1e30, "optimizer": "sgd"},
        {"lr": 1e30, "optimizer": "momentum", "activation": "tanh", "hidden": ()},
        {"steps": 200},
    ],
    ids=str,
)
def test_other_networks(changes, data, dtype, by_both):
    assert_same(*by_both(config_of(data, dtype=dtype, **changes)))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_long_vectors_without_a_network(optimizer, dtype, by_both):
    noisy = {"dimension": 70_001, "gradient_noise": 0.1, "start_std": 0.5}
    assert_same(*by_both(quadratic_config(optimizer, lr=0.01, problem=noisy, dtype=dtype, steps=4)))


@pytest.mark.slow
@pytest.mark.parametrize(("optimizer", "dtype"), [("sgd", "float64"), ("adam", "float32")])
def test_the_articles_network_on_mnist(optimizer, dtype, mnist, by_both):
    data = Choice("mnist", {"checksum": mnist.checksum, "validation_size": 10_000})
    assert_same(*by_both(digits_config(optimizer, problem=part("problem", "mlp"), dataset=data, steps=20, dtype=dtype)))
