"""Build the page's sections on comparisons and axes, and the files of these sections."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import chain

from zdl_bench.language import ENGLISH, speaking, spoken, translate
from zdl_bench.report.axis_runs import AxisRuns
from zdl_bench.report.figures.catalogue import axis_figures, comparison_figures, standing_figures
from zdl_bench.report.files import Files
from zdl_bench.report.page import PagePart
from zdl_bench.report.standings import Standings
from zdl_bench.report.tables.comparisons import comparison_table
from zdl_bench.report.tables.conditions import condition_table, optimizer_table
from zdl_bench.report.tables.ranks import rank_table
from zdl_bench.report.tables.runs import failure_table
from zdl_bench.report.tables.tuning import tuning_table
from zdl_bench.report.words.axes import about_axis
from zdl_bench.report.words.findings import findings_numbers, findings_of
from zdl_bench.statistics.axis_tests import AxisTests


def comparison_section(standings: Standings, files: Files) -> PagePart:
    """Return the page's section on a comparison. Add the figures and tables of the section to `files`."""
    comparison = standings.comparison
    part = _with_findings(partial(_comparison_words, standings), files, comparison.slug)
    chosen = files.presentation.columns
    builders = [
        partial(rank_table, standings),
        partial(optimizer_table, standings, chosen),
        partial(comparison_table, standings),
        *([partial(tuning_table, comparison.tuning_costs)] if comparison.tuning_costs else []),
        partial(condition_table, comparison.runs, comparison.tuning_seeds, chosen),
        partial(failure_table, comparison),
    ]
    tables = [files.add_table(build, comparison.slug) for build in builders]
    figures = chain(comparison_figures(comparison), standing_figures(standings))
    return replace(
        part,
        figures=[files.add_figure(figure, comparison.slug) for figure in figures],
        tables=[(table.heading, table.note, table.on_page(comparison.slug)) for table in tables],
    )


def axis_section(runs: AxisRuns, tested: AxisTests, files: Files) -> PagePart:
    """Return the page's section on an axis of the sweep. Add its figure and the numbers of its finding to `files`."""
    part = _with_findings(partial(_axis_words, runs, tested), files, f"-axis-{runs.axis.key}")
    return replace(part, figures=[files.add_figure(figure) for figure in axis_figures(runs)])


def _comparison_words(standings: Standings) -> PagePart:
    comparison = standings.comparison
    return PagePart(comparison.setting or translate("Comparison"), comparison.context, (), (), findings_of(standings))


def _axis_words(runs: AxisRuns, tested: AxisTests) -> PagePart:
    return PagePart(translate("Influence of {key}", key=runs.axis.name), runs.context, (), (), [about_axis(runs, tested)])


def _with_findings(words: Callable[[], PagePart], files: Files, slug: str) -> PagePart:
    """Return the words of a section, and add its findings in English to the files, which are read by programs."""
    with speaking(ENGLISH):
        english = words()
    files.findings.append(english)
    files.add_numbers("findings", findings_numbers(english.findings), slug)
    return english if spoken() == ENGLISH else words()
