"""A slip in the YAML of an own part is one line with the file and the key, before the first run."""

import sys

import pytest
from conftest import SMALL
from own_images import copy_conf

from zdl_bench import load_results
from zdl_bench.registry import conf_files, registry

BOWL = ("problem=bowl", "steps=20", "executor=serial")
SGD = "_target_: zdl_bench.optimizers.sgd.SGD\n"
ADAM = "_target_: zdl_bench.optimizers.adam.Adam\n"
MINE = "name: mine\ndefault_lr: 0.1\n"


@pytest.fixture
def own(command, tmp_path, monkeypatch, digits):
    """Runs a command with a part `mine` of a group more, made of a text."""
    caches = (conf_files.load_yaml, registry._implementation, registry._declared_types, registry.source)
    conf = copy_conf(tmp_path)
    monkeypatch.setattr(conf_files, "CONF", conf)
    monkeypatch.syspath_prepend(tmp_path)

    def run(group, content, *arguments):
        (conf / group / "mine.yaml").write_bytes(content if isinstance(content, bytes) else content.encode())
        for function in caches:
            function.cache_clear()
        return command(f"{group}=mine", *arguments)

    yield run
    for function in caches:
        function.cache_clear()


@pytest.mark.slow
@pytest.mark.parametrize("multirun", [(), ("-m",)], ids=["a run", "a sweep"])
@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "this file holds no keys"),
        ("- a\n- b\n", "this file holds no keys"),
        (f"{SGD}name:\tmine\n", "this file cannot be read (line 2: found character '\\t'"),
        (f"{SGD}# 最適化\n{MINE}".encode("shift_jis"), "save it as UTF-8"),
        (f"{SGD}{MINE}x: [1\n", "this file cannot be read (line"),
        (f"{SGD}{MINE}default_lr: 0.2\n", "this file cannot be read (line 4: default_lr is given twice"),
        (f"{SGD}{MINE}rate: ${{oc.env:HOME}}\n", "rate=${oc.env:HOME}: a value cannot refer to another key"),
        (MINE, "_target_ is missing: name a class as MODULE.CLASS"),
        (f"_target_: SGD\n{MINE}", "_target_=SGD: name a class as MODULE.CLASS"),
        (f"_target_: nowhere.SGD\n{MINE}", "_target_=nowhere.SGD: this class cannot be imported (ModuleNotFoundError"),
        (f"_target_: zdl_bench.optimizers.sgd.SDG\n{MINE}", "has no attribute 'SDG'"),
        (f"_target_: collections.OrderedDict\n{MINE}", "this is not a dataclass"),
        (f"{SGD}name: sgd\ndefault_lr: 0.1\n", "name=sgd: write name: mine, as in the name of the file"),
        (f"{SGD}default_lr: 0.1\n", "name is missing: write name: mine"),
        (f"{SGD}name: mine\n", "default_lr is missing: give a number above 0"),
        (f"{SGD}name: mine\ndefault_lr: fast\n", "default_lr=fast: give a number above 0"),
        (f"{SGD}name: mine\ndefault_lr: -1\n", "default_lr=-1: give a number above 0"),
        (f"{SGD}{MINE}style: {{color: red}}\n", "style={'color': 'red'}: give a color and a marker"),
        (f"{SGD}{MINE}style: {{color: red, marker: o}}\n", "style={'color': 'red', 'marker': 'o'}: give a color and a marker"),
        (f"{SGD}{MINE}style: {{color: '#882255', marker: heart}}\n", "give a color and a marker, for example"),
        (f"{SGD}{MINE}targets: 0.5\n", "targets=0.5: give a list of the losses"),
        (f"{SGD}{MINE}momentum: 0.9\n", "momentum=0.9: mine has no such key; leave it out"),
        (f"{ADAM}{MINE}beta1: high\n", "beta1=high: give a number"),
        (f"{ADAM}{MINE}bias_correction: 1\n", "bias_correction=1: give true or false"),
    ],
)
def test_a_slip_names_the_file_and_the_key(own, content, told, multirun):
    outcome = own("optimizer", content, *multirun, *BOWL)
    assert outcome.status == 2
    assert outcome.out == ""
    assert outcome.err.startswith("error: conf/optimizer/mine.yaml: ")
    assert told in outcome.err
    assert outcome.err.count("\n") == 1


DATACLASS = "from dataclasses import dataclass\n@dataclass(frozen=True)\nclass Rule:\n    "


@pytest.mark.slow
@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("def broken(:\n", "this class cannot be imported (SyntaxError"),
        ("raise SystemError('out of order')\n", "this class cannot be imported (SystemError: out of order"),
        ("class Rule:\n    pass\n", "this is not a dataclass"),
        (f"{DATACLASS}a: dict = None\n", "the field a has a type that no YAML value has"),
        (f"{DATACLASS}a: 'Gone' = 1\n", "the types of this class cannot be read"),
        (f"{DATACLASS}a: float\n", "a is missing; give its value, since Rule has no default"),
    ],
)
def test_a_slip_in_the_class_does_as_well(own, tmp_path, monkeypatch, code, told):
    (tmp_path / "my_own_rule.py").write_text(code)
    monkeypatch.delitem(sys.modules, "my_own_rule", raising=False)
    outcome = own("optimizer", f"_target_: my_own_rule.Rule\n{MINE}", *BOWL)
    assert outcome.status == 2
    assert outcome.err.startswith("error: conf/optimizer/mine.yaml: ")
    assert told in outcome.err
    assert outcome.err.count("\n") == 1


