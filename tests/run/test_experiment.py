"""Experiments from a YAML of one's own: blocks, the choice of learning rates on tuning seeds, claims and their verdicts."""

import csv
import re
from pathlib import Path

import pytest
import yaml

from zdl_bench import load_results
from zdl_bench.registry import conf_files
from zdl_bench.store.store import Store


@pytest.fixture
def experiment(command, monkeypatch, tmp_path):
    """Writes experiments/NAME.yaml into an empty folder and gives the command that runs it."""
    folder = tmp_path / "experiments"
    folder.mkdir()
    monkeypatch.setattr(conf_files, "EXPERIMENTS", folder)

    def run(content: dict, *arguments: str, name: str = "mine"):
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(content))
        return command(f"experiment={name}", "executor=serial", *arguments)

    return run


QUADRATIC = {"problem": "quadratic", "problem.gradient_noise": 0.05, "steps": 50, "dtype": "float64"}
TUNED = {
    "title": "A small question",
    "tuning_seeds": [100, 101, 102],
    "evaluation_seeds": "range(0,6)",
    "fixed": QUADRATIC,
    "blocks": [{"optimizer": ["sgd", "momentum"], "lr": [0.001, 0.03, 0.3]}, {"optimizer": "sgd", "lr": 0.001}],
    "claims": [
        {"id": 1, "sentence": "Tuned SGD ends lower than at 0.001.", "source": "this test", "kind": "superiority",
         "metric": "tail_loss", "first": {"optimizer": "sgd", "lr": "best"}, "second": {"optimizer": "sgd", "lr": 0.001}},
        {"id": 2, "sentence": "Momentum is the finished form.", "source": "this test", "kind": "superiority",
         "waits_for": "an idea"},
    ],
}  # fmt: skip


def runs():
    return load_results("results").runs


@pytest.mark.slow
def test_the_best_lr_is_tried_on_tuning_seeds_and_judged_on_others(experiment):
    outcome = experiment(TUNED, "report=false")
    assert outcome.status == 0, outcome.err
    found = runs()
    tuning = found[found["seed"] >= 100]
    judging = found[found["seed"] < 100]
    assert sorted(tuning.groupby(["optimizer", "lr"]).size()) == [3] * 6
    best = tuning.groupby(["optimizer", "lr"])["tail_loss"].mean().groupby("optimizer").idxmin()
    assert set(judging.groupby(["optimizer", "lr"]).size().index) == {*best, ("sgd", 0.001)}
    assert (judging.groupby(["optimizer", "lr"]).size() == 6).all()
    manifest = Store("results").read_manifest("mine")
    assert len(manifest.run_ids) == len(found)
    assert manifest.title == "A small question"
    assert manifest.experiment["claims"][0]["id"] == 1


@pytest.mark.slow
def test_a_second_start_makes_nothing(experiment):
    experiment(TUNED)
    again = experiment(TUNED)
    assert again.status == 0
    assert "nothing to train" in again.err
    assert not re.search(r"\d to train", again.err)


@pytest.mark.slow
def test_report_prints_the_verdicts(experiment, command):
    swept = experiment(TUNED)
    reported = command("report", "mine")
    assert reported.status == 0
    for outcome in (swept, reported):
        assert "claim 1: supported, p 0.031 in its family. Tuned SGD ends lower than at 0.001. (this test)" in outcome.out
        assert "n 6, wins 6 of 6" in outcome.out
        assert "p 0.031 for it" in outcome.out  # 2 / 2**6
        assert "claim 2: not decidable as stated" in outcome.out
        assert "it waits for an idea" in outcome.out
    folder = Path("results/sweeps/mine")
    page = (folder / "report.html").read_text()
    assert "Verdicts" in page
    assert "Tuned SGD ends lower" in page
    with (folder / "tables/claims.csv").open() as stream:
        first, second = csv.DictReader(stream)
    assert first["verdict"] == "supported"
    ids = first["run_ids"].split()
    assert len(ids) == 12
    assert all(Store("results").has(run_id) for run_id in ids)
    assert second["verdict"] == "not decidable as stated"


