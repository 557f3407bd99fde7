"""Sweeps that are killed, interrupted, out of disk or damaged, and two at once: the same command makes the same store.

`python tests/release/kills.py` does it two hundred times.
"""

import os
import random
import shutil
import signal
from dataclasses import replace

import pytest
from disturbances.case import Undisturbed
from disturbances.disks import Disk, can_mount
from disturbances.leftovers import leftovers
from disturbances.plan import ROUND, is_possible, kill, kind_of
from disturbances.soundness import problems
from disturbances.sweeping import SWEEP, WITH_REPORT, Place, Start, completed

from zdl_bench.report.build import build_report

pytestmark = pytest.mark.slow

SEED = int(os.environ.get("ZDL_BENCH_KILL_SEED", random.SystemRandom().randrange(10**6)))
"""Another one each time, so that kills come at other moments; a failure names it."""


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    return Undisturbed.made_in(tmp_path_factory.mktemp("undisturbed"))


@pytest.fixture
def place(tmp_path, undisturbed):
    place = Place(tmp_path / "place")
    shutil.copytree(undisturbed.place.cache, place.cache, dirs_exist_ok=True)
    return place


@pytest.mark.parametrize("number", range(len(ROUND)), ids=lambda number: f"{number}-{kind_of(number)}".replace(" ", "_"))
def test_the_same_command_recovers(tmp_path, undisturbed, number):
    if not is_possible(kind_of(number), tmp_path):
        pytest.skip("no disk can be mounted here, which needs root or sudo")
    print(f"seed {SEED}: ZDL_BENCH_KILL_SEED={SEED} repeats it")
    outcome = kill(number, SEED, undisturbed, tmp_path)
    assert not outcome.problems, f"kill {number} of seed {SEED}: {outcome.told}"


def test_a_full_disk_under_the_cache(tmp_path, undisturbed):
    if not can_mount(tmp_path):
        pytest.skip("no disk can be mounted here, which needs root or sudo")
    place = Place(tmp_path / "place")
    disk = Disk(place.cache, kilobytes=64)
    try:
        ended = completed(place)
        assert ended.status == 2
        [line] = [line for line in ended.err.splitlines() if line.startswith("error:")]
        assert f"the cache {place.cache}" in line
        assert "cannot be written" in line
        assert "XDG_CACHE_HOME" in line
        assert "Traceback" not in ended.err
        disk.grow(kilobytes=4096)
        ended_well(Start(place, SWEEP))
        assert leftovers(place) == []
        assert problems(place, undisturbed.expected) == []
    finally:
        disk.remove()


FORCED = (*SWEEP, "force=true")


def forced(expected):
    """The manifest names the command of the start that made the runs."""
    return replace(expected, command=f"{expected.command} force=true")


def ended_well(*starts):
    for start in starts:
        ended = start.ended()
        assert (ended.status, "Traceback" in ended.err) == (0, False), ended.err


def test_two_sweeps_at_once_with_the_same_command(place, undisturbed):
    ended_well(Start(place, SWEEP), Start(place, SWEEP))
    assert problems(place, undisturbed.expected) == []
    assert leftovers(place) == []


def test_two_sweeps_at_once_with_grids_that_overlap(place, undisturbed):
    """The other has four of the first's runs, and four of its own."""
    other = tuple(argument.replace("sgd,adam", "adam,momentum").replace("name=sweep", "name=other") for argument in SWEEP)
    ended_well(Start(place, SWEEP), Start(place, other))
    assert completed(place, ("verify", "other", "--runs", "4")).status == 0
    own = set(place.store.run_ids()) - undisturbed.expected.results.keys()
    assert len(own) == 4
    for run_id in own:
        place.store.run_path(run_id).unlink()
        if not any(place.store.run_path(run_id).parent.iterdir()):  # ids may share their first digits
            place.store.run_path(run_id).parent.rmdir()
    assert place.store.read_manifest("other").finished
    shutil.rmtree(place.store.sweep_folder("other"))
    assert problems(place, undisturbed.expected) == []


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_one_of_two_is_killed_and_the_other_goes_on(place, undisturbed, number):
    killed, other = Start(place, SWEEP), Start(place, SWEEP)
    assert killed.wait_until(lambda: len(place.stored_files()) >= 3)
    killed.process.send_signal(number)
    killed.ended()
    ended_well(other)
    assert leftovers(place) == []
    ended_well(Start(place, SWEEP))
    assert problems(place, undisturbed.expected) == []


def test_a_start_leaves_alone_what_another_is_writing(place, undisturbed):
    """Sweep after sweep tidies up while one writes for a second and more."""
    writing = Start(place, FORCED)
    tidying = 0
    while not writing.has_ended:
        place.store.tidy()
        tidying += 1
    assert tidying > 100
    ended_well(writing)
    assert problems(place, forced(undisturbed.expected)) == []


def test_two_sweeps_at_once_that_make_all_runs_again(place, undisturbed):
    shutil.copytree(undisturbed.place.work, place.work, dirs_exist_ok=True)
    ended_well(Start(place, FORCED), Start(place, FORCED))
    assert problems(place, forced(undisturbed.expected)) == []


def test_two_reports_at_once(place, undisturbed):
    shutil.copytree(undisturbed.place.work, place.work, dirs_exist_ok=True)
    ended_well(Start(place, WITH_REPORT), Start(place, WITH_REPORT))
    assert problems(place, undisturbed.expected_with_report) == []


def test_a_sweep_and_those_who_read_its_store(place, undisturbed):
    """They see a part of the runs, each of them whole; what they leave does not keep the same command from its end."""
    sweep = Start(place, SWEEP)
    assert sweep.wait_until(lambda: len(place.stored_files()) >= 1)
    ended_well(*(Start(place, reader) for reader in (("ls",), ("verify", "sweep", "--runs", "1"), ("report", "sweep"))))
    ended_well(sweep)
    ended_well(Start(place, SWEEP))
    for part in ("figures", "tables"):
        shutil.rmtree(place.store.sweep_folder("sweep") / part)
    (place.store.sweep_folder("sweep") / "report.html").unlink()
    shutil.rmtree(place.cache / "matplotlib", ignore_errors=True)
    assert problems(place, undisturbed.expected) == []


def test_a_report_that_was_begun_before_the_end_leaves_the_sweep_finished(place, undisturbed):
    shutil.copytree(undisturbed.place.work, place.work, dirs_exist_ok=True)
    finished = place.store.read_manifest("sweep")
    build_report(place.store, replace(finished, finished=None), ["png"])
    assert place.store.read_manifest("sweep").finished == finished.finished
