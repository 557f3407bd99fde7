"""executor=dask against a real scheduler and real workers on the loopback, which were started apart from us."""

import gzip
import http.server
import json
import os
import shutil
import signal
import socketserver
import subprocess
import sys
import threading
from contextlib import closing, suppress

import numpy as np
import pytest
import yaml
from conftest import SMALL, digits_config, run_process, start_process, stored, wait_for
from own_files import FEATURES, csv
from own_folder import copy_sign_sgd, edit
from own_images import add_dataset, copy_conf
from own_optimizers import HOLDING, checkout_with

from zdl_bench import load_results
from zdl_bench.datasets import mirrors
from zdl_bench.datasets.cache import ensure_decoded, is_decoded
from zdl_bench.datasets.idx import IdxDataSet
from zdl_bench.errors import DataError
from zdl_bench.run.config import ENGINE_VERSION
from zdl_bench.run.run import Status

pytest.importorskip("distributed", reason="Dask is not installed: pip install zdl-bench[dask]")
import psutil  # distributed brings it
from distributed import Client

from zdl_bench.executors import child as child_module
from zdl_bench.executors.child import Children
from zdl_bench.executors.dask_address import parse_address
from zdl_bench.executors.dask_worker import Workplace, pack, unpack

SWEEP = ("-m", "dataset=digits", "report=false", "optimizer=sgd,adam", "seed=range(0,6)", "steps=1500", *SMALL)
WITHOUT_US = """
import sys
sys.modules["zdl_bench"] = None  # importing it fails
from dask.__main__ import main
main()
"""
LISTEN = ("--host", "127.0.0.1", "--no-dashboard")


class Cluster:
    """A scheduler that has no zdl_bench, and workers that are added to it; `stop` leaves nothing of it behind."""

    def __init__(self, folder):
        self.folder = folder
        file = folder / "scheduler.json"
        (folder / "without_us.py").write_text(WITHOUT_US)
        self.scheduler = self._start(
            "without_us", "scheduler", *LISTEN, "--port", "0", "--no-show", "--scheduler-file", str(file)
        )
        self.workers = []
        wait_for(lambda: file.is_file() and file.read_text().strip().endswith("}"))
        self.address = json.loads(file.read_text())["address"]

    @property
    def executor(self):
        return ("executor=dask", f"executor.address={self.address}")

    def add_worker(self, *options, cwd=None, module="dask", **environment):
        options = ("worker", self.address, *LISTEN, "--local-directory", str(self.folder), *(options or ("--nthreads", "1")))
        self.workers.append(self._start(module, *options, cwd=cwd, **environment))

    def _start(self, module, *arguments, cwd=None, **environment):
        settings = {key: value for key, value in os.environ.items() if key != "ZDL_BENCH_DATA"} | environment
        with open(self.folder / "cluster.log", "a") as log:
            command = [sys.executable, "-m", module, *arguments]
            return subprocess.Popen(command, cwd=cwd or self.folder, env=settings, stdout=log, stderr=log)

    def trainers(self):
        """The processes that make runs."""
        return [process for process in self._descendants() if "zdl_bench.executors.child" in " ".join(command_of(process))]

    def _descendants(self):
        alive = [psutil.Process(worker.pid) for worker in self.workers if worker.poll() is None]
        return [child for process in alive for child in process.children(recursive=True)]

    def stop(self):
        remaining = self._descendants()
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait()
        for process in remaining:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(remaining, timeout=10)


def command_of(process):
    try:
        return process.cmdline()
    except psutil.Error:  # it is gone
        return []


def have_ended(processes):
    return not psutil.wait_procs(processes, timeout=0)[1]


@pytest.fixture
def cluster(tmp_path):
    """Without workers."""
    folder = tmp_path / "cluster"
    folder.mkdir()
    started = Cluster(folder)
    yield started
    started.stop()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory, digits):
    """Digests of the sweep's runs as local processes make them."""
    folder = tmp_path_factory.mktemp("undisturbed")
    assert run_process(*SWEEP, cwd=folder).status == 0
    return digests(folder)


