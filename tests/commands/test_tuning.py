"""`tuning_seeds`: a sweep in two stages. Some seeds choose each learning rate, others judge the optimizers at it."""

import json
import re
from pathlib import Path

import pytest
import yaml
from conftest import run_process, start_process, stored

from zdl_bench import load_results
from zdl_bench.registry import conf_files
from zdl_bench.store.store import Store

QUADRATIC = ("problem=quadratic", "problem.gradient_noise=0.1", "steps=50", "executor=serial")
GRID = ("optimizer=sgd,momentum", "lr=0.001,0.03,0.3")
TUNED = ("-m", *QUADRATIC, *GRID, "seed=range(0,6)", "tuning_seeds=range(100,103)", "report=false")


def runs(*sweep):
    return load_results("results", *sweep).runs


def conditions(*sweep, keys=("optimizer", "lr", "seed")):
    found = runs(*sweep)
    return sorted(zip(*(found[key] for key in keys), strict=True))


def stage_lines(outcome):
    return [line for line in (outcome.out + outcome.err).splitlines() if line.startswith("stage ")]


def test_each_optimizer_is_tuned_on_some_seeds_and_judged_on_others(command):
    outcome = command(*TUNED)
    assert outcome.status == 0, outcome.err
    found = runs()
    tuning, judging = found[found["seed"] >= 100], found[found["seed"] < 100]
    assert sorted(tuning.groupby(["optimizer", "lr"]).size()) == [3] * 6
    best = tuning.groupby(["optimizer", "lr"])["tail_loss"].mean().groupby("optimizer").idxmin()
    assert judging.groupby(["optimizer", "lr"]).size().to_dict() == dict.fromkeys(best, 6)
    assert {lr for _, lr in best} == {0.03, 0.3}
    assert stage_lines(outcome) == [
        "stage 1: 3 learning rates × 2 optimizers on 3 tuning seeds",
        "stage 2: sgd at lr 0.3, momentum at lr 0.03 on 6 seeds",
    ]
    assert "sgd: the best learning rate is the largest that was tried; a better one may be larger" in outcome.err
    assert "momentum: the best" not in outcome.err
    table = [re.split(r"\s*│\s*", line)[1:5] for line in outcome.out.splitlines() if "│" in line]
    assert ["sgd", "0.3", "tuning", "3"] in table
    assert ["sgd", "0.3", "judging", "6"] in table
    manifest = Store("results").latest_manifest()
    assert (manifest.tuning_seeds, manifest.experiment) == ([100, 101, 102], None)
    assert len(manifest.run_ids) == 18 + 12


@pytest.mark.slow
def test_every_other_combination_chooses_for_itself(command):
    varied = ("problem.condition_number=2,50", "optimizer=sgd,momentum", "lr=0.001,0.02,1")
    outcome = command("-m", *QUADRATIC, *varied, "seed=1,2", "tuning_seeds=100,101", "report=false")
    assert outcome.status == 0, outcome.err
    keys = ["optimizer", "problem.condition_number"]
    found = runs()
    tuning, judging = found[found["seed"] >= 100], found[found["seed"] < 100]
    means = tuning.groupby([*keys, "lr"])["tail_loss"].mean()
    best = means.groupby(keys).idxmin()
    assert len({lr for *_, lr in best}) > 1
    assert judging.groupby([*keys, "lr"]).size().to_dict() == dict.fromkeys(best, 2)
    first, second = stage_lines(outcome)
    assert first == "stage 1: 3 learning rates × 4 combinations on 2 tuning seeds"
    assert "sgd problem.condition_number=50 at lr " in second


@pytest.mark.slow
@pytest.mark.parametrize("given", ["range(100,102)", "[100,101]", "100,101", "[100,100,101]", "sort(101,100)"])
def test_tuning_seeds_are_written_as_seeds_are(command, given):
    small = ("-m", *QUADRATIC, "lr=0.01,0.1", "seed=7", "report=false")
    assert command(*small, f"tuning_seeds={given}", "name=mine").status == 0
    assert Store("results").read_manifest("mine").tuning_seeds == [100, 101]
    assert conditions() == [("sgd", 0.01, 100), ("sgd", 0.01, 101), ("sgd", 0.1, 7), ("sgd", 0.1, 100), ("sgd", 0.1, 101)]


