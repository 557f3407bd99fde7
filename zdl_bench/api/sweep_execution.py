"""One execution of a sweep: a command line → composed configs → trained runs in the store, with a manifest."""

import math
from collections.abc import Sequence
from dataclasses import replace

from zdl_bench.api import notices
from zdl_bench.api.completeness import is_complete
from zdl_bench.api.current_report import update_report
from zdl_bench.api.dry_run import show_dry_run
from zdl_bench.api.earlier_looks import earlier_looks, past_sweeps
from zdl_bench.api.execution import Plan, distinct, execute, plan, until_failures
from zdl_bench.api.look_log import LookLog
from zdl_bench.api.sweep_manifest import manifest_of, name_of_sweep, now, store_finished
from zdl_bench.api.sweep_settings import checked_settings
from zdl_bench.api.voice import Voice
from zdl_bench.errors import ConfigError, require
from zdl_bench.plan.app import run_hydra
from zdl_bench.plan.command_line import CommandLine
from zdl_bench.plan.resolver import Resolver
from zdl_bench.plan.schema import JobConfig
from zdl_bench.plan.stages import Stage
from zdl_bench.plan.sweep_keys import SweepSettings
from zdl_bench.plan.until import look_plan_of
from zdl_bench.registry import registry
from zdl_bench.run.config import RunConfig
from zdl_bench.statistics.claims import claims_of
from zdl_bench.store.manifest import MAX_SWEEP_RUNS, Manifest, Summaries
from zdl_bench.store.store import Store
from zdl_bench.store.summaries import RunSummary, collect_summaries, recall