def digests(folder):
    return load_results(folder / "results").runs.set_index("run_id")["digest"].sort_index()


@pytest.mark.slow
@pytest.mark.parametrize("workers", [[1, 1], [2]], ids=["two workers of one thread", "one worker of two threads"])
def test_bits_are_those_of_local_processes(cluster, tmp_path, undisturbed, workers):
    for threads in workers:
        cluster.add_worker("--nthreads", str(threads))
    outcome = run_process(*SWEEP, *cluster.executor, cwd=tmp_path)
    assert outcome.status == 0, outcome.err
    assert "12/12 runs: 0 failed" in outcome.err
    assert digests(tmp_path).equals(undisturbed)
    assert len(cluster.trainers()) == 2


@pytest.mark.slow
def test_a_choice_on_tuning_seeds_is_that_of_local_processes(cluster, tmp_path, digits):
    cluster.add_worker()
    grid = ("optimizer=sgd,adam", "lr=0.001,0.01", "seed=1,2", "tuning_seeds=100,101")
    sweep = ("-m", "dataset=digits", "report=false", *grid, "steps=50", *SMALL)
    for name, executor in (("local", ("executor=serial",)), ("cluster_made", cluster.executor)):
        (tmp_path / name).mkdir()
        outcome = run_process(*sweep, *executor, cwd=tmp_path / name)
        assert outcome.status == 0, outcome.err
        assert "stage 2: sgd at lr " in outcome.err
    assert len(digests(tmp_path / "local")) == 8 + 4
    assert digests(tmp_path / "cluster_made").equals(digests(tmp_path / "local"))


@pytest.mark.slow
def test_workers_that_are_killed_cost_nothing_and_one_that_joins_late_goes_on(cluster, tmp_path, undisturbed):
    for _ in range(2):
        cluster.add_worker("--nthreads", "1", "--no-nanny")
    process = start_process(*SWEEP, *cluster.executor, cwd=tmp_path)
    wait_for(lambda: len(stored(tmp_path)) >= 1)
    orphans = cluster.trainers()
    assert orphans
    for worker in cluster.workers:
        worker.kill()
    wait_for(lambda: have_ended(orphans))
    cluster.add_worker()
    _, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert digests(tmp_path).equals(undisturbed)


@pytest.mark.slow
def test_a_scheduler_that_goes_away_is_a_clear_error(cluster, tmp_path, digits):
    checkout = checkout_with(tmp_path / "checkout", HOLDING, ("Holding",))
    holding = {"PYTHONPATH": str(checkout), "HOLDING_UNTIL": str(tmp_path / "go")}
    keys = ("-m", "dataset=digits", "report=false", "optimizer=sgd,holding", "seed=1,2", "steps=20", *SMALL)
    for _ in range(2):
        cluster.add_worker(**holding)
    process = start_process(*keys, *cluster.executor, cwd=tmp_path, env=os.environ | holding)
    wait_for(lambda: len(stored(tmp_path)) == 2)
    trainers = cluster.trainers()
    cluster.scheduler.kill()
    _, err = process.communicate(timeout=120)
    assert process.returncode == 2, err
    assert "the Dask scheduler is gone" in err
    assert "Traceback" not in err
    assert len(digests(tmp_path)) == 2
    wait_for(lambda: have_ended(trainers))
    (tmp_path / "go").touch()
    outcome = run_process(*keys, cwd=tmp_path, env=os.environ | holding)
    assert outcome.status == 0, outcome.err
    assert "2 to train, 2 in the store" in outcome.err


@pytest.mark.slow
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGKILL, -9)])
def test_the_cluster_does_not_go_on_for_a_command_that_is_gone(cluster, tmp_path, digits, number, status):
    for _ in range(2):
        cluster.add_worker()
    endless = ("-m", "dataset=digits", "report=false", "steps=10000000", "seed=range(0,6)", *SMALL)
    process = start_process(*endless, *cluster.executor, cwd=tmp_path)
    wait_for(lambda: len(cluster.trainers()) == 2)
    process.send_signal(number)
    _, err = process.communicate(timeout=120)
    assert process.returncode == status
    assert "Traceback" not in err
    wait_for(lambda: not cluster.trainers())
    outcome = run_process("dataset=digits", "report=false", "steps=20", *SMALL, *cluster.executor, cwd=tmp_path)
    assert outcome.status == 0, outcome.err


