"""The training loop: statuses, common random numbers, digests, and closed forms on a quadratic."""

import math
from dataclasses import replace

import numpy as np
import pytest
from conftest import digits_config, part, quadratic_config

from zdl_bench.optimizers.optimizer import FLUSH_INTERVAL, State
from zdl_bench.problems.mlp import Network
from zdl_bench.registry import registry
from zdl_bench.run.config import Choice, RunConfig
from zdl_bench.run.profile import places_of
from zdl_bench.run.run import Status
from zdl_bench.statistics.metrics.convergence import tail_loss
from zdl_bench.statistics.metrics.profile import log_jitter
from zdl_bench.training import probes
from zdl_bench.training.iterates import iterates
from zdl_bench.training.loop import descend, digest_of, problem_of, train
from zdl_bench.training.probes import early_steps, stride_steps


def test_sgd_on_a_quadratic_has_a_closed_form():
    """Each coordinate is multiplied by 1 − lr·λ in each step."""
    run = train(quadratic_config("sgd", lr=0.3, problem={"dimension": 3, "condition_number": 100.0}, steps=40))
    eigenvalues = np.array([0.01, 0.1, 1.0])
    steps = np.arange(41)[:, np.newaxis]
    expected = (1 - 0.3 * eigenvalues) ** steps
    assert run.curve.points == pytest.approx(expected, rel=1e-12)
    losses = 0.5 * (eigenvalues * expected**2).sum(axis=1)
    assert run.curve.train_loss == pytest.approx(losses[:-1], rel=1e-12)
    assert run.curve.probes.probe_loss == pytest.approx(losses, rel=1e-12)
    assert run.curve.trivial_loss == pytest.approx(losses[0])


def test_sgd_beyond_its_stable_learning_rate_diverges():
    """lr > 2/λ; the loss grows by (1 − lr·λ)² each step until it is 1,000 times the first."""
    run = train(quadratic_config("sgd", lr=3.0, problem={"dimension": 1, "condition_number": 1.0}, steps=100))
    assert run.status is Status.DIVERGED
    assert len(run.curve.train_loss) == math.ceil(math.log(1000) / math.log(4))
    assert run.curve.probes.probe_loss[-1] > 1000 * run.curve.probes.probe_loss[0]
    assert (run.curve.probes.probe_loss[:-1] < 1000 * run.curve.probes.probe_loss[0]).all()
    assert np.isfinite(run.curve.train_loss).all()
    assert run.end == {}


@pytest.mark.parametrize("transform", [(), (part("transform", "ema"),)], ids=["a rule", "a transform"])
def test_conform_compares_the_iterates_that_training_makes(monkeypatch, transform):
    """Step by step, with the same care for numbers that vanish."""
    config = replace(quadratic_config("momentum", lr=0.3, steps=2 * FLUSH_INTERVAL + 1), transform=transform)
    flushed = []
    monkeypatch.setattr(State, "flush_vanishing", lambda state: flushed.append(state.arrays))
    descent = descend(config, problem_of(config), registry.whole_optimizer(config))
    assert len(flushed) == 2
    points = [point.copy() for point in iterates(config, problem_of(config))]
    assert len(flushed) == 4
    assert np.array_equal(points, descent.curve.points)
    assert np.array_equal(points[-1], descent.params)


def test_a_last_update_that_explodes_diverges():
    run = train(digits_config("sgd", lr=1e4, steps=1))
    assert run.status is Status.DIVERGED
    assert run.end == {}
    assert np.isfinite(run.curve.probes.probe_loss).all()
    assert math.isnan(tail_loss(run.curve))


def test_an_overflow_diverges_without_a_warning():
    run = train(digits_config("sgd", lr=1e30))
    assert run.status is Status.DIVERGED
    assert len(run.curve.train_loss) < run.config.steps
    assert len(run.curve.lr) == len(run.curve.train_loss)


