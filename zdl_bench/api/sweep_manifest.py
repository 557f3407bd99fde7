"""The manifest of a sweep, which is created from the command line and completed when all runs have finished."""

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from zdl_bench.api.execution import derive_experiment_name, derive_name
from zdl_bench.plan.command_line import CommandLine
from zdl_bench.run.config import RunConfig
from zdl_bench.run.presentation import PLAIN, Presentation
from zdl_bench.store.manifest import Manifest
from zdl_bench.store.store import Store


def now() -> str:
    """Return the current UTC time in the format of a manifest."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def manifest_of(line: CommandLine, name: str, run_ids: Iterable[str], started: str) -> Manifest:
    """Return the manifest of an unfinished sweep."""
    return Manifest(
        name=name,
        title=line.experiment.title if line.experiment else "",
        command=line.call or shlex.join(["python", "-m", "zdl_bench", *line.arguments]),
        overrides=line.overrides,
        run_ids=list(run_ids),
        started=started,
        experiment=line.experiment_yaml,
        tuning_seeds=[] if line.experiment else [*(line.tuning_seeds or ())],
        tune=[] if line.experiment else [*(line.tuning.tune or ())],
    )


def name_of_sweep(line: CommandLine, runs: Sequence[RunConfig]) -> str:
    """Return the name of a sweep for which the user gave no name. It is the experiment's name, or derived from the first batch.

    If the sweep may have further runs that are not known yet, the overrides distinguish it from other sweeps.
    """
    overrides = "\n".join(line.overrides_of_runs) if line.chooses_runs_later else ""
    if line.experiment_name is None:
        return derive_name(runs, overrides)
    return derive_experiment_name(line.experiment_name, runs if line.changes_experiment else (), overrides)


def store_finished(store: Store, manifest: Manifest, has_trained: bool, presentation: Presentation) -> Manifest:
    """Store and return the manifest with its finishing time, and with the look of its report unless that is the usual one.

    If the same sweep finished before and nothing was trained now, keep the stored times and update only the rest.
    """
    before = store.find_manifest(manifest.name)
    if before and before.finished and _asked_for(before) == _asked_for(manifest) and not has_trained:
        finished = replace(before, summaries=manifest.summaries, looks=manifest.looks, until=manifest.until)
    else:
        finished = replace(manifest, finished=now(), report=before.report if before else manifest.report)
    if presentation != PLAIN:
        finished = replace(finished, report=finished.report.to_look(presentation))
    if finished != before:
        store.write_manifest(finished)
    return finished


def _asked_for(manifest: Manifest) -> tuple[object, ...]:
    until = manifest.until and (manifest.until.max_seeds, manifest.until.margin)
    return (
        manifest.run_ids,
        manifest.experiment,
        manifest.tuning_seeds,
        manifest.tune,
        until,
    )  # an experiment includes its claims


def verify_command(manifest: Manifest, folder: str, config_dir: str | None) -> str:
    """Return the command that verifies a finished sweep. folder: the store as the user named it; config_dir: the own parts."""
    words = ["python", "-m", "zdl_bench", "verify", manifest.name]
    words += ["--config-dir", config_dir] if config_dir else []
    words += ["--runs", "2"] if len(manifest.run_ids) > 2 else []
    if folder != "results":  # argparse takes what begins with `-` for a flag, and zsh what begins with `=` for a command
        words += [f"--results={folder}"] if folder.startswith(("-", "=")) else ["--results", folder]
    return shlex.join(words)