OPTIMIZERS = '''
"""Rules that end what runs them, or never end."""

import os
import re
import signal
from dataclasses import dataclass

from zdl_bench.optimizers.sgd import SGD


@dataclass(frozen=True)
class Killer(SGD):
    def update(self, params, grad, state, step):
        os.kill(os.getpid(), signal.SIGKILL)


@dataclass(frozen=True)
class Executioner(SGD):
    def update(self, params, grad, state, step):
        os.kill(os.getppid(), signal.SIGKILL)


@dataclass(frozen=True)
class Hanger(SGD):
    def update(self, params, grad, state, step):
        re.match("(a+)+$", "a" * 60 + "b")  # for years, in C, without a moment for another thread
'''


@pytest.fixture
def own_checkout(tmp_path):
    return checkout_with(tmp_path / "checkout", OPTIMIZERS, ("Killer", "Executioner", "Hanger"))


@pytest.mark.slow
def test_runs_that_kill_their_process_or_hang_in_c_harm_no_worker(own_checkout, cluster, tmp_path, digits):
    for _ in range(2):
        cluster.add_worker("--nthreads", "1", "--no-nanny", cwd=own_checkout)
    arguments = ("-m", "dataset=digits", "report=false", "steps=20", "seed=1,2", "timeout=5", *SMALL)
    outcome = run_process(*arguments, "optimizer=killer,hanger,sgd,adam", *cluster.executor, cwd=own_checkout)
    assert outcome.status == 1, outcome.err
    assert "Traceback" not in outcome.err
    runs = load_results(own_checkout / "results").runs
    assert runs.groupby("optimizer")["status"].agg(set).to_dict() == {
        "sgd": {"completed"}, "adam": {"completed"}, "killer": {"failed"}, "hanger": {"timed_out"},
    }  # fmt: skip
    assert runs.loc[runs["optimizer"] == "killer", "failure"].str.contains("died repeatedly").all()
    assert runs.loc[runs["optimizer"] == "hanger", "failure"].str.contains("stopped after 5 s").all()
    assert all(worker.poll() is None for worker in cluster.workers)


@pytest.mark.slow
def test_a_run_that_kills_its_worker_again_and_again_fails_alone(own_checkout, cluster, tmp_path, digits):
    for _ in range(2):
        cluster.add_worker(cwd=own_checkout)
    arguments = ("-m", "dataset=digits", "report=false", "steps=2000", *SMALL, *cluster.executor)
    outcome = run_process(*arguments, "optimizer=executioner,sgd,momentum,adam", cwd=own_checkout)
    assert outcome.status == 1, outcome.err
    runs = load_results(own_checkout / "results").runs.set_index("optimizer")
    assert runs["status"].to_dict() == {
        "executioner": "failed", "sgd": "completed", "momentum": "completed", "adam": "completed",
    }  # fmt: skip
    assert "WorkerDied" in runs.loc["executioner", "failure"]


@pytest.fixture
def own_images(own_checkout):
    """The folder of a data set `images`: its YAML in the copy of the checkout does not name it."""
    numbers = np.random.default_rng(0)
    images, labels = numbers.integers(0, 256, (120, 6, 6), np.uint8), numbers.integers(0, 10, 120, np.uint8)
    add_dataset(own_checkout / "conf", "images", images, labels)
    path = own_checkout / "conf/dataset/images.yaml"
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | {"dir": None}))
    return own_checkout / "data/images"


def image_sweep(folder, store):
    keys = ("optimizer=sgd,adam", "seed=range(0,4)", "steps=50", f"results_dir={store}", *SMALL)
    return ("-m", "dataset=images", f"dataset.dir={folder}", "report=false", *keys)


