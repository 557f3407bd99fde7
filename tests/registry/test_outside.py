"""Parts from outside the package: in a folder of the user and in an installed package, with their classes beside the YAMLs."""

import json
import os
import sys

import pytest
from conftest import run_process
from own_folder import SIGN_SGD, copy_sign_sgd, edit

from zdl_bench import load_results
from zdl_bench.errors import ConfigError
from zdl_bench.registry import conf_files, registry
from zdl_bench.registry.conf_places import conf_folder, outside_places

BOWL = ("problem=bowl", "steps=20", "report=false", "executor=serial")
OWN = ("--config-dir", str(SIGN_SGD))


@pytest.fixture(autouse=True)
def as_a_new_process(monkeypatch):
    """Forgets the modules that a test imports from folders of its own, as Python imports each name only once."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    before = {*sys.modules}
    yield
    for name in {*sys.modules} - before:
        if name.partition(".")[0] in ("optimizer", "transform", "their_rules", "watched_rule", "halfway"):
            del sys.modules[name]


def test_an_optimizer_of_a_folder_trains_beside_a_shipped_one(command):
    outcome = command(*OWN, "-m", "optimizer=sgd,sign_sgd", "lr=0.1", *BOWL)
    assert outcome.status == 0, outcome.err
    runs = load_results("results").runs.set_index("optimizer")
    assert list(runs["status"]) == ["completed", "completed"]
    assert runs.loc["sgd", "run_id"] != runs.loc["sign_sgd", "run_id"]
    assert f"--config-dir {SIGN_SGD}" in outcome.out, "the command that verifies needs the folder, too"


@pytest.mark.slow
@pytest.mark.parametrize("form", [["--config-dir", "{}"], ["--config-dir={}"], ["-cd", "{}"]])
def test_the_flag_is_read_in_each_form_and_for_each_command(command, form):
    flag = [word.format(SIGN_SGD) for word in form]
    assert command("optimizer=sign_sgd", *BOWL, *flag).status == 0
    assert "1 same bits" in command("verify", *flag).out
    assert "sign_sgd" in command("ls", *flag).out
    assert command("report", *flag).status == 0


def test_the_environment_names_several_folders(command, tmp_path, monkeypatch):
    (tmp_path / "more/schedule").mkdir(parents=True)
    (tmp_path / "more/schedule/halves.yaml").write_text(
        "_target_: zdl_bench.schedules.step_decay.StepDecay\nname: halves\ndecay: 0.5\ndrops: 3\n"
    )
    monkeypatch.setenv("ZDL_BENCH_CONF", f"{SIGN_SGD}{os.pathsep}{tmp_path / 'more'}")
    assert command("optimizer=sign_sgd", "schedule=halves", *BOWL).status == 0
    assert os.environ["ZDL_BENCH_CONF"].endswith("more")


def test_a_folder_counts_only_in_its_command(command):
    assert command(*OWN, "optimizer=sign_sgd", *BOWL).status == 0
    outcome = command("optimizer=sign_sgd", *BOWL)
    assert outcome.status == 2
    assert "optimizer=sign_sgd: there is no such optimizer" in outcome.err
    assert (
        "cannot be trained here (optimizer=sign_sgd: there is no such optimizer here; name the folder" in command("verify").out
    )
    assert "ZDL_BENCH_CONF" not in os.environ


def test_a_folder_that_is_missing_is_one_line(command):
    outcome = command("--config-dir", "nowhere", *BOWL)
    assert outcome.status == 2
    assert "nowhere: there is no such folder" in outcome.err
    assert len(outcome.err.splitlines()) == 1


@pytest.mark.slow
def test_an_experiment_of_a_folder_is_a_sweep_with_claims(command):
    outcome = command(*OWN, "experiment=signs", "dry_run=true")
    assert outcome.status == 0, outcome.err
    assert "60" in outcome.out, "40 trials, and 10 seeds of each optimizer"
    assert "signs" in command(*OWN, "--help").out
    assert "there is no such experiment" in command("experiment=signs").err


def test_completion_knows_the_folder(command, monkeypatch):
    monkeypatch.setenv("COMP_LINE", f"zdl-bench --config-dir {SIGN_SGD} optimizer=sign_")
    assert command("-sc", "query=bash").out.split() == ["optimizer=sign_sgd"]


def test_a_folder_may_have_any_name(command, tmp_path):
    folder = copy_sign_sgd(tmp_path / "my parts=1")
    assert command("--config-dir", folder.name, "-m", "optimizer=sign_sgd", "name=any", *BOWL).status == 0
    assert json.loads((tmp_path / "results/sweeps/any/sweep.json").read_text())["overrides"][0] == "optimizer=sign_sgd"
    (folder / "schema.yaml").write_text("lr: 1\n")
    outcome = command("--config-dir", folder.name, "optimizer=sign_sgd", *BOWL)
    assert outcome.status == 2
    assert "my parts=1/schema.yaml: this would replace the types of all keys" in outcome.err


def test_the_same_name_twice_is_an_error_that_names_both_files(command, tmp_path):
    folder = copy_sign_sgd(tmp_path / "own")
    yaml = folder / "optimizer/adam.yaml"
    yaml.write_text((conf_files.CONF / "optimizer/adam.yaml").read_text())
    flag = ("--config-dir", str(folder))
    outcome = command(*flag, "optimizer=adam", *BOWL)
    assert outcome.status == 2
    assert str(yaml) in outcome.err
    assert str(conf_files.CONF / "optimizer/adam.yaml") in outcome.err
    assert command(*flag, "optimizer=sgd", *BOWL).status == 0, "it stops nothing else"
    assert str(yaml) in command(*flag, "--help").out


def test_a_folder_named_twice_is_one_place(command, monkeypatch):
    monkeypatch.setenv("ZDL_BENCH_CONF", str(SIGN_SGD))
    assert command(*OWN, "optimizer=sign_sgd", *BOWL).status == 0
    assert command("--config-dir", str(conf_files.CONF), "optimizer=sgd", *BOWL).status == 0


BROKEN = {
    "optimizer/no_yaml.yaml": ("a: [", "this file cannot be read"),
    "optimizer/no_class.yaml": ("_target_: 5\nname: no_class\ndefault_lr: 1\n", "_target_=5: name a class"),
    "optimizer/no_module.yaml": ("_target_: gone.A\nname: no_module\ndefault_lr: 1\n", "_target_=gone.A: this class cannot"),
    "optimizer/exits.yaml": ("_target_: exits_at_once.A\nname: exits\ndefault_lr: 1\n", "_target_=exits_at_once.A: this class"),
    "optimizer/halfway.yaml": (
        "_target_: halfway.Halfway\nname: halfway\ndefault_lr: 1\n",
        "_target_ cannot be used (TypeError",
    ),
    "schedule/wrong_type.yaml": (
        "_target_: zdl_bench.schedules.step_decay.StepDecay\nname: wrong_type\ndecay: much\n",
        "decay=much: give a number",
    ),
    "dataset/no_size.yaml": ("_target_: zdl_bench.datasets.digits.Digits\nname: no_size\n", "validation_size is missing"),
    "experiment/no_keys.yaml": ("- 1\n", "its YAML holds no keys"),
}
"""File → its content, and what the line about it says."""
HALFWAY = """
from dataclasses import dataclass

