"""The report: from the store alone, the same bytes twice, and a page for whatever a sweep was."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from conftest import SMALL, digits_config, part, quadratic_config

from zdl_bench.errors import DamagedFile
from zdl_bench.registry import conf_files
from zdl_bench.report.build import build_report
from zdl_bench.report.comparison import comparisons_of
from zdl_bench.report.figures.heat_map import draw_heat_map
from zdl_bench.report.figures.loss_curves import draw_loss_curves
from zdl_bench.report.figures.lr_sensitivity import draw_lr_sensitivity
from zdl_bench.report.figures.style import look_of
from zdl_bench.report.freshness import intact_runs, is_built_from
from zdl_bench.report.tables.conditions import condition_table
from zdl_bench.report.tables.formats import markdown, rounded
from zdl_bench.report.words.context import context_of
from zdl_bench.run.config import Choice
from zdl_bench.run.run import Failure, Probes, Run, Status
from zdl_bench.store.manifest import Manifest
from zdl_bench.store.store import Store
from zdl_bench.training.loop import train

SWEEP = ("dataset=digits", "executor=serial", "steps=40", *SMALL)


def files_of(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "sweep.json"
    }


def store_of(tmp_path, runs, name="sweep", title="", command="the command") -> tuple[Store, Manifest]:
    store = Store(tmp_path / "results")
    for run in runs:
        store.write(run)
    manifest = Manifest(name, title, command, [], [run.run_id for run in runs], "2026-01-01T00:00:00+00:00")
    store.write_manifest(manifest)
    return store, manifest


def is_current(store: Store, manifest: Manifest, formats: tuple[str, ...]) -> bool:
    return is_built_from(intact_runs(store, manifest).checksums, store, manifest, formats)


def test_a_sweep_ends_with_its_report(command, digits):
    outcome = command("-m", "optimizer=sgd,adam", "lr=1e-3,1e-2", "seed=1,2", "name=mine", *SWEEP)
    assert outcome.status == 0
    folder = Path("results/sweeps/mine")
    figures = {
        "answer",
        "accuracy_curves",
        "accuracy_at_best_lr",
        "loss_curves",
        "loss_at_best_lr",
        "smoothed_loss",
        "smoothed_loss_at_best_lr",
        "loss_over_seconds",
        "loss_over_seconds_at_best_lr",
        "lr_sensitivity",
        "best_of_trials",
        "oscillation",
        "oscillation_profile",
        "speed_jitter",
        "heat_map",
    }
    tables = {"optimizers", "comparisons", "convergence", "environment", "settings"}
    assert set(files_of(folder)) == {
        "report.html",
        *(f"figures/{name}.png" for name in figures),
        *(f"tables/{name}.{suffix}" for name in tables for suffix in ("csv", "md", "tex")),
        "tables/answer.txt",
        "tables/findings.md",
        "tables/findings.csv",
        "tables/runs.csv",
    }
    answer = (folder / "tables/answer.txt").read_text()
    assert outcome.out.endswith(answer), "the answer comes last"
    assert answer.startswith("No optimizer is shown to be best; Adam at lr 0.01 is ahead. ")
    assert "results/sweeps/mine/report.html" in outcome.out
    page = (folder / "report.html").read_text()
    assert "optimizer=sgd,adam" in page
    assert page.count("<img ") == len(figures)
    assert not re.search(r"""(src|href)=["'](https?:)?//""", page), "the page needs no network"


@pytest.mark.slow
def test_two_builds_are_byte_identical(tmp_path, runs):
    one, manifest = store_of(tmp_path / "one", runs)
    build_report(one, manifest, ("png", "svg", "pdf"))
    other, manifest = store_of(tmp_path / "other", runs)
    build_report(other, manifest, ("png", "svg", "pdf"))
    assert files_of(one.sweep_folder("sweep")) == files_of(other.sweep_folder("sweep"))
    figures = [path.rpartition(".") for path in files_of(one.sweep_folder("sweep")) if path.startswith("figures/")]
    by_format = {suffix: {name for name, _, own in figures if own == suffix} for suffix in ("png", "svg", "pdf")}
    assert by_format["png"] == by_format["svg"] == by_format["pdf"]
    assert "figures/loss_curves" in by_format["png"]


@pytest.mark.slow
def test_two_processes_build_the_same_bytes(tmp_path, runs):
    built = []
    for seed in ("1", "2"):
        store, _ = store_of(tmp_path / seed, runs)
        command = [sys.executable, "-m", "zdl_bench", "report", "--formats", "png,svg,pdf", "--results", str(store.root)]
        subprocess.run(command, env=os.environ | {"PYTHONHASHSEED": seed}, check=True, capture_output=True)
        built.append(files_of(store.sweep_folder("sweep")))
    assert built[0] == built[1]


