"""The times of training steps, and the table that shows them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.table import Table

from zdl_bench.commands.steps import STEP_PARTS
from zdl_bench.commands.terminal import console_for
from zdl_bench.language import translate
from zdl_bench.run.conditions import condition_keys, percent, short
from zdl_bench.run.config import RunConfig

ROUNDS = 5
ROUND_STEPS = 200
"""Steps of a round: enough that the clock's resolution is negligible, few enough that the machine's state hardly changes."""
KEYS_WITHOUT_COST = ("lr", "seed")
"""Keys that do not affect the time of a step."""


@dataclass(frozen=True)
class Timing:
    """The times of one config, as medians over the rounds.

    parts: seconds per step. limit: the seconds that the operations of a step take at least, NaN if unknown. wall: seconds of a
    whole run. evaluation: the share of `wall` spent outside the steps.
    """

    config: RunConfig
    parts: Mapping[str, float]
    limit: float
    wall: float
    evaluation: float

    @property
    def step(self) -> float:
        return sum(self.parts.values())

    @property
    def share(self) -> float:
        """The share of a step that its limit is."""
        return self.limit / self.step


def print_timings(timings: Sequence[Timing]) -> None:
    table = Table(header_style="bold", caption_justify="left")
    steps = "/".join(map(str, sorted({min(ROUND_STEPS, timing.config.steps) for timing in timings})))
    table.caption = translate(
        "µs per step, medians of {rounds} rounds of {steps} steps; limit: what its operations take at the best rates of this "
        "machine; share: limit / step; evaluation: its share of the wall time of a whole run",
        rounds=ROUNDS,
        steps=steps,
    )
    keys = [key for key in condition_keys(timing.config for timing in timings) if key not in KEYS_WITHOUT_COST]
    for key in keys:
        table.add_column(key)
    totals = (translate("limit"), translate("share"), translate("run"), translate("evaluation"))
    for heading in (translate("step"), *map(translate, STEP_PARTS), *totals):
        table.add_column(heading, justify="right")
    for timing in timings:
        flat = timing.config.flat()
        table.add_row(
            *(short(flat.get(key)) for key in keys),
            *(f"{1e6 * seconds:.0f}" for seconds in (timing.step, *timing.parts.values())),
            *([f"{1e6 * timing.limit:.0f}", percent(timing.share)] if timing.limit == timing.limit else "––"),
            f"{timing.wall:.2f} s",
            percent(timing.evaluation),
        )
    console_for().print(table)
