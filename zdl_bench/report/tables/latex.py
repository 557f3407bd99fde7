"""Write LaTeX for print: a figure with its caption, and a table of means that a paper has room for."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from zdl_bench.report.print_columns import TO_TARGET, heading_of
from zdl_bench.report.tables.formats import latex_table, latex_text, rounded
from zdl_bench.run.conditions import percent
from zdl_bench.statistics.measures import ACCURACY

OVER_BOTH_COLUMNS = 100
"""A figure that is wider, in mm, goes over both columns of a page."""
PREAMBLE = (
    "% Needs \\usepackage{booktabs}. Mean ± standard deviation over seeds; steps to a loss are medians.\n"
    "% Bold: shown by the tests of the report to be ahead of every other optimizer.\n"
)


def latex_figure(file: str, caption: str, width: int) -> str:
    """Return a LaTeX figure. file: the name of the image. width: of the image, in mm."""
    kind = "figure*" if width > OVER_BOTH_COLUMNS else "figure"
    return (
        f"\\begin{{{kind}}}\n  \\centering\n  \\includegraphics[width={width}mm]{{{file}}}\n"
        f"  \\caption{{{latex_text(caption)}}}\n  \\label{{fig:{file.rpartition('.')[0]}}}\n\\end{{{kind}}}\n"
    )


def means_table(numbers: pd.DataFrame, lrs: Sequence[str], measures: Sequence[str], ahead: Mapping[str, str]) -> str:
    """Return a LaTeX table with a row per optimizer and learning rate, and a column per measure.

    numbers: one row per optimizer, as in the CSV file of the table, with optimizer, runs, diverged, failed, timed_out and the
    columns of the measures. lrs: the learning rate of each row, as text. ahead: measure → the optimizer that the tests show to
    be ahead, whose cell is bold.
    """
    rows = numbers.to_dict("records")
    columns = {
        "Optimizer": [latex_text(str(row["optimizer"])) for row in rows],
        "Learning rate": [latex_text(lr) for lr in lrs],
        "Runs": [latex_text(_runs_text(row)) for row in rows],
    }
    for measure in measures:
        cells = [(_cell(row, measure), ahead.get(measure) == row["optimizer"]) for row in rows]
        columns[latex_text(heading_of(measure))] = [f"\\textbf{{{text}}}" if is_ahead else text for text, is_ahead in cells]
    return PREAMBLE + latex_table(pd.DataFrame(columns))


def _runs_text(row: Mapping[str, object]) -> str:
    """Return the number of runs, and how many of them diverged or have no result: `6, 2 diverged`."""
    lost = [f"{row[name]} {name.replace('_', ' ')}" for name in ("diverged", "failed", "timed_out") if row[name]]
    return ", ".join([str(row["runs"]), *lost])


def _cell(row: Mapping[str, float], measure: str) -> str:
    """Return the mean and standard deviation of a measure, with the number of runs that have it if not all do."""
    if TO_TARGET.fullmatch(measure):
        share, median = row.get(f"{measure}_share", math.nan), row.get(f"{measure}_median", math.nan)
        return "--" if not share > 0 else latex_text(f"{median:.0f}" + ("" if share == 1 else f" ({percent(share)})"))
    mean, sd, n = (row.get(f"{measure}_{kind}", math.nan) for kind in ("mean", "sd", "n"))
    if not n > 0:
        return "--"
    if measure.endswith(ACCURACY):
        text = f"{100 * mean:.2f}" + ("" if np.isnan(sd) else f" ± {100 * sd:.2f}")
    else:
        text = rounded(mean, sd)
    return latex_text(text if n == row["runs"] else f"{text} (n = {n:.0f})")