@pytest.mark.slow
def test_a_report_follows_what_it_is_made_from(tmp_path, runs, monkeypatch):
    store, manifest = store_of(tmp_path, runs[:4])
    build_report(store, manifest, ("png",))
    manifest = store.read_manifest("sweep")
    assert is_current(store, manifest, ("png",))
    assert not is_current(store, manifest, ("svg",))
    figure = store.sweep_folder("sweep") / "figures/heat_map.png"
    figure.rename(figure.with_suffix(".gone"))
    assert not is_current(store, manifest, ("png",))
    figure.with_suffix(".gone").rename(figure)
    own_conf = tmp_path / "conf"
    shutil.copytree(conf_files.CONF, own_conf)
    monkeypatch.setattr(conf_files, "CONF", own_conf)
    assert is_current(store, manifest, ("png",))
    yaml = own_conf / "optimizer/sgd.yaml"
    yaml.write_text(yaml.read_text().replace("#0072B2", "#000000"))
    assert not is_current(store, manifest, ("png",))


@pytest.mark.slow
def test_a_report_of_a_run_with_a_flipped_bit_is_built_without_it(tmp_path, runs):
    store, manifest = store_of(tmp_path, runs[:4])
    build_report(store, manifest, ("png",))
    path = store.run_path(runs[0].run_id)
    content = bytearray(path.read_bytes())
    content[200] ^= 1
    path.write_bytes(content)
    assert not is_current(store, store.read_manifest("sweep"), ("png",))
    page = build_report(store, store.read_manifest("sweep"), ("png",))
    assert is_current(store, store.read_manifest("sweep"), ("png",))
    note = (
        f"1 of 4 planned runs are not in the store, 1 of them damaged ({runs[0].run_id}); the command at the foot makes them."
    )
    assert note in page.read_text()
    table = pd.read_csv(page.parent / "tables/missing.csv")
    assert table["run_id"].tolist() == [runs[0].run_id]
    assert "is damaged" in table["reason"][0]
    store.write(runs[0])
    build_report(store, store.read_manifest("sweep"), ("png",))
    assert "are not in the store" not in page.read_text()
    assert not (page.parent / "tables/missing.csv").exists()


def test_a_report_without_a_sound_run_is_refused(tmp_path, runs):
    store, manifest = store_of(tmp_path, runs[:2])
    for run in runs[:2]:
        store.run_path(run.run_id).write_bytes(b"")
    with pytest.raises(DamagedFile, match=runs[0].run_id):
        build_report(store, manifest, ("png",))


@pytest.mark.slow
def test_settings_that_begin_alike_do_not_share_files(tmp_path, digits):
    """Long settings are cut in file names; every comparison keeps its own."""
    problems = [
        part("problem", "mlp", hidden=(4,), batch_size=20, init_std=std, activation=activation, sampling=sampling)
        for std in (0.01, 0.02)
        for activation in ("relu", "tanh")
        for sampling in ("replacement", "epochs")
    ]
    every = [train(digits_config(problem=problem, steps=5)) for problem in problems]
    store, manifest = store_of(tmp_path, every)
    build_report(store, manifest, ("png",))
    assert len(list(store.sweep_folder("sweep").glob("tables/convergence-*.csv"))) == 8


def test_one_diverged_seed_does_not_hide_the_others(digits):
    every = [train(digits_config("adam", lr=0.01, seed=seed)) for seed in range(3)]
    probes = every[0].curve.probes
    cut = Probes(**{name: values[:3] for name, values in probes.items()})
    made = replace(every[0].curve, probes=cut, train_loss=every[0].curve.train_loss[:7], lr=every[0].curve.lr[:7])
    every[0] = replace(every[0], status=Status.DIVERGED, curve=made)
    [comparison] = comparisons_of(every)
    losses = comparison.losses
    figure, axes = plt.subplots()
    draw_loss_curves(losses.assign(line=losses["variant"], color="#000000"), axes)
    mean = axes.get_lines()[0].get_ydata()
    expected = [run.curve.probes.probe_loss[run.curve.probes.strided] for run in every[1:]]
    assert mean == pytest.approx(np.exp(np.mean(np.log(expected), axis=0)))
    assert [text.get_text() for text in axes.texts] == ["Adam: 1 of 3 diverged,\nmean of the other 2"]
    plt.close(figure)


@pytest.mark.slow
def test_a_current_report_is_not_built_again(command, digits):
    command("name=mine", *SWEEP)
    page = Path("results/sweeps/mine/report.html")
    built = page.stat().st_mtime_ns
    command("name=mine", *SWEEP)
    command("report")
    assert page.stat().st_mtime_ns == built
    command("report", "mine", "--formats", "svg")
    assert page.stat().st_mtime_ns > built
    assert {path.suffix for path in page.parent.glob("figures/*")} == {".png", ".svg"}
    page.unlink()
    assert command("report").status == 0
    assert page.is_file()


@pytest.mark.slow
def test_a_report_says_what_is_missing(tmp_path, runs):
    store, manifest = store_of(tmp_path, runs)
    store.run_path(runs[0].run_id).unlink()
    page = build_report(store, manifest, ("png",)).read_text()
    assert "1 of 12 planned runs are not in the store" in page


