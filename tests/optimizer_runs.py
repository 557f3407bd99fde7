"""What the pages of `docs/optimizers/` measure: paths on two surfaces, the memory of a rule, and its evaluations.

`python tests/optimizer_pages.py` writes the numbers to `docs/optimizers/measured.json` and draws the figures.
"""

import io
import math
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, pairwise
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from PIL import Image

from zdl_bench.kernels.streams import spawned_streams
from zdl_bench.optimizers.optimizer import Optimizer, Step
from zdl_bench.registry import conf_files, registry
from zdl_bench.report.figures.landscape import drawable
from zdl_bench.run.config import Choice, RunConfig
from zdl_bench.run.run import Floats, Layout, Tensor
from zdl_bench.training.iterates import Iteration
from zdl_bench.training.loop import problem_of

SURFACES = {"bowl": 100, "rosenbrock": 1000}
"""Surface → the number of steps on it."""
WORDS = {"bowl": "the bowl", "rosenbrock": "Rosenbrock's function"}
RATES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
HIGHEST = 2
"""The largest loss on a path that counts as sensible, in units of the loss at the start."""
NETWORK = (784, 200, 200, 10)
RED, GREY, BLACK = (214, 39, 40), (187, 187, 187), (0, 0, 0)
SHADES = 5
"""Shades from white to each of the three colours. A figure has no other colours, so that its file is small."""


def chosen(group: str, name: str) -> Choice:
    """Return a choice of conf/ with the values of its YAML."""
    keys = {key: value for key, value in conf_files.load_yaml(group, name).items() if key not in registry.KEYS_ABOUT_A_PART}
    return registry.choice(group, name, keys)


def surface_config(optimizer: str, surface: str, lr: float | None) -> RunConfig:
    return RunConfig(
        optimizer=chosen("optimizer", optimizer),
        problem=chosen("problem", surface),
        dataset=None,
        schedule=Choice("constant"),
        lr=lr,
        seed=0,
        steps=SURFACES[surface],
        dtype="float64",
        rng="spawned",
        probe_count=50,
        probe_images=None,
    )


def path_of(config: RunConfig) -> Floats:
    """Return the points that a run answers with, from the start on, (steps + 1, 2). They end with a loss that is not finite."""
    iteration = Iteration(config, problem_of(config), registry.whole_optimizer(config))
    points = [iteration.answer().copy()]
    with np.errstate(all="ignore"):
        for step in iteration.steps():
            if not math.isfinite(step.loss):
                break
            iteration.update(step)
            points.append(iteration.answer().copy())
    return np.array(points)


def best_path(optimizer: str, surface: str) -> tuple[float | None, Floats]:
    """Return a learning rate of RATES and its path: the lowest mean loss over the last tenth of the steps.

    One with which the loss rises above HIGHEST times that at the start is chosen only if there is no other.
    """
    has_lr = conf_files.load_yaml("optimizer", optimizer)["default_lr"] is not None
    tried = [(lr, path_of(surface_config(optimizer, surface, lr))) for lr in (RATES if has_lr else (None,))]
    return min(tried, key=lambda one: _demerits(one[1], surface))


