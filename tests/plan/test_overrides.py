"""What a user types and what a block says: each key once, exactly its values, and text as it was typed."""

import os
from pathlib import Path

import pytest
import yaml
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import given, settings
from hypothesis import strategies as st
from omegaconf import OmegaConf

from zdl_bench import load_results
from zdl_bench.plan.app import prepare_hydra
from zdl_bench.plan.overrides import as_text, read, read_all
from zdl_bench.registry import conf_files, registry
from zdl_bench.store.store import Store

BOWL = ("problem=bowl", "executor=serial", "report=false")


@pytest.fixture(autouse=True, scope="module")
def hydra_knows_the_schema():
    prepare_hydra()


@pytest.fixture
def bowl(command):
    """A run of 20 steps down the bowl, or a sweep of them."""

    def run(*arguments: str):
        steps = () if any("steps" in argument for argument in arguments) else ("steps=20",)
        return command(*BOWL, *steps, *arguments)

    return run


def runs(folder: str = "results"):
    return load_results(folder).runs


def values(argument: str) -> list:
    return [setting.value for setting in read(argument).settings]


# A key is given once.

REPEATED = {
    "twice": ["lr=0.1", "lr=0.2"],
    "twice the same": ["lr=0.1", "lr=0.1"],
    "a sweep, then a value": ["seed=1,2", "seed=3"],
    "added": ["lr=0.1", "+lr=0.2"],
    "forced": ["++lr=0.1", "lr=0.2"],
    "deleted": ["lr=0.1", "~lr"],
    "deleted with its value": ["~lr=null", "lr=0.1"],
    "a choice": ["optimizer=sgd", "optimizer=adam"],
    "a choice by its package": ["optimizer=sgd", "optimizer@optimizer=adam"],
    "a choice for another package": ["optimizer@x=sgd", "optimizer@x=adam"],
    "a key of a part": ["optimizer=adam", "optimizer.beta1=0.8", "+optimizer.beta1=0.9"],
    "a key of the sweep": ["name=a", "name=b"],
    "an experiment": ["experiment=day61", "experiment=day64"],
    "a key of Hydra's": ["hydra/sweeper=basic", "hydra/sweeper=zdl_bench"],
    "within a dictionary": ["probe={count:3,count:4}"],
    "within two dictionaries": ["probe={count:3}", "probe={count:4}"],
    "within dictionaries of a sweep": ["probe={count:3},{count:4,count:5}"],
}


