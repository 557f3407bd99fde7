"""The choice of the kernels, and the compiled code that is kept: compiled once, by one process, whatever happens to it."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import wait_for
from own_optimizers import checkout_with

from zdl_bench.errors import ConfigError
from zdl_bench.kernels import choice

UPDATE = (
    "import numpy as np; from zdl_bench.kernels.choice import kernels_for; from zdl_bench.optimizers.sgd import SGD; "
    "w = np.ones(3, np.float32); kernels = kernels_for(w.dtype); "
    "kernels.update(SGD.rule, w, w.copy(), (), {'lr': np.float32(0.5)}); print(kernels.name.split()[0], w)"
)
BY_NUMBA, BY_NUMPY = "numba [0.5 0.5 0.5]\n", "numpy [0.5 0.5 0.5]\n"
COMPILING = "compiling the arithmetic for this machine, once: this takes about 8 seconds"
WITHOUT_NUMBA = "NumPy does the arithmetic: the same bits, but 30 times slower"


def start(code=UPDATE, cwd=None, **variables):
    """Start a Python process; its modules of tests are importable, and a checkout in `cwd`."""
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])} | variables
    return subprocess.Popen(
        [sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=cwd
    )


def run(code=UPDATE, cwd=None, **variables):
    """Return the output and the messages of a Python process."""
    return start(code, cwd, **variables).communicate(timeout=300)


# The choice.


def test_small_vectors_do_without_the_compiler():
    code = (
        "import sys; from conftest import quadratic_config; from zdl_bench.training.loop import train; "
        "train(quadratic_config('adam')); print('numba' in sys.modules)"
    )
    assert run(code)[0].split()[-1] == "False"


@pytest.mark.slow
@pytest.mark.parametrize(("wanted", "printed"), [("numpy", BY_NUMPY), ("numba", BY_NUMBA), ("", BY_NUMBA)])
def test_the_environment_can_say_which(wanted, printed):
    assert run(ZDL_BENCH_KERNELS=wanted)[0] == printed


def test_another_word_is_an_error_before_anything_is_trained(monkeypatch, command, tmp_path):
    monkeypatch.setenv("ZDL_BENCH_KERNELS", "cython")
    outcome = command("problem=quadratic", "steps=2")
    assert outcome.status == 2
    assert "ZDL_BENCH_KERNELS=cython: choose numpy or numba, or unset the variable" in outcome.err
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ConfigError, match="ZDL_BENCH_KERNELS=cython"):
        choice.kernels_for.__wrapped__(np.dtype(np.float32))


BREAKAGES = ["ModuleNotFoundError", "ImportError", "OSError", "AttributeError", "RuntimeError", "SystemError"]


@pytest.mark.slow
@pytest.mark.parametrize("error", BREAKAGES)
def test_a_numba_that_cannot_be_imported_is_done_without(error, tmp_path):
    (tmp_path / "numba.py").write_text(f"raise {error}('Numba needs an older NumPy')")
    printed, messages = run(UPDATE + "; kernels_for(np.dtype(float))", PYTHONPATH=str(tmp_path))
    assert printed == BY_NUMPY
    assert messages.count(WITHOUT_NUMBA) == 1, "one warning for both dtypes"
    assert "Numba needs an older NumPy" in messages
    assert "Traceback" not in messages
    _, messages = run(PYTHONPATH=str(tmp_path), ZDL_BENCH_KERNELS="numba")
    expected = "ZDL_BENCH_KERNELS=numba: numba does not work here (Numba needs an older NumPy); install a version that does"
    assert messages.splitlines()[-1].endswith(f"ConfigError: {expected}")


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [("problem=quadratic", "steps=2"), ("verify",), ("bench", "problem=quadratic")])
def test_a_numba_that_is_asked_for_and_does_not_work_is_an_error_before_anything_is_trained(arguments, tmp_path):
    (tmp_path / "numba.py").write_text("raise OSError('libllvm is missing')")
    code = f"import sys, os; os.chdir({str(tmp_path)!r}); from zdl_bench.cli import main; sys.exit(main({list(arguments)}))"
    process = start(code, PYTHONPATH=str(tmp_path), ZDL_BENCH_KERNELS="numba")
    _, messages = process.communicate()
    assert process.returncode == 2
    assert messages.startswith("error: ZDL_BENCH_KERNELS=numba: numba does not work here (libllvm is missing)")
    assert not (tmp_path / "results").exists()


def test_a_numba_that_is_told_not_to_compile_is_done_without():
    printed, messages = run(NUMBA_DISABLE_JIT="1")
    assert printed == BY_NUMPY
    assert "NUMBA_DISABLE_JIT is set" in messages


# The code that is kept. Compiling takes about 8 seconds.


@pytest.fixture(scope="module")
def together(tmp_path_factory):
    """The messages of three processes that start together, with nothing compiled, and the folder of their code."""
    folder = tmp_path_factory.mktemp("compiled")
    processes = [start(NUMBA_CACHE_DIR=str(folder)) for _ in range(3)]
    outcomes = [process.communicate(timeout=300) for process in processes]
    assert [printed for printed, _ in outcomes] == [BY_NUMBA] * 3
    return [messages for _, messages in outcomes], folder


@pytest.fixture
def kept(together, tmp_path):
    """A folder of compiled code for one test."""
    return Path(shutil.copytree(together[1], tmp_path / "compiled"))


def times(folder):
    return {path.name: path.stat().st_mtime_ns for path in folder.rglob("*.nb[ic]")}


@pytest.mark.slow
def test_processes_that_start_together_compile_once(together):
    messages, folder = together
    assert sorted(messages) == ["", "", f"{COMPILING}\n"]
    code = [path.name for path in folder.rglob("*.nbc")]
    assert any("SGD.rule" in name for name in code)
    assert all(name.endswith(".1.nbc") for name in code), "one signature a file"


@pytest.mark.slow
def test_compiled_code_is_kept(kept):
    before = times(kept)
    assert run(NUMBA_CACHE_DIR=str(kept)) == (BY_NUMBA, "")
    assert times(kept) == before


@pytest.mark.slow
def test_code_of_other_sources_is_not_used(kept, tmp_path):
    """A number that a kernel takes from another module of its folder is part of its code."""
    own = checkout_with(tmp_path / "checkout", "", ())
    definition = own / "zdl_bench/kernels/definition.py"
    definition.write_text(definition.read_text().replace("SIDE_BY_SIDE = 256", "SIDE_BY_SIDE = 8"))
    dot = "from zdl_bench.kernels.definition import Kernels; a = np.arange(40, dtype=np.float32) / 3; "
    code = UPDATE + "; " + dot + "print(kernels.dot(a, a) == Kernels().dot(a, a))"
    variables = {"NUMBA_CACHE_DIR": str(kept)}
    assert run(code, own, **variables) == (f"{BY_NUMBA}True\n", f"{COMPILING}\n")
    definition.write_text(definition.read_text().replace("SIDE_BY_SIDE = 8", "SIDE_BY_SIDE = 4"))
    assert run(code, own, **variables) == (f"{BY_NUMBA}True\n", f"{COMPILING}\n")


@pytest.mark.slow
@pytest.mark.parametrize("suffix", ["nbi", "nbc"])
@pytest.mark.parametrize("content", [b"", b"\x80garbage", None], ids=["empty", "garbage", "unreadable"])
def test_kept_files_that_are_damaged_are_made_anew(suffix, content, kept):
    damaged = list(kept.rglob(f"*.{suffix}"))
    assert len(damaged) > 6
    for path in damaged:
        if content is None:
            path.unlink()
            path.mkdir()
        else:
            path.write_bytes(content)
    printed, messages = run(NUMBA_CACHE_DIR=str(kept))
    assert printed == BY_NUMBA, messages
    assert "Traceback" not in messages
    if content is not None:
        assert all(path.stat().st_size > 10 for path in damaged)
        assert run(NUMBA_CACHE_DIR=str(kept)) == (BY_NUMBA, "")


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.0, 0.5])
def test_a_compiler_that_is_killed_leaves_nothing_broken(share, together, tmp_path):
    """Before the first file is written, and in the middle."""
    files = round(share * len(times(together[1])))
    process = start(NUMBA_CACHE_DIR=str(tmp_path))
    wait_for(lambda: len(times(tmp_path)) >= files and list(tmp_path.rglob("*")))
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert run(NUMBA_CACHE_DIR=str(tmp_path)) == (BY_NUMBA, f"{COMPILING}\n")
    assert run(NUMBA_CACHE_DIR=str(tmp_path)) == (BY_NUMBA, "")


@pytest.mark.slow
def test_a_folder_of_the_package_that_is_read_only_is_no_obstacle(tmp_path):
    """The code is kept in the user's cache folder then. Permissions do not stop root; a file in the way does."""
    own = checkout_with(tmp_path / "checkout", "", ())
    for folder in ("kernels", "optimizers"):
        (own / "zdl_bench" / folder / "__pycache__").write_text("in the way")
    cache = tmp_path / "cache"
    variables = {"XDG_CACHE_HOME": str(cache), "PYTHONDONTWRITEBYTECODE": "1"}
    assert run(cwd=own, **variables) == (BY_NUMBA, f"{COMPILING}\n")
    assert list(cache.rglob("*.nbc"))
    assert run(cwd=own, **variables) == (BY_NUMBA, "")


@pytest.mark.slow
def test_if_no_folder_is_writable_the_code_is_compiled_all_the_same():
    nowhere = {"NUMBA_CACHE_LOCATOR_CLASSES": "UserProvidedCacheLocator", "NUMBA_CACHE_DIR": "/dev/full/nowhere"}
    assert run(**nowhere)[0] == BY_NUMBA


@pytest.mark.slow
def test_a_full_disk_is_no_obstacle(tmp_path):
    code = (
        "from numba.core.caching import IndexDataCacheFile as file\n"
        "def full(*_): raise OSError(28, 'No space left on device')\n"
        f"file._save_index = file._save_data = full\n{UPDATE}"
    )
    assert run(code, NUMBA_CACHE_DIR=str(tmp_path))[0] == BY_NUMBA
    assert not list(tmp_path.rglob("*.nb*"))
