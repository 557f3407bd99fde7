"""joblib's loky, or one clear error where its environment variables cannot be read."""

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from zdl_bench.errors import ExecutorError, display

VARIABLES = ("JOBLIB_", "LOKY_")
"""How the names of joblib's environment variables begin."""


@contextmanager
def clear_errors() -> Iterator[None]:
    """Turns what joblib raises while it reads its variables into an ExecutorError that names them."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of missing semaphores: a worker that cannot be started says it, too
            yield
    except Exception as error:
        names = sorted(name for name in os.environ if name.startswith(VARIABLES))
        if not names or isinstance(error, OSError | MemoryError):
            raise
        reason = display(str(error).partition("\n")[0])
        raise ExecutorError(f"{', '.join(names)}: joblib cannot read this ({reason}); mend it, or unset it") from error


with clear_errors():
    import joblib
    from joblib.externals.loky import ProcessPoolExecutor
    from joblib.externals.loky.backend import resource_tracker

__all__ = ["ProcessPoolExecutor", "effective_n_jobs", "resource_tracker"]


def effective_n_jobs(n_jobs: int) -> int:
    """How many processes `n_jobs` means here: -1 is one per core that this process may use."""
    with clear_errors():
        return int(joblib.effective_n_jobs(n_jobs))