DIGITS = "_target_: zdl_bench.datasets.digits.Digits\nname: mine\nclasses: 10\n"
IDX = "_target_: zdl_bench.datasets.idx.IdxDataSet\nname: mine\nclasses: 2\nvalidation_size: 1\nmirrors: []\ndir: null\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("content", "told"),
    [
        (f"{DIGITS}validation_size: 10\n", "this file does not define a data set (TypeError"),
        (DIGITS, "validation_size is missing: give the number"),
        (f"{IDX}files: {{a: 1}}\n", "this file does not define a data set"),
        (f"{IDX}files: {{train_images: {{file: a}}}}\n", "this file does not define a data set"),
    ],
)
def test_so_does_one_of_a_data_set(own, content, told):
    outcome = own("dataset", content, "steps=2", "executor=serial", *SMALL)
    assert outcome.status == 2
    assert outcome.err.startswith("error: conf/dataset/mine.yaml: ")
    assert told in outcome.err
    assert "Traceback" not in outcome.err


@pytest.mark.slow
def test_a_broken_yaml_stops_nothing_else(own, command):
    assert own("optimizer", "_target_: [", *BOWL).status == 2
    assert command("-m", "optimizer=sgd,adam", "report=false", *BOWL).status == 0
    assert command("--help").status == 0


@pytest.mark.slow
@pytest.mark.parametrize("number", ["1e-3", "1E-3", "1.e-3", "0.001"])
def test_a_number_is_one_as_people_write_it(own, number):
    """PyYAML alone takes 1e-3 for a text."""
    outcome = own("optimizer", f"{SGD}name: mine\ndefault_lr: {number}\n", "report=false", *BOWL)
    assert outcome.status == 0, outcome.err
    assert load_results("results").runs["lr"].tolist() == [0.001]


def test_a_key_that_is_left_out_has_the_default_of_the_class(own):
    outcome = own("optimizer", f"{ADAM}{MINE}", "report=false", *BOWL)
    assert outcome.status == 0, outcome.err
    run = load_results("results").runs.iloc[0]
    assert (run["optimizer.beta1"], run["optimizer.beta2"], run["optimizer.epsilon"]) == (0.9, 0.999, 1e-8)


@pytest.mark.slow
def test_a_problem_without_targets_has_a_report(own):
    bowl = "_target_: zdl_bench.problems.bowl.Bowl\nname: mine\nstart: [1.0, 2.0]\n"
    sweep = ("-m", "optimizer=sgd,adam", "lr=0.1,0.5", "seed=0,1", "steps=20", "executor=serial")
    outcome = own("problem", bowl, *sweep)
    assert outcome.status == 0, outcome.err
    assert not [column for column in load_results("results").runs if column.startswith("steps_to_")]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["optimizer=adam", "optimizer.epsilon=1e-46"], "optimizer.epsilon=1e-46: in float32 this number is 0"),
        (["optimizer=adam", "optimizer.beta1=0.99999999999"], "in float32 this number is 1"),
        (["optimizer=momentum", "optimizer.momentum=1e-60"], "in float32 this number is 0"),
        (["optimizer=rmsprop", "optimizer.epsilon=1e300"], "in float32 this number is inf"),
        (["optimizer=rmsprop", "optimizer.epsilon=inf", "dtype=float64"], "in float64 this number is inf"),
        (["problem.start=[1e60,1]"], "problem.start=1e+60: in float32 this number is inf"),
        (["problem=quadratic", "problem.condition_number=1e300"], "in float32 this number is inf"),
    ],
)
def test_a_hyper_parameter_that_the_dtype_turns_into_another_is_refused(command, arguments, told):
    """An epsilon of 0 would be told as a run that diverged."""
    own = {argument.partition("=")[0] for argument in arguments}
    bowl = [argument for argument in BOWL if argument.partition("=")[0] not in own]
    outcome = command(*bowl, "report=false", *arguments)
    assert outcome.status == 2
    assert told in outcome.err
    assert "give a number that float" in outcome.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["optimizer=adam", "optimizer.epsilon=1e-46", "dtype=float64"],
        ["optimizer=adam", "optimizer.epsilon=1e-40"],  # a denormal number, but none of 0
        ["optimizer=adam", "optimizer.beta1=0.0"],
        ["problem.start=[0.0,1.0]"],
    ],
)
def test_one_that_the_dtype_has_is_taken(command, arguments):
    assert command(*BOWL, "report=false", *arguments).status == 0
