"""verify: stored runs are trained again; it notices what differs, and where."""

import os
import platform
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from conftest import SMALL, digits_config, run_process

from zdl_bench import load_results
from zdl_bench.commands.comparison import Agreement, compare_runs, find_first_difference
from zdl_bench.commands.verify import verify_runs
from zdl_bench.datasets import dataset as contract
from zdl_bench.executors.processes import Processes
from zdl_bench.run.environment import describe_environment
from zdl_bench.run.run import Failure, Run, Status
from zdl_bench.store import runs as store_runs
from zdl_bench.store.manifest import Manifest
from zdl_bench.store.store import Store
from zdl_bench.training.loop import train

SWEEP = ("dataset=digits", "executor=serial", "report=false", "steps=20", *SMALL)


@pytest.mark.slow
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
    one = compare_runs(replace(run, digest="0" * 64), run)
    assert one.agreement is Agreement.DIFFERENT
    assert one.explanation == "fields that differ: digest"
    assert (
        compare_runs(replace(run, end=dict(run.end) | {"test_loss": 0.99}), run).explanation
        == "fields that differ: end.test_loss"
    )
    probes = replace(run.curve.probes, probe_loss=run.curve.probes.probe_loss * 2)
    doubled = replace(run, curve=replace(run.curve, probes=probes))
    assert compare_runs(doubled, run).explanation == "fields that differ: probes.probe_loss"


def test_on_another_kernel_bits_are_not_expected(digits):
    run = train(digits_config())
    elsewhere = replace(tampered(run, step=3), environment=dict(run.environment) | {"blas_kernel": "SomethingElse"})
    one = compare_runs(elsewhere, run)
    assert one.agreement is Agreement.CLOSE
    assert one.agrees
    assert "the same bits cannot be expected here" in one.explanation
    assert "SomethingElse" in one.explanation
    assert "a relative tolerance of 0.001" in one.explanation
    far = replace(elsewhere, curve=replace(run.curve, train_loss=run.curve.train_loss * 1.01))
    assert compare_runs(far, run).agreement is Agreement.NOT_CLOSE
    assert compare_runs(far, run).first_difference == 1


def test_first_difference():
    a = np.array([1.0, np.nan, 3.0])
    assert find_first_difference(a, a.copy(), 0.0) is None
    assert find_first_difference(a, np.array([1.0, np.nan, 3.1]), 0.0) == 3
    assert find_first_difference(a, a[:2], 0.0) == 3
    assert find_first_difference(a, np.array([1.0005, np.nan, 3.0]), 1e-3) is None
    assert find_first_difference(a, np.array([1.005, np.nan, 3.0]), 1e-3) == 1


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
    assert "give the number of runs to verify, at least 1" in outcome.err


def test_diverged_runs_are_verified_too(command, digits):
    command("lr=1e6", *SWEEP)
    assert load_results("results").runs["status"].tolist() == ["diverged"]
    assert "1 same bits" in command("verify").out


@pytest.fixture
def four(command, digits):
    """A sweep of four runs, of which the second cannot be read and the last has failed."""
    command("-m", "seed=range(0,4)", "name=mine", *SWEEP)
    store = Store("results")
    manifest = store.read_manifest("mine")
    store.run_path(manifest.run_ids[1]).write_bytes(b"PAR1")
    store.write(Run(store.read(manifest.run_ids[3]).config, Status.FAILED, failure=Failure("OSError", "no disk", "")))
    return store, manifest


@pytest.mark.slow
def test_a_damaged_file_is_named_and_the_others_are_verified(four, command):
    _, manifest = four
    outcome = command("verify")
    assert outcome.status == 2
    assert outcome.err.startswith(f"error: results/runs/{manifest.run_ids[1][:2]}/{manifest.run_ids[1]}.parquet is damaged")
    lines = [line for line in outcome.out.splitlines() if "seed=" in line]
    assert {line[:16]: line.partition(": ")[2][:9] for line in lines} == {
        manifest.run_ids[0]: "same bits",
        manifest.run_ids[2]: "same bits",
        manifest.run_ids[3]: "without a",
    }
    assert "verified 2 runs: 2 same bits, 1 without a stored result, 1 unsound" in outcome.out


@pytest.mark.slow
def test_a_damaged_file_counts_more_than_a_difference(four, command):
    store, manifest = four
    store.write(replace(store.read(manifest.run_ids[0]), digest="0" * 64))
    outcome = command("verify")
    assert outcome.status == 2
    assert "verified 2 runs: 1 same bits, 1 different, 1 without a stored result, 1 unsound" in outcome.out


def test_a_sweep_of_damaged_files_alone(four, command):
    store, manifest = four
    for run_id in manifest.run_ids:
        store.run_path(run_id).write_bytes(b"PAR1")
    outcome = command("verify")
    assert outcome.status == 2
    assert len(outcome.err.splitlines()) == 4
    assert "verified 0 runs: 4 unsound" in outcome.out


def test_a_result_that_calls_itself_a_failure_is_compared(command, digits):
    command(*SWEEP, "name=mine")
    store = Store("results")
    [run_id] = store.read_manifest("mine").run_ids
    store.write(replace(store.read(run_id), status=Status.FAILED, failure=Failure("OSError", "no disk", "")))
    outcome = command("verify")
    assert outcome.status == 1
    assert "fields that differ: failure, status" in outcome.out


