"""The command that makes runs: composed configs → a sweep in the store, shown on the terminal, with its report."""

import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from rich.console import Console

from zdl_bench.commands.announcement import (
    announce_cost,
    announce_damaged,
    announce_data_sets,
    announce_lost,
    announce_passed_over,
    announce_plan,
    announce_stop,
    print_dry_run,
)
from zdl_bench.commands.execution import (
    Plan,
    distinct,
    execute,
    has_failures,
    lost,
    name_of,
    name_of_experiment,
    plan,
    tail_losses,
    until_failures,
)
from zdl_bench.commands.terminal import console_for, failures_table, progress_display, results_table
from zdl_bench.errors import ConfigError, require
from zdl_bench.interrupts import signals_deferred
from zdl_bench.kernels import choice as loops
from zdl_bench.plan.config import SWEEP_KEYS, Resolver, SweepSettings, sweep_settings
from zdl_bench.registry import registry
from zdl_bench.report.freshness import is_built_from, page_path, verdict_text
from zdl_bench.run.experiment import Experiment, named_in
from zdl_bench.run.run import RunConfig
from zdl_bench.statistics.claims import claims_of
from zdl_bench.store.manifest import MAX_RUNS, Manifest
from zdl_bench.store.remembered import Remembered, is_remembered, recall, remember
from zdl_bench.store.rows import Row
from zdl_bench.store.store import Store, require_new_name

Composed = Mapping[str, Any]


