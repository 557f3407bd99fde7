"""Sweeps from the command line: combinations, the store, resume, failures, exit status."""

import hashlib
import io
import json
import shutil
import subprocess
import sys
import threading
from dataclasses import replace

import pytest
from conftest import SMALL, quadratic_config, wait_for
from rich.console import Console

from zdl_bench import __version__, load_results
from zdl_bench.api.execution import find_lost_runs, plan
from zdl_bench.commands.summary import digest_lines, failures_table
from zdl_bench.registry import conf_files
from zdl_bench.run.atomic import DRAFTS
from zdl_bench.run.config import ENGINE_VERSION
from zdl_bench.run.run import Failure, Run, Status
from zdl_bench.store.encoding import encode
from zdl_bench.store.manifest import Summaries
from zdl_bench.store.run_file import file_of
from zdl_bench.store.runs import Hashes
from zdl_bench.store.store import Store
from zdl_bench.store.summaries import recall, summarize


def test_a_sweep_makes_every_combination_once(small_sweep):
    outcome = small_sweep("-m", "optimizer=sgd,adam", "lr=1e-3,1e-2", "seed=range(0,3)")
    assert outcome.status == 0
    runs = load_results("results").runs
    assert len(runs) == 12
    assert set(zip(runs["optimizer"], runs["lr"], runs["seed"], strict=True)) == {
        (optimizer, lr, seed) for optimizer in ("sgd", "adam") for lr in (1e-3, 1e-2) for seed in range(3)
    }
    assert "12 runs, 12 to train" in outcome.err
    assert "12/12 runs: 0 failed, 0 diverged, 0 from the store" in outcome.err
    assert "±" in outcome.out


def test_the_same_command_returns_from_the_store(small_sweep):
    first = small_sweep("-m", "seed=1,2,3")
    files = {path: path.stat().st_mtime_ns for path in Store("results").root.rglob("*.parquet")}
    manifest = next(Store("results").root.glob("sweeps/*/sweep.json")).read_text()
    again = small_sweep("-m", "seed=1,2,3")
    assert again.status == 0
    assert "all in the store, nothing to train" in again.err
    assert again.out == first.out
    assert {path: path.stat().st_mtime_ns for path in Store("results").root.rglob("*.parquet")} == files
    assert next(Store("results").root.glob("sweeps/*/sweep.json")).read_text() == manifest


def digest_of(outcome) -> str:
    (line,) = [line for line in outcome.out.splitlines() if line.startswith("digest:")]
    return line


@pytest.mark.slow
def test_the_digest_of_a_sweep_is_that_of_its_runs_in_any_order(small_sweep):
    line = digest_of(small_sweep("-m", "seed=1,2", "optimizer=sgd,adam", "name=one"))
    assert line.endswith("  (the same on every machine)")
    assert digest_of(small_sweep("-m", "optimizer=adam,sgd", "seed=2,1", "name=other")) == line
    runs = load_results("results").runs.sort_values("run_id")
    assert line.split()[1] == hashlib.sha256("".join(digest[:16] for digest in runs["digest"]).encode()).hexdigest()[:16]
    assert digest_of(small_sweep("-m", "optimizer=adam,sgd", "seed=2,3", "name=third")) != line


def test_the_digest_promises_nothing_for_the_articles_random_numbers(small_sweep):
    assert len(digest_of(small_sweep("rng=legacy")).split()) == 2


def test_the_digest_promises_nothing_for_own_code_and_needs_all_runs():
    own = quadratic_config()
    own = replace(own, optimizer=replace(own.optimizer, source="0" * 16))
    done = summarize(Run(own, Status.DIVERGED, digest="0" * 64), Hashes("", ""))
    assert len(digest_lines([done])[0].split()) == 2
    failed = summarize(Run(quadratic_config(), Status.FAILED, failure=Failure("OSError", "no", "")), Hashes("", ""))
    assert digest_lines([done, failed]) == []


@pytest.mark.slow
def test_a_wider_grid_costs_only_its_new_cells(small_sweep):
    small_sweep("-m", "seed=1,2")
    assert "2 to train, 2 in the store" in small_sweep("-m", "seed=1,2,3,4").err