@pytest.mark.slow
def test_seeds_on_the_command_line_judge_instead(experiment):
    experiment(TUNED, "seed=7,8", "report=false")
    assert set(runs()["seed"]) == {7, 8, 100, 101, 102}


def test_a_tuning_seed_cannot_judge(experiment):
    outcome = experiment(TUNED, "seed=100,101")
    assert outcome.status == 2
    assert "seed=100: this is one of the tuning seeds" in outcome.err
    assert not Path("results").exists()


def test_one_lr_on_the_command_line_leaves_nothing_to_choose(experiment):
    experiment(TUNED, "lr=0.1", "report=false")
    assert set(runs()["seed"]) == set(range(6))


def test_a_block_that_names_its_seeds_has_those(experiment):
    blocks = [{"optimizer": "sgd", "lr": [0.01, 0.1], "seed": "range(20,22)"}]
    experiment(TUNED | {"blocks": blocks, "claims": []}, "report=false")
    assert sorted(zip(runs()["lr"], runs()["seed"], strict=True)) == [(0.01, 20), (0.01, 21), (0.1, 20), (0.1, 21)]


def test_a_block_cannot_judge_on_a_tuning_seed(experiment):
    outcome = experiment(TUNED | {"blocks": [*TUNED["blocks"], {"optimizer": "sgd", "lr": 0.05, "seed": 100}]})
    assert outcome.status == 2
    assert "seed=100: this is one of the tuning seeds" in outcome.err


@pytest.mark.slow
def test_edited_claims_are_judged_anew(experiment):
    experiment(TUNED)
    stricter = TUNED["claims"][0] | {"kind": "threshold", "at_most": 1e-9}
    outcome = experiment(TUNED | {"claims": [stricter]})
    assert "nothing to train" in outcome.err
    assert "claim 1: refuted" in outcome.out


@pytest.mark.slow
def test_a_claim_has_its_note_and_its_reason_on_the_page(experiment):
    noted = TUNED["claims"][0] | {"note": "Fairness is another question."}
    outcome = experiment(TUNED | {"claims": [noted, TUNED["claims"][1]]}, "seed=0,1")
    page = next(Path("results/sweeps").glob("mine-*/report.html")).read_text()
    for text in ("Fairness is another question.", "2 seeds have values, a family of this size needs 6", "it waits for an idea"):
        assert text in page
        assert text in outcome.out
    assert "sgd: best lr" in page


@pytest.mark.slow
def test_where_every_lr_diverges_nothing_is_judged(experiment):
    blocks = [{"optimizer": "sgd", "lr": [1e6, 1e7]}]
    claims = [TUNED["claims"][0]]
    outcome = experiment(TUNED | {"blocks": blocks, "claims": claims})
    assert outcome.status == 0
    assert set(runs()["status"]) == {"diverged"}
    assert "claim 1: not decidable as stated" in outcome.out
    assert "no lr of optimizer=sgd has a value on all tuning seeds" in outcome.out


CLAIM = TUNED["claims"][0]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"colour": "red"}, "experiment=mine: there is no key colour"),
        ({"blocks": {"lr": 1}}, "`blocks` must be a list of mappings"),
        ({"claims": {"id": 1}}, "`claims` must be a list of mappings"),
        ({"tuning_seeds": "some"}, "tuning_seeds=some: give a list of seeds or range(start,stop)"),
        ({"tuning_seeds": [1, 100]}, "seed=1: this is one of the tuning seeds"),
        ({"evaluation_seeds": []}, "no evaluation_seeds; give both"),
        ({"claims": [CLAIM | {"metric": "elegance"}]}, "claim 1 of the experiment: there is no metric elegance"),
        ({"claims": [CLAIM | {"kind": "guess"}]}, "claim 1 of the experiment: kind: guess is unknown; use superiority"),
        ({"blocks": [{"lr": ["small", 0.1]}]}, "lr=small: a learning rate must be a number; give one"),
        ({"blocks": [{"results_dir": "../elsewhere"}]}, "results_dir: a block can only have keys of a run"),
        ({"fixed": {"+executor.address": "tcp://10.0.0.1:8786"}}, "+executor.address: a block can only have keys of a run"),
        ({"blocks": [{"hydra.run.dir": "elsewhere"}]}, "hydra.run.dir: a block can only have keys of a run"),
    ],
)
def test_a_wrong_experiment_trains_nothing(experiment, change, text):
    outcome = experiment(TUNED | change)
    assert outcome.status == 2
    assert text in outcome.err
    assert "Traceback" not in outcome.err
    assert not Path("results/runs").exists()


