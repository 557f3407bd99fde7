"""The runs of a sweep along one of its axes, each optimizer at its best learning rate for each value of the key."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import pandas as pd

from zdl_bench.language import translatable, translate
from zdl_bench.report.comparison import Comparison
from zdl_bench.report.display_names import distinct_labels
from zdl_bench.report.figures.key_scale import KeyScale, key_scale
from zdl_bench.report.figures.selection import evenly_spread
from zdl_bench.report.figures.style import LOOK
from zdl_bench.report.ranking import Entry, ranking_of
from zdl_bench.report.words.context import common_context
from zdl_bench.run.axes import Axis, AxisCell, axes_of
from zdl_bench.statistics.axis_tests import AxisTest, Spot, axis_comparisons

AXIS_JITTERS = ("jitter_20", "jitter_5", "jitter_1")
"""The jitters that an axis may show. It shows the first of those that most runs are long enough for."""
MAX_AXIS_PANELS = 4
"""Largest number of combinations of the other keys that are shown and compared."""
MAX_COMPARED_OPTIMIZERS, MAX_COMPARED_SPOTS = 8, 40
"""Largest numbers of optimizers and of spots that are compared. More spots would be compared in thousands of pairs."""


@dataclass(frozen=True)
class AxisRuns:
    """An axis of a sweep, with the comparisons of the sweep, whose runs stand on it."""

    axis: Axis
    comparisons: Sequence[Comparison]

    @property
    def context(self) -> tuple[str, ...]:
        """What the runs have in common, in words."""
        return common_context([one.context for one in self.comparisons])

    @cached_property
    def scale(self) -> KeyScale:
        return key_scale(self.axis.numbers, len(self.axis.values))

    @cached_property
    def runs(self) -> pd.DataFrame:
        """The runs that judge, one row per run and spot, with the columns of `Results.runs` and of a spot.

        `variant` is the optimizer alone, panel the sweep's other keys with their values, place the index of the value on the
        axis, position where it stands, and is_constant whether the optimizer lacks the key. A spot without runs, because no
        learning rate could be chosen, has one row without values.
        """
        parts = []
        for cell in self.axis.cells:
            comparison = self._of_setting[cell.facets.setting]
            judged = comparison.judged[comparison.judged["variant"] == cell.facets.variant]
            runs = comparison.at_best_lr(judged)
            if judged.empty:  # a variant that ran on tuning seeds only
                continue
            if runs.empty:
                runs = judged.iloc[:1][["seed", "dataset", "optimizer"]].reindex(columns=judged.columns)
            about = {"variant": cell.optimizer, "panel": cell.panel, "place": cell.place}
            parts.append(runs.drop(columns=list(LOOK), errors="ignore").assign(**about, is_constant=cell.is_constant))
        if not parts:
            return pd.DataFrame()
        runs = pd.concat(parts, ignore_index=True)
        return runs.assign(position=self.scale.positions[runs["place"].to_numpy()])

    @property
    def entries(self) -> list[Entry]:
        """The optimizers at each spot of the axis, to be ranked."""
        variants = list(dict.fromkeys(cell.optimizer for cell in self.axis.cells))
        return [Entry(variants, runs) for _, runs in self.runs.groupby(["panel", "place"], sort=False)]

    @cached_property
    def compared(self) -> list[AxisTest]:
        """The comparisons along the axis, not tested yet, of up to MAX_COMPARED_SPOTS that are spread evenly over the plan."""
        cells = self._compared_cells()
        settings = {cell.facets.setting for cell in cells}
        entrants = {one.setting: one.entrants for one in self.comparisons if one.setting in settings}
        sides = {
            Spot(cell.panel, cell.optimizer, cell.place): side
            for cell in cells
            if (side := entrants[cell.facets.setting].sides.get(cell.facets.variant)) is not None
        }
        constant = {(cell.panel, cell.optimizer) for cell in cells if cell.is_constant}
        return axis_comparisons(sides, self.measures, constant, are_tuned=self.are_tuned)

    def _compared_cells(self) -> list[AxisCell]:
        panels = [self.axis.panels[place] for place in evenly_spread(len(self.axis.panels), MAX_AXIS_PANELS)]
        optimizers = self._compared_optimizers
        most = max(2, MAX_COMPARED_SPOTS // (len(panels) * len(optimizers)))
        places = {*evenly_spread(len(self.axis.values), most).tolist()}
        cells = (cell for cell in self.axis.cells if cell.panel in panels and cell.optimizer in optimizers)
        return [cell for cell in cells if cell.place in places]

    @cached_property
    def _compared_optimizers(self) -> list[str]:
        """Up to MAX_COMPARED_OPTIMIZERS optimizers: the control and the fastest on the tuning seeds, or the first of the plan.

        Runs that are tested may not choose what is tested: the chosen would differ even if all optimizers were equal.
        """
        optimizers = list(dict.fromkeys(cell.optimizer for cell in self.axis.cells))
        if len(optimizers) <= MAX_COMPARED_OPTIMIZERS or not self.are_tuned:
            return optimizers[:MAX_COMPARED_OPTIMIZERS]
        spots: dict[tuple[str, int], list[pd.DataFrame]] = {}
        for cell in self.axis.cells:
            comparison = self._of_setting[cell.facets.setting]
            trials = comparison.trials[comparison.trials["variant"] == cell.facets.variant]
            spots.setdefault((cell.panel, cell.place), []).append(comparison.at_best_lr(trials).assign(variant=cell.optimizer))
        ranking = ranking_of([Entry(optimizers, pd.concat(parts)) for parts in spots.values()])
        return list(dict.fromkeys([optimizers[0], *ranking]))[:MAX_COMPARED_OPTIMIZERS]

    @property
    def compared_note(self) -> str:
        """Which optimizers are compared; empty if all are."""
        every, compared = len({cell.optimizer for cell in self.axis.cells}), len(self._compared_optimizers)
        if compared == every:
            return ""
        if self.are_tuned:
            text = translatable("{part} of {whole} optimizers are compared: the control and the fastest on the tuning seeds")
        else:
            text = translatable(
                "{part} of {whole} optimizers are compared: the first of the plan; with tuning_seeds, the fastest ones are "
                "compared"
            )
        return translate(text, part=compared, whole=every)

    @property
    def are_tuned(self) -> bool:
        return all(one.was_tuned for one in self.comparisons)

    @property
    def measures(self) -> list[str]:
        """The measures of the end, the speed and the steadiness of a run."""
        counts = {name: self.runs[name].count() for name in AXIS_JITTERS if name in self.runs}
        most = [name for name, count in counts.items() if count and count == max(counts.values())]
        return ["tail_loss", "log_aulc", *most[:1]]

    @cached_property
    def _of_setting(self) -> Mapping[str, Comparison]:
        return {one.setting: one for one in self.comparisons}


def axis_runs(comparisons: Sequence[Comparison]) -> list[AxisRuns]:
    """Return the axes of a sweep, with its runs, for use in figures and findings."""
    configs = [run.config for one in comparisons for run in one.members]
    labels = distinct_labels(config.optimizer.name for config in configs)
    variants = {key: variant for one in comparisons for variant, key in one.keys.items()}
    return [
        AxisRuns(replace(axis, cells=tuple(_for_readers(cell, labels, variants) for cell in axis.cells)), comparisons)
        for axis in axes_of(configs, comparisons[0].tuned_keys if comparisons else ())
    ]


def _for_readers(cell: AxisCell, labels: Mapping[str, str], variants: Mapping[str, str]) -> AxisCell:
    """Return the cell with the names that comparisons have. labels: optimizer → its name. variants: variant → its name."""
    variant = variants.get(cell.facets.variant, cell.facets.variant)
    return cell._replace(optimizer=labels[cell.optimizer], facets=replace(cell.facets, variant=variant))
