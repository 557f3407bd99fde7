"""What a person is told of a sweep before it starts: its data, what is stored, what it will cost."""

import os
import shutil
from collections.abc import Iterable
from functools import partial
from pathlib import Path

from zdl_bench.commands.estimate import Cost, estimated_cost
from zdl_bench.commands.execution import Plan
from zdl_bench.commands.terminal import console_for, duration, size
from zdl_bench.errors import printable
from zdl_bench.plan.data_sets import DataSetInUse

ESTIMATED_STEPS = 100_000
"""A sweep of so many steps is worth the two seconds that an estimate takes; dry_run=true tells of any."""
ROOM = 4 * 10**9
"""Bytes that are free where no sweep of fewer steps can fill a disk."""


def announce_data_sets(in_use: Iterable[DataSetInUse]) -> None:
    """Says, loudly, where another data set stands in for the one that was asked for."""
    for used in in_use:
        if used.passed_over:
            missing_sets = " and ".join(used.passed_over)
            looked = os.environ.get("ZDL_BENCH_DATA") or "not set"
            _say(
                f"dataset={used.asked_for}: {missing_sets} is not on this machine (ZDL_BENCH_DATA is {looked}) and no "
                f"mirror serves it. These runs use {used.choice.name}; their numbers are not those of {missing_sets}.",
                style="bold yellow",
            )
            announce_passed_over(f"{name}: {reason}" for name, reason in used.passed_over.items())


def announce_passed_over(reasons: Iterable[str]) -> None:
    """What could not be read on the way to the data."""
    for reason in reasons:
        _say(printable(reason), style="yellow")


def announce_damaged(aside: Path) -> None:
    _say(f"{aside} was set aside: it was damaged, or made by another engine; its run is made again", style="yellow")


def announce_plan(name: str, plan: Plan) -> None:
    missing, stored = len(plan.missing), len(plan.stored)
    state = f"{missing} to make, {stored} in the store" if missing else "all in the store, nothing to train"
    _say(f"{name}: {_runs(len(plan.configs))}, {state}")


def announce_cost(plan: Plan, parallel: int | None, store: Path) -> None:
    """How long a large sweep will take, and a warning where the disk is too small for it."""
    if sum(config.steps for config in plan.missing) < ESTIMATED_STEPS and free_bytes(store) > ROOM:
        return
    cost = estimated_cost(plan.missing)
    if cost is None:
        return
    _say(f"about {_time(cost, len(plan.missing), parallel)}, {size(cost.bytes)}")
    warning = disk_warning(cost, store)
    if warning:
        _say(warning, style="bold yellow")


def announce_stop(missing: int, max_failures: int | None) -> None:
    _say(f"stopped: max_failures={max_failures} is reached, {_runs(missing)} not made. The same command goes on from here.")


def announce_lost(gone: int, of: int, store: Path) -> None:
    _say(
        f"{gone} of {_runs(of)} {'is' if gone == 1 else 'are'} no longer in {store}: the files were removed, moved or changed "
        "while the sweep ran. The same command makes them again.",
        style="bold yellow",
    )


def print_dry_run(name: str, plan: Plan, parallel: int | None, store: Path) -> None:
    """The plan, on stdout: how many runs, how many are stored, how long, how much disk."""
    say = partial(console_for().print, soft_wrap=True, markup=False)
    missing = plan.missing
    cost = estimated_cost(missing) if missing else Cost(0.0, 0.0)
    say(f"sweep: {name}")
    damaged = f" ({len(plan.damaged)} damaged in the store)" if plan.damaged else ""
    state = f"{len(missing)} to make{damaged}, {len(plan.stored)} in the store"
    say(f"runs:  {len(plan.configs)}; {state}")
    if cost is None:
        say("time:  cannot be told: trials of a few steps did not come to an end")
        return
    say(f"time:  {f'about {_time(cost, len(missing), parallel)}' if missing else 'none'}")
    say(f"disk:  {size(cost.bytes)} of {size(free_bytes(store))} that are free in {store}")
    warning = disk_warning(cost, store)
    if warning:
        _say(warning, style="bold yellow")


def disk_warning(cost: Cost, store: Path) -> str:
    """Empty where there is room."""
    free = free_bytes(store)
    if cost.bytes <= free:
        return ""
    return (
        f"the runs need about {size(cost.bytes)}, and {store} has {size(free)} free: "
        "free some, or name another store with results_dir=DIR"
    )


def free_bytes(store: Path) -> int:
    """Of the disk that the store is on, or will be."""
    folder = store.resolve()
    while not os.path.exists(folder):  # also where its name is too long, or the way to it may not be gone
        folder = folder.parent
    return shutil.disk_usage(folder).free


def _time(cost: Cost, runs: int, parallel: int | None) -> str:
    if parallel is None:
        return f"{duration(max(cost.seconds, 1.0))} of one core of this machine"
    workers = min(parallel, runs)
    return f"{duration(max(cost.seconds / workers, 1.0))} on {workers} worker{'s' if workers != 1 else ''}"


def _runs(count: int) -> str:
    return f"{count} run{'s' if count != 1 else ''}"


def _say(text: str, style: str = "") -> None:
    console_for(to_stderr=True).print(text, style=style, soft_wrap=True, markup=False)
