"""Break labels and titles of panels that are longer than the panel has room for, as those of some languages are."""

from matplotlib.figure import Figure
from matplotlib.text import Text

from zdl_bench.report.figures.given_axes import has_given_axes
from zdl_bench.report.line_breaks import columns_of, wrap

COLUMNS_PER_INCH = 12.2
"""Number of columns of letters of 10 points per inch."""
TITLE_LINE, BELOW_PANEL = 0.16, 0.45
"""Height of a line of the title, and of what is below a panel that has a label there, in inches."""


def break_labels(figure: Figure) -> None:
    """Break the labels and titles of all panels. The size and the title of the figure must have been set."""
    if has_given_axes():
        return
    width, height = figure.get_size_inches()
    head = TITLE_LINE * (figure.get_suptitle().count("\n") + 1)
    for axes in figure.axes:
        spec = axes.get_subplotspec()
        if spec is None:  # a colour bar
            continue
        rows, columns = spec.get_gridspec().get_geometry()
        below = BELOW_PANEL if axes.get_xlabel() else 0.0
        _break(axes.yaxis.label, (height - head) / rows - below)
        for text in (axes.xaxis.label, axes.title):
            _break(text, width / columns)


def _break(text: Text, inches: float) -> None:
    """Break the lines of a text that are longer than this."""
    columns, lines = int(COLUMNS_PER_INCH * inches * 10 / float(text.get_fontsize())), text.get_text().split("\n")
    if max(map(columns_of, lines)) > columns > 0:
        text.set_text("\n".join("\n".join(wrap(line, columns)) for line in lines))
