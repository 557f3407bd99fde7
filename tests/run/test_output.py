"""A log that cannot be written: runs, manifest, report and exit status are those of a good terminal."""

import io
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest
from conftest import quadratic_config
from own_optimizers import checkout_with

from zdl_bench import cli, load_results
from zdl_bench.executors import attempt as contract
from zdl_bench.executors.attempt import attempt
from zdl_bench.run.output import BestEffort, best_effort_output
from zdl_bench.run.run import Status
from zdl_bench.store.store import Store

SWEEP = ("-m", "problem=bowl", "steps=20", "optimizer=sgd,adam", "seed=1,2", "name=sweep", "report=false")


def full():
    return open("/dev/full", "w")


def full_at_once():
    return open("/dev/full", "w", buffering=1)


def without_a_reader():
    reader, writer = os.pipe()
    os.close(reader)
    return os.fdopen(writer, "w")


def closed():
    stream = io.StringIO()
    stream.close()
    return stream


def absent():
    return None


def of(encoding):
    return lambda: io.TextIOWrapper(io.BytesIO(), encoding=encoding)


BAD = {
    "a full disk": full,
    "a full disk, line by line": full_at_once,
    "a pipe without a reader": without_a_reader,
    "a stream that was closed": closed,
    "no stream": absent,
    "ASCII": of("ascii"),
    "Latin 1": of("latin-1"),
    "Windows": of("cp437"),
}


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """Digests of the sweep's runs as a good terminal sees them."""
    folder = tmp_path_factory.mktemp("good")
    assert cli.main([*SWEEP, "executor=serial", f"results_dir={folder}"]) == 0
    return digests(folder)


def digests(folder):
    return load_results(folder).runs.set_index("run_id")["digest"].sort_index()


@pytest.mark.slow
@pytest.mark.parametrize("kind", BAD, ids=lambda name: name.replace(" ", "_"))
def test_a_sweep_is_what_it_is_on_a_good_terminal(kind, good, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = (sys.stdout, sys.stderr)
    out, err = BAD[kind](), BAD[kind]()
    with redirect_stdout(out), redirect_stderr(err):
        assert cli.main([*SWEEP, "executor=serial"]) == 0
    assert (sys.stdout, sys.stderr) == before
    for stream in (out, err):
        if stream is not None:
            stream.close()  # raises where something was left in it
    assert digests("results").equals(good)
    assert Store("results").read_manifest("sweep").finished


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["--help"], 0),
        (["--version"], 0),
        (["--cfg", "job"], 0),
        (["--hydra-help"], 0),
        (["ls", "--help"], 0),
        (["bench", "--help"], 0),
        (["optimizer=sdg"], 2),
        (["repotr"], 2),
        (["ls", "--results", "nowhere"], 2),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else str(value),
)
def test_every_command_ends_as_on_a_good_terminal(arguments, status, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with full() as stream, redirect_stdout(stream), redirect_stderr(stream):
        assert cli.main(arguments) == status


def test_output_that_is_lost_is_said_once(capsys):
    with redirect_stdout(full()) as out:
        assert cli.main(["--help"]) == 0
    out.close()
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("warning: standard output cannot be written")
    with redirect_stdout(without_a_reader()) as out:
        assert cli.main(["--help"]) == 0
    out.close()
    assert capsys.readouterr().err == "", "who reads no more, as `head`, misses nothing"


def test_what_an_encoding_lacks_is_replaced():
    stream = of("ascii")()
    output = BestEffort(stream)
    output.writelines(["0.1 ± 0.2 – 3 µs… 改\n", "a path that is no UTF-8: \udcff\n"])
    output.flush()
    assert stream.buffer.getvalue().decode("ascii") == "0.1 +- 0.2 - 3 us... ?\na path that is no UTF-8: ?\n"
    assert output.lost is None


def test_a_rule_that_prints_costs_no_run(monkeypatch, tmp_path):
    real = contract.train

    def chatty(config):
        print("x" * 100_000)
        print("±", file=sys.stderr)
        return real(config)

    monkeypatch.setattr(contract, "train", chatty)
    with redirect_stdout(full()) as out, redirect_stderr(of("ascii")()):
        assert attempt(quadratic_config()).status is Status.COMPLETED
    out.close()


def test_a_stream_is_known_by_what_is_below_it():
    with redirect_stdout(of("latin-1")()) as stream, best_effort_output() as (out, _):
        assert (out.encoding, out.isatty()) == ("latin-1", False)
        assert sys.stdout is out
        assert stream is not out


CHATTERBOX = '''
"""A rule that says what it does."""

from dataclasses import dataclass

from zdl_bench.optimizers.sgd import SGD


@dataclass(frozen=True)
class Chatterbox(SGD):
    def update(self, params, grad, state, step):
        print(f"step {step.number} ±", flush=True)
        super().update(params, grad, state, step)
'''
ASCII = {"PYTHONIOENCODING": "ascii", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    return checkout_with(tmp_path_factory.mktemp("own") / "checkout", CHATTERBOX, ("Chatterbox",))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("redirection", "environment"),
    [
        (">/dev/full 2>&1", {}),
        ("2>&-", {}),
        ("<&- >&- 2>&-", {}),
        ("2>&1 | true", {}),
        ("", ASCII),
    ],
    ids=str,
)
def test_worker_processes_have_no_better_streams(checkout, tmp_path, redirection, environment):
    """By a shell, as people do it, with a rule that prints in each step, and a report at the end."""
    keys = "-m problem=bowl steps=20 optimizer=chatterbox,sgd seed=1,2 n_jobs=2 name=sweep"
    command = f"set -o pipefail; {sys.executable} -m zdl_bench {keys} {redirection}"
    settings = os.environ | {"PYTHONPATH": str(checkout)} | environment
    done = subprocess.run(
        ["bash", "-c", command], cwd=tmp_path, env=settings, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    runs = load_results(tmp_path / "results").runs
    assert runs["status"].tolist() == ["completed"] * 4
    manifest = Store(tmp_path / "results").read_manifest("sweep")
    assert manifest.finished
    assert Path(tmp_path / "results/sweeps/sweep/report.html").is_file()
