"""`zdl_bench.sweep`: the runs, the store and the plan of the command line, with errors and interrupts for a program."""

import os
import shlex
import signal
import subprocess
import sys
import warnings

import pytest
from conftest import stored, wait_for

import zdl_bench as zb

TINY = {
    "problem.hidden": (8,),
    "probe.images": 50,
    "probe.count": 10,
    "problem.batch_size": 20,
    "dataset": "digits",
    "executor": "serial",
    "steps": 20,
}


@pytest.fixture
def here(tmp_path, monkeypatch, digits):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_runs_and_the_sweep_are_those_of_the_command(small_sweep, capsys):
    results = zb.sweep(["sgd", "adam"], lr=[1e-3, 1e-2], seed=range(2), **TINY)
    assert capsys.readouterr().out == f"{results.manifest.name}: 8 runs, 8 to train, 0 in the store\n"
    again = small_sweep("-m", "optimizer=sgd,adam", "lr=1e-3,1e-2", "seed=0,1")
    assert f"{results.manifest.name}: 8 runs, all in the store, nothing to train" in again.err
    assert zb.load_results().runs["run_id"].sort_values().tolist() == sorted(results.runs["run_id"])
    assert results.manifest.command.startswith("python -m zdl_bench -m optimizer=sgd,adam lr=0.001,0.01 'seed=range(0,2)'")
    assert results.tuning_seeds == ()


@pytest.mark.slow
def test_the_stored_command_trains_the_same_runs(command, digits):
    """What a sweep from Python stores as its command is one."""
    results = zb.sweep("sgd", lr=0.1, seed=[3], **TINY)
    done = command(*shlex.split(results.manifest.command)[3:], "report=false")
    assert f"{results.manifest.name}: 1 run, all in the store, nothing to train" in done.err


@pytest.mark.slow
def test_tuning_seeds_come_with_the_results(here):
    with pytest.warns(UserWarning, match="the best learning rate is the largest"):
        results = zb.sweep(["sgd", "adam"], lr=[1e-3, 3e-3], seed=range(2), tuning_seeds=range(100, 102), **TINY)
    assert results.tuning_seeds == (100, 101)
    loaded = zb.load_results(sweep=results.manifest.name)
    [comparison] = zb.comparisons(loaded)
    assert comparison.tuning_seeds == (100, 101)
    assert comparison.context == results.comparisons[0].context
    assert "2 seeds after 2 tuning seeds" in comparison.context[1]
    assert zb.comparisons(loaded, tuning_seeds=())[0].tuning_seeds == ()


@pytest.mark.slow
def test_seeds_are_added_until_it_is_decided(here, capsys):
    results = zb.sweep(["sgd", "adam"], lr=0.1, until="decided", max_seeds=7, **TINY)
    assert results.manifest.until.max_seeds == 7
    assert "look 1" in capsys.readouterr().out
    assert results.findings()[0].heading.startswith("Fastest")


@pytest.mark.slow
def test_an_experiment_has_verdicts(here):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the best learning rates lie at an edge
        results = zb.sweep(experiment="day64", **TINY | {"steps": 3}, seed=range(2))
    assert any(line.startswith("claim ") for line in results.findings().verdicts)


@pytest.mark.slow
def test_parts_of_ones_own_are_found_in_a_folder(here):
    conf = here / "mine/optimizer"
    conf.mkdir(parents=True)
    (conf / "brisk.yaml").write_text("_target_: zdl_bench.optimizers.sgd.SGD\nname: brisk\ndefault_lr: 0.5\n")
    results = zb.sweep(["sgd", "brisk"], config_dir=here / "mine", **TINY)
    assert results.runs["lr"].tolist() == [0.001, 0.5]
    assert f"--config-dir {here / 'mine'} optimizer=sgd,brisk" in results.manifest.command
    with pytest.raises(zb.ConfigError, match="optimizer=brisk: there is no such optimizer"):
        zb.sweep("brisk", **TINY)


