"""The code of a part belongs to the identity of its runs: changed code never meets old numbers."""

import json
import sys
from dataclasses import replace
from importlib.metadata import packages_distributions, version

import pytest
import yaml
from conftest import quadratic_config, run_process
from covered_code import current
from own_folder import copy_sign_sgd, edit
from own_images import add_dataset, copy_conf
from own_optimizers import checkout_with

from zdl_bench import load_results
from zdl_bench.datasets.cache import ensure_decoded, load_decoded
from zdl_bench.errors import ConfigError
from zdl_bench.executors.attempt import attempt
from zdl_bench.registry import conf_files, registry, sources
from zdl_bench.run.config import RunConfig
from zdl_bench.training.loop import train

SHIPPED = [(group, name) for group in registry.GROUPS_OF_A_RUN for name in conf_files.native_names(group)]
RULE = '''"""A rule of somebody."""
from dataclasses import dataclass
from zdl_bench.optimizers.elementwise import Elementwise
from {helper} import SCALE

@dataclass(frozen=True)
class Mine(Elementwise):
    """w ← w − lr·g"""
    def scalars(self, step, memory):
        return dict(lr=SCALE * step.lr)
    @staticmethod
    def rule(w, g, *, lr):
        return w - lr * g

class Other(Mine):
    pass
'''


@pytest.mark.slow
def test_the_list_is_that_of_the_package():
    """An engine's numbers are held by the stored curves; this says which code they were made by."""
    assert current() == sources.covered_code(), "a part has changed: if its numbers have not, run tests/covered_code.py"


@pytest.mark.parametrize(("group", "name"), SHIPPED)
def test_parts_of_the_package_are_covered(group, name, monkeypatch):
    assert registry.source(group, name) is None
    assert sources.beyond_engine(registry.code_hashes(group, name)) is None  # as it is if some other part was touched


@pytest.fixture
def own(tmp_path, monkeypatch):
    """Writes a rule, the module that it imports, and its YAML; returns what identifies it, as a new process would find it."""
    conf = copy_conf(tmp_path)
    monkeypatch.setattr(conf_files, "CONF", conf)
    monkeypatch.syspath_prepend(tmp_path)

    def source(rule: str = RULE, helper: str = "SCALE = 1.0\n", name: str = "Mine", module: str = "my_rule") -> str | None:
        (tmp_path / f"{module}.py").write_text(rule.format(helper="my_scale"))
        (tmp_path / "my_scale.py").write_text(helper)
        about = {"_target_": f"{module}.{name}", "name": "mine", "default_lr": 0.1}
        (conf / "optimizer/mine.yaml").write_text(yaml.safe_dump(about))
        for one in (module, "my_scale"):
            sys.modules.pop(one, None)
        for function in (conf_files.load_yaml, registry._implementation, registry.source):
            function.cache_clear()
        return registry.source("optimizer", "mine")

    yield source
    for function in (conf_files.load_yaml, registry._implementation, registry.source):
        function.cache_clear()


def test_a_part_from_elsewhere_is_known_by_its_code(own):
    first = own()
    assert first is not None
    assert len(first) == 16
    assert own() == first


def test_what_changes_no_number_changes_no_id(own):
    edited = RULE.replace("A rule of somebody.", "Somebody's rule.").replace("lr * g,", "lr  *  g,  # a step\n       ")
    assert own(edited) == own()
    assert own(module="moved") == own()


@pytest.mark.parametrize(
    "change",
    [
        {"rule": RULE.replace("w - lr * g", "w - 0.1 * lr * g")},
        {"helper": "SCALE = 0.1\n"},  # a module that it imports
        {"name": "Other"},
    ],
    ids=["the rule", "a module that it imports", "another class of the same module"],
)
def test_what_may_change_a_number_changes_the_id(own, change):
    assert own(**change) != own()


@pytest.mark.slow
def test_the_code_of_an_installed_part_is_its_version(own, tmp_path, monkeypatch):
    found = []
    for number in ("1.0", "1.1"):
        place = tmp_path / number / "site-packages"
        (place / "my_rules-1.dist-info").mkdir(parents=True)
        (place / "my_rules-1.dist-info/METADATA").write_text(f"Metadata-Version: 2.1\nName: my-rules\nVersion: {number}\n")
        (place / "my_rules-1.dist-info/top_level.txt").write_text("my_rules\n")
        (place / "my_rules.py").write_text(RULE.replace("from {helper} import SCALE", "SCALE = 1.0"))
        monkeypatch.syspath_prepend(place)
        sys.modules.pop("my_rules", None)
        sources._distributions.cache_clear()
        assert sources.code_of("my_rules") == {"my_rules": f"my-rules {number}"}
        found.append(sources.beyond_engine(sources.code_of("my_rules")))
    assert len({*found}) == 2


@pytest.mark.slow
def test_distributions_are_looked_for_once(tmp_path, monkeypatch):
    """It takes half a second. A package that was installed since is found."""
    looks = []
    monkeypatch.setattr(sources, "packages_distributions", lambda: looks.append(1) or packages_distributions())
    sources._distributions.cache_clear()
    for module in ("numpy", "pandas", "joblib"):
        assert sources.code_of(module) == {module: f"{module} {version(module)}"}
    assert len(looks) == 1
    place = tmp_path / "site-packages"
    (place / "my_new-1.dist-info").mkdir(parents=True)
    (place / "my_new-1.dist-info/METADATA").write_text("Metadata-Version: 2.1\nName: my-new\nVersion: 1\n")
    (place / "my_new-1.dist-info/top_level.txt").write_text("my_new\n")
    (place / "my_new.py").write_text("")
    monkeypatch.syspath_prepend(place)
    assert sources.code_of("my_new") == {"my_new": "my-new 1"}
    assert len(looks) == 2


