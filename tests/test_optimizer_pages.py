"""The pages of `docs/optimizers/`: they are what the generator makes now, complete, and take up the study when it is there."""

import csv
import json
import re
import shutil

import numpy as np
import optimizer_pages
import pandas as pd
import pyarrow.parquet as pq
import pytest
import yaml
from conftest import quadratic_config
from optimizer_runs import SURFACES, best_path, measured
from study_page import mean_ranks
from study_results import Study, judged_claims

from zdl_bench.commands.reference import REFERENCE_VERDICTS, run_table, verdict_rows
from zdl_bench.registry import conf_files
from zdl_bench.run.config import Choice
from zdl_bench.store.manifest import Manifest
from zdl_bench.training.loop import train

MEASURED = json.loads(optimizer_pages.MEASURED.read_text(encoding="utf-8"))
MAX_FIGURE, MAX_FIGURES = 25_000, 1_000_000
"""In bytes: the largest size of a figure, and of all of them."""
STUDY = """
title: A small stand-in for the study
tuning_seeds: range(100,103)
evaluation_seeds: range(0,6)
claims:
  - id: S1
    sentence: Momentum ends lower than SGD.
    source: the test
    kind: superiority
    metric: tail_loss
    first: {optimizer: momentum}
    second: {optimizer: sgd}
"""

NOISE = {"gradient_noise": 0.1}
LRS = [0.01, 0.1, 1e30]
CANDIDATES = [("sgd", LRS, 0.1), ("momentum", LRS, 0.01), ("prodigy", [None], None)]
"""Optimizer, learning rates on the tuning seeds, and the one on the evaluation seeds."""


@pytest.mark.slow
def test_the_pages_are_what_the_generator_makes_now():
    texts = {path.name: path.read_text(encoding="utf-8") for path in optimizer_pages.PAGES.glob("*.md")}
    assert texts == optimizer_pages.pages(), "run python tests/optimizer_pages.py"


def test_every_native_optimizer_has_a_page_and_a_figure_and_nothing_else_has():
    names = {*optimizer_pages.NAMES}
    assert {path.stem for path in optimizer_pages.PAGES.glob("*.md")} == names | {"index"}
    figures = [*optimizer_pages.FIGURES.iterdir()]
    assert {path.name for path in figures} == {f"{name}.png" for name in names}
    sizes = [path.stat().st_size for path in figures]
    assert max(sizes) <= MAX_FIGURE
    assert sum(sizes) <= MAX_FIGURES


@pytest.mark.parametrize("name", optimizer_pages.NAMES)
def test_the_docstring_says_what_every_key_means_and_names_a_source(name):
    about = optimizer_pages.docstring(name)
    assert {key: len(about.meanings.get(key, "")) > 1 for key in optimizer_pages.keys_of(name)} == dict.fromkeys(
        optimizer_pages.keys_of(name), True
    )
    assert about.rule
    assert about.source
    assert all("implementations disagree" not in text for text in (*about.notes, *about.meanings.values(), about.source))


@pytest.mark.parametrize("name", ["sgd", "dog"])
def test_the_learning_rate_of_a_figure_is_the_best_of_real_runs(name):
    lr, path = best_path(name, "bowl")
    stored = MEASURED[name]["bowl"]
    assert lr == stored["lr"]
    assert path[-1, 0] ** 2 / 20 + path[-1, 1] ** 2 == pytest.approx(stored["loss"], rel=0.06)


