"""`verify`: choose stored or committed runs, and train them again to compare both."""

from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import TypeVar

from zdl_bench.commands.availability import Availability
from zdl_bench.commands.comparison import Agreement, Verification, compare_runs, compare_to_reference, describe_config
from zdl_bench.commands.parser import Parser
from zdl_bench.commands.reference import ReferenceRun, read_reference, reference_files
from zdl_bench.commands.terminal import console_for
from zdl_bench.commands.verify_output import conclusion_lines, exit_status, print_each, print_totals
from zdl_bench.errors import OtherEngine, StoreError, printable, require
from zdl_bench.executors.executor import MAX_TIMEOUT, Executor, Limits
from zdl_bench.kernels.choice import require_wanted
from zdl_bench.language import translate
from zdl_bench.registry import registry
from zdl_bench.run.config import ENGINE_VERSION, Choice, RunConfig
from zdl_bench.run.run import Run
from zdl_bench.store.manifest import Manifest
from zdl_bench.store.runs import other_engine
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

    Everything is checked before the first run starts. Runs that cannot be compared are yielded first. Raise StoreError if
    there is nothing to verify: no result of this engine and no damaged file.
    """
    stored, others = _inspected(store, manifest.run_ids, count)
    kinds = {one.agreement for one in others}
    if not stored and kinds <= {Agreement.NOT_STORED, Agreement.OTHER_ENGINE}:
        for one in others:
            if one.agreement is Agreement.OTHER_ENGINE:
                raise OtherEngine(f"{manifest.name}: another engine, nothing is trained; {one.explanation}: {manifest.command}")
        raise StoreError(f"no run of {manifest.name} has a stored result; run the command of the sweep: {manifest.command}")
    return _verified(stored, others, timeout)


def verify_sample(store: Store, run_ids: Sequence[str], count: int, timeout: float | None) -> Iterator[Verification]:
    """Train `count` of these stored runs again, and compare each with its file. Runs that cannot be compared come first."""
    return _verified(*_inspected(store, run_ids, count), timeout)


def _inspected(store: Store, run_ids: Sequence[str], count: int | None) -> tuple[list[Run], list[Verification]]:
    found = list(_look_at(store, run_ids, count))
    return [one for one in found if isinstance(one, Run)], [one for one in found if isinstance(one, Verification)]


def _verified(stored: Sequence[Run], others: Sequence[Verification], timeout: float | None) -> Iterator[Verification]:
    by_id = {run.run_id: run for run in stored}
    again = _train_again([run.config for run in stored], timeout)
    return chain(others, (compare_runs(by_id[run.run_id], run) for run in again))


def verify_reference(root: Path, experiment: str | None, count: int | None, timeout: float | None) -> Iterator[Verification]:
    """Train committed runs again and compare each: `count` runs or REFERENCE_SAMPLE, spread evenly over the experiments."""
    files, others = [], []
    for path in reference_files(root, experiment):
        try:
            files.append(read_reference(path))
        except StoreError as error:
            others.append(_unsound(path.stem, error))
    each = -(-(count or REFERENCE_SAMPLE) // max(len(files), 1))
    sample = [run for runs in files for run in _spread(runs, each)]
    references: dict[str, list[ReferenceRun]] = {}
    here = Availability()
    for reference in _spread(sample, count or REFERENCE_SAMPLE):
        config, obstacle = reference.config, here.obstacle(reference.config)
        if obstacle:
            words = f"{reference.experiment}: {describe_config(config)}"
            others.append(Verification(config.run_id, words, Agreement.UNTRAINABLE, obstacle))
        else:
            references.setdefault(config.run_id, []).append(reference)  # two experiments may share a run
    again = _train_again([same[0].config for same in references.values()], timeout)
    return chain(others, (compare_to_reference(one, run) for run in again for one in references[run.run_id]))


def _train_again(configs: Sequence[RunConfig], timeout: float | None) -> Iterator[Run]:
    """Return the fresh runs, each as soon as it finishes."""
    executor: Executor = registry.executor(Choice("processes"))
    return executor.execute(configs, Limits(timeout=timeout))


def _look_at(store: Store, run_ids: Sequence[str], count: int | None) -> Iterator[Run | Verification]:
    """Yield `count` stored runs, or all, and a verification for each run that cannot be compared. Read no further files."""
    spread = dict.fromkeys(_spread(run_ids, count))
    here = Availability()
    found = 0
    for run_id in [*spread, *(run_id for run_id in run_ids if run_id not in spread)]:
        one = _read(store, run_id, here)
        yield one
        found += isinstance(one, Run)
        if found == count:
            return


def _read(store: Store, run_id: str, here: Availability) -> Run | Verification:
    """Return a stored run that can be compared, or a verification that says why it cannot."""
    try:
        run = store.read(run_id) if store.has(run_id) else None
    except StoreError as error:
        return _unsound(run_id, error)
    if run is None:
        return Verification(run_id, "", Agreement.NOT_STORED, translate("missing"))
    words = describe_config(run.config)
    if run.engine != ENGINE_VERSION:
        return Verification(run_id, words, Agreement.OTHER_ENGINE, str(other_engine(run_id, run.engine)))
    if not (run.status.is_result or run.curve or run.digest or run.end):
        state = translate("{state}; run the command of its sweep again", state=translate(run.status.value))
        return Verification(run_id, words, Agreement.NOT_STORED, state)
    obstacle = here.obstacle(run.config, run.environment)
    return Verification(run_id, words, Agreement.UNTRAINABLE, obstacle) if obstacle else run


def _unsound(name: str, error: StoreError) -> Verification:
    return Verification(name, "", Agreement.UNSOUND, str(error))


def _spread(runs: Sequence[Some], count: int | None) -> Sequence[Some]:
    if count is None or count >= len(runs):
        return runs
    return [runs[number * len(runs) // count] for number in range(count)]


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
        results = print_each(verify_reference(store.root, options.sweep, options.runs, options.timeout))
    else:
        store.require_existing()
        manifest = store.read_manifest(options.sweep) if options.sweep is not None else store.latest_manifest()
        results = print_each(verify_runs(store, manifest, options.runs, options.timeout))
        for line in conclusion_lines(store, manifest, results) if options.runs is None else []:
            console_for().print(printable(line), soft_wrap=True, markup=False)
    print_totals(results)
    return exit_status(results)
