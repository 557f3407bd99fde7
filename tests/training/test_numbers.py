"""Overflow, underflow and NaN are statuses, never warnings: in every optimizer and problem, and for the oddest data.

What is right follows from the definition: a run has `diverged` where a loss or a parameter is not finite, or a loss is above
1,000 times a positive first one, and its curve ends there; all others are `completed`.
"""

import math
import os
import warnings
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from conftest import digits_config, optimizer_of, part, quadratic_config, run_process, step_of
from own_images import VALIDATION_SIZE, add_dataset, copy_conf

from zdl_bench.datasets.cache import load_decoded
from zdl_bench.executors.executor import Limits
from zdl_bench.executors.processes import Processes
from zdl_bench.optimizers.elementwise import Elementwise
from zdl_bench.registry import conf_files, registry
from zdl_bench.run.config import DTYPES, MAX_LEGACY_SEED, MAX_SEED, Choice, RunConfig
from zdl_bench.run.run import Run, Status
from zdl_bench.statistics.metrics.convergence import has_finished, has_learned
from zdl_bench.store.frames import frames_of, run_row
from zdl_bench.store.store import Store
from zdl_bench.training.loop import split, train
from zdl_bench.training.step_maker import streams_of

EXCEPTIONS = {"adabelief", "adabound", "adafactor", "adopt", "cocob", "lion", "madgrad", "signum", "soap"}
"""Rules whose first step may leave the loss finite at any lr, or move without lr: they bound it, add to lr, do not take it,
or take it equally far along x and y, where the saddle is level."""
OPTIMIZERS = [name for name in conf_files.native_names("optimizer") if name not in EXCEPTIONS]
PROBLEMS = conf_files.names("problem")
PARAMETERS = np.dtype(np.longdouble)
OVERFLOWS = (1e39, 1.7e308)
"""The first is finite in float64 alone, the second is multiplied to infinity in both."""
UNDERFLOWS = (1e-40, 5e-324)
"""The first is subnormal in float32, the second in float64."""


# Every optimizer on every problem, made by worker processes in which any warning is an exception.


def config_of(optimizer: str, problem: str, **changes) -> RunConfig:
    """A small run on any problem of conf/."""
    if registry.problem(part("problem", problem)).needs_data:
        network = part("problem", problem, hidden=(4,), batch_size=5)
        return digits_config(optimizer, problem=network, probe_images=20, **changes)
    return replace(quadratic_config(optimizer, **changes), problem=part("problem", problem))


def configs_of(rates, steps: int) -> list[RunConfig]:
    return [
        config_of(optimizer, problem, lr=lr, dtype=dtype, steps=steps)
        for optimizer, problem, dtype, lr in product(OPTIMIZERS, PROBLEMS, DTYPES, rates)
    ]


def made_by_strict_workers(configs: list[RunConfig]) -> list[Run]:
    """By the processes that a sweep uses. A warning would be a failed run, with its text."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONWARNINGS", "error")
        return list(Processes().execute(configs, Limits(2)))


@pytest.fixture(scope="module")
def strict_runs(digits):
    return made_by_strict_workers(configs_of((1e30, 1e-30), steps=2))


def check(run: Run, store: Store) -> None:
    """What holds of every run, whatever its numbers."""
    assert run.failure is None, run.failure
    assert run.curve is not None
    ends = [*run.curve.train_loss, *run.curve.probes.probe_loss, *run.end.values()]
    measured = run.curve.probes.val_loss[~np.isnan(run.curve.probes.val_loss)]
    if run.status is Status.COMPLETED:
        assert len(run.curve.train_loss) == run.config.steps
        assert np.isfinite([*ends, *measured]).all()
        measures = {"loss"} if run.config.problem.name == "autoencoder" else {"loss", "accuracy"}  # numbers have no accuracy
        measures = measures if run.config.dataset else {"loss"} & {key.partition("_")[2] for key in run.end}
        assert {key.partition("_")[2] for key in run.end} == measures
        assert len(run.end) == len(measures) * len({key.partition("_")[0] for key in run.end})
    else:
        assert run.status is Status.DIVERGED
        assert run.end == {}
    assert has_finished(run.curve) == (run.status is Status.COMPLETED)
    assert len(run.curve.lr) == len(run.curve.train_loss) <= run.config.steps
    assert np.isfinite(run.curve.lr).all()
    check_stored(run, store)
    assert run.status is Status.COMPLETED or not has_learned(run.curve)


def check_frames(runs: list[Run]) -> None:
    """Metrics and frames neither warn nor raise, and say of a run what its curve says."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        frame = frames_of(runs).runs
    assert frame["learned"].tolist() == [has_learned(run.curve) for run in runs]
    assert frame["status"].tolist() == [run.status.value for run in runs]
    diverged = frame["status"] == Status.DIVERGED
    assert frame.loc[diverged, ["tail_loss", "final_train_loss", "log_aulc", "jitter_1", "test_loss"]].isna().all(axis=None)
    assert np.isfinite(frame.loc[~diverged, ["tail_loss", "final_train_loss"]]).all(axis=None)