@pytest.mark.parametrize("flags", [(), ("-m",)], ids=["a run", "a sweep"])
@pytest.mark.parametrize("case", REPEATED, ids=lambda case: case.replace(" ", "_"))
def test_a_repeated_key_is_an_error(command, tmp_path, case, flags):
    outcome = command(*flags, *REPEATED[case])
    assert outcome.status == 2
    assert "leave one of the two out" in outcome.err
    assert len(outcome.err.strip().splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_both_of_a_repeated_key_are_named(bowl):
    assert "lr=0.01: lr is already given, as lr=0.001; leave one of the two out" in bowl("lr=0.001", "lr=0.01").err


@pytest.mark.parametrize("arguments", [["bench", "lr=0.1", "lr=0.2"], ["--cfg", "job", "lr=0.1", "lr=0.2"]])
def test_a_repeated_key_is_an_error_in_every_command(command, arguments):
    outcome = command(*arguments)
    assert outcome.status == 2
    assert "lr=0.2: lr is already given" in outcome.err


# A function of the grammar is exactly its values.

FUNCTIONS = {
    "range(3)": [0, 1, 2],
    "range(1,4)": [1, 2, 3],
    "range(10,0,-3)": [10, 7, 4, 1],
    "range(start=1,stop=6,step=2)": [1, 3, 5],
    "range(3,0)": [],
    "range(0,1,0.25)": [0.0, 0.25, 0.5, 0.75],
    "range(0.1,0.5,0.1)": [0.1, 0.2, 0.3, 0.4],
    "range(0.7,1,0.1)": [0.7, 0.8, 0.9],
    "range(1e-4,4e-4,1e-4)": [1e-4, 2e-4, 3e-4],
    "sort(range(10,0,-3))": [1, 4, 7, 10],
    "sort(range(0,10,3))": [0, 3, 6, 9],
    "sort(range(0,10,3),reverse=true)": [9, 6, 3, 0],
    "sort(range(10,0,-3),reverse=True)": [10, 7, 4, 1],
    "sort(3,1,2)": [1, 2, 3],
    "sort(choice(3,1,2),reverse=true)": [3, 2, 1],
    "sort(sweep=choice(3,1,2))": [1, 2, 3],
    "sort(shuffle(range(0,5)))": [0, 1, 2, 3, 4],
    "sort(shuffle(3,1,2))": [1, 2, 3],
    "sort(int(range(10.0,0.0,-3.0)))": [1, 4, 7, 10],
    "int(sort(range(10,0,-3)))": [1, 4, 7, 10],
    "tag(odd,sort(range(10,0,-3)))": [1, 4, 7, 10],
    "sort(tag(odd,range(10,0,-3)))": [1, 4, 7, 10],
    "choice(1,2)": [1, 2],
    "choice(1)": [1],
    "choice([1],[2,3])": [[1], [2, 3]],
    "int(1.7,2.2)": [1, 2],
    "int('3')": [3],
    "float(range(0,3))": [0.0, 1.0, 2.0],
    "str(1,2)": ["1", "2"],
    "str(1.50)": ["1.5"],
    "bool(0,1)": [False, True],
    "int(range(0,2,0.5))": [0, 0, 1, 1],
    "range(0,3),7": [0, 1, 2, 7],
    "sort(3,1),choice(5,6)": [1, 3, 5, 6],
    "[3,1,2]": [[3, 1, 2]],
    "sort([3,1,2])": [[1, 2, 3]],
    "'1,2'": ["1,2"],
    "'range(0,3)'": ["range(0,3)"],
    "1e3,1_000": [1000.0, 1000],
}


def with_types(found: list) -> list:
    return [(type(one), one) for one in found]


@pytest.mark.parametrize("text", FUNCTIONS)
def test_a_function_is_exactly_its_values(text):
    assert with_types(values(f"optimizer.x={text}")) == with_types(FUNCTIONS[text])


def test_a_shuffle_has_all_values_in_one_order():
    for text, expected in [("range(0,50)", range(50)), ("3,1,2", [1, 2, 3]), ("int(range(0.0,50.0))", range(50))]:
        found = values(f"seed=shuffle({text})")
        assert sorted(found) == list(expected)
        assert found == values(f"seed=shuffle({text})"), "the same command always means the same sweep"
    assert values("seed=shuffle(range(0,50))") != list(range(50))
    assert sorted(values("seed=int(shuffle(range(0.0,5.0)))")) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("argument", "words"),
    [
        ("seed=interval(0,1)", "a sweep needs a list of values"),
        ("seed=tag(a,interval(0,1))", "a sweep needs a list of values"),
        ("probe.count=[range(0,3)]", "a sweep needs a list of values"),
        ("problem.start=[choice(1,2),1]", "a sweep needs a list of values"),
        ("probe={count:range(1,3)}", "a sweep needs a list of values"),
        ("lr=glob(*)", "a sweep needs a list of values"),
        ("seed=range(0,10,0)", "a range needs numbers and a step other than 0"),
        ("seed=range(nan,1)", "a range needs numbers and a step other than 0"),
        ("seed=choice()", "a choice needs values"),
        ("seed=sort(range(0,1000000000000))", "more than 100,000 runs"),
        ("seed=range(0,1e400)", "more than 100,000 runs"),
        ("seed=sort(1,a)", "seed=sort(1,a)"),
        ("seed=str(null)", "seed=str(null)"),
    ],
)
def test_what_has_no_values_is_refused(bowl, tmp_path, argument, words):
    outcome = bowl("-m", argument)
    assert outcome.status == 2
    assert words in outcome.err
    assert argument.partition("=")[0] in outcome.err
    assert len(outcome.err.strip().splitlines()) <= 2
    assert not list(tmp_path.iterdir())


numbers = st.integers(-20, 20)
halves = numbers.map(lambda number: number / 2)


@settings(max_examples=60, deadline=None)
@given(numbers, numbers, st.integers(-5, 5).filter(bool), st.booleans())
def test_sorted_ranges_are_pythons(start, stop, step, reverse):
    found = values(f"seed=sort(range({start},{stop},{step}),reverse={reverse})")
    assert found == sorted(range(start, stop, step), reverse=reverse)