def test_duplicates_are_made_once(small_sweep):
    assert "1 run, 1 to train" in small_sweep("-m", "lr=1e-3,0.001", "optimizer=sgd,sgd").err


def test_force_computes_again_and_gets_the_same(small_sweep):
    small_sweep()
    before = load_results("results").runs["digest"].tolist()
    outcome = small_sweep("force=true")
    assert "1 to train, 0 in the store" in outcome.err
    assert load_results("results").runs["digest"].tolist() == before


def test_any_hyper_parameter_can_be_swept(small_sweep):
    outcome = small_sweep("-m", "optimizer=adam", "optimizer.beta2=0.9,0.99", "problem.hidden=[4],[4,4]")
    runs = load_results("results").runs
    assert set(zip(runs["optimizer.beta2"], runs["problem.hidden"], strict=True)) == {
        (beta2, hidden) for beta2 in (0.9, 0.99) for hidden in ("[4]", "[4, 4]")
    }
    assert "optimizer.beta2" in outcome.out
    assert "problem.hidden" in outcome.out


def test_a_null_lr_is_the_default_of_the_optimizer(small_sweep):
    small_sweep("optimizer=adam")
    small_sweep("optimizer=adam", "lr=0.001")
    runs = load_results("results").runs
    assert runs["lr"].tolist() == [0.001]


def test_the_flag_may_stand_anywhere(small_sweep):
    assert "2 runs" in small_sweep("seed=1,2", "-m", "lr=0.01").err


def test_divergence_is_a_result(small_sweep):
    outcome = small_sweep("-m", "optimizer=sgd", "lr=1e-3,1e6")
    assert outcome.status == 0
    assert "1 diverged" in outcome.out
    runs = load_results("results").runs.sort_values("lr")
    assert runs["status"].tolist() == ["completed", "diverged"]
    assert "nothing to train" in small_sweep("-m", "optimizer=sgd", "lr=1e-3,1e6").err


def test_a_single_run_needs_no_flag(small_sweep):
    outcome = small_sweep("optimizer=momentum", "lr=0.01")
    assert outcome.status == 0
    assert load_results("results").runs["optimizer"].tolist() == ["momentum"]


@pytest.mark.slow
def test_a_glob_is_a_sweep_over_all_choices(small_sweep):
    assert small_sweep("-m", "schedule=glob(*)").status == 0
    assert set(load_results("results").runs["schedule"]) == set(conf_files.names("schedule"))


@pytest.mark.parametrize("multirun", [(), ("-m",)], ids=["a run", "a sweep"])
@pytest.mark.parametrize("arguments", [("probe.count=4", "probe={count:3}"), ("probe={count:3}", "probe.count=4")])
def test_a_key_is_given_once_also_within_a_dictionary(command, arguments, multirun):
    outcome = command("problem=bowl", "steps=5", "executor=serial", "report=false", *multirun, *arguments)
    assert outcome.status == 2
    assert "probe.count is already given" in outcome.err


def test_a_bug_of_ours_is_no_wrong_input(small_sweep, monkeypatch):
    from zdl_bench.api import sweep_execution

    def broken(configs, store, recalled):
        raise ValueError("a bug")

    monkeypatch.setattr(sweep_execution, "plan", broken)
    for arguments in ([], ["-m", "seed=1,2"]):
        with pytest.raises(ValueError, match="a bug"):
            small_sweep(*arguments)


def test_a_problem_without_data(command):
    outcome = command("problem=quadratic", "dataset=mnist", "dataset.dir=/nowhere", "report=false", "executor=serial", "lr=0.1")
    assert outcome.status == 0
    row = load_results("results").runs.iloc[0]
    assert row["dataset"] is None
    assert row["tail_loss"] < 1e-2


@pytest.mark.slow
def test_an_experiment_is_a_sweep(command, digits):
    base = ["dataset=digits", "executor=serial", "report=false", "steps=20", *SMALL]
    outcome = command("experiment=day64", "seed=1", *base)
    assert outcome.status == 0
    assert load_results("results").runs["optimizer"].tolist() != []
    assert set(load_results("results").runs["optimizer"]) == {
        "sgd", "momentum", "adagrad", "rmsprop_articles", "adam_articles",
    }  # fmt: skip
    manifest = Store("results").latest_manifest()
    assert manifest.name.startswith("day64-")
    assert manifest.title == "Five optimizers at one learning rate"
    assert "1 run," in command("-m", "experiment=day64", "seed=1", "optimizer=sgd", "lr=0.01", *base).err


