"""A sweep: its name, its plan (without duplicates, and without what is stored), and its execution."""

import hashlib
import re
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Protocol

from zdl_bench.errors import DamagedFile, MissingRun, OtherEngine, StoreError
from zdl_bench.run.config import RunConfig
from zdl_bench.run.run import Run
from zdl_bench.store.store import Store, is_new_name
from zdl_bench.store.summaries import RunSummary, summarize

MAX_WORDS = 91
"""Letters of a derived name, which are 100 with a hyphen and 8 digits."""


@dataclass(frozen=True)
class Plan:
    """The distinct runs of a sweep in their order, and those that the store has.

    damaged: ids of runs whose file cannot be read, or was made by another engine; they are made again.
    """

    configs: tuple[RunConfig, ...]
    stored: dict[str, RunSummary]
    damaged: tuple[str, ...]

    @property
    def missing(self) -> list[RunConfig]:
        return [config for config in self.configs if config.run_id not in self.stored]


def distinct(configs: Iterable[RunConfig]) -> tuple[RunConfig, ...]:
    """Return each run once, in their order."""
    return tuple({config.run_id: config for config in configs}.values())


def derive_name(configs: Sequence[RunConfig], asked: str = "") -> str:
    """Return a name that the same distinct runs always get: what they compare, and 8 hex digits of their ids.

    asked: what distinguishes the sweep if more runs may follow that are not known yet.
    """
    optimizers = list(dict.fromkeys(config.optimizer.name for config in configs))
    listed = "-".join(optimizers) if len(optimizers) <= 4 else f"{len(optimizers)}-optimizers"
    return _with_digits(f"{listed}-{configs[0].problem.name}", configs, asked)


def derive_experiment_name(experiment: str, changed: Sequence[RunConfig] = (), asked: str = "") -> str:
    """Return the experiment's name, with 8 hex digits as in `derive_name` if its runs are not those of its YAML."""
    if not changed and is_new_name(experiment):
        return experiment
    return _with_digits(experiment, changed, asked)


def _with_digits(words: str, configs: Sequence[RunConfig], asked: str) -> str:
    """Return words and digits as a valid name. Words that are too long, or not of its letters, are replaced but hashed."""
    digits = hashlib.sha256(("".join(config.run_id for config in configs) + asked).encode()).hexdigest()
    name = f"{words}-{digits[:8]}"
    if is_new_name(name):
        return name
    valid = re.sub(r"[^A-Za-z0-9._-]+", "_", words).lstrip(".-")[:MAX_WORDS]
    return f"{valid or 'sweep'}-{hashlib.sha256(f'{words} {digits}'.encode()).hexdigest()[:8]}"


def plan(configs: tuple[RunConfig, ...], store: Store, recalled: Mapping[str, list[Any]]) -> Plan:
    """Look up which of the distinct runs have a result in the store.

    recalled: the sweep's summaries by run id, as `recall` gives them.
    """
    stored: dict[str, RunSummary] = {}
    damaged: list[str] = []
    for config in configs:
        if not store.has(config.run_id):
            continue
        try:
            summary = _summary(config, store, recalled)
        except MissingRun:  # another start has just set it aside
            continue
        except (DamagedFile, OtherEngine):
            damaged.append(config.run_id)
            continue
        if summary.status.is_result:
            stored[config.run_id] = summary
    return Plan(configs, stored, tuple(damaged))


def _summary(config: RunConfig, store: Store, recalled: Mapping[str, list[Any]]) -> RunSummary:
    if config.run_id in recalled:
        summary = RunSummary.from_list(config, recalled[config.run_id])
        if summary.hashes.file == store.hash_of_file(config.run_id):
            return summary
    return summarize(*store.read_with_hashes(config.run_id))


class Observer(Protocol):
    """What is notified while a sweep executes."""

    def finished(self, summary: RunSummary) -> None: ...


def execute(plan: Plan, runs: Generator[Run, None, None], store: Store, observer: Observer) -> dict[str, RunSummary]:
    """Store each missing run as it ends. Return the summaries of the plan by run id, fewer if the runs end early.

    An interrupt passes through, after the executor has ended its workers; what was stored stays.
    """
    summaries = dict(plan.stored)
    with closing(runs):
        for run in runs:
            summaries[run.run_id] = summarize(run, store.write(run))
            observer.finished(summaries[run.run_id])
    return summaries


def until_failures(runs: Generator[Run, None, None], most: int | None) -> Generator[Run, None, None]:
    """Yield the runs up to the last failure that is allowed, all of them for None. Divergence is no failure."""
    failures = 0
    with closing(runs):
        for run in runs:
            yield run
            failures += not run.status.is_result
            if failures == most:
                return


def find_lost_runs(summaries: Iterable[RunSummary], store: Store) -> list[str]:
    """Return the ids of the runs that are neither in the store as they were, nor as another start has made them."""
    lost = []
    for summary in summaries:
        try:
            if store.hash_of_file(summary.run_id) != summary.hashes.file:
                store.read(summary.run_id)
        except StoreError:
            lost.append(summary.run_id)
    return lost
