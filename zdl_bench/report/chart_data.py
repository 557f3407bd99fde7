"""The data of the interactive chart of the page, as its script reads them."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class ChartSetting:
    """A setting that readers can choose in the chart.

    loss: the label of the loss axis, with the unit. has_log_scale: whether a logarithmic axis can show the losses.
    """

    name: str
    loss: str
    has_log_scale: bool


@dataclass(frozen=True)
class ChartOptimizer:
    """An optimizer in the chart, with the look of its lines.

    symbol: Plotly's name of the marker on the lines, or empty if colours alone distinguish all optimizers.
    """

    name: str
    color: str
    symbol: str


@dataclass(frozen=True)
class ChartRun:
    """The curve of a run. losses: None stands for a loss that is not finite.

    setting, optimizer, lr, seed, steps, config and evaluations are indices into the lists `settings`, `optimizers`, … of
    `Chart`; that of evaluations into `steps`. is_best: whether the run judges its optimizer at its best learning rate.
    """

    id: str
    setting: int
    optimizer: int
    lr: int
    seed: int
    status: str
    steps: int
    evaluations: int
    is_best: bool
    config: int
    losses: tuple[float | None, ...]


@dataclass(frozen=True)
class Chart:
    """The data of the chart: its runs, and what readers can choose, in the order in which the choices are shown.

    first: the indices of the optimizers that are shown at the start: all of few, of many those chosen by rank. students: half
    the width of the 95 % interval of a mean of n values, in standard errors, at index n; None for fewer than two. lrs, seeds:
    as text, because JavaScript's numbers cannot represent every seed. steps: every list of steps or of evaluations of the
    gradient that is the horizontal axis of some curve. Many runs share a list; a run that ended early has a shorter list.
    configs: what runs have in common besides lr and seed, as words of the command line. left_out: the number of runs that the
    chart leaves out to stay within MAX_CURVES.
    """

    settings: Sequence[ChartSetting]
    optimizers: Sequence[ChartOptimizer]
    first: Sequence[int]
    students: Sequence[float | None]
    lrs: Sequence[str]
    seeds: Sequence[str]
    steps: Sequence[tuple[int, ...]]
    configs: Sequence[tuple[str, ...]]
    runs: Sequence[ChartRun]
    left_out: int

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)
