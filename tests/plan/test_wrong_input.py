"""Wrong input: one or two lines that name the key, the value and the remedy; exit 2; nothing trained, nothing lost."""

import gzip
import os
import shutil
from pathlib import Path

import pytest
from conftest import SMALL

from zdl_bench.errors import ConfigError
from zdl_bench.plan.command_names import COMMAND_OPTIONS
from zdl_bench.registry import conf_files

WRONG = {
    "unknown optimizer": (["optimizer=sdg"], ["optimizer=sdg", "did you mean sgd?", "hoose one of"]),
    "unknown optimizer in a sweep": (["-m", "optimizer=sgd,foo"], ["optimizer=foo", "hoose one of"]),
    "unknown key": (["lrr=1"], ["lrr", "did you mean lr?"]),
    "unknown key, forced": (["+foo=1"], ["foo", "there is no such key"]),
    "unknown hyper-parameter": (["optimizer.beta2=0.9"], ["optimizer.beta2", "no key beta2"]),
    "unknown hyper-parameter, forced": (["+optimizer.foo=1"], ["optimizer.foo=1", "no such key"]),
    "probes left out": (["~probe"], ["~probe", "a run needs this key"]),
    "the count of probes left out": (["~probe.count"], ["~probe.count", "a run needs this key"]),
    "a key of the sweep left out": (["~n_jobs"], ["~n_jobs", "a run needs this key"]),
    "the executor left out": (["-m", "~executor"], ["~executor", "a run needs this key"]),
    "a key left out": (["~optimizer.style"], ["~optimizer.style", "a run needs this key"]),
    "the size of the validation left out": (["~dataset.validation_size"], ["~dataset.validation_size", "a run needs this key"]),
    "unknown experiment": (["experiment=day65"], ["experiment=day65", "did you mean day64?"]),
    "lr is no number": (["lr=abc"], ["lr=abc", "could not be converted to Float"]),
    "lr is no number in a sweep": (["-m", "lr=1,abc"], ["lr=abc", "could not be converted to Float"]),
    "stray comma": (["lr=0.1,"], ["lr=0.1,", "stray comma"]),
    "negative lr": (["lr=-1"], ["lr=-1", "finite number above 0", "lr=0.001"]),
    "zero lr": (["lr=0"], ["lr=0", "finite number above 0"]),
    "lr not a number": (["lr=nan"], ["lr=nan", "finite number above 0"]),
    "infinite lr": (["lr=inf"], ["lr=inf", "finite number above 0"]),
    "one bad value among good ones": (["-m", "lr=0.1,-0.1"], ["lr=-0.1", "finite number above 0"]),
    "no steps": (["steps=0"], ["steps=0", "1 to 10,000,000 steps"]),
    "more steps than can be kept": (["steps=10000001"], ["steps=10000001", "1 to 10,000,000 steps"]),
    "no time": (["timeout=0"], ["timeout=0", "above 0"]),
    "time that is no number": (["timeout=nan"], ["timeout=nan", "above 0"]),
    "time without end": (["timeout=inf"], ["timeout=inf", "null"]),
    "no failures allowed": (["max_failures=0"], ["max_failures=0", "or null to never stop"]),
    "half a step": (["steps=1.5"], ["steps=1.5", "Integer"]),
    "negative seed": (["seed=-1"], ["seed=-1", "from 0 to"]),
    "legacy seed too large": (["rng=legacy", "seed=4294967296"], ["seed=4294967296", "4294967295"]),
    "batch larger than the data": (["problem.batch_size=100000"], ["problem.batch_size=100000", "1200 images"]),
    "probe larger than the data": (["probe.images=1201"], ["probe.images=1201", "1200 images"]),
    "no training images left": (
        ["dataset.validation_size=1500"],
        ["dataset.validation_size=1500", "1500 training images", "from 0 to 1499"],
    ),
    "commas without -m": (["lr=0.1,0.2"], ["lr=0.1,0.2", "put -m before"]),
    "range without -m": (["seed=range(0,5)"], ["seed=range(0,5)", "put -m before"]),
    "hyper-parameter is no number": (["optimizer=adam", "optimizer.beta2=abc"], ["optimizer.beta2=abc", "a number"]),
    "hyper-parameter out of range": (["optimizer=adam", "optimizer.beta2=1.5"], ["optimizer.beta2=1.5", "[0, 1)"]),
    "hidden is no list": (["problem.hidden=abc"], ["problem.hidden=abc", "list of integers"]),
    "unknown activation": (["problem.activation=selu"], ["problem.activation=selu", "relu, tanh, sigmoid"]),
    "unknown dtype": (["dtype=float16"], ["dtype=float16", "float32, float64"]),
    "unknown format": (["formats=[gif]"], ["formats=", "png, svg, pdf"]),
    "no workers": (["n_jobs=0"], ["n_jobs=0", "-1"]),
    "a name out of the store": (["name=../../x"], ["name=../../x", "letters, digits"]),
    "a class of one's own": (["optimizer._target_=os.system"], ["optimizer._target_", "optimizer=NAME"]),
    "a value that refers to another": (["-m", "seed=1,2", "lr=${seed}"], ["lr=${seed}", "give the value itself"]),
    "a missing value": (["steps=???"], ["steps: the value is missing; write steps=VALUE"]),
    "an empty range": (["-m", "seed=range(3,0)"], ["the sweep has no runs", "range is empty"]),
    "a range without end": (
        ["-m", "seed=range(0,1000000000000)"],
        ["seed=range(0,1000000000000)", "100,000 runs", "shorter lists"],
    ),
    "a shuffled range without end": (["-m", "seed=shuffle(range(0,1000000000000))"], ["shuffle", "more than 100,000 runs"]),
    "a range up to infinity": (["-m", "lr=range(0.1,inf)"], ["lr=range(0.1,inf)", "more than 100,000 runs"]),
    "a range to what is no number": (["-m", "lr=range(0.1,nan)"], ["lr=range(0.1,nan)", "a range needs numbers"]),
    "a product beyond all measure": (
        ["-m", *(f"{key}=range(0,1000)" for key in ("seed", "steps", "probe.count", "problem.dimension"))],
        ["the sweep: more than 100,000 runs are too many"],
    ),
    "a value nested too deeply": (["lr=" + "[" * 3000 + "]" * 3000], ["nested too deeply"]),
    "a choice nested too deeply": (["optimizer=" + "[" * 3000 + "]" * 3000], ["nested too deeply"]),
    "a choice with a stray bracket": (["optimizer=sgd}"], ["optimizer=sgd}", "cannot be read as key=value"]),
    "a choice of thousands of digits": (["optimizer=" + "9" * 5000], ["thousands of digits"]),
    "an integer of thousands of digits": (["seed=" + "9" * 5000], ["thousands of digits", "1e9"]),
    "an integer beyond any float": (["optimizer=adam", "optimizer.beta2=" + "9" * 400], ["optimizer.beta2=999", "too large"]),
    "a folder of Hydra's": (["hydra.run.dir=../../x"], ["hydra.run.dir=../../x", "results_dir=DIR"]),
    "a folder of Hydra's in a sweep": (["-m", "hydra.sweep.dir=../../x", "seed=1,2"], ["hydra.sweep.dir=../../x"]),
    "a callback of Hydra's": (
        ["+hydra.callbacks.x._target_=os.system"],
        ["hydra.callbacks.x._target_", "does not use Hydra's folders, logs and callbacks"],
    ),
    "a log of Hydra's": (
        ["hydra/job_logging=default"],
        ["hydra/job_logging=default", "does not use Hydra's folders, logs and callbacks"],
    ),
    "two experiments": (
        ["-m", "experiment=day64,day64_parity"],
        ["experiment: only one experiment can run at a time; give one name"],
    ),
    "a sweep over a key of the whole sweep": (["-m", "n_jobs=1,2"], ["n_jobs: this key belongs to the whole sweep"]),
    "a sweep over names": (["-m", "name=a,b"], ["name: this key belongs to the whole sweep"]),
    "a default lr of one's own": (["optimizer.default_lr=null"], ["optimizer.default_lr", "optimizer=NAME"]),
    "an unknown key in a sweep": (["-m", "foo.bar=1,2"], ["foo.bar"]),
    "an item of a list": (["-m", "problem.hidden.0=5,6", "problem.hidden.1=3"], ["problem.hidden"]),
    "a true validation size": (["dataset.validation_size=true"], ["dataset.validation_size=True"]),
    "a name that is a number": (["-m", "problem.name=2"], ["problem.name=2", "choose a name with problem=NAME"]),
    "a name that is a list": (["-m", "problem.name=[2]"], ["problem.name=[2]", "choose a name with problem=NAME"]),
    "an experiment of a long name": ([f"experiment={'x' * 5000}"], ["experiment=xxx", "there is no such experiment"]),
    "nothing at all": (["-m", "+="], ["+=", "look for a stray character"]),
    "a launcher that is a list": (["-m", "hydra/launcher=[[1]]"], ["hydra/launcher=[[1]]", "hydra/sweeper, hydra/launcher"]),
    "no flag": (["--foo"], ["--foo: there is no such flag", "--help"]),
    "no flag, in the middle": (["optimizer=sgd", "--foo", "lr=1"], ["--foo: there is no such flag"]),
    "no flag, at length": (["-=" + "9" * 4000], ["-=999", "there is no such flag"]),
    "no choice of a flag": (["--cfg", "nix"], ["--cfg=nix", "job, hydra, all"]),
    "no choice of a short flag": (["-i=x"], ["-i=x", "searchpath"]),
    "a flag without its value": (["--cfg"], ["--cfg=", "job, hydra, all"]),
    "a flag without the value that it has to have": (
        ["--config-name"],
        ["--config-name=", "this flag needs a value; write --config-name VALUE"],
    ),
    "a value too many": (["--multirun=yes"], ["--multirun=yes", "this flag takes no value"]),
    "no flag of report": (["report", "--nosuch" + "9" * 4000], ["--nosuch999", "zdl-bench report --help"]),
    "a flag of ls without its value": (["ls", "--results"], ["--results", "zdl-bench ls --help"]),
    "no integer": (["verify", "--runs", "two"], ["--runs", "'two'", "zdl-bench verify --help"]),
    "a pickle of Hydra's": (["--experimental-rerun=config.pickle"], ["--experimental-rerun", "would load a pickle"]),
    "a pickle of Hydra's, abbreviated": (["--exp", "config.pickle"], ["--exp", "there is no such flag"]),
    "no such command": (["repotr"], ["repotr", "report, verify, ls"]),
    "wrong config shown": (["--cfg", "job", "lr=-1"], ["lr=-1", "finite number above 0"]),
    "config of a wrong type shown": (["--cfg", "job", "lr=abc"], ["lr=abc", "Float"]),
    "a bad name shown": (["--cfg", "job", "name=../../x"], ["name=../../x"]),
    "a sweep shown": (["-m", "--cfg", "job", "lr=0.1,0.2"], ["--cfg: this flag shows the config of one run"]),
    "unknown sweep reported": (["report", "nosuch"], ["nosuch", "no sweep"]),
    "no results to report": (["report", "--results", "nowhere"], ["nowhere holds no results", "--results DIR"]),
    "no results to verify": (["verify", "--results", "nowhere"], ["nowhere holds no results", "--results DIR"]),
    "no results to list": (["ls", "--results", "nowhere"], ["nowhere holds no results", "--results DIR"]),
}

