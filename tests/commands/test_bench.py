"""`bench`: what it prints, what it measures, what it warns of."""

import os
import time
from pathlib import Path

import numpy as np
import pytest
from conftest import SMALL, digits_config, part, quadratic_config

from zdl_bench.commands.bench import time_configs
from zdl_bench.commands.limit import Work, gradient_work, update_work
from zdl_bench.commands.machine import product_rate, row_bandwidth, vector_bandwidth, warnings_of
from zdl_bench.commands.steps import STEP_PARTS, time_parts
from zdl_bench.datasets.dataset import Arrays
from zdl_bench.kernels.choice import kernels_for
from zdl_bench.registry import registry
from zdl_bench.training.loop import problem_of, split

FLOAT32 = np.dtype(np.float32)


@pytest.fixture
def all_cores(monkeypatch):
    """Whoever runs the tests may have been given fewer."""
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(os.cpu_count())), raising=False)


@pytest.mark.slow
def test_it_prints_the_machine_and_the_parts_of_a_step_and_writes_nothing(command, digits, tmp_path):
    outcome = command("bench", "dataset=digits", "optimizer=sgd,adam", "steps=20", *SMALL)
    assert outcome.status == 0, outcome.err
    for words in ("float32 at best: ", "Gflop/s", "of 512 KB", "kernels by numba", "Mflop and moves", "MB: at least"):
        assert words in outcome.out
    lines = [line for line in outcome.out.splitlines() if "│ sgd" in line or "│ adam" in line]
    assert len(lines) == 2
    for line in lines:
        step, *parts, limit = (float(cell) for cell in line.split("│")[2 : 4 + len(STEP_PARTS)])
        assert step == pytest.approx(sum(parts), abs=1 + len(STEP_PARTS) / 2)
        assert 0 < limit < step
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_by_default_it_times_every_optimizer(command, digits):
    outcome = command("bench", "dataset=digits", "steps=10", *SMALL)
    assert outcome.status == 0, outcome.err
    for name in ("sgd", "momentum", "adagrad", "rmsprop", "adam", "adam_articles"):
        assert f"│ {name} " in outcome.out


@pytest.mark.slow
def test_what_was_varied_tells_the_lines_apart(command, digits):
    outcome = command("bench", "dataset=digits", "optimizer=sgd", "steps=10", *SMALL[:3], "problem.batch_size=10,30")
    assert outcome.status == 0, outcome.err
    assert "problem.batch_size" in outcome.out
    assert [line.split("│")[2].strip() for line in outcome.out.splitlines() if "│ sgd" in line] == ["10", "30"]


def test_a_function_has_no_limit(command):
    outcome = command("bench", "problem=rosenbrock", "optimizer=sgd", "steps=20")
    assert outcome.status == 0, outcome.err
    assert "Mflop" not in outcome.out
    assert outcome.out.count("– │") == 2
    config = quadratic_config()
    assert gradient_work(config, problem_of(config)) == []


def test_numpy_alone_has_no_limit_and_a_warning(command, digits, monkeypatch):
    monkeypatch.setenv("ZDL_BENCH_KERNELS", "numpy")
    kernels_for.cache_clear()
    try:
        outcome = command("bench", "dataset=digits", "optimizer=sgd", "steps=5", *SMALL)
    finally:
        kernels_for.cache_clear()
    assert outcome.status == 0, outcome.err
    assert "at best" not in outcome.out
    assert "Mflop and moves" in outcome.out
    assert outcome.out.count("– │") == 2
    assert "NumPy does the arithmetic, 30 times slower" in outcome.err


@pytest.mark.slow
def test_learning_rates_and_seeds_cost_nothing_and_make_no_lines(command, digits):
    outcome = command("bench", "dataset=digits", "optimizer=sgd", "lr=0.1,0.2", "seed=1,2", "steps=10", *SMALL)
    assert outcome.out.count("│ sgd") == 1
    assert "rounds of 10 steps" in " ".join(outcome.out.split())


@pytest.mark.slow
def test_each_problem_has_its_line(command, digits):
    outcome = command("bench", "dataset=digits", "optimizer=sgd", "steps=5", "problem=rosenbrock,mlp")
    lines = [line.partition(":")[0] for line in outcome.out.splitlines() if "kernels by" in line]
    assert lines == ["rosenbrock", "mlp"]
    outcome = command("bench", "dataset=digits", "optimizer=sgd", "steps=5", "problem.hidden=[10],[300]")
    lines = [line.partition(": kernels by n")[0] for line in outcome.out.splitlines() if "kernels by" in line]
    assert lines == ["mlp problem.hidden=10", "mlp problem.hidden=300"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["optimizer=sdg"], "did you mean sgd?"),
        (["optimizer=sgd", "seed=range(0,0)"], "there is nothing to time"),
        (["--cfg", "job"], "--cfg: bench takes only KEY=VALUE for keys of a run"),
        (["hydra/sweeper=basic"], "hydra/sweeper=basic: bench takes only KEY=VALUE"),
    ],
)
def test_wrong_input_is_one_clear_error(command, digits, arguments, words):
    outcome = command("bench", *arguments)
    assert outcome.status == 2
    assert words in outcome.err


def test_a_system_that_does_not_tell_which_cores_may_be_used(tmp_path, monkeypatch):
    monkeypatch.delattr("os.sched_getaffinity", raising=False)
    assert warnings_of(True, tree(tmp_path, **QUIET)) == []


def test_fewer_cores_than_there_are_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr("os.cpu_count", lambda: 4)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {2}, raising=False)
    assert warnings_of(True, tree(tmp_path, **QUIET)) == [
        "this process may use 1 of 4 cores: allow all of them, for example with `taskset`"
    ]