@pytest.fixture
def calls(monkeypatch):
    """How often the store decodes a run, and the cache of data sets is hashed; nothing is trained."""
    counts = Counter()

    def counted(name, function):
        def call(*arguments):
            counts[name] += 1
            return function(*arguments)

        return call

    monkeypatch.setattr(store_runs, "decode", counted("decoded", store_runs.decode))
    monkeypatch.setattr(contract, "content_hashes", counted("hashed", contract.content_hashes))
    monkeypatch.setattr(Processes, "execute", lambda self, configs, limits: iter(()))
    return counts


@pytest.mark.parametrize(("arguments", "decoded"), [(("--runs", "2"), 2), (("--runs", "9"), 6), ((), 6)])
def test_no_more_is_read_than_it_takes(arguments, decoded, command, digits, calls):
    command("-m", "seed=range(0,6)", *SWEEP)
    contract._map_and_hash.cache_clear()  # what this process has hashed before
    calls.clear()
    command("verify", *arguments)
    assert calls == {"decoded": decoded, "hashed": 1}


def test_runs_that_cannot_be_verified_are_not_counted(four, calls):
    store, manifest = four
    store.run_path(manifest.run_ids[0]).write_bytes(b"PAR1")
    verified = list(verify_runs(store, manifest, count=1, timeout=None))
    assert [one.run_id for one in verified] == manifest.run_ids[:2]
    assert calls["decoded"] == 1, "that of the third, which is to be trained"


def test_a_run_that_takes_too_long_is_stopped(command, digits, tmp_path):
    store = Store(tmp_path / "results")
    run = train(digits_config(steps=2))
    run = replace(run, config=replace(run.config, steps=5_000_000))
    store.write(run)
    store.write_manifest(Manifest("long", "", "command", [], [run.run_id], "2026-01-01T00:00:00+00:00"))
    outcome = command("verify", "--timeout", "0.2")
    assert outcome.status == 1
    assert "no result (stopped after 0.2 s" in outcome.out
    assert "verified 1 run: 1 no result" in outcome.out


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "inf", "1e9", "soon"])
def test_a_timeout_that_is_none_is_refused(command, seconds):
    outcome = command("verify", f"--timeout={seconds}")
    assert outcome.status == 2
    assert "--timeout" in outcome.err


@pytest.mark.slow
def test_forgeries_are_named_by_the_command(command, digits):
    """Each with a right checksum, and one with a lie about where it was made."""
    command("-m", "seed=range(0,6)", "name=mine", *SWEEP)
    store = Store("results")
    runs = [store.read(run_id) for run_id in store.read_manifest("mine").run_ids]
    probes = replace(runs[1].curve.probes, val_loss=runs[1].curve.probes.val_loss * (1 - 1e-9))
    forged = {
        "different (fields that differ: end.test_accuracy)": replace(runs[0], end=dict(runs[0].end) | {"test_accuracy": 0.99}),
        "different (fields that differ: probes.val_loss)": replace(runs[1], curve=replace(runs[1].curve, probes=probes)),
        "different (fields that differ: status)": replace(runs[2], status=Status.DIVERGED),
        "different (fields that differ: lr)": replace(runs[3], curve=replace(runs[3].curve, lr=runs[3].curve.lr * 2)),
        "same bits": replace(runs[4], train_seconds=1e-9, environment=dict(runs[4].environment) | {"cpu": "a faster one"}),
        "fields that differ: end.test_loss)": replace(
            runs[5],
            end=dict(runs[5].end) | {"test_loss": 0.1},
            environment=dict(runs[5].environment) | {"blas_kernel": "SomethingElse"},
        ),
    }
    for run in forged.values():
        store.write(run)
    outcome = command("verify")
    assert outcome.status == 1
    for words, run in forged.items():
        [line] = [line for line in outcome.out.splitlines() if line.startswith(run.run_id)]
        assert line.endswith(words), line
    assert "verified 6 runs: 1 same bits, 4 different, 1 not close" in outcome.out
    assert "not compared: environment, probes.train_seconds, train_seconds" in outcome.out


@pytest.mark.slow
@pytest.mark.skipif(platform.machine() != "x86_64", reason="the kernels of other processors have other names")
def test_runs_of_another_kernel_are_close(digits, tmp_path):
    """Of OpenBLAS itself, not of a file that claims so."""
    sweep = ("-m", "optimizer=sgd,adam", "name=mine", *SWEEP)
    assert run_process(*sweep, cwd=tmp_path, env=os.environ | {"OPENBLAS_CORETYPE": "Prescott"}).status == 0
    store = Store(tmp_path / "results")
    kernels = {store.read(run_id).environment["blas_kernel"] for run_id in store.run_ids()}
    if kernels == {describe_environment()["blas_kernel"]}:
        pytest.skip("there is one kernel only")
    outcome = run_process("verify", cwd=tmp_path)
    assert outcome.status == 0, outcome.out
    assert "verified 2 runs: 2 close" in outcome.out
    assert f"blas_kernel: {kernels.pop()} → " in outcome.out


def test_a_run_without_a_result_is_named(small_sweep, command):
    """It says nothing that could be compared, and is not passed over in silence."""
    small_sweep("-m", "seed=1,2", "name=mine")
    store = Store("results")
    victim = store.read_manifest("mine").run_ids[0]
    run = replace(store.read(victim), status=Status.FAILED, curve=None, end={}, digest=None, failure=Failure("X", "y", "z"))
    store.write(run)
    outcome = command("verify")
    assert outcome.status == 0
    assert f"{victim}  sgd lr=0.001 seed=1: without a stored result (failed; run the command of its sweep again)" in outcome.out
