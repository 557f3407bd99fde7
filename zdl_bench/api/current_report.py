"""The report of a sweep, built again only if something changed."""

from collections.abc import Sequence

from zdl_bench.interrupts import signals_deferred
from zdl_bench.report.freshness import is_built_from, verdict_text, with_formats_of
from zdl_bench.report.print_columns import require_columns
from zdl_bench.run.presentation import PLAIN, Presentation
from zdl_bench.store.manifest import Manifest
from zdl_bench.store.store import Store


def require_drawable(presentation: Presentation) -> None:
    """Raise ConfigError if the style file cannot be read or a column of a table does not exist."""
    require_columns(presentation.columns)
    if presentation.style_file:
        with signals_deferred():  # the import of matplotlib takes a while
            from zdl_bench.report.figures.settings import settings_of
        settings_of(presentation)


def update_report(
    store: Store,
    manifest: Manifest,
    formats: Sequence[str],
    checksums: Sequence[str],
    presentation: Presentation = PLAIN,
) -> str:
    """Build the report unless it was already built from runs with these checksums. Return the verdicts of the report.

    The formats of figures that the report has already are kept.
    """
    formats = with_formats_of(manifest.report, formats)
    if not is_built_from(checksums, store, manifest, formats, presentation):
        with signals_deferred():  # imports take a second or two
            from zdl_bench.report.build import build_report

        build_report(store, manifest, formats, presentation)
    return verdict_text(store, store.read_manifest(manifest.name))
