"""`verify`: choose stored or committed runs, train them again, and print how they compare."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import TypeVar

from zdl_bench.commands.comparison import (
    NOT_COMPARED,
    Agreement,
    Verification,
    compare_runs,
    compare_to_reference,
    describe_config,
)
from zdl_bench.commands.parser import Parser
from zdl_bench.commands.reference import ReferenceRun, read_reference, reference_files
from zdl_bench.commands.terminal import console_for
from zdl_bench.datasets.dataset import ensure_decoded
from zdl_bench.errors import ConfigError, StoreError, printable, require
from zdl_bench.executors.executor import MAX_TIMEOUT, Executor, Limits
from zdl_bench.kernels.choice import require_wanted
from zdl_bench.registry import registry
from zdl_bench.run.config import Choice, RunConfig
from zdl_bench.run.run import Run
from zdl_bench.store.manifest import Manifest
from zdl_bench.store.store import Store

REFERENCE_SAMPLE = 14

Some = TypeVar("Some")


def require_sensible(count: int | None, timeout: float | None) -> None:
    """Raise ConfigError unless the number of runs and the time limit per run, in seconds, are sensible."""
    require("--runs", count, count is None or count >= 1, "give the number of runs to verify, at least 1")
    sensible = timeout is None or 0 < timeout <= MAX_TIMEOUT
    require("--timeout", timeout, sensible, f"give the seconds that a run may take, above 0 and at most {MAX_TIMEOUT:g}")


def verify_runs(store: Store, manifest: Manifest, count: int | None, timeout: float | None) -> Iterator[Verification]:
    """Train `count` runs of a sweep again, spread over the sweep, or all runs, and compare each fresh run with its stored file.

    Everything is checked before the first run starts. Runs that cannot be compared are yielded first. Raise ConfigError
    or DataError if a run cannot be trained here, StoreError if there is nothing to verify: no result and no damaged file.
    """
    inspected = list(_look_at(store, manifest.run_ids, count))
    stored = {one.run_id: one for one in inspected if isinstance(one, Run)}
    others = [one for one in inspected if isinstance(one, Verification)]
    if not stored and all(one.agreement is Agreement.NOT_STORED for one in others):
        raise StoreError(f"no run of {manifest.name} has a stored result; train the runs with this command: {manifest.command}")
    again = _train_again([run.config for run in stored.values()], timeout)
    return chain(others, (compare_runs(stored[run.run_id], run) for run in again))


def verify_reference(root: Path, experiment: str | None, count: int | None, timeout: float | None) -> Iterator[Verification]:
    """Train a sample of the committed runs again, and compare each fresh run with the committed numbers.

    count: the size of the sample, REFERENCE_SAMPLE if it is None. The sample is spread evenly over the experiments.
    """
    files, unsound = [], []
    for path in reference_files(root, experiment):
        try:
            files.append(read_reference(path))
        except StoreError as error:
            unsound.append(_unsound(path.stem, error))
    each = -(-(count or REFERENCE_SAMPLE) // max(len(files), 1))
    sample = [run for runs in files for run in _spread(runs, each)]
    references: dict[str, list[ReferenceRun]] = {}
    for reference in _spread(sample, count or REFERENCE_SAMPLE):
        references.setdefault(reference.config.run_id, []).append(reference)  # two experiments may share a run
    again = _train_again([same[0].config for same in references.values()], timeout)
    return chain(unsound, (compare_to_reference(one, run) for run in again for one in references[run.run_id]))


def _train_again(configs: Sequence[RunConfig], timeout: float | None) -> Iterator[Run]:
    """Return an iterator over the fresh runs, in the order in which they finish. First check that all can be trained here."""
    _require_known_here(configs)
    executor: Executor = registry.executor(Choice("processes"))
    return executor.execute(configs, Limits(timeout=timeout))


def _look_at(store: Store, run_ids: Sequence[str], count: int | None) -> Iterator[Run | Verification]:
    """Yield `count` stored runs, or all, and a verification for each run that cannot be compared. Read no further files."""
    spread = dict.fromkeys(_spread(run_ids, count))
    found = 0
    for run_id in [*spread, *(run_id for run_id in run_ids if run_id not in spread)]:
        one = _read(store, run_id)
        yield one
        found += isinstance(one, Run)
        if found == count:
            return


def _read(store: Store, run_id: str) -> Run | Verification:
    """Return a stored run that has something to compare, or a verification that says why the run cannot be compared."""
    try:
        run = store.read(run_id) if store.has(run_id) else None
    except StoreError as error:
        return _unsound(run_id, error)
    if run and (run.status.is_result or run.curve or run.digest or run.end):
        return run
    reason = f"{run.status.value}; run the command of its sweep again" if run else "missing; run the command of its sweep"
    return Verification(run_id, describe_config(run.config) if run else "", Agreement.NOT_STORED, None, reason)


def _unsound(name: str, error: StoreError) -> Verification:
    return Verification(name, "", Agreement.UNSOUND, None, str(error))


def _spread(runs: Sequence[Some], count: int | None) -> Sequence[Some]:
    if count is None or count >= len(runs):
        return runs
    return [runs[number * len(runs) // count] for number in range(count)]


def _require_known_here(configs: Iterable[RunConfig]) -> None:
    """Raise ConfigError or DataError unless `conf/` has all parts of the runs, with their code and data unchanged."""
    checksums = set()
    for config in configs:
        for build, choice in (
            (registry.optimizer, config.optimizer),
            (registry.problem, config.problem),
            (registry.schedule, config.schedule),
        ):
            build(choice)
        registry.require_same_code(config)
        if config.dataset:
            checksums.add((config.dataset.name, str(config.dataset.values.get("checksum"))))
    for name, checksum in sorted(checksums):
        dataset = registry.dataset(name)
        if dataset.checksum != checksum:
            raise ConfigError(f"dataset={name}: its YAML no longer names the data of the stored run; restore the YAML")
        ensure_decoded(dataset)


def print_verifications(verified: Iterator[Verification]) -> int:
    """Print a line per run, then the totals. Return the exit status: 2 for a damaged file, else 1 for a difference, else 0."""
    console, errors = console_for(), console_for(to_stderr=True)
    results = []
    for one in verified:
        results.append(one)
        if one.agreement is Agreement.UNSOUND:
            errors.print(printable(f"error: {one.explanation}"), soft_wrap=True, markup=False)
        else:
            step = f" from step {one.first_difference}" if one.first_difference else ""
            note = f" ({one.explanation})" if one.explanation else ""
            line = f"{one.run_id}  {one.words or 'a run'}: {one.agreement.value}{step}{note}"
            console.print(printable(line), soft_wrap=True, markup=False)
    for line in _sum_up(results):
        console.print(line, soft_wrap=True)
    if any(one.agreement is Agreement.UNSOUND for one in results):
        return 2
    return 0 if all(one.agrees for one in results) else 1


def _sum_up(results: Sequence[Verification]) -> list[str]:
    counts = {agreement: sum(one.agreement is agreement for one in results) for agreement in Agreement}
    not_compared = (Agreement.NOT_STORED, Agreement.UNSOUND)
    trained = len(results) - sum(counts[agreement] for agreement in not_compared)
    words = ", ".join(f"{count} {agreement.value}" for agreement, count in counts.items() if count)
    return [f"verified {trained} run{'s' if trained != 1 else ''}: {words}", f"not compared: {', '.join(sorted(NOT_COMPARED))}"]


def main(arguments: Sequence[str]) -> int:
    """Train stored runs again, compare them bit for bit, and return the exit status."""
    parser = Parser("verify", "train stored runs again and compare them bit for bit")
    parser.add_sweep()
    parser.add_argument("--runs", type=int, metavar="N", help="verify only N runs, spread over the sweep")
    parser.add_argument(
        "--reference", action="store_true", help="verify a sample of the committed runs; SWEEP names an experiment"
    )
    parser.add_argument("--timeout", type=float, metavar="SECONDS", help="stop a run after this time; default: no limit")
    options = parser.parse_args(arguments)
    require_wanted()
    require_sensible(options.runs, options.timeout)
    store = Store(options.results)
    if options.reference:
        return print_verifications(verify_reference(store.root, options.sweep, options.runs, options.timeout))
    store.require_existing()
    manifest = store.read_manifest(options.sweep) if options.sweep is not None else store.latest_manifest()
    return print_verifications(verify_runs(store, manifest, options.runs, options.timeout))