@pytest.mark.slow
def test_a_broken_yaml_is_in_nobody_elses_way(experiment, command):
    experiment(TUNED, "report=false", "seed=0", "lr=0.1")
    (conf_files.EXPERIMENTS / "broken.yaml").write_text("title: [\nblocks: -\n")
    outcome = command("experiment=broken")
    assert outcome.status == 2
    assert outcome.err.startswith("error: experiment=broken: its YAML cannot be read")
    assert "Traceback" not in outcome.err
    assert experiment(TUNED, "report=false", "seed=1", "lr=0.1").status == 0


def test_keys_of_an_experiment_are_those_of_its_yaml(experiment):
    outcome = experiment(TUNED, "experiment.tuning_seeds=[1]")
    assert outcome.status == 2
    assert "the keys of an experiment can only be set in its YAML" in outcome.err


LAUGHS = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join([f'*{before}'] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (f"{LAUGHS}title: *i\n", "more than 100,000 values"),
        ("claims: &a [*a]\n", "more than 100,000 values or 50 nested levels"),
        ("title: " + "[" * 60 + "]" * 60, "50 nested levels"),
        ("title: " + "[" * 3000 + "]" * 3000, "its YAML cannot be read"),
        ("title: !!bool x\n", "its YAML cannot be read"),
        ("title: !!int ''\n", "its YAML cannot be read"),
        ("title: 2020-99-99\n", "its YAML cannot be read"),
        ("title: a\nblocks: [{lr: 1, seed: 2, lr: 3}]\n", "line 2: lr is given twice"),
        ("title: a\ntitle: b\n", "line 2: title is given twice"),
        ("title: \udcff\n", "its YAML cannot be read"),
        ('title: "\\ud800"\n', "its YAML cannot be read"),
        ("blocks: [{seed: !!set {1, 2}}]\n", "{1, 2} is not text; put it in quotes"),
        ("title: 2020-01-01\n", "2020-01-01 is not text"),
        ("blocks: [{1: 2}]\n", "1 is not text"),
        ("evaluation_seeds: range(0,999999999999)\n", "the limit is 100,000 seeds"),
        ("evaluation_seeds: range(0," + "9" * 5000 + ")\n", "the limit is 100,000 seeds"),
        ("blocks: [{seed: 'range(0,1000000000000)'}]\n", "more than 100,000 runs"),
        (f"blocks: [{{lr: 0x{'f' * 4000}}}]\n", "an integer of over 1023 bits"),
        (f"evaluation_seeds: [0x{'f' * 4000}]\n", "an integer of over 1023 bits"),
        ("#" * 1_000_001, "more than 1,000,000 bytes"),
    ],
)
def test_a_hostile_yaml_is_one_clear_error(command, tmp_path, monkeypatch, content, message):
    folder = tmp_path / "experiments"
    folder.mkdir()
    (folder / "mine.yaml").write_text(content, encoding="utf-8", errors="surrogateescape")
    monkeypatch.setattr(conf_files, "EXPERIMENTS", folder)
    outcome = command("experiment=mine", "executor=serial", "report=false", "problem=quadratic")
    assert outcome.status == 2
    assert message in outcome.err
    assert len(outcome.err) < 400
    assert not list(tmp_path.rglob("*.parquet"))