class SweepCommand:
    """One start of the program. Usually one batch of jobs; several where another Hydra sweeper asks for more and more."""

    def __init__(self, arguments: Sequence[str]) -> None:
        self._arguments = list(arguments)
        self._resolver = Resolver()
        self._started = _now()
        self._configs: dict[str, RunConfig] = {}
        self._rows: dict[str, Row] = {}
        self._recalled: Mapping[str, Remembered] = {}
        self._damaged: list[str] = []
        self._trained = 0
        self._failures = 0
        self._has_stopped = False
        self._settings: SweepSettings | None = None
        self._manifest: Manifest | None = None
        self._experiment: Experiment | None = None
        self._content: dict[str, Any] | None = None

    def check(self, jobs: Sequence[Composed]) -> None:
        """Raises what a start with these jobs would raise before it looks into the store."""
        self._checked(jobs)

    def _checked(self, jobs: Iterable[Composed]) -> tuple[SweepSettings, list[RunConfig]]:
        given: dict[str, Any] | None = None
        configs = []
        for job in jobs:
            configs.append(self._resolver.run_config(job))
            of_sweep = {key: job[key] for key in SWEEP_KEYS}
            if given is None:
                given, self._settings = of_sweep, self._accepted(sweep_settings(job))
            for key in SWEEP_KEYS:
                if of_sweep[key] != given[key]:
                    raise ConfigError(f"{key}: it belongs to the whole sweep and cannot be swept; give one value")
        if self._settings is None or not configs:
            raise ConfigError("the sweep has no runs: one of its lists or ranges is empty")
        self._read_experiment()
        return self._settings, configs

    @staticmethod
    def _accepted(settings: SweepSettings) -> SweepSettings:
        Store(settings.results_dir)  # refuses a folder that is none
        if settings.name is not None:
            require_new_name(settings.name)
        registry.executor(settings.executor)  # checks its values
        loops.require_wanted()
        return settings

    def run_batch(self, jobs: Iterable[Composed]) -> list[float]:
        """Validates all jobs, makes the missing runs, and returns the tail_loss of each job."""
        settings, configs = self._checked(jobs)
        store = Store(settings.results_dir)
        runs = distinct(configs)
        self._configs |= {config.run_id: config for config in runs}
        few = len(self._configs) <= MAX_RUNS
        require("runs", len(self._configs), few, f"a sweep has up to {MAX_RUNS:,} runs; make several of it")
        if self._manifest is None:
            announce_data_sets(self._resolver.data_sets)
        self._manifest = self._manifest_of(runs)
        self._recalled = self._recalled or recall(store, self._manifest.name)
        batch = Plan(runs, {}, ()) if settings.force else plan(runs, store, self._recalled)
        self._rows |= batch.stored
        self._damaged += batch.damaged
        if not settings.dry_run and not self._has_stopped:
            self._make(batch, settings, store)
        return tail_losses(configs, self._rows)

    def _make(self, batch: Plan, settings: SweepSettings, store: Store) -> None:
        """Makes and stores the missing runs of a batch."""
        assert self._manifest is not None
        store.require_writable()
        store.tidy()
        aside = [store.set_aside(run_id) for run_id in batch.damaged]
        for path in filter(None, aside):
            announce_damaged(path)
        if None in aside:  # another start was faster, and may have made the run again
            batch = plan(batch.configs, store, self._recalled)
            self._rows |= batch.stored
        announce_plan(self._manifest.name, batch)
        if not batch.missing:
            return
        announce_passed_over(self._resolver.decode_data())
        announce_cost(batch, self._parallel_runs(), store.root)
        store.write_manifest(self._manifest)
        executor = registry.executor(settings.executor)
        most = None if settings.max_failures is None else settings.max_failures - self._failures
        runs = until_failures(executor.execute(batch.missing, settings.limits), most)
        with progress_display(len(batch.configs), len(batch.stored)) as display:
            rows = execute(batch, runs, store, display)
        self._trained += len(batch.missing)
        self._failures += sum(not row.status.is_result for row in rows.values())
        self._has_stopped = self._failures == settings.max_failures
        self._rows |= rows

    def finish(self, optimized: str | None = None) -> int:
        """Sums up, builds the report, and returns the exit status.

        optimized: what a foreign sweeper says that it has found; kept beside the manifest.
        """
        if self._settings is None or self._manifest is None:  # Hydra has only printed something
            return 0
        store = Store(self._settings.results_dir)
        if self._settings.dry_run:
            self._print_dry_run(self._manifest.name, store)
            return 0
        console = console_for()
        rows = [self._rows[run_id] for run_id in self._configs if run_id in self._rows]
        console.print(results_table(rows))
        failures = failures_table(rows)
        if failures:
            console.print(failures)
        if not self._is_complete(rows, store):
            return 1
        self._manifest = self._finished(store, self._manifest)
        if not is_remembered(rows, self._recalled):
            remember(store, self._manifest.name, rows)
        if optimized:
            store.write_optimized(self._manifest.name, optimized)
        folder = store.sweep_folder(self._manifest.name)
        if self._settings.report:
            self._report(store, console)
        console.print(f"results: {folder}", soft_wrap=True, markup=False)
        console.print(f"next:    {self._next_command()}", soft_wrap=True, markup=False)
        return 1 if has_failures(rows) else 0

    def _print_dry_run(self, name: str, store: Store) -> None:
        everything = Plan(tuple(self._configs.values()), self._rows, tuple(self._damaged))
        if everything.missing:
            announce_passed_over(self._resolver.decode_data())
        print_dry_run(name, everything, self._parallel_runs(), store.root)

    def _is_complete(self, rows: Sequence[Row], store: Store) -> bool:
        """Whether every run was made and is in the store; says what is missing."""
        assert self._settings is not None
        assert self._manifest is not None
        if len(rows) < len(self._configs):
            announce_stop(len(self._configs) - len(rows), self._settings.max_failures)
            return False
        gone = lost(rows, store)
        if gone:
            if store.find_manifest(self._manifest.name) is None:
                store.write_manifest(self._manifest)
            announce_lost(len(gone), len(rows), store.root)
        return not gone

    def _report(self, store: Store, console: Console) -> None:
        """Builds the report unless it is current, and prints its verdicts and where it is."""
        assert self._settings is not None
        assert self._manifest is not None
        checksums = [self._rows[run_id].hashes.content for run_id in self._manifest.run_ids]
        if not is_built_from(checksums, store, self._manifest, self._settings.formats):
            with signals_deferred():  # a second or two of imports
                from zdl_bench.report.build import build_report

            build_report(store, self._manifest, self._settings.formats)
        verdicts = verdict_text(store, store.read_manifest(self._manifest.name))
        if verdicts:
            console.print(verdicts, soft_wrap=True, markup=False, highlight=False)
        console.print(f"report:  {page_path(store, self._manifest)}", soft_wrap=True, markup=False)

    def _parallel_runs(self) -> int | None:
        assert self._settings is not None
        return registry.executor(self._settings.executor).parallel_runs(self._settings.limits.n_jobs)

    def _manifest_of(self, runs: tuple[RunConfig, ...]) -> Manifest:
        assert self._settings is not None
        experiment = named_in(self._arguments)
        name = self._settings.name or (self._manifest.name if self._manifest else None)
        if name is None and experiment:
            tunes = self._experiment is not None and bool(self._experiment.tuning_seeds)
            asked = "\n".join(self._asked()) if tunes else ""
            name = name_of_experiment(experiment, runs if self._overrides_runs() else (), asked)
        is_foreign = any(one.lstrip("+").startswith("hydra/") for one in self._arguments)
        return Manifest(
            name=name or name_of(runs, "\n".join(self._asked()) if is_foreign else ""),
            title=self._experiment.title if self._experiment else "",
            command=shlex.join(["python", "-m", "zdl_bench", *self._arguments]),
            overrides=[argument for argument in self._arguments if "=" in argument],
            run_ids=list(self._configs),
            started=self._started,
            experiment=self._content,
        )

    def _finished(self, store: Store, manifest: Manifest) -> Manifest:
        """Keeps the times of a sweep that was finished before and has only been asked for again."""
        before = store.find_manifest(manifest.name)
        if before and before.finished and _same_question(before, manifest) and not self._trained:
            return before  # asked for again: nothing has changed
        finished = replace(manifest, finished=_now(), report=before.report if before else manifest.report)
        store.write_manifest(finished)
        return finished

    def _read_experiment(self) -> None:
        """Once for all batches. Raises ConfigError where it or one of its claims cannot be read."""
        name = named_in(self._arguments)
        if name is None or self._experiment is not None:
            return
        self._content = dict(registry.load_experiment(name))
        self._experiment = Experiment.of(name, self._content)
        claims_of(self._experiment.claims)

    def _overrides_runs(self) -> bool:
        keys = [re.split(r"[.@=/]", override.lstrip("+~"))[0] for override in self._asked()]
        return any(key not in ("experiment", "hydra") for key in keys)

    def _asked(self) -> list[str]:
        """The overrides that may change runs, sorted."""
        overrides = [one for one in self._arguments if one.startswith("~") or ("=" in one and not one.startswith("-"))]
        return sorted(one for one in overrides if re.split(r"[.@=/]", one.lstrip("+~"))[0] not in SWEEP_KEYS)

    def _next_command(self) -> str:
        assert self._settings is not None
        assert self._manifest is not None
        words = ["python", "-m", "zdl_bench", "verify", self._manifest.name]
        words += ["--runs", "2"] if len(self._configs) > 2 else []
        folder = self._settings.results_dir
        if folder != "results":  # argparse takes what begins with `-` for a flag, and zsh what begins with `=` for a command
            words += [f"--results={folder}"] if folder.startswith(("-", "=")) else ["--results", folder]
        return shlex.join(words)


def _same_question(before: Manifest, now: Manifest) -> bool:
    """Whether nothing but the times of two starts differs: claims that were edited are judged anew."""
    return before.run_ids == now.run_ids and before.experiment == now.experiment


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
