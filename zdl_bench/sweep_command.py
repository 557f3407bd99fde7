"""The command that makes runs: composed configs → a sweep in the store, shown on the terminal, with its report."""

import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from zdl_bench import registry
from zdl_bench.config import SWEEP_KEYS, Resolver, SweepSettings, sweep_settings
from zdl_bench.datasets.contract import ensure_decoded
from zdl_bench.errors import ConfigError
from zdl_bench.experiment import Experiment, named_in
from zdl_bench.report.freshness import is_current, page_path, verdict_text
from zdl_bench.run import RunConfig
from zdl_bench.statistics.claims import claims_of
from zdl_bench.store import Manifest, Store
from zdl_bench.sweep import Plan, Row, execute, has_failures, plan, tail_losses
from zdl_bench.terminal import console_for, failures_table, progress_display, results_table

Composed = Mapping[str, Any]


class SweepCommand:
    """One start of the program. Usually one batch of jobs; several where another Hydra sweeper asks for more and more."""

    def __init__(self, arguments: Sequence[str]) -> None:
        self._arguments = list(arguments)
        self._resolver = Resolver()
        self._started = _now()
        self._configs: dict[str, RunConfig] = {}
        self._rows: dict[str, Row] = {}
        self._trained = 0
        self._settings: SweepSettings | None = None
        self._manifest: Manifest | None = None
        self._experiment: Experiment | None = None
        self._content: dict[str, Any] | None = None

    def check(self, jobs: Sequence[Composed]) -> None:
        """Raises what a start with these jobs would raise before it looks into the store."""
        self._checked(jobs)

    def _checked(self, jobs: Sequence[Composed]) -> tuple[SweepSettings, list[RunConfig]]:
        if not jobs:
            raise ConfigError("the sweep has no runs: one of its lists or ranges is empty")
        settings = self._settings = sweep_settings(jobs[0])
        for key in SWEEP_KEYS:
            if any(job[key] != jobs[0][key] for job in jobs):
                raise ConfigError(f"{key}: it belongs to the whole sweep and cannot be swept; give one value")
        if settings.name is not None:
            Store(settings.results_dir).sweep_folder(settings.name)  # refuses a name that is none
        registry.executor(settings.executor)  # checks its values
        self._read_experiment()
        return settings, [self._resolver.run_config(job) for job in jobs]

    def run_batch(self, jobs: Sequence[Composed]) -> list[float]:
        """Validates all jobs, makes the missing runs, and returns the tail_loss of each job."""
        settings, configs = self._checked(jobs)
        executor = registry.executor(settings.executor)
        store = Store(settings.results_dir)
        store.require_writable()
        batch = plan(configs, store, settings.force)
        self._configs |= {config.run_id: config for config in batch.configs}
        self._manifest = self._manifest_of(batch)
        self._announce(batch)
        rows = batch.stored
        if batch.missing:
            for data_set in self._resolver.data_sets:
                ensure_decoded(registry.dataset(data_set.choice.name, data_set.settings))
            store.write_manifest(self._manifest)
            with progress_display(len(batch.configs), len(batch.stored)) as display:
                rows = execute(batch, executor, settings.n_jobs, store, display)
        self._trained += len(batch.missing)
        self._rows |= rows
        return tail_losses(configs, rows)

    def finish(self) -> int:
        """Sums up, builds the report, and returns the exit status."""
        if self._settings is None or self._manifest is None:  # Hydra has only printed something
            return 0
        store = Store(self._settings.results_dir)
        self._manifest = self._finished(store, self._manifest)
        console = console_for()
        rows = [self._rows[run_id] for run_id in self._configs]
        console.print(results_table(rows))
        failures = failures_table(rows)
        if failures:
            console.print(failures)
        folder = store.sweep_folder(self._manifest.name)
        if self._settings.report:
            if not is_current(store, self._manifest, self._settings.formats):
                from zdl_bench.report.build import build_report  # a second or two of imports

                build_report(store, self._manifest, self._settings.formats)
            verdicts = verdict_text(store, store.read_manifest(self._manifest.name))
            if verdicts:
                console.print(verdicts, soft_wrap=True, markup=False, highlight=False)
            console.print(f"report:  {page_path(store, self._manifest)}", soft_wrap=True)
        console.print(f"results: {folder}", soft_wrap=True)
        console.print(f"next:    {self._next_command()}", soft_wrap=True)
        return 1 if has_failures(rows) else 0

    def _manifest_of(self, batch: Plan) -> Manifest:
        assert self._settings is not None
        experiment = named_in(self._arguments)
        name = self._settings.name or (self._manifest.name if self._manifest else None)
        if name is None and experiment:
            hash_of_runs = batch.name.rpartition("-")[2]
            name = f"{experiment}-{hash_of_runs}" if self._overrides_runs() else experiment
        return Manifest(
            name=name or batch.name,
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

    def _announce(self, batch: Plan) -> None:
        console = console_for(to_stderr=True)
        for used in self._resolver.data_sets:
            if used.passed_over:
                missing_sets = " and ".join(used.passed_over)
                looked = os.environ.get("ZDL_BENCH_DATA") or "not set"
                console.print(
                    f"dataset={used.asked_for}: {missing_sets} is not on this machine (ZDL_BENCH_DATA is {looked}) and no "
                    f"mirror answered. These runs use {used.choice.name}; their numbers are not those of {missing_sets}.",
                    style="bold yellow",
                    soft_wrap=True,
                )
        for path in batch.damaged:
            console.print(f"damaged: {path} was set aside; its run is made again", style="yellow", soft_wrap=True)
        assert self._manifest is not None
        missing, stored = len(batch.missing), len(batch.stored)
        state = f"{missing} to make, {stored} in the store" if missing else "all in the store, nothing to train"
        console.print(
            f"{self._manifest.name}: {len(batch.configs)} run{'s' if len(batch.configs) != 1 else ''}, {state}",
            soft_wrap=True,
        )

    def _read_experiment(self) -> None:
        """Once for all batches. Raises ConfigError where it or one of its claims cannot be read."""
        name = named_in(self._arguments)
        if name is None or self._experiment is not None:
            return
        self._content = dict(registry.load_experiment(name))
        self._experiment = Experiment.of(name, self._content)
        claims_of(self._experiment.claims)

    def _overrides_runs(self) -> bool:
        keys = [argument.partition("=")[0].lstrip("+") for argument in self._arguments if "=" in argument]
        return any(key != "experiment" and key.partition(".")[0] not in SWEEP_KEYS for key in keys)

    def _next_command(self) -> str:
        assert self._settings is not None
        assert self._manifest is not None
        store = "" if self._settings.results_dir == "results" else f" --results {shlex.quote(self._settings.results_dir)}"
        sample = " --runs 2" if len(self._configs) > 2 else ""
        return f"python -m zdl_bench verify {self._manifest.name}{sample}{store}"


def _same_question(before: Manifest, now: Manifest) -> bool:
    """Whether nothing but the times of two starts differs: claims that were edited are judged anew."""
    return before.run_ids == now.run_ids and before.experiment == now.experiment


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
