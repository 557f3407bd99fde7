"""An existing Dask cluster, and through dask-jobqueue Slurm, PBS and Kubernetes. Needs the extra `dask`."""

import logging
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zdl_bench.errors import ExecutorError, require
from zdl_bench.executors.contract import Event, Executor, Finished, Started, attempt, failed
from zdl_bench.run import Failure, Run, RunConfig

if TYPE_CHECKING:
    from distributed import Client, Future

CONNECT_SECONDS = 10
CHATTY = ("distributed", "distributed.client", "tornado", "asyncio")
"""They log tracebacks from threads of their own when a scheduler goes away; ExecutorError says it in a line."""
RETRIES = 1
"""A run whose worker dies is tried once more; Dask gives up on one that has killed its workers."""


@dataclass(frozen=True)
class Dask(Executor):
    """Sends runs to the workers of the scheduler at `address` (for example tcp://127.0.0.1:8786).

    Workers have zdl_bench installed, best with one thread each; `n_jobs` is the cluster's to decide. Data reach them by name
    and checksum: a worker that has not decoded a data set looks for its files as this process would.
    """

    address: str | None = None

    def __post_init__(self) -> None:
        has_scheme = self.address is None or "://" in self.address
        require("executor.address", self.address, has_scheme, "name the scheduler as tcp://HOST:PORT")

    def execute(self, configs: Sequence[RunConfig], n_jobs: int) -> Generator[Event, None, None]:
        if not configs:
            return
        client = self._connect()
        try:
            yield from _run_on(client, configs)
        finally:
            client.close(timeout=CONNECT_SECONDS)

    def _connect(self) -> "Client":
        if self.address is None:
            raise ExecutorError("executor=dask needs the scheduler's address: executor.address=tcp://HOST:PORT")
        try:
            from distributed import Client
        except ImportError as error:
            raise ExecutorError("executor=dask needs Dask: install zdl-bench[dask]") from error
        for library in CHATTY:
            logging.getLogger(library).setLevel(logging.CRITICAL)
        try:
            return Client(self.address, timeout=CONNECT_SECONDS)
        except (OSError, ValueError) as error:
            raise ExecutorError(
                f"executor.address={self.address}: no Dask scheduler answers there; start one with `dask scheduler`"
            ) from error


def _run_on(client: "Client", configs: Sequence[RunConfig]) -> Generator[Event, None, None]:
    from distributed import as_completed
    from distributed.client import FutureCancelledError
    from distributed.scheduler import KilledWorker

    waiting: dict[Future[Run], RunConfig] = {}
    for config in configs:
        waiting[client.submit(attempt, config, pure=False, retries=RETRIES)] = config
        yield Started(config.run_id)
    for future in as_completed(waiting):
        config = waiting[future]
        try:
            run: Run = future.result()
        except KilledWorker as error:
            run = failed(config, Failure("KilledWorker", f"its Dask workers died while they trained it ({error})", ""))
        except (FutureCancelledError, OSError, TimeoutError) as error:
            raise ExecutorError("the Dask scheduler is gone; finished runs are stored, the same command goes on") from error
        yield Finished(config.run_id, run)