def test_accuracies_are_shares_of_hits_on_fixed_images(digits):
    """With all images on the probe and 100 for validation, the last accuracies are those over these images at the end."""
    config = digits_config("adam", lr=0.01, probe_images=1200)
    last = train(replace(config, dataset=Choice("digits", config.dataset.values | {"validation_size": 100})))
    assert last.curve.probes.val_accuracy[-1] == last.end["val_accuracy"]
    probes = train(config).curve.probes
    assert probes.probe_accuracy * 1200 == pytest.approx(np.round(probes.probe_accuracy * 1200))
    assert probes.val_accuracy * 100 == pytest.approx(np.round(probes.val_accuracy * 100))
    for accuracies in (probes.probe_accuracy, probes.val_accuracy):
        assert accuracies[0] < 0.3
        assert 0.6 < accuracies[-1] <= 1


def test_without_validation_images_there_is_no_validation_accuracy(digits):
    config = digits_config("adam", lr=0.01)
    run = train(replace(config, dataset=Choice("digits", config.dataset.values | {"validation_size": 0})))
    assert np.isnan(run.curve.probes.val_accuracy).all()
    assert np.isfinite(run.curve.probes.probe_accuracy).all()


def test_a_problem_without_classes_has_no_accuracies():
    probes = train(quadratic_config()).curve.probes
    assert np.isnan(probes.probe_accuracy).all()
    assert np.isnan(probes.val_accuracy).all()


def test_a_completed_run_has_everything():
    run = train(digits_config("adam", lr=0.01))
    curve = run.curve
    assert run.status is Status.COMPLETED
    assert len(curve.train_loss) == 60
    assert set(run.end) == {"val_loss", "val_accuracy", "test_loss", "test_accuracy"}
    assert curve.trivial_loss == pytest.approx(math.log(10))
    assert curve.probes.step[curve.probes.strided].tolist() == list(range(0, 61, 3))
    assert set(curve.probes.step) == set(range(0, 61, 3)) | {1, 2, 5, 10, 20, 50}
    assert np.isfinite(curve.probes.val_loss).sum() == 5
    assert np.isfinite(curve.probes.val_loss[curve.probes.step >= 48]).sum() == 5
    assert np.isnan(curve.probes.gradient_norm[0])
    assert np.isfinite(curve.probes.probe_accuracy).all()
    assert np.isfinite(curve.probes.val_accuracy).all()
    assert np.isfinite(curve.probes.gradient_norm[1:]).all()
    assert np.isfinite(curve.probes.gradient_cosine[2:]).all()
    assert np.isfinite(curve.probes.displacement_cosine[curve.probes.strided][2:]).all()
    assert np.isnan(curve.probes.displacement[~curve.probes.strided]).all()
    assert (np.diff(curve.probes.train_seconds) >= 0).all()
    assert run.train_seconds >= curve.probes.train_seconds[-1]
    assert {"zdl_bench", "commit", "numpy", "numba", "cpu", "python"} <= set(run.environment)


def test_the_profile_is_measured_where_there_is_no_probe(digits):
    """The losses there are those of the same run with a probe at every step."""
    config = digits_config("adam", lr=0.01, steps=240)
    curve = train(config).curve
    dense = train(replace(config, probe_count=240)).curve
    strides = tuple(curve.probes.step[curve.probes.strided].tolist())
    assert set(curve.profile.step) == places_of(240, strides) - set(curve.probes.step)
    assert np.array_equal(curve.profile.probe_loss, dense.probes.probe_loss[curve.profile.step])
    assert dense.profile is None
    assert all(math.isfinite(log_jitter(curve, scale)) for scale in (1, 5, 20))
    assert curve.dtype == config.dtype


def test_the_places_of_the_profile_are_those_of_the_setting(digits):
    configs = [digits_config(name, lr=lr, seed=seed) for name, lr, seed in (("sgd", 0.001, 0), ("adam", 0.01, 7))]
    one, other = (train(config).curve.profile.step.tolist() for config in configs)
    assert one == other


def test_the_profile_changes_nothing_else(digits, monkeypatch):
    config = digits_config("adam", lr=0.01, steps=240)
    run = train(config)
    monkeypatch.setattr(probes, "places_of", lambda steps, strides: frozenset())
    without = train(config)
    assert without.curve.profile is None
    assert run.digest == without.digest
    assert run.end == without.end
    for (name, values), (_, others) in zip(run.curve.probes.items(), without.curve.probes.items(), strict=True):
        assert name == "train_seconds" or np.array_equal(values, others, equal_nan=True), name


