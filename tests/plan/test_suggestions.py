"""A word that is no key and no name: what was meant is named, and what there is; forms that can only mean one thing work."""

import pytest

from zdl_bench import load_results
from zdl_bench.errors import abridge, closest
from zdl_bench.plan.help import help_text
from zdl_bench.plan.keys import SYNONYMS, general_keys, part_keys, similar_keys, unknown_key
from zdl_bench.registry import conf_files, registry

BOWL = ("problem=bowl", "steps=5", "report=false", "executor=serial")
WITH_DECAY = ("optimizer", "schedule", "transform.ema", "transform.weight_decay")
MEANT = {
    "learning_rate": "lr",
    "LR": "lr",
    "optimizer.lr": "lr",
    "optimizer.learning_rate": "lr",
    "epochs": "steps",
    "iterations": "steps",
    "Steps": "steps",
    "problem.steps": "steps",
    "steps/x": "steps",
    "hidden": "problem.hidden",
    "hiden": "problem.hidden",
    "activation": "problem.activation",
    "batch_size": "problem.batch_size",
    "momentum": "optimizer.momentum",
    "beta2": "optimizer.beta2",
    "eps": "optimizer.epsilon or transform.mechanic.epsilon",
    "decay": " or ".join(f"{part}.decay" for part in WITH_DECAY),
    "problem.strt": "problem.start",
    "dataset.dri": "dataset.dir",
    "images": "probe.images",
    "probe.image": "probe.images",
    "scheduler": "schedule",
    "schedule.decai": "schedule.decay",
    "optimizer.decai": "optimizer.decay",
    "workers": "n_jobs",
    "max_failure": "max_failures",
    "tuning_seed": "tuning_seeds",
    "tune_seeds": "tuning_seeds",
}
MEANT_ON_THE_COMMAND_LINE = {
    "learning_rate=0.1": "lr",
    "+learning_rate=0.1": "lr",
    "hidden=50": "problem.hidden",
    "activation=sigmoid": "problem.activation",
    "optimizer.momentums=1": "optimizer.momentum",
    "problem={seed:3}": "seed",
    "optimizer=SGD": "sgd",
    "optimizer=Adam-Articles": "adam_articles",
    "experiment=Day64": "day64",
    "experiment=[day64]": "day64",
    "--lr=0.1": "lr=VALUE",
    "--learning-rate": "lr=VALUE",
    "hydra/sweeper=optna": "optuna",
}


@pytest.mark.parametrize("word", MEANT)
def test_the_key_that_was_meant_is_named(word):
    assert f"did you mean {MEANT[word]}? " in unknown_key(word)


@pytest.mark.slow
@pytest.mark.parametrize("argument", MEANT_ON_THE_COMMAND_LINE)
def test_what_was_meant_is_named(command, argument):
    outcome = command(*BOWL, argument)
    assert outcome.status == 2
    assert f"did you mean {MEANT_ON_THE_COMMAND_LINE[argument]}? " in outcome.err
    assert len(outcome.err.splitlines()) == 1


def test_the_command_that_was_meant_is_named(command):
    assert "did you mean report? " in command("repotr").err


@pytest.mark.slow
@pytest.mark.parametrize(
    "argument", ["foo=1", "steps/steps=3", "problem={a:1}", "x=1", "weight_decay=0.1", "optimizer.a.b=1", "optimizer.a=1"]
)
def test_nothing_is_invented(command, argument):
    """No word is suggested in its own place, and none that is far from it."""
    outcome = command(*BOWL, argument)
    assert outcome.status == 2
    key = argument.partition("=")[0]
    assert f"did you mean {key}?" not in outcome.err
    assert key in outcome.err


def test_a_key_without_a_value_is_no_command(command):
    assert "steps: a key needs a value; write steps=VALUE" in command("steps").err


