"""A comparison → its part of the page, and its files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import pandas as pd

from zdl_bench.report.comparison import Comparison
from zdl_bench.report.drawn import Drawn, can_be_shown, image, webp_of
from zdl_bench.report.makers import figures_of
from zdl_bench.report.page import PageFigure, PagePart, data_url
from zdl_bench.report.standing_figures import standing_figures
from zdl_bench.report.standings import Standings
from zdl_bench.report.tables.comparisons import comparison_table
from zdl_bench.report.tables.conditions import condition_table, optimizer_table
from zdl_bench.report.tables.formats import csv
from zdl_bench.report.tables.runs import failure_table
from zdl_bench.report.tables.table import PageTable, Table
from zdl_bench.report.words.findings import findings_numbers, findings_of

MAX_IMAGES = 3_000_000
"""Letters of a page's images, after which a further comparison's are left beside it: a page should open at once."""


@dataclass
class Files:
    """The files of a report, by their paths below the sweep's folder; figures in the formats asked for.

    letters: of the images that the page shows so far.
    """

    formats: Sequence[str]
    contents: dict[str, bytes] = field(default_factory=dict)
    letters: int = 0

    @property
    def is_full(self) -> bool:
        """Whether the page has as many images as it should."""
        return self.letters >= MAX_IMAGES

    def add_table(self, table: Table, slug: str = "") -> PageTable:
        """Keeps the table's files, and gives what the page shows of it."""
        self.contents |= table.files(slug)
        return table.on_page(slug)

    def add_numbers(self, name: str, numbers: pd.DataFrame, slug: str = "") -> None:
        """Keeps a table for programs alone."""
        if len(numbers):
            self.contents[f"tables/{name}{slug}.csv"] = csv(numbers).encode()

    def add_figure(self, drawn: Drawn, slug: str = "") -> PageFigure:
        """Keeps the figure's files, and gives what the page shows of it: of one too large, where its files are."""
        if not can_be_shown(drawn.figure):
            return self.add_linked_figure(drawn, slug)
        png = image(drawn.figure, "png")
        shown = data_url(webp_of(png))
        self.letters += len(shown)
        return replace(self._kept(drawn, slug, {"png": png}), image=shown)

    def add_linked_figure(self, drawn: Drawn, slug: str = "") -> PageFigure:
        """Keeps the figure's files, and gives where they are."""
        return self._kept(drawn, slug, {})

    def _kept(self, drawn: Drawn, slug: str, images: Mapping[str, bytes]) -> PageFigure:
        """images: those that are made, by their suffixes."""
        made = {suffix: images[suffix] if suffix in images else image(drawn.figure, suffix) for suffix in self.formats}
        files = {f"figures/{drawn.name}{slug}.{suffix}": content for suffix, content in made.items()}
        self.contents |= files
        return PageFigure(drawn.title, drawn.description, "", list(files))


def comparison_part(comparison: Comparison, files: Files) -> PagePart:
    """What the page shows of a comparison; adds its figures and tables to the files."""
    standings = Standings(comparison)
    findings = findings_of(standings)
    files.add_numbers("findings", findings_numbers(findings), comparison.slug)
    add_figure = files.add_linked_figure if files.is_full else files.add_figure
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
            add_figure(drawn, comparison.slug)
            for maker in (figures_of(comparison), standing_figures(standings))
            for drawn in maker
        ],
        tables=[(table.heading, table.note, files.add_table(table, comparison.slug)) for table in tables],
        findings=findings,
    )
