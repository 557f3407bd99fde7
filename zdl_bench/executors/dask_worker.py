"""What executor=dask runs on a worker: a run in a child process, with data that are there or asked for."""

import io
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from distributed import get_worker
from distributed.core import Status

from zdl_bench.datasets.dataset import (
    Arrays,
    DataSet,
    content_hashes,
    has_sound_arrays,
    is_decoded,
    load_decoded,
    write_decoded,
)
from zdl_bench.errors import DataError, ExecutorError, ZdlBenchError
from zdl_bench.executors.dask_child import CHECK_SECONDS, Children, Unwanted
from zdl_bench.registry import registry
from zdl_bench.run.config import ENGINE_VERSION, RunConfig
from zdl_bench.run.run import Run

if TYPE_CHECKING:
    from dask.typing import Key
    from distributed import Worker

PATIENCE_SECONDS = 10.0
"""So long a worker waits for data that it has asked for before it asks again."""
CLOSING = (Status.closing, Status.closed, Status.failed)


@dataclass(frozen=True)
class Lacks:
    """A worker's answer instead of a run: it has not the data set."""


@dataclass(frozen=True)
class Parcel:
    """A data set for workers that lack it. arrays: NumPy's compressed archive. hashes: SHA-256 of each array's content."""

    dataset: str
    arrays: bytes
    hashes: Mapping[str, str]

    @classmethod
    def of(cls, dataset: DataSet) -> Self:
        arrays, packed = load_decoded(dataset), io.BytesIO()
        np.savez_compressed(packed, **arrays._asdict())
        return cls(dataset.name, packed.getvalue(), content_hashes(arrays))

    def unpacked(self) -> Arrays:
        """Raises DataError where it is not what was sent."""
        with np.load(io.BytesIO(self.arrays), allow_pickle=False) as archive:
            arrays = Arrays(*(archive[name] for name in Arrays._fields))
        if content_hashes(arrays) != self.hashes:
            raise DataError(f"dataset={self.dataset}: what came is not what was sent; start the command again")
        return arrays


@dataclass
class Workplace:
    """What a worker process keeps from one run to the next.

    sound: checksums of the data sets whose arrays were read and found to be right. not_here: of those that no file of this
    machine holds. asked: when others were asked for, in seconds of the monotonic clock.
    """

    children: Children = field(default_factory=Children)
    sound: set[str] = field(default_factory=set)
    not_here: set[str] = field(default_factory=set)
    asked: dict[str, float] = field(default_factory=dict)

    def has(self, dataset: DataSet) -> bool:
        """Whether the right arrays are in the cache, if need be decoded from files of this machine."""
        if is_decoded(dataset) and dataset.checksum in self.sound:
            return True
        if not has_sound_arrays(dataset) and not self._could_be_decoded(dataset):
            return False
        self.sound.add(dataset.checksum)
        return True

    def _could_be_decoded(self, dataset: DataSet) -> bool:
        """Tried once: files are many times the arrays' price to read, and do not come by themselves."""
        if dataset.checksum in self.not_here:
            return False
        try:
            arrays = dataset.decode_local()
            if arrays is not None:
                write_decoded(dataset, arrays)
                return True
        except DataError:  # damaged files, or a cache that cannot be written: the sender will hear of that
            pass
        self.not_here.add(dataset.checksum)
        return False

    def has_to_ask(self, checksum: str) -> bool:
        """Whether nobody has asked for it lately."""
        now = time.monotonic()
        if now - self.asked.get(checksum, -PATIENCE_SECONDS) < PATIENCE_SECONDS:
            return False
        self.asked[checksum] = now
        return True


@cache
def workplace() -> Workplace:
    """That of this process."""
    return Workplace()


def make_run(plain_config: Mapping[str, Any], timeout: float | None, engine: int) -> Run | Lacks:
    """Makes a run in a child process.

    plain_config: that of RunConfig.as_dict. engine: the version whose numbers the sender wants.

    Raises ExecutorError where this worker cannot make runs at all, ChildDied where the run ended its process, Unwanted where
    nobody waits for it any more.
    """
    worker = get_worker()
    is_wanted = partial(_is_wanted, worker, worker.get_current_task())
    try:
        _require_engine(engine)
        config = RunConfig.from_dict(plain_config)
        if config.dataset is not None:
            checksum = str(config.dataset.values["checksum"])
            if not _await_data(_dataset(config.dataset.name, checksum), is_wanted):
                return Lacks()
        return workplace().children.make(config, timeout, is_wanted)
    except (ZdlBenchError, OSError) as error:
        raise ExecutorError(f"the Dask worker {worker.address}: {error}") from error


def lacks(dataset: str, checksum: str) -> bool:
    """Whether this worker has to be sent the data set. Raises DataError where it knows another one of this name."""
    return not workplace().has(_dataset(dataset, checksum))


def receive(parcel: Parcel) -> None:
    """Puts a data set into this worker's cache. Raises DataError where it cannot be written or is not what was sent."""
    write_decoded(registry.dataset(parcel.dataset), parcel.unpacked())


def _require_engine(wanted: int) -> None:
    if wanted != ENGINE_VERSION:
        raise ExecutorError(
            f"its zdl_bench has engine {ENGINE_VERSION}, whose numbers are not those of engine {wanted} here; "
            "install the same zdl_bench on every worker and start them again"
        )


def _dataset(name: str, checksum: str) -> DataSet:
    dataset = registry.dataset(name)
    if dataset.checksum != checksum:
        raise DataError(f"dataset={name} is other data there than here; install the same zdl_bench on every worker")
    return dataset


def _await_data(dataset: DataSet, is_wanted: Callable[[], bool]) -> bool:
    """Whether the data are there. The first run that misses them asks; those that come next wait for what was asked for."""
    while not workplace().has(dataset):
        if workplace().has_to_ask(dataset.checksum):
            return False
        if not is_wanted():
            raise Unwanted
        time.sleep(CHECK_SECONDS)
    return True


def _is_wanted(worker: "Worker", key: "Key") -> bool:
    """Whether the scheduler still waits for the task: not when its client is gone or has cancelled it."""
    task = worker.state.tasks.get(key)
    return task is not None and task.state != "cancelled" and worker.status not in CLOSING
