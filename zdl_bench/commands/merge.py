"""`merge`: take over the runs and sweeps of other stores, after a check of each run and a second training of a sample."""

import random
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace

from zdl_bench.commands.arrivals import Arrivals, StoreCheck
from zdl_bench.commands.comparison import Agreement
from zdl_bench.commands.parser import Parser
from zdl_bench.commands.verify import require_sensible, verify_sample
from zdl_bench.commands.verify_output import print_each
from zdl_bench.errors import ConfigError, StoreError, printable, require
from zdl_bench.kernels.choice import require_wanted
from zdl_bench.language import translatable, translate
from zdl_bench.run.counts import count_of
from zdl_bench.store.manifest import Manifest
from zdl_bench.store.pooling import Place, as_kept_in, have_same_plan, pooled, renamed
from zdl_bench.store.store import Store

DEFAULT_SAMPLE = 3
MAX_TRIED = 20
"""The largest number of runs that are tried per store in the search for those that can be trained here."""


def main(arguments: Sequence[str]) -> int:
    """Merge stores into one. Return 1 if a run of them cannot be repeated, 2 if a file is damaged, otherwise 0."""
    parser = Parser("merge", "take over the runs and sweeps of other stores, each run checked")
    parser.add_argument("stores", nargs="+", metavar="STORE", help="the folder of a store")
    parser.add_argument(
        "--verify",
        type=int,
        default=DEFAULT_SAMPLE,
        metavar="N",
        help="train N new runs of each store again before any is taken; 0 trusts the stores; default: 3",
    )
    parser.add_argument("--timeout", type=float, metavar="SECONDS", help="stop a run after this time; default: no limit")
    options = parser.parse_args(arguments)
    require("--verify", options.verify, options.verify >= 0, "give the number of runs to train again, 0 or more")
    require_wanted()
    require_sensible(None, options.timeout)
    ours, stores = Store(options.results), [Store(folder) for folder in options.stores]
    for store in stores:
        store.require_existing()
        require("STORE", store.root, not _is_same(ours, store), "this is the store to merge into; name another one")
        for name in sorted({*store.sweep_names()} & {*ours.sweep_names()}):
            ours.read_manifest(name)  # raises DamagedFile before anything is taken over
    arrivals = Arrivals(ours)
    checks = [arrivals.check(store) for store in stores]
    repeated = [_is_repeated(check, options.verify, options.timeout) for check in checks if options.verify]
    if not all(repeated):
        print(
            "error: runs to be merged give other results here, so nothing was merged; --verify 0 takes them unverified",
            file=sys.stderr,
        )
        return 1
    with ours.in_use():
        ours.tidy()
        arrivals.take()
        lines = [line for store in stores for line in _merge_sweeps(ours, store)]
    for line in [*map(_about_runs, checks), *lines]:
        print(printable(line))
    return _exit_status(checks)


def _is_same(ours: Store, theirs: Store) -> bool:
    return ours.root.exists() and ours.root.samefile(theirs.root)


def _is_repeated(check: StoreCheck, count: int, timeout: float | None) -> bool:
    """Train a random sample of a store's new runs again. Return whether each gave the same bits.

    Raise StoreError if there are runs, but none of them can be trained here.
    """
    if not check.trainable:
        return True
    drawn = random.SystemRandom().sample(check.trainable, min(len(check.trainable), max(count, MAX_TRIED)))
    sample, runs = min(count, len(drawn)), count_of(len(check.new), "run")
    words = translate("{store}: training {count} of {runs} again", store=check.store.root, count=sample, runs=runs)
    print(words, file=sys.stderr)
    found = {one.agreement for one in print_each(verify_sample(check.store, drawn, count, timeout))}
    if found <= {Agreement.UNTRAINABLE}:
        raise StoreError(
            f"{check.store.root}: no run of it can be trained here, so nothing was merged; install what the runs need, or take "
            "them unverified with --verify 0"
        )
    return found <= {Agreement.UNTRAINABLE, Agreement.SAME_BITS}


def _merge_sweeps(ours: Store, theirs: Store) -> Iterator[str]:
    """Take over the sweeps of a store whose manifests can be read. Yield a line for each."""
    for manifest in filter(None, map(theirs.find_manifest, theirs.sweep_names())):
        yield _merge_sweep(ours, manifest)


def _merge_sweep(ours: Store, manifest: Manifest) -> str:
    arriving, name = as_kept_in(ours.root, manifest), manifest.name
    if name not in ours.sweep_names():
        ours.write_manifest(arriving)
        runs = count_of(len(manifest.run_ids), "run")
        return translate("{name}: new, {runs}; `report {name}` makes its report", name=name, runs=runs)
    present = ours.read_manifest(name)
    has_same_runs = {*present.run_ids} == {*manifest.run_ids}
    places = {} if has_same_runs else _places(ours, [*present.run_ids, *manifest.run_ids])
    is_same = have_same_plan(present, arriving, places)
    if is_same:
        merged = pooled(present, arriving, places)
        if merged == present:
            return translate("{name}: here already", name=name)
        ours.write_manifest(merged)
        added, total = len(merged.run_ids) - len(present.run_ids), len(merged.run_ids)
        longer = translatable("{name}: {added} more runs of the same plan, {total} in all")
        return translate(longer if added else translatable("{name}: updated"), name=name, added=added, total=total)
    other = renamed(arriving)
    if other.name not in ours.sweep_names():
        ours.write_manifest(other)
    missing = count_of(len({*present.run_ids, *manifest.run_ids} - places.keys()), "run")
    unknown = translatable(
        "{name}: without {missing} that cannot be read, nobody can tell whether it has the plan of the sweep {name} that is "
        "here, so it is stored as {other}"
    )
    different = translatable("{name}: another plan than the sweep {name} that is here, so it is stored as {other}")
    return translate(unknown if is_same is None else different, name=name, missing=missing, other=other.name)


def _places(store: Store, run_ids: Iterable[str]) -> dict[str, Place]:
    """Return the place in its plan of each run that is stored."""
    found = {}
    for run_id in dict.fromkeys(run_ids):
        with suppress(StoreError, ConfigError):
            config = store.read_config(run_id)
            found[run_id] = Place(replace(config, seed=0).run_id, config.seed)
    return found


def _about_runs(check: StoreCheck) -> str:
    total = len(check.new) + check.here + len(check.damaged)
    return translate(
        "{store}: {runs}, {new} new, {here} here already",
        store=check.store.root,
        runs=count_of(total, "run"),
        new=len(check.new),
        here=check.here,
    )


def _exit_status(checks: Sequence[StoreCheck]) -> int:
    """Name what is damaged on stderr. Return 2 if anything is, otherwise 0."""
    errors: list[StoreError] = []
    for check in checks:
        errors += check.damaged.values()
        for name in check.store.sweep_names():
            try:
                check.store.read_manifest(name)
            except StoreError as error:
                errors.append(error)
    for one in errors:
        print(f"error: not merged: {printable(str(one))}", file=sys.stderr)
    return 2 if errors else 0
