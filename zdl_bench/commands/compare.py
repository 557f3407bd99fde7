"""`compare`: what differs between two sweeps, and whether something got worse."""

import argparse
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from zdl_bench.commands.parser import Parser
from zdl_bench.errors import StoreError, require
from zdl_bench.interrupts import signals_deferred
from zdl_bench.language import later
from zdl_bench.run.config import ENGINE_VERSION
from zdl_bench.run.run import Run
from zdl_bench.store.manifest import Manifest
from zdl_bench.store.store import Store

if TYPE_CHECKING:
    from zdl_bench.report.sweep_change import SweepChange

FORMATS_OF_CHANGE = ("text", "markdown", "json")


def main(arguments: Sequence[str]) -> int:
    """Compare two sweeps, print what differs, and return 1 if something is shown to be worse beyond the margin."""
    options = _options(arguments)
    require("--margin", options.margin, 1 <= options.margin < math.inf, "give a ratio from 1 on, for example 1.05")
    after = Store(options.results)
    before = Store(options.against) if options.against is not None else after
    for store in {before.root: before, after.root: after}.values():
        store.require_existing()
    first, second, change = _compared(before, after, options)
    if not change.same and not change.changes:
        reasons = "; ".join(change.undecidable.values()) or "they have no optimizer with the same config"
        raise StoreError(f"{first} and {second} cannot be compared: {reasons}")
    with signals_deferred():
        from zdl_bench.report.words.changes import change_text

    print(change_text(change, (first, second), options.margin, options.format), end="")
    return 1 if change.beyond(options.margin) else 0


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = Parser("compare", "show what differs between two sweeps; exit with 1 if something got worse beyond the margin")
    parser.add_argument("before", metavar="A", help="a sweep's name")
    parser.add_argument(
        "after",
        nargs="?",
        metavar="B",
        help="the sweep to compare with A; default: A itself, before it in the store of --against or trained with earlier code",
    )
    parser.add_argument("--against", metavar="STORE", help="the folder of the store with A; default: that of --results")
    parser.add_argument("--margin", type=float, default=1.05, metavar="RATIO", help="tolerated worsening; default: 1.05")
    parser.add_argument("--format", default="text", choices=FORMATS_OF_CHANGE, help="default: text")
    return parser.parse_args(arguments)


def _compared(before: Store, after: Store, options: argparse.Namespace) -> tuple[str, str, "SweepChange"]:
    """Return the names of both sweeps and what differs between their runs."""
    manifest = after.read_manifest(options.after or options.before)
    runs = _judged_runs(after, manifest)
    with signals_deferred():  # imports take a second or two
        from zdl_bench.commands.earlier_code import runs_with_earlier_code
        from zdl_bench.report.sweep_change import compare_sweeps

    if options.after is None and options.against is None:
        earlier = runs_with_earlier_code(after, manifest, runs)
        return later("{name} with earlier code", name=manifest.name), manifest.name, compare_sweeps(earlier, runs)
    other = before.read_manifest(options.before)
    asked = [one.as_experiment for one in (other, manifest)]
    are_tuned = all(one.tuning_seeds for one in asked)
    chosen = {"lr", *asked[0].tuned_keys, *asked[1].tuned_keys} if are_tuned else ()
    names: list[str] = [other.name, manifest.name]
    if options.against is not None:
        places = ((other, before), (manifest, after))
        names = [later("{name} in {store}", name=one.name, store=store.root) for one, store in places]
    return names[0], names[1], compare_sweeps(_judged_runs(before, other), runs, chosen)


def _judged_runs(store: Store, manifest: Manifest) -> list[Run]:
    """Return the runs of a sweep except those on tuning seeds. Raise StoreError unless every planned run can be read."""
    found = store.read_all(manifest.run_ids).of_engine(ENGINE_VERSION)
    if found.missing:
        raise StoreError(
            f"{len(found.missing)} of {len(manifest.run_ids)} runs of {manifest.name} in {store.root} are missing "
            f"({next(iter(found.missing.values()))}); run its command: {manifest.command}"
        )
    tuning = {*manifest.as_experiment.tuning_seeds}
    return [run for run, _ in found.runs if run.config.seed not in tuning]