@pytest.mark.slow
def test_a_yaml_that_is_edited_between_two_sweeps_is_read_again(here):
    """A notebook runs for days. What it looked up for one sweep is no truth for the next."""
    conf = here / "mine/optimizer"
    conf.mkdir(parents=True)
    keys = {"problem": "bowl", "executor": "serial", "steps": 5, "config_dir": here / "mine"}
    found = []
    for yaml in (
        "_target_: zdl_bench.optimizers.sgd.SGD\ndefault_lr: 0.5",
        "_target_: zdl_bench.optimizers.momentum.Momentum\nmomentum: 0.5\ndefault_lr: 0.25",
        "_target_: optimizer.mine.Mine\nhalf: 0.5\ndefault_lr: 0.1",
        "_target_: zdl_bench.optimizers.momentum.Momentum\nmomentum: 0.25",
    ):
        (conf / "mine.py").write_text(
            "from dataclasses import dataclass\nfrom zdl_bench.optimizers.momentum import Momentum\n"
            "@dataclass(frozen=True)\nclass Mine(Momentum):\n    half: float = 1.0\n"
        )
        (conf / "brisk.yaml").write_text(f"{yaml}\nname: brisk\n")
        if "default_lr" not in yaml:
            with pytest.raises(zb.ConfigError, match=r"brisk\.yaml: default_lr is missing"):
                zb.sweep("brisk", **keys)
            continue
        runs = zb.sweep("brisk", **keys).runs
        found.append((runs["lr"].item(), runs["status"].item(), runs["run_id"].item()))
    assert [(lr, status) for lr, status, _ in found] == [(0.5, "completed"), (0.25, "completed"), (0.1, "completed")]
    assert len({run_id for *_, run_id in found}) == 3


def test_values_are_paired_with_zip(here):
    results = zb.sweep(["sgd", "adam"], lr=[0.1, 0.2], zip=["optimizer", "lr"], **TINY)
    assert results.runs[["optimizer", "lr"]].to_numpy().tolist() == [["sgd", 0.1], ["adam", 0.2]]


@pytest.mark.slow
def test_a_dry_run_shows_the_plan_and_trains_nothing(here, capsys):
    results = zb.sweep("sgd", lr=[0.1, 0.2], dry_run=True, **TINY)
    assert "2 to train, 0 in the store" in capsys.readouterr().out
    assert results.runs.empty
    assert not stored(here)


@pytest.mark.slow
def test_wrong_input_raises_and_trains_nothing(here):
    for keys, error, words in (
        ({"optimizer": "adma"}, zb.ConfigError, "optimizer=adma: there is no such optimizer; did you mean adam"),
        ({"lr": -1}, zb.ConfigError, "lr=-1.0: a learning rate is a finite number above 0"),
        ({"stepz": 3}, zb.ConfigError, "stepz: there is no such key"),
        ({"results_dir": __file__}, zb.StoreError, "the store cannot be written"),
    ):
        with pytest.raises(error, match=words):
            zb.sweep(**TINY | keys)
    assert not stored(here)


def test_a_failed_run_is_a_row_and_a_warning(here, monkeypatch):
    def fail(*_):
        raise RuntimeError("no luck")

    monkeypatch.setattr("zdl_bench.executors.attempt.train", fail)
    with pytest.warns(UserWarning, match="1 of 1 runs have no result; results.runs.failure says why"):
        results = zb.sweep("sgd", lr=0.1, **TINY)
    assert results.runs["failure"].tolist() == ["RuntimeError: no luck"]


@pytest.mark.slow
def test_a_sweep_that_max_failures_stops_has_no_report(here, monkeypatch):
    def fail(*_):
        raise RuntimeError("no luck")

    monkeypatch.setattr("zdl_bench.executors.attempt.train", fail)
    with pytest.warns(UserWarning, match="runs") as warned:
        results = zb.sweep("sgd", lr=0.1, seed=range(3), max_failures=1, **TINY, report=True)
    assert [str(one.message).partition(";")[0] for one in warned] == [
        "1 of 3 runs have no result",
        "results: 2 of 3 planned runs are not in the store",
    ]
    assert results.runs["failure"].tolist() == ["RuntimeError: no luck"]
    assert not list(here.glob("results/sweeps/*/report.html"))


