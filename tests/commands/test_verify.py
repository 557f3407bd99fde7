"""verify: stored runs are trained again; it notices what differs, and where."""

import math
import shutil
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from conftest import SMALL, digits_config, part, quadratic_config, trained_by
from own_images import add_dataset, copy_conf
from tiny_images import CONTENT

from zdl_bench import load_results
from zdl_bench.commands.comparison import Agreement, compare_runs, first_difference
from zdl_bench.commands.verify import verify_runs
from zdl_bench.datasets import cache
from zdl_bench.executors.processes import Processes
from zdl_bench.registry import conf_files, registry
from zdl_bench.run.config import ENGINE_VERSION, Choice
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


@pytest.mark.slow
def test_the_first_differing_step_is_named(command, digits, tmp_path):
    store = Store(tmp_path / "results")
    run = tampered(train(digits_config("adam", lr=0.01)), step=17)
    store.write(run)
    store.write_manifest(Manifest("mine", "", "command", [], [run.run_id], "2026-01-01T00:00:00+00:00"))
    outcome = command("verify")
    assert outcome.status == 1
    assert f"{run.run_id}  adam lr=0.01 seed=0: different from step 17" in outcome.out
    assert "1 different" in outcome.out


def with_probes(run, **changes):
    return replace(run, curve=replace(run.curve, probes=replace(run.curve.probes, **changes)))


def test_other_weights_under_equal_losses_are_noticed(digits):
    run = train(digits_config())
    one = compare_runs(replace(run, digest="0" * 64), run)
    assert one.agreement is Agreement.DIFFERENT
    assert one.first_difference is None
    assert one.explanation == "differing: digest; the numbers at the end are the same"
    higher = compare_runs(replace(run, end={**run.end, "test_loss": run.end["test_loss"] + 0.25}), run)
    assert higher.explanation == "differing: end.test_loss; at the end: test_loss -0.25"
    doubled = compare_runs(with_probes(run, gradient_norm=run.curve.probes.gradient_norm * 2), run)
    assert doubled.first_difference == run.curve.probes.step[run.curve.probes.gradient_norm > 0][0]
    assert "differing: probes.gradient_norm;" in doubled.explanation


def test_the_values_of_the_first_differing_step_are_told_apart(digits):
    run = train(digits_config())
    ours, theirs = (tampered(run, step=3).curve.train_loss[2].item(), run.curve.train_loss[2].item())
    one = compare_runs(tampered(run, step=3), run)
    assert one.first_difference == 3
    assert one.explanation.startswith(f"train_loss {ours!r} → {theirs!r}; differing: digest, train_loss; ")
    assert ours != theirs


def test_the_numbers_at_the_end_are_compared(digits):
    run = train(digits_config())
    far = replace(
        run, curve=replace(run.curve, train_loss=run.curve.train_loss + 0.5), end=run.end | {"test_accuracy": math.nan}
    )
    one = compare_runs(far, run)
    assert f"at the end: final_train_loss -0.5, test_accuracy none → {run.end['test_accuracy']:g}" in one.explanation
    assert one.fresh is run


def test_what_rests_on_numpys_random_state_says_so(digits):
    spawned, legacy = (train(digits_config(rng=rng)) for rng in ("spawned", "legacy"))
    assert "RandomState" not in compare_runs(replace(spawned, digest="0" * 64), spawned).explanation
    assert compare_runs(replace(legacy, digest="0" * 64), legacy).explanation.endswith(
        "rng=legacy: its bits hold only where NumPy's RandomState draws the same numbers"
    )
    assert compare_runs(legacy, legacy).explanation == ""


def test_first_difference():
    """Of everything that is recorded step by step; a curve may end early, and a start has the step 0."""
    curve = train(quadratic_config(steps=6)).curve

    def found(**changes):
        return first_difference(replace(curve, **changes), curve)

    def shifted(values, *place):
        changed = values.copy()
        changed[place] += 1.0
        return changed

    assert found() == (None, "")
    assert first_difference(None, curve) == (None, "")
    loss = curve.train_loss[2].item()
    assert found(train_loss=shifted(curve.train_loss, 2)) == (3, f"train_loss {loss + 1!r} → {loss!r}")
    assert found(train_loss=curve.train_loss[:4]) == (5, "train_loss ends before it in the file")
    assert first_difference(curve, replace(curve, lr=curve.lr[:4])) == (5, "lr ends before it here")
    assert found(train_loss=np.where(np.arange(6) == 3, np.nan, curve.train_loss))[1].startswith("train_loss nan → ")
    nan = replace(curve, train_loss=np.full(6, np.nan))
    assert first_difference(nan, nan) == (None, "")
    assert found(train_loss=shifted(curve.train_loss, 4), lr=shifted(curve.lr, 1))[0] == 2
    start = curve.points[0, 1].item()
    assert found(points=shifted(curve.points, 0, 1)) == (0, f"points[1] {start + 1!r} → {start!r}")
    assert found(points=None) == (None, "")


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
        assert f"cannot be trained here (optimizer={name}: there is no such optimizer" in outcome.out
        assert "verified 0 runs: 1 cannot be trained here" in outcome.out


