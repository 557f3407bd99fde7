"""Local worker processes, one run at a time each."""

from collections import deque
from collections.abc import Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from functools import partial

from zdl_bench.executors.executor import Event, Executor, Finished, Limits, Started, timed_out, until_all_end
from zdl_bench.executors.loky import effective_n_jobs
from zdl_bench.executors.stopwatch import TICK_SECONDS
from zdl_bench.executors.worker import Worker
from zdl_bench.run.config import RunConfig
from zdl_bench.run.run import Failure, Run


@dataclass(frozen=True)
class Processes(Executor):
    """A run whose worker dies is repeated when all others are done, alone; one whose worker dies again is failed."""

    def execute(self, configs: Sequence[RunConfig], limits: Limits) -> Generator[Event, None, None]:
        attempts = partial(_execute, timeout=limits.timeout)
        return until_all_end(attempts, configs, self.parallel_runs(limits.n_jobs), WORKER_DIED)

    def parallel_runs(self, n_jobs: int) -> int:
        return effective_n_jobs(n_jobs)


WORKER_DIED = Failure(
    "WorkerDied", "the worker process died twice while it trained this run (killed, out of memory, or a crash in C)", ""
)


def _execute(configs: Sequence[RunConfig], parallel: int, timeout: float | None) -> Generator[Event, None, list[RunConfig]]:
    """Makes the runs, and returns the configs of those whose worker died.

    At every moment a config is waiting, with a worker, among the finished or a suspect: none is lost.
    """
    workers = [Worker() for _ in range(min(parallel, len(configs)))]
    waiting, idle = deque(configs), list(workers)
    busy: dict[Future[Run], Worker] = {}
    finished: deque[Finished] = deque()
    suspects: list[RunConfig] = []
    try:
        while waiting or busy or finished:
            started = []
            while waiting and idle:
                worker, config = idle.pop(), waiting.popleft()
                busy[worker.start(config)] = worker
                started.append(Started(config.run_id))
            yield from started
            while finished:  # stored while the workers train
                yield finished.popleft()
            for future in _ended_or_overdue(busy, timeout):
                worker, is_overdue = busy.pop(future), not future.done()
                config = worker.release(future)  # with the worker of an overdue run its future ends, too
                if is_overdue and timeout is not None:
                    finished.append(Finished(config.run_id, timed_out(config, timeout)))
                elif future.exception() is None:
                    finished.append(Finished(config.run_id, future.result()))
                elif worker.start_failed():
                    waiting.append(config)
                else:
                    suspects.append(config)
                idle.append(worker)
        return suspects
    finally:
        for worker in workers:
            worker.kill()


def _ended_or_overdue(busy: dict[Future[Run], Worker], timeout: float | None) -> list[Future[Run]]:
    """Waits until there is one; with a timeout, for no longer than a tick."""
    if timeout is None:
        return list(wait(busy, return_when=FIRST_COMPLETED).done)
    wait(busy, timeout=TICK_SECONDS, return_when=FIRST_COMPLETED)
    return [future for future, worker in busy.items() if future.done() or worker.overdue_in(timeout) <= 0]
