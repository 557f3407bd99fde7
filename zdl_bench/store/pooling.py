"""Pool the manifests of two sweeps of one name: the same plan, perhaps on other seeds."""

import hashlib
import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from zdl_bench.store.manifest import MAX_LOOKS, PYTHON_CALL, Manifest, Report, Summaries

MAX_NAME_WORDS = 91
"""The largest number of letters of a name to which a hyphen and 8 digits can be added."""


class Place(NamedTuple):
    """The place of a run in a plan: its condition, which is all of its config but the seed, and its seed."""

    condition: str
    seed: int


Places = Mapping[str, Place]
"""Run id → place, for the runs of two sweeps."""


def as_kept_in(root: Path, manifest: Manifest) -> Manifest:
    """Return the manifest of a sweep of another store as the store at `root` keeps it, with a command for this store.

    Its summaries are left out, since nobody has checked them, and so is its report. That there was one is noted, since it was
    a look at the runs.
    """
    return replace(
        manifest,
        command=_command_with(manifest.command, "results_dir", "" if root == Path("results") else str(root)),
        overrides=[one for one in manifest.overrides if not one.startswith("results_dir=")],
        report=Report(files=["report.html"] if manifest.report.files else []),
        summaries=Summaries(),
    )


def have_same_plan(ours: Manifest, theirs: Manifest, places: Places) -> bool | None:
    """Return whether two sweeps differ at most in their seeds, or None if runs are missing that would tell.

    Sweeps that add seeds until they are decided have the same plan only if one has got further than the other: the error of
    planned looks holds for no other seeds.
    """
    if _asked_for(ours) != _asked_for(theirs) or _until(ours) != _until(theirs):
        return False
    first, second = {*ours.run_ids}, {*theirs.run_ids}
    if ours.until is not None:
        return first <= second or second <= first
    if first == second:
        return True
    return _conditions(ours, places) == _conditions(theirs, places) if first | second <= places.keys() else None


def _asked_for(manifest: Manifest) -> tuple[object, ...]:
    return manifest.experiment, manifest.tuning_seeds, manifest.tune


def pooled(ours: Manifest, theirs: Manifest, places: Places) -> Manifest:
    """Return the manifest of a sweep with the runs of both, which have the same plan.

    A report that was built from fewer seeds was a look at them, which the manifest keeps (docs/statistics.md).
    """
    if ours.until is not None:
        return ours if {*theirs.run_ids} <= {*ours.run_ids} else replace(theirs, report=ours.report)
    if {*theirs.run_ids} == {*ours.run_ids}:
        looks = sorted({*ours.looks, *theirs.looks})[-MAX_LOOKS:]
        return replace(ours, looks=looks, finished=ours.finished or theirs.finished)
    tuning = {*ours.as_experiment.tuning_seeds}
    found: dict[str, list[str]] = {}
    for run_id in dict.fromkeys([*ours.run_ids, *theirs.run_ids]):
        found.setdefault(places[run_id].condition, []).append(run_id)
    ids = [run_id for members in found.values() for run_id in members]
    seeds = sorted({places[run_id].seed for run_id in ids} - tuning)
    seen = {len({places[run_id].seed for run_id in one.run_ids} - tuning) for one in (ours, theirs) if one.report.files}
    looks = sorted(look for look in {*ours.looks, *theirs.looks, *seen} if look < len(seeds))[-MAX_LOOKS:]
    if {*ids} == {*ours.run_ids}:
        return replace(ours, looks=looks)
    finished = max(ours.finished, theirs.finished) if ours.finished and theirs.finished else None
    return replace(
        ours,
        run_ids=ids,
        command=_command_with(ours.command, "seed", ascending_seeds(seeds)),
        overrides=[*(one for one in ours.overrides if not one.startswith("seed=")), f"seed={ascending_seeds(seeds)}"],
        started=min(ours.started, theirs.started),
        finished=finished,
        looks=looks,
        report=replace(ours.report, inputs=""),
        summaries=Summaries(),
    )


def renamed(manifest: Manifest) -> Manifest:
    """Return the manifest under a name that follows from its plan, for a store in which its name has another plan."""
    plan = json.dumps([manifest.run_ids, manifest.experiment, manifest.tuning_seeds, _until(manifest)], sort_keys=True)
    name = f"{manifest.name[:MAX_NAME_WORDS]}-{hashlib.sha256(plan.encode()).hexdigest()[:8]}"
    return replace(manifest, name=name, command=_command_with(manifest.command, "name", name))


def ascending_seeds(seeds: Sequence[int]) -> str:
    """Return ascending seeds as the command line takes them: `range(0,20)`, or a list."""
    if len(seeds) > 1 and seeds[-1] - seeds[0] == len(seeds) - 1:
        return f"range({seeds[0]},{seeds[-1] + 1})"
    return ",".join(map(str, seeds))


def _until(manifest: Manifest) -> tuple[int, int, float | None] | None:
    plan = manifest.until
    return None if plan is None else (plan.first_seed, plan.max_seeds, plan.margin)


def _conditions(manifest: Manifest, places: Places) -> set[str]:
    return {places[run_id].condition for run_id in manifest.run_ids}


def _command_with(command: str, key: str, value: str) -> str:
    """Return a sweep's command with another value of a key, or without the key if the value is empty.

    A call in Python is left as it is, and so is a command that no shell would take.
    """
    if command.startswith(PYTHON_CALL):
        return command
    try:
        words = shlex.split(command)
    except ValueError:
        return command
    kept = [word for word in words if not word.startswith(f"{key}=")]
    if key == "seed" and not {"-m", "--multirun"} & {*kept} and "zdl_bench" in kept:
        kept.insert(kept.index("zdl_bench") + 1, "-m")
    return shlex.join([*kept, f"{key}={value}"] if value else kept)
