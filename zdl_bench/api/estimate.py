"""The cost of runs in seconds and bytes, estimated from short trials of each kind of run."""

import json
import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace

import numpy as np

from zdl_bench.errors import ExecutorError
from zdl_bench.executors.child import Children
from zdl_bench.run.config import RunConfig
from zdl_bench.run.run import Floats
from zdl_bench.store.encoding import encode
from zdl_bench.store.run_file import file_of

MAX_KINDS = 12
"""Maximum number of kinds of runs that are tried, the most frequent first. The cost of other kinds is the average of these."""
SHORT_TRIAL_STEPS = 5
GROWTH = 4
LONG_TRIAL_SECONDS = 0.2
"""Seconds by which a longer trial must exceed the short trial. If it does not, a trial of more steps follows."""
TRIAL_TIMEOUT = 10.0
"""Seconds that a trial may take. A kind of run whose trial takes longer is left out of the average."""
TRIAL_LR = 1e-6
"""A learning rate so small that no trial diverges and ends early."""
DISK_BLOCK = 4096
"""Bytes of a block of the disk. A file takes whole blocks."""


@dataclass(frozen=True)
class Cost:
    """The cost of some runs: seconds on one core, including evaluation, and bytes of the runs' files."""

    seconds: float
    bytes: float


def estimated_cost(configs: Sequence[RunConfig]) -> Cost | None:
    """Return the cost of all these runs together, or None if no trial finished.

    A trial is a run of a few steps in its own process, so that a trial that hangs or crashes does no harm.
    """
    kinds: dict[str, list[RunConfig]] = defaultdict(list)
    for config in configs:
        kinds[_kind(config)].append(config)
    try:
        started = Children()
    except ExecutorError:  # an object cannot be sent to a process, which executor=serial does not need
        return None
    costs, known = np.zeros(2), 0
    with closing(started) as children:
        for members in sorted(kinds.values(), key=len, reverse=True)[:MAX_KINDS]:
            line = _cost_by_steps(children, max(members, key=lambda config: config.steps))
            if line is not None:
                costs += line @ [len(members), sum(config.steps for config in members)]
                known += len(members)
    if known == 0:
        return None
    seconds, size = costs * len(configs) / known
    return Cost(float(seconds), float(size) + DISK_BLOCK / 2 * len(configs))


def _kind(config: RunConfig) -> str:
    """Return a text that is the same for all runs whose steps cost the same.

    The text is the config without steps, seed, learning rate and the hyper-parameters of the optimizer.
    """
    about = config.as_dict() | {"optimizer": config.optimizer.name, "lr": None, "seed": None, "steps": None}
    return json.dumps(about, sort_keys=True)


def _cost_by_steps(children: Children, config: RunConfig) -> Floats | None:
    """Return the cost of a run at 0 steps and per step, or None if a trial does not finish.

    The shape is (2, 2). Rows: seconds and bytes. Columns: at 0 steps and per step.
    """
    steps = min(SHORT_TRIAL_STEPS, config.steps)
    warm_up = _trial(children, config, steps)  # this trial includes costs that a process has only once
    shorter = longer = _trial(children, config, steps) if warm_up is not None else None
    longer_steps = steps
    while shorter is not None and longer is not None:
        if longer[0] - shorter[0] >= LONG_TRIAL_SECONDS or longer_steps == config.steps:
            slope = np.maximum(longer - shorter, 0.0) / max(longer_steps - steps, 1)
            return np.column_stack([shorter - slope * steps, slope])
        longer_steps = min(GROWTH * longer_steps, config.steps)
        longer = _trial(children, config, longer_steps)
    return None


def trial_config(config: RunConfig, steps: int) -> RunConfig:
    """Return the config of a shorter run that cannot diverge and has the same number of probes per step as the whole run."""
    probes = max(round(config.probe_count * steps / config.steps), 1)
    lr = None if config.lr is None else min(config.lr, TRIAL_LR)
    return replace(config, steps=steps, probe_count=probes, lr=lr)


def _trial(children: Children, config: RunConfig, steps: int) -> Floats | None:
    """Return the seconds and bytes of a trial of `steps` steps, shape (2,), or None if the trial does not finish."""
    began = time.monotonic()
    try:
        run = children.make(trial_config(config, steps), TRIAL_TIMEOUT)
    except ExecutorError:  # the system cannot start a process, which executor=serial does not need
        return None
    seconds = time.monotonic() - began
    return np.array([seconds, len(file_of(encode(run)))]) if run and run.status.is_result else None