def test_one_tuning_seed_and_the_default_seed(command):
    outcome = command("-m", *QUADRATIC, "lr=0.01,0.1", "tuning_seeds=100", "report=false")
    assert outcome.status == 0, outcome.err
    assert conditions() == [("sgd", 0.01, 100), ("sgd", 0.1, 0), ("sgd", 0.1, 100)]
    assert stage_lines(outcome) == ["stage 1: 2 learning rates on 1 tuning seed", "stage 2: lr 0.1 on 1 seed"]


def test_a_dry_run_trains_nothing(command, tmp_path):
    outcome = command("-m", *QUADRATIC, "lr=0.01,0.1", "seed=0,1", "tuning_seeds=100,101,102", "dry_run=true")
    assert outcome.status == 0
    assert "runs:  8; 8 to train, 0 in the store" in outcome.out
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_the_same_command_goes_on_and_makes_nothing_twice(command):
    first = command(*TUNED)
    manifest = Store("results").latest_manifest()
    again = command(*TUNED)
    assert again.status == 0
    assert again.out == first.out
    assert again.err.count("all in the store, nothing to train") == 2
    assert Store("results").latest_manifest() == manifest
    assert [manifest.name] == Store("results").sweep_names()


@pytest.mark.slow
def test_what_was_lost_is_trained_again(command):
    command(*TUNED)
    manifest = Store("results").latest_manifest()
    digests = runs().set_index("run_id")["digest"]
    for run_id in (manifest.run_ids[0], manifest.run_ids[-1]):
        Store("results").run_path(run_id).unlink()
    outcome = command(*TUNED)
    assert outcome.status == 0
    assert "18 runs, 1 to train, 17 in the store" in outcome.err
    assert "12 runs, 1 to train, 11 in the store" in outcome.err
    assert runs().set_index("run_id")["digest"].equals(digests)


@pytest.mark.slow
def test_a_dry_run_counts_both_stages(command, tmp_path):
    outcome = command(*TUNED, "dry_run=true")
    assert outcome.status == 0
    assert "runs:  30; 30 to train, 0 in the store" in outcome.out
    assert stage_lines(outcome) == [
        "stage 1: 3 learning rates × 2 optimizers on 3 tuning seeds: 18 runs",
        "stage 2: the best learning rate of each on 6 seeds: 12 runs",
    ]
    assert list(tmp_path.iterdir()) == []
    command(*TUNED)
    assert "runs:  30; 0 to train, 30 in the store" in command(*TUNED, "dry_run=true").out


@pytest.mark.slow
def test_force_trains_both_stages_again(command):
    command(*TUNED)
    outcome = command(*TUNED, "force=true")
    assert "18 runs, 18 to train, 0 in the store" in outcome.err
    assert "12 runs, 12 to train, 0 in the store" in outcome.err


@pytest.mark.slow
def test_the_name_tells_sweeps_apart_whose_second_stage_is_not_known_yet(command):
    short = ("-m", *QUADRATIC, "lr=0.01,0.1", "report=false")
    for seeds in (("seed=1", "tuning_seeds=100"), ("seed=2", "tuning_seeds=100"), ("seed=1", "tuning_seeds=101"), ("seed=1",)):
        assert command(*short, *seeds).status == 0
    assert len(Store("results").sweep_names()) == 4
    assert command(*short, "seed=1", "tuning_seeds=100", "name=mine", "n_jobs=1").status == 0
    assert "mine" in Store("results").sweep_names()


def test_where_every_learning_rate_diverges_nothing_is_judged(command):
    outcome = command("-m", *QUADRATIC, "optimizer=sgd,momentum", "lr=1e6,1e7", "tuning_seeds=100,101", "report=false")
    assert outcome.status == 0
    assert set(runs()["seed"]) == {100, 101}
    assert "stage 2: no run" in outcome.err
    assert "sgd, momentum: no learning rate has a value on all tuning seeds, so none is judged; try smaller ones" in outcome.err
    assert Store("results").latest_manifest().finished


