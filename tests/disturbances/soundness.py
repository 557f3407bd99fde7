"""Whether a store equals that of an undisturbed sweep."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from disturbances.sweeping import Place
from zdl_bench.errors import ZdlBenchError
from zdl_bench.store.store import Store

PARTS_OF_A_REPORT = ("report.html", "figures/*", "tables/*")


@dataclass(frozen=True)
class Expected:
    """What an undisturbed sweep leaves. results: by run id. files: the paths in the store. report: contents by path."""

    results: dict[str, tuple[object, ...]]
    files: frozenset[str]
    command: str
    cache: dict[str, bytes]
    report: dict[str, bytes]

    @classmethod
    def of(cls, place: Place) -> "Expected":
        return cls(
            results={run_id: _result(place.store, run_id) for run_id in place.store.run_ids()},
            files=frozenset(everything_below(place.store.root)),
            command=place.store.read_manifest("sweep").command,
            cache=contents_below(place.cache / "zdl_bench"),
            report=report_files(place.store),
        )


def problems(place: Place, expected: Expected) -> list[str]:
    """What is not as an undisturbed sweep leaves it; empty where all is well."""
    return [*_of_runs(place.store, expected), *_of_the_manifest(place.store, expected), *_of_files(place, expected)]


def _of_runs(store: Store, expected: Expected) -> list[str]:
    found = []
    for run_id, result in expected.results.items():
        try:
            if _result(store, run_id) != result:
                found.append(f"run {run_id} differs: {_result(store, run_id)} instead of {result}")
        except ZdlBenchError as error:
            found.append(str(error))
    return found


def _result(store: Store, run_id: str) -> tuple[object, ...]:
    run = store.read(run_id)
    assert run.curve is not None
    curve = hashlib.sha256(run.curve.train_loss.tobytes() + run.curve.lr.tobytes())
    return run.status.value, run.digest, dict(run.end), curve.hexdigest()


def _of_the_manifest(store: Store, expected: Expected) -> list[str]:
    try:
        manifest = store.read_manifest("sweep")
    except ZdlBenchError as error:
        return [str(error)]
    found = [] if manifest.finished else ["the manifest says that the sweep has not finished"]
    if sorted(manifest.run_ids) != sorted(expected.results):
        found.append(f"the manifest names {manifest.run_ids}")
    if manifest.command != expected.command:
        found.append(f"the manifest's command is {manifest.command!r}")
    return found


def _of_files(place: Place, expected: Expected) -> list[str]:
    there = {path for path in everything_below(place.store.root) if path.split("/")[0] != "damaged"}
    found = [f"{path} is in the store, and nobody knows why" for path in sorted(there - expected.files)]
    found += [f"{path} is not in the store" for path in sorted(expected.files - there)]
    cached = contents_below(place.cache / "zdl_bench")
    found += [f"{path} in the cache is not as it was" for path in sorted(_different(cached, expected.cache))]
    report = report_files(place.store)
    found += [f"{path} of the report is not as it was" for path in sorted(_different(report, expected.report))]
    found += [f"{path.name} is left in the working folder" for path in place.work.iterdir() if path.name != "results"]
    found += [f"the temporary file {path.name} is left" for path in place.temporary.iterdir()]
    return found


def damaged_ids(store: Store) -> list[str]:
    """Ids of the stored runs whose file cannot be read."""
    found = []
    for run_id in store.run_ids():
        try:
            store.read(run_id)
        except ZdlBenchError:
            found.append(run_id)
    return found


def report_files(store: Store) -> dict[str, bytes]:
    folder = store.root / "sweeps" / "sweep"
    paths = [path for pattern in PARTS_OF_A_REPORT for path in folder.glob(pattern)]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths if path.is_file()}


def everything_below(folder: Path) -> list[str]:
    """Paths of all files and folders, hidden ones too."""
    return [path.relative_to(folder).as_posix() for path in folder.rglob("*")]


def contents_below(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _different(one: dict[str, bytes], other: dict[str, bytes]) -> set[str]:
    return {path for path in one.keys() | other.keys() if one.get(path) != other.get(path)}
