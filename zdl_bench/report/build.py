"""Builds a sweep's report from the store."""

import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import matplotlib as mpl
import pandas as pd
from matplotlib.figure import Figure

from zdl_bench.errors import StoreError
from zdl_bench.experiment import Experiment
from zdl_bench.figures.style import house_style
from zdl_bench.report.across import performance_profiles
from zdl_bench.report.comparison import Comparison, comparisons_of
from zdl_bench.report.drawn import Drawn
from zdl_bench.report.figures import figures_of
from zdl_bench.report.freshness import PAGE, VERDICTS, fingerprint, page_path, stored_ids
from zdl_bench.report.page import PageFigure, PagePart, PageTable, render
from zdl_bench.report.tables import (
    condition_table,
    csv,
    environment_table,
    failure_table,
    markdown,
    reading_table,
    run_list,
)
from zdl_bench.report.verdicts import claim_table, page_verdicts, verdict_lines
from zdl_bench.run import Run
from zdl_bench.statistics.verdicts import judge_experiment
from zdl_bench.store import Manifest, Report, Store

mpl.use("agg")

import matplotlib.pyplot as plt


def build_report(store: Store, manifest: Manifest, formats: Sequence[str]) -> Path:
    """Writes report.html, figures/ and tables/ into the sweep's folder; returns the page's path.

    Raises StoreError where no run of the sweep is stored, DamagedFile for a file that is not sound.
    """
    runs = [store.read(run_id) for run_id in stored_ids(store, manifest)]
    if not runs:
        raise StoreError(f"no run of {manifest.name} is stored; run its command: {manifest.command}")
    files = report_files(manifest, runs, formats)
    store.replace_report(manifest.name, files)
    built = Report(fingerprint(store, manifest, formats), sorted(files), list(formats))
    store.write_manifest(replace(manifest, report=built))
    return page_path(store, manifest)


def report_files(manifest: Manifest, runs: Sequence[Run], formats: Sequence[str]) -> dict[str, bytes]:
    """Every file of the report, by its path below the sweep's folder; the same bytes for the same runs."""
    files: dict[str, bytes] = {}
    parts = []
    experiment = Experiment.of(manifest.name, manifest.experiment or {})  # a sweep that is none has no claims, no tuning seeds
    comparisons = list(comparisons_of(runs, experiment.tuning_seeds))
    with house_style():
        for comparison in comparisons:
            part, part_files = _comparison_part(comparison, formats)
            parts.append(part)
            files |= part_files
        across = _on_page(performance_profiles(comparisons), "", formats, files)
    everything = pd.concat([one.runs.assign(setting=one.setting) for one in comparisons], ignore_index=True)
    files["tables/runs.csv"] = csv(everything).encode()
    judged = judge_experiment(experiment, everything)
    if judged:
        files["tables/claims.csv"] = csv(claim_table(judged)).encode()
        files[VERDICTS] = "".join(f"{line}\n" for line in verdict_lines(judged)).encode()
    files[PAGE] = render(
        name=manifest.name,
        title=manifest.title,
        source=experiment.source,
        command=manifest.command,
        run_count=len(manifest.run_ids),
        missing=len(manifest.run_ids) - len(runs),
        verdicts=page_verdicts(judged),
        across=across,
        parts=parts,
        runs=PageTable.of_frame(run_list(everything)),
        environment=PageTable.of_frame(environment_table(runs)),
    ).encode()
    return files


def _comparison_part(comparison: Comparison, formats: Sequence[str]) -> tuple[PagePart, dict[str, bytes]]:
    """What the page shows of a comparison, and the files of its figures and tables."""
    conditions = condition_table(comparison.runs, comparison.tuning_seeds)
    reading = reading_table(conditions)
    files = {
        f"tables/convergence{comparison.slug}.csv": csv(conditions).encode(),
        f"tables/convergence{comparison.slug}.md": markdown(reading).encode(),
    }
    on_page: list[PageFigure] = []
    for drawn in figures_of(comparison):
        on_page += _on_page(drawn, comparison.slug, formats, files)
    part = PagePart(
        heading=comparison.setting or "Comparison",
        context=comparison.context,
        figures=on_page,
        conditions=PageTable.of_frame(reading),
        failures=PageTable.of_frame(failure_table(comparison.runs)),
    )
    return part, files


def _on_page(drawn: Drawn | None, slug: str, formats: Sequence[str], files: dict[str, bytes]) -> list[PageFigure]:
    """Adds the figure to the files, closes it, and gives what the page shows of it: nothing where there is none."""
    if drawn is None:
        return []
    images = {suffix: _image(drawn.figure, suffix) for suffix in sorted({*formats, "png"})}
    plt.close(drawn.figure)
    files |= {f"figures/{drawn.name}{slug}.{suffix}": images[suffix] for suffix in formats}
    return [PageFigure.of_bytes(drawn.title, drawn.description, images["png"])]


def _image(figure: Figure, suffix: str) -> bytes:
    """The figure as a file, without a date, so that the same figure gives the same bytes."""
    undated = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}
    stream = io.BytesIO()
    figure.savefig(stream, format=suffix, metadata=undated.get(suffix))
    return stream.getvalue()