def test_a_name_of_ones_own(small_sweep):
    small_sweep("name=mine", "-m", "seed=1,2")
    assert Store("results").read_manifest("mine").finished
    manifest = json.loads((Store("results").root / "sweeps/mine/sweep.json").read_text())
    assert len(manifest["run_ids"]) == 2
    assert manifest["command"].startswith("python -m zdl_bench dataset=digits")


def test_the_order_of_the_plan_is_the_order_of_the_manifest(small_sweep):
    small_sweep("-m", "seed=3,1,2", "name=ordered")
    store = Store("results")
    assert [store.read(run_id).config.seed for run_id in store.read_manifest("ordered").run_ids] == [3, 1, 2]


@pytest.mark.slow
@pytest.mark.parametrize("keep", [0, 1000])
def test_a_damaged_run_is_set_aside_and_made_again(small_sweep, command, keep):
    small_sweep("-m", "seed=1,2", "name=mine")
    store = Store("results")
    digests = load_results("results").runs["digest"].tolist()
    victim = store.read_manifest("mine").run_ids[0]
    path = store.run_path(victim)
    path.write_bytes(path.read_bytes()[:keep])
    for sweep, what in (((), "files cannot be read"), (("mine",), "planned runs are not in the store")):
        with pytest.warns(UserWarning, match=rf"1 of 2 {what}, 1 of them damaged \({victim}\)"):
            assert len(load_results("results", *sweep).runs) == 1
    reported = command("report")
    assert reported.status == 0
    assert f"1 of 2 planned runs are not in the store, 1 of them damaged ({victim}); train them with: python" in reported.err
    assert victim in command("verify").err
    assert "1 damaged" in command("ls").out
    outcome = small_sweep("-m", "seed=1,2", "name=mine")
    assert outcome.status == 0
    assert "was set aside" in outcome.err
    assert (store.root / "damaged" / path.name).is_file()
    assert load_results("results").runs["digest"].tolist() == digests


@pytest.fixture
def of_engine_0(small_sweep, command):
    """Return a store with a sweep as a program with engine 0 has left it."""
    small_sweep("-m", "seed=1,2", "name=mine")
    store = Store("results")
    manifest = store.read_manifest("mine")
    old = [replace(store.read(run_id), engine=0) for run_id in manifest.run_ids]
    shutil.rmtree("results")
    for run in old:
        store.write(run)
    store.write_manifest(replace(manifest, run_ids=[run.run_id for run in old], summaries=Summaries()))
    return store


@pytest.mark.slow
def test_a_sweep_of_another_engine_is_read_as_what_it_is_and_made_anew(of_engine_0, small_sweep, command):
    before = of_engine_0.read_manifest("mine").run_ids
    assert "2 completed (engine 0)" in command("ls").out
    reported = command("report")
    assert reported.status == 0
    assert "These are runs of engine 0" in reported.err
    assert "another engine, nothing is trained" in command("verify").err
    assert "2 to train" in small_sweep("-m", "seed=1,2", "name=mine", "dry_run=true").out
    assert small_sweep("-m", "seed=1,2", "name=mine").status == 0
    after = of_engine_0.read_manifest("mine").run_ids
    assert load_results("results").runs["run_id"].tolist() == sorted(after)
    assert sorted(of_engine_0.run_ids()) == sorted([*before, *after]), "nothing is lost"
    assert "2 completed " in command("ls").out
    assert command("report").err == ""


@pytest.mark.slow
def test_a_run_of_another_engine_is_left_out_of_what_is_read(small_sweep, command):
    """In a sweep whose other runs are of this engine; such a sweep is made by hand."""
    small_sweep("-m", "seed=1,2", "name=mine")
    store = Store("results")
    manifest = store.read_manifest("mine")
    old = replace(store.read(manifest.run_ids[0]), engine=0)
    store.write(old)
    store.write_manifest(replace(manifest, run_ids=[old.run_id, manifest.run_ids[1]]))
    with pytest.warns(UserWarning, match=rf"1 of 2 planned runs .*1 of them made by another engine \({old.run_id}\)"):
        assert len(load_results("results", "mine").runs) == 1
    reported = command("report")
    assert reported.status == 0
    assert f"1 of them made by another engine ({old.run_id})" in reported.err