def _demerits(path: Floats, surface: str) -> tuple[bool, float]:
    """Return whether the loss rises too far, and its mean over the last tenth of the steps, or infinity."""
    steps = SURFACES[surface]
    with np.errstate(all="ignore"):
        losses = _landscape(surface).value(path.T)
        mean = float(np.mean(losses[-steps // 10 :]))
    is_whole = len(path) == steps + 1 and math.isfinite(mean)
    return not losses.max() <= HIGHEST * losses[0], mean if is_whole else math.inf


def _landscape(surface: str) -> Any:
    return registry.problem(chosen("problem", surface))


def measured(optimizer: str, paths: dict[str, tuple[float | None, Floats]]) -> dict[str, Any]:
    """Return the numbers of a page.

    bowl, rosenbrock: learning rate and last loss. buffers: elements of the state per parameter of the articles' network.
    evaluations: those of the gradient in a step after the first.
    needs_matrices: whether its steps differ between a vector and a matrix, so that surfaces show it in part.
    answers_elsewhere: whether the rule answers with another point than its iterate.
    """
    numbers: dict[str, Any] = {
        surface: {"lr": lr, "loss": float(f"{_landscape(surface).value(path[-1]):.2g}")}
        for surface, (lr, path) in paths.items()
    }
    layout = tuple(_layers(NETWORK))
    size, buffers, evaluations, _ = walk(optimizer, layout)
    numbers |= {"buffers": float(f"{buffers / size:.2g}"), "evaluations": evaluations}
    ends = [walk(optimizer, (Tensor(0, 8, shape),))[-1] for shape in ((8,), (4, 2))]
    numbers["needs_matrices"] = ends[0].tobytes() != ends[1].tobytes()
    return numbers | {
        "answers_elsewhere": type(registry.optimizer(chosen("optimizer", optimizer))).answer is not Optimizer.answer
    }


def _layers(sizes: tuple[int, ...]) -> Iterator[Tensor]:
    start = 0
    for rows, columns in pairwise(sizes):
        for shape in ((rows, columns), (columns,)):
            yield Tensor(start, start + math.prod(shape), shape)
            start += math.prod(shape)


def walk(optimizer: str, layout: Layout) -> tuple[int, int, int, Floats]:
    """Take three steps with random gradients.

    Return the number of parameters, that of the elements of the state, the evaluations of the third step, and the parameters.
    """
    rule, random = registry.optimizer(chosen("optimizer", optimizer)), np.random.default_rng(0)
    params, *gradients = random.standard_normal((4, layout[-1].stop)).astype(np.float32)
    lr, asked = conf_files.load_yaml("optimizer", optimizer)["default_lr"] or 1.0, []

    def at(point: Floats) -> tuple[float, Floats]:
        asked.append(point)
        return 1.0, gradient.copy()

    step = Step(0, 3, lr, lr, math.nan, 1.0, layout, spawned_streams(0).rule, at)
    state = rule.init(params, step)
    for number, gradient in enumerate(gradients, 1):
        asked.clear()
        rule.update(params, gradient, state, replace(step, number=number, loss=1.0))
    elements = sum(array.size for one in state.walk() for array in one.arrays.values())
    return len(params), elements, 1 + len(asked), params


def draw(optimizer: str, paths: dict[str, tuple[float | None, Floats]], file: Path) -> None:
    """Draw a panel per surface, and save it as a PNG of few colours."""
    with mpl.rc_context({"font.family": "DejaVu Sans", "font.size": 8, "axes.linewidth": 0.6}):
        figure = Figure(figsize=(7.2, 2.7), dpi=100, layout="constrained")
        for axes, (surface, (lr, path)) in zip(figure.subplots(1, len(paths)), paths.items(), strict=True):
            draw_surface(axes, surface, path)
            rate = "no learning rate" if lr is None else f"lr {lr:g}"
            axes.set_title(f"{WORDS[surface]}: {rate}, {len(path) - 1:,} steps", fontsize=8.5)
        image = io.BytesIO()
        figure.savefig(image, format="png")
    shades = [_shade(color, number / SHADES) for color in (RED, GREY, BLACK) for number in range(1, SHADES + 1)]
    palette = Image.new("P", (1, 1))
    palette.putpalette([255, 255, 255, *chain(*shades)])
    Image.open(image).convert("RGB").quantize(palette=palette, dither=Image.Dither.NONE).save(file, optimize=True, bits=4)


def _hex(color: tuple[int, int, int]) -> str:
    return "#{:02x}{:02x}{:02x}".format(*color)


def _shade(color: tuple[int, int, int], share: float) -> list[int]:
    return [round(255 + share * (part - 255)) for part in color]


def draw_surface(axes: Axes, surface: str, path: Floats) -> None:
    """Draw a path over grey contours, with a ring around its start and a star on the minimum."""
    landscape = _landscape(surface)
    xs, ys = (np.linspace(low, high, 121) for low, high in landscape.domain)
    heights = np.maximum(landscape.value(np.array(np.meshgrid(xs, ys))), 1e-9)
    levels = np.geomspace(1e-2, float(heights.max()), 12)
    axes.contour(xs, ys, heights, levels=levels, norm=LogNorm(1e-9, 1), colors=_hex(GREY), linewidths=0.5)
    points = drawable(path, landscape)
    axes.plot(*points.T, color=_hex(RED), linewidth=1, marker=".", markersize=2.5)
    axes.plot(*points[0], color=_hex(RED), marker="o", markersize=8, markerfacecolor="none")
    for minimum in landscape.minima:
        axes.plot(*minimum, color=_hex(BLACK), marker="*", markersize=9, linestyle="")
    axes.set(xlim=landscape.domain[0], ylim=landscape.domain[1])
