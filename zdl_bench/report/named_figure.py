"""One figure of a report by its name, as a person wishes it: on given axes, with other labels and colours."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import is_color_like, to_hex
from matplotlib.figure import Figure

from zdl_bench.errors import ConfigError, abridge, closest, display, hint
from zdl_bench.language import speaking
from zdl_bench.report.axis_runs import AxisRuns
from zdl_bench.report.comparison import Comparison
from zdl_bench.report.figures.captions import CaptionedFigure
from zdl_bench.report.figures.catalogue import (
    FIGURE_NAMES,
    LOSS_FIGURES,
    RUN_FIGURES,
    STANDING_FIGURES,
    SWEEP_FIGURES,
    axis_figures,
)
from zdl_bench.report.figures.given_axes import drawing_on
from zdl_bench.report.figures.style import house_style, with_looks
from zdl_bench.report.language_fonts import figure_language
from zdl_bench.report.lettering import relabel
from zdl_bench.report.page_budget import PageTests
from zdl_bench.report.standings import Standings

AXIS = "axis-"
"""What the name of the figure of an axis begins with, before its key."""


@dataclass(frozen=True)
class Wishes:
    """How a figure is drawn: on which axes, or None for a new figure; with which labels and colours in place of its own."""

    axes: Axes | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    colors: Mapping[str, str] = field(default_factory=dict)


def named_figure(name: str, tests: PageTests, setting: str | None, wishes: Wishes) -> Figure | Axes:
    """Return a new figure, or the axes of the wishes after drawing on them.

    setting: the setting that a figure of one setting shows, or None if there is only one. Raise ConfigError for an unknown
    name, setting or colour, for a figure for which the runs have no values, and for a figure of several panels that should be
    drawn on given axes.
    """
    names = [*FIGURE_NAMES, *(f"{AXIS}{one.axis.key}" for one in tests.axis_runs)]
    if name not in names:
        remedy = hint(closest(name, names), f"choose one of {', '.join(names)}")
        raise ConfigError(f"{display(name)}: there is no such figure; {remedy}")
    if not tests.standings:
        raise ConfigError("there are no runs, so there is nothing to draw; train some with zdl_bench.sweep")
    labels, colors = (_as_shown(tests, asked) for asked in (wishes.labels, wishes.colors))
    if wishes.axes is None:
        with speaking(figure_language()), house_style():
            figure = _drawn(name, tests, setting, colors).figure
            missing = relabel(figure, labels)
    else:
        with speaking(figure_language()), drawing_on(wishes.axes):
            _drawn(name, tests, setting, colors)
        missing = relabel(wishes.axes, labels)
    if missing:
        warnings.warn(missing, stacklevel=3)
    return figure if wishes.axes is None else wishes.axes


def _as_shown(tests: PageTests, asked: Mapping[str, str]) -> Mapping[str, str]:
    """Return the wishes with each optimizer as figures show it, even if it is asked for as commands spell it."""
    shown = {key: variant for one in tests.standings for variant, key in one.comparison.keys.items()}
    return {shown.get(name, name): text for name, text in asked.items()}


def _drawn(name: str, tests: PageTests, setting: str | None, colors: Mapping[str, str]) -> CaptionedFigure:
    drawn = _drawings(name, tests, setting, colors)
    found = next((figure for figure in drawn if figure.name == name), None)
    if found is None:
        raise ConfigError(
            f"{name}: these runs have no values for this figure; see docs/notebooks.md for what each figure needs, such as "
            "several learning rates, several seeds or a problem with two parameters"
        )
    return found


def _drawings(name: str, tests: PageTests, setting: str | None, colors: Mapping[str, str]) -> Iterator[CaptionedFigure]:
    """Yield what the drawing of a name yields. It draws `paths` or `paths_by_lr`, as the runs have it."""
    if name.startswith(AXIS):
        runs = next(one for one in tests.axis_runs if name == f"{AXIS}{one.axis.key}")
        return axis_figures(_colored_axis(runs, colors))
    if name in SWEEP_FIGURES:
        return SWEEP_FIGURES[name]([_colored(one.comparison, colors) for one in tests.standings])
    chosen = _of_setting(tests.standings, setting)
    comparison = _colored(chosen.comparison, colors)
    if name in STANDING_FIGURES:
        return STANDING_FIGURES[name](replace(chosen, comparison=comparison))
    if name in LOSS_FIGURES:
        return LOSS_FIGURES[name](comparison) if comparison.has_log_scale else iter(())
    return RUN_FIGURES[name](comparison)


def _of_setting(standings: Sequence[Standings], setting: str | None) -> Standings:
    """Return the standings of a setting, or of the only one."""
    names = [one.comparison.setting for one in standings]
    if setting is None and len(names) > 1:
        raise ConfigError(f"these results have {len(names)} settings; give setting=, one of: {abridge('', names)}")
    if setting is not None and setting not in names:
        raise ConfigError(f"setting={display(setting)}: there is no such setting; give one of: {abridge(setting, names)}")
    return standings[0 if setting is None else names.index(setting)]


def _colored(comparison: Comparison, colors: Mapping[str, str]) -> Comparison:
    """Return a comparison with other colours for some variants. Raise ConfigError for an unknown variant or colour."""
    return replace(comparison, runs=_with_colors(comparison.runs, colors)) if colors else comparison


def _colored_axis(runs: AxisRuns, colors: Mapping[str, str]) -> AxisRuns:
    colored = AxisRuns(runs.axis, runs.comparisons)
    if colors:
        vars(colored)["runs"] = _with_colors(with_looks(runs.runs, runs.runs), colors)  # in place of those it would compute
    return colored


def _with_colors(runs: pd.DataFrame, colors: Mapping[str, str]) -> pd.DataFrame:
    variants = list(runs["variant"].unique())
    for variant, color in colors.items():
        if variant not in variants:
            known = abridge(variant, variants)
            raise ConfigError(f"colors: {display(variant)}: there is no such optimizer here; the optimizers are {known}")
        if not is_color_like(color):
            raise ConfigError(
                f"colors: {display(variant)}: {display(color)} is no colour of matplotlib; give one such as '#D55E00'"
            )
    own = dict(zip(runs["variant"], runs["color"], strict=True))
    every = own | {variant: to_hex(color) for variant, color in colors.items()}
    return runs.assign(color=runs["variant"].map(every))