@pytest.mark.slow
def test_a_key_of_another_part_names_the_part(command):
    outcome = command(*BOWL, "optimizer.momentum_decay=0.1")
    assert "has no key momentum_decay; choose another optimizer: nadam has this key" in outcome.err
    outcome = command(*BOWL, "optimizer.beta1=0.9")
    owners = abridge("optimizer.beta1", part_keys()["optimizer.beta1"])
    assert f"has no key beta1; choose another optimizer: {owners} have this key" in outcome.err
    outcome = command(*BOWL, "problem.dimension=3")
    assert (
        "has no key dimension; choose another problem: least_squares, noisy_quadratic, quadratic have this key" in outcome.err
    )


@pytest.mark.slow
def test_a_part_of_a_sweep_names_its_own_keys(command):
    outcome = command("-m", *BOWL, "optimizer=adam,sgd", "optimizer.beta=0.9")
    assert (
        "optimizer.beta=0.9: adam has no such key; did you mean optimizer.beta2? Choose one of its keys: beta1, beta2, epsilon"
        in outcome.err
    )
    assert (
        "sgd has no such key; leave this key out; nadam has this key"
        in command("-m", *BOWL, "optimizer=nadam,sgd", "optimizer.momentum_decay=0.1").err
    )


def test_every_synonym_leads_to_a_key_and_is_none():
    ends = {key.rpartition(".")[2] for key in (*general_keys(), *part_keys())}
    general = {key.rpartition(".")[2] for key in general_keys()}
    for key, words in SYNONYMS.items():
        assert key in ends
        for word in words.split():
            assert word not in general, "a word that is a key of every run needs no other"
            assert {found.rpartition(".")[2] for found in similar_keys(word)} == {key}


def test_help_names_the_keys_of_every_part():
    keys = help_text()
    for group in conf_files.groups():
        for name in conf_files.native_names(group):
            for key in set(conf_files.load_yaml(group, name)) - registry.KEYS_ABOUT_A_PART - OF_A_DATA_SET:
                [line] = [line for line in keys.splitlines() if line.startswith(f"{conf_files.key_prefix(group, name)}.{key} ")]
                assert line
    assert "\noptimizer  adaptive: " in keys
    assert "\n           classical: " in keys
    assert "problem.hidden              autoencoder, deep_mlp, mlp, mlp_uneven, softmax" in keys
    assert "dataset.files" not in keys
    assert "tuning_seeds: null  # seeds on which" in keys
    assert max(map(len, keys[keys.index("== Keys of the parts") :].splitlines())) <= 128


OF_A_DATA_SET = {"files", "classes", "train_size", "sha256", "candidates"}
CHOSEN_BADLY = [
    *(f"{group}=null" for group in ("optimizer", "problem", "schedule", "dataset", "executor", "experiment")),
    *("optimizer=2024", "problem=1.5", "schedule=true", "optimizer=range(1,3)", "optimizer=[sgd,adam]"),
    *("experiment=2024", "experiment={a:1}"),
]


@pytest.mark.parametrize("argument", CHOSEN_BADLY)
def test_a_choice_that_is_no_name_names_the_key_and_the_choices(command, tmp_path, argument):
    group, _, value = argument.partition("=")
    names = conf_files.experiment_names() if group == "experiment" else conf_files.native_names(group)
    outcome = command(*(word for word in BOWL if not word.startswith(f"{group}=")), argument)
    assert outcome.status == 2
    assert outcome.err == f"error: {argument}: there is no such {group}; choose one of {abridge(value, names)}\n"
    assert not list(tmp_path.iterdir())


def test_one_bad_choice_among_good_ones(command):
    assert "schedule=null: there is no such schedule" in command("-m", *BOWL, "schedule=cosine,null").err


def test_a_bad_choice_of_an_experiment_is_named(command, tmp_path, monkeypatch):
    monkeypatch.setattr(conf_files, "EXPERIMENTS", tmp_path)
    (tmp_path / "mine.yaml").write_text("blocks: [{problem: bowl, optimizer: [sgd, 2024]}]")
    outcome = command("experiment=mine", *BOWL[1:])
    assert outcome.status == 2
    assert "optimizer=2024: there is no such optimizer; choose one of " in outcome.err