from zdl_bench.optimizers.optimizer import Optimizer


@dataclass(frozen=True)
class Halfway(Optimizer):
    pass
"""


@pytest.mark.slow
def test_a_broken_part_is_one_line_and_stops_nothing_else(command, tmp_path):
    folder = copy_sign_sgd(tmp_path / "own")
    (folder / "exits_at_once.py").write_text("raise SystemExit(3)\n")
    (folder / "halfway.py").write_text(HALFWAY)
    for file, (text, _) in BROKEN.items():
        (folder / file).parent.mkdir(exist_ok=True)
        (folder / file).write_text(text)
    flag = ("--config-dir", str(folder))
    assert command(*flag, "optimizer=sign_sgd", *BOWL).status == 0
    shown = command(*flag, "--help")
    assert shown.status == 0
    for file, (_, words) in BROKEN.items():
        group, name = file.removesuffix(".yaml").split("/")
        begin = f"experiment={name}: " if group == "experiment" else f"own/{file}: "
        assert [line for line in shown.out.splitlines() if line.startswith(begin) and words in line], file
        data = ("problem=mlp",) if group == "dataset" else ("problem=bowl",)
        outcome = command(*flag, f"{group}={name}", *data, *BOWL[1:])
        assert outcome.status == 2, file
        assert outcome.err.startswith(f"error: {begin}")
        assert words in outcome.err
        assert len(outcome.err.splitlines()) == 1


def test_a_module_that_another_one_hides_is_an_error_that_names_both(command, tmp_path):
    folder = tmp_path / "own"
    (folder / "optimizer").mkdir(parents=True)
    (folder / "string.py").write_text("class A: pass\n")
    (folder / "optimizer/mine.yaml").write_text("_target_: string.A\nname: mine\ndefault_lr: 1\n")
    outcome = command("--config-dir", str(folder), "optimizer=mine", *BOWL)
    assert outcome.status == 2
    assert "own/optimizer/mine.yaml: _target_=string.A: two modules have the same name" in outcome.err
    assert str(folder / "string.py") in outcome.err
    assert __import__("string").__file__ in outcome.err


@pytest.mark.parametrize("linked", ["optimizer/sign_sgd.py", "optimizer/sign_sgd.yaml", "optimizer", ""])
def test_files_and_folders_may_be_links(command, tmp_path, linked):
    folder = copy_sign_sgd(tmp_path / "own")
    (folder / linked).rename(tmp_path / "kept")
    (folder / linked).symlink_to(tmp_path / "kept")
    outcome = command("--config-dir", "own", "optimizer=sign_sgd", *BOWL)
    assert outcome.status == 0, outcome.err


@pytest.mark.slow
def test_a_linked_module_has_the_ids_of_its_code(tmp_path):
    folder = copy_sign_sgd(tmp_path / "own")
    rule, kept = folder / "optimizer/sign_sgd.py", tmp_path / "kept.py"

    def to_train() -> str:
        outcome = run_process("--config-dir", "own", "optimizer=sign_sgd", *BOWL, cwd=tmp_path)
        assert outcome.status == 0, outcome.err
        return outcome.err

    assert "1 to train" in to_train()
    rule.rename(kept)
    rule.symlink_to(kept)
    assert "all in the store" in to_train()
    edit(kept, "np.sign(g)", "2 * np.sign(g)")
    assert "1 to train" in to_train()


@pytest.mark.slow
def test_changed_code_is_other_runs_and_a_helper_beside_it_counts(tmp_path):
    """Each in a process of its own, since Python imports a module once."""
    folder = copy_sign_sgd(tmp_path / "own")
    rule = folder / "optimizer/sign_sgd.py"
    (folder / "optimizer/scale.py").write_text("SCALE = 1.0\n")
    edit(rule, "import numpy as np\n", "import numpy as np\n\nfrom optimizer.scale import SCALE\n")
    edit(rule, "np.sign(g)", "SCALE * np.sign(g)")

    def to_train() -> str:
        outcome = run_process("--config-dir", "own", "optimizer=sign_sgd", *BOWL, cwd=tmp_path)
        assert outcome.status == 0, outcome.err
        return outcome.err

    assert "1 to train" in to_train()
    edit(rule, '"""SignSGD."""', '"""The signs alone."""')
    assert "all in the store" in to_train()
    edit(folder / "optimizer/scale.py", "1.0", "0.5")
    assert "1 to train" in to_train()
    edit(rule, "SCALE *", "2 * SCALE *")
    assert "1 to train" in to_train()
    edit(folder / "optimizer/sign_sgd.yaml", "0.001", "0.001  # small")
    assert "all in the store" in to_train()


@pytest.mark.slow
def test_worker_processes_find_the_parts(command):
    outcome = command(*OWN, "-m", "optimizer=sign_sgd", "lr=0.1,0.2,0.3", "n_jobs=2", *BOWL[:-1])
    assert outcome.status == 0, outcome.err
    assert set(load_results("results").runs["status"]) == {"completed"}


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package as pip leaves it: its folder, its metadata, its entry point. Returns the folder on the import path."""
    place = tmp_path / "site-packages"
    conf = place / "their_rules/conf/optimizer"
    conf.mkdir(parents=True)
    (place / "their_rules/__init__.py").write_text("raise RuntimeError('imported to list names')\n")
    about = place / "their_rules-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: their-rules\nVersion: 1.0\n")
    (about / "top_level.txt").write_text("their_rules\n")
    (about / "entry_points.txt").write_text("[zdl_bench.conf]\ntheirs = their_rules.conf\n")
    rule = (SIGN_SGD / "optimizer/sign_sgd.py").read_text()
    (place / "their_rules/rule.py").write_text(rule)
    yaml = (SIGN_SGD / "optimizer/sign_sgd.yaml").read_text().replace("name: sign_sgd", "name: their_sign")
    (conf / "their_sign.yaml").write_text(yaml.replace("optimizer.sign_sgd.SignSGD", "their_rules.rule.SignSGD"))
    monkeypatch.syspath_prepend(place)
    return place


