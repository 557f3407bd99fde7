"""`merge`: stores of several people become one, after a check of every run and a second training of a sample."""

import os
import signal
from dataclasses import replace
from functools import partial

import pytest
from conftest import quadratic_config, start_process, trained_by, wait_for
from own_stores import NOISY, sweep_of, trained

from zdl_bench import load_results
from zdl_bench.api.keywords import call_text
from zdl_bench.run.config import Choice
from zdl_bench.run.run import Failure, Run, Status
from zdl_bench.store.manifest import Report, Summaries, UntilDecided
from zdl_bench.store.store import Store

LOOKED = Report(files=["report.html"])


def has_stored(root, count: int) -> bool:
    return len([*root.glob("results/runs/??/*.parquet")]) >= count


def content_of(root) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


@pytest.fixture
def both(tmp_path):
    """Two people who trained one sweep on other seeds, of which they share one."""
    alice = sweep_of(Store(tmp_path / "alice"), "study", [*trained(seeds=range(3)), *trained("adam", seeds=range(3))])
    bob = sweep_of(Store(tmp_path / "bob"), "study", [*trained(seeds=range(2, 5)), *trained("adam", seeds=range(2, 5))])
    return alice, bob


@pytest.mark.slow
def test_seeds_of_one_plan_are_pooled(command, both, tmp_path):
    outcome = command("merge", "alice", "bob")
    assert outcome.status == 0, outcome.err
    assert "alice: 6 runs, 6 new, 0 here already" in outcome.out
    assert "bob: 6 runs, 4 new, 2 here already" in outcome.out
    assert "study: 4 more runs of the same plan, 10 in all" in outcome.out
    assert outcome.out.count("same bits") == 6
    results = Store(tmp_path / "results")
    manifest = results.read_manifest("study")
    configs = [results.read(run_id).config for run_id in manifest.run_ids]
    assert [(one.optimizer.name, one.seed) for one in configs] == [
        (name, seed) for name in ("sgd", "adam") for seed in range(5)
    ]
    assert "'seed=range(0,5)'" in manifest.command
    assert len(load_results("results", "study").runs) == 10


def test_merging_again_changes_nothing(command, both, tmp_path):
    assert command("merge", "alice", "bob", "--verify", "0").status == 0
    before = content_of(tmp_path / "results")
    outcome = command("merge", "bob", "alice")
    assert outcome.status == 0
    assert outcome.out.count("study: here already") == 2
    assert content_of(tmp_path / "results") == before


def test_runs_are_written_as_this_program_writes_them(command, both, tmp_path):
    alice, _ = both
    assert command("merge", "alice", "--verify", "0").status == 0
    for path in tmp_path.glob("alice/runs/??/*.parquet"):
        assert (tmp_path / "results" / path.relative_to(alice.root)).read_bytes() == path.read_bytes()


def test_a_report_before_the_merge_was_a_look(command, tmp_path):
    sweep_of(Store(tmp_path / "alice"), "study", trained(seeds=range(3)), report=LOOKED)
    sweep_of(Store(tmp_path / "bob"), "study", trained(seeds=range(3, 8)), looks=[2])
    assert command("merge", "alice", "bob", "--verify", "0").status == 0
    assert Store("results").read_manifest("study").looks == [2, 3]


def test_what_nobody_checked_is_left_behind(command, tmp_path):
    """Reports and summaries of another store would be shown and used as if they were ours."""
    alice = sweep_of(Store(tmp_path / "alice"), "study", trained(seeds=range(3)), report=LOOKED)
    run_id = alice.read_manifest("study").run_ids[0]
    summary = ["a" * 64, "b" * 64, "completed", True, 0.0, 0.0, 1.0, "c" * 16]
    alice.write_manifest(replace(alice.read_manifest("study"), summaries=Summaries("d" * 64, {run_id: summary})))
    (alice.root / "sweeps/study/report.html").write_text("<script>alert(1)</script>")
    (alice.root / "runs/evil.txt").write_text("evil")
    assert command("merge", "alice", "--verify", "0").status == 0
    assert Store("results").read_manifest("study").summaries == Summaries()
    assert not [path for path in tmp_path.glob("results/**/*") if path.suffix in (".html", ".txt")]


def test_a_conflict_names_both_files_and_merges_nothing(command, both, tmp_path):
    alice, bob = both
    run_id = bob.read_manifest("study").run_ids[0]
    run = bob.read(run_id)
    curve = replace(run.curve, train_loss=run.curve.train_loss + 0.5)
    bob.write(replace(run, curve=curve, digest="0" * 64))
    for stores in (("alice", "bob"), ("bob", "alice")):
        outcome = command("merge", *stores, "--verify", "0")
        assert outcome.status == 2
        assert all(f"{name}/runs/{run_id[:2]}/{run_id}.parquet" in outcome.err for name in stores)
        assert "from step 1 " in outcome.err
        assert not (tmp_path / "results").exists()
    assert command("merge", "bob", "--verify", "0", "--results", "alice").status == 2
    assert alice.read(run_id).digest == run.digest