@pytest.mark.slow
@pytest.mark.parametrize("changes", [{}, {"lr": 0.5}], ids=["the same config", "another config"])
def test_a_run_of_another_engine_in_the_place_of_a_run_is_set_aside(small_sweep, command, changes):
    """Every command says that it is another run; the sweep's own replaces it, and is done."""
    small_sweep("-m", "seed=1,2", "name=mine")
    store = Store("results")
    digests = load_results("results").runs["digest"].tolist()
    victim = store.read_manifest("mine").run_ids[0]
    run = store.read(victim)
    foreign = replace(run, engine=ENGINE_VERSION + 1, config=replace(run.config, **changes))
    store.run_path(victim).write_bytes(file_of(encode(foreign)))
    outcome = command("verify")
    assert outcome.status == 2
    assert f"{victim}.parquet is damaged (the file holds another run than its name or its metadata say)" in outcome.err
    assert f"1 completed (engine {ENGINE_VERSION + 1}), 1 completed" in command("ls").out
    assert "1 to train" in small_sweep("-m", "seed=1,2", "name=mine", "dry_run=true").out
    outcome = small_sweep("-m", "seed=1,2", "name=mine")
    assert outcome.status == 0
    assert "the file is damaged; its run is trained again" in outcome.err
    assert file_of(encode(foreign)) == (store.root / "damaged" / f"{victim}.parquet").read_bytes()
    assert load_results("results").runs["digest"].tolist() == digests
    assert "nothing to train" in small_sweep("-m", "seed=1,2", "name=mine").err


def test_another_sweeper_can_drive_the_launcher(small_sweep, tmp_path):
    outcome = small_sweep("-m", "hydra/sweeper=basic", "seed=1,2", "hydra.sweeper.max_batch_size=1")
    assert outcome.status == 0
    manifest = Store("results").latest_manifest()
    assert len(manifest.run_ids) == 2


def test_ls_lists_the_sweeps(small_sweep, command):
    small_sweep("-m", "seed=1,2", "name=first")
    small_sweep("lr=1e6", "name=second")
    outcome = command("ls")
    assert outcome.status == 0
    assert outcome.out.index("first") < outcome.out.index("second")
    assert "2 completed" in outcome.out
    assert "1 diverged" in outcome.out


def test_the_version_is_the_programs(command):
    assert command("--version").out == f"zdl_bench {__version__}\n"


def test_help_and_config_are_shown(command):
    outcome = command("--help")
    assert outcome.status == 0
    assert "adam_articles" in outcome.out
    assert "python -m zdl_bench report" in outcome.out
    outcome = command("--cfg", "job", "dataset=digits", "optimizer=adam", "lr=0.5")
    assert outcome.status == 0
    assert "lr: 0.5" in outcome.out
    assert "beta2: 0.999" in outcome.out
    assert list(Store(".").root.iterdir()) == []


def test_tab_completion(command, monkeypatch):
    monkeypatch.setenv("COMP_LINE", "zdl-bench optimizer=adag")
    assert command("-sc", "query=bash").out.split() == ["optimizer=adagrad"]
    monkeypatch.setenv("COMP_LINE", "zdl-bench optimizer=ada")
    offered = command("-sc", "query=bash").out.split()
    assert offered == [f"optimizer={name}" for name in conf_files.names("optimizer") if name.startswith("ada")]


@pytest.mark.slow
def test_composing_a_job_takes_less_than_10_ms(small_sweep, monkeypatch):
    """2,000 jobs in two combinations of groups, composed and validated: well under 20 s, on a slow machine too."""
    import time

    from zdl_bench.api import sweep_execution

    class Planned(Exception):
        pass

    def stop(configs, store, force):
        assert len(list(configs)) == 2000
        raise Planned

    monkeypatch.setattr(sweep_execution, "plan", stop)
    start = time.process_time()  # what others do on this machine does not count
    with pytest.raises(Planned):
        small_sweep("-m", "optimizer=sgd,adam", "seed=range(0,1000)")
    assert time.process_time() - start < 20


