"""What has to be known to read loss curves: what a line is, and which runs are not in it."""

from collections.abc import Mapping

import pandas as pd

from zdl_bench.report.comparison import Comparison
from zdl_bench.report.figures.style import MAX_BANDS, shortened
from zdl_bench.report.shown import more_of
from zdl_bench.run.conditions import texts_of
from zdl_bench.statistics.metrics.metric import FLOOR

MAX_NOTES = 4


def curve_notes(frame: pd.DataFrame) -> list[str]:
    """What has to be known to read loss curves, as far as it applies."""
    notes = []
    if frame.groupby(["variant", "lr"], dropna=False)["run_id"].nunique().max() > 1:
        band = ", 95 % band" if frame["line"].nunique() <= MAX_BANDS else ""
        notes.append(f"geometric mean over seeds{band}")
    if (frame.groupby("run_id")["step"].max() < frame.groupby("run_id")["planned_steps"].first()).any():
        notes.append("× where a run diverged")
    return ["; ".join(notes)] if notes else []


def floor_note(losses: pd.Series, starts: pd.Series) -> list[str]:
    """A note on the floor at which a figure on a log scale shows losses that are lower, if there are any.

    losses: as they are shown; starts: of each the loss at the start of its run.
    """
    floors = (FLOOR * starts)[(losses >= 0) & (losses <= FLOOR * starts)]
    if floors.empty:
        return []
    ends = dict.fromkeys(f"{floor:.1g}" for floor in (floors.min(), floors.max()))
    return [f"losses below {' to '.join(ends)}, {FLOOR:g} of the start, are shown there"]


def first_losses(losses: pd.DataFrame) -> pd.Series:
    """The loss at the start of its run, for each row of a frame of losses."""
    return losses.groupby("run_id")["loss"].transform("first")


def without_curve(comparison: Comparison, runs: pd.DataFrame) -> list[str]:
    """A note on the runs that no curve and no mean has in it: those that failed or ran out of time.

    runs: the judged runs whose curves a figure shows.
    """
    is_drawn = runs["run_id"].isin(comparison.with_curve)
    cells = is_drawn.groupby([runs["variant"], runs["lr"]], sort=False, dropna=False).agg(["sum", "size"])
    lacking = cells[cells["sum"] < cells["size"]]
    has_lrs = runs.groupby("variant")["lr"].nunique().max() > 1
    texts = texts_of(runs["lr"].dropna().unique().tolist())
    lr_text = {lr: f", lr {text}" for lr, text in texts.items()} if has_lrs else {}
    notes = [
        f"{shortened(str(variant))}{lr_text.get(lr, '')}: {row['sum']} of {row['size']} runs have a curve"
        for (variant, lr), row in lacking.iterrows()
    ]
    rest = [f"and {len(notes) - MAX_NOTES} more such"] if len(notes) > MAX_NOTES else []
    return ["; ".join([*notes[:MAX_NOTES], *rest])] if notes else []


def tried_as(shown: pd.DataFrame, comparison: Comparison) -> pd.DataFrame:
    """The judged runs of the optimizers and learning rates that are shown."""
    pairs = shown[["variant", "lr"]].drop_duplicates()
    return comparison.judged.merge(pairs, on=["variant", "lr"])


def more_panels(shown: Mapping[str, pd.DataFrame], found: Mapping[str, pd.DataFrame]) -> list[str]:
    """A note on the panels, and the lines of the shown panels, that are not drawn."""
    panels_left = len(found) - len(shown)
    lines_left = sum(found[title]["line"].nunique() - rows["line"].nunique() for title, rows in shown.items())
    return more_of([(panels_left, "effective learning rate"), (lines_left, "line")])
