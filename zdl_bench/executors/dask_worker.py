"""The code of executor=dask that runs on a worker. Each run is executed in a child process of the worker.

The data set of a run comes from files on the worker's machine or from the client.
"""

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from threading import Lock
from typing import TYPE_CHECKING, Any

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
from zdl_bench.executors.child import Children
from zdl_bench.registry import registry
from zdl_bench.run.config import ENGINE_VERSION, RunConfig
from zdl_bench.run.run import Run

if TYPE_CHECKING:
    from dask.typing import Key
    from distributed import Worker

CLOSING = (Status.closing, Status.closed, Status.failed)

Parcel = tuple[bytes, Mapping[str, str]]
"""A data set as it is sent to a worker: a compressed NumPy archive of its arrays, and the SHA-256 of each array."""


@dataclass(frozen=True)
class MissingData:
    """The answer of a worker that lacks the data set of a run. The client then sends the task again, with the data set."""


def pack(dataset: DataSet) -> Parcel:
    arrays, archive = load_decoded(dataset), io.BytesIO()
    np.savez_compressed(archive, **arrays._asdict())
    return archive.getvalue(), content_hashes(arrays)


def unpack(dataset: DataSet, parcel: Parcel) -> Arrays:
    """Return the arrays of a parcel. Raise DataError if the arrays differ from those that were packed."""
    packed, hashes = parcel
    with np.load(io.BytesIO(packed), allow_pickle=False) as archive:
        arrays = Arrays(*(archive[name] for name in Arrays._fields))
    if content_hashes(arrays) != hashes:
        raise DataError(f"dataset={dataset.name}: the data changed on the way to the worker; start the command again")
    return arrays


@dataclass
class Workplace:
    """The state that a worker process keeps between runs, shared by its threads.

    sound: checksums of the data sets whose arrays were read and found correct. not_here: checksums of the data sets that no
    file on this machine holds.
    """

    children: Children = field(default_factory=Children)
    sound: set[str] = field(default_factory=set)
    not_here: set[str] = field(default_factory=set)
    lock: Lock = field(default_factory=Lock)

    def provide(self, dataset: DataSet, parcel: Parcel | None = None) -> bool:
        """Put the data set into the cache if it is missing there: from the parcel if one is given, or else from local files.

        Return False if a parcel is needed. Raise DataError if the parcel is damaged or the cache cannot be written.
        """
        with self.lock:
            if is_decoded(dataset) and dataset.checksum in self.sound:
                return True
            if not has_sound_arrays(dataset):
                if parcel is not None:
                    write_decoded(dataset, unpack(dataset, parcel))
                elif not self._decode_local(dataset):
                    return False
            self.sound.add(dataset.checksum)
            return True

    def _decode_local(self, dataset: DataSet) -> bool:
        """Decode the data set from local files and return whether this worked. Try only once, since reading is slow."""
        if dataset.checksum not in self.not_here:
            try:
                arrays = dataset.decode_local()
                if arrays is not None:
                    write_decoded(dataset, arrays)
                    return True
            except DataError:  # damaged files, or a cache that cannot be written, which `provide` reports once it has a parcel
                pass
            self.not_here.add(dataset.checksum)
        return False


@cache
def workplace() -> Workplace:
    """Return the workplace of this process."""
    return Workplace()


def make_run(
    plain_config: Mapping[str, Any], timeout: float | None, engine: int, parcel: Parcel | None
) -> Run | MissingData | None:
    """Execute a run in a child process. Return MissingData if a parcel is needed, or None if the child died during the run.

    plain_config: the result of RunConfig.as_dict. timeout: see `Child.result`. engine: the client's version of the engine.
    parcel: the data set of the run, or None in the first attempt, in which the worker looks for the data set on its machine.

    Raise ExecutorError if this worker cannot execute runs, and CancelledError if nobody waits for the run any more.
    """
    worker = get_worker()
    is_wanted = partial(_is_wanted, worker, worker.get_current_task())
    try:
        _require_engine(engine)
        config = RunConfig.from_dict(plain_config)
        if config.dataset is not None:
            checksum = str(config.dataset.values["checksum"])
            if not workplace().provide(_dataset(config.dataset.name, checksum), parcel):
                return MissingData()
        return workplace().children.make(config, timeout, is_wanted)
    except (ZdlBenchError, OSError) as error:
        raise ExecutorError(f"the Dask worker {worker.address}: {error}") from error


def _require_engine(wanted: int) -> None:
    if wanted != ENGINE_VERSION:
        raise ExecutorError(
            f"its zdl_bench has engine {ENGINE_VERSION}, but this sweep needs engine {wanted}; "
            "install the same zdl_bench on every worker and restart the workers"
        )


def _dataset(name: str, checksum: str) -> DataSet:
    dataset = registry.dataset(name)
    if dataset.checksum != checksum:
        raise DataError(
            f"dataset={name}: this data set has a different checksum on this worker; install the same zdl_bench on every worker"
        )
    return dataset


def _is_wanted(worker: "Worker", key: "Key") -> bool:
    """Return whether the scheduler still waits for the task. It does not if the client is gone or has cancelled the task."""
    task = worker.state.tasks.get(key)
    return task is not None and task.state != "cancelled" and worker.status not in CLOSING