@pytest.mark.slow
def test_workers_without_the_data_are_sent_them(own_images, own_checkout, cluster, tmp_path, monkeypatch):
    mine = tmp_path / "mine"
    monkeypatch.setenv("XDG_CACHE_HOME", str(mine))  # other tests may have decoded images of the same shape
    here = run_process(*image_sweep(own_images, tmp_path / "here/results"), cwd=own_checkout)
    assert here.status == 0, here.err
    caches = [tmp_path / "empty", tmp_path / "damaged"]
    (decoded,) = mine.glob("zdl_bench/decoded/*")
    theirs = caches[1] / "zdl_bench/decoded" / decoded.name
    shutil.copytree(decoded, theirs)
    np.save(theirs / "train_images.npy", np.zeros((110, 36), np.uint8))
    for cache in caches:
        cluster.add_worker(cwd=own_checkout, XDG_CACHE_HOME=str(cache))
    there = run_process(*image_sweep(own_images, tmp_path / "there/results"), *cluster.executor, cwd=own_checkout)
    assert there.status == 0, there.err
    assert digests(tmp_path / "there").equals(digests(tmp_path / "here"))
    for cache in caches:
        received = cache / "zdl_bench/decoded" / decoded.name
        assert (received / "train_images.npy").read_bytes() == (decoded / "train_images.npy").read_bytes()
        assert [path.name for path in received.parent.iterdir()] == [decoded.name]


@pytest.fixture
def apart(tmp_path, monkeypatch):
    """A data set, the folder of its files, and a cache that has nothing."""
    add_dataset(copy_conf(tmp_path), "images", np.zeros((40, 2, 2), np.uint8), np.zeros(40, np.uint8))
    about = yaml.safe_load((tmp_path / "conf/dataset/images.yaml").read_text())
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("ZDL_BENCH_DATA", raising=False)
    return IdxDataSet("images", 10, about["files"], mirrors=[], dir=None), tmp_path / "data/images"


def test_a_worker_asks_for_data_that_it_lacks_and_decodes_those_that_it_has(apart, monkeypatch):
    dataset, files = apart
    workplace = Workplace()
    assert not workplace.provide(dataset)
    monkeypatch.setenv("ZDL_BENCH_DATA", str(files))
    assert not workplace.provide(dataset), "files are looked for once"
    assert Workplace().provide(dataset)
    assert is_decoded(dataset)


def test_a_worker_never_downloads(apart, monkeypatch, tmp_path):
    dataset, files = apart
    shutil.copytree(files, tmp_path / "others")
    path = next((tmp_path / "others").glob("*labels*"))
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes())[:-1] + b"\x09"))
    monkeypatch.setenv("ZDL_BENCH_DATA", str(tmp_path / "others"))
    monkeypatch.setattr(mirrors, "download", lambda *_: pytest.fail("a download"))
    assert not Workplace().provide(dataset)


@pytest.mark.slow
def test_a_child_that_is_killed_while_it_starts_is_nobodys_fault(digits, monkeypatch):
    born = []

    class Child(child_module.Child):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            born.append(self)
            if len(born) == 1:  # before it can have been given a run
                self._process.kill()
                self._process.wait()

    monkeypatch.setattr(child_module, "Child", Child)
    with closing(Children()) as children:
        run = children.make(digits_config(steps=5), None)
    assert len(born) == 2
    assert run.status is Status.COMPLETED


@pytest.mark.slow
@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("tls://127.0.0.1:9", "DASK_DISTRIBUTED__COMM__TLS__CA_FILE"),
        ("carrier://pigeon", "use one of tcp://, tls://"),
        ("ucx://127.0.0.1:9", "use one of tcp://, tls://"),
    ],
)
def test_an_address_that_cannot_be_used_is_one_clear_error(address, words, tmp_path, digits):
    executor = ("executor=dask", f"executor.address={address}")
    outcome = run_process("dataset=digits", "report=false", "steps=5", *SMALL, *executor, cwd=tmp_path)
    assert outcome.status == 2
    assert words in outcome.err
    assert "Traceback" not in outcome.err


