"""How the time of a step grows with the network and the batch: ours and the peers', as a figure.

    ZDL_BENCH_DATA=FOLDER python tests/benchmarks/peers/growth.py [ROUNDS=5] [FIGURE]

SGD on one core, all programs in turn; medians. Needs MNIST and the extra `peers`. The numbers are stored in
tests/benchmarks/peers/growth.json. If they are those of this engine already, only the figure is drawn again.
"""

import json
import os
import sys
import warnings
from pathlib import Path
from statistics import median

import matplotlib.pyplot as plt

sys.path.insert(0, str(Path(__file__).parent.parent))
sys.path.insert(0, str(Path(__file__).parent.parent.parent))

from peers.programs import jax_scan, ours, scikit_learn, torch_default, torch_fused
from peers.work import Work
from zdl_bench.run.config import ENGINE_VERSION

STORED = Path(__file__).parent / "growth.json"
FIGURE = Path(__file__).parents[3] / "docs/figures/growth.png"
OURS = f"zdl_bench, engine {ENGINE_VERSION}"
PROGRAMS = {
    OURS: ours,
    "PyTorch, fused": torch_fused,
    "PyTorch": torch_default,
    "JAX, jit and scan": jax_scan,
    "scikit-learn": scikit_learn,
}
STYLES = {
    OURS: {"color": "#d62728", "lw": 2.2, "marker": "o"},
    "PyTorch, fused": {"color": "#ff7f0e", "marker": "s"},
    "PyTorch": {"color": "#ff7f0e", "ls": "--", "marker": "s", "mfc": "white"},
    "JAX, jit and scan": {"color": "#1f77b4", "marker": "^"},
    "scikit-learn": {"color": "#2ca02c", "marker": "v"},
}
MULTIPLICATIONS = 4e10
"""Of a timed training: enough to forget its start."""
MILLISECONDS = (0.3, 1, 3, 10, 30)
AXES = {
    "width": ("units of each of two hidden layers", {n: {"hidden": (n, n)} for n in (50, 100, 200, 400, 800, 1600)}),
    "depth": ("hidden layers of 200 units", {n: {"hidden": (200,) * n} for n in (1, 2, 4, 8)}),
    "batch": ("images a batch", {n: {"batch_size": n} for n in (10, 30, 100, 300, 1000)}),
}


def steps_of(work: Work) -> int:
    return max(20, min(400, round(MULTIPLICATIONS / (6 * work.parameters * work.batch_size))))


def measured(rounds: int) -> dict[str, dict[str, dict[str, float]]]:
    """Axis → program → value → seconds per step."""
    found: dict[str, dict[str, dict[str, float]]] = {}
    for axis, (_, values) in AXES.items():
        found[axis] = {name: {} for name in PROGRAMS}
        for value, settings in values.items():
            work = Work("sgd", **settings, steps=steps_of(Work("sgd", **settings)))
            trainings = {name: make(work) for name, make in PROGRAMS.items()}
            times: dict[str, list[float]] = {name: [] for name in trainings}
            for number in range(rounds + 1):
                for name, training in trainings.items():
                    seconds = training()[0] / work.steps
                    if number > 0:  # the first round warms up
                        times[name].append(seconds)
            for name, each in times.items():
                found[axis][name][str(value)] = median(each)
            print(axis, value, {name: f"{1e6 * median(each):.0f} µs" for name, each in times.items()}, flush=True)
    return found


def draw(found: dict[str, dict[str, dict[str, float]]], path: Path) -> None:
    figure, panels = plt.subplots(1, 3, figsize=(13, 4.4), sharey=True, layout="constrained")
    for panel, (axis, (label, _)) in zip(panels, AXES.items(), strict=True):
        for name, points in found[axis].items():
            x, y = [float(value) for value in points], [1e3 * seconds for seconds in points.values()]
            panel.plot(x, y, label=name, **({"ms": 4, "lw": 1.4} | STYLES[name]))
        panel.set(xscale="log", yscale="log", xlabel=label)
        panel.set_xticks(x, [f"{value:g}" for value in x])
        panel.minorticks_off()
        panel.grid(alpha=0.3)
    panels[0].set_ylabel("milliseconds per step")
    panels[0].set_yticks(MILLISECONDS, [f"{value:g}" for value in MILLISECONDS])
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper center", ncols=len(PROGRAMS), frameon=False)
    figure.savefig(path, dpi=110)


def main(rounds: str = "5", path: str = str(FIGURE)) -> None:
    if OURS not in json.loads(STORED.read_text())["width"]:
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
        warnings.simplefilter("ignore")  # scikit-learn's: one epoch is not enough for it
        STORED.write_text(json.dumps(measured(int(rounds)), indent=1) + "\n")
    draw(json.loads(STORED.read_text()), Path(path))


if __name__ == "__main__":
    main(*sys.argv[1:])
