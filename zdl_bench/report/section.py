"""Build the page's section on a comparison, and the files of this section."""

from itertools import chain

from zdl_bench.report.figures.catalogue import comparison_figures, standing_figures
from zdl_bench.report.files import Files
from zdl_bench.report.page import PagePart
from zdl_bench.report.standings import Standings
from zdl_bench.report.tables.comparisons import comparison_table
from zdl_bench.report.tables.conditions import condition_table, optimizer_table
from zdl_bench.report.tables.runs import failure_table
from zdl_bench.report.words.findings import findings_numbers, findings_of


def comparison_section(standings: Standings, files: Files) -> PagePart:
    """Return the page's section on a comparison. Add the figures and tables of the section to `files`."""
    comparison = standings.comparison
    findings = findings_of(standings)
    files.add_numbers("findings", findings_numbers(findings), comparison.slug)
    add_figure = files.add_linked_figure if files.is_full else files.add_figure
    tables = [
        optimizer_table(standings),
        comparison_table(standings),
        condition_table(comparison.runs, comparison.tuning_seeds),
        failure_table(comparison),
    ]
    figures = chain(comparison_figures(comparison), standing_figures(standings))
    return PagePart(
        heading=comparison.setting or "Comparison",
        context=comparison.context,
        figures=[add_figure(figure, comparison.slug) for figure in figures],
        tables=[(table.heading, table.note, files.add_table(table, comparison.slug)) for table in tables],
        findings=findings,
    )
