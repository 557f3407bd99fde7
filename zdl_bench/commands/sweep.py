"""The command that trains runs: a command line → composed configs → a sweep in the store, with its report."""

import math
from collections.abc import Sequence
from dataclasses import replace

from zdl_bench.commands import notices
from zdl_bench.commands.completeness import is_complete
from zdl_bench.commands.dry_run import print_dry_run
from zdl_bench.commands.earlier_looks import earlier_looks, past_sweeps
from zdl_bench.commands.execution import Plan, distinct, execute, plan, until_failures
from zdl_bench.commands.look_log import LookLog
from zdl_bench.commands.report import update_report
from zdl_bench.commands.summary import digest_lines, failures_table, results_table
from zdl_bench.commands.sweep_manifest import manifest_of, name_of_sweep, now, store_finished, verify_command
from zdl_bench.commands.sweep_settings import checked_settings
from zdl_bench.commands.terminal import console_for, progress_display
from zdl_bench.errors import ConfigError, require
from zdl_bench.plan.app import compose_once, run_hydra
from zdl_bench.plan.command_line import CommandLine, read_command_line
from zdl_bench.plan.resolver import Resolver, SweepSettings
from zdl_bench.plan.schema import JobConfig
from zdl_bench.plan.stages import Stage
from zdl_bench.plan.until import look_plan_of
from zdl_bench.registry import registry
from zdl_bench.report.freshness import page_path
from zdl_bench.run.config import RunConfig
from zdl_bench.statistics.claims import claims_of
from zdl_bench.store.manifest import MAX_SWEEP_RUNS, Manifest, Summaries
from zdl_bench.store.store import Store
from zdl_bench.store.summaries import RunSummary, collect_summaries, recall


def main(arguments: Sequence[str]) -> int:
    """Train the runs that the arguments ask for, build their report, and return the exit status."""
    command_line = read_command_line(arguments)
    command = SweepCommand(command_line)
    if command_line.asks_for_config:
        command.resolve([compose_once(command_line)])  # raises ConfigError before a wrong config is shown
    found = run_hydra(command_line, command.run_batch, command.begin_stage, command.open_jobs)
    return command.finish(found)


