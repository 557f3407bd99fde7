"""The code of executor=dask that runs on a worker. Each run is executed in a child process of the worker.

The data set of a run comes from files on the worker's machine or from the client.
"""

import io
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
from distributed import get_worker
from distributed.core import Status

from zdl_bench.datasets.cache import content_hashes, has_sound_arrays, is_decoded, load_decoded, write_decoded
from zdl_bench.datasets.dataset import Arrays, DataSet
from zdl_bench.errors import DataError, ExecutorError, ZdlBenchError
from zdl_bench.executors.child import Children
from zdl_bench.executors.own_parts import OwnParts, write_own_parts
from zdl_bench.registry import registry
from zdl_bench.registry.conf_places import CONF_VARIABLE, conf_variable
from zdl_bench.run.config import ENGINE_VERSION, Choice, RunConfig
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

    children: those of each value of ZDL_BENCH_CONF. own_folders: the value with which the worker was started.
    sound: cache names of the data sets whose arrays were read and found correct. not_here: cache names of the data sets that no
    file on this machine holds.
    """

    children: dict[str, Children] = field(default_factory=dict)
    sound: set[str] = field(default_factory=set)
    not_here: set[str] = field(default_factory=set)
    own_folders: str = field(default_factory=lambda: os.environ.get(CONF_VARIABLE, ""))
    lock: Lock = field(default_factory=Lock)

    def children_with(self, folders: str) -> Children:
        """Return the children with this value of ZDL_BENCH_CONF."""
        with self.lock:
            return self.children.setdefault(folders, Children({CONF_VARIABLE: folders}))

    def provide(self, dataset: DataSet, parcel: Parcel | None = None) -> bool:
        """Put the data set into the cache if it is missing there: from the parcel if one is given, or else from local files.

        Return False if a parcel is needed. Raise DataError if the parcel is damaged or the cache cannot be written.
        """
        with self.lock:
            if is_decoded(dataset) and dataset.cache_name in self.sound:
                return True
            if not has_sound_arrays(dataset):
                if parcel is not None:
                    write_decoded(dataset, unpack(dataset, parcel))
                elif not self._decode_local(dataset):
                    return False
            self.sound.add(dataset.cache_name)
            return True

    def _decode_local(self, dataset: DataSet) -> bool:
        """Decode the data set from local files and return whether this worked. Try only once, since reading is slow."""
        if dataset.cache_name not in self.not_here:
            try:
                arrays = dataset.decode_local()
                if arrays is not None:
                    write_decoded(dataset, arrays)
                    return True
            except DataError:  # damaged files, or a cache that cannot be written, which `provide` reports once it has a parcel
                pass
            self.not_here.add(dataset.cache_name)
        return False


@cache
def workplace() -> Workplace:
    """Return the workplace of this process."""
    return Workplace()


def make_run(
    plain_config: Mapping[str, Any], timeout: float | None, engine: int, parcel: Parcel | None, own_parts: OwnParts | None
) -> Run | MissingData | None:
    """Execute a run in a child process. Return MissingData if a parcel is needed, or None if the child died during the run.

    plain_config: the result of RunConfig.as_dict. timeout: see `Child.result`. engine: the client's version of the engine.
    parcel: the data set of the run, or None in the first attempt, in which the worker looks for the data set on its machine.
    own_parts: the files of the user's folders.

    Raise ExecutorError if this worker cannot execute runs, and CancelledError if nobody waits for the run any more.
    """
    worker = get_worker()
    is_wanted = partial(_is_wanted, worker, worker.get_current_task())
    try:
        _require_engine(engine)
        config = RunConfig.from_dict(plain_config)
        folders = write_own_parts(own_parts, Path(worker.local_directory)) if own_parts else workplace().own_folders
        if config.dataset is not None and not workplace().provide(_dataset(config.dataset, folders), parcel):
            return MissingData()
        return workplace().children_with(folders).make(config, timeout, is_wanted)
    except (ZdlBenchError, OSError) as error:
        raise ExecutorError(f"the Dask worker {worker.address}: {error}") from error


def _require_engine(wanted: int) -> None:
    if wanted != ENGINE_VERSION:
        raise ExecutorError(
            f"its zdl_bench has engine {ENGINE_VERSION}, but this sweep needs engine {wanted}; "
            "install the same zdl_bench on every worker and restart the workers"
        )


def _dataset(chosen: Choice, folders: str) -> DataSet:
    with workplace().lock, conf_variable(folders):  # the environment is that of all threads
        return registry.dataset_of(chosen)


def _is_wanted(worker: "Worker", key: "Key") -> bool:
    """Return whether the scheduler still waits for the task. It does not if the client is gone or has cancelled the task."""
    task = worker.state.tasks.get(key)
    return task is not None and task.state != "cancelled" and worker.status not in CLOSING