FOLDERS = [Path(folder).resolve() for folder in os.environ.get("ZDL_BENCH_DATA", "").split(os.pathsep) if folder]


@pytest.mark.parametrize("case", WRONG, ids=lambda case: case.replace(" ", "_"))
def test_wrong_input_is_explained(command, small_sweep, tmp_path, case):
    arguments, expected = WRONG[case]
    is_run = not (arguments[0].isalpha() or arguments[0].startswith("--"))
    if arguments[0] == "report" and len(arguments) == 2:
        small_sweep()
    before = sorted(path for path in tmp_path.rglob("*"))
    outcome = small_sweep(*arguments) if is_run else command(*arguments)
    assert outcome.status == 2
    assert "Traceback" not in outcome.err
    assert len(outcome.err.strip().splitlines()) <= 2, outcome.err
    for words in expected:
        assert words in outcome.err
    assert sorted(tmp_path.rglob("*")) == before, "nothing was trained, nothing was written"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["problem=bowl", "steps=200001"], "steps=200001: a run without data is probed at every step; give at most 200,000"),
        (["problem=quadratic", "problem.dimension=1000000000"], "problem.dimension=1000000000: choose 1 to 1,000,000 dim"),
    ],
)
def test_more_than_a_function_can_have(command, tmp_path, arguments, words):
    outcome = command(*arguments)
    assert outcome.status == 2
    assert words in outcome.err
    assert not list(tmp_path.iterdir())


