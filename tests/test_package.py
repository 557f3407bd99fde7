"""The package: what an import costs, and a wheel in an empty folder."""

import os
import re
import shlex
import subprocess
import sys
import tomllib
import venv
from importlib.metadata import version
from pathlib import Path

import pytest
from own_folder import copy_sign_sgd

import zdl_bench

ROOT = Path(__file__).parent.parent
HEAVY = (
    "pandas",
    "seaborn",
    "matplotlib",
    "hydra",
    "omegaconf",
    "pyarrow",
    "scipy",
    "sklearn",
    "rich",
    "jinja2",
    "pooch",
)


def modules_after(statement: str) -> set[str]:
    code = f"{statement}\nimport sys; print('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return {name.partition(".")[0] for name in done.stdout.split()}


def test_pyarrow_is_one_that_withstands_deep_schemas():
    """Those below 26 end with a segmentation fault when a schema is nested 100,000 deep."""
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    [pyarrow] = [line for line in wanted if line.startswith("pyarrow")]
    assert int(re.fullmatch(r"pyarrow>=(\d+)", pyarrow)[1]) >= 26
    assert int(version("pyarrow").partition(".")[0]) >= 26


def test_importing_the_package_is_light():
    assert not modules_after("import zdl_bench") & {"numpy", *HEAVY}


def test_workers_import_nothing_heavy():
    """A worker unpickles `attempt` and a RunConfig."""
    statement = "from zdl_bench.executors.attempt import attempt; from zdl_bench.executors import processes"
    assert not modules_after(statement) & set(HEAVY)


def test_storing_a_run_imports_no_pandas():
    statement = (
        "import tempfile; from zdl_bench.executors.attempt import attempt; from zdl_bench.store.store import Store; "
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); from conftest import quadratic_config; "
        "Store(tempfile.mkdtemp()).write(attempt(quadratic_config()))"
    )
    assert "pandas" not in modules_after(statement)


def test_help_does_without_hydra():
    assert not modules_after("from zdl_bench.plan.help import help_text; help_text()") & {"hydra", "omegaconf", *HEAVY}


def test_a_command_imports_what_it_needs():
    """`importlib.metadata` finds folders of parts, which few commands name; Hydra reads keys, which few reports have."""
    assert not modules_after("import zdl_bench.cli") & {"email", "zipfile", "numpy", *HEAVY}
    assert not modules_after("import zdl_bench.commands.report") & {"hydra", "omegaconf"}


def test_a_start_does_not_wait_for_what_draws_and_judges():
    """Claims are checked before the runs; the libraries that judge them are only needed at the end."""
    drawn = {"pandas", "seaborn", "matplotlib", "scipy", "sklearn", "jinja2"}
    assert not modules_after("import zdl_bench.commands.sweep, zdl_bench.statistics.claims") & drawn


def test_what_people_call_is_at_the_top_and_typed():
    assert (ROOT / "zdl_bench/py.typed").is_file()
    for name in dir(zdl_bench):
        assert getattr(zdl_bench, name) is not None
    places = {name: getattr(zdl_bench, name).__module__ for name in ("load_results", "sweep", "Results", "comparisons")}
    assert places == {
        "load_results": "zdl_bench.api.results",
        "sweep": "zdl_bench.api.sweep",
        "Results": "zdl_bench.store.frames",
        "comparisons": "zdl_bench.report.comparison",
    }
    with pytest.raises(AttributeError, match="module 'zdl_bench' has no attribute 'sweeps'"):
        zdl_bench.sweeps  # noqa: B018


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """A wheel built from the checkout and installed without it. Returns the Python that has it, and the folder it is in."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip"]
    build = [*pip, "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", str(folder), str(ROOT)]
    subprocess.run(build, check=True)
    [built] = folder.glob("zdl_bench-*.whl")
    environment = folder / "env"
    venv.create(environment, with_pip=False)
    site = next((environment / "lib").glob("python*/site-packages"))
    subprocess.run([*pip, "install", "--quiet", "--no-deps", "--target", str(site), str(built)], check=True)
    dependencies = [path for path in sys.path if path.endswith("site-packages")]
    (site / "dependencies.pth").write_text("\n".join(dependencies))  # the libraries, of which zdl_bench is shadowed
    return environment / "bin" / "python", site


@pytest.fixture
def run(wheel, tmp_path):
    """Runs the Python that has the wheel, in an empty folder."""
    variables = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([wheel[0], *arguments], cwd=tmp_path, env=variables, capture_output=True, text=True, check=False)

    return run


@pytest.mark.slow
def test_the_wheel_works_in_an_empty_folder(run, wheel, tmp_path):
    """conf/ and experiments/ are inside."""
    _, site = wheel
    where = run("-c", "import zdl_bench; print(zdl_bench.__file__)").stdout
    assert where.startswith(str(site))
    done = run("-m", "zdl_bench", "-m", "dataset=digits", "optimizer=sgd,adam", "steps=10", "n_jobs=2")
    assert done.returncode == 0, done.stderr
    assert len(list(tmp_path.glob("results/runs/??/*.parquet"))) == 2
    assert len(list(tmp_path.glob("results/sweeps/*/report.html"))) == 1
    done = run("-m", "zdl_bench", "experiment=day64", "dataset=digits", "seed=0", "steps=5", "report=false")
    assert done.returncode == 0, done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["results"]
    [script] = (site / "bin").glob("zdl-bench")
    assert run(str(script), "ls").stdout.count("completed") == 2


@pytest.mark.slow
def test_the_example_outside_the_package_works_with_the_wheel(run, tmp_path):
    copy_sign_sgd(tmp_path / "sign_sgd")
    own = ("-m", "zdl_bench", "--config-dir", "sign_sgd")
    for arguments in (
        ("experiment=signs", "n_jobs=2"),
        ("-m", "optimizer=sgd,sign_sgd", "dataset=digits", "steps=50", "n_jobs=2"),
    ):
        done = run(*own, *arguments)
        assert done.returncode == 0, done.stderr
    assert "claim 1: " in (tmp_path / "results/sweeps/signs/tables/verdicts.txt").read_text()
    done = run(*own[:2], "verify", "signs", "--runs", "4", *own[2:])
    assert "4 same bits" in done.stdout, done.stdout + done.stderr


@pytest.mark.slow
def test_the_page_on_own_parts_can_be_typed_line_by_line(run, tmp_path):
    page = (ROOT / "docs/own_parts.md").read_text(encoding="utf-8")
    lines = "".join(re.findall(r"<!-- run -->\n```\n(.*?)```", page, re.DOTALL)).splitlines()
    assert len(lines) == 10
    for line in lines:
        command, *words = shlex.split(line)
        done = run(*(("-m", "zdl_bench") if command == "zdl-bench" else ()), *words)
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
    assert "my_rule, rmsprop" in done.stdout, "the list of optimizers"
    assert "cannot be used" not in done.stdout