@settings(max_examples=60, deadline=None)
@given(st.lists(numbers | halves, min_size=2, max_size=6))
def test_what_hydra_reads_rightly_is_read_the_same(items):
    for text in (",".join(map(str, items)), f"choice({','.join(map(str, items))})", f"sort({','.join(map(str, items))})"):
        hydra = OverridesParser.create().parse_overrides([f"optimizer.x={text}"])[0]
        assert values(f"optimizer.x={text}") == list(hydra.sweep_iterator())


plain = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(st.characters(exclude_categories=["Cs"]))
)


@settings(max_examples=300, deadline=None)
@given(st.recursive(plain, lambda items: st.lists(items, max_size=3), max_leaves=5))
def test_a_value_as_text_is_read_as_the_same_value(value):
    again = OverridesParser.create().parse_overrides([f"x={as_text(value)}"])[0].value()
    assert (type(again), again) == (type(value), value)


def test_the_runs_are_those_of_the_values(bowl):
    assert bowl("-m", "seed=sort(range(10,0,-3))", "name=mine").status == 0
    store = Store("results")
    assert [store.read(run_id).config.seed for run_id in store.read_manifest("mine").run_ids] == [1, 4, 7, 10]


@pytest.mark.slow
def test_another_sweeper_has_the_same_values(bowl):
    assert bowl("-m", "hydra/sweeper=basic", "seed=sort(range(10,0,-3))", "steps=10,20").status == 0
    assert sorted(zip(runs()["seed"], runs()["steps"], strict=True)) == [
        (n, steps) for n in (1, 4, 7, 10) for steps in (10, 20)
    ]


# A sweep reads as a single run does.


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    [
        ["probe={count:3}", "probe={images:40}"],
        ["+probe={count:3}", "++probe={images:40}"],
        ["probe.images=40", "probe={}", "probe={count:3}"],
    ],
    ids=" ".join,
)
def test_dictionaries_are_merged(small_sweep, arguments):
    small_sweep(*arguments, "results_dir=one")
    small_sweep("-m", *arguments, "results_dir=many")
    for folder in ("one", "many"):
        row = runs(folder).iloc[0]
        assert (row["probe.count"], row["probe.images"]) == (3, 40)


@pytest.mark.parametrize("flags", [(), ("-m",)], ids=["a run", "a sweep"])
def test_a_dictionary_may_hold_keys_of_a_part(bowl, flags):
    assert bowl(*flags, "optimizer=adam", "optimizer={beta1:0.8}", "optimizer={beta2:0.9}").status == 0
    assert runs()[["optimizer.beta1", "optimizer.beta2"]].to_numpy().tolist() == [[0.8, 0.9]]
    outcome = bowl(*flags, "optimizer=adam", "optimizer={beta1:0.8}", "optimizer={beta1:0.9}")
    assert "optimizer.beta1 is already given, as optimizer={beta1:0.8}" in outcome.err


@pytest.mark.slow
def test_dictionaries_can_be_swept(small_sweep):
    assert small_sweep("-m", "probe.images=50", "probe={count:3,images:40},{count:4}", "seed=0,1").status == 0
    found = runs()[["probe.count", "probe.images", "seed"]].to_numpy().tolist()
    assert sorted(found) == [[3, 40, 0], [3, 40, 1], [4, 50, 0], [4, 50, 1]]