def test_numbers_beside_the_digest_conflict_too(command, both):
    _, bob = both
    run_id = bob.read_manifest("study").run_ids[0]
    run = bob.read(run_id)
    bob.write(replace(run, end={"test_accuracy": 1.0}))
    outcome = command("merge", "alice", "bob", "--verify", "0")
    assert outcome.status == 2
    assert "end.test_accuracy" in outcome.err


def test_invented_runs_are_found_by_training_them_again(command, tmp_path):
    runs = [replace(run, curve=replace(run.curve, train_loss=run.curve.train_loss / 2)) for run in trained(seeds=range(3))]
    sweep_of(Store(tmp_path / "mallory"), "study", runs)
    outcome = command("merge", "mallory", "--verify", "1")
    assert outcome.status == 1
    assert "different" in outcome.out
    assert "nothing was merged" in outcome.err
    assert not (tmp_path / "results").exists()


def test_runs_that_cannot_be_trained_here_need_trust(command, tmp_path):
    [run] = trained(seeds=[0])
    other = replace(run.config, optimizer=Choice("their_own", {}, "a" * 16))
    sweep_of(Store(tmp_path / "theirs"), "study", [replace(run, config=other)])
    outcome = command("merge", "theirs")
    assert outcome.status == 2
    assert "--verify 0" in outcome.err
    assert command("merge", "theirs", "--verify", "0").status == 0
    assert Store("results").has(other.run_id)


def test_damaged_runs_are_named_and_the_others_taken(command, both, tmp_path):
    alice, _ = both
    damaged, *sound = alice.read_manifest("study").run_ids
    alice.run_path(damaged).write_bytes(alice.run_path(damaged).read_bytes()[:-40])
    (alice.root / "sweeps/broken").mkdir()
    (alice.root / "sweeps/broken/sweep.json").write_text("{}")
    outcome = command("merge", "alice", "--verify", "0")
    assert outcome.status == 2
    assert damaged in outcome.err
    assert "broken" in outcome.err
    assert [*Store("results").run_ids()] == sorted(sound)


def test_a_damaged_manifest_here_is_named_before_anything_is_taken(command, both, tmp_path):
    here = sweep_of(Store(tmp_path / "results"), "study", [])
    (here.root / "sweeps/study/sweep.json").write_text("{")
    outcome = command("merge", "alice", "--verify", "0")
    assert outcome.status == 2
    assert "sweeps/study/sweep.json is damaged" in outcome.err
    assert not [*here.run_ids()]


def test_of_several_damaged_manifests_the_first_is_named(command, tmp_path):
    """The same one each time, whatever the order of a set."""
    names = [f"study{number}" for number in range(12)]
    for name in names:
        for root in ("alice", "results"):
            sweep_of(Store(tmp_path / root), name, [])
        (tmp_path / "results/sweeps" / name / "sweep.json").write_text("{")
    outcome = command("merge", "alice", "--verify", "0")
    assert outcome.status == 2
    assert "sweeps/study0/sweep.json is damaged" in outcome.err


def test_a_result_replaces_a_failure_and_a_damaged_file(command, both, tmp_path):
    alice, _ = both
    first, second, *_ = alice.read_manifest("study").run_ids
    here = Store(tmp_path / "results")
    failed = Run(alice.read(first).config, Status.FAILED, failure=Failure("ValueError", "no", ""))
    sweep_of(here, "mine", [failed, alice.read(second)])
    here.run_path(second).write_bytes(b"PAR1")
    assert command("merge", "alice", "--verify", "0").status == 0
    assert here.read(first).status is Status.COMPLETED
    assert here.read(second).digest == alice.read(second).digest
    alice.write(failed)
    assert command("merge", "alice", "--verify", "0").status == 0
    assert here.read(first).status is Status.COMPLETED, "a failure replaces no result"


def test_another_plan_of_the_same_name_gets_a_name_of_its_own(command, tmp_path):
    sweep_of(Store(tmp_path / "alice"), "study", trained(seeds=range(3)))
    sweep_of(Store(tmp_path / "bob"), "study", trained(lr=0.2, seeds=range(3)))
    for _ in range(2):
        outcome = command("merge", "alice", "bob", "--verify", "0")
        assert outcome.status == 0
        assert "another plan" in outcome.out
    first, second = Store("results").manifests()
    assert first.name == "study"
    assert second.name.startswith("study-")
    assert f"name={second.name}" in second.command
    assert {*second.run_ids} == {*Store("bob").read_manifest("study").run_ids}


