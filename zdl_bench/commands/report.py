"""`report`: rebuild figures, tables and page of a sweep from the store."""

import sys
from collections.abc import Sequence

from zdl_bench.commands.parser import Parser
from zdl_bench.errors import printable, require
from zdl_bench.interrupts import signals_deferred
from zdl_bench.plan.keys import FORMATS
from zdl_bench.report.freshness import intact_runs, is_built_from, page_path, verdict_text
from zdl_bench.store.damage import about_engine, how_many_are_missing
from zdl_bench.store.manifest import Manifest
from zdl_bench.store.store import Store


def main(arguments: Sequence[str]) -> int:
    """Rebuild the report of a sweep and return the exit status."""
    parser = Parser("report", "rebuild figures, tables and page from stored runs")
    parser.add_sweep()
    parser.add_argument("--formats", default="png", metavar="A,B", help="formats of the figures: png, svg, pdf; default: png")
    options = parser.parse_args(arguments)
    formats = tuple(options.formats.split(","))
    require("--formats", options.formats, all(name in FORMATS for name in formats), f"choose from {', '.join(FORMATS)}")
    store = Store(options.results)
    store.require_existing()
    manifest = store.read_manifest(options.sweep) if options.sweep is not None else store.latest_manifest()
    intact = intact_runs(store, manifest)
    verdicts = update_report(store, manifest, formats, intact.checksums)
    if note := about_engine(intact.engine):
        print(f"{note}: {printable(manifest.command)}", file=sys.stderr)
    if intact.missing:
        words = how_many_are_missing(intact.missing, len(manifest.run_ids))
        print(f"{words}; train them with: {printable(manifest.command)}", file=sys.stderr)
    print(verdicts, end="")
    print(f"report: {page_path(store, manifest)}")
    return 0


def update_report(store: Store, manifest: Manifest, formats: Sequence[str], checksums: Sequence[str]) -> str:
    """Build the report unless it was already built from runs with these checksums. Return the verdicts of the report."""
    if not is_built_from(checksums, store, manifest, formats):
        with signals_deferred():  # imports take a second or two
            from zdl_bench.report.build import build_report

        build_report(store, manifest, formats)
    return verdict_text(store, store.read_manifest(manifest.name))
