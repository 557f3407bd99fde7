"""Helpers and fixtures of the tests: a separate cache, the real MNIST if available, and the command line as call or process."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from zdl_bench import cli
from zdl_bench.datasets.cache import ensure_decoded
from zdl_bench.kernels.streams import spawned_streams
from zdl_bench.optimizers.optimizer import Optimizer, Step
from zdl_bench.registry import conf_files, registry
from zdl_bench.run.config import Choice, RunConfig
from zdl_bench.run.run import Run
from zdl_bench.training.loop import train

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# The tests start thousands of processes. Without stored bytecode, each compiles the libraries again: some seconds per command.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")  # a slow machine must not fail a test

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SMALL = ("problem.hidden=[8]", "probe.images=50", "probe.count=10", "problem.batch_size=20")
"""Overrides for a network that trains in milliseconds."""


def pytest_configure() -> None:
    """Restore the default handling of Ctrl-C, which background jobs of a script ignore. Tests interrupt commands."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Shuffle the tests if ZDL_BENCH_TEST_ORDER=SEED is set. No test may depend on what another test has left behind."""
    seed = os.environ.get("ZDL_BENCH_TEST_ORDER")
    if seed is not None:
        random.Random(seed).shuffle(items)


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    path = os.environ.get("ZDL_BENCH_BROWSER") or next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        pytest.skip(f"no browser here: install one of {', '.join(BROWSERS)}, or name its file in ZDL_BENCH_BROWSER")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path)
        yield browser
        browser.close()


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory):
    """Keep the decoded data sets of the tests apart from the user's. Worker processes inherit the folder."""
    before = os.environ.get("XDG_CACHE_HOME")
    os.environ["XDG_CACHE_HOME"] = str(tmp_path_factory.mktemp("cache"))
    yield
    if before is None:
        del os.environ["XDG_CACHE_HOME"]
    else:
        os.environ["XDG_CACHE_HOME"] = before


@pytest.fixture(scope="session")
def mnist():
    """Return the real MNIST, decoded into the tests' cache. Skip the test if ZDL_BENCH_DATA does not lead to MNIST."""
    dataset = registry.dataset("mnist")
    if dataset.decode_local() is None:
        pytest.skip("MNIST is not available: set ZDL_BENCH_DATA to the folder of its files")
    ensure_decoded(dataset)
    return dataset


@pytest.fixture(scope="session")
def digits():
    dataset = registry.dataset("digits")
    ensure_decoded(dataset)
    return dataset


def part(group: str, name: str, **values) -> Choice:
    """Return a choice of conf/ with the values of its YAML file, except for the values given here."""
    yaml = conf_files.load_yaml(group, name)
    own = {key: value for key, value in yaml.items() if key not in registry.KEYS_ABOUT_A_PART}
    return registry.choice(group, name, own | values)


OPTIMIZERS = conf_files.native_names("optimizer")


def optimizer_of(name: str) -> Optimizer:
    """Return an optimizer of conf/ with the values of its YAML file."""
    return registry.optimizer(part("optimizer", name))


def step_of(number: int, lr: float = 0.01, **fields) -> Step:
    """Return a step of 1,000 as a rule sees it, without a batch to evaluate elsewhere."""
    about = {"loss": 1.0, "gradient_scale": 1.0, "layout": (), "rng": spawned_streams(0).rule, "at": lambda point: 1 / 0}
    return Step(number=number, planned=1000, lr=lr, **({"base_lr": lr} | about | fields))


def digits_config(optimizer: str | Choice = "sgd", lr: float | None = 0.001, **changes) -> RunConfig:
    """Return the config of a small, quick run on the digits."""
    dataset = registry.dataset("digits")
    fields = {
        "optimizer": optimizer if isinstance(optimizer, Choice) else part("optimizer", optimizer),
        "problem": part("problem", "mlp", hidden=(16,), batch_size=20),
        "dataset": Choice("digits", {"checksum": dataset.checksum, "validation_size": 300}),
        "schedule": Choice("constant"),
        "lr": lr,
        "seed": 0,
        "steps": 60,
        "dtype": "float32",
        "rng": "spawned",
        "probe_count": 20,
        "probe_images": 100,
    }
    return RunConfig(**(fields | changes))


def quadratic_config(optimizer: str = "sgd", lr: float | None = 0.1, problem: dict | None = None, **changes) -> RunConfig:
    """Return the config of a run on the quadratic bowl, in float64."""
    fields = {
        "optimizer": part("optimizer", optimizer),
        "problem": part("problem", "quadratic", **(problem or {})),
        "dataset": None,
        "schedule": Choice("constant"),
        "lr": lr,
        "seed": 0,
        "steps": 50,
        "dtype": "float64",
        "rng": "spawned",
        "probe_count": 50,
        "probe_images": None,
    }
    return RunConfig(**(fields | changes))


def trained_by(engine: int, config: RunConfig) -> Run:
    """Return a run as a program with another engine would have stored it."""
    return replace(train(config), engine=engine)


@pytest.fixture(scope="session")
def runs(digits):
    """Return trained runs of two optimizers, three learning rates (one of which diverges) and two seeds."""
    return [
        train(digits_config(name, lr=lr, seed=seed))
        for name in ("sgd", "adam")
        for lr in (0.001, 0.01, 1e30)
        for seed in (0, 1)
    ]


@dataclass(frozen=True)
class Outcome:
    status: int
    out: str
    err: str


@pytest.fixture
def command(capsys, tmp_path, monkeypatch) -> Callable[..., Outcome]:
    """Return a function that calls `main(argv)` in this process, in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> Outcome:
        capsys.readouterr()
        status = cli.main(list(arguments))
        captured = capsys.readouterr()
        return Outcome(status, captured.out, captured.err)

    return run


@pytest.fixture
def small_sweep(command, digits) -> Callable[..., Outcome]:
    """Return a function that sweeps a tiny network on the digits, in this process and without a report."""

    def run(*arguments: str) -> Outcome:
        given = {argument.partition("=")[0].lstrip("+~") for argument in arguments}
        defaults = ("dataset=digits", "executor=serial", "report=false", "steps=20", *SMALL)
        within = {argument.partition("=")[0].lstrip("+~") for argument in arguments if "={" in argument}
        own = [one for one in defaults if one.partition("=")[0] not in given and one.partition(".")[0] not in within]
        return command(*own, *arguments)

    return run


def start_process(*arguments: str, cwd: Path, **settings) -> subprocess.Popen:
    """Start `python -m zdl_bench` as a separate process."""
    command = [sys.executable, "-m", "zdl_bench", *arguments]
    return subprocess.Popen(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **settings)


def run_process(*arguments: str, cwd: Path, **settings) -> Outcome:
    process = start_process(*arguments, cwd=cwd, **settings)
    out, err = process.communicate(timeout=300)
    return Outcome(process.returncode, out, err)


def stored(folder: Path) -> list[Path]:
    """Return the files of the runs that are stored in `folder`/results."""
    return sorted((folder / "results").glob("runs/??/*.parquet"))


def wait_for(condition: Callable[[], object], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"the condition did not become true within {seconds:g} s"
        time.sleep(0.02)
