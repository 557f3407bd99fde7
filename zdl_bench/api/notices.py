"""What a sweep says before, during and after its runs."""

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from zdl_bench.api.amounts import duration, size
from zdl_bench.api.estimate import Cost, estimated_cost
from zdl_bench.api.execution import Plan
from zdl_bench.api.voice import Voice
from zdl_bench.errors import printable
from zdl_bench.language import translatable, translate, translate_count
from zdl_bench.plan.data_sets import DataSetInUse
from zdl_bench.plan.stages import Stage
from zdl_bench.report.phrases import list_names
from zdl_bench.run.counts import count_of

ESTIMATED_STEPS = 100_000
"""Minimum number of steps of a sweep for which an estimate is worth two seconds. dry_run=true estimates every sweep."""
ENOUGH_DISK = 4 * 10**9
"""Free bytes that a sweep of fewer than ESTIMATED_STEPS steps cannot fill."""


def announce_data_sets(voice: Voice, in_use: Iterable[DataSetInUse]) -> None:
    """Warn if a different data set replaces the data set that the user asked for."""
    for used in in_use:
        if used.passed_over:
            voice.warn(
                translate(
                    "dataset={asked_for}: {missing_sets} is not on this machine (ZDL_BENCH_DATA is {looked}) and cannot be "
                    "downloaded. These runs use {used} instead, so their numbers differ from those of {missing_sets}. "
                    "To use {missing_sets}, set ZDL_BENCH_DATA to the folder of its files.",
                    asked_for=used.asked_for,
                    missing_sets=list_names(used.passed_over),
                    looked=os.environ.get("ZDL_BENCH_DATA") or translate("not set"),
                    used=used.choice.name,
                )
            )
            announce_passed_over(voice, (f"{name}: {reason}" for name, reason in used.passed_over.items()))


def announce_notices(voice: Voice, sentences: Iterable[str]) -> None:
    """Tell what was found in a user's own data, and which default sizes were too large for a data set."""
    for sentence in sentences:
        voice.say(printable(sentence))


def announce_passed_over(voice: Voice, reasons: Iterable[str]) -> None:
    """Tell the reasons why files or data sets were skipped in the search for the data."""
    for reason in reasons:
        voice.caution(printable(reason))


def announce_damaged(voice: Voice, aside: Path) -> None:
    voice.caution(translate("{path} was set aside: the file is damaged; its run is trained again", path=aside))


def announce_stage(voice: Voice, number: int, stage: Stage) -> None:
    """Tell what a stage trains, and warn about the decisions that led to it. Say nothing for a sweep of one stage."""
    if stage.plan:
        voice.say(translate("stage {number}: {words}", number=number, words=stage.decisions or stage.plan))
    for warning in stage.warnings:
        voice.warn(warning)


def announce_plan(voice: Voice, name: str, plan: Plan) -> None:
    missing, stored = len(plan.missing), len(plan.stored)
    some = translatable("{name}: {runs}, {missing} to train, {stored} in the store")
    none = translatable("{name}: {runs}, all in the store, nothing to train")
    runs = count_of(len(plan.configs), "run")
    voice.say(translate(some if missing else none, name=name, runs=runs, missing=missing, stored=stored))


def announce_cost(voice: Voice, plan: Plan, parallel: int | None, store: Path) -> None:
    """Tell how long a large sweep will take, and warn if the disk is too small for it."""
    if sum(config.steps for config in plan.missing) < ESTIMATED_STEPS and free_bytes(store) > ENOUGH_DISK:
        return
    cost = estimated_cost(plan.missing)
    if cost is not None:
        time = time_text(cost, len(plan.missing), parallel)
        voice.say(translate("about {time}, {size}", time=time, size=size(cost.bytes)))
        if warning := disk_warning(cost, store):
            voice.warn(warning)


def announce_stop(voice: Voice, missing: int, max_failures: int | None) -> None:
    voice.say(
        translate(
            "stopped: max_failures={most} is reached, with {runs} not trained yet. Start the same command again to continue.",
            most=max_failures,
            runs=count_of(missing, "run"),
        )
    )


def announce_lost(voice: Voice, gone: int, of: int, store: Path) -> None:
    voice.warn(
        translate_count(
            "{count} of {runs} is no longer in {store}: the files were removed, moved or changed while the sweep ran. Start "
            "the same command again to train these runs again.",
            "{count} of {runs} are no longer in {store}: the files were removed, moved or changed while the sweep ran. Start "
            "the same command again to train these runs again.",
            gone,
            runs=count_of(of, "run"),
            store=store,
        )
    )


def disk_warning(cost: Cost, store: Path) -> str:
    """Return a warning if the disk is too small, or an empty text if it is large enough."""
    free = free_bytes(store)
    if cost.bytes <= free:
        return ""
    return translate(
        "the runs need about {size}, but only {free} are free in {store}: free some space, or name another store with "
        "results_dir=DIR",
        size=size(cost.bytes),
        free=size(free),
        store=store,
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
        return translate("{time} of one core of this machine", time=duration(max(cost.seconds, 1.0)))
    workers = min(parallel, runs)
    time = duration(max(cost.seconds / workers, 1.0))
    return translate("{time} on {workers}", time=time, workers=count_of(workers, "worker"))
