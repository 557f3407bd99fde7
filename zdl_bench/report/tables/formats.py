"""Values as texts, and frames of texts as CSV, Markdown and LaTeX."""

import re

import numpy as np
import pandas as pd

SIGNIFICANT = 4
FORMULA = ("=", "+", "@", "\t", "\r")
DIFFERENCE = re.compile(r"-(?!inf$|[\d.,]*(e[-+]?\d+)?$)")
"""A formula that begins as a negative number does."""
MARKDOWN = re.compile(r"\\|\[|@|:/|www\.", re.IGNORECASE)
"""What begins an escape or a link, or is part of an address that some readers make a link of."""
LARGE = 1e7
ROUNDING = 1e-12
"""A spread below this share of the mean is that of its arithmetic."""
LATEX_SYMBOLS = {
    ord(symbol): latex
    for symbol, latex in {"∞": r"$\infty$", "±": r"$\pm$", "−": "$-$", "–": "--", "×": r"$\times$", "≤": r"$\leq$"}.items()
}
"""What LaTeX's fonts do not have under its own name."""


def rounded(mean: float, sd: float) -> str:
    """`mean ± sd`, the sd with two significant digits and the mean with as many decimals; four digits where there is no sd."""
    if not np.isfinite(sd) or sd <= ROUNDING * abs(mean):
        return f"{mean:.{SIGNIFICANT}g}"
    decimals = max(0, 1 - int(np.floor(np.log10(sd))))
    if decimals > 8 or abs(mean) >= LARGE:
        return f"{mean:.3g} ± {sd:.2g}"
    return f"{mean if round(mean, decimals) else 0.0:.{decimals}f} ± {sd:.{decimals}f}"  # no -0.00


def cell_text(value: object) -> str:
    """A value as a reader takes it."""
    if isinstance(value, float):
        return "–" if np.isnan(value) else f"{value:.{SIGNIFICANT}g}"
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    return "–" if value is None else str(value)


def markdown(table: pd.DataFrame) -> str:
    """A GitHub table of a frame of texts."""
    lines = [table.columns.tolist(), ["---"] * len(table.columns), *table.astype(str).to_numpy().tolist()]
    return "".join(f"| {' | '.join(_escaped(cell) for cell in line)} |\n" for line in lines)


def _escaped(cell: object) -> str:
    return markdown_text(str(cell)).replace("|", "\\|")


def markdown_text(text: str) -> str:
    """A text on one line of Markdown, where it is neither HTML nor a link, bare or written as one, nor an image."""
    return MARKDOWN.sub(lambda found: f"{found[0][:-1]}\\{found[0][-1]}", " ".join(text.splitlines())).replace("<", "&lt;")


def csv(table: pd.DataFrame) -> str:
    """Every digit of every number; a text that a spreadsheet would take for a formula begins with an apostrophe."""
    return str(table.map(_no_formula).to_csv(index=False, lineterminator="\n"))


def _no_formula(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and (value.startswith(FORMULA) or DIFFERENCE.match(value)) else value


def latex(table: pd.DataFrame) -> str:
    """A table of a frame of texts in the style of booktabs."""
    text = str(table.to_latex(index=False, escape=True, column_format="l" + "r" * (len(table.columns) - 1)))
    return text.translate(LATEX_SYMBOLS)