def test_a_run_is_not_made_with_other_code_than_it_was_planned_with(own):
    """A worker, here or on a cluster, may find other code than the parent did."""
    planned = replace(quadratic_config(), optimizer=registry.choice("optimizer", *_named(own, RULE)))
    assert train(planned).status.value == "completed"
    own(RULE.replace("w - lr * g", "w - 0.1 * lr * g"))
    run = attempt(planned)
    assert run.status.value == "failed"
    assert run.failure is not None
    assert "its code differs from the code that the run was planned with" in run.failure.message


def _named(own, rule: str) -> tuple[str, dict[str, object]]:
    own(rule)
    return "mine", {}


def test_the_code_is_part_of_the_id_and_comes_back_from_the_store(own):
    plain = quadratic_config()
    choice = registry.choice("optimizer", *_named(own, RULE))
    ids = {replace(plain, optimizer=replace(choice, source=source)).run_id for source in (None, "0" * 16, "1" * 16)}
    assert len(ids) == 3
    config = replace(plain, optimizer=choice)
    assert RunConfig.from_dict(json.loads(json.dumps(config.as_dict()))) == config
    assert config.flat()["optimizer.source"] == choice.source


def test_what_a_yaml_says_of_a_data_set_is_part_of_its_id(tmp_path, monkeypatch, digits):
    """Another cut between training and test images is other data, though the images are the same."""
    conf = copy_conf(tmp_path)
    monkeypatch.setattr(conf_files, "CONF", conf)
    path = conf / "dataset/digits.yaml"
    path.write_text(path.read_text().replace("name: digits", "name: cut").replace("train_size: 1500", "train_size: 1400"))
    path.rename(conf / "dataset/cut.yaml")
    cut = registry.dataset("cut")
    assert cut.checksum == digits.checksum
    assert cut.source is not None
    ensure_decoded(cut)  # the arrays of one are no use to the other
    assert [len(load_decoded(data).train_labels) for data in (digits, cut)] == [1500, 1400]


def test_an_own_data_set_keeps_its_id(tmp_path, monkeypatch):
    """Where its files lie, and how many of them validate, is said by the user, not by the code."""
    import numpy as np

    conf = copy_conf(tmp_path)
    monkeypatch.setattr(conf_files, "CONF", conf)
    images = np.zeros((60, 9), np.uint8)
    add_dataset(conf, "mine_there", images, np.zeros(60, np.uint8))
    before = registry.dataset("mine_there").source
    assert before == registry.dataset("mine_there", {"dir": "/elsewhere", "mirrors": ["http://127.0.0.1/"]}).source


def test_the_word_of_the_code_is_no_key_of_a_part(tmp_path, monkeypatch):
    conf = copy_conf(tmp_path)
    monkeypatch.setattr(conf_files, "CONF", conf)
    (conf / "optimizer/tells.yaml").write_text("_target_: a.B\nname: tells\ndefault_lr: 1\nsource: x\n")
    with pytest.raises(ConfigError, match=r"optimizer/tells\.yaml: source=x: choose another key"):
        conf_files.load_yaml("optimizer", "tells")


COMMAND = ("--config-dir", "own", "optimizer=sign_sgd,sgd", "problem=bowl", "steps=20", "report=false", "executor=serial", "-m")


@pytest.mark.slow
def test_changed_code_is_trained_anew_and_unchanged_code_is_not(tmp_path):
    """README's SignSGD, then the same with a tenth of the step; and an optimizer of the package, edited."""
    root = checkout_with(tmp_path / "checkout", "", ())
    rules = {"sign_sgd": copy_sign_sgd(root / "own") / "optimizer/sign_sgd.py", "sgd": root / "zdl_bench/optimizers/sgd.py"}

    def losses() -> dict[str, list[float]]:
        outcome = run_process(*COMMAND, cwd=root)
        assert outcome.status == 0, outcome.err
        told.append(outcome.err)
        runs = load_results(root / "results").runs
        return {name: list(group["final_train_loss"]) for name, group in runs.groupby("optimizer")}

    told: list[str] = []
    first = losses()
    edit(rules["sign_sgd"], "w - lr * np.sign(g)", "w  -  lr * np.sign(g)  # the sign alone")
    assert losses() == first
    assert "2 runs, all in the store" in told[-1]
    edit(rules["sign_sgd"], "np.sign(g)", "0.1 * np.sign(g)")
    second = losses()
    assert "2 runs, 1 to train, 1 in the store" in told[-1]
    assert second["sgd"] == first["sgd"]
    assert len({*second["sign_sgd"]}) == 2
    edit(rules["sgd"], "w - lr * g", "w - 0.1 * lr * g")
    assert len({*losses()["sgd"]}) == 2
    assert "2 runs, 1 to train, 1 in the store" in told[-1]
    edit(rules["sgd"], "w - 0.1 * lr * g", "w - lr * g")
    losses()
    assert "2 runs, all in the store" in told[-1]
