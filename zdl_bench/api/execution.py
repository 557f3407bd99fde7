"""A sweep: its name, its plan (without duplicates and without stored runs), and its execution."""

import hashlib
import re
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from zdl_bench.api.voice import Observer
from zdl_bench.errors import DamagedFile, MissingRun, StoreError
from zdl_bench.run.config import RunConfig
from zdl_bench.run.run import Run
from zdl_bench.store.store import Store, is_new_name
from zdl_bench.store.summaries import RunSummary, summarize

MAX_WORDS = 91
"""Maximum number of letters of the words in a derived name. With a hyphen and 8 digits, the name has at most 100 letters."""


@dataclass(frozen=True)
class Plan:
    """The distinct runs of a sweep in order, and the summaries of the runs whose results are in the store.

    damaged: ids of runs whose file cannot be read. These runs are trained again.
    """

    configs: tuple[RunConfig, ...]
    stored: dict[str, RunSummary]
    damaged: tuple[str, ...]

    @property
    def missing(self) -> list[RunConfig]:
        return [config for config in self.configs if config.run_id not in self.stored]


def distinct(configs: Iterable[RunConfig]) -> tuple[RunConfig, ...]:
    """Return each run once, in the given order."""
    return tuple({config.run_id: config for config in configs}.values())


def derive_name(configs: Sequence[RunConfig], asked: str = "") -> str:
    """Return a name that consists of the optimizers, the problem, and 8 hex digits computed from the ids of the distinct runs.

    asked: text that distinguishes the sweep from others if it may have further runs that are not known yet.
    """
    optimizers = list(dict.fromkeys(config.optimizer.name for config in configs))
    listed = "-".join(optimizers) if len(optimizers) <= 4 else f"{len(optimizers)}-optimizers"
    return _with_digits(f"{listed}-{configs[0].problem.name}", configs, asked)


def derive_experiment_name(experiment: str, changed: Sequence[RunConfig] = (), asked: str = "") -> str:
    """Return the experiment's name. Add 8 hex digits as in `derive_name` if the name is invalid or its runs were changed.

    changed: all runs if the command line changes the experiment, otherwise empty.
    """
    if not changed and is_new_name(experiment):
        return experiment
    return _with_digits(experiment, changed, asked)


def _with_digits(words: str, configs: Sequence[RunConfig], asked: str) -> str:
    """Return the words with 8 hex digits as a valid name. Change and hash words that are too long or have invalid letters."""
    digits = hashlib.sha256(("".join(config.run_id for config in configs) + asked).encode()).hexdigest()
    name = f"{words}-{digits[:8]}"
    if is_new_name(name):
        return name
    valid = re.sub(r"[^A-Za-z0-9._-]+", "_", words).lstrip(".-")[:MAX_WORDS]
    return f"{valid or 'sweep'}-{hashlib.sha256(f'{words} {digits}'.encode()).hexdigest()[:8]}"


def plan(configs: tuple[RunConfig, ...], store: Store, recalled: Mapping[str, list[Any]]) -> Plan:
    """Return the plan of a sweep, after a search in the store for the results of its distinct runs.

    recalled: the sweep's summaries by run id, as `recall` returns them.
    """
    stored: dict[str, RunSummary] = {}
    damaged: list[str] = []
    for config in configs:
        if not store.has(config.run_id):
            continue
        try:
            summary = _summary(config, store, recalled)
        except MissingRun:  # another process has just set the file aside
            continue
        except DamagedFile:
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


def execute(plan: Plan, runs: Generator[Run, None, None], store: Store, observer: Observer) -> dict[str, RunSummary]:
    """Store each missing run as it finishes. Return run id → summary for all stored and finished runs of the plan.

    If the user interrupts the sweep, stop the workers before passing on the interrupt. Stored runs are kept.
    """
    summaries = dict(plan.stored)
    with closing(runs):
        for run in runs:
            summaries[run.run_id] = summarize(run, store.write(run))
            observer.finished(summaries[run.run_id])
    return summaries


def until_failures(runs: Generator[Run, None, None], most: int | None) -> Generator[Run, None, None]:
    """Yield runs until `most` of them have failed, or all runs if `most` is None. A diverged run does not count as failed."""
    failures = 0
    with closing(runs):
        for run in runs:
            yield run
            failures += not run.status.is_result
            if failures == most:
                return


def find_lost_runs(summaries: Iterable[RunSummary], store: Store) -> list[str]:
    """Return the ids of runs whose files are gone or damaged. A sound file that another process has rewritten is accepted."""
    lost = []
    for summary in summaries:
        try:
            if store.hash_of_file(summary.run_id) != summary.hashes.file:
                store.read(summary.run_id)
        except StoreError:
            lost.append(summary.run_id)
    return lost
