"""Local worker processes, one run at a time each.

joblib's threads fan the runs out, through its public `Parallel`, and hand them to child processes. joblib's own processes
(loky) would not do: when one dies, the whole pool is broken and nobody knows which run killed it; a timeout ends all tasks at
once; one process cannot be killed alone; and results pile up without bound if they are stored more slowly than they are made.
"""

import os
import warnings
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from threading import Semaphore

from zdl_bench.errors import ExecutorError, display, refusal
from zdl_bench.executors.attempt import retry_alone
from zdl_bench.executors.child import Children, cannot_start
from zdl_bench.executors.executor import Executor, Limits
from zdl_bench.interrupts import signals_deferred
from zdl_bench.run.config import RunConfig
from zdl_bench.run.run import Failure, Run

JOBLIB_VARIABLES = ("JOBLIB_", "LOKY_")
"""Prefixes of joblib's environment variables."""
PROCESS_DEATH = Failure(
    "WorkerDied", "the worker process died twice while it trained this run (killed, out of memory, or a crash in C)", ""
)


@contextmanager
def _clear_errors() -> Iterator[None]:
    """Turn what joblib raises while it reads its variables into an ExecutorError that names them."""
    try:
        yield
    except Exception as error:
        names = sorted(name for name in os.environ if name.startswith(JOBLIB_VARIABLES))
        if not names or isinstance(error, OSError | MemoryError):
            raise
        reason = display(str(error).partition("\n")[0])
        raise ExecutorError(f"{', '.join(names)}: joblib cannot read this ({reason}); correct it, or unset it") from error


@dataclass(frozen=True)
class Processes(Executor):
    """A run whose process dies is repeated alone after all others; if its process dies again, it has failed."""

    def execute(self, configs: Sequence[RunConfig], limits: Limits) -> Generator[Run, None, None]:
        attempts = partial(_execute, timeout=limits.timeout)
        return retry_alone(attempts, configs, self.parallel_runs(limits.n_jobs), PROCESS_DEATH)

    def parallel_runs(self, n_jobs: int) -> int:
        with _clear_errors():
            import joblib

            return int(joblib.effective_n_jobs(n_jobs))


Answers = Generator[tuple[RunConfig, Run | None], None, None]


def _execute(configs: Sequence[RunConfig], at_a_time: int, timeout: float | None) -> Generator[Run, None, list[RunConfig]]:
    """Make the runs; return the configs of those whose process died."""
    if not configs:
        return []
    suspects: list[RunConfig] = []
    children, room = Children(), Semaphore(2 * at_a_time)  # for runs that are made or wait to be stored

    def make(config: RunConfig) -> tuple[RunConfig, Run | None]:
        room.acquire()
        return config, children.make(config, timeout)

    answers: Answers | None = None
    try:
        with signals_deferred():  # Ctrl-C never reaches joblib's threads, nor the processes that these start
            answers = _fan_out(make, configs, at_a_time)
        for config, run in answers:
            room.release()
            if run is None:
                suspects.append(config)
            else:
                yield run
        return suspects
    finally:
        children.close()
        room.release(len(configs))
        if answers is not None:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of answers that were not used
                answers.close()


def _fan_out(
    make: Callable[[RunConfig], tuple[RunConfig, Run | None]], configs: Sequence[RunConfig], at_a_time: int
) -> Answers:
    """Call `make` in joblib's threads, or in this one if there is one run at a time; yield its answers as they come."""
    import joblib

    try:
        parallel = joblib.Parallel(min(at_a_time, len(configs)), backend="threading", return_as="generator_unordered")
        answers: Answers = parallel(map(joblib.delayed(make), configs))
    except Exception as error:  # a pool whose threads cannot be started may hide why behind an error of its own
        reason = error.__context__ or error
        raise cannot_start(refusal(reason) or str(reason)) from error
    return answers