def test_small_losses_can_be_told_apart_on_the_terminal(command):
    surface = ("problem=bowl", "optimizer=adagrad", "steps=300", "dtype=float64", "executor=serial", "report=false")
    outcome = command("-m", "lr=1.5,2.5", *surface)
    rows = [line for line in outcome.out.splitlines() if "adagrad" in line and "│" in line]
    assert len(rows) == 2
    assert all("e-" in row for row in rows)
    assert rows[0].split("│")[-3] != rows[1].split("│")[-3]
    assert "test accuracy" not in outcome.out


def test_a_reason_is_no_markup(quadratic_failure):
    """What an exception says is printed as it is: rich would take brackets for its own, and a terminal obeys escapes."""
    console = Console(width=140, record=True, file=io.StringIO())
    console.print(failures_table([quadratic_failure("[/x] [red]\x1b[31m")]))
    assert "ValueError: [/x] [red]?[31m" in console.export_text()


@pytest.fixture
def quadratic_failure():
    def row(message):
        run = Run(quadratic_config(), Status.FAILED, failure=Failure("ValueError", message, ""))
        return summarize(run, Hashes("", ""))

    return row


@pytest.mark.slow
def test_what_is_gone_at_the_end_is_said_and_made_again(small_sweep, monkeypatch):
    """Whoever removes or moves the folder of runs while a sweep writes to it."""
    write = Store.write

    def write_and_lose(self, run):
        hashes = write(self, run)
        if run.config.seed == 3:
            shutil.rmtree(self.root / "runs")
        return hashes

    with monkeypatch.context() as patch:
        patch.setattr(Store, "write", write_and_lose)
        outcome = small_sweep("-m", "seed=1,2,3,4", "name=mine")
    assert outcome.status == 1
    assert "3 of 4 runs are no longer in results" in outcome.err
    assert "Start the same command again to train these runs again" in outcome.err
    assert Store("results").read_manifest("mine").finished is None
    again = small_sweep("-m", "seed=1,2,3,4", "name=mine")
    assert again.status == 0, again.err
    assert "3 to train, 1 in the store" in again.err
    assert len(load_results("results", "mine").runs) == 4


@pytest.mark.slow
@pytest.mark.parametrize("victim", ["all", "one file", "one file damaged"])
def test_a_store_that_is_gone_at_the_end_is_said(small_sweep, monkeypatch, tmp_path, victim):
    def lose(store):
        path = store.run_path(next(store.run_ids()))
        if victim == "all":
            store.root.rename(tmp_path / "moved")
        elif victim == "one file":
            path.unlink()
        else:
            path.write_bytes(path.read_bytes()[:-1])

    def lost_first(rows, store):
        lose(store)
        return find_lost_runs(rows, store)

    with monkeypatch.context() as patch:
        patch.setattr("zdl_bench.api.completeness.find_lost_runs", lost_first)
        outcome = small_sweep("-m", "seed=1,2", "name=mine")
    assert outcome.status == 1
    assert f"{2 if victim == 'all' else 1} of 2 runs" in outcome.err
    assert "mine" in [manifest.name for manifest in Store("results").manifests()]
    assert small_sweep("-m", "seed=1,2", "name=mine").status == 0
    assert len(load_results("results", "mine").runs) == 2


@pytest.mark.slow
def test_a_run_that_another_start_has_made_again_is_not_lost(small_sweep):
    """Its bytes are others: times differ."""
    small_sweep("-m", "seed=1,2", "name=mine")
    store = Store("results")
    found = store.read_all(store.read_manifest("mine").run_ids)
    rows = [summarize(run, hashes) for run, hashes in found.runs]
    store.write(replace(found.runs[0][0], train_seconds=1.0))
    assert find_lost_runs(rows, store) == []
    store.run_path(rows[1].run_id).unlink()
    assert find_lost_runs(rows, store) == [rows[1].run_id]


# Two starts on one store.


@pytest.fixture
def damaged_sweep(small_sweep):
    """A sweep of two runs, one of them damaged; the store, the sound run of that id, and its configs."""
    small_sweep("-m", "seed=1,2", "name=mine")
    store = Store("results")
    victim, other = (run for run, _ in store.read_all(store.read_manifest("mine").run_ids).runs)
    store.run_path(victim.run_id).write_bytes(b"damaged")
    return store, victim, (victim.config, other.config)