def test_of_several_broken_parts_the_first_group_is_named(tmp_path, monkeypatch):
    """The same one each time, whatever the order of a set."""
    groups = sorted(conf_files.groups())
    for group in reversed(groups):
        (tmp_path / group).mkdir()
        (tmp_path / group / "broken.yaml").write_text("a: [")
    monkeypatch.setattr(conf_files, "CONF", tmp_path)
    with pytest.raises(ConfigError, match=f"{groups[0]}/broken.yaml: this file cannot be read"):
        conf_files.require_sound(dict.fromkeys(reversed(groups), "broken"))


ARGUMENTS = {"compare": ["sweep"], "merge": ["other"], "rm": ["sweep"], "new": ["optimizer", "mine"]}
"""Command → the arguments that it needs besides its options."""


@pytest.mark.parametrize(("name", "option"), [(name, one) for name, options in COMMAND_OPTIONS.items() for one in options])
def test_options_cannot_be_shortened(command, tmp_path, name, option):
    """A shortened --config-dir would be accepted and have no effect; a new option must not change what an old line means."""
    outcome = command(name, *ARGUMENTS.get(name, []), f"{option[:-1]}=png")
    assert outcome.status == 2
    assert outcome.err == f"error: unrecognized arguments: {option[:-1]}=png; see zdl-bench {name} --help\n"
    assert not list(tmp_path.iterdir())