def test_where_no_value_of_another_key_has_a_loss_nothing_is_said_of_learning_rates(command):
    keys = ("optimizer=prodigy", "optimizer.d0=1e3,1e6", "tune=optimizer.d0", "tuning_seeds=100,101", "report=false")
    outcome = command("-m", "problem=rosenbrock", "steps=20", "executor=serial", *keys)
    assert outcome.status == 0, outcome.err
    assert set(runs()["seed"]) == {100, 101}
    assert "prodigy: no value of the tuned keys has a loss on all tuning seeds, so none is judged; try others" in outcome.err
    assert "learning rate has" not in outcome.err


@pytest.mark.slow  # with its report
def test_what_has_one_candidate_is_judged_even_if_it_diverges_on_a_tuning_seed(command):
    keys = ("optimizer=sgd,dadapt_adam", "lr=1e-4,1e-3,1e-2", "tuning_seeds=100,101", "seed=1,2", "problem.start_std=0.1")
    outcome = command("-m", "problem=beale", "steps=50", "executor=serial", *keys)
    assert outcome.status == 0, outcome.err
    found = runs().set_index("optimizer").loc["dadapt_adam"]
    assert sorted(found["seed"]) == [1, 2, 100, 101]
    assert "diverged" in set(found["status"][found["seed"] >= 100])
    assert "dadapt_adam at no learning rate" in outcome.err
    assert "none is judged" not in outcome.err


@pytest.mark.parametrize("factor", ["1", "1e9"])
def test_a_grid_of_one_learning_rate_is_judged_and_no_edge_of_itself(command, factor):
    """Also if it diverges: nothing was chosen."""
    outcome = command("-m", *QUADRATIC, "optimizer=sgd", f"lr_grid={factor}", "tuning_seeds=100,101", "seed=1", "report=false")
    assert outcome.status == 0, outcome.err
    lr = 0.001 * float(factor)
    assert sorted(conditions(keys=("lr", "seed"))) == [(lr, 1), (lr, 100), (lr, 101)]
    assert f"stage 2: sgd at lr {lr:g} on 1 seed" in outcome.err
    words = "sgd: only one learning rate was tried; a better one may be smaller or larger"
    assert (words in outcome.err) is (factor == "1")
    assert "that was tried" not in outcome.err


WRONG = {
    "a tuning seed judges": (
        ["seed=99,100", "tuning_seeds=range(100,103)"],
        "seed=100: this is one of the tuning seeds, and a",
    ),
    "the default seed tunes": (["tuning_seeds=0,1"], "seed=0: this is one of the tuning seeds"),
    "one learning rate": (["lr=0.1", "tuning_seeds=100"], "tuning_seeds: there is no learning rate to choose; give several"),
    "one learning rate twice": (["lr=0.1,1e-1", "tuning_seeds=100"], "tuning_seeds: there is no learning rate to choose"),
    "no number": (["lr=0.1,null", "tuning_seeds=100"], "lr=null: a learning rate must be a number; give one"),
    "an empty range": (["tuning_seeds=range(5,5)"], "tuning_seeds=range(5,5): the range is empty; give a longer one"),
    "an empty grid": (["lr=range(1,1)", "tuning_seeds=100"], "the sweep has no runs, because a list or range is empty"),
    "no seed": (["tuning_seeds=many"], "tuning_seeds=many: many is not a seed; give integers from 0 to"),
    "a fraction": (["tuning_seeds=1.5"], "tuning_seeds=1.5: 1.5 is not a seed; give integers"),
    "below zero": (["tuning_seeds=[-1]"], "tuning_seeds=[-1]: -1 is not a seed; give integers"),
    "lists of lists": (["tuning_seeds=[1],[2]"], "[1] is not a seed"),
    "yes": (["tuning_seeds=true"], "True is not a seed"),
    "a dictionary": (["tuning_seeds={a:1}"], "is not a seed"),
    "endless": (["tuning_seeds=range(0,inf)"], "more than 100,000 runs are too many"),
    "too many": (["tuning_seeds=range(1,60000)"], "the sweep: more than 100,000 runs are too many"),
    "judges that are no seeds": (["seed=-1,0", "tuning_seeds=100"], "seed=-1: a seed is an integer from 0 to"),
    "judges that are no numbers": (["seed=a,b", "tuning_seeds=100"], "seed=a: a seed is an integer from 0 to"),
    "too many judges": (
        ["optimizer=sgd,adam", "seed=range(200,90000)", "tuning_seeds=100"],
        "the sweep: more than 100,000 runs are too many",
    ),
    "a foreign sweeper": (
        ["tuning_seeds=100", "hydra/sweeper=basic"],
        "hydra/sweeper: another sweeper chooses its own runs; leave out the sweeper or tuning_seeds",
    ),
    "a foreign launcher": (
        ["tuning_seeds=100", "hydra/launcher=basic"],
        "hydra/launcher: a sweep of several stages needs zdl_bench's own launcher; leave this key out",
    ),
    "twice": (["tuning_seeds=100", "+tuning_seeds=101"], "tuning_seeds is already given, as tuning_seeds=100"),
}