@pytest.mark.slow
@pytest.mark.parametrize("name", optimizer_pages.NAMES)
def test_the_numbers_of_every_page_are_those_of_runs(name):
    assert measured(name, {surface: best_path(name, surface) for surface in SURFACES}) == MEASURED[name]


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Return the stored numbers of a study of three optimizers, made by real runs, and the pages with it."""
    folder = tmp_path_factory.mktemp("study")
    shutil.copytree(conf_files.EXPERIMENTS, folder / "experiments")
    (folder / "experiments/study.yaml").write_text(STUDY, encoding="utf-8")
    verdicts = pd.read_csv(optimizer_pages.REFERENCE / REFERENCE_VERDICTS, dtype=str)
    verdicts[verdicts["experiment"] != "study"].to_csv(folder / REFERENCE_VERDICTS, index=False)
    configs = [
        quadratic_config(name, lr, NOISE, seed=seed, steps=20, schedule=Choice(schedule))
        for schedule in ("constant", "cosine")
        for name, lrs, best in CANDIDATES
        for seeds, tried in ((range(100, 103), lrs), (range(6), [best]))
        for lr in tried
        for seed in seeds
    ]
    runs = [train(config) for config in configs]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(conf_files, "EXPERIMENTS", folder / "experiments")
        experiment = yaml.safe_load(STUDY)
        manifest = Manifest("study", "", "", [], [run.config.run_id for run in runs], "", experiment=experiment)
        pq.write_table(run_table(manifest, runs), folder / "study.parquet")
        with (folder / REFERENCE_VERDICTS).open("a", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(verdict_rows(manifest, runs))
        return pd.read_parquet(folder / "study.parquet"), optimizer_pages.pages(folder)


def experiment_of(name):
    return yaml.safe_load((optimizer_pages.ROOT / f"experiments/{name}.yaml").read_text(encoding="utf-8"))


def test_the_page_on_how_to_choose_quotes_numbers_of_the_experiments_and_says_what_is_open():
    page = (optimizer_pages.ROOT / "docs/which_one.md").read_text(encoding="utf-8")
    numbers = (optimizer_pages.ROOT / "experiments/README.md").read_text(encoding="utf-8")
    advice = page[page.index("## If you have") : page.index("## The families")]
    quoted = re.findall(r"\b\d+\.\d+\b", advice)
    assert len(quoted) > 15
    assert [number for number in quoted if number not in numbers] == []
    named = [block["optimizer"] for block in experiment_of("learning_rates")["blocks"]]
    compared = {name for names in named for name in ([names] if isinstance(names, str) else names)}
    assert [name for name in compared if name.endswith("_articles") and f"optimizers/{name}.md" not in advice] == []
    verdicts = {one.claim: one.verdict for one in judged_claims(optimizer_pages.REFERENCE)}
    assert {verdicts[claim] for claim in ("3, SGD", "14", "11", "15", "4", "1")} == {"supported"}
    assert verdicts["8"] == verdicts["6"] == "refuted"
    assert verdicts["16"] == "refuted"
    assert {verdict for claim, verdict in verdicts.items() if claim.startswith("10, ")} == {"refuted"}


def schedule_of(runs):
    return runs["config"].map(lambda config: json.loads(config)["schedule"]["name"])


def test_a_page_has_the_losses_of_the_study_by_learning_rate(study):
    runs, pages = study
    tuning = runs[(runs["optimizer"] == "sgd") & (runs["seed"] >= 100) & (schedule_of(runs) == "constant")]
    low, high = (tuning.loc[tuning["lr"] == lr, "tail_loss"].mean() for lr in (0.01, 0.1))
    row = f"| quadratic, constant | 0.01: {low:.3g} · **0.1: {high:.3g}** · 1e+30: – |"
    assert row in pages["sgd.md"]
    assert "learning rate: loss" not in pages["prodigy.md"]


def test_a_page_has_the_ranks_of_the_study_with_an_interval(study):
    runs, pages = study
    judged = runs[(runs["seed"] < 100) & (schedule_of(runs) == "cosine")]
    ranks = {name: judged.groupby("optimizer")[name].mean().rank().astype(int) for name in ("tail_loss", "log_aulc")}
    for name, _, _ in CANDIDATES:
        [row] = re.findall(r"\| quadratic, cosine \| 6 \| (.*) \| (.*) \|", pages[f"{name}.md"])
        for cell, by_measure in zip(row, ranks.values(), strict=True):
            rank, low, high = map(int, re.fullmatch(r"(\d) \((\d) to (\d)\) of 3", cell).groups())
            assert rank == by_measure[name]
            assert 1 <= low <= rank <= high <= 3


def test_a_page_has_the_verdicts_of_the_study_and_others_have_no_section_on_it(study):
    _, pages = study
    assert "| `study` | S1. Momentum ends lower than SGD. |" in pages["momentum.md"]
    assert "| `study` |" not in pages["lion.md"]
    assert {name for name, text in pages.items() if "## Among the others" in text} == {"sgd.md", "momentum.md", "prodigy.md"}


def test_no_page_announces_a_study_that_is_not_there(tmp_path):
    verdicts = pd.read_csv(optimizer_pages.REFERENCE / REFERENCE_VERDICTS, dtype=str)
    verdicts[verdicts["experiment"] != "study"].to_csv(tmp_path / REFERENCE_VERDICTS, index=False)
    pages = optimizer_pages.pages(tmp_path)
    assert {name for name, text in pages.items() if re.search(r"## Among the others|\bstudy\b", text)} == set()


def test_a_learning_rate_counts_with_the_best_values_of_other_tuned_keys():
    study = Study.__new__(Study)
    rows = [("a", 0.1, "beta=0", 3.0), ("a", 0.1, "beta=0", 5.0), ("a", 0.1, "beta=1", 1.0), ("a", 0.1, "beta=1", np.nan)]
    frame = pd.DataFrame([*rows, ("a", 1.0, "beta=0", np.nan)], columns=["optimizer", "lr", "others", "tail_loss"])
    study.runs = frame.assign(setting="s", is_tuning=True)
    assert study.losses_by_lr("a")["s"].fillna(-1).to_dict() == {0.1: 4.0, 1.0: -1.0}


def test_all_that_lost_a_run_share_the_last_rank_and_each_problem_counts_once():
    study = Study.__new__(Study)
    values = {"a": 1.0, "b": np.nan, "c": np.nan, "d": 2.0}
    rows = [(name, seed, value) for name, value in values.items() for seed in range(6)]
    settings = [f"problem=mlp, dataset=digits, steps={steps}, schedule=constant" for steps in (1, 2, 3)]
    settings.append("problem=rosenbrock, schedule=constant")
    frame = pd.DataFrame(rows, columns=["optimizer", "seed", "tail_loss"])
    study.runs = pd.concat([frame.assign(setting=one) for one in settings]).assign(is_tuning=False)
    last = study.runs["setting"].eq(settings[-1])
    study.runs.loc[last, "tail_loss"] = study.runs.loc[last, "tail_loss"].rsub(3.0)
    ranks = study.ranks("tail_loss")
    assert [ranks[name][settings[0]].rank for name in values] == [1, 4, 4, 2]
    assert mean_ranks(ranks) == {"a": 1.5, "d": 1.5, "b": 4.0, "c": 4.0}


def test_seeds_that_some_optimizer_does_not_have_are_left_out_and_a_lost_run_comes_last(tmp_path):
    study = Study.__new__(Study)
    rows = [("a", seed, 1.0) for seed in range(8)] + [("b", seed, 2.0) for seed in range(6)] + [("c", 0, np.nan)]
    rows += [("c", seed, 0.0) for seed in range(1, 6)]
    frame = pd.DataFrame(rows, columns=["optimizer", "seed", "tail_loss"])
    study.runs = frame.assign(setting="s", is_tuning=False)
    ranks = study.ranks("tail_loss")
    assert ranks["a"]["s"][:2] == (1, 1)
    assert (ranks["b"]["s"].rank, ranks["c"]["s"].rank) == (2, 3)
    assert {one["s"].seeds for one in ranks.values()} == {6}
    assert ranks["c"]["s"].high == 3
    assert ranks["c"]["s"].low == 1  # resamples without the seed on which it was lost