def test_a_quota_is_said_without_advice_that_joblib_follows_already(tmp_path, all_cores):
    files = QUIET | {"sys__fs__cgroup__cpu.max": "50000 100000"}
    (warning,) = warnings_of(True, tree(tmp_path, **files))
    assert warning == f"this container may use 0.5 of {os.cpu_count()} cores: raise the CPU limit of the container"


def test_its_help(command):
    assert command("bench", "--help").out.startswith("usage: zdl-bench bench")


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("lit", [3, 6])
def test_the_work_is_that_of_the_shapes_and_the_lit_pixels(lit, dtype):
    """Of 10 pixels, 3 or 6 are lit: sparse and dense inputs."""
    images = np.zeros((40, 10), np.uint8)
    images[:, :lit] = 7
    splits = split(Arrays(images, np.zeros(40, np.uint8), images, np.zeros(40, np.uint8)), 10, 5, 3)
    config = digits_config("adam", dtype=dtype, problem=part("problem", "mlp", hidden=(8, 4), batch_size=6))
    problem = registry.problem(config.problem).build(splits, config.dtype)
    work, size, batch = gradient_work(config, problem), np.dtype(dtype).itemsize, 6
    multiplied = batch * (2 * (lit if lit == 3 else 10) * 8 + 3 * (8 * 4 + 4 * 3))
    assert sum(each.flops for each in work) == 2 * multiplied
    assert sum(each.rows for each in work) == (2 * batch * lit * 8 * size if lit == 3 else 0)
    params = 10 * 8 + 8 + 8 * 4 + 4 + 4 * 3 + 3
    assert update_work(config, problem) == Work(vectors=7 * params * size)


def test_computing_and_moving_take_place_at_once():
    large, half = 1 << 22, 1 << 21
    computing, moving = Work(flops=1e9).seconds(FLOAT32), Work(vectors=large).seconds(FLOAT32)
    assert computing == 1e9 / product_rate(FLOAT32)
    assert moving == large / vector_bandwidth(FLOAT32, half)
    assert Work(flops=1e9, vectors=large).seconds(FLOAT32) == max(computing, moving)
    assert Work(rows=3e6, table=half + 5).seconds(FLOAT32) == 3e6 / row_bandwidth(FLOAT32, half)


def test_the_parts_add_up_to_the_time_they_took(digits):
    config = digits_config("adam", steps=400)
    problem = problem_of(config)

    def parts_and_share():
        start = time.perf_counter()
        parts = time_parts(config, problem, 400)
        return parts, 400 * sum(parts.values()) / (time.perf_counter() - start)

    rounds = [parts_and_share() for _ in range(10)]
    for parts, share in rounds:
        assert tuple(parts) == STEP_PARTS
        assert all(seconds > 0 for seconds in parts.values())
        assert share < 1
    assert max(share for _, share in rounds) > 0.5, "in some round no other process came between two steps"


def test_shares_are_shares(digits):
    (timing,) = time_configs([digits_config("sgd", steps=50)])
    assert 0 < timing.share < 1
    assert 0 < timing.evaluation < 1
    assert timing.wall > 50 * timing.step / 10


def test_rates_are_of_this_world():
    for rate in (product_rate(FLOAT32), row_bandwidth(FLOAT32, 1 << 14), vector_bandwidth(FLOAT32, 1 << 19)):
        assert 1e8 < rate < 1e13


def tree(root: Path, **files: str) -> Path:
    for name, content in files.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return root


CPUFREQ = "sys__devices__system__cpu__cpu0__cpufreq__"
QUIET = {"proc__loadavg": "0.9 0.5 0.4 1/100 1"}


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"proc__loadavg": "3.4 0.1 0.1 1/100 1"}, "other processes keep 2.4 of"),
        ({"sys__fs__cgroup__cpu.max": "50000 100000"}, "this container may use 0.5 of"),
        (
            {f"{CPUFREQ}scaling_governor": "powersave", f"{CPUFREQ}scaling_driver": "acpi-cpufreq"},
            "the power plan is powersave",
        ),
        (
            {
                f"{CPUFREQ}scaling_governor": "powersave",
                f"{CPUFREQ}scaling_driver": "intel_pstate",
                f"{CPUFREQ}energy_performance_preference": "power",
            },
            "the power plan is powersave",
        ),
        ({f"{CPUFREQ}cpuinfo_max_freq": "4000000", f"{CPUFREQ}scaling_max_freq": "2000000"}, "held at 2.0 of 4.0 GHz"),
        ({"sys__class__power_supply__AC__online": "0"}, "on its battery"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_slows_a_machine_down_is_said(files, words, tmp_path, all_cores):
    (warning,) = warnings_of(True, tree(tmp_path, **QUIET | files))
    assert words in warning


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"sys__fs__cgroup__cpu.max": "max 100000"},
        {f"{CPUFREQ}scaling_governor": "performance"},
        {f"{CPUFREQ}scaling_governor": "powersave", f"{CPUFREQ}scaling_driver": "intel_pstate"},
        {f"{CPUFREQ}cpuinfo_max_freq": "4000000", f"{CPUFREQ}scaling_max_freq": "3900000"},
        {"sys__class__power_supply__AC__online": "1", "sys__class__power_supply__USB__online": "0"},
    ],
    ids=str,
)
def test_where_nothing_slows_it_down_nothing_is_said(files, tmp_path, all_cores):
    assert warnings_of(True, tree(tmp_path, **QUIET | files)) == []
