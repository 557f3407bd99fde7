"""What `dry_run=true` shows: the plan of a sweep, without any training."""

from collections.abc import Iterator, Sequence

from zdl_bench.api.amounts import size
from zdl_bench.api.estimate import Cost, estimated_cost
from zdl_bench.api.execution import Plan
from zdl_bench.api.labels import aligned
from zdl_bench.api.notices import disk_warning, free_bytes, time_text
from zdl_bench.api.voice import Voice
from zdl_bench.interrupts import signals_deferred
from zdl_bench.language import translatable, translate, translate_list
from zdl_bench.run.counts import count_of
from zdl_bench.statistics.look_plan import LookPlan
from zdl_bench.store.manifest import Manifest
from zdl_bench.store.store import Store

SWEEP, RUNS, TIME, DISK, LOOKS, POWER_OF_PLAN = PLAN_LABELS = (
    translatable("sweep:"),
    translatable("runs:"),
    translatable("time:"),
    translatable("disk:"),
    translatable("looks:"),
    translatable("power:"),
)
PLAIN_COUNT = "{count}"


def show_dry_run(
    voice: Voice, manifest: Manifest, plan: Plan, stages: Sequence[tuple[str, int]], parallel: int | None, store: Store
) -> None:
    """Show the plan: the number of runs, how many of them are stored, the time and the disk space.

    stages: each in words, with its number of runs.
    """
    missing, until = len(plan.missing), manifest.until
    cost = estimated_cost(plan.missing) if missing else Cost(0.0, 0.0)
    at_most = translatable("at most {count}") if until and missing else PLAIN_COUNT
    label = aligned(PLAN_LABELS)
    voice.plan(label[SWEEP] + manifest.name)
    voice.plan(label[RUNS] + _runs_text(plan, at_most))
    for number, (words, runs) in enumerate(stages, start=1):
        if words:
            template = at_most if number == len(stages) else PLAIN_COUNT
            of_stage = translate(template, count=count_of(runs, "run"))
            voice.plan(translate("stage {number}: {words}: {runs}", number=number, words=words, runs=of_stage))
    for kind, line in _lines(manifest, plan, store):
        voice.plan(label[kind] + line)
    if cost is None:
        voice.plan(label[TIME] + translate("unknown, because trials of a few steps did not finish"))
        return
    about = translate("about {time}", time=time_text(cost, missing, parallel)) if missing else translate("none")
    voice.plan(label[TIME] + about)
    needed, free = size(cost.bytes), size(free_bytes(store.root))
    voice.plan(label[DISK] + translate("{size} of {free} that are free in {store}", size=needed, free=free, store=store.root))
    if warning := disk_warning(cost, store.root):
        voice.warn(warning)


def _runs_text(plan: Plan, at_most: str) -> str:
    """Return how many runs there are. at_most: the text around a number that is perhaps not reached."""
    some = translatable("{planned}; {missing} to train, {stored} in the store")
    damaged = translatable("{planned}; {missing} to train ({damaged} damaged in the store), {stored} in the store")
    return translate(
        damaged if plan.damaged else some,
        planned=translate(at_most, count=len(plan.configs)),
        missing=translate(at_most, count=len(plan.missing)),
        damaged=len(plan.damaged),
        stored=len(plan.stored),
    )


def _lines(manifest: Manifest, plan: Plan, store: Store) -> Iterator[tuple[str, str]]:
    """Yield, each with its label, at which numbers of seeds the sweep looks, or what the planned seeds would find."""
    if manifest.until:
        looks = LookPlan(manifest.until.max_seeds, manifest.until.margin).looks
        numbers = translate_list(map(str, looks))
        yield LOOKS, translate("with {numbers} seeds; each trains only what is still open", numbers=numbers)
    elif plan.stored and not manifest.as_experiment.claims:  # claims have all of the error of a page
        with signals_deferred():  # pandas and SciPy take a second or two
            from zdl_bench.api.power import power_lines

        yield from ((POWER_OF_PLAN, line) for line in power_lines(plan, store, manifest.as_experiment))
