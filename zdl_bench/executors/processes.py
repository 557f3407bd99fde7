"""Local worker processes: joblib's loky, with fresh interpreters and a pool that notices dead workers."""

import os
import signal
import threading
import time
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import resource_tracker

from joblib import effective_n_jobs
from joblib.externals.loky import ProcessPoolExecutor

from zdl_bench.executors.contract import Event, Executor, Finished, Started, attempt, failed
from zdl_bench.run import Failure, Run, RunConfig

ORPHAN_CHECK_SECONDS = 0.5


@dataclass(frozen=True)
class Processes(Executor):
    """When a worker dies, loky breaks its whole pool. The runs in flight are then repeated, each in a pool of its own; one
    that breaks that as well is failed. All others go on in a new pool."""

    def execute(self, configs: Sequence[RunConfig], n_jobs: int) -> Generator[Event, None, None]:
        waiting = deque(configs)
        while waiting:
            suspects = yield from _run_pool(waiting, min(effective_n_jobs(n_jobs), len(waiting)))
            for config in suspects:
                again = yield from _run_pool(deque([config]), 1)
                if again:
                    yield Finished(config.run_id, failed(config, WORKER_DIED))


WORKER_DIED = Failure(
    "WorkerDied", "the worker process died twice while it trained this run (killed, out of memory, or a crash in C)", ""
)


def _run_pool(waiting: deque[RunConfig], workers: int) -> Generator[Event, None, list[RunConfig]]:
    """Takes configs from `waiting` until it is empty or the pool breaks; returns those in flight when it broke.

    At every moment a config is waiting, in flight, or among the finished: none is lost wherever the pool breaks.
    """
    resource_tracker.ensure_running()  # it unblocks SIGINT when it is started, which is not to happen between our workers
    pool = ProcessPoolExecutor(max_workers=workers, initializer=_start_worker, initargs=(os.getpid(),))
    in_flight: dict[Future[Run], RunConfig] = {}
    finished: deque[Finished] = deque()
    is_sound = True
    try:
        while is_sound and (waiting or in_flight or finished):
            started = []
            try:
                while waiting and len(in_flight) < workers:
                    with _signals_deferred():
                        in_flight[pool.submit(attempt, waiting[0])] = waiting[0]
                    started.append(Started(waiting.popleft().run_id))
            except BrokenProcessPool:
                is_sound = False
            yield from started
            while finished:  # stored while the workers train
                yield finished.popleft()
            done, _ = wait(in_flight, return_when=FIRST_COMPLETED)
            for future in done:
                if future.exception() is None:
                    config = in_flight.pop(future)
                    finished.append(Finished(config.run_id, future.result()))
                else:
                    is_sound = False
        yield from finished
        return list(in_flight.values())
    finally:
        with suppress(RuntimeError):  # an interrupt may have come before the pool's own thread was started
            pool.shutdown(wait=True, kill_workers=not is_sound or bool(in_flight))


@contextmanager
def _signals_deferred() -> Iterator[None]:
    """Ctrl-C and SIGTERM wait until a pool has been changed as a whole; workers inherit the mask and never see Ctrl-C."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    before = {number: signal.signal(number, lambda n, _: came.append(n)) for number in (signal.SIGINT, signal.SIGTERM)}
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        for number, handler in before.items():
            signal.signal(number, handler)
    for signal_number in came:
        signal.raise_signal(signal_number)


def _start_worker(parent: int) -> None:
    """A worker whose parent is gone ends by itself: loky's own would wait for minutes."""

    def end_when_orphaned() -> None:
        while os.getppid() == parent:
            time.sleep(ORPHAN_CHECK_SECONDS)
        os._exit(1)

    threading.Thread(target=end_when_orphaned, daemon=True).start()
