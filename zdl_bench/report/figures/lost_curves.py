"""Say which runs have no curve, so that no line of a figure shows them."""

import pandas as pd

from zdl_bench.language import translatable, translate
from zdl_bench.report.comparison import Comparison
from zdl_bench.report.phrases import join_notes, limit_lines, shorten
from zdl_bench.run.conditions import texts_of

MAX_LOST_CELLS = 4
"""Largest number of pairs of optimizer and learning rate in the note on runs without a curve."""


def no_curve_note(comparison: Comparison, runs: pd.DataFrame) -> str:
    """Return the note on runs without a curve, which failed or ran out of time. No line shows them and no mean counts them."""
    has_curve = runs["run_id"].isin(comparison.with_curve)
    cells = has_curve.groupby([runs["variant"], runs["lr"]], sort=False, dropna=False).agg(["sum", "size"])
    has_lrs = runs.groupby("variant")["lr"].nunique().max() > 1
    texts = texts_of(runs["lr"].dropna().unique().tolist()) if has_lrs else {}
    notes = [
        translate(
            "{line}: {have} of {runs} runs have a curve",
            line=_line_name(str(variant), texts.get(lr, "")),
            have=have,
            runs=size,
        )
        for (variant, lr), have, size in cells[cells["sum"] < cells["size"]].itertuples()
    ]
    return join_notes(*limit_lines(notes, MAX_LOST_CELLS, translatable("and {count} more such")))


def _line_name(variant: str, lr: str) -> str:
    return f"{shorten(variant)}, lr {lr}" if lr else shorten(variant)