@pytest.mark.parametrize("kind", WRONG)
@pytest.mark.slow
def test_wrong_tuning_seeds_are_one_clear_error(command, tmp_path, kind):
    arguments, words = WRONG[kind]
    grid = [] if any(one.startswith("lr=") for one in arguments) else ["lr=0.01,0.1"]
    outcome = command("-m", *QUADRATIC, *grid, *arguments)
    assert outcome.status == 2
    assert outcome.err.startswith("error: ")
    assert words in outcome.err
    assert len(outcome.err.splitlines()) == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("given", ["tuning_seeds=100", "tuning_seeds=range(100,103)"])
def test_one_run_has_nothing_to_tune(command, tmp_path, given):
    outcome = command(*QUADRATIC, "lr=0.1", given)
    assert outcome.status == 2
    assert "tuning_seeds: one run has no learning rate to choose; put -m before the keys" in outcome.err
    assert not list(tmp_path.iterdir())
    assert command(*QUADRATIC, "lr=0.1", "tuning_seeds=null", "report=false").status == 0


@pytest.mark.parametrize("given", ["tuning_seeds=null", "tuning_seeds=[]"])
def test_no_tuning_seeds_are_a_sweep_of_one_stage(command, given):
    outcome = command("-m", *QUADRATIC, "lr=0.01,0.1", "seed=1,2", given, "report=false")
    assert outcome.status == 0
    assert stage_lines(outcome) == []
    assert len(runs()) == 4


# The page.


@pytest.mark.slow
def test_the_page_judges_on_the_other_seeds(command):
    outcome = command(*TUNED[:-1], "name=mine")
    assert outcome.status == 0, outcome.err
    folder = Path("results/sweeps/mine")
    findings = (folder / "tables/findings.md").read_text()
    assert "6 seeds after 3 tuning seeds" in findings
    assert "each at its best lr" in findings
    assert "chosen on the seeds that judge" not in findings
    compared = (folder / "tables/comparisons.csv").read_text()
    ids = {run.run_id for run, _ in Store("results").read_all(Store("results").read_manifest("mine").run_ids).runs}
    tuning_ids = {*runs("mine").query("seed >= 100")["run_id"]}
    assert tuning_ids < ids
    assert not [run_id for run_id in tuning_ids if run_id in compared]
    page = (folder / "report.html").read_bytes()
    assert command("report", "mine").status == 0
    assert (folder / "report.html").read_bytes() == page
    verified = command("verify", "mine")
    assert verified.status == 0, verified.err
    assert "not stated" not in verified.out


@pytest.mark.slow
def test_without_tuning_seeds_the_page_names_the_key(command):
    outcome = command("-m", *QUADRATIC, *GRID, "seed=range(0,6)", "name=mine")
    assert outcome.status == 0, outcome.err
    findings = Path("results/sweeps/mine/tables/findings.md").read_text()
    assert "the learning rates were chosen on the seeds that judge; let others choose" in findings
    assert "tuning\\_seeds=range(100,103)" in findings or "tuning_seeds=range(100,103)" in findings
    compared = Path("results/sweeps/mine/tables/comparisons.csv").read_text()
    assert "not decidable as stated" in compared
    assert "supported" not in compared


# The store and experiments.


def test_a_manifest_of_an_earlier_version_has_no_tuning_seeds(command):
    assert command("-m", *QUADRATIC, "seed=1,2", "name=mine", "report=false").status == 0
    path = Path("results/sweeps/mine/sweep.json")
    content = json.loads(path.read_text())
    assert content.pop("tuning_seeds") == []
    del content["checksum"]  # the earliest had none
    path.write_text(json.dumps(content))
    manifest = Store("results").read_manifest("mine")
    assert manifest.tuning_seeds == []
    assert manifest.as_experiment.tuning_seeds == ()
    assert command("ls").status == 0


