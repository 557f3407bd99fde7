"""verify: stored runs are trained again; it notices what differs, and where."""

from dataclasses import replace

import numpy as np
import pytest
from conftest import SMALL, digits_config

from zdl_bench import load_results
from zdl_bench.comparison import Agreement, compared, first_difference
from zdl_bench.manifest import Manifest
from zdl_bench.store import Store
from zdl_bench.training import train

SWEEP = ("dataset=digits", "executor=serial", "report=false", "steps=20", *SMALL)


def test_stored_runs_are_found_again_bit_for_bit(command, digits):
    command("-m", "optimizer=sgd,adam,rmsprop", "lr=0.01,1e6", "name=mine", *SWEEP)
    outcome = command("verify")
    assert outcome.status == 0
    assert "verified 6 runs: 6 same bits" in outcome.out
    outcome = command("verify", "mine", "--runs", "2")
    assert "verified 2 runs: 2 same bits" in outcome.out


def tampered(run, step):
    """The run with another loss at a step, and the digest that such a run would not have."""
    losses = run.curve.train_loss.copy()
    losses[step - 1] = np.nextafter(losses[step - 1], np.inf)
    return replace(run, curve=replace(run.curve, train_loss=losses), digest="0" * 64)


def test_the_first_differing_step_is_named(command, digits, tmp_path):
    store = Store(tmp_path / "results")
    run = tampered(train(digits_config("adam", lr=0.01)), step=17)
    store.write(run)
    store.write_manifest(Manifest("mine", "", "command", [], [run.run_id], "2026-01-01T00:00:00+00:00"))
    outcome = command("verify")
    assert outcome.status == 1
    assert f"{run.run_id}  adam lr=0.01 seed=0: different from step 17" in outcome.out
    assert "1 different" in outcome.out


def test_other_weights_under_equal_losses_are_noticed(digits):
    run = train(digits_config())
    one = compared(replace(run, digest="0" * 64), run)
    assert one.agreement is Agreement.DIFFERENT
    assert one.explanation == "differing: digest"
    assert compared(replace(run, end=dict(run.end) | {"test_loss": 0.99}), run).explanation == "differing: end.test_loss"
    probes = replace(run.curve.probes, probe_loss=run.curve.probes.probe_loss * 2)
    doubled = replace(run, curve=replace(run.curve, probes=probes))
    assert compared(doubled, run).explanation == "differing: probes.probe_loss"


def test_on_another_kernel_bits_are_not_expected(digits):
    run = train(digits_config())
    elsewhere = replace(tampered(run, step=3), environment=dict(run.environment) | {"blas_kernel": "SomethingElse"})
    one = compared(elsewhere, run)
    assert one.agreement is Agreement.CLOSE
    assert one.agrees
    assert "bits cannot be expected here" in one.explanation
    assert "SomethingElse" in one.explanation
    assert "0.001 relative" in one.explanation
    far = replace(elsewhere, curve=replace(run.curve, train_loss=run.curve.train_loss * 1.01))
    assert compared(far, run).agreement is Agreement.NOT_CLOSE
    assert compared(far, run).first_difference == 1


def test_first_difference():
    a = np.array([1.0, np.nan, 3.0])
    assert first_difference(a, a.copy(), 0.0) is None
    assert first_difference(a, np.array([1.0, np.nan, 3.1]), 0.0) == 3
    assert first_difference(a, a[:2], 0.0) == 3
    assert first_difference(a, np.array([1.0005, np.nan, 3.0]), 1e-3) is None
    assert first_difference(a, np.array([1.005, np.nan, 3.0]), 1e-3) == 1


def test_nothing_that_a_file_names_is_imported(command, digits, tmp_path):
    """A stored run may name any optimizer; only names of conf/ lead to code."""
    store = Store(tmp_path / "results")
    run = train(digits_config())
    for number, name in enumerate(("os.system", "../../evil", "_target_")):
        config = replace(run.config, optimizer=replace(run.config.optimizer, name=name), seed=number)
        store.write(replace(run, config=config))
        store.write_manifest(Manifest("mine", "", "command", [], [config.run_id], "2026-01-01T00:00:00+00:00"))
        outcome = command("verify")
        assert outcome.status == 2
        assert f"optimizer={name}: there is no such optimizer" in outcome.err


@pytest.mark.parametrize("arguments", [["--runs", "0"], ["--runs", "-1"]])
def test_a_count_below_1_is_refused(command, digits, arguments):
    command(*SWEEP)
    outcome = command("verify", *arguments)
    assert outcome.status == 2
    assert "at least 1 run" in outcome.err


def test_diverged_runs_are_verified_too(command, digits):
    command("lr=1e6", *SWEEP)
    assert load_results("results").runs["status"].tolist() == ["diverged"]
    assert "1 same bits" in command("verify").out