def check_stored(run: Run, store: Store) -> None:
    """Bit for bit; of a NaN only that it is one."""
    store.write(run)
    read = store.read(run.run_id)
    assert (read.config, read.status, read.end, read.digest) == (run.config, run.status, dict(run.end), run.digest)
    for name in ("train_loss", "lr"):
        assert getattr(read.curve, name).tobytes() == getattr(run.curve, name).tobytes()
    for (name, values), (_, again) in zip(run.curve.probes.items(), read.curve.probes.items(), strict=True):
        assert np.array_equal(values, again, equal_nan=values.dtype.kind == "f"), name
    if run.curve.points is not None:
        assert np.array_equal(run.curve.points, read.curve.points, equal_nan=True)
    assert np.array_equal([read.curve.trivial_loss], [run.curve.trivial_loss], equal_nan=True)


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_problem_ends_with_the_right_status(optimizer, strict_runs, tmp_path):
    """At 1e30 the first step leaves every start by far more than a factor of 1,000 of loss; at 1e-30 none moves one."""
    own = [run for run in strict_runs if run.config.optimizer.name == optimizer]
    assert len(own) == len(PROBLEMS) * len(DTYPES) * 2
    check_frames(own)
    for run in own:
        check(run, Store(tmp_path))
        if run.config.lr == 1e30:
            assert (run.status, len(run.curve.train_loss)) == (Status.DIVERGED, 1), run.config
        else:
            assert run.status is Status.COMPLETED, run.config
            assert not has_learned(run.curve)
            assert run.curve.probes.probe_loss == pytest.approx([run.curve.probes.probe_loss[0]] * 3, rel=1e-6)
            assert run.curve.probes.distance[-1] < 1e-25


def shadow(config: RunConfig) -> tuple[Status, int]:
    """Status and steps made where the parameters have so wide a range that nothing on their way overflows.

    They count as finite as long as they fit the run's dtype.
    """
    wide, narrow = (_problem(config, dtype) for dtype in (PARAMETERS, np.dtype(config.dtype)))
    optimizer, streams = registry.optimizer(config.optimizer), streams_of(config)
    largest = np.finfo(config.dtype).max
    narrow.init(streams_of(config).weights)
    params = wide.init(streams.weights).astype(config.dtype).astype(PARAMETERS)
    grad, batches = np.empty_like(params), wide.batches(streams)
    state = optimizer.init(params, step_of(0, config.lr, layout=wide.layout))
    probe_of = lambda params: wide.evaluate(optimizer.answer(params, state), "probe")["loss"]  # noqa: E731
    first_probe = probe_of(params)
    first = None
    for step in range(1, config.steps + 1):
        batch = next(batches)
        loss = wide.loss_and_gradient(params, batch, grad)
        first = loss if first is None else first

        def at(point, batch=batch):
            elsewhere = np.empty_like(grad)
            return wide.loss_and_gradient(point, batch, elsewhere), elsewhere

        if ended(loss, first):
            return Status.DIVERGED, step
        about = {"loss": loss, "layout": wide.layout, "gradient_scale": wide.gradient_scale, "at": at}
        optimizer.update(params, grad, state, step_of(step, config.lr, **about))
        if not (np.abs(params) <= largest).all() or ended(probe_of(params), first_probe):
            return Status.DIVERGED, step
    return Status.COMPLETED, config.steps


def ended(loss: float, first: float) -> bool:
    return not math.isfinite(loss) or 0 < 1000 * first < loss


