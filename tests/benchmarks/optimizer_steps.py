"""Print the time of a step of every optimizer on the articles' network, as a multiple of SGD's.

    python tests/benchmarks/optimizer_steps.py [NAME ...]

Random images as dark as MNIST's, one thread. A trial of each rule and one of SGD take turns; the table has the median of their
ratios over the rounds, the time of the update alone, and the gradients per step. NAME: rules to measure instead of all. Exits
with 1 if a step that asks for one gradient takes more than LIMIT times SGD's, and its rule is not in MAY_TAKE_LONGER.
"""

import sys
from pathlib import Path
from statistics import median

import threadpoolctl

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.regression import LIT, STEPS, config_of, network

from zdl_bench.commands.steps import time_parts
from zdl_bench.problems.problem import Problem
from zdl_bench.registry import conf_files, registry
from zdl_bench.run.config import RunConfig
from zdl_bench.training.loop import descend

LIMIT = 1.6
MAY_TAKE_LONGER = {"muon", "soap"}
"""Rules that multiply matrices."""
ROUNDS = 9


def gradients_per_step(config: RunConfig, problem: Problem) -> float:
    evaluations = descend(config, problem, registry.whole_optimizer(config)).curve.evaluations
    return 1.0 if evaluations is None else float(evaluations[-1]) / len(evaluations)


def main() -> int:
    problem = network(LIT["sparse"])
    configs = {name: config_of(name) for name in sys.argv[1:] or conf_files.native_names("optimizer")}
    sgd, too_slow = config_of("sgd"), []
    ratios: dict[str, list[float]] = {name: [] for name in configs}
    updates: dict[str, list[float]] = {name: [] for name in configs}
    with threadpoolctl.threadpool_limits(1):
        gradients = {name: gradients_per_step(config, problem) for name, config in configs.items()}  # compiles, too
        for _ in range(ROUNDS):
            for name, config in configs.items():
                parts, base = time_parts(config, problem, STEPS), time_parts(sgd, problem, STEPS)
                ratios[name].append(sum(parts.values()) / sum(base.values()))
                updates[name].append(parts["update"])
    for name in sorted(configs, key=lambda name: median(ratios[name])):
        ratio, update = median(ratios[name]), 1000 * median(updates[name])
        print(f"{name:24} {ratio:5.2f} × SGD   update {update:6.3f} ms   {gradients[name]:4.2f} gradients per step")
        if ratio > LIMIT and gradients[name] == 1 and name not in MAY_TAKE_LONGER:
            too_slow.append(name)
    for name in too_slow:
        print(f"{name}: a step takes more than {LIMIT} times SGD's", file=sys.stderr)
    return bool(too_slow)


if __name__ == "__main__":
    sys.exit(main())