def test_a_place_of_the_profile_ends_no_run(digits, monkeypatch):
    """Even where its loss is not finite: the probes alone say that a run diverged."""
    config = digits_config("adam", lr=0.01, steps=240)
    first = train(config).curve.profile.step[0]
    before = sum(train(config).curve.probes.step < first)
    losses = []
    original = Network.evaluate

    def watched(self, params, split):
        values = original(self, params, split)
        if split != "probe":
            return values
        losses.append(math.nan if len(losses) == before else values["loss"])
        return values | {"loss": losses[-1]}

    monkeypatch.setattr(Network, "evaluate", watched)
    run = train(config)
    assert run.status is Status.COMPLETED
    assert np.isnan(run.curve.profile.probe_loss).tolist() == [True] + [False] * (len(run.curve.profile.step) - 1)
    assert np.isfinite(tail_loss(run.curve))
    assert math.isnan(log_jitter(run.curve, 1))


def test_analytic_problems_have_their_loss_at_every_step_and_no_profile():
    curve = train(quadratic_config(steps=240)).curve
    assert curve.profile is None
    assert all(math.isfinite(log_jitter(curve, scale)) for scale in (1, 5, 20))


def test_probe_geometry_on_a_straight_path():
    """SGD on a round bowl goes straight to the middle: distances are known, cosines are 1."""
    run = train(quadratic_config("sgd", lr=0.1, problem={"condition_number": 1.0}, steps=10, probe_count=5))
    probes = run.curve.probes
    assert probes.step.tolist() == list(range(11))  # analytic problems record every step
    assert probes.strided.tolist() == [step % 2 == 0 for step in range(11)]
    expected = math.sqrt(2) * (1 - 0.9 ** np.arange(11))
    assert probes.distance == pytest.approx(expected)
    assert probes.update_norm[1:] == pytest.approx(np.diff(expected))
    assert probes.gradient_norm[1:] == pytest.approx(math.sqrt(2) * 0.9 ** np.arange(10))
    assert probes.gradient_cosine[2:] == pytest.approx(1)
    assert probes.displacement[2::2] == pytest.approx(np.diff(expected[::2]))
    assert probes.displacement_cosine[4::2] == pytest.approx(1)


def test_runs_of_one_seed_share_start_and_batches(digits, monkeypatch):
    """Whatever the optimizer and the learning rate: the first loss, and the batches that the runs see, are the same."""
    seen = []
    original = Network.loss_and_gradient

    def watched(self, params, batch, grad):
        seen[-1].append((batch.labels.tolist(), batch.inputs.matrix.tolist()))
        return original(self, params, batch, grad)

    monkeypatch.setattr(Network, "loss_and_gradient", watched)
    first = set()
    for name, lr in (("sgd", 0.1), ("sgd", 0.001), ("adam", 0.01)):
        seen.append([])
        first.add(train(digits_config(name, lr=lr)).curve.train_loss[0])
    assert len(first) == 1
    assert len(seen[0]) == 60
    assert seen[0] == seen[1] == seen[2]
    seen.append([])
    train(digits_config(seed=1))
    assert seen[3] != seen[0]


def test_seed_0_is_a_seed():
    digests = [train(digits_config(seed=seed)).digest for seed in (0, 0, 1)]
    assert digests[0] == digests[1] != digests[2]


def test_float32_and_float64_start_at_the_same_point():
    losses = [train(digits_config(dtype=dtype, steps=1)).curve.train_loss[0] for dtype in ("float32", "float64")]
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)


def test_the_schedule_multiplies_the_learning_rate():
    run = train(quadratic_config("sgd", lr=0.5, schedule=part("schedule", "step_decay"), steps=30))
    assert run.curve.lr.tolist() == pytest.approx([0.5] * 10 + [0.05] * 10 + [0.005] * 10)
    cosine = train(quadratic_config("sgd", lr=0.5, schedule=part("schedule", "cosine", warmup_share=0.1), steps=20)).curve.lr
    assert cosine[:2].tolist() == [0.25, 0.5]
    assert cosine[-1] == pytest.approx(0)
    assert (np.diff(cosine[2:]) < 0).all()