def test_a_store_that_cannot_be_written(small_sweep, tmp_path):
    (tmp_path / "file").write_text("no folder")
    outcome = small_sweep("results_dir=file")
    assert outcome.status == 2
    assert "results_dir=file: the store cannot be written" in outcome.err
    assert "results_dir=DIR" in outcome.err


@pytest.fixture
def offline(tmp_path, monkeypatch):
    """Nothing in the cache, nothing in ZDL_BENCH_DATA, and a mirror that refuses."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path.parent / f"{tmp_path.name}-cache"))
    monkeypatch.delenv("ZDL_BENCH_DATA", raising=False)
    return "dataset.mirrors=[http://127.0.0.1:9/]"


def test_mnist_asked_for_and_not_to_be_had(command, offline, tmp_path):
    outcome = command("dataset=mnist", offline, "steps=5", *SMALL)
    assert outcome.status == 2
    assert "dataset=mnist: none of the mirrors can be reached" in outcome.err
    assert "ZDL_BENCH_DATA" in outcome.err
    assert not list(tmp_path.rglob("*.parquet"))


MNIST_FILES = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (gzip.compress(bytes(100_000), mtime=0)[:60], "is truncated"),
        (b"no gzip at all", "is not a valid gzip file"),
        (gzip.compress(b"\x00\x00\x08\x01" + (60000).to_bytes(4) + bytes(60000), mtime=0), "has the wrong checksum"),
    ],
    ids=["cut", "no gzip", "other content"],
)
def test_bad_idx_files(command, offline, tmp_path, content, message):
    folder = tmp_path / "data"
    folder.mkdir()
    for name in MNIST_FILES:
        (folder / name).write_bytes(content)
    if "checksum" in message:  # the images are right, the labels are not
        source = next((p for p in FOLDERS if (p / MNIST_FILES[0]).is_file()), None)
        if source is None:
            pytest.skip("MNIST is not here: set ZDL_BENCH_DATA to the folder of its four IDX files")
        shutil.copy(source / MNIST_FILES[0], folder)
    outcome = command("dataset=mnist", f"dataset.dir={folder}", "steps=5", *SMALL)
    assert outcome.status == 2
    assert message in outcome.err
    assert "replace the file" in outcome.err
    assert len(outcome.err.strip().splitlines()) <= 2 + 1  # the sweep's name, then the error
    assert not list(tmp_path.rglob("*.parquet"))
