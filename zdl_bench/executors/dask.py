"""An existing Dask cluster, and through dask-jobqueue Slurm, PBS and Kubernetes. Needs the extra `dask`."""

import logging
import sys
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from zdl_bench.errors import DataError, ExecutorError, ZdlBenchError, display, require
from zdl_bench.executors.dask_address import normalized, require_scheduler
from zdl_bench.executors.dask_child import ChildDied
from zdl_bench.executors.executor import Event, Executor, Finished, Limits, Started, until_all_end
from zdl_bench.registry import registry
from zdl_bench.run.config import ENGINE_VERSION, RunConfig
from zdl_bench.run.environment import describe_environment
from zdl_bench.run.run import Failure, Run

if TYPE_CHECKING:
    from distributed import Client, Future

    from zdl_bench.executors.dask_worker import Lacks

CLIENT_SECONDS = 10
LOOK_SECONDS = 1.0
"""After so long without an end of a run the workers are counted."""
CHATTY = ("distributed", "distributed.client", "tornado", "asyncio")
"""They log tracebacks from threads of their own when a scheduler goes away; ExecutorError says it in a line."""
MAX_SUBMITTED = 1000
"""Runs that the scheduler has at a time: more than most clusters have threads, and few enough to be held by it and by us."""
WORKER_DIED = Failure(
    "WorkerDied", "its processes on the Dask cluster died again and again (killed, out of memory, or a crash in C)", ""
)


@dataclass(frozen=True)
class Dask(Executor):
    """Sends runs to the workers of the scheduler at `address` (for example tcp://127.0.0.1:8786).

    Its workers have zdl_bench installed; `n_jobs` is the cluster's to decide: one run per thread of its workers.
    A worker that lacks a data set is sent it. A run whose worker dies is repeated when all others are done, alone; one whose
    worker dies again is failed. wait: seconds for which the cluster may be without any worker.
    """

    address: str | None = None
    wait: float = 600.0

    def __post_init__(self) -> None:
        if self.address is not None:
            normalized(self.address)
        require("executor.wait", self.wait, self.wait > 0, "seconds above 0")

    def execute(self, configs: Sequence[RunConfig], limits: Limits) -> Generator[Event, None, None]:
        if not configs:
            return
        client = self._connect()
        try:
            attempts = partial(_execute, client, timeout=limits.timeout, wait=self.wait)
            yield from until_all_end(attempts, configs, MAX_SUBMITTED, WORKER_DIED)
        finally:
            client.close(timeout=CLIENT_SECONDS)  # nobody wants the tasks then, which ends them

    def parallel_runs(self, n_jobs: int) -> None:
        return None

    def _connect(self) -> "Client":
        if self.address is None:
            raise ExecutorError("executor=dask needs the scheduler's address: executor.address=tcp://HOST:PORT")
        try:
            from distributed import Client
        except ImportError as error:
            raise ExecutorError("executor=dask needs Dask: install zdl-bench[dask]") from error
        for library in CHATTY:
            logging.getLogger(library).setLevel(logging.CRITICAL)
        address = normalized(self.address)
        require_scheduler(address)
        try:
            return Client(address, timeout=CLIENT_SECONDS, set_as_default=False)
        except (OSError, ValueError, ImportError) as error:  # it is gone again, or of a version that does not fit ours
            raise ExecutorError(
                f"executor.address={display(address)}: no connection ({display(error)}); start it again"
            ) from error


def _execute(
    client: "Client", configs: Sequence[RunConfig], at_a_time: int, timeout: float | None, wait: float
) -> Generator[Event, None, list[RunConfig]]:
    """Makes the runs, and returns the configs of those whose workers died."""
    waiting, suspects = deque(configs), list[RunConfig]()
    submitted = Submitted(client, timeout, wait)
    while waiting or submitted:
        while waiting and len(submitted) < at_a_time:
            config = waiting.popleft()
            submitted.add(config)
            yield Started(config.run_id)
        config, answer = submitted.next_end()
        if isinstance(answer, Run):
            yield Finished(config.run_id, answer)
        elif answer is None:
            suspects.append(config)
        else:
            _send_data(client, config)
            submitted.add(config)
    return suspects