def test_a_worker_trains_on_no_damaged_arrays(apart, monkeypatch, tmp_path):
    dataset, files = apart
    monkeypatch.setenv("ZDL_BENCH_DATA", str(files))
    ensure_decoded(dataset)
    monkeypatch.delenv("ZDL_BENCH_DATA")
    (array,) = tmp_path.glob("cache/zdl_bench/decoded/*/train_images.npy")
    np.save(array, np.ones((30, 4), np.uint8))
    assert not Workplace().provide(dataset)


def test_data_that_changed_on_their_way_are_refused(apart, monkeypatch):
    dataset, files = apart
    monkeypatch.setenv("ZDL_BENCH_DATA", str(files))
    packed, hashes = pack(dataset)
    assert np.array_equal(unpack(dataset, (packed, hashes)).train_images, np.zeros((30, 4), np.uint8))
    with pytest.raises(DataError, match="the data changed on the way to the worker"):
        unpack(dataset, (packed, hashes | {"train_images": 64 * "0"}))


@pytest.mark.slow
def test_mnist_reaches_workers_that_have_none(mnist, cluster, tmp_path):
    sweep = ("-m", "dataset=mnist", "report=false", "optimizer=sgd,adam", "steps=20", *SMALL)
    here, there = tmp_path / "here", tmp_path / "there"
    for folder, executor in ((here, ()), (there, cluster.executor)):
        folder.mkdir()
        if executor:
            for name in "ab":
                cluster.add_worker(XDG_CACHE_HOME=str(tmp_path / name))
        outcome = run_process(*sweep, *executor, cwd=folder)
        assert outcome.status == 0, outcome.err
    assert digests(there).equals(digests(here))


@pytest.mark.slow
def test_own_data_of_two_files_reach_workers_that_have_none(cluster, tmp_path):
    """They have one name, and the workers see no path: the checksum says which data are wanted."""
    for number in range(2):
        csv(tmp_path / f"{number}.csv", features=FEATURES + number)
    paths = ",".join(str(tmp_path / f"{number}.csv") for number in range(2))
    sweep = (
        "-m",
        "dataset=csv",
        f"dataset.path={paths}",
        "report=false",
        "seed=0,1",
        "steps=20",
        "problem.hidden=8",
        "n_jobs=2",
    )
    here, there = tmp_path / "here", tmp_path / "there"
    for folder, executor in ((here, ()), (there, cluster.executor)):
        folder.mkdir()
        if executor:
            for name in "ab":
                cluster.add_worker(XDG_CACHE_HOME=str(tmp_path / name))
        outcome = run_process(*sweep, *executor, cwd=folder)
        assert outcome.status == 0, outcome.err
    assert len(digests(here)) == digests(here).nunique() == 4
    assert digests(there).equals(digests(here))


@pytest.mark.slow
def test_a_worker_that_cannot_keep_the_data_is_a_clear_error(own_images, own_checkout, cluster, tmp_path):
    (tmp_path / "file").touch()
    cluster.add_worker(cwd=own_checkout, XDG_CACHE_HOME=str(tmp_path / "file"))
    outcome = run_process(*image_sweep(own_images, tmp_path / "results"), *cluster.executor, cwd=own_checkout)
    assert outcome.status == 2
    assert "the Dask worker tcp://127.0.0.1:" in outcome.err
    assert "XDG_CACHE_HOME" in outcome.err
    assert "Traceback" not in outcome.err


@pytest.mark.slow
def test_a_worker_with_another_engine_delivers_nothing(own_checkout, cluster, tmp_path, digits):
    path = own_checkout / "zdl_bench/run/config.py"
    path.write_text(path.read_text().replace(f"ENGINE_VERSION = {ENGINE_VERSION}\n", "ENGINE_VERSION = 99\n"))
    cluster.add_worker(cwd=own_checkout)
    outcome = run_process(*SWEEP, *cluster.executor, cwd=tmp_path)
    assert outcome.status == 2
    assert f"has engine 99, but this sweep needs engine {ENGINE_VERSION}; install the same zdl_bench" in outcome.err
    assert "Traceback" not in outcome.err
    assert not stored(tmp_path)