class SweepExecution:
    """One execution of a sweep. Jobs come in one batch, or in several if a sweeper chooses jobs one after another.

    settings, manifest: None until the first batch, and if Hydra has only printed something. Raises ConfigError for claims of an
    experiment that cannot be judged.
    """

    def __init__(self, command_line: CommandLine, voice: Voice) -> None:
        if command_line.experiment:
            claims_of(command_line.experiment.claims)  # raises ConfigError before the runs, not after them
        self.settings: SweepSettings | None = None
        self.manifest: Manifest | None = None
        self.command_line = command_line
        self._voice = voice
        self._look_log = LookLog(look_plan_of(command_line), voice)
        self._resolver = Resolver()
        self._started = now()
        self._past: list[Manifest] = []
        self._stage = Stage(())
        self._stages: list[tuple[str, int]] = []
        self._batch: list[RunConfig] = []
        self._configs: dict[str, RunConfig] = {}
        self._rows: dict[str, RunSummary] = {}
        self._recalled = Summaries()
        self._damaged: list[str] = []
        self._trained = self._failures = 0
        self._found: str | None = None

    @property
    def rows(self) -> list[RunSummary]:
        """The summaries of the runs that are in the store, in the order of the plan."""
        return [self._rows[run_id] for run_id in self._configs if run_id in self._rows]

    @property
    def is_as_planned(self) -> bool:
        """Whether every planned run has a result; divergence is one."""
        return len(self.rows) == len(self._configs) and all(row.status.is_result for row in self.rows)

    def train(self) -> None:
        """Compose the jobs of the command line, train the missing runs, and store each when it ends.

        Raise ConfigError or DataError before the first run if something is wrong, StoreError if the store cannot be written,
        ExecutorError if no run can be executed, and KeyboardInterrupt on Ctrl-C; finished runs are stored then, too.
        """
        self._found = run_hydra(self.command_line, self.run_batch, self.begin_stage, self.open_jobs, self.has_results)

    def resolve(self, jobs: Sequence[JobConfig]) -> tuple[SweepSettings, list[RunConfig]]:
        """Return the settings of the sweep and the config of each job. Raise ConfigError or DataError if one is wrong."""
        if not jobs:
            raise ConfigError("the sweep has no runs, because a list or range is empty; give at least one value")
        configs = [self._resolver.run_config(job) for job in jobs]
        return checked_settings(jobs), configs

    def begin_stage(self, stage: Stage) -> None:
        """Take note of the stage to which the next batch belongs. A stage without jobs has no batch."""
        self._stage = stage
        if not stage.jobs and self.settings and self._may_train(self.settings):
            notices.announce_stage(self._voice, len(self._stages) + 1, stage)

    def run_batch(self, jobs: Sequence[JobConfig]) -> list[float]:
        """Validate all jobs, train the missing runs, and return the tail_loss of each job, NaN for a job without one.

        A dry run returns 0 for a run that is not stored, so that a sweeper can go on.
        """
        settings, configs = self.resolve(jobs)
        store, runs = Store(settings.results_dir), distinct(configs)
        self.settings, self._batch = settings, configs
        self._configs |= {config.run_id: config for config in runs}
        few = len(self._configs) <= MAX_SWEEP_RUNS
        require("runs", len(self._configs), few, f"a sweep has at most {MAX_SWEEP_RUNS:,} runs; split it into smaller sweeps")
        name = settings.name or (self.manifest.name if self.manifest else name_of_sweep(self.command_line, runs))
        asked = manifest_of(self.command_line, name, self._configs, self._started)
        tuning_seeds = asked.as_experiment.tuning_seeds
        if self.manifest is None:
            notices.announce_data_sets(self._voice, self._resolver.data_sets)
            notices.announce_notices(self._voice, self._resolver.notices)
            self._past = past_sweeps(store, name, self._configs)
        self._look_log.begin(runs, asked.as_experiment)
        looks = earlier_looks(name, self._configs, self._past, tuning_seeds)
        self.manifest = manifest = replace(asked, looks=looks, until=self._look_log.record)
        self._recalled = self._recalled if self._recalled.runs else recall(store, manifest.name)
        batch = Plan(runs, {}, ()) if settings.force else plan(runs, store, self._recalled.runs)
        self._rows |= batch.stored
        self._damaged += batch.damaged
        words, runs_before = (self._stage.plan, 0) if self._stage.plan or not self._stages else self._stages.pop()
        self._stages.append((words, runs_before + len(runs)))
        if self._may_train(settings):
            notices.announce_stage(self._voice, len(self._stages), self._stage)
            with store.in_use():
                self._make(batch, settings, store, manifest)
        unknown = 0.0 if settings.dry_run else math.nan
        return [self._rows[one.run_id].tail_loss if one.run_id in self._rows else unknown for one in configs]

    def open_jobs(self) -> list[bool]:
        """Look at the runs so far, and return for each job of the last batch whether its optimizer needs more seeds.

        Return nothing if the sweep cannot go on because runs are missing. A dry run assumes that missing runs decide nothing.
        """
        assert self.settings
        found = self._look_log.open_runs(self._configs, self._rows, Store(self.settings.results_dir))
        if found is None:
            return [True] * len(self._batch) if self.settings.dry_run else []
        return [config.run_id in found for config in self._batch]

    def has_results(self) -> bool:
        """Return whether every run of the last batch has ended, so that others may depend on it."""
        return all(config.run_id in self._rows for config in self._batch)

    def _may_train(self, settings: SweepSettings) -> bool:
        return not settings.dry_run and self._failures != settings.max_failures

    def _make(self, batch: Plan, settings: SweepSettings, store: Store, manifest: Manifest) -> None:
        """Train and store the missing runs of a batch."""
        store.tidy()
        aside = [store.set_aside(run_id) for run_id in batch.damaged]
        for path in filter(None, aside):
            notices.announce_damaged(self._voice, path)
        if None in aside:  # another process was faster, and may have trained the run again
            batch = plan(batch.configs, store, self._recalled.runs)
            self._rows |= batch.stored
        notices.announce_plan(self._voice, manifest.name, batch)
        if not batch.missing:
            return
        notices.announce_passed_over(self._voice, self._resolver.decode_data())
        notices.announce_cost(self._voice, batch, _parallel_runs(settings), store.root)
        store.write_manifest(replace(manifest, summaries=self._recalled))
        most = None if settings.max_failures is None else settings.max_failures - self._failures
        runs = until_failures(registry.executor(settings.executor).execute(batch.missing, settings.limits), most)
        with self._voice.progress(len(batch.configs), len(batch.stored)) as display:
            rows = execute(batch, runs, store, display)
        self._trained += len(batch.missing)
        self._failures += sum(not row.status.is_result for row in rows.values())
        self._rows |= rows

    def show_plan(self) -> None:
        """Show the number of runs, the time and the disk space, for `dry_run=true`."""
        assert self.settings
        assert self.manifest
        everything = Plan(tuple(self._configs.values()), self._rows, tuple(self._damaged))
        if everything.missing:
            notices.announce_passed_over(self._voice, self._resolver.decode_data())
        store = Store(self.settings.results_dir)
        show_dry_run(self._voice, self.manifest, everything, self._stages, _parallel_runs(self.settings), store)

    def finish(self) -> Manifest | None:
        """Store and return the manifest of the finished sweep, or return None if runs are missing, and tell how many."""
        assert self.settings
        assert self.manifest
        store, rows = Store(self.settings.results_dir), self.rows
        if not is_complete(rows, len(self._configs), self.manifest, store, self.settings.max_failures, self._voice):
            return None
        manifest = replace(self.manifest, summaries=collect_summaries(rows), until=self._look_log.record)
        self.manifest = store_finished(store, manifest, bool(self._trained), self.settings.presentation)
        if self._found:
            store.write_optimized(manifest.name, self._found)
        return self.manifest

    def update_report(self) -> str:
        """Build the report of the finished sweep unless it is up to date, and return its verdicts."""
        assert self.settings
        assert self.manifest
        checksums = [self._rows[run_id].hashes.content for run_id in self.manifest.run_ids]
        asked = self.settings
        return update_report(Store(asked.results_dir), self.manifest, asked.formats, checksums, asked.presentation)


def _parallel_runs(settings: SweepSettings) -> int | None:
    return registry.executor(settings.executor).parallel_runs(settings.limits.n_jobs)
