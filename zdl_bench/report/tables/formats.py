"""Write values as text, and frames as CSV, Markdown and LaTeX."""

import re

import numpy as np
import pandas as pd

from zdl_bench.language import translate

SIGNIFICANT_DIGITS = 4
FORMULA = ("=", "+", "@", "\t", "\r")
DIFFERENCE = re.compile(r"-(?!inf$|[\d.,]*(e[-+]?\d+)?$)")
"""Pattern for text that starts with a minus sign but is not a negative number, and may therefore be a formula."""
MARKDOWN = re.compile(r"\\|\[|@|:/|www\.", re.IGNORECASE)
"""Pattern for the start of an escape or link in Markdown, and for parts of addresses that some programs turn into links."""
MIN_POWER_OF_TEN = 1e7
"""Smallest absolute value of a mean that is written with a power of ten."""
NEGLIGIBLE_SPREAD = 1e-12
"""Largest standard deviation that is taken for a rounding error and not shown, as a share of the mean."""
MAX_LINE = 50
"""Most letters of a cell in LaTeX that stand on one line."""
NUMBER = re.compile(r"(\\textbf\{)?[-+$]*(\d|--|inf|nan|\\infty)|$")
"""Pattern for the start of a cell with a number, in LaTeX, or without one."""
LATEX_SPECIAL = {letter: f"\\{letter}" for letter in "&%$#_{}"} | {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "[": "{[}",
    "]": "{]}",
}
"""Letters with a meaning in LaTeX, mapped to the LaTeX that shows them. A row that starts with `[` would be a distance."""
LATEX_SYMBOLS = {
    ord(symbol): latex
    for symbol, latex in {
        **{
            "∞": r"$\infty$",
            "±": r"$\pm$",
            "−": "$-$",
            "–": "--",
            "×": r"$\times$",
            "≤": r"$\leq$",
            "≥": r"$\geq$",
            "≈": r"$\approx$",
        },
        **{"√": r"$\surd$", "←": r"$\leftarrow$", "→": r"$\rightarrow$", "·": r"$\cdot$", "²": "$^2$", "…": r"\dots{}"},
        **{"α": r"$\alpha$", "β": r"$\beta$", "ε": r"$\varepsilon$", "γ": r"$\gamma$", "η": r"$\eta$", "λ": r"$\lambda$"},
        **{"μ": r"$\mu$", "ρ": r"$\rho$", "σ": r"$\sigma$", "τ": r"$\tau$", "₁": "$_1$", "₂": "$_2$", "∕": "/"},
    }.items()
}
"""Symbols that LaTeX's fonts lack, mapped to the LaTeX that replaces them."""


def rounded(mean: float, sd: float) -> str:
    """Return `mean ± sd`, rounded to two significant digits of sd, or only the mean with four digits if there is no sd."""
    if not np.isfinite(sd) or sd <= NEGLIGIBLE_SPREAD * abs(mean):
        return f"{mean:.{SIGNIFICANT_DIGITS}g}"
    decimals = max(0, 1 - int(np.floor(np.log10(sd))))
    if decimals > 8 or abs(mean) >= MIN_POWER_OF_TEN:
        return f"{mean:.3g} ± {sd:.2g}"
    return f"{mean if round(mean, decimals) else 0.0:.{decimals}f} ± {sd:.{decimals}f}"  # no -0.00


def cell_text(value: object) -> str:
    """Return a value as the text of a table's cell."""
    if isinstance(value, float):
        return f"{value:.{SIGNIFICANT_DIGITS}g}"
    return {True: translate("yes"), False: translate("no")}[value] if isinstance(value, bool) else str(value)


def markdown(table: pd.DataFrame) -> str:
    """Return a frame of cell texts as a table in GitHub's Markdown."""
    lines = [table.columns.tolist(), ["---"] * len(table.columns), *table.astype(str).to_numpy().tolist()]
    return "".join(f"| {' | '.join(_escaped(cell) for cell in line)} |\n" for line in lines)


def _escaped(cell: object) -> str:
    return markdown_text(str(cell)).replace("|", "\\|")


def markdown_text(text: str) -> str:
    """Return the text as one line of Markdown, escaped so that it contains no HTML, image or link."""
    return MARKDOWN.sub(lambda found: f"{found[0][:-1]}\\{found[0][-1]}", " ".join(text.splitlines())).replace("<", "&lt;")


def csv(table: pd.DataFrame) -> str:
    """Return a frame as CSV with all digits. Text that a spreadsheet would read as a formula gets a leading apostrophe."""
    return str(table.map(_no_formula).to_csv(index=False, lineterminator="\n"))


def _no_formula(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and (value.startswith(FORMULA) or DIFFERENCE.match(value)) else value


def latex(table: pd.DataFrame) -> str:
    """Return a frame of cell texts as a LaTeX table in the style of booktabs."""
    return latex_table(table.rename(columns=latex_text).map(lambda cell: latex_text(str(cell))))


def latex_table(table: pd.DataFrame) -> str:
    """Return a frame of LaTeX as a LaTeX table in the style of booktabs: numbers to the right, long text in paragraphs."""
    columns = [_latex_column([str(cell) for cell in table.iloc[:, place]]) for place in range(table.shape[1])]
    return str(table.to_latex(index=False, escape=False, column_format="".join(columns)))


def _latex_column(cells: list[str]) -> str:
    if max(map(len, cells), default=0) > MAX_LINE:
        return r"p{0.3\textwidth}"
    return "r" if all(NUMBER.match(cell) for cell in cells) else "l"


def latex_text(text: str) -> str:
    """Return the text as LaTeX that shows it on one line, whatever letters it has."""
    return "".join(LATEX_SPECIAL.get(letter, letter) for letter in " ".join(text.split())).translate(LATEX_SYMBOLS)