EXPERIMENT = {
    "fixed": {"problem": "quadratic", "problem.gradient_noise": 0.1, "steps": 50},
    "tuning_seeds": "range(100,103)",
    "evaluation_seeds": "range(0,2)",
    "blocks": [{"optimizer": ["sgd", "momentum"], "lr": [0.01, 0.1]}, {"optimizer": "sgd", "lr": 0.001}],
}


@pytest.fixture
def experiment(command, monkeypatch, tmp_path):
    folder = tmp_path / "experiments"
    folder.mkdir()
    monkeypatch.setattr(conf_files, "EXPERIMENTS", folder)

    def run(*arguments, **changes):
        (folder / "mine.yaml").write_text(yaml.safe_dump(EXPERIMENT | changes))
        return command("-m", "experiment=mine", "executor=serial", "report=false", *arguments)

    return run


def test_an_experiment_tells_its_stages_too(experiment):
    outcome = experiment()
    assert outcome.status == 0, outcome.err
    first, second = stage_lines(outcome)
    assert first == "stage 1: 2 learning rates × 2 optimizers on 3 tuning seeds, and 2 runs without a choice"
    assert second.startswith("stage 2: sgd at lr 0.1, momentum at lr ")
    assert Store("results").read_manifest("mine").tuning_seeds == []
    assert Store("results").read_manifest("mine").as_experiment.tuning_seeds == (100, 101, 102)


@pytest.mark.slow
def test_tuning_seeds_of_the_command_line_replace_those_of_an_experiment(experiment):
    assert experiment("tuning_seeds=200,201").status == 0
    [name] = Store("results").sweep_names()
    assert name.startswith("mine-")
    assert {*runs()["seed"]} == {0, 1, 200, 201}
    manifest = Store("results").read_manifest(name)
    assert manifest.experiment["tuning_seeds"] == [200, 201]
    assert manifest.as_experiment.tuning_seeds == (200, 201)
    assert experiment("tuning_seeds=0", "seed=10").status == 0, "the seeds of the YAML are not used"
    assert "seed=0: this is one of the tuning seeds" in experiment("tuning_seeds=0").err
    assert "there is no learning rate to choose" in experiment("tuning_seeds=200", "lr=0.1").err


def test_an_experiment_can_be_run_without_its_tuning_seeds(experiment):
    assert experiment("tuning_seeds=[]").status == 0
    assert {*runs()["seed"]} == {0, 1}
    assert len(runs()) == 2 * (2 * 2 + 1)


def test_tuning_seeds_of_the_command_line_serve_an_experiment_that_has_none(experiment):
    assert experiment("tuning_seeds=100", tuning_seeds=[]).status == 0
    assert {*runs()["seed"]} == {0, 1, 100}


# A real process that is killed.


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["to train", "stage 2:"], ids=["in the first stage", "between the stages"])
def test_a_sweep_that_is_killed_goes_on_in_the_stage_that_it_reached(tmp_path, moment):
    kept_words = (word for word in TUNED if word not in ("steps=50", "executor=serial"))
    sweep = (*kept_words, "steps=2000", "n_jobs=2", "name=mine")
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    for folder in (whole, killed):
        folder.mkdir()
    undisturbed = run_process(*sweep, cwd=whole)
    assert undisturbed.status == 0, undisturbed.err
    process = start_process(*sweep, cwd=killed)
    assert any(moment in line for line in process.stderr), "the sweep ended before this moment"
    process.kill()
    process.communicate(timeout=60)
    kept = len(stored(killed))
    assert kept < 30
    assert (kept >= 18) == (moment == "stage 2:")
    outcome = run_process(*sweep, cwd=killed)
    assert outcome.status == 0, outcome.err
    left = [int(count) for count in re.findall(r"(\d+) to train", outcome.err)]
    assert sum(left) == 30 - kept
    assert stage_lines(outcome) == stage_lines(undisturbed)
    digests = [load_results(folder / "results").runs.set_index("run_id")["digest"] for folder in (whole, killed)]
    assert digests[0].equals(digests[1])
    assert Store(killed / "results").read_manifest("mine").finished
