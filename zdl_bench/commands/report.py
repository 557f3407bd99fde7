"""`report`: rebuild figures, tables and page of a sweep from the store."""

import sys
from collections.abc import Sequence

from zdl_bench.api.current_report import require_drawable, update_report
from zdl_bench.commands.parser import Parser
from zdl_bench.commands.summary import results_table
from zdl_bench.commands.terminal import console_for, say_answer
from zdl_bench.errors import StoreError, printable, require
from zdl_bench.language import speaking, translate
from zdl_bench.registry.languages import language_named
from zdl_bench.report.freshness import answer_lines, intact_runs, page_path
from zdl_bench.run.presentation import PLAIN, Presentation, formats_of
from zdl_bench.store.damage import about_engine, remedy_for_missing
from zdl_bench.store.manifest import Manifest
from zdl_bench.store.store import Store
from zdl_bench.store.summaries import summarize

MAX_TABLE_RUNS = 2000
"""Largest number of runs that are read again for the table on the terminal, which takes about a second."""


def main(arguments: Sequence[str]) -> int:
    """Rebuild the report of a sweep and return the exit status."""
    parser = Parser("report", "rebuild figures, tables and page from stored runs")
    words = (
        "a sweep's name (default: the latest sweep), and keys such as figure.style=paper, figure.width=89, 'table.columns=[…]' "
        "(what no key names stays as it is)"
    )
    parser.add_argument("words", nargs="*", metavar="[SWEEP] [KEY=VALUE]", help=words)
    kinds = "formats of the figures, beside those that are there: png, svg, pdf; default: png"
    parser.add_argument("--formats", default="png", metavar="A,B", help=kinds)
    options = parser.parse_intermixed_args(arguments)
    names, keys = ([word for word in options.words if ("=" in word) == is_key] for is_key in (False, True))
    require("SWEEP", " ".join(names), len(names) <= 1, "give the name of one sweep")
    formats = formats_of("--formats", options.formats.split(","))
    store = Store(options.results)
    try:
        store.require_existing()
        manifest = store.read_manifest(names[0]) if names else store.latest_manifest()
    except StoreError:
        require_drawable(_changed(PLAIN, keys))  # a wrong key is named before a missing sweep
        raise
    presentation = _changed(manifest.report.presentation, keys)
    require_drawable(presentation)
    with speaking(language_named(presentation.language)):
        return _rebuild(store, manifest, formats, presentation)


def _rebuild(store: Store, manifest: Manifest, formats: Sequence[str], presentation: Presentation) -> int:
    """Build the report of a sweep, and print its results, its verdicts and its answer."""
    intact = intact_runs(store, manifest)
    verdicts = update_report(store, manifest, formats, intact.checksums, presentation)
    if note := about_engine(intact.engine):
        print(f"{note}: {printable(manifest.command)}", file=sys.stderr)
    if intact.missing:
        print(remedy_for_missing(intact.missing, manifest), file=sys.stderr)
    if len(intact.checksums) <= MAX_TABLE_RUNS:
        found = store.read_all(manifest.run_ids).of_engine(intact.engine)
        console_for().print(results_table([summarize(*one) for one in found.runs], manifest.as_experiment.tuning_seeds))
    print(verdicts, end="")
    print(translate("report: {path}", path=page_path(store, manifest)))
    say_answer(answer_lines(store, store.read_manifest(manifest.name)))
    return 0


def _changed(presentation: Presentation, keys: Sequence[str]) -> Presentation:
    """Return the look with what the keys change. Raise ConfigError if one is wrong."""
    if not keys:
        return presentation
    from zdl_bench.plan.sweep_keys import presentation_in  # imports Hydra

    return presentation_in(keys, presentation)
