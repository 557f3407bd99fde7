"""Build a sweep's report from the store."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from types import MappingProxyType

from zdl_bench.errors import DamagedFile, StoreError
from zdl_bench.language import ENGLISH, speaking, translate
from zdl_bench.registry.languages import language_named
from zdl_bench.report.chart import chart_of
from zdl_bench.report.comparison import comparisons_of
from zdl_bench.report.conclusions import all_runs, judged_page
from zdl_bench.report.figures.catalogue import sweep_figures
from zdl_bench.report.figures.style import house_style
from zdl_bench.report.files import Files
from zdl_bench.report.first_screen import first_screen
from zdl_bench.report.freshness import PAGE_FILE, VERDICTS_FILE, hash_of_inputs, page_path
from zdl_bench.report.language_fonts import figure_language, font_hint
from zdl_bench.report.page import Page
from zdl_bench.report.rendering import render
from zdl_bench.report.section import axis_section, comparison_section
from zdl_bench.report.tables.claims import claim_table, page_verdicts
from zdl_bench.report.tables.runs import environment_table, missing_table, runs_table, settings_table
from zdl_bench.report.words.findings import findings_markdown
from zdl_bench.report.words.looks import about_looks, about_looks_before_plan
from zdl_bench.report.words.notes import notes_of
from zdl_bench.report.words.page_error import page_error_text
from zdl_bench.report.words.verdicts import verdict_lines
from zdl_bench.run.presentation import PLAIN, Presentation
from zdl_bench.run.run import Run
from zdl_bench.store.damage import how_many_are_missing
from zdl_bench.store.manifest import Manifest, Report
from zdl_bench.store.store import Store


def build_report(store: Store, manifest: Manifest, formats: Sequence[str], presentation: Presentation = PLAIN) -> Path:
    """Write report.html, figures/ and tables/ into the sweep's folder, and return the path of the page.

    The report leaves out damaged runs, and runs of other engines than the one it shows, and names them. Raise StoreError if no
    run is left.
    """
    found = store.read_all(manifest.run_ids)
    found = found.of_engine(found.engine)
    if not found.runs:
        damaged = [error for error in found.missing.values() if isinstance(error, DamagedFile)]
        raise next(iter(damaged), StoreError(f"no run of {manifest.name} is stored; run the sweep again: {manifest.command}"))
    runs, hashes = zip(*found.runs, strict=True)
    checksums = [each.content for each in hashes]
    with speaking(language_named(presentation.language)):
        files = report_files(manifest, runs, formats, found.missing, presentation)
        of_figures = figure_language().code
    store.replace_report(manifest.name, files)
    inputs = hash_of_inputs(manifest, formats, checksums, presentation)
    built = Report(inputs, sorted(files), list(formats), figure_language=of_figures).to_look(presentation)
    now = store.find_manifest(manifest.name) or manifest  # the sweep may have finished in the meantime
    store.write_manifest(replace(now, report=built))
    return page_path(store, manifest)


def report_files(
    manifest: Manifest,
    runs: Sequence[Run],
    formats: Sequence[str],
    missing: Mapping[str, StoreError] = MappingProxyType({}),
    presentation: Presentation = PLAIN,
) -> dict[str, bytes]:
    """Map the path of each file of the report, relative to the sweep's folder, to the content of the file.

    The same runs give the same bytes. missing: maps the id of each run that cannot be read to the error.
    """
    experiment = manifest.as_experiment
    comparisons = comparisons_of(runs, experiment.tuning_seeds, experiment.tuned_keys)
    files = Files(formats, comparisons[0].keys, presentation)
    everything = all_runs(comparisons)
    tests, judged = judged_page(manifest, comparisons)
    with house_style(presentation):
        first = first_screen(tests, judged, files)
        hint = font_hint()
        axes = [axis_section(*axis, files) for axis in tests.axes]
        parts = [comparison_section(standings, files) for standings in tests.standings]
        across = [files.add_figure(figure) for figure in sweep_figures(comparisons)]
    environment = files.add_table(partial(environment_table, runs)).on_page()
    settings = files.add_table(partial(settings_table, comparisons)).on_page()
    files.add_table(partial(missing_table, missing))
    files.add_numbers("runs", everything)
    with speaking(ENGLISH):
        files.add_numbers("claims", claim_table(judged))
    texts = {
        "tables/findings.md": findings_markdown(files.findings),
        VERDICTS_FILE: "".join(f"{line}\n" for line in verdict_lines(judged)),
    }
    files.contents |= {path: text.encode() for path, text in texts.items() if text}
    page = Page(
        name=manifest.name,
        title=manifest.title,
        source=experiment.source,
        command=manifest.command,
        made=_made(manifest),
        error=page_error_text(tests.standings),
        run_count=len(manifest.run_ids),
        notes=[
            *(about_looks_before_plan(manifest.looks) if manifest.until else about_looks(manifest.looks, comparisons)),
            *filter(None, [hint]),
            *notes_of(how_many_are_missing(missing, len(manifest.run_ids)), runs, comparisons),
        ],
        verdicts=page_verdicts(judged),
        first=first,
        axes=axes,
        across=across,
        parts=parts,
        chart=chart_of(comparisons),
        runs=runs_table(everything).on_page(),
        settings=settings,
        environment=environment,
        downloads=sorted(path for path in files.contents if path.startswith("tables/")),
    )
    return files.contents | {PAGE_FILE: render(page).encode()}


def _made(manifest: Manifest) -> str:
    """Return the text that says when the sweep started and finished."""
    started = datetime.fromisoformat(manifest.started)
    if manifest.finished is None:
        return translate("started {start:%Y-%m-%d %H:%M} UTC, not finished", start=started)
    end = datetime.fromisoformat(manifest.finished)
    return translate("{start:%Y-%m-%d %H:%M:%S} to {end:%Y-%m-%d %H:%M:%S} UTC", start=started, end=end)