def test_a_run_that_vanishes_while_it_is_looked_for_is_to_be_made(damaged_sweep, monkeypatch):
    """The other start sets it aside between the look and the reading."""
    store, victim, configs = damaged_sweep
    has = Store.has

    def has_and_vanishes(self, run_id):
        found = has(self, run_id)
        if run_id == victim.run_id:
            Store("results").set_aside(run_id)
        return found

    monkeypatch.setattr(Store, "has", has_and_vanishes)
    for recalled in ({}, recall(store, "mine").runs):
        store.run_path(victim.run_id).write_bytes(b"damaged")
        planned = plan(configs, store, recalled)
        assert planned.damaged == ()
        assert [config.run_id for config in planned.missing] == [victim.run_id]


def test_a_slower_start_leaves_the_file_that_a_faster_one_has_written(damaged_sweep):
    store, victim, configs = damaged_sweep
    assert plan(configs, store, {}).damaged == (victim.run_id,)
    assert store.set_aside(victim.run_id) is not None, "the faster one"
    store.write(victim)
    assert store.set_aside(victim.run_id) is None
    assert store.read(victim.run_id).digest == victim.digest
    assert store.set_aside("0" * 16) is None


def test_a_start_that_finds_the_run_made_again_does_not_train_it(damaged_sweep, small_sweep, monkeypatch):
    _, victim, _ = damaged_sweep
    set_aside = Store.set_aside

    def after_a_faster_one(self, run_id):
        set_aside(self, run_id)
        self.write(victim)
        return set_aside(self, run_id)

    monkeypatch.setattr(Store, "set_aside", after_a_faster_one)
    outcome = small_sweep("-m", "seed=1,2", "name=mine")
    assert outcome.status == 0, outcome.err
    assert "all in the store, nothing to train" in outcome.err
    assert "was set aside" not in outcome.err


def test_nobody_writes_between_the_look_at_a_damaged_file_and_its_move(damaged_sweep, monkeypatch):
    """A writer that comes in between waits until the damaged file is away."""
    store, victim, _ = damaged_sweep
    writer = threading.Thread(target=Store("results").write, args=(victim,))
    read = Store.read_with_hashes

    def look(self, run_id):
        try:
            return read(self, run_id)
        finally:
            writer.start()
            drafts = store.run_path(run_id).parent
            wait_for(lambda: any(path.stat().st_size > 1000 for path in drafts.glob(DRAFTS)))
            assert store.run_path(run_id).read_bytes() == b"damaged"

    with monkeypatch.context() as patch:
        patch.setattr(Store, "read_with_hashes", look)
        aside = store.set_aside(victim.run_id)
    writer.join(60)
    assert aside.read_bytes() == b"damaged"
    assert store.read(victim.run_id).digest == victim.digest


RACER = """
import sys
from zdl_bench import cli
for _ in sys.stdin:
    print("STATUS", cli.main(sys.argv[1:]), flush=True)
"""


@pytest.mark.slow
def test_two_starts_on_one_damaged_file_both_succeed(damaged_sweep, tmp_path):
    """As many times as chance needs to find its way between two steps of either."""
    store, victim, _ = damaged_sweep
    keys = ("-m", "seed=1,2", "name=mine", "dataset=digits", "executor=serial", "report=false", "steps=20", *SMALL)
    settings = {"cwd": tmp_path, "stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    starts = [subprocess.Popen([sys.executable, "-c", RACER, *keys], **settings) for _ in range(2)]
    for _ in range(40):
        store.run_path(victim.run_id).write_bytes(b"damaged")
        for start in starts:
            start.stdin.write("go\n")
            start.stdin.flush()
        for start in starts:
            words = list(iter(start.stdout.readline, "STATUS 0\n"))
            assert not any(line.startswith("STATUS") for line in words), words
        assert store.read_all([victim.run_id]).missing == {}
        assert (store.root / "damaged" / f"{victim.run_id}.parquet").read_bytes() == b"damaged"
    for start in starts:
        start.communicate(timeout=60)