class SweepCommand:
    """One execution of the command. Jobs come in one batch, or in several if a sweeper chooses jobs one after another."""

    def __init__(self, command_line: CommandLine) -> None:
        if command_line.experiment:
            claims_of(command_line.experiment.claims)  # raises ConfigError before the runs, not after them
        self._command_line = command_line
        self._look_log = LookLog(look_plan_of(command_line))
        self._resolver = Resolver()
        self._started = now()
        self._settings: SweepSettings | None = None
        self._manifest: Manifest | None = None
        self._past: list[Manifest] = []
        self._stage = Stage(())
        self._stages: list[tuple[str, int]] = []
        self._batch: list[RunConfig] = []
        self._configs: dict[str, RunConfig] = {}
        self._rows: dict[str, RunSummary] = {}
        self._recalled = Summaries()
        self._damaged: list[str] = []
        self._trained = 0
        self._failures = 0

    def resolve(self, jobs: Sequence[JobConfig]) -> tuple[SweepSettings, list[RunConfig]]:
        """Return the settings of the sweep and the config of each job. Raise ConfigError or DataError if one is wrong."""
        if not jobs:
            raise ConfigError("the sweep has no runs, because a list or range is empty; give at least one value")
        configs = [self._resolver.run_config(job) for job in jobs]
        return checked_settings(jobs), configs

    def begin_stage(self, stage: Stage) -> None:
        """Take note of the stage to which the next batch belongs. A stage without jobs has no batch."""
        self._stage = stage
        if not stage.jobs and self._settings and self._may_train(self._settings):
            notices.announce_stage(len(self._stages) + 1, stage)

    def run_batch(self, jobs: Sequence[JobConfig]) -> list[float]:
        """Validate all jobs, train the missing runs, and return the tail_loss of each job, NaN for a job without one.

        A dry run returns 0 for a run that is not stored, so that a sweeper can go on.
        """
        settings, configs = self.resolve(jobs)
        store = Store(settings.results_dir)
        runs = distinct(configs)
        self._batch = configs
        self._configs |= {config.run_id: config for config in runs}
        few = len(self._configs) <= MAX_SWEEP_RUNS
        require("runs", len(self._configs), few, f"a sweep has at most {MAX_SWEEP_RUNS:,} runs; split it into smaller sweeps")
        if self._manifest is None:
            notices.announce_data_sets(self._resolver.data_sets)
        self._settings = settings
        name = settings.name or (self._manifest.name if self._manifest else name_of_sweep(self._command_line, runs))
        asked = manifest_of(self._command_line, name, self._configs, self._started)
        tuning_seeds = asked.as_experiment.tuning_seeds
        if self._manifest is None:
            self._past = past_sweeps(store, name, self._configs)
        self._look_log.begin(runs, tuning_seeds)
        looks = earlier_looks(name, self._configs, self._past, tuning_seeds)
        self._manifest = manifest = replace(asked, looks=looks, until=self._look_log.record)
        self._recalled = self._recalled if self._recalled.runs else recall(store, manifest.name)
        batch = Plan(runs, {}, ()) if settings.force else plan(runs, store, self._recalled.runs)
        self._rows |= batch.stored
        self._damaged += batch.damaged
        words, runs_before = (self._stage.plan, 0) if self._stage.plan or not self._stages else self._stages.pop()
        self._stages.append((words, runs_before + len(runs)))
        if self._may_train(settings):
            notices.announce_stage(len(self._stages), self._stage)
            self._make(batch, settings, store, manifest)
        unknown = 0.0 if settings.dry_run else math.nan
        return [self._rows[one.run_id].tail_loss if one.run_id in self._rows else unknown for one in configs]

    def open_jobs(self) -> list[bool]:
        """Look at the runs so far, and return for each job of the last batch whether its optimizer needs more seeds.

        Return nothing if the sweep cannot go on because runs are missing. A dry run assumes that missing runs decide nothing.
        """
        assert self._settings
        found = self._look_log.open_runs(self._configs, self._rows, Store(self._settings.results_dir))
        if found is None:
            return [True] * len(self._batch) if self._settings.dry_run else []
        return [config.run_id in found for config in self._batch]

    def _may_train(self, settings: SweepSettings) -> bool:
        return not settings.dry_run and self._failures != settings.max_failures

    def _make(self, batch: Plan, settings: SweepSettings, store: Store, manifest: Manifest) -> None:
        """Train and store the missing runs of a batch."""
        store.require_writable()
        store.tidy()
        aside = [store.set_aside(run_id) for run_id in batch.damaged]
        for path in filter(None, aside):
            notices.announce_damaged(path)
        if None in aside:  # another process was faster, and may have trained the run again
            batch = plan(batch.configs, store, self._recalled.runs)
            self._rows |= batch.stored
        notices.announce_plan(manifest.name, batch)
        if not batch.missing:
            return
        notices.announce_passed_over(self._resolver.decode_data())
        notices.announce_cost(batch, _parallel_runs(settings), store.root)
        store.write_manifest(replace(manifest, summaries=self._recalled))
        most = None if settings.max_failures is None else settings.max_failures - self._failures
        runs = until_failures(registry.executor(settings.executor).execute(batch.missing, settings.limits), most)
        with progress_display(len(batch.configs), len(batch.stored)) as display:
            rows = execute(batch, runs, store, display)
        self._trained += len(batch.missing)
        self._failures += sum(not row.status.is_result for row in rows.values())
        self._rows |= rows

    def finish(self, found: str | None) -> int:
        """Print the results, update the report, and return the exit status.

        found: the YAML text in which a sweeper of another package reports its result, or None. It is stored, too.
        """
        settings, manifest = self._settings, self._manifest
        if settings is None or manifest is None:  # Hydra has only printed something
            return 0
        store = Store(settings.results_dir)
        if settings.dry_run:
            self._print_dry_run(settings, store, manifest)
            return 0
        console = console_for()
        rows = [self._rows[run_id] for run_id in self._configs if run_id in self._rows]
        for table in (results_table(rows, manifest.as_experiment.tuning_seeds), failures_table(rows)):
            if table:
                console.print(table)
        if not is_complete(rows, len(self._configs), manifest, store, settings.max_failures):
            return 1
        manifest = replace(manifest, summaries=collect_summaries(rows), until=self._look_log.record)
        manifest = store_finished(store, manifest, bool(self._trained))
        if found:
            store.write_optimized(manifest.name, found)
        if settings.report:
            checksums = [self._rows[run_id].hashes.content for run_id in manifest.run_ids]
            verdicts = update_report(store, manifest, settings.formats, checksums)
            if verdicts:
                console.print(verdicts, soft_wrap=True, markup=False, highlight=False)
            console.print(f"report:  {page_path(store, manifest)}", soft_wrap=True, markup=False)
        for line in digest_lines(rows):
            console.print(line, soft_wrap=True, markup=False, highlight=False)
        console.print(f"results: {store.sweep_folder(manifest.name)}", soft_wrap=True, markup=False)
        console.print(f"next:    {verify_command(manifest, settings.results_dir)}", soft_wrap=True, markup=False)
        return 0 if all(row.status.is_result for row in rows) else 1

    def _print_dry_run(self, settings: SweepSettings, store: Store, manifest: Manifest) -> None:
        everything = Plan(tuple(self._configs.values()), self._rows, tuple(self._damaged))
        if everything.missing:
            notices.announce_passed_over(self._resolver.decode_data())
        print_dry_run(manifest, everything, self._stages, _parallel_runs(settings), store)


def _parallel_runs(settings: SweepSettings) -> int | None:
    return registry.executor(settings.executor).parallel_runs(settings.limits.n_jobs)