@pytest.mark.slow
def test_a_worker_without_zdl_bench_is_a_clear_error(cluster, tmp_path, digits):
    cluster.add_worker("--nthreads", "1", "--no-nanny", module="without_us")
    outcome = run_process(*SWEEP, *cluster.executor, cwd=tmp_path)
    assert outcome.status == 2
    assert "the Dask cluster cannot execute runs" in outcome.err
    assert "on every worker" in outcome.err
    assert "Traceback" not in outcome.err


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["executor=dask"], "needs the scheduler's address"),
        (["executor=dask", "executor.address=here"], "executor.address=here: name the scheduler as tcp://HOST:PORT"),
        (["executor=dask", "executor.address=tcp://127.0.0.1"], "name the scheduler as tcp://HOST:PORT"),
        (["executor=dask", "executor.address='tcp://127.0.0.1:abc'"], "name the scheduler as tcp://HOST:PORT"),
        (["executor=dask", "executor.address='tcp://127.0.0.1:99999'"], "name the scheduler as tcp://HOST:PORT"),
        (["executor=dask", "executor.address='tcp://:8786'"], "name the scheduler as tcp://HOST:PORT"),
        (["executor=dask", "executor.address='tcp://[::1:8786'"], "name the scheduler as tcp://HOST:PORT"),
        (["executor=dask", "executor.address=tcp://127.0.0.1:8786/status"], "name the scheduler as tcp://HOST:PORT"),
        (["executor=dask", "executor.wait=0"], "executor.wait=0.0: give a number of seconds above 0"),
        (["executor=dask", "executor.address=tcp://127.0.0.1:9"], "no Dask scheduler answers there"),
    ],
)
def test_no_cluster_is_a_clear_error(command, digits, arguments, words, monkeypatch):
    monkeypatch.setattr("zdl_bench.executors.dask_address.CONNECT_SECONDS", 1)
    outcome = command(*arguments, "dataset=digits", "steps=5", "report=false", *SMALL)
    assert outcome.status == 2
    assert words in outcome.err
    assert "Traceback" not in outcome.err


class Silent(socketserver.BaseRequestHandler):
    def handle(self):
        self.server.told.wait()


class Hanging(socketserver.BaseRequestHandler):
    """Up at once."""


class Babbling(socketserver.BaseRequestHandler):
    """Four bytes again and again: a length beyond all memory, were they one."""

    def handle(self):
        with suppress(OSError):
            while not self.server.told.wait(0.001):
                self.request.sendall(b"\xff\xff\x00\x7f")


class Vast(socketserver.BaseRequestHandler):
    """Promises a message of 64 GB, and keeps silent."""

    def handle(self):
        self.request.sendall((64 * 2**30).to_bytes(8, "little"))
        self.server.told.wait()


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True


@pytest.fixture
def listening():
    """Starts a server of a kind, and gives its address."""
    servers = []

    def start(kind):
        server = Server(("127.0.0.1", 0), kind)
        server.told = threading.Event()
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        servers.append(server)
        return f"tcp://127.0.0.1:{server.server_address[1]}"

    yield start
    for server in servers:
        server.told.set()
        server.shutdown()
        server.server_close()


@pytest.mark.slow
@pytest.mark.parametrize("kind", [Silent, Hanging, Babbling, Vast, http.server.SimpleHTTPRequestHandler])
def test_who_talks_no_dask_is_no_scheduler(command, listening, kind, monkeypatch):
    monkeypatch.setattr("zdl_bench.executors.dask_address.CONNECT_SECONDS", 1)
    address = listening(kind)
    outcome = command("problem=bowl", "steps=5", "report=false", "executor=dask", f"executor.address={address}")
    assert outcome.status == 2
    assert outcome.err.splitlines()[-1].startswith(f"error: executor.address={address}: no Dask scheduler answers there")
    assert "Traceback" not in outcome.err