@pytest.mark.parametrize("arguments", [["--runs", "0"], ["--runs", "-1"]])
def test_a_count_below_1_is_refused(command, digits, arguments):
    command(*SWEEP)
    outcome = command("verify", *arguments)
    assert outcome.status == 2
    assert "give the number of runs to verify, at least 1" in outcome.err


@pytest.mark.slow
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


@pytest.mark.slow
def test_a_result_that_calls_itself_a_failure_is_compared(command, digits):
    command(*SWEEP, "name=mine")
    store = Store("results")
    [run_id] = store.read_manifest("mine").run_ids
    store.write(replace(store.read(run_id), status=Status.FAILED, failure=Failure("OSError", "no disk", "")))
    outcome = command("verify")
    assert outcome.status == 1
    assert "differing: failure, status" in outcome.out


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
    monkeypatch.setattr(cache, "content_hashes", counted("hashed", cache.content_hashes))
    monkeypatch.setattr(Processes, "execute", lambda self, configs, limits: iter(()))
    return counts


@pytest.mark.slow
@pytest.mark.parametrize(("arguments", "decoded"), [(("--runs", "2"), 2), (("--runs", "9"), 6), ((), 6)])
def test_no_more_is_read_than_it_takes(arguments, decoded, command, digits, calls):
    command("-m", "seed=range(0,6)", *SWEEP)
    cache._map_and_hash.cache_clear()  # what this process has hashed before
    calls.clear()
    command("verify", *arguments)
    assert calls == {"decoded": decoded, "hashed": 1}


def test_runs_that_cannot_be_verified_are_not_counted(four, calls):
    store, manifest = four
    store.run_path(manifest.run_ids[0]).write_bytes(b"PAR1")
    verified = list(verify_runs(store, manifest, count=1, timeout=None))
    assert [one.run_id for one in verified] == manifest.run_ids[:2]
    assert calls["decoded"] == 1, "that of the third, which is to be trained"


@pytest.mark.slow
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
    """Each with a right checksum; a lie about where a run was made excuses nothing."""
    command("-m", "seed=range(0,6)", "name=mine", *SWEEP)
    store = Store("results")
    runs = [store.read(run_id) for run_id in store.read_manifest("mine").run_ids]
    val_loss = runs[1].curve.probes.val_loss * (1 - 1e-9)
    forged = {
        "differing: end.test_accuracy; at the end: test_accuracy": replace(runs[0], end={**runs[0].end, "test_accuracy": 0.99}),
        "differing: probes.val_loss; at the end: tail_loss": with_probes(runs[1], val_loss=val_loss),
        "differing: status;": replace(runs[2], status=Status.DIVERGED),
        "from step 1 (lr 0.002 → 0.001; differing: lr;": replace(
            runs[3], curve=replace(runs[3].curve, lr=runs[3].curve.lr * 2)
        ),
        "same bits": replace(runs[4], train_seconds=1e-9, environment=dict(runs[4].environment) | {"cpu": "a faster one"}),
        "differing: end.test_loss;": replace(
            runs[5], end={**runs[5].end, "test_loss": 0.1}, environment=dict(runs[5].environment) | {"numpy": "another"}
        ),
    }
    for run in forged.values():
        store.write(run)
    outcome = command("verify")
    assert outcome.status == 1
    for words, run in forged.items():
        [line] = [line for line in outcome.out.splitlines() if line.startswith(run.run_id)]
        assert words in line
    assert "verified 6 runs: 1 same bits, 5 different" in outcome.out
    assert "not compared: environment, probes.train_seconds, train_seconds" in outcome.out


@pytest.mark.slow
def test_what_cannot_be_trained_here_stops_no_other(command, digits, tmp_path):
    """Each says what it lacks and what to do; the sound run is verified, and nothing counts as a difference."""
    store, sound = Store(tmp_path / "results"), train(digits_config(steps=2))
    unlike = {
        "there is no such optimizer": {"optimizer": Choice("nameless", {})},
        "its code differs from the code": {"optimizer": replace(part("optimizer", "adam"), source="0" * 16)},
        "restore that YAML": {"dataset": Choice("digits", {"checksum": "0" * 64, "validation_size": 300})},
        "there is no such dataset": {"dataset": Choice("nowhere", {"checksum": "0" * 64, "validation_size": 300})},
    }
    runs = {words: replace(sound, config=replace(sound.config, **changes)) for words, changes in unlike.items()}
    for run in (*runs.values(), sound):
        store.write(run)
    ids = [run.run_id for run in (*runs.values(), sound)]
    store.write_manifest(Manifest("mixed", "", "command", [], ids, "2026-01-01T00:00:00+00:00"))
    for arguments in ((), ("--runs", "1")):
        outcome = command("verify", *arguments)
        assert outcome.status == 0, outcome.err
        for words, run in runs.items():
            [line] = [line for line in outcome.out.splitlines() if line.startswith(run.run_id)]
            assert ": cannot be trained here (" in line
            assert words in line
        assert "verified 1 run: 1 same bits, 4 cannot be trained here" in outcome.out
    store.write(replace(sound, digest="0" * 64))
    assert command("verify").status == 1