def test_gradient_noise_is_common_to_optimizers_and_differs_between_seeds():
    noisy = {"gradient_noise": 0.5, "dimension": 4}
    same = [train(quadratic_config("sgd", lr=lr, problem=noisy, steps=2)).curve.points for lr in (0.1, 0.2)]
    assert (same[0][1] - 1) * 2 == pytest.approx(same[1][1] - 1)  # one gradient, noise included, at twice the rate
    other = train(quadratic_config("sgd", lr=0.1, problem=noisy, steps=2, seed=1)).curve.points
    assert not np.allclose(same[0], other)


def test_the_run_id_names_everything_that_determines_the_numbers():
    base = digits_config()
    changed = [
        digits_config(lr=0.002),
        digits_config(seed=1),
        digits_config(steps=61),
        digits_config(dtype="float64"),
        digits_config(rng="legacy"),
        digits_config("momentum"),
        digits_config(probe_images=99),
        digits_config(probe_count=19),
        digits_config(schedule=part("schedule", "cosine")),
        digits_config(problem=part("problem", "mlp", hidden=(16,), batch_size=21)),
        digits_config(dataset=Choice("digits", {"checksum": "0" * 64, "validation_size": 300})),
    ]
    ids = {config.run_id for config in (base, *changed)}
    assert len(ids) == 1 + len(changed)
    assert base.run_id == digits_config().run_id
    assert RunConfig.from_dict(base.as_dict()) == base
    assert RunConfig.from_dict(base.as_dict()).run_id == base.run_id


def test_strides_and_early_steps():
    assert stride_steps(1000, 50).tolist() == list(range(0, 1001, 20))
    assert stride_steps(3, 50).tolist() == [0, 1, 2, 3]
    assert stride_steps(7, 3).tolist() == [0, 2, 5, 7]
    assert early_steps(1000).tolist() == [1, 2, 5, 10, 20, 50, 100, 200, 500]
    assert early_steps(1).tolist() == []


@pytest.mark.parametrize("steps", [1, 2, 7, 100])
def test_schedules_have_the_factors_of_their_formulas(steps):
    cosine, decay = (registry.schedule(part("schedule", name, **keys)) for name, keys in SCHEDULES.items())
    warmup = int(0.2 * steps)
    for step in range(1, steps + 1):
        progress = (step - warmup - 1) / max(1, steps - warmup - 1)
        expected = step / warmup if step <= warmup else 0.1 + 0.9 * (1 + math.cos(math.pi * progress)) / 2
        assert cosine.factor(step, steps) == pytest.approx(expected, abs=1e-15)
        assert decay.factor(step, steps) == pytest.approx(0.3 ** ((step - 1) * 5 // steps), rel=1e-15)


SCHEDULES = {"cosine": {"warmup_share": 0.2, "final_factor": 0.1}, "step_decay": {"decay": 0.3, "drops": 4}}


@pytest.mark.parametrize("bits", [0x7FF8000000000000, 0xFFF8000000000000, 0x7FF8000000000001, 0xFFFFFFFFFFFFFFFF])
def test_the_digest_takes_every_nan_for_the_same_one(bits):
    """x86 makes a NaN with a sign, ARM one without."""
    run = train(quadratic_config(steps=3))
    nan = np.array([bits], np.uint64).view(np.float64)[0]
    curve = replace(run.curve, train_loss=np.array([1.0, nan]))
    plain = replace(run.curve, train_loss=np.array([1.0, math.nan]))
    with np.errstate(invalid="ignore"):
        weights = np.array([nan, 2.0]).astype(np.float32)
    assert digest_of(curve, weights) == digest_of(plain, np.array([math.nan, 2.0], np.float32))
    assert digest_of(curve, weights) != digest_of(plain, np.array([math.nan, -2.0], np.float32))


def test_the_digest_tells_zeros_and_answers_apart():
    curve = train(quadratic_config(steps=3)).curve
    zero, negative = np.array([0.0]), np.array([-0.0])
    assert len({digest_of(curve, zero), digest_of(curve, negative), digest_of(curve, zero, zero)}) == 3
    assert digest_of(curve, zero) != digest_of(replace(curve, train_loss=curve.train_loss + 1), zero)
