"""A sweep: plan (drop duplicates, look into the store), execute, sum up."""

import hashlib
import math
import re
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Protocol

from zdl_bench.errors import DamagedFile, MissingRun, OtherEngine, StoreError
from zdl_bench.run.run import Run, RunConfig
from zdl_bench.store.remembered import Remembered
from zdl_bench.store.rows import Row, summarized
from zdl_bench.store.store import Store, is_new_name

MAX_WORDS = 91
"""Letters of a derived name, which are 100 with a hyphen and 8 digits."""


@dataclass(frozen=True)
class Plan:
    """The distinct runs of a sweep in their order, and what the store has of them.

    damaged: ids of those whose file cannot be read, or holds what another engine made; they are made again.
    """

    configs: tuple[RunConfig, ...]
    stored: dict[str, Row]
    damaged: tuple[str, ...]

    @property
    def missing(self) -> list[RunConfig]:
        return [config for config in self.configs if config.run_id not in self.stored]


def distinct(configs: Iterable[RunConfig]) -> tuple[RunConfig, ...]:
    """Each run once, in their order."""
    return tuple({config.run_id: config for config in configs}.values())


def name_of(configs: Sequence[RunConfig], asked: str = "") -> str:
    """A name that the same distinct runs always get: what they compare, and 8 hex digits of their ids.

    asked: what tells the sweep apart if more runs may follow that are not known yet.
    """
    optimizers = list(dict.fromkeys(config.optimizer.name for config in configs))
    listed = "-".join(optimizers) if len(optimizers) <= 4 else f"{len(optimizers)}-optimizers"
    return _derived(f"{listed}-{configs[0].problem.name}", _hash_of(configs, asked))


def name_of_experiment(experiment: str, changed: Sequence[RunConfig] = (), asked: str = "") -> str:
    """The experiment's own name, with 8 hex digits if its runs are not those of its YAML: of their ids, and as in `name_of`."""
    if not changed and is_new_name(experiment):
        return experiment
    return _derived(experiment, _hash_of(changed, asked))


def _hash_of(configs: Sequence[RunConfig], asked: str) -> str:
    return hashlib.sha256(("".join(config.run_id for config in configs) + asked).encode()).hexdigest()


def _derived(words: str, full_hash: str) -> str:
    """Words and digits as a valid name. What of the words cannot be in one, since they are long or not of its letters, is in
    the digits.
    """
    name = f"{words}-{full_hash[:8]}"
    if is_new_name(name):
        return name
    plain = re.sub(r"[^A-Za-z0-9._-]+", "_", words).lstrip(".-")[:MAX_WORDS]
    return f"{plain or 'sweep'}-{hashlib.sha256(f'{words} {full_hash}'.encode()).hexdigest()[:8]}"


def plan(configs: tuple[RunConfig, ...], store: Store, remembered: Mapping[str, Remembered]) -> Plan:
    """Looks up which of the distinct runs have a result in the store."""
    stored: dict[str, Row] = {}
    damaged: list[str] = []
    for config in configs:
        if not store.has(config.run_id):
            continue
        try:
            row = _stored_row(config, store, remembered.get(config.run_id))
        except MissingRun:  # another start has just set it aside
            continue
        except (DamagedFile, OtherEngine):
            damaged.append(config.run_id)
            continue
        if row.status.is_result:
            stored[config.run_id] = row
    return Plan(configs, stored, tuple(damaged))


def _stored_row(config: RunConfig, store: Store, remembered: Remembered | None) -> Row:
    if remembered and remembered.file == store.hash_of_file(config.run_id):
        return remembered.row(config)
    return summarized(*store.read_with_hashes(config.run_id))


class Observer(Protocol):
    """Who is told what happens while a sweep executes."""

    def finished(self, row: Row) -> None: ...


def execute(plan: Plan, runs: Generator[Run, None, None], store: Store, observer: Observer) -> dict[str, Row]:
    """Store each missing run as it ends; return all rows of the plan by run id, fewer if the runs end early.

    An interrupt passes through, after the executor has ended its workers; what was stored stays.
    """
    rows = dict(plan.stored)
    with closing(runs):
        for run in runs:
            rows[run.run_id] = summarized(run, store.write(run))
            observer.finished(rows[run.run_id])
    return rows


def until_failures(runs: Generator[Run, None, None], most: int | None) -> Generator[Run, None, None]:
    """Yield the runs up to the last failure that is allowed, all of them for None. Divergence is no failure."""
    failures = 0
    with closing(runs):
        for run in runs:
            yield run
            failures += not run.status.is_result
            if failures == most:
                return


def has_failures(rows: Iterable[Row]) -> bool:
    """Whether some run has no result; divergence is one."""
    return any(not row.status.is_result for row in rows)


def lost(rows: Iterable[Row], store: Store) -> list[str]:
    """Ids of the rows whose run is not in the store as it was, or as another start has made it."""
    ids = []
    for row in rows:
        try:
            if store.hash_of_file(row.run_id) != row.hashes.file:
                store.read(row.run_id)
        except StoreError:
            ids.append(row.run_id)
    return ids


def tail_losses(configs: Sequence[RunConfig], rows: dict[str, Row]) -> list[float]:
    """The tail_loss of each config's run, in their order, duplicates included; NaN where it was not made."""
    return [rows[config.run_id].tail_loss if config.run_id in rows else math.nan for config in configs]
