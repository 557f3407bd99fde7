"""`rm`: a sweep and its own runs go, everything else stays."""

import fcntl
import io
import os
import sys

import pytest
from conftest import start_process, stored, wait_for
from own_stores import sweep_of, trained

from zdl_bench.store.store import Store


@pytest.fixture
def sweeps(tmp_path):
    """Two sweeps of four and two runs, of which they share one."""
    store = Store(tmp_path / "results")
    shared, *others = trained(seeds=range(4), steps=5)
    sweep_of(store, "wide", [shared, *others])
    sweep_of(store, "narrow", [shared, *trained(lr=0.2, seeds=[0], steps=5)])


def test_runs_of_other_sweeps_stay(command, sweeps, tmp_path):
    assert len(stored(tmp_path)) == 5
    outcome = command("rm", "wide", "--yes")
    assert outcome.status == 0
    assert "3 runs that no other sweep needs" in outcome.out
    assert "1 run stays, since other sweeps need it: narrow (1 run)" in outcome.out
    assert not (tmp_path / "results/sweeps/wide").exists()
    assert [path.stem for path in stored(tmp_path)] == sorted(Store("results").read_manifest("narrow").run_ids)
    assert not Store("results").read_all(Store("results").read_manifest("narrow").run_ids).missing
    assert command("rm", "wide", "--yes").status == 2


def test_nothing_is_removed_without_a_yes(command, sweeps, tmp_path, monkeypatch):
    before = stored(tmp_path)
    outcome = command("rm", "wide")
    assert outcome.status == 2
    assert "--yes" in outcome.err

    class Terminal(io.StringIO):
        def isatty(self):
            return True

    for answer in ("n\n", "\n", ""):
        monkeypatch.setattr(sys, "stdin", Terminal(answer))
        assert "nothing was removed" in command("rm", "wide").out
    assert stored(tmp_path) == before
    monkeypatch.setattr(sys, "stdin", Terminal("y\n"))
    assert "removed wide" in command("rm", "wide").out
    assert len(stored(tmp_path)) == 2


def test_a_damaged_manifest_keeps_everything(command, sweeps, tmp_path):
    (tmp_path / "results/sweeps/narrow/sweep.json").write_text("{")
    before = stored(tmp_path)
    outcome = command("rm", "wide", "--yes")
    assert outcome.status == 2
    assert "nobody knows which runs narrow needs" in outcome.err
    assert stored(tmp_path) == before


@pytest.mark.parametrize("link", ["sweeps/wide", "runs", "sweeps"])
def test_links_are_not_followed(command, sweeps, tmp_path, link):
    outside = tmp_path / "outside"
    (tmp_path / "results" / link).rename(outside)
    (tmp_path / "results" / link).symlink_to(outside)
    before = sorted(outside.rglob("*"))
    outcome = command("rm", "wide", "--yes")
    assert outcome.status == 2
    assert "is a link" in outcome.err
    assert sorted(outside.rglob("*")) == before


def test_of_several_links_the_first_is_named(command, tmp_path):
    """The same one each time, whatever the order of a set."""
    store = sweep_of(Store(tmp_path / "results"), "wide", trained(seeds=range(12), steps=5))
    folders = sorted({path.parent for path in stored(tmp_path)})
    for folder in folders:
        folder.rename(tmp_path / folder.name)
        folder.symlink_to(tmp_path / folder.name)
    outcome = command("rm", "wide", "--yes")
    assert outcome.status == 2
    assert f"{store.root.relative_to(tmp_path) / 'runs' / folders[0].name} is a link" in outcome.err


def test_a_link_within_the_sweep_goes_without_what_it_leads_to(command, sweeps, tmp_path):
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "thesis.txt").write_text("all of it")
    (tmp_path / "results/sweeps/wide/figures").symlink_to(precious)
    first = stored(tmp_path)[0]
    moved = first.rename(tmp_path / "run.parquet")
    first.symlink_to(moved)
    assert command("rm", "wide", "--yes").status == 0
    assert (precious / "thesis.txt").read_text() == "all of it"
    assert moved.exists()


def test_names_lead_to_sweeps_alone(command, sweeps, tmp_path):
    for name in ("../../etc", ".", "..", "/etc", "wide/../narrow", ""):
        assert command("rm", name, "--yes").status == 2
    assert len(stored(tmp_path)) == 5


def test_a_store_in_use_is_left_alone(command, sweeps, tmp_path):
    lock = os.open(tmp_path / "results/runs", os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_SH)
    outcome = command("rm", "wide", "--yes")
    os.close(lock)
    assert outcome.status == 2
    assert "a sweep is being written" in outcome.err
    assert len(stored(tmp_path)) == 5


@pytest.mark.slow
def test_nothing_is_removed_while_a_sweep_is_written(command, sweeps, tmp_path):
    """The sweep holds the store from its first run to its last; a sweep that was killed holds it no longer."""
    arguments = ("problem=bowl", "report=false", "n_jobs=1", "steps=20000", "seed=range(0,200)", "name=long")
    running = start_process("-m", *arguments, cwd=tmp_path)
    try:
        wait_for(lambda: len(stored(tmp_path)) > 6)
        outcome = command("rm", "wide", "--yes")
        assert outcome.status == 2
        assert "a sweep is being written" in outcome.err
    finally:
        running.kill()
        running.communicate()
    wait_for(lambda: command("rm", "wide", "--yes").status == 0)
    assert (tmp_path / "results/sweeps/long").exists()


def test_a_removal_that_was_killed_is_completed(command, sweeps, tmp_path):
    """Runs go first and the manifest last, so the sweep is there until all of it is gone."""
    own = {*Store("results").read_manifest("wide").run_ids} - {*Store("results").read_manifest("narrow").run_ids}
    Store("results").run_path(sorted(own)[0]).unlink()
    assert command("ls").status == 0
    assert command("rm", "wide", "--yes").status == 0
    assert len(stored(tmp_path)) == 2
