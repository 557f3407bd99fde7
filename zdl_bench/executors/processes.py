"""Local worker processes, each of which executes one run at a time.

The threads of joblib's public `Parallel` distribute the runs and hand them to child processes. joblib's own processes (loky)
are not suitable: if one dies, the whole pool is broken and nobody knows which run killed it; a timeout ends all tasks at once;
one process cannot be killed alone; and results pile up without bound if runs finish faster than they are stored.
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
    """Turn an error of joblib about its environment variables into an ExecutorError that names the variables."""
    try:
        yield
    except Exception as error:
        names = sorted(name for name in os.environ if name.startswith(JOBLIB_VARIABLES))
        if not names or isinstance(error, OSError | MemoryError):
            raise
        reason = display(str(error).partition("\n")[0])
        raise ExecutorError(f"{', '.join(names)}: joblib rejects this setting ({reason}); correct or unset it") from error


@dataclass(frozen=True)
class Processes(Executor):
    """Execute runs in local worker processes.

    A run whose process dies is repeated alone after all others; if its process dies again, the run has failed.
    """

    def execute(self, configs: Sequence[RunConfig], limits: Limits) -> Generator[Run, None, None]:
        attempts = partial(_execute, timeout=limits.timeout)
        return retry_alone(attempts, configs, self.parallel_runs(limits.n_jobs), PROCESS_DEATH)

    def parallel_runs(self, n_jobs: int) -> int:
        with _clear_errors():
            with signals_deferred():
                import joblib

            return int(joblib.effective_n_jobs(n_jobs))


Answers = Generator[tuple[RunConfig, Run | None], None, None]


def _execute(configs: Sequence[RunConfig], at_a_time: int, timeout: float | None) -> Generator[Run, None, list[RunConfig]]:
    """Execute and yield the runs. Return the configs of the runs whose process died."""
    if not configs:
        return []
    suspects: list[RunConfig] = []
    children, room = Children(), Semaphore(2 * at_a_time)  # limits the runs that are being trained or wait to be stored

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
                warnings.simplefilter("ignore")  # joblib warns about answers that were not used
                answers.close()


def _fan_out(
    make: Callable[[RunConfig], tuple[RunConfig, Run | None]], configs: Sequence[RunConfig], at_a_time: int
) -> Answers:
    """Call `make` for each config in joblib's threads, or in this thread if `at_a_time` is 1. Yield answers as they arrive."""
    import joblib

    try:
        parallel = joblib.Parallel(min(at_a_time, len(configs)), backend="threading", return_as="generator_unordered")
        answers: Answers = parallel(map(joblib.delayed(make), configs))
    except Exception as error:  # if threads cannot be started, joblib may hide the cause behind its own error
        reason = error.__context__ or error
        raise cannot_start(refusal(reason) or str(reason)) from error
    return answers