class Submitted:
    """The runs that the scheduler has been given, each with at most `timeout` seconds, and that have not come back."""

    def __init__(self, client: "Client", timeout: float | None, wait: float) -> None:
        self._client, self._timeout, self._wait = client, timeout, wait
        self._configs: dict[Future[Run | Lacks], RunConfig] = {}
        self._ends: SimpleQueue[Future[Run | Lacks]] = SimpleQueue()
        self._without_workers_since: float | None = None

    def __len__(self) -> int:
        return len(self._configs)

    def add(self, config: RunConfig) -> None:
        with _cluster_answers(self._client):
            future = self._client.submit(_task(), config.as_dict(), self._timeout, ENGINE_VERSION, pure=False)
        self._configs[future] = config
        future.add_done_callback(self._ends.put)

    def next_end(self) -> "tuple[RunConfig, Run | Lacks | None]":
        """Waits for a worker's answer; it is None where workers died of the run."""
        from distributed.scheduler import KilledWorker

        future = self._next_done()
        config = self._configs.pop(future)
        with _cluster_answers(self._client):
            try:
                return config, future.result()
            except (KilledWorker, ChildDied):
                return config, None

    def _next_done(self) -> "Future[Run | Lacks]":
        while True:
            try:
                return self._ends.get(timeout=LOOK_SECONDS)
            except Empty:
                self._look_for_workers()

    def _look_for_workers(self) -> None:
        """Says once that there are none, and raises ExecutorError when they have been missing for too long."""
        if self._client.status != "running":  # the scheduler is gone: the runs will come back as cancelled
            return
        with _cluster_answers(self._client):
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


def _task() -> "Callable[..., Run | Lacks]":
    """A function that travels as code, with plain values: the name of a class that it cannot import would end a worker."""

    def make_run(*arguments):  # type: ignore[no-untyped-def]
        from zdl_bench.executors import dask_worker

        return dask_worker.make_run(*arguments)

    return make_run


def _send_data(client: "Client", config: RunConfig) -> None:
    """Sends the data set of a run to all workers that lack it. Raises ExecutorError where one cannot keep it."""
    from zdl_bench.executors.dask_worker import Parcel, lacks, receive

    assert config.dataset is not None
    name, checksum = config.dataset.name, config.dataset.values["checksum"]
    parcel = Parcel.of(registry.dataset(name))
    with _cluster_answers(client):
        lacking = client.run(lacks, name, checksum, on_error="return")
        addresses = [address for address, answer in lacking.items() if answer is True]
        if not addresses:
            return
        kept = client.run(receive, parcel, workers=addresses, on_error="return")
    for address, answer in kept.items():
        if isinstance(answer, DataError):  # other errors are those of a worker that is gone
            raise ExecutorError(f"the Dask worker {address}: {answer}") from answer


@contextmanager
def _cluster_answers(client: "Client") -> Iterator[None]:
    """Turns what goes wrong between this process and the cluster into ExecutorErrors."""
    from distributed import CancelledError

    try:
        yield
    except ZdlBenchError:
        raise
    except Exception as error:
        if client.status != "running" or isinstance(error, CancelledError | OSError | TimeoutError):
            gone = "the Dask scheduler is gone, or was restarted; finished runs are stored, the same command goes on"
            raise ExecutorError(gone) from error
        reason = str(error.__cause__ or error).strip()
        raise ExecutorError(
            f"the Dask cluster cannot make runs ({type(error.__cause__ or error).__name__}: {reason}); "
            f"install zdl_bench {describe_environment()['zdl_bench']} on every worker, and start them again"
        ) from error