def test_the_store_may_lie_in_the_home_folder(here, monkeypatch):
    monkeypatch.setenv("HOME", str(here))
    results = zb.sweep("sgd", problem="bowl", steps=5, executor="serial", results_dir="~/mine")
    for path in ("~/mine", here / "mine"):
        assert zb.load_results(path).runs["run_id"].tolist() == results.runs["run_id"].tolist()
    assert results.folder == here / "mine"


@pytest.mark.parametrize("formats", ["gif", ["png", "gif"], [], ["png,svg"]])
def test_a_report_in_an_unknown_format_is_refused(here, formats):
    results = zb.sweep("sgd", problem="bowl", steps=5, executor="serial")
    with pytest.raises(zb.ConfigError, match=r"formats=.*: give one or more of png, svg, pdf"):
        results.report(formats=formats)
    assert not list(here.glob("results/sweeps/*/report.html"))


@pytest.mark.slow
def test_a_report_keeps_the_look_that_its_sweep_asked_for(command, monkeypatch):
    monkeypatch.setattr("webbrowser.open", lambda address: True)
    look = {"figure.style": "paper", "figure.width": 89, "table.columns": ["tail_loss"]}
    results = zb.sweep(["sgd", "adam"], problem="bowl", seed=range(2), steps=5, executor="serial", **look)
    folder = results.report(formats="png").parent
    assert list(folder.glob("figures/*.tex")), "captions of figures for print"
    assert "Steps to" not in (folder / "tables/optimizers.tex").read_text()
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    results.open_report()
    assert command("report").status == 0
    again = zb.sweep(["sgd", "adam"], problem="bowl", seed=range(2), steps=5, executor="serial")
    assert again.report() == folder / "report.html"
    assert {path: path.stat().st_mtime_ns for path in before} == before, "nothing was built again"
    assert command("report", "figure.style=house").status == 0
    assert not list(folder.glob("figures/*.tex"))
    (folder.parent.parent / "my.mplstyle").write_text("font.size: 12\n")
    assert command("report", f"figure.style={folder.parent.parent / 'my.mplstyle'}").status == 0
    (folder.parent.parent / "my.mplstyle").unlink()
    with pytest.raises(zb.ConfigError, match=r"figure\.style=.*my\.mplstyle: give house, paper, or the path"):
        again.report()


@pytest.mark.slow
def test_the_report_waits_to_be_asked_for(here):
    results = zb.sweep(["sgd", "adam"], lr=0.1, seed=range(2), **TINY)
    assert not list(here.glob("results/sweeps/*/report.html"))
    page = results.report()
    assert page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    before = page.stat().st_mtime_ns
    assert results.report() == page
    assert page.stat().st_mtime_ns == before
    with pytest.raises(zb.ConfigError, match="a report is about one sweep; name it"):
        zb.load_results().report()


@pytest.mark.slow
@pytest.mark.parametrize("executor", ["serial", "processes"])
def test_an_interrupt_keeps_what_is_finished_and_says_how_to_go_on(here, executor):
    keys = TINY | {"executor": executor, "steps": 400}
    script = f"import zdl_bench as zb\nprint(zb.sweep('sgd', lr=0.1, seed=range(400), **{keys!r}).manifest.name)\n"
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_for(lambda: len(stored(here)) > 2)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    done = len(stored(here))
    assert 2 < done < 400
    assert f"KeyboardInterrupt: interrupted; {done} of 400 runs are stored. Call the same sweep again to continue" in err
    assert process.returncode != 0
    keys["dry_run"] = True
    assert len(zb.sweep("sgd", lr=0.1, seed=range(400), **keys).runs) == done
    assert os.path.isdir("results/sweeps")
