"""A sweep: plan (drop duplicates, look into the store), execute, sum up."""

import hashlib
import math
from collections.abc import Generator, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Protocol

from zdl_bench.errors import DamagedFile
from zdl_bench.executors.contract import Event, Finished, Started
from zdl_bench.metrics.convergence import final_train_loss, has_learned, tail_loss
from zdl_bench.run import Run, RunConfig, Status
from zdl_bench.store import Store


@dataclass(frozen=True)
class Row:
    """What a sweep remembers of a run; the curve is in the store, with this checksum."""

    config: RunConfig
    checksum: str
    status: Status
    learned: bool
    tail_loss: float
    final_train_loss: float
    test_accuracy: float
    reason: str

    @property
    def run_id(self) -> str:
        return self.config.run_id


def summarized(run: Run, checksum: str) -> Row:
    curve = run.curve
    return Row(
        config=run.config,
        checksum=checksum,
        status=run.status,
        learned=curve is not None and has_learned(curve),
        tail_loss=tail_loss(curve) if curve else math.nan,
        final_train_loss=final_train_loss(curve) if curve else math.nan,
        test_accuracy=run.end.get("test_accuracy", math.nan),
        reason=f"{run.failure.type}: {run.failure.message}" if run.failure else "",
    )


@dataclass(frozen=True)
class Plan:
    """The distinct runs of a sweep in their order, and what the store has of them.

    damaged: ids of those whose file cannot be read; they are made again.
    """

    configs: tuple[RunConfig, ...]
    stored: dict[str, Row]
    damaged: tuple[str, ...]

    @property
    def missing(self) -> list[RunConfig]:
        return [config for config in self.configs if config.run_id not in self.stored]

    @property
    def name(self) -> str:
        """A name that the same runs always get: what they compare, and 8 hex digits of their ids."""
        optimizers = list(dict.fromkeys(config.optimizer.name for config in self.configs))
        listed = "-".join(optimizers) if len(optimizers) <= 4 else f"{len(optimizers)}-optimizers"
        ids = hashlib.sha256("".join(config.run_id for config in self.configs).encode()).hexdigest()
        return f"{listed}-{self.configs[0].problem.name}-{ids[:8]}"


def plan(configs: Iterable[RunConfig], store: Store, force: bool) -> Plan:
    """Drops duplicates and looks up which runs have a result; with `force`, none is taken from the store."""
    distinct = {config.run_id: config for config in configs}
    stored: dict[str, Row] = {}
    damaged: list[str] = []
    for run_id in distinct:
        if force or not store.has(run_id):
            continue
        try:
            row = summarized(*store.read_with_checksum(run_id))
        except DamagedFile:
            damaged.append(run_id)
            continue
        if row.status.is_result:
            stored[run_id] = row
    return Plan(tuple(distinct.values()), stored, tuple(damaged))


class Observer(Protocol):
    """Who is told what happens while a sweep executes."""

    def started(self, run_id: str) -> None: ...

    def finished(self, row: Row) -> None: ...


def execute(plan: Plan, events: Generator[Event, None, None], store: Store, observer: Observer) -> dict[str, Row]:
    """Stores each missing run as it ends; returns all rows of the plan by run id, fewer where the events end early.

    An interrupt passes through, after the executor has ended its workers; what was stored stays.
    """
    rows = dict(plan.stored)
    with closing(events):
        for event in events:
            if isinstance(event, Started):
                observer.started(event.run_id)
                continue
            rows[event.run_id] = summarized(event.run, store.write(event.run))
            observer.finished(rows[event.run_id])
    return rows


def until_failures(events: Generator[Event, None, None], most: int | None) -> Generator[Event, None, None]:
    """The events up to the failure that is one too many; all of them for None. Divergence is no failure."""
    failures = 0
    with closing(events):
        for event in events:
            yield event
            failures += isinstance(event, Finished) and not event.run.status.is_result
            if failures == most:
                return


def has_failures(rows: Iterable[Row]) -> bool:
    """Whether some run has no result; divergence is one."""
    return any(not row.status.is_result for row in rows)


def tail_losses(configs: Sequence[RunConfig], rows: dict[str, Row]) -> list[float]:
    """The tail_loss of each config's run, in their order, duplicates included; NaN where it was not made."""
    return [rows[config.run_id].tail_loss if config.run_id in rows else math.nan for config in configs]
