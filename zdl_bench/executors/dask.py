"""An existing Dask cluster, and through dask-jobqueue Slurm, PBS and Kubernetes. Needs the extra `dask`."""

import sys
import time
import warnings
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from zdl_bench.errors import ExecutorError, ZdlBenchError, require
from zdl_bench.executors.attempt import retry_alone
from zdl_bench.executors.dask_address import CLIENT_SECONDS, connect, parse_address
from zdl_bench.executors.executor import Executor, Limits
from zdl_bench.registry import registry
from zdl_bench.run.config import ENGINE_VERSION, RunConfig
from zdl_bench.run.environment import describe_environment
from zdl_bench.run.run import Failure, Run

if TYPE_CHECKING:
    from distributed import Client, Future

    from zdl_bench.executors.dask_worker import MissingData, Parcel

LOOK_SECONDS = 1.0
"""The workers are counted whenever no run ends for so long."""
MAX_SUBMITTED = 1000
"""Runs that the scheduler has at a time: more than most clusters have threads, and few enough for its memory and ours."""
CLUSTER_DEATH = Failure(
    "WorkerDied", "its processes on the Dask cluster died again and again (killed, out of memory, or a crash in C)", ""
)


@dataclass(frozen=True)
class Dask(Executor):
    """Send runs to the workers of the scheduler at `address` (for example tcp://127.0.0.1:8786).

    Its workers have zdl_bench installed. `n_jobs` does not apply: each thread of a worker makes one run at a time. A worker
    that lacks a data set is sent it. A run whose worker dies is repeated alone after all others; if its worker dies again, it
    has failed. wait: seconds for which the cluster may be without any worker.
    """

    address: str | None = None
    wait: float = 600.0

    def __post_init__(self) -> None:
        if self.address is not None:
            parse_address(self.address)
        require("executor.wait", self.wait, self.wait > 0, "seconds above 0")

    def execute(self, configs: Sequence[RunConfig], limits: Limits) -> Generator[Run, None, None]:
        if not configs:
            return
        client = connect(self.address)
        try:
            attempts = partial(_execute, client, timeout=limits.timeout, wait=self.wait)
            yield from retry_alone(attempts, configs, MAX_SUBMITTED, CLUSTER_DEATH)
        finally:
            client.close(timeout=CLIENT_SECONDS)  # nobody wants the tasks then, which ends them

    def parallel_runs(self, n_jobs: int) -> None:
        return None


def _execute(
    client: "Client", configs: Sequence[RunConfig], at_a_time: int, timeout: float | None, wait: float
) -> Generator[Run, None, list[RunConfig]]:
    """Make the runs; return the configs of those whose workers died."""
    waiting, suspects = deque(configs), list[RunConfig]()
    tasks = Tasks(client, timeout, wait)
    while waiting or tasks:
        while waiting and len(tasks) < at_a_time:
            tasks.submit(waiting.popleft())
        config, answer = tasks.next_answer()
        if isinstance(answer, Run):
            yield answer
        elif answer is None:
            suspects.append(config)
        else:
            tasks.submit_with_data(config)
    return suspects


class Tasks:
    """The runs that the scheduler has been given and that have not come back, each with at most `timeout` seconds.

    Data sets travel as results of tasks: Dask sends each to a worker once, and makes it anew if its worker dies. A plug-in
    for workers would stay with the scheduler when this process is killed, and go to every worker, needed or not.
    """

    def __init__(self, client: "Client", timeout: float | None, wait: float) -> None:
        self._client, self._timeout, self._wait = client, timeout, wait
        self._configs: dict[Future[Run | MissingData | None], RunConfig] = {}
        self._ends: SimpleQueue[Future[Run | MissingData | None]] = SimpleQueue()
        self._parcels: dict[str, Future[Parcel]] = {}
        self._without_workers_since: float | None = None

    def __len__(self) -> int:
        return len(self._configs)

    def submit(self, config: RunConfig, parcel: "Future[Parcel] | None" = None) -> None:
        def make_run(*arguments: Any) -> Any:  # travels as code: a worker that cannot import it by its name would exit
            from zdl_bench.executors import dask_worker

            return dask_worker.make_run(*arguments)

        with _clear_errors(self._client):
            future = self._client.submit(make_run, config.as_dict(), self._timeout, ENGINE_VERSION, parcel, pure=False)
        self._configs[future] = config
        future.add_done_callback(self._ends.put)

    def submit_with_data(self, config: RunConfig) -> None:
        from zdl_bench.executors.dask_worker import pack

        assert config.dataset is not None
        name = config.dataset.name
        if name not in self._parcels:
            with _clear_errors(self._client), warnings.catch_warnings():
                warnings.filterwarnings("ignore", "Sending large graph")
                self._parcels[name] = self._client.submit(lambda parcel: parcel, pack(registry.dataset(name)), pure=False)
        self.submit(config, self._parcels[name])

    def next_answer(self) -> "tuple[RunConfig, Run | MissingData | None]":
        """Wait for a worker's answer; it is None if a process died of the run."""
        from distributed.scheduler import KilledWorker

        future = self._next_end()
        config = self._configs.pop(future)
        with _clear_errors(self._client):
            try:
                return config, future.result()
            except KilledWorker:
                return config, None

    def _next_end(self) -> "Future[Run | MissingData | None]":
        while True:
            try:
                return self._ends.get(timeout=LOOK_SECONDS)
            except Empty:
                self._look_for_workers()

    def _look_for_workers(self) -> None:
        """Say once that there are no workers; raise ExecutorError when they have been missing for too long."""
        if self._client.status != "running":  # the scheduler is gone: the runs will come back as cancelled
            return
        with _clear_errors(self._client):
            if self._client.nthreads():
                self._without_workers_since = None
                return
        now = time.monotonic()
        if self._without_workers_since is None:
            self._without_workers_since = now
            waiting = f"waiting {self._wait:g} s for one (executor.wait=SECONDS)"
            print(f"the Dask cluster has no workers; {waiting}", file=sys.stderr)
        elif now - self._without_workers_since > self._wait:
            raise ExecutorError(
                f"executor.wait={self._wait:g}: the Dask cluster has had no workers for so long; start some, or wait longer"
            )


@contextmanager
def _clear_errors(client: "Client") -> Iterator[None]:
    """Turn what goes wrong between this process and the cluster into ExecutorErrors."""
    from distributed import CancelledError

    try:
        yield
    except ZdlBenchError:
        raise
    except Exception as error:
        if client.status != "running" or isinstance(error, CancelledError | OSError | TimeoutError):
            gone = "the Dask scheduler is gone, or was restarted; finished runs are stored, and the same command goes on"
            raise ExecutorError(gone) from error
        reason = str(error.__cause__ or error).strip()
        raise ExecutorError(
            f"the Dask cluster cannot make runs ({type(error.__cause__ or error).__name__}: {reason}); "
            f"install zdl_bench {describe_environment()['zdl_bench']} on every worker, and start them again"
        ) from error