@pytest.mark.slow
def test_a_name_server_that_keeps_silent_is_not_waited_for(command, monkeypatch):
    heard = threading.Event()
    monkeypatch.setattr("zdl_bench.executors.dask_address.CONNECT_SECONDS", 1)
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: heard.wait())
    outcome = command("problem=bowl", "steps=5", "report=false", "executor=dask", "executor.address=tcp://slow.example:8786")
    heard.set()
    assert outcome.status == 2
    assert "tcp://slow.example:8786: no Dask scheduler answers there" in outcome.err


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:8786", "tcp://127.0.0.1:8786/", "tcp://[::1]:8786/", "wss://host:443//"])
def test_a_slash_behind_an_address_is_none_of_it(address):
    assert parse_address(address) == address.rstrip("/")


@pytest.mark.slow
def test_a_worker_is_no_scheduler_and_a_cluster_without_workers_is_waited_for(cluster, tmp_path):
    keys = ("problem=bowl", "steps=20", "report=false", "executor=dask")
    outcome = run_process(*keys, f"executor.address={cluster.address}", "executor.wait=2", cwd=tmp_path)
    assert outcome.status == 2
    assert "the Dask cluster has no workers; waiting 2 s for one" in outcome.err
    assert "error: executor.wait=2: the Dask cluster has had no workers for this time" in outcome.err
    process = start_process(*keys, f"executor.address={cluster.address}/", cwd=tmp_path)
    assert any("the Dask cluster has no workers" in line for line in process.stderr), "it ended without a word"
    cluster.add_worker()
    _, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    with Client(cluster.address) as client:
        (worker,) = client.nthreads()
    outcome = run_process(*keys, f"executor.address={worker}", "force=true", cwd=tmp_path)
    assert outcome.status == 2
    assert f"this is the address of a Dask worker; use the address of its scheduler, {cluster.address}" in outcome.err
    assert "Traceback" not in outcome.err


@pytest.mark.slow
def test_parts_in_a_folder_of_the_user_reach_workers_that_have_no_such_folder(cluster, tmp_path, digits):
    """Also after an edit, while the processes of the first sweep may still be there."""
    cluster.add_worker("--nthreads", "2")
    folder = copy_sign_sgd(tmp_path / "own")
    numbers = np.random.default_rng(0)
    (folder / "dataset").mkdir()
    add_dataset(folder, "mine", numbers.integers(0, 256, (120, 6, 6), np.uint8), numbers.integers(0, 10, 120, np.uint8))
    shutil.move(tmp_path / "data/mine", folder / "images")
    edit(folder / "dataset/mine.yaml", f"dir: {tmp_path}/data/mine", "dir: null")
    data = ("dataset=mine", f"dataset.dir={folder}/images")
    sweep = ("--config-dir", str(folder), "-m", "optimizer=sgd,sign_sgd", *data, "report=false", "steps=20", *SMALL)
    for runs in (2, 3):
        outcome = run_process(*sweep, *cluster.executor, cwd=tmp_path)
        assert outcome.status == 0, outcome.err
        assert len(digests(tmp_path)) == runs
        if runs == 2:
            edit(folder / "optimizer/sign_sgd.py", "np.sign(g)", "0.5 * np.sign(g)")
    there = tmp_path / "local"
    there.mkdir()
    assert run_process(*sweep, "executor=serial", cwd=there).status == 0
    assert set(digests(there)) <= set(digests(tmp_path))


@pytest.mark.slow
def test_a_grid_goes_on_as_with_local_processes(cluster, tmp_path):
    cluster.add_worker()
    keys = ("-m", "problem=quadratic", "problem.gradient_noise=0.1", "steps=50", "optimizer=sgd,adam", "lr_grid=[1,10]")
    sweep = (*keys, "tuning_seeds=100,101", "seed=range(0,3)", "report=false")
    for folder, executor in (("local", ("executor=serial",)), ("dask", cluster.executor)):
        (tmp_path / folder).mkdir()
        outcome = run_process(*sweep, *executor, cwd=tmp_path / folder)
        assert outcome.status == 0, outcome.err
        assert "beyond the edge of their grids, on 2 tuning seeds" in outcome.err
    assert digests(tmp_path / "local").equals(digests(tmp_path / "dask"))