@pytest.mark.slow
@pytest.mark.parametrize("form", ["optimizer=adam.yaml", "+optimizer=adam", "++optimizer=adam.yml", "optimizer=[adam]"])
def test_another_form_of_a_choice_is_accepted(command, form):
    assert command(*BOWL, form).status == 0
    assert load_results("results").runs["optimizer"].tolist() == ["adam"]


@pytest.mark.slow
def test_other_forms_of_an_experiment_are_the_same_sweep(command):
    """Named once in the store, whatever its form."""
    for form in (
        "experiment=adagrad_bowl",
        "experiment=adagrad_bowl.yaml",
        "+experiment=adagrad_bowl",
        "++experiment=adagrad_bowl.yml",
    ):
        outcome = command(form, *BOWL[1:])
        assert outcome.status == 0, outcome.err
        assert "adagrad_bowl-" in outcome.err
    assert outcome.err.count("nothing to train") == 1
    assert command("ls").out.count("adagrad_bowl-") == 1


def test_a_plus_before_a_key_that_is_there_changes_nothing(command):
    assert command(*BOWL, "+seed=7").status == 0
    assert command(*BOWL, "-m", "++seed=7,8", "optimizer=adam", "+optimizer.beta1=0.8").status == 0
    runs = load_results("results").runs
    assert sorted(runs["seed"]) == [7, 7, 8]
    assert set(runs.loc[runs["optimizer"] == "adam", "optimizer.beta1"]) == {0.8}


def test_a_sweep_over_forms_of_names(command):
    assert command("-m", *BOWL, "optimizer=choice(sgd,adam.yaml)").status == 0
    assert sorted(load_results("results").runs["optimizer"]) == ["adam", "sgd"]


def test_many_names_are_cut_to_the_closest_and_their_number():
    names = [f"sgd-adam-mlp-{number:08x}" for number in range(2000)]
    listed = abridge("sgd-adam-mlp-0000007", names)
    assert listed.startswith("sgd-adam-mlp-0000007")
    assert listed.endswith(", … (2,000 in all)")
    assert listed.count(",") == 5 + 1  # and that of the number
    assert abridge("", names).endswith("(2,000 in all)")
    assert abridge("x", ["a", "b"]) == "a, b"
    assert closest("steps", ["steps", "step"]) == ["step"]


def test_an_unknown_sweep_in_a_large_store(command, tmp_path):
    command(*BOWL, "name=mine")
    manifest = (tmp_path / "results/sweeps/mine/sweep.json").read_text()
    for number in range(300):
        folder = tmp_path / f"results/sweeps/sgd-adam-mlp-{number:08x}"
        folder.mkdir()
        (folder / "sweep.json").write_text(manifest)
    for arguments in (["report", "mien"], ["verify", "mien"]):
        outcome = command(*arguments)
        assert outcome.status == 2
        assert "there is no sweep mien in results; did you mean mine? The store has mine, " in outcome.err
        assert "… (301 in all)" in outcome.err
        assert len(outcome.err) < 400
    outcome = command("report", "sgd-adam-mlp-0000012")
    assert "sgd-adam-mlp-0000012" in outcome.err.partition("The store has")[2], "those that begin so come first"


def test_an_unknown_experiment_of_the_reference(command, tmp_path):
    folder = tmp_path / "results/reference"
    folder.mkdir(parents=True)
    for number in range(100):
        (folder / f"experiment_{number}.parquet").write_bytes(b"")
    outcome = command("verify", "--reference", "exprimnt_7")
    assert outcome.status == 2
    assert "did you mean experiment_7? " in outcome.err
    assert "(100 in all)" in outcome.err
    assert len(outcome.err) < 400
