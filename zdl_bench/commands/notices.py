"""The notices that a sweep prints on stderr before, during and after its runs."""

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from zdl_bench.commands.estimate import Cost, estimated_cost
from zdl_bench.commands.execution import Plan
from zdl_bench.commands.terminal import console_for, duration, size
from zdl_bench.errors import printable
from zdl_bench.plan.data_sets import DataSetInUse
from zdl_bench.plan.stages import Stage

ESTIMATED_STEPS = 100_000
"""Minimum number of steps of a sweep for which an estimate is worth two seconds. dry_run=true estimates every sweep."""
ENOUGH_DISK = 4 * 10**9
"""Free bytes that a sweep of fewer than ESTIMATED_STEPS steps cannot fill."""


def announce_data_sets(in_use: Iterable[DataSetInUse]) -> None:
    """Warn if a different data set replaces the data set that the user asked for."""
    for used in in_use:
        if used.passed_over:
            missing_sets = " and ".join(used.passed_over)
            looked = os.environ.get("ZDL_BENCH_DATA") or "not set"
            warn(
                f"dataset={used.asked_for}: {missing_sets} is not on this machine (ZDL_BENCH_DATA is {looked}) and cannot be "
                f"downloaded. These runs use {used.choice.name} instead, so their numbers differ from those of {missing_sets}. "
                f"To use {missing_sets}, set ZDL_BENCH_DATA to the folder of its files."
            )
            announce_passed_over(f"{name}: {reason}" for name, reason in used.passed_over.items())


def announce_passed_over(reasons: Iterable[str]) -> None:
    """Print the reasons why files or data sets were skipped in the search for the data."""
    for reason in reasons:
        _say(printable(reason), style="yellow")


def announce_damaged(aside: Path) -> None:
    _say(f"{aside} was set aside: the file is damaged; its run is trained again", style="yellow")


def announce_stage(number: int, stage: Stage) -> None:
    """Print what a stage trains, and warn about the decisions that led to it. Print nothing for a sweep of one stage."""
    if stage.plan:
        _say(f"stage {number}: {stage.decisions or stage.plan}")
    for warning in stage.warnings:
        warn(warning)


def announce_look(line: str) -> None:
    """Print what a look decided."""
    _say(line)


def announce_plan(name: str, plan: Plan) -> None:
    missing, stored = len(plan.missing), len(plan.stored)
    state = f"{missing} to train, {stored} in the store" if missing else "all in the store, nothing to train"
    _say(f"{name}: {runs_text(len(plan.configs))}, {state}")


def announce_cost(plan: Plan, parallel: int | None, store: Path) -> None:
    """Print how long a large sweep will take, and warn if the disk is too small for it."""
    if sum(config.steps for config in plan.missing) < ESTIMATED_STEPS and free_bytes(store) > ENOUGH_DISK:
        return
    cost = estimated_cost(plan.missing)
    if cost is not None:
        _say(f"about {time_text(cost, len(plan.missing), parallel)}, {size(cost.bytes)}")
        warn(disk_warning(cost, store))


def announce_stop(missing: int, max_failures: int | None) -> None:
    _say(
        f"stopped: max_failures={max_failures} is reached, with {runs_text(missing)} not trained yet. "
        "Start the same command again to continue."
    )


def announce_lost(gone: int, of: int, store: Path) -> None:
    warn(
        f"{gone} of {runs_text(of)} {'is' if gone == 1 else 'are'} no longer in {store}: the files were removed, moved or "
        "changed while the sweep ran. Start the same command again to train these runs again."
    )


def disk_warning(cost: Cost, store: Path) -> str:
    """Return a warning if the disk is too small, or an empty text if it is large enough."""
    free = free_bytes(store)
    if cost.bytes <= free:
        return ""
    return (
        f"the runs need about {size(cost.bytes)}, but only {size(free)} are free in {store}: "
        "free some space, or name another store with results_dir=DIR"
    )


def free_bytes(store: Path) -> int:
    """Return the free bytes of the disk on which the store is or will be."""
    folder = store.resolve()
    while not os.path.exists(folder):  # false, too, for a name that is too long or not permitted
        folder = folder.parent
    return shutil.disk_usage(folder).free


def time_text(cost: Cost, runs: int, parallel: int | None) -> str:
    """Return how long runs take, on so many workers, or on one core if the number of workers is unknown."""
    if parallel is None:
        return f"{duration(max(cost.seconds, 1.0))} of one core of this machine"
    workers = min(parallel, runs)
    return f"{duration(max(cost.seconds / workers, 1.0))} on {workers} worker{'s' if workers != 1 else ''}"


def runs_text(count: int) -> str:
    """Return a number of runs as text, such as `1 run`."""
    return f"{count} run{'s' if count != 1 else ''}"


def warn(text: str) -> None:
    """Print a warning, unless the text is empty."""
    if text:
        _say(text, style="bold yellow")


def _say(text: str, style: str = "") -> None:
    console_for(to_stderr=True).print(text, style=style, soft_wrap=True, markup=False)