def unlucky(config) -> Run:
    return Run(config, Status.FAILED, failure=Failure("MemoryError", "no memory", "Traceback …"))


STRANGE = {
    "one run": lambda: [train(digits_config())],
    "one seed, one lr": lambda: [train(digits_config(name)) for name in ("sgd", "adam", "momentum")],
    "all diverged": lambda: [train(digits_config(lr=1e30, seed=seed)) for seed in (0, 1)],
    "only failures": lambda: [unlucky(digits_config(seed=seed)) for seed in (0, 1)],
    "failures among others": lambda: [unlucky(digits_config(seed=0)), *(train(digits_config(seed=s)) for s in (1, 2))],
    "nothing learned": lambda: [train(digits_config(lr=1e-9, seed=seed)) for seed in (0, 1)],
    "one step": lambda: [train(digits_config(steps=1))],
    "mixed problems": lambda: [train(digits_config()), train(quadratic_config())],
    "mixed networks": lambda: [
        train(digits_config(problem=part("problem", "mlp", hidden=(n,), batch_size=20))) for n in (4, 8)
    ],
    "noisy quadratic": lambda: [train(quadratic_config(problem={"gradient_noise": 0.1}, seed=seed)) for seed in (0, 1, 2)],
    "a rule without a learning rate": lambda: [train(digits_config(lr=None)), train(digits_config("adam"))],
    "an optimizer that is not here": lambda: [
        train(digits_config()),
        unlucky(replace(digits_config(), optimizer=Choice("gone", {"beta": 1.0}))),
    ],
}


@pytest.mark.slow
@pytest.mark.parametrize("case", STRANGE)
def test_every_kind_of_sweep_has_a_page(tmp_path, digits, case):
    store, manifest = store_of(tmp_path, STRANGE[case]())
    page = build_report(store, manifest, ("png",)).read_text()
    assert manifest.run_ids[0] in page
    if "failure" in case:
        assert "MemoryError: no memory" in page
    if "diverged" in case:
        assert "diverged" in page
    if case.startswith("mixed"):
        assert page.count("Every optimizer and learning rate</h3>") == 2


@pytest.mark.slow
def test_what_comes_from_a_config_is_escaped(tmp_path, digits):
    store, manifest = store_of(tmp_path, [train(digits_config())], title="<script>alert(1)</script>", command="<b>&")
    page = build_report(store, manifest, ("png",)).read_text()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "&lt;b&gt;&amp;" in page


def test_means_never_hide_runs_without_a_value(runs):
    [comparison] = comparisons_of(runs)
    table = condition_table(comparison.runs).numbers.set_index(["optimizer", "lr"])
    row = table.loc[("SGD", 1e30)]
    assert (row["runs"], row["completed"], row["diverged"], row["tail_loss_n"]) == (2, 0, 2, 0)
    assert np.isnan(row["tail_loss_mean"])
    row = table.loc[("Adam", 0.01)]
    expected = comparison.runs.query("optimizer == 'adam' and lr == 0.01")["tail_loss"]
    assert row["tail_loss_mean"] == pytest.approx(expected.mean())
    assert row["tail_loss_sd"] == pytest.approx(expected.std(ddof=1))


def test_the_best_lr_has_no_lost_run(runs):
    [comparison] = comparisons_of(runs)
    assert comparison.best_lrs == {"SGD": 0.01, "Adam": 0.01}


def test_context_names_data_network_steps_seeds_and_reduction(runs):
    words = " ".join(context_of([run.config for run in runs]))
    for expected in ("digits", "hidden 16", "60 steps", "2 seeds", "summed over the batch", "float32"):
        assert expected in words


@pytest.mark.parametrize(
    ("mean", "sd", "expected"),
    [
        (0.46123, 0.0123, "0.461 ± 0.012"),
        (2.2302, np.nan, "2.23"),
        (123.4, 12.0, "123 ± 12"),
        (1e-9, 2e-10, "1e-09 ± 2e-10"),
    ],
)
def test_digits_end_where_the_noise_begins(mean, sd, expected):
    assert rounded(mean, sd) == expected


def test_markdown_cells_cannot_break_the_table():
    assert markdown(pd.DataFrame({"a|b": ["x|y\nz"]})) == "| a\\|b |\n| --- |\n| x\\|y z |\n"


@pytest.mark.slow
def test_figures_return_their_axes(runs):
    [comparison] = comparisons_of(runs)
    losses = comparison.losses
    for draw, frame in (
        (draw_loss_curves, losses.assign(line=losses["variant"], color="#000000")),
        (draw_lr_sensitivity, comparison.runs),
        (draw_heat_map, comparison.runs),
    ):
        figure, axes = plt.subplots()
        assert draw(frame, axes) is axes
        plt.close(figure)


def test_an_optimizer_always_looks_the_same():
    assert look_of("sgd") == look_of("sgd") != look_of("adam")
    assert look_of("not in conf") == look_of("not in conf")
