"""Stored runs against fresh ones: bit for bit where that can be expected, to 1e-3 elsewhere."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

import numpy as np

from zdl_bench import registry
from zdl_bench.conditions import label, short
from zdl_bench.datasets.contract import ensure_decoded
from zdl_bench.environment import FINGERPRINT, fingerprint
from zdl_bench.errors import ConfigError, StoreError, printable, require
from zdl_bench.executors.contract import Executor, Finished, Limits
from zdl_bench.manifest import Manifest
from zdl_bench.metrics.convergence import final_train_loss, tail_loss
from zdl_bench.reference import ReferenceRun
from zdl_bench.run import Choice, Floats, Run, RunConfig
from zdl_bench.store import Store
from zdl_bench.terminal import console_for

TOLERANCE = 1e-3
"""Relative difference of the train losses up to which runs of different BLAS kernels agree."""
REFERENCE_SAMPLE = 14
REFERENCE_TOLERANCE = 0.05
"""Relative difference of the losses at the end: over a whole run in float32 rounding grows, the more the larger the steps."""

Some = TypeVar("Some")


class Agreement(StrEnum):
    SAME_BITS = "same bits"
    DIFFERENT = "different"
    CLOSE = "close"
    NOT_CLOSE = "not close"
    NO_RESULT = "no result"


@dataclass(frozen=True)
class Verified:
    """What came of training one run again.

    first_difference: the first step whose train loss differs, by bits or by the tolerance; None where none does.
    """

    run_id: str
    words: str
    agreement: Agreement
    first_difference: int | None
    explanation: str

    @property
    def agrees(self) -> bool:
        return self.agreement in (Agreement.SAME_BITS, Agreement.CLOSE)


def verify_runs(store: Store, manifest: Manifest, count: int | None) -> Iterator[Verified]:
    """Trains stored runs of a sweep again, `count` of them spread over it or all, and compares each.

    Everything is checked before the first run starts. Raises StoreError, DamagedFile, ConfigError or DataError.
    """
    require("--runs", count, count is None or count >= 1, "verify at least 1 run")
    stored = {run.run_id: run for run in _with_results(store, manifest)}
    if not stored:
        raise StoreError(f"no run of {manifest.name} has a stored result; run its command: {manifest.command}")
    chosen = _spread(list(stored.values()), count)
    return (compared(stored[run.run_id], run) for run in _trained_again([run.config for run in chosen]))


def verify_reference(references: Sequence[ReferenceRun], count: int | None) -> Iterator[Verified]:
    """Trains committed runs again and compares each: `count` of them or REFERENCE_SAMPLE, from every experiment alike."""
    require("--runs", count, count is None or count >= 1, "verify at least 1 run")
    names = list(dict.fromkeys(run.experiment for run in references))
    each = -(-(count or REFERENCE_SAMPLE) // len(names))
    sample = [run for name in names for run in _spread([run for run in references if run.experiment == name], each)]
    chosen = {run.config.run_id: run for run in _spread(sample, count or REFERENCE_SAMPLE)}
    again = _trained_again([run.config for run in chosen.values()])
    return (compared_to_reference(chosen[run.run_id], run) for run in again)


def _trained_again(configs: Sequence[RunConfig]) -> Iterator[Run]:
    """Fresh runs, as they end. Everything is checked before the first starts."""
    for config in configs:
        _require_known_here(config)
    executor: Executor = registry.executor(Choice("processes"))
    return (event.run for event in executor.execute(configs, Limits()) if isinstance(event, Finished))


def _with_results(store: Store, manifest: Manifest) -> Iterator[Run]:
    for run_id in manifest.run_ids:
        if store.has(run_id):
            run = store.read(run_id)
            if run.status.is_result:
                yield run


def _spread(runs: list[Some], count: int | None) -> list[Some]:
    if count is None or count >= len(runs):
        return runs
    return [runs[number * len(runs) // count] for number in range(count)]


def _require_known_here(config: RunConfig) -> None:
    """Names are resolved through `conf/` alone; the data set has to be the one of the run."""
    for build, choice in (
        (registry.optimizer, config.optimizer),
        (registry.problem, config.problem),
        (registry.schedule, config.schedule),
    ):
        build(choice)
    registry.require_same_code(config)
    if config.dataset:
        dataset = registry.dataset(config.dataset.name)
        if dataset.checksum != config.dataset.values.get("checksum"):
            raise ConfigError(f"dataset={config.dataset.name}: the run was made with other data than this YAML names")
        ensure_decoded(dataset)


def compared(stored: Run, fresh: Run) -> Verified:
    """Bits are compared where NumPy, BLAS kernel and vector instructions are the same, else losses to the tolerance."""
    words = _words(stored.config)
    if fresh.curve is None or stored.curve is None:
        reason = fresh.failure.message if fresh.failure else "the stored run has no curve"
        return Verified(stored.run_id, words, Agreement.NO_RESULT, None, reason)
    before, now = fingerprint(stored.environment), fingerprint(fresh.environment)
    if before == now:
        step = first_difference(stored.curve.train_loss, fresh.curve.train_loss, 0.0)
        differs = _differing_parts(stored, fresh)
        agreement = Agreement.DIFFERENT if step or differs else Agreement.SAME_BITS
        return Verified(stored.run_id, words, agreement, step, f"{', '.join(differs)} differ" if differs else "")
    step = first_difference(stored.curve.train_loss, fresh.curve.train_loss, TOLERANCE)
    explanation = f"bits cannot be expected here ({_changes(before, now)}); compared to {TOLERANCE:g} relative"
    return Verified(stored.run_id, words, Agreement.CLOSE if step is None else Agreement.NOT_CLOSE, step, explanation)


def compared_to_reference(reference: ReferenceRun, fresh: Run) -> Verified:
    """Digests are compared where NumPy, BLAS kernel and vector instructions are the same, else the losses at the end."""
    run_id, words = reference.config.run_id, f"{reference.experiment}: {_words(reference.config)}"
    if fresh.curve is None:
        return Verified(run_id, words, Agreement.NO_RESULT, None, fresh.failure.message if fresh.failure else "")
    now = fingerprint(fresh.environment)
    if reference.fingerprint == now:
        same = reference.digest == fresh.digest and reference.status == fresh.status.value
        return Verified(
            run_id, words, Agreement.SAME_BITS if same else Agreement.DIFFERENT, None, "" if same else "digests differ"
        )
    losses = np.array([final_train_loss(fresh.curve), tail_loss(fresh.curve)])
    close = np.allclose(losses, reference.losses, rtol=REFERENCE_TOLERANCE, atol=0, equal_nan=True)
    explanation = f"bits cannot be expected here ({_changes(reference.fingerprint, now)}); compared the losses at the end"
    agrees = close and reference.status == fresh.status.value
    return Verified(run_id, words, Agreement.CLOSE if agrees else Agreement.NOT_CLOSE, None, explanation)


def _words(config: RunConfig) -> str:
    return label({key: config.flat()[key] for key in ("optimizer", "lr", "seed")}, short)


def _changes(before: tuple[str, ...], now: tuple[str, ...]) -> str:
    return "; ".join(f"{k}: {short(a)} → {short(b)}" for k, a, b in zip(FINGERPRINT, before, now, strict=True) if a != b)


def _differing_parts(stored: Run, fresh: Run) -> list[str]:
    """What differs by a bit besides the losses of the steps; measured times are left out."""
    assert stored.curve is not None
    assert fresh.curve is not None
    ours, theirs = dict(stored.curve.probes.items()), dict(fresh.curve.probes.items())
    differs = {
        "the final weights": stored.digest != fresh.digest,
        "the status": stored.status != fresh.status,
        "the numbers at the end": dict(stored.end) != dict(fresh.end),
    }
    for name in ours.keys() - {"train_seconds"}:
        same = np.array_equal(ours[name], theirs[name], equal_nan=ours[name].dtype.kind == "f")
        differs[f"the probes ({name})"] = not same
    return sorted(part for part, does in differs.items() if does)


def first_difference(stored: Floats, fresh: Floats, tolerance: float) -> int | None:
    """First step, from 1, at which two loss curves (T',) differ by more than the relative tolerance, or one has ended."""
    shared = min(len(stored), len(fresh))
    a, b = stored[:shared], fresh[:shared]
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    if tolerance > 0:
        with np.errstate(invalid="ignore"):
            same |= np.abs(a - b) <= tolerance * np.abs(a)
    differing = np.flatnonzero(~same)
    if len(differing):
        return int(differing[0]) + 1
    return None if len(stored) == len(fresh) else shared + 1


def print_verdict(verified: Iterator[Verified]) -> int:
    """Prints a line per run as it comes, and the sum; returns the exit status: 1 where some run does not agree."""
    console = console_for()
    results = []
    for one in verified:
        step = f" from step {one.first_difference}" if one.first_difference else ""
        note = f" ({one.explanation})" if one.explanation else ""
        line = f"{one.run_id}  {one.words}: {one.agreement.value}{step}{note}"
        console.print(printable(line), soft_wrap=True, markup=False)
        results.append(one)
    console.print(_sum(results), soft_wrap=True)
    return 0 if all(one.agrees for one in results) else 1


def _sum(results: Sequence[Verified]) -> str:
    counts = {agreement: sum(one.agreement is agreement for one in results) for agreement in Agreement}
    parts = [f"{count} {agreement.value}" for agreement, count in counts.items() if count]
    return f"verified {len(results)} run{'s' if len(results) != 1 else ''}: {', '.join(parts)}"