@pytest.mark.slow
def test_a_key_that_every_choice_has_is_a_key(bowl):
    assert bowl("-m", "optimizer=adam,adam_articles", "optimizer.beta1=0.8").status == 0
    assert runs()["optimizer.beta1"].tolist() == [0.8, 0.8]


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    [
        ["problem=six_hump_camel,beale", "problem.start=[1,2]"],
        ["problem=glob(be*)", "problem.start=[1,2]"],
        ["problem.start=[1,2]", "problem=choice(beale,booth)"],
        ["problem=bowl", "schedule=cosine,cosine", "schedule.final_factor=0.1"],
        ["problem=bowl", "optimizer=adam,adam_articles", "++optimizer.beta1=0.8", "optimizer.beta2=0.9,0.99"],
        ["problem=bowl", "dataset=mnist,fashion_mnist", "dataset.dir=null"],
        ["problem=bowl", "optimizer=adam,adam_articles", "optimizer={beta1:0.8,beta2:0.9}"],
    ],
    ids=" ".join,
)
def test_a_key_of_what_is_swept_needs_no_default_that_has_it(command, arguments):
    outcome = command("-m", *BOWL[1:], "steps=5", "dry_run=true", *arguments)
    assert outcome.status == 0, outcome.err


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["optimizer=adam,sgd", "optimizer.beta1=0.8"], "optimizer.beta1=0.8: sgd has no such key"),
        (["schedule=cosine,constant", "schedule.final_factor=0.1"], "schedule.final_factor=0.1: constant has no such key"),
        (["optimizer=adam,adam_articles", "optimizer.beta1=1.5"], "optimizer.beta1=1.5"),
    ],
)
def test_a_key_that_a_choice_lacks_is_none(bowl, tmp_path, arguments, words):
    outcome = bowl("-m", *arguments)
    assert outcome.status == 2
    assert words in outcome.err
    assert not list(tmp_path.iterdir())


# What is text stays as typed.

NAMES = ["2026_11_29", "1.10", "1e3", "true", "False", "inf", "0x10", "007", "1_000", "2026-11-29", "no", "~"]
FOLDERS = [
    "結果",
    "a b",
    "a(1)",
    "f(x)",
    "[a]",
    "{a}",
    "[a,b]",
    "a=b",
    "a:b",
    "100%",
    "~user",
    "it's",
    "2024",
    "null",
    "true",
    "#1",
]


@pytest.mark.parametrize("typed", [*NAMES, *FOLDERS])
@pytest.mark.parametrize("key", ["name", "results_dir", "dataset.dir", "executor.address", "dtype", "problem.activation"])
def test_what_is_text_stays_as_typed(key, typed):
    expected = None if typed == "null" and key in ("name", "dataset.dir", "executor.address") else typed
    [reading] = read_all([f"{key}={typed}"])
    assert values(f"{key}={typed}") == [expected]
    assert OverridesParser.create().parse_override(reading.for_hydra).value() == expected


@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        ("dtype=float32,float64", ["float32", "float64"]),
        ("problem.activation=1.10,'1.20',true", ["1.10", "1.20", "true"]),
        ("problem.activation=choice(1.10,1e3)", ["1.10", "1e3"]),
        ("problem.activation=sort(2.0,10.0,reverse=true)", ["2.0", "10.0"]),
        ("name='null'", ["null"]),
        ("name=NULL", [None]),
        ("name=", [""]),
        ("results_dir='a,b'", ["a,b"]),
        (r"results_dir=a\,b", ["a,b"]),
        ("results_dir= a ", ["a"]),
        ("optimizer=2024,1e3", ["2024", "1e3"]),
        ("experiment=null", [None]),
        ("optimizer=[1e3]", [[1000.0]]),
        ("optimizer={beta1:0.8}", [{"beta1": 0.8}]),
    ],
)
def test_text_is_listed_and_quoted_as_ever(argument, expected):
    assert values(argument) == expected


@pytest.mark.slow
@pytest.mark.parametrize("flags", [(), ("-m",)], ids=["a run", "a sweep"])
def test_names_and_folders_of_all_kinds(bowl, flags):
    assert bowl(*flags, "name=1.10", "results_dir=結果 (a=b)").status == 0
    assert Path("結果 (a=b)/sweeps/1.10/sweep.json").is_file()
    assert bowl(*flags, "name=2026_11_29", "results_dir=2024").status == 0
    assert [path.name for path in Path("2024/sweeps").iterdir()] == ["2026_11_29"]


def test_a_comma_in_a_text_needs_quotes_and_says_so(bowl):
    outcome = bowl("results_dir=結果,a")
    assert outcome.status == 2
    assert "results_dir='…'" in outcome.err


