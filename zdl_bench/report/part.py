"""A comparison → its part of the page, and its files."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pandas as pd

from zdl_bench.report.comparison import Comparison
from zdl_bench.report.comparison_tables import comparison_table
from zdl_bench.report.condition_tables import condition_table, optimizer_table
from zdl_bench.report.drawn import Drawn, image, webp_of
from zdl_bench.report.figures import figures_of
from zdl_bench.report.findings import findings_of
from zdl_bench.report.page import PageFigure, PagePart, PageTable
from zdl_bench.report.run_tables import failure_table
from zdl_bench.report.standing_figures import standing_figures
from zdl_bench.report.standings import Standings
from zdl_bench.report.tables import Table


@dataclass
class Files:
    """The files of a report, by their paths below the sweep's folder; figures in the formats asked for."""

    formats: Sequence[str]
    contents: dict[str, bytes] = field(default_factory=dict)

    def add_table(self, table: Table, slug: str = "") -> PageTable:
        """Keeps the table's files, and gives what the page shows of it."""
        self.contents |= table.files(slug)
        return page_table(table.reading)

    def add_figure(self, drawn: Drawn, slug: str = "") -> PageFigure:
        """Keeps the figure's files, closes it, and gives what the page shows of it."""
        images = {suffix: image(drawn.figure, suffix) for suffix in sorted({*self.formats, "png"})}
        drawn.close()
        self.contents |= {f"figures/{drawn.name}{slug}.{suffix}": images[suffix] for suffix in self.formats}
        return PageFigure.of_webp(drawn.title, drawn.description, webp_of(images["png"]))


def comparison_part(comparison: Comparison, files: Files) -> PagePart:
    """What the page shows of a comparison; adds its figures and tables to the files."""
    standings = Standings(comparison)
    tables = [
        optimizer_table(standings),
        comparison_table(standings),
        condition_table(comparison.runs, comparison.tuning_seeds),
        failure_table(comparison),
    ]
    return PagePart(
        heading=comparison.setting or "Comparison",
        context=comparison.context,
        figures=[
            files.add_figure(drawn, comparison.slug)
            for maker in (figures_of(comparison), standing_figures(standings))
            for drawn in maker
        ],
        tables=[(table.heading, table.note, files.add_table(table, comparison.slug)) for table in tables],
        findings=list(findings_of(standings)),
    )


def page_table(frame: pd.DataFrame) -> PageTable:
    """A frame of texts on the page, each id of a run a link to the run's file."""
    links = {"run id": [f"../../runs/{run_id[:2]}/{run_id}.parquet" for run_id in frame["run id"]]} if "run id" in frame else {}
    return PageTable.of_frame(frame, links=links)
