"""The table of the oscillation profile in docs/metrics.md: each cell against an oracle, which is not the code under test."""

import re
from pathlib import Path

import numpy as np
import pytest
from benchmarks.oscillation_validation import (
    BOWL_STEPS,
    PLANS,
    STEPS,
    best_gains,
    cells,
    every_step,
    made_up,
    names,
    planned,
    spikes_seen,
)

from zdl_bench.run.profile import SCALES, gaps_of, scales_of
from zdl_bench.run.run import Floats

DOCS = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text(encoding="utf-8")
SPIKES = "spike of 5 steps and 0.5, at any place"
SLOW = ("white noise of 0.05, every step", f"{SPIKES}, planned", f"{SPIKES}, every step")
ROWS = [pytest.param(name, marks=pytest.mark.slow if name in SLOW else ()) for name in names()]


def gradient_steps(slope, start, steps: int, lr: float, momentum: float = 0.0) -> Floats:
    """The points of gradient descent with momentum, (steps + 1, d)."""
    w, v, points = np.array(start, dtype=float), np.zeros(len(start)), []
    for _ in range(steps + 1):
        points.append(w)
        v = momentum * v - lr * slope(w)
        w = w + v
    return np.array(points)


def bowl_slope(w: Floats) -> Floats:
    return np.array([w[0] / 10, 2 * w[1]])


def bowl_losses(points: Floats) -> Floats:
    return points[:, 0] ** 2 / 20 + points[:, 1] ** 2


def adagrad_points(steps: int, lr: float) -> Floats:
    w, h, points = np.array([-7.0, 2.0]), np.zeros(2), []
    for _ in range(steps + 1):
        points.append(w)
        h = h + bowl_slope(w) ** 2
        w = w - lr * bowl_slope(w) / (np.sqrt(h) + 1e-7)
    return np.array(points)


def double_well_losses() -> Floats:
    """Beyond lr = 2 / f″ = 0.234, x jumps from one side of the minimum to the other for ever. Of y nothing is left."""
    x, y = gradient_steps(lambda w: np.array([4 * w[0] * (w[0] ** 2 - 1) + 0.3, w[1]]), (1.5, 1.0), 500, 0.25).T
    return (x**2 - 1) ** 2 + 0.3 * x + y**2 / 2 + 0.30542848374391597


def losses_of_run(name: str) -> Floats:
    """The losses of a row that is a run, in double precision, from its recurrence or closed form."""
    if name.startswith("rounding"):
        return 0.99 ** (2 * np.arange(501))  # each weight is multiplied by 1 − 0.01 at each step
    if name.startswith("SGD beyond"):
        return double_well_losses()
    if name.startswith("AdaGrad"):
        return bowl_losses(adagrad_points(int(name.split()[-2]), 0.95))
    if name.startswith("Momentum"):
        return bowl_losses(gradient_steps(bowl_slope, (-7, 2), 200, 0.1, 0.9))
    t = np.arange(501 if name.endswith("lr 0.1") else int(name.split()[-2]) + 1)
    lr = 0.1 if name.endswith("lr 0.1") else 0.95
    return 49 / 20 * (1 - lr / 10) ** (2 * t) + 4 * (1 - 2 * lr) ** (2 * t)


def planned_squares(values: Floats, scale: int) -> tuple[Floats, Floats]:
    """The squared distances from the lines, and the means of the triples, by a matrix with a row per triple."""
    triples = planned(values.shape[1] - 1)[scale]
    lines, means = (np.zeros((len(triples), values.shape[1])) for _ in range(2))
    for row, (start, middle, end) in enumerate(triples):
        lines[row, [start, end]] = [np.interp(middle, [start, end], hat) for hat in ([1, 0], [0, 1])]
        lines[row, middle] = -1
        means[row, [start, middle, end]] = 1 / 3
    lines /= np.linalg.norm(lines, axis=1, keepdims=True)
    return np.square(lines @ values.T), means @ values.T


def every_square(values: Floats, scale: int) -> tuple[Floats, Floats]:
    """The same for every place and each pair of gaps, by convolution."""
    squares, means = [], []
    first = (values.shape[1] - 1) // 10 + 1
    for left, right in set(gaps_of(scale)):
        line, mean = np.zeros(left + right + 1), np.zeros(left + right + 1)
        line[[-1, right, 0]] = right / (left + right), -1, left / (left + right)
        mean[[-1, right, 0]] = 1 / 3
        for row in values[:, first:]:
            if len(row) > left + right:
                squares.append(np.convolve(row, line, "valid") ** 2 / np.sum(line**2))
                means.append(np.convolve(row, mean, "valid"))
    return np.concatenate(squares), np.concatenate(means)


def expected(name: str) -> list[float]:
    """The eight cells of a row: NaN if the run is too short, 0 below 16 roundings of double precision."""
    what, _, plan = name.rpartition(", ")
    is_planned = plan in PLANS and PLANS[plan] is not None
    losses = np.array(made_up()[what]()) if plan in PLANS else losses_of_run(name)[None]
    squares_of = planned_squares if is_planned else every_square
    found = []
    for values, is_relative in ((np.log(losses), False), (losses, True)):
        for scale in SCALES:
            if scale not in scales_of(losses.shape[1] - 1):
                found.append(np.nan)
                continue
            squares, means = squares_of(values, scale)
            found.append(float(np.sqrt(np.mean(squares / means**2 if is_relative else squares))))
    return [0.0 if value < 16 * np.finfo(float).eps else value for value in found]


@pytest.mark.slow
@pytest.mark.parametrize("name", ROWS)
def test_a_row_of_the_table_is_what_the_oracle_says_and_what_the_docs_say(name):
    found = cells(name)
    rel = 1e-3 if "float32" in name else 1e-6
    assert found == pytest.approx(expected(name), rel=rel, abs=1e-13, nan_ok=True)
    [row] = re.findall(rf"^\| {re.escape(name)} \|(.*)\|$", DOCS, re.MULTILINE)
    written = [np.nan if cell.strip() == "–" else float(cell) for cell in row.split("|")]
    assert written == pytest.approx(found, rel=0.06, abs=1e-15, nan_ok=True)


def test_the_cycle_beyond_the_edge_of_stability_is_read_from_step_to_step():
    """ln L alternates between two values: the second difference is twice their distance, over √6."""
    high, low = double_well_losses()[-2:]
    assert cells("SGD beyond the edge of stability")[0] == pytest.approx(2 * abs(np.log(high / low)) / np.sqrt(6), rel=1e-3)


def test_a_steady_decay_is_read_as_oscillation_by_the_linear_view():
    """For equal gaps s and a rate r: (cosh rs − 1) / (½ + cosh rs) · √1.5, that is about (rs)² / √6 while rs is small."""
    found = cells("straight decay of ln L, 1 % a step, planned")
    for scale, value in zip(SCALES, found[4:], strict=True):
        cosh = np.cosh(0.01 * scale)
        assert value == pytest.approx(np.sqrt(1.5) * (cosh - 1) / (0.5 + cosh), rel=0.2)


@pytest.mark.slow
def test_the_numbers_beside_the_table():
    """That spikes are seldom seen is a property of the plan: 62 places of 900 cannot meet every five steps."""
    assert f"{spikes_seen():.0%}".replace("%", " %") in DOCS
    for triples in (planned(STEPS), {scale: every_step(scale) for scale in SCALES}):
        gains = best_gains(triples)
        assert all(abs(gain - 1) <= 0.1 for period, gain in gains.items() if period <= 60)
    assert BOWL_STEPS == (50, 100, 101)
