"""What runs will cost, in seconds and bytes, from short trials of each kind of them."""

import json
import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace

import numpy as np

from zdl_bench.errors import ExecutorError
from zdl_bench.executors.child import Children
from zdl_bench.run.run import Floats, RunConfig
from zdl_bench.store.encoding import encode, file_of

MAX_KINDS = 12
"""Kinds of runs that are tried, the most frequent first; the others are taken to cost what these do on average."""
FIRST_STEPS = 5
GROWTH = 4
LONG_ENOUGH_SECONDS = 0.2
"""A trial that takes so long tells the time of a step; a shorter one is followed by one of more steps."""
TRIAL_TIMEOUT = 10.0
"""Seconds; a kind whose first steps take longer is left out."""
TRIAL_LR = 1e-6
"""So small that no trial diverges, which would make it end early."""
DISK_BLOCK = 4096
"""Bytes: a file takes whole blocks."""


@dataclass(frozen=True)
class Cost:
    """Of some runs: seconds of one core, evaluation included, and bytes of their files."""

    seconds: float
    bytes: float


@dataclass(frozen=True)
class Line:
    """What a run of some kind costs by its steps. start, slope: (2,) float64, seconds and bytes, at 0 and per step."""

    start: Floats
    slope: Floats


def estimated_cost(configs: Sequence[RunConfig]) -> Cost | None:
    """The cost of all these runs. None where no trial of theirs came to an end.

    A trial is a run of few steps in a process of its own, so that one that hangs or crashes does no harm.
    """
    kinds: dict[str, list[RunConfig]] = defaultdict(list)
    for config in configs:
        kinds[_kind(config)].append(config)
    by_size = sorted(kinds.values(), key=len, reverse=True)
    with closing(Children()) as children:
        lines = [_line(children, max(members, key=lambda config: config.steps)) for members in by_size[:MAX_KINDS]]
    known = [(line, members) for line, members in zip(lines, by_size, strict=False) if line]
    if not known:
        return None
    costs = [line.start * len(members) + line.slope * sum(c.steps for c in members) for line, members in known]
    share = sum(len(members) for _, members in known) / len(configs)
    seconds, size = np.sum(costs, axis=0) / share
    return Cost(float(seconds), float(size) + DISK_BLOCK / 2 * len(configs))


def _kind(config: RunConfig) -> str:
    """Equal for runs whose steps cost the same, whatever their number, seed and learning rate."""
    about = config.as_dict() | {"optimizer": config.optimizer.name, "lr": None, "seed": None, "steps": None}
    return json.dumps(about, sort_keys=True)


def _line(children: Children, config: RunConfig) -> Line | None:
    steps = min(FIRST_STEPS, config.steps)
    first = _trial(children, config, steps)  # pays for what a process does once
    shorter = _trial(children, config, steps) if first is not None else None
    if shorter is None:
        return None
    longer, longer_steps = shorter, steps
    while longer[0] - shorter[0] < LONG_ENOUGH_SECONDS and longer_steps < config.steps:
        longer_steps = min(GROWTH * longer_steps, config.steps)
        grown = _trial(children, config, longer_steps)
        if grown is None:
            return None
        longer = grown
    slope = np.maximum(longer - shorter, 0.0) / max(longer_steps - steps, 1)
    return Line(shorter - slope * steps, slope)


def trial_config(config: RunConfig, steps: int) -> RunConfig:
    """Return a shorter run that cannot diverge, probed as often per step as the whole would be."""
    probes = max(round(config.probe_count * steps / config.steps), 1)
    lr = None if config.lr is None else min(config.lr, TRIAL_LR)
    return replace(config, steps=steps, probe_count=probes, lr=lr)


def _trial(children: Children, config: RunConfig, steps: int) -> Floats | None:
    """Seconds and bytes of a trial of so many steps. (2,) float64"""
    began = time.monotonic()
    try:
        run = children.make(trial_config(config, steps), TRIAL_TIMEOUT)
    except ExecutorError:  # executor=serial can do without processes
        return None
    seconds = time.monotonic() - began
    return np.array([seconds, len(file_of(encode(run)))]) if run and run.status.is_result else None