def _problem(config: RunConfig, dtype: np.dtype):
    splits = None
    if config.dataset:
        dataset = registry.dataset(config.dataset.name)
        size = config.dataset.values["validation_size"]
        splits = split(load_decoded(dataset), size, config.probe_images, dataset.classes)
    return registry.problem(config.problem).build(splits, dtype)


@pytest.mark.slow
@pytest.mark.skipif(np.finfo(PARAMETERS).maxexp < 2000, reason="this machine has no floats of a wider range than float64")
@pytest.mark.parametrize("lr", [0.3, 5.0])
def test_the_status_is_that_of_wider_floats(lr, digits):
    """Between the extremes, too, where some runs diverge, and not all of them at once."""
    outcomes = set()
    elementwise = [name for name in OPTIMIZERS if isinstance(optimizer_of(name), Elementwise)]  # kernels know no wider floats
    for optimizer, problem, dtype in product(elementwise, PROBLEMS, DTYPES):
        config = config_of(optimizer, problem, lr=lr, dtype=dtype, steps=5)
        with np.errstate(all="ignore"):
            expected = shadow(config)
        run = train(config)
        assert (run.status, len(run.curve.train_loss)) == expected, config
        outcomes.add(expected)
    assert len(outcomes) >= 4


@pytest.mark.slow
def test_extreme_learning_rates(digits, tmp_path):
    runs = made_by_strict_workers(configs_of((*OVERFLOWS, *UNDERFLOWS), steps=1))
    check_frames(runs)
    for run in runs:
        check(run, Store(tmp_path))
        assert run.status is (Status.DIVERGED if run.config.lr in OVERFLOWS else Status.COMPLETED), run.config
        assert not has_learned(run.curve)


# Networks on the oddest data, of 16 pixels: 40 images to train on, 10 to validate, 10 to test.

TRAINED = 40


@pytest.fixture(scope="module")
def odd_data(tmp_path_factory, own_cache):
    """A conf/ that has the data sets, in place of the project's."""
    conf = copy_conf(tmp_path_factory.mktemp("odd"))
    add_odd_data(conf)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(conf_files, "CONF", conf)
        yield


def add_odd_data(conf) -> None:
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 256, (60, 4, 4), dtype=np.uint8), rng.integers(0, 10, 60, dtype=np.uint8)
    number = np.arange(60)
    black = np.zeros_like(images)
    add_dataset(conf, "plain", images, labels)
    add_dataset(conf, "one_label", images, np.full_like(labels, 3))
    add_dataset(conf, "one_class", images, np.zeros_like(labels), classes=1)
    for shade in (0, 1, 128, 255):
        add_dataset(conf, f"all_{shade}", np.full_like(images, shade), labels)
    add_dataset(conf, "dark_one_label", np.full_like(images, 1), np.full_like(labels, 3))
    for place, there in (("validation", (number >= TRAINED) & (number < TRAINED + VALIDATION_SIZE)), ("test", number >= 50)):
        add_dataset(conf, f"white_{place}", np.where(there[:, None, None], 255, black).astype(np.uint8), labels)
        add_dataset(conf, f"other_label_in_{place}", images, there.astype(np.uint8))


def odd_config(data: str, optimizer: str = "sgd", validation_size: int = VALIDATION_SIZE, **changes) -> RunConfig:
    """Keys of the mlp as they are named there; the others are fields of a RunConfig."""
    keys = {"hidden", "activation", "init_std", "log_epsilon", "batch_size", "loss_reduction", "sampling"} & changes.keys()
    network = {"hidden": (4,), "batch_size": 5} | {key: changes.pop(key) for key in keys}
    dataset = registry.dataset(data)
    about_data = {"checksum": dataset.checksum, "validation_size": validation_size}
    fields = {
        "problem": part("problem", "mlp", **network),
        "dataset": Choice(data, about_data, dataset.source),
        "probe_images": 20,
        "steps": 12,
    }
    return digits_config(optimizer, **(fields | changes))