def test_runs_that_are_missing_are_not_called_another_plan(command, both, tmp_path):
    _, bob = both
    bob.run_path(bob.read_manifest("study").run_ids[0]).unlink()
    bob.run_path(bob.read_manifest("study").run_ids[1]).unlink()
    outcome = command("merge", "alice", "bob", "--verify", "0")
    assert outcome.status == 0
    assert "another plan" not in outcome.out
    assert "study: without 1 run that cannot be read, nobody can tell whether it has the plan of the sweep study" in outcome.out
    assert len(Store("results").sweep_names()) == 2


def test_the_plan_of_a_damaged_run_is_known_by_its_config(command, both, tmp_path):
    """Only the losses are damaged; the command of the sweep repeats the run."""
    _, bob = both
    here = sweep_of(Store(tmp_path / "results"), "study", trained(seeds=range(3)))
    path = here.run_path(here.read_manifest("study").run_ids[0])
    content = bytearray(path.read_bytes())
    content[4:40] = bytes(36)
    path.write_bytes(content)
    assert here.read_all([path.stem]).missing
    sweep_of(bob, "study", trained(seeds=range(3, 5)))
    outcome = command("merge", "bob", "--verify", "0")
    assert outcome.status == 0, outcome.err
    assert "study: 2 more runs of the same plan, 5 in all" in outcome.out


def test_a_call_in_python_stays_as_it_was_typed(command, tmp_path):
    call = "zdl_bench.sweep(optimizer=[Sign(beta=0.9), 'sgd'], seed=range(0, 3), name='study', **{'problem.hidden': (8,)})"
    assert call.startswith(call_text({}).removesuffix(")"))
    sweep_of(Store(tmp_path / "alice"), "study", trained(seeds=range(3)), command=call)
    sweep_of(Store(tmp_path / "bob"), "study", trained(seeds=range(2, 5)), command=call)
    sweep_of(Store(tmp_path / "carol"), "study", trained(lr=0.2, seeds=range(3)), command=call)
    assert command("merge", "alice", "bob", "carol", "--verify", "0", "--results", "all").status == 0
    manifests = Store("all").manifests()
    assert [len(one.run_ids) for one in manifests] == [5, 3]
    assert [one.command for one in manifests] == [call, call]


@pytest.mark.parametrize(
    "about",
    [{"tuning_seeds": [0]}, {"experiment": {"title": "other"}}, {"until": UntilDecided(0, 40)}],
    ids=["tuning seeds", "experiment", "until"],
)
def test_a_plan_is_more_than_its_runs(command, tmp_path, about):
    sweep_of(Store(tmp_path / "alice"), "study", trained(seeds=range(3)))
    sweep_of(Store(tmp_path / "bob"), "study", trained(seeds=range(3)), **about)
    assert "another plan" in command("merge", "alice", "bob", "--verify", "0").out
    assert len(Store("results").sweep_names()) == 2


def test_planned_looks_take_no_seeds_that_were_not_planned(command, tmp_path):
    plan = UntilDecided(0, 40)
    sweep_of(Store(tmp_path / "alice"), "study", trained(seeds=range(3)), until=plan)
    sweep_of(Store(tmp_path / "bob"), "study", trained(seeds=range(4)), until=plan)
    sweep_of(Store(tmp_path / "carol"), "study", trained(seeds=range(20, 23)), until=plan)
    assert "study: 1 more runs" in command("merge", "alice", "bob", "--verify", "0").out
    assert "another plan" in command("merge", "carol", "--verify", "0").out


def test_runs_of_another_engine_are_taken_and_never_trained(command, tmp_path):
    sweep_of(Store(tmp_path / "old"), "old", [trained_by(1, quadratic_config(problem=NOISY))])
    outcome = command("merge", "old")
    assert outcome.status == 0
    assert "same bits" not in outcome.out
    assert command("ls").status == 0


def test_a_store_is_not_merged_into_itself(command, both):
    outcome = command("merge", "alice", "--results", "alice")
    assert outcome.status == 2
    assert "this is the store to merge into" in outcome.err
    for arguments in (("nowhere",), ("alice", "--verify", "-1"), ()):
        assert command("merge", *arguments).status == 2


@pytest.mark.slow
def test_a_merge_that_is_killed_loses_nothing(tmp_path, command):
    """Files are whole or absent, and the same command completes the merge."""
    runs = trained(seeds=range(200), steps=5)
    sweep_of(Store(tmp_path / "theirs"), "study", runs)
    command("merge", "theirs", "--verify", "0")
    undisturbed = content_of((tmp_path / "results").rename(tmp_path / "undisturbed"))
    for kill_after in (1, 120):
        running = start_process("merge", "theirs", "--verify", "0", cwd=tmp_path)
        wait_for(partial(has_stored, tmp_path, kill_after))
        os.kill(running.pid, signal.SIGKILL)
        running.communicate()
        results = Store(tmp_path / "results")
        assert not results.read_all(results.run_ids()).missing
    assert command("merge", "theirs", "--verify", "0").status == 0
    assert content_of(tmp_path / "results") == undisturbed
