"""What `dry_run=true` prints: the plan of a sweep, without any training."""

from collections.abc import Iterator, Sequence
from functools import partial

from zdl_bench.commands.estimate import Cost, estimated_cost
from zdl_bench.commands.execution import Plan
from zdl_bench.commands.notices import disk_warning, free_bytes, runs_text, time_text, warn
from zdl_bench.commands.terminal import console_for, size
from zdl_bench.statistics.look_plan import LookPlan
from zdl_bench.store.manifest import Manifest
from zdl_bench.store.store import Store


def print_dry_run(
    manifest: Manifest, plan: Plan, stages: Sequence[tuple[str, int]], parallel: int | None, store: Store
) -> None:
    """Print the plan on stdout: the number of runs, how many of them are stored, the time and the disk space.

    stages: each in words, with its number of runs.
    """
    say = partial(console_for().print, soft_wrap=True, markup=False)
    missing, until = len(plan.missing), manifest.until
    cost = estimated_cost(plan.missing) if missing else Cost(0.0, 0.0)
    damaged = f" ({len(plan.damaged)} damaged in the store)" if plan.damaged else ""
    most = "at most " if until and missing else ""
    say(f"sweep: {manifest.name}")
    say(f"runs:  {most}{len(plan.configs)}; {most}{missing} to train{damaged}, {len(plan.stored)} in the store")
    for number, (words, runs) in enumerate(stages, start=1):
        if words:
            say(f"stage {number}: {words}: {most if number == len(stages) else ''}{runs_text(runs)}")
    for line in _lines(manifest, plan, store):
        say(line)
    if cost is None:
        say("time:  unknown, because trials of a few steps did not finish")
        return
    say(f"time:  {f'about {time_text(cost, missing, parallel)}' if missing else 'none'}")
    say(f"disk:  {size(cost.bytes)} of {size(free_bytes(store.root))} that are free in {store.root}")
    warn(disk_warning(cost, store.root))


def _lines(manifest: Manifest, plan: Plan, store: Store) -> Iterator[str]:
    """Yield at which numbers of seeds the sweep looks, or what the planned seeds would find."""
    if manifest.until:
        looks = LookPlan(manifest.until.max_seeds, manifest.until.margin).looks
        yield f"looks: with {', '.join(map(str, looks))} seeds; each trains only what is still open"
    elif plan.stored:
        from zdl_bench.commands.power import power_lines  # imports pandas and SciPy

        yield from power_lines(plan, store, manifest.as_experiment.tuning_seeds)