def test_names_of_an_installed_package_are_listed_without_its_code(package):
    assert "their_sign" in conf_files.names("optimizer")
    assert [place.folder for place in outside_places()] == [package / "their_rules/conf"]


@pytest.mark.slow
def test_a_part_of_an_installed_package_trains_and_its_version_stands_for_its_code(package, command):
    (package / "their_rules/__init__.py").write_text("")
    outcome = command("optimizer=their_sign", "lr=0.1", *BOWL)
    assert outcome.status == 0, outcome.err
    hashes = registry.code_hashes("optimizer", "their_sign")
    assert hashes["their_rules.rule"] == "their-rules 1.0"
    assert "1 same bits" in command("verify").out


def test_an_entry_point_that_leads_nowhere_is_one_line_and_stops_nothing(package, command):
    (package / "their_rules-1.0.dist-info/entry_points.txt").write_text("[zdl_bench.conf]\ntheirs = their_rulez.conf\n")
    assert command("optimizer=sgd", *BOWL).status == 0
    [line] = [line for line in command("--help").out.splitlines() if "their_rulez" in line]
    assert line.startswith("their-rules: its entry point zdl_bench.conf: theirs = their_rulez.conf leads to no folder")


def test_verify_imports_nothing_that_only_a_stored_file_names(command, tmp_path, monkeypatch):
    """The optimizer's module lies on the path, but no folder with a YAML of that name is named."""
    folder = copy_sign_sgd(tmp_path / "own")
    edit(folder / "optimizer/sign_sgd.yaml", "optimizer.sign_sgd", "watched_rule")
    (folder / "optimizer/sign_sgd.py").rename(folder / "watched_rule.py")
    assert command("--config-dir", str(folder), "optimizer=sign_sgd", *BOWL).status == 0
    del sys.modules["watched_rule"]
    monkeypatch.syspath_prepend(folder)
    assert "cannot be trained here" in command("verify").out
    assert "watched_rule" not in sys.modules


@pytest.mark.slow
def test_a_folder_that_one_works_in_is_no_installed_package(package, tmp_path):
    """It may be somebody's store, and `python -m` puts it on Python's path."""
    assert "their_sign" not in run_process("--help", cwd=package).out
    outcome = run_process("optimizer=their_sign", *BOWL, cwd=package)
    assert "there is no such optimizer" in outcome.err


@pytest.mark.slow
def test_verify_says_where_a_transform_may_be(command, tmp_path):
    assert command("new", "transform", "halves", "--config-dir", "mine").status == 0
    assert command("--config-dir", "mine", "transform=[halves]", *BOWL).status == 0
    assert "1 same bits" in command("verify", "--config-dir", "mine").out
    assert "transform=halves: there is no such transform here; name the folder" in command("verify").out
    assert "cannot be used" not in command("--config-dir", "mine", "--help").out


def test_a_name_that_the_variable_cannot_hold_is_refused():
    with pytest.raises(ConfigError, match="cannot hold"), conf_folder(f"a{os.pathsep}b"):
        pass
