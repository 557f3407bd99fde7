"""The package: what an import costs, and a wheel in an empty folder."""

import os
import re
import subprocess
import sys
import tomllib
import venv
from importlib.metadata import version
from pathlib import Path

import pytest

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


def test_a_start_does_not_wait_for_what_draws_and_judges():
    """Claims are checked before the runs; the libraries that judge them are only needed at the end."""
    drawn = {"pandas", "seaborn", "matplotlib", "scipy", "sklearn", "jinja2"}
    assert not modules_after("import zdl_bench.commands.sweep, zdl_bench.statistics.claims") & drawn


def test_load_results_is_at_the_top():
    code = "import zdl_bench; print(zdl_bench.load_results.__module__, zdl_bench.Results.__name__)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["zdl_bench.store.frames", "Results"]


@pytest.mark.slow
def test_the_wheel_works_in_an_empty_folder(tmp_path):
    """Built from the checkout, installed without it; conf/ and experiments/ are inside."""
    build = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "-w",
        str(tmp_path),
        str(ROOT),
    ]
    subprocess.run(build, check=True)
    [wheel] = tmp_path.glob("zdl_bench-*.whl")
    environment = tmp_path / "env"
    venv.create(environment, with_pip=False)
    site = next((environment / "lib").glob("python*/site-packages"))
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(site), str(wheel)], check=True
    )
    dependencies = [path for path in sys.path if path.endswith("site-packages")]
    (site / "dependencies.pth").write_text("\n".join(dependencies))  # the libraries, of which zdl_bench is shadowed
    empty = tmp_path / "empty"
    empty.mkdir()
    python = environment / "bin" / "python"
    variables = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([python, *arguments], cwd=empty, env=variables, capture_output=True, text=True, check=False)

    where = run("-c", "import zdl_bench; print(zdl_bench.__file__)").stdout
    assert where.startswith(str(site))
    done = run("-m", "zdl_bench", "-m", "dataset=digits", "optimizer=sgd,adam", "steps=10", "n_jobs=2")
    assert done.returncode == 0, done.stderr
    assert len(list(empty.glob("results/runs/??/*.parquet"))) == 2
    assert len(list(empty.glob("results/sweeps/*/report.html"))) == 1
    done = run("-m", "zdl_bench", "experiment=day64", "dataset=digits", "seed=0", "steps=5", "report=false")
    assert done.returncode == 0, done.stderr
    assert [path.name for path in empty.iterdir()] == ["results"]
    [script] = (site / "bin").glob("zdl-bench")
    assert run(str(script), "ls").stdout.count("completed") == 2
