"""Labels of lines that stand below one another on a terminal."""

from collections.abc import Iterable

from rich.cells import cell_len

from zdl_bench.language import translate


def aligned(labels: Iterable[str]) -> dict[str, str]:
    """Return label → the label in the language of the reader, with spaces up to where the text of all lines begins."""
    said = {label: translate(label) for label in labels}
    width = max(map(cell_len, said.values())) + 1
    return {label: padded(text, width) for label, text in said.items()}


def padded(text: str, width: int) -> str:
    """Return the text with spaces behind it, so that it takes a number of columns on a terminal."""
    return text + " " * (width - cell_len(text))