ODD_NETWORKS = {
    "one image per batch": {"batch_size": 1},
    "one step": {"steps": 1},
    "one image, one unit, one step": {"batch_size": 1, "hidden": (1,), "steps": 1},
    "one unit per layer": {"hidden": (1, 1, 1)},
    "no hidden layer": {"hidden": ()},
    "whole epochs of one batch": {"sampling": "epochs", "batch_size": TRAINED},
    "no validation images": {"validation_size": 0},
    "more probes than steps": {"probe_count": 1000, "steps": 3},
    "one probe": {"probe_count": 1, "probe_images": 1},
    "largest seed": {"seed": MAX_SEED},
    "largest legacy seed": {"rng": "legacy", "seed": MAX_LEGACY_SEED},
    "weights of 0": {"init_std": 0.0},
    "weights of next to 0": {"init_std": 1e-30},
    "subnormal weights": {"init_std": 1e-310},
    "sigmoid, saturated": {"activation": "sigmoid", "init_std": 100.0},
    "tanh, saturated": {"activation": "tanh", "init_std": 100.0},
}


@pytest.mark.parametrize("case", ODD_NETWORKS)
@pytest.mark.parametrize("data", ["plain", "one_label", "one_class", "all_0", "all_255"])
def test_odd_networks_on_odd_data_complete(data, case, odd_data, tmp_path):
    """Nothing here can overflow: cross-entropy subtracts the largest logit, and these are small."""
    runs = []
    for optimizer, dtype in zip(("sgd", "adam"), DTYPES, strict=True):
        run = train(odd_config(data, optimizer, lr=0.01, dtype=dtype, **ODD_NETWORKS[case]))
        check(run, Store(tmp_path))
        assert run.status is Status.COMPLETED
        assert ("val_loss" in run.end) == (case != "no validation images")
        runs.append(run)
    check_frames(runs)


@pytest.mark.parametrize("data", ["plain", "one_label", "all_128", "all_255"])
def test_weights_too_large_for_float32(data, odd_data, tmp_path):
    """Products of two of them are 1e60: infinite in float32, and finite in float64."""
    for dtype, status in (("float32", Status.DIVERGED), ("float64", Status.COMPLETED)):
        run = train(odd_config(data, dtype=dtype, init_std=1e30, lr=1e-3))
        check(run, Store(tmp_path))
        assert run.status is status
    assert len(run.curve.train_loss) == 12
    diverged = train(odd_config(data, init_std=1e30, lr=1e-3))
    assert len(diverged.curve.train_loss) == 1


def test_black_images_hide_weights_of_any_size(odd_data, tmp_path):
    """Logits of a black image are the biases, 0 at first: a network without hidden layers learns by them alone."""
    run = train(odd_config("all_0", init_std=1e30, lr=1e-3, hidden=()))
    check(run, Store(tmp_path))
    assert run.status is Status.COMPLETED
    assert run.curve.train_loss[0] == pytest.approx(math.log(10))