def test_the_home_folder_is_meant_by_a_tilde(bowl, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert bowl("results_dir=~/res").status == 0
    assert (tmp_path / "home/res/runs").is_dir()
    assert not Path("~").exists()


@pytest.mark.slow
def test_a_folder_of_data_is_text(command, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for typed, shown in [("~/data", f"{tmp_path}/home/data"), ("データ", "データ"), ("2024", "2024"), ("a(b)=c", "a(b)=c")]:
        outcome = command("dataset=mnist", f"dataset.dir={typed}", "steps=5", *BOWL[1:])
        assert outcome.status == 2
        assert shown in outcome.err
    assert "executor.address=1.10" in command("executor=dask", "executor.address=1.10", "problem=bowl").err


# Integers, lists, flags.


@pytest.mark.parametrize("key", ["seed", "steps", "n_jobs", "probe.count", "probe.images", "max_failures"])
def test_an_integer_may_be_typed_as_a_power(key):
    for typed in ("1e3", "1000.0", "1_000", "1.0e+3", "'1000'"):
        assert with_types(values(f"{key}={typed}")) == [(int, 1000)]
        assert OverridesParser.create().parse_override(read(f"{key}={typed}").for_hydra).value() in (1000, "1000")
    assert with_types(values(f"{key}=1e3,2e3")) == [(int, 1000), (int, 2000)]
    assert values(f"{key}=range(0,1e1,5)") == [0, 5]
    assert values(f"{key}=1.5") == [1.5]


@pytest.mark.slow
def test_the_integers_of_a_part_may_be_typed_as_a_power(small_sweep):
    arguments = ["problem.batch_size=2e1", "dataset.validation_size=3e2", "problem.hidden=[8.0]", "steps=1e1", "seed=1e3"]
    assert small_sweep(*arguments).status == 0
    assert small_sweep("problem.batch_size=20", "problem.hidden=[8]", "steps=10", "seed=1000").err.count("in the store") == 1
    assert len(runs()) == 1
    assert "problem.batch_size=20.5: give an integer" in small_sweep("problem.batch_size=20.5").err
    assert "steps=1.5" in small_sweep("steps=1.5").err


@pytest.mark.parametrize(
    ("typed", "layers"),
    [("50", (50,)), ("20x10", (20, 10)), ("4x4x4", (4, 4, 4)), ("1e1", (10,)), ("[8]", (8,)), ("'6'", (6,))],
)
def test_layers_may_be_typed_without_brackets(typed, layers):
    hidden = OverridesParser.create().parse_override(read(f"problem.hidden={typed}").for_hydra).value()
    yaml_values = {
        key: value for key, value in conf_files.load_yaml("problem", "mlp").items() if key not in ("_target_", "name")
    }
    assert registry.typed_values("problem", "mlp", yaml_values | {"hidden": hidden})["hidden"] == layers


@pytest.mark.slow
def test_layers_without_brackets_are_the_same_run(small_sweep):
    small_sweep("problem.hidden=[4,2]")
    small_sweep("problem.hidden=4x2")
    small_sweep("-m", "problem.hidden=4x2,4,[4]")
    assert sorted(runs()["problem.hidden"]) == ["[4, 2]", "[4]"]
    for typed in ("4x", "x4", "4x2.5", "axb", "4X2"):
        assert "list of integers" in small_sweep(f"problem.hidden={typed}").err


@pytest.mark.slow
def test_a_format_may_be_typed_without_brackets(bowl):
    assert bowl("formats=svg", "dry_run=true").status == 0
    for typed in ("gif", "[]", "null", "[1]", "[[png]]", "{a:1}"):
        outcome = bowl(f"formats={typed}")
        assert outcome.status == 2
        assert "formats=" in outcome.err


# Experiments.


@pytest.fixture
def experiment(command, monkeypatch, tmp_path):
    """Writes experiments/mine.yaml, of a text or of what a YAML holds, and gives the command that runs it."""
    folder = tmp_path / "experiments"
    folder.mkdir()
    monkeypatch.setattr(conf_files, "EXPERIMENTS", folder)

    def run(content: dict | str, *arguments: str):
        (folder / "mine.yaml").write_text(content if isinstance(content, str) else yaml.safe_dump(content), encoding="utf-8")
        return command("experiment=mine", "executor=serial", "report=false", *arguments)

    return run


FIXED = {"problem": "bowl", "steps": 5, "dtype": "float64"}
TUNED = {
    "fixed": FIXED,
    "tuning_seeds": [100, 101, 102],
    "evaluation_seeds": "range(0,6)",
    "blocks": [{"optimizer": ["sgd", "momentum"], "lr": [0.001, 0.01]}],
}


@pytest.mark.slow
@pytest.mark.parametrize("typed", ["True", "1", "yes", "bool(1)"])
def test_a_flag_is_what_it_means(experiment, typed):
    outcome = experiment(TUNED, f"dry_run={typed}")
    assert outcome.status == 0, outcome.err
    assert "runs:  24; 24 to train" in outcome.out  # 2 optimizers x (2 learning rates x 3 seeds + 6 seeds)
    assert not Path("results").exists()


@pytest.mark.parametrize("typed", ["1e2", "+100", "'100'", "sort(100,7)"])
def test_a_tuning_seed_does_not_judge_however_it_is_typed(experiment, typed):
    outcome = experiment(TUNED, f"seed={typed}")
    assert outcome.status == 2
    assert "seed=100: this is one of the tuning seeds" in outcome.err


def test_no_seeds_are_no_seeds(experiment):
    outcome = experiment(TUNED, "seed=range(3,0)")
    assert outcome.status == 2
    assert "the sweep has no runs" in outcome.err


@pytest.mark.slow
@pytest.mark.parametrize("prefix", ["+", "++"])
def test_a_learning_rate_is_tuned_whatever_its_prefix(experiment, prefix):
    outcome = experiment(TUNED, f"{prefix}lr=0.001,0.01" if prefix == "++" else "++lr=1e-3,1e-2", "dry_run=true")
    assert "runs:  24; 24 to train" in outcome.out


BLOCKS = {
    "seed: 'sort(range(10,0,-3))'": [1, 4, 7, 10],
    "seed: ['range(0,2)', 7]": [0, 1, 7],
    "seed: [1e1, 2]": [2, 10],
    "seed: 1e1": [10],
    "seed: 1,2": [1, 2],
    "seed: [1, 2]": [1, 2],
    "seed: shuffle(3,1,2)": [1, 2, 3],
    "seed: tag(a,choice(5,6))": [5, 6],
    "seed: '7'": [7],
}


@pytest.mark.slow
@pytest.mark.parametrize("line", BLOCKS)
def test_a_block_is_read_as_the_command_line_is(experiment, line):
    block = yaml.safe_load(line)
    assert experiment({"fixed": FIXED, "blocks": [block]}).status == 0
    assert sorted(runs()["seed"]) == BLOCKS[line]


@pytest.mark.slow
def test_values_of_a_block_keep_their_types(experiment):
    block = {
        "seed": 0,
        "problem.start": [["1e-1", 2], [1, 2.5]],
        "probe": {"count": 3},
        "optimizer": "glob(adam*,exclude=[adamax,adamw])",
    }
    assert experiment({"fixed": FIXED, "blocks": [block | {"optimizer.beta1": 0.8}]}).status == 0
    assert set(runs()["optimizer"]) == {"adam", "adam_articles"}
    assert set(runs()["problem.start"]) == {"[0.1, 2.0]", "[1.0, 2.5]"}
    assert set(runs()["probe.count"]) == {3}
    assert experiment({"fixed": FIXED, "blocks": [block]}, "probe.count=4", "seed=1").status == 0
    assert set(runs()["probe.count"]) == {3, 4}, "the command line overrides what a dictionary says"


def test_a_key_of_what_a_block_chooses(experiment):
    blocks = [{"optimizer": "adam", "seed": 0}, {"optimizer": ["adam_articles"], "seed": 0}]
    assert experiment({"fixed": FIXED, "blocks": blocks}, "optimizer.beta1=0.8").status == 0
    assert runs()["optimizer.beta1"].tolist() == [0.8, 0.8]


def test_a_block_gives_a_key_once(experiment):
    outcome = experiment({"fixed": FIXED, "blocks": [{"probe": {"count": 3}, "probe.count": 4}]})
    assert outcome.status == 2
    assert "probe.count: a block gives this key twice; remove one of the two" in outcome.err


@pytest.mark.slow
@pytest.mark.parametrize("key", ["results_dir=x", "name=x", "++name=x", "executor@executor", "results_dir"])
def test_a_block_has_no_key_of_the_sweep_however_it_is_written(experiment, tmp_path, key):
    outcome = experiment({"fixed": FIXED, "blocks": [{key: "y"}]})
    assert outcome.status == 2
    assert [path.name for path in tmp_path.iterdir()] == ["experiments"]


# Nothing of the environment comes into a message or a file.

SECRET = "tell-nobody"
REFERENCE = "${oc.env:ZDL_BENCH_TOKEN}"


@pytest.fixture
def secret(monkeypatch):
    monkeypatch.setenv("ZDL_BENCH_TOKEN", SECRET)


def is_secret_kept(outcome, folder: Path) -> bool:
    said = outcome.out + outcome.err
    stored = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    return SECRET not in said and not any(SECRET.encode() in content for content in stored)


@pytest.mark.parametrize(
    "argument",
    [
        f"{key}={REFERENCE}"
        for key in ("optimizer", "+optimizer", "problem", "name", "results_dir", "dtype", "lr", "steps", "probe")
    ]
    + [
        f"name='{REFERENCE}'", f"problem.start=[{REFERENCE},1]", f"probe={{count:{REFERENCE}}}", f"seed=1,{REFERENCE}",
        f"seed=choice({REFERENCE},2)", f"optimizer=str({REFERENCE})", f"optimizer@{REFERENCE}=sgd", f"{REFERENCE}=1",
        "optimizer=${oc.decode:${oc.env:ZDL_BENCH_TOKEN}}", "name=${oc.env:ZDL_BENCH_TOKEN,x}", "seed=${steps}",
    ],
)  # fmt: skip
@pytest.mark.parametrize("flags", [(), ("-m",), ("--cfg", "job")], ids=["a run", "a sweep", "a config"])
def test_no_argument_refers_to_the_environment(command, tmp_path, secret, argument, flags):
    outcome = command(*flags, argument)
    assert outcome.status == 2
    assert is_secret_kept(outcome, tmp_path)
    assert "give the value itself" in outcome.err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "content",
    [
        {"fixed": {"optimizer": REFERENCE}},
        {"fixed": {"steps": REFERENCE}},
        {"blocks": [{"optimizer": REFERENCE}]},
        {"blocks": [{"problem": [REFERENCE, "bowl"]}]},
        {"blocks": [{"lr": [0.1, REFERENCE]}]},
        {"blocks": [{"dtype": f"choice({REFERENCE})"}]},
        {"blocks": [{"probe": {"count": REFERENCE}}]},
        {"blocks": [{REFERENCE: 1}]},
        {"evaluation_seeds": REFERENCE},
        {"title": REFERENCE, "source": REFERENCE, "blocks": [{"seed": 0}]},
    ],
    ids=str,
)
def test_no_experiment_refers_to_the_environment(experiment, tmp_path, secret, content):
    outcome = experiment({"fixed": FIXED} | content, *(["problem=bowl"] if "fixed" in content else []))
    assert outcome.status == (0 if "title" in content else 2)
    assert is_secret_kept(outcome, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("line", [f"beta1: {REFERENCE}", f"defaults: [{{/schedule@x: '{REFERENCE}'}}]", f"style: {REFERENCE}"])
@pytest.mark.parametrize("flags", [(), ("-m",), ("--cfg", "job"), ("--cfg", "all"), ("--cfg=all", "--resolve")], ids=str)
def test_no_yaml_of_a_part_refers_to_the_environment(command, tmp_path, monkeypatch, secret, line, flags):
    import shutil

    conf = tmp_path / "conf"
    shutil.copytree(conf_files.CONF, conf)
    part = (conf / "optimizer/adam.yaml").read_text().replace("name: adam", "name: mine")
    key = line.partition(":")[0]
    part = "\n".join(text for text in part.splitlines() if not text.startswith(f"{key}:"))
    (conf / "optimizer/mine.yaml").write_text(f"{part}\n{line}\n")
    monkeypatch.setattr(conf_files, "CONF", conf)
    conf_files.load_yaml.cache_clear()
    outcome = command(*flags, *BOWL, "optimizer=mine", "steps=5")
    assert is_secret_kept(outcome, tmp_path)
    assert "--cfg" in str(flags) or outcome.status == 2


def test_the_environment_is_there_again_afterwards(bowl, secret):
    bowl("dry_run=true")
    assert OmegaConf.create({"x": REFERENCE}).x == os.environ["ZDL_BENCH_TOKEN"]
