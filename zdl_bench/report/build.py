"""Build a sweep's report from the store."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

import pandas as pd

from zdl_bench.errors import DamagedFile, StoreError
from zdl_bench.report.chart import chart_of
from zdl_bench.report.comparison import comparisons_of
from zdl_bench.report.figures.catalogue import sweep_figures
from zdl_bench.report.figures.style import LOOK, house_style
from zdl_bench.report.files import Files
from zdl_bench.report.freshness import PAGE_FILE, VERDICTS_FILE, hash_of_inputs, page_path
from zdl_bench.report.page import Page
from zdl_bench.report.page_budget import page_standings
from zdl_bench.report.rendering import render
from zdl_bench.report.section import comparison_section
from zdl_bench.report.tables.claims import claim_table, page_verdicts
from zdl_bench.report.tables.runs import environment_table, missing_table, runs_table, settings_table
from zdl_bench.report.words.findings import findings_markdown
from zdl_bench.report.words.looks import about_looks
from zdl_bench.report.words.notes import notes_of
from zdl_bench.report.words.page_error import page_error_text
from zdl_bench.report.words.verdicts import verdict_lines
from zdl_bench.run.run import Run
from zdl_bench.statistics.verdict import judge_experiment
from zdl_bench.store.damage import how_many_are_missing
from zdl_bench.store.manifest import Manifest, Report
from zdl_bench.store.store import Store


def build_report(store: Store, manifest: Manifest, formats: Sequence[str]) -> Path:
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
    files = report_files(manifest, runs, formats, found.missing)
    store.replace_report(manifest.name, files)
    built = Report(hash_of_inputs(manifest, formats, checksums), sorted(files), list(formats))
    now = store.find_manifest(manifest.name) or manifest  # the sweep may have finished in the meantime
    store.write_manifest(replace(now, report=built))
    return page_path(store, manifest)


def report_files(
    manifest: Manifest, runs: Sequence[Run], formats: Sequence[str], missing: Mapping[str, StoreError] = MappingProxyType({})
) -> dict[str, bytes]:
    """Map the path of each file of the report, relative to the sweep's folder, to the content of the file.

    The same runs give the same bytes. missing: maps the id of each run that cannot be read to the error.
    """
    files = Files(formats)
    experiment = manifest.as_experiment
    comparisons = comparisons_of(runs, experiment.tuning_seeds)
    everything = pd.concat([one.runs for one in comparisons], ignore_index=True).drop(columns=list(LOOK))
    judged = judge_experiment(experiment, everything)
    every = page_standings(comparisons, judged, manifest)
    with house_style():
        parts = [comparison_section(standings, files) for standings in every]
        across = [files.add_figure(figure) for figure in sweep_figures(comparisons)]
    environment = files.add_table(environment_table(runs))
    settings = files.add_table(settings_table(comparisons))
    files.add_table(missing_table(missing))
    files.add_numbers("runs", everything)
    files.add_numbers("claims", claim_table(judged))
    texts = {
        "tables/findings.md": findings_markdown(parts),
        VERDICTS_FILE: "".join(f"{line}\n" for line in verdict_lines(judged)),
    }
    files.contents |= {path: text.encode() for path, text in texts.items() if text}
    page = Page(
        name=manifest.name,
        title=manifest.title,
        source=experiment.source,
        command=manifest.command,
        made=_made(manifest),
        error=page_error_text(every),
        run_count=len(manifest.run_ids),
        notes=[
            *about_looks(manifest.looks, comparisons),
            *notes_of(how_many_are_missing(missing, len(manifest.run_ids)), runs, comparisons),
        ],
        verdicts=page_verdicts(judged),
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
        return f"started {started:%Y-%m-%d %H:%M} UTC, not finished"
    return f"{started:%Y-%m-%d %H:%M:%S} to {datetime.fromisoformat(manifest.finished):%Y-%m-%d %H:%M:%S} UTC"