@pytest.mark.parametrize("name", conf_files.names("schedule"))
def test_a_schedule_is_a_finite_factor_from_its_first_step_on(name):
    schedule = registry.schedule(part("schedule", name))
    for steps in (1, 2, 3, 10, 10**9):
        for step in {1, min(2, steps), (steps + 1) // 2, steps}:
            assert 0 <= schedule.factor(step, steps) <= 1
        assert schedule.factor(1, steps) > 0
    assert schedule.factor(1, 1) == 1


@pytest.mark.parametrize(
    ("name", "keys"),
    [("cosine", {"warmup_share": 1 - 1e-16}), ("cosine", {"warmup_share": 0.5}), ("step_decay", {"drops": 400})],
)
@pytest.mark.parametrize("steps", [1, 2, 40])
def test_schedules_at_their_limits(name, keys, steps, tmp_path):
    """A factor may underflow to 0, which moves nothing any more."""
    for optimizer in OPTIMIZERS:
        run = train(quadratic_config(optimizer, schedule=part("schedule", name, **keys), steps=steps))
        check(run, Store(tmp_path))
        assert run.status is Status.COMPLETED
        assert (run.curve.lr <= 0.1).all()


# Where something is not finite that the loss of the batch does not show.


def test_a_first_probe_that_overflows_ends_a_run(odd_data, tmp_path):
    """The losses of its batches are finite, and the probe's is so again after a step: a gap that no metric can bridge."""
    run = train(odd_config("all_255", batch_size=1, hidden=(1,), init_std=5e18, lr=0.1, steps=3, probe_images=20, seed=2))
    assert np.isfinite(run.curve.train_loss).all()
    assert not math.isfinite(run.curve.probes.probe_loss[0])
    check(run, Store(tmp_path))
    check_frames([run])
    assert (run.status, len(run.curve.train_loss)) == (Status.DIVERGED, 1)


def test_an_infinite_bias_behind_a_dead_unit_ends_a_run(odd_data, tmp_path):
    """A hidden unit of bias −∞ gives 0, and all losses stay finite."""
    runs = [
        train(odd_config("dark_one_label", hidden=(1,), batch_size=1, init_std=100.0, lr=3e36, steps=1, seed=s)) for s in (2, 8)
    ]
    for run in runs:
        assert np.isfinite(run.curve.train_loss).all()
        check(run, Store(tmp_path))
        check_frames([run])
        assert (run.status, len(run.curve.train_loss)) == (Status.DIVERGED, 1)


OVERFLOW_ON_WHITE = {"init_std": 1e20, "lr": 0.1}
"""Of black images only biases are learned; the weights, of which white ones make infinities, stay as they are."""


def test_a_validation_loss_that_is_not_finite_ends_a_run(odd_data, tmp_path):
    """At the first probe that measures it: that of the fifth last stride, step 26 of 30."""
    run = train(odd_config("white_validation", **OVERFLOW_ON_WHITE, steps=30, probe_count=30))
    assert np.isfinite(run.curve.train_loss).all()
    check(run, Store(tmp_path))
    check_frames([run])
    assert (run.status, len(run.curve.train_loss)) == (Status.DIVERGED, 26)
    assert not has_learned(run.curve)


def test_a_test_loss_that_is_not_finite_is_no_result_to_report(odd_data, tmp_path):
    """It is known after the last step, at which the run has diverged then."""
    run = train(odd_config("white_test", **OVERFLOW_ON_WHITE, steps=30))
    assert np.isfinite(run.curve.train_loss).all()
    check(run, Store(tmp_path))
    check_frames([run])
    assert (run.status, len(run.curve.train_loss)) == (Status.DIVERGED, 30)
    assert not has_learned(run.curve)


@pytest.mark.parametrize("place", ["validation", "test"])
def test_a_probability_that_is_0_in_float32_has_a_finite_loss(place, odd_data, tmp_path):
    """ε is added in float64, in which it is not 0: −ln ε is 105.9, for a label that was never seen."""
    run = train(odd_config(f"other_label_in_{place}", log_epsilon=1e-46, lr=1e3, hidden=(), steps=30))
    check(run, Store(tmp_path))
    assert run.status is Status.COMPLETED
    assert run.end["val_loss" if place == "validation" else "test_loss"] == pytest.approx(-math.log(1e-46), rel=1e-3)


# The whole way, in processes in which a warning is an exception.


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "outcome"),
    [
        (["lr=1e30", "steps=1"], "diverged"),
        (["lr=1e-30", "steps=1", "problem.batch_size=1", "problem.hidden=[1]", "dataset.validation_size=0"], "not learned"),
        (["lr=0.1", "steps=3", "problem.init_std=1e30"], "diverged"),
    ],
    ids=["all diverge at the first step", "one of everything, and none moves", "none can start"],
)
def test_the_whole_way(arguments, outcome, tmp_path):
    keys = ["dataset=digits", "optimizer=sgd,adam", "seed=0,1", "probe.images=50", "n_jobs=2", "name=odd"]
    settings = {"cwd": tmp_path, "env": os.environ | {"PYTHONWARNINGS": "error"}}
    for arguments_of_command in (["-m", *keys, *arguments], ["verify", "odd"]):
        command = run_process(*arguments_of_command, **settings)
        assert command.status == 0, command.err
        assert "Warning" not in command.err
        assert "Traceback" not in command.err
        assert ("verified 4 runs: 4 same bits" if "verify" in arguments_of_command else outcome) in command.out
    assert (tmp_path / "results/sweeps/odd/report.html").is_file()


@pytest.mark.parametrize("name", ["digits", "mnist"])
def test_the_number_of_images_behind_an_accuracy_is_known(name):
    """From the data set's YAML, without its images: 28 × 28 pixels of MNIST need not be here."""
    run = Run(digits_config(dataset=Choice(name, {"checksum": "", "validation_size": 300})), Status.FAILED)
    row = run_row(run)
    assert (row["val_images"], row["test_images"]) == (300, {"digits": 297, "mnist": 10_000}[name])


def test_digits_have_as_many_test_images_as_they_say(digits):
    assert len(digits.decode().test_labels) == digits.test_size