def test_missing_data_are_named_with_the_remedy(command, digits, tmp_path, monkeypatch):
    conf = copy_conf(tmp_path / "checkout")
    add_dataset(conf, "letters", CONTENT.train_images, CONTENT.train_labels)
    monkeypatch.setattr(conf_files, "CONF", conf)
    shutil.rmtree(tmp_path / "checkout" / "data")
    about = {"checksum": registry.dataset("letters").checksum, "validation_size": 10}
    letters = Choice("letters", about, registry.source("dataset", "letters"))
    bowl, run = train(quadratic_config(steps=2)), train(digits_config(steps=2))
    store = Store(tmp_path / "results")
    lacking = replace(run, config=replace(run.config, dataset=letters))
    for one in (bowl, lacking):
        store.write(one)
    store.write_manifest(Manifest("mixed", "", "command", [], [lacking.run_id, bowl.run_id], "2026-01-01T00:00:00+00:00"))
    outcome = command("verify")
    assert outcome.status == 0
    assert f"{lacking.run_id}  sgd lr=0.001 seed=0: cannot be trained here (dataset.dir=" in outcome.out
    assert "verified 1 run: 1 same bits, 1 cannot be trained here" in outcome.out


@pytest.fixture
def learning(command, digits):
    """Return a sweep in which Adam learns faster than SGD on each of ten seeds, with a claim that says so."""
    sweep = ("optimizer=sgd,adam", "lr=0.01", "seed=range(0,10)", "problem=quadratic", "problem.gradient_noise=0.1", "steps=60")
    assert command("-m", *sweep, "name=mine", "executor=serial", "report=false").status == 0
    store = Store("results")
    manifest = store.read_manifest("mine")
    sides = {"first": {"optimizer": "sgd"}, "second": {"optimizer": "adam"}}
    claim = {"id": "1", "sentence": "SGD ends lower.", "source": "none", "kind": "superiority", "metric": "tail_loss", **sides}
    manifest = replace(manifest, experiment={"title": "mine", "claims": [claim]})
    store.write_manifest(manifest)
    return store, manifest


def raised(run, factor):
    losses = run.curve.probes.probe_loss * np.where(run.curve.probes.step > 0, factor, 1.0)
    return with_probes(run, probe_loss=losses)


@pytest.mark.slow
def test_what_the_differences_change_is_said(learning, command):
    store, manifest = learning
    runs = [store.read(run_id) for run_id in manifest.run_ids]
    store.write(raised(runs[0], 1 + 1e-9))
    outcome = command("verify")
    assert outcome.status == 1
    assert "with the fresh runs in place of the different ones, no finding and no verdict would change" in outcome.out
    for run in runs:
        store.write(raised(run, 1e-3 if run.config.optimizer.name == "sgd" else 1.0))
    outcome = command("verify")
    assert "with the fresh runs in place of the different ones, these findings and verdicts would change" in outcome.out
    [claim] = [line for line in outcome.out.splitlines() if line.startswith("  claim 1: ")]
    assert " → " in claim
    assert "Lowest loss at the end" not in outcome.out, "the claim has the error of the page"
    assert "findings and verdicts" not in command("verify", "--runs", "2").out, "not all runs were trained"


@pytest.fixture
def old_sweep(command, digits):
    """Return a sweep of two runs of an earlier engine."""
    store = Store("results")
    runs = [trained_by(0, digits_config(seed=seed, steps=2)) for seed in (0, 1)]
    for run in runs:
        store.write(run)
    store.write_manifest(Manifest("old", "", "the command", [], [run.run_id for run in runs], "2026-01-01T00:00:00+00:00"))
    return store, runs


def test_runs_of_another_engine_are_not_trained(old_sweep, command, calls):
    outcome = command("verify")
    assert outcome.status == 2
    assert outcome.out == ""
    assert "old: another engine, nothing is trained" in outcome.err
    assert f"was made by engine 0, this is engine {ENGINE_VERSION}; run its sweep's command again: the command" in outcome.err
    assert calls["hashed"] == 0


@pytest.mark.slow
def test_runs_of_another_engine_stop_no_other(old_sweep, command):
    """A sweep of several engines is made by hand; each of its runs is what it is."""
    store, [first, second] = old_sweep
    new = train(digits_config(steps=2))
    store.write(new)
    ids = [first.run_id, second.run_id, new.run_id]
    store.write_manifest(Manifest("mixed", "", "the command", [], ids, "2027-01-01T00:00:00+00:00"))
    outcome = command("verify")
    assert outcome.status == 0
    assert f"{first.run_id}  sgd lr=0.001 seed=0: another engine (run {first.run_id} was made by engine 0" in outcome.out
    assert "verified 1 run: 1 same bits, 2 another engine" in outcome.out


@pytest.mark.slow
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
