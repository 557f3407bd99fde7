"""`export`: the runs of a sweep as files for other programs."""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from zdl_bench.commands.parser import Parser
from zdl_bench.errors import ConfigError, StoreError, printable
from zdl_bench.interrupts import signals_deferred
from zdl_bench.run.run import Run
from zdl_bench.store.damage import about_engine, remedy_for_missing
from zdl_bench.store.runs import choose_engine, other_engine
from zdl_bench.store.store import Store

RunWriter = Callable[[Iterable[Run], Path, str], list[Path]]


def _parquet() -> RunWriter:
    from zdl_bench.report.exports.tidy_tables import write_parquet

    return write_parquet


def _csv() -> RunWriter:
    from zdl_bench.report.exports.tidy_tables import write_csv

    return write_csv


def _tensorboard() -> RunWriter:
    from zdl_bench.report.exports.tensorboard_log import write_tensorboard

    return write_tensorboard


def _mlflow() -> RunWriter:
    from zdl_bench.report.exports.mlflow_database import write_mlflow

    return write_mlflow


WRITERS = {"parquet": _parquet, "csv": _csv, "tensorboard": _tensorboard, "mlflow": _mlflow}
"""Format → a function that imports what writes it."""


def main(arguments: Sequence[str]) -> int:
    """Write the runs of a sweep to files, print their paths, and return the exit status."""
    parser = Parser("export", "write the runs, curves and probes of a sweep to files for other programs")
    parser.add_sweep()
    parser.add_argument("--to", default="export", metavar="DIR", help="the folder to write to; default: export")
    parser.add_argument("--format", default="parquet", choices=[*WRITERS], help="default: parquet")
    options = parser.parse_args(arguments)
    store = Store(options.results)
    store.require_existing()
    manifest = store.read_manifest(options.sweep) if options.sweep is not None else store.latest_manifest()
    write, runs = writer_of(options.format), RunsToExport(store, manifest.run_ids)
    paths = write(runs, Path(options.to), manifest.name)
    if note := about_engine(runs.engine):
        print(f"{note}: {printable(manifest.command)}", file=sys.stderr)
    if runs.missing:
        print(remedy_for_missing(runs.missing, manifest), file=sys.stderr)
    for path in paths:
        print(path)
    return 0


def writer_of(name: str) -> RunWriter:
    """Return the function that writes a format. Raise ConfigError if a library that it needs is not installed."""
    with signals_deferred():  # imports take a second or two
        try:
            return WRITERS[name]()
        except ModuleNotFoundError as error:
            remedy = f"install them with: python -m pip install 'zdl_bench[{name}]'"
            raise ConfigError(f"--format={name}: this format needs libraries that are not here ({error}); {remedy}") from error


class RunsToExport:
    """The runs of a sweep, each read when it is asked for.

    engine: the engine whose runs are exported. missing: run id → error, for the runs that could not be read so far.
    """

    def __init__(self, store: Store, run_ids: Sequence[str]) -> None:
        self._store, self._run_ids = store, run_ids
        self.missing: dict[str, StoreError] = {}
        self.engine = choose_engine(self._engines())

    def __iter__(self) -> Iterator[Run]:
        """Yield the runs. Raise the first error if none can be read, as `load_results` does."""
        count = 0
        for run_id in self._run_ids:
            try:
                run = self._store.read(run_id)
            except StoreError as error:
                self.missing[run_id] = error
                continue
            if run.engine != self.engine:
                self.missing[run_id] = other_engine(run_id, run.engine)
                continue
            count += 1
            yield run
        if not count:
            raise next(iter(self.missing.values()), StoreError("the sweep has no runs; run its command again"))

    def _engines(self) -> Iterator[int]:
        for run_id in self._run_ids:
            try:
                yield int(self._store.read_metadata(run_id)["engine"])
            except (StoreError, KeyError, ValueError):
                continue
