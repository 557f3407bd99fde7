"""Execution of runs on an existing Dask cluster, such as a cluster on Slurm, PBS or Kubernetes. Needs the extra `dask`."""

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
from zdl_bench.executors.own_parts import read_own_parts
from zdl_bench.executors.part_delivery import require_named
from zdl_bench.language import translate
from zdl_bench.registry import registry
from zdl_bench.run.config import ENGINE_VERSION, RunConfig
from zdl_bench.run.environment import describe_environment
from zdl_bench.run.run import Failure, Run

if TYPE_CHECKING:
    from distributed import Client, Future

    from zdl_bench.executors.dask_worker import MissingData, Parcel

LOOK_SECONDS = 1.0
"""If no run ends for this long, the executor checks whether the cluster still has workers."""
MAX_SUBMITTED = 1000
"""The largest number of runs that the scheduler holds: more than most clusters have threads, but few enough for its memory."""
CLUSTER_DEATH = Failure(
    "WorkerDied", "the run's processes on the Dask cluster died repeatedly (killed, out of memory, or a crash in C)", ""
)


@dataclass(frozen=True)
class Dask(Executor):
    """Send runs to the workers of the scheduler at `address` (for example tcp://127.0.0.1:8786).

    The workers must have zdl_bench installed. `n_jobs` does not apply: each thread of a worker executes one run at a time. A
    data set that a worker lacks is sent to that worker. A run whose worker dies is repeated alone after all others; if its
    worker dies again, the run has failed. wait: seconds for which the cluster may be without any worker.
    """

    address: str | None = None
    wait: float = 600.0

    def __post_init__(self) -> None:
        if self.address is not None:
            parse_address(self.address)
        require("executor.wait", self.wait, self.wait > 0, "give a number of seconds above 0")

    def execute(self, configs: Sequence[RunConfig], limits: Limits) -> Generator[Run, None, None]:
        if not configs:
            return
        require_named(configs)
        client = connect(self.address)
        try:
            attempts = partial(_execute, client, timeout=limits.timeout, wait=self.wait)
            yield from retry_alone(attempts, configs, MAX_SUBMITTED, CLUSTER_DEATH)
        finally:
            client.close(timeout=CLIENT_SECONDS)  # the cluster ends tasks that no client waits for

    def parallel_runs(self, n_jobs: int) -> None:
        return None


def _execute(
    client: "Client", configs: Sequence[RunConfig], at_a_time: int, timeout: float | None, wait: float
) -> Generator[Run, None, list[RunConfig]]:
    """Execute and yield the runs. Return the configs of the runs whose workers died."""
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
    """The runs that were sent to the scheduler and have not come back. Each run may take at most `timeout` seconds.

    A data set is sent as the result of a task, and so are the user's own parts. Dask sends such a result to a worker only once,
    and computes the result again if the worker that holds it dies. A worker plug-in would not do: it would go to every worker,
    even to those that do not need the data set, and it would stay on the scheduler if this process is killed.
    """

    def __init__(self, client: "Client", timeout: float | None, wait: float) -> None:
        self._client, self._timeout, self._wait = client, timeout, wait
        self._configs: dict[Future[Run | MissingData | None], RunConfig] = {}
        self._ends: SimpleQueue[Future[Run | MissingData | None]] = SimpleQueue()
        self._parcels: dict[str, Future[Parcel]] = {}
        own_parts = read_own_parts()
        self._own_parts = self._sent(own_parts) if own_parts else None
        self._without_workers_since: float | None = None

    def __len__(self) -> int:
        return len(self._configs)

    def submit(self, config: RunConfig, parcel: "Future[Parcel] | None" = None) -> None:
        def make_run(*arguments: Any) -> Any:  # sent as code: a worker would exit if it could not import the function
            from zdl_bench.executors import dask_worker

            return dask_worker.make_run(*arguments)

        with _clear_errors(self._client):
            future = self._client.submit(
                make_run, config.as_dict(), self._timeout, ENGINE_VERSION, parcel, self._own_parts, pure=False
            )
        self._configs[future] = config
        future.add_done_callback(self._ends.put)

    def submit_with_data(self, config: RunConfig) -> None:
        from zdl_bench.executors.dask_worker import pack

        assert config.dataset is not None
        name = repr(config.dataset)
        if name not in self._parcels:
            self._parcels[name] = self._sent(pack(registry.dataset_of(config.dataset)))
        self.submit(config, self._parcels[name])

    def _sent(self, content: Any) -> "Future[Any]":
        """Return a future of the content, which Dask sends to each worker that needs it."""
        with _clear_errors(self._client), warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Sending large graph")
            return self._client.submit(lambda content: content, content, pure=False)

    def next_answer(self) -> "tuple[RunConfig, Run | MissingData | None]":
        """Wait for a worker's answer and return it with its config. The answer is None if a process died during the run."""
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
        """Warn once if the cluster has no workers. Raise ExecutorError if it has had none for more than `wait` seconds."""
        if self._client.status != "running":  # the scheduler is gone: the runs will come back as cancelled
            return
        with _clear_errors(self._client):
            if self._client.nthreads():
                self._without_workers_since = None
                return
        now = time.monotonic()
        if self._without_workers_since is None:
            self._without_workers_since = now
            waiting = translate(
                "the Dask cluster has no workers; waiting {seconds:g} s for one (change this time with executor.wait=SECONDS)",
                seconds=self._wait,
            )
            print(waiting, file=sys.stderr)
        elif now - self._without_workers_since > self._wait:
            raise ExecutorError(
                f"executor.wait={self._wait:g}: the Dask cluster has had no workers for this time; start one, or wait longer"
            )


@contextmanager
def _clear_errors(client: "Client") -> Iterator[None]:
    """Turn errors of the cluster, or of the connection to the cluster, into ExecutorErrors."""
    from distributed import CancelledError

    try:
        yield
    except ZdlBenchError:
        raise
    except Exception as error:
        if client.status != "running" or isinstance(error, CancelledError | OSError | TimeoutError):
            gone = (
                "the Dask scheduler is gone or was restarted; start a scheduler and repeat the command, which keeps stored runs"
            )
            raise ExecutorError(gone) from error
        reason = str(error.__cause__ or error).strip()
        raise ExecutorError(
            f"the Dask cluster cannot execute runs ({type(error.__cause__ or error).__name__}: {reason}); "
            f"install zdl_bench {describe_environment()['zdl_bench']} on every worker, and restart the workers"
        ) from error
