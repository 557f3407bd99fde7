"""Record the factors of PyTorch's schedules: `python tests/schedules/torch_schedules.py` writes torch_schedules.json.

A factor is the learning rate of an SGD with lr = 1 at the call of `step()`, in float64. Each case says in PyTorch's words
what a schedule of ours with these values has to be. Only recording needs PyTorch; the test reads the file.
"""

import json
import math
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_suffix(".json")
LENGTHS = (1, 2, 7, 60)
SHARE = 0.2
"""The share of the warm-up in the cases that have one."""


def factors(make: Callable[[Any], Any], steps: int) -> list[float]:
    """Return the learning rates of `steps` steps under the schedule that `make` builds around an optimizer."""
    import torch

    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    schedule, found = make(optimizer), []
    for _ in range(steps):
        found.append(float(optimizer.param_groups[0]["lr"]))
        optimizer.step()
        schedule.step()
    return found


def cases(steps: int) -> list[tuple[str, dict[str, float], str]]:
    """Return the name of each schedule, its values, and the PyTorch expression that it equals over this number of steps."""
    last = max(1, steps - 1)
    milestones = [math.ceil(k * steps / 5) for k in range(1, 5)]
    return [
        ("constant", {}, "lr.ConstantLR(o, factor=1)"),
        ("linear", {"final_factor": 0.1}, f"lr.LinearLR(o, start_factor=1, end_factor=0.1, total_iters={last})"),
        ("linear", {"final_factor": 0.0}, f"lr.LinearLR(o, start_factor=1, end_factor=0, total_iters={last})"),
        ("cosine", {"final_factor": 0.1}, f"lr.CosineAnnealingLR(o, T_max={last}, eta_min=0.1)"),
        ("exponential", {"final_factor": 0.02}, f"lr.ExponentialLR(o, gamma=0.02 ** (1 / {last}))"),
        ("step_decay", {"decay": 0.3, "drops": 4}, f"lr.MultiStepLR(o, {milestones}, gamma=0.3)"),
        *([("step_decay", {"decay": 0.3, "drops": 4}, f"lr.StepLR(o, {steps // 5}, gamma=0.3)")] if steps % 5 == 0 else []),
        ("inverse_sqrt", {"timescale": 9}, "lr.LambdaLR(o, lambda k: (9 / (9 + k)) ** 0.5)"),
        ("inverse_sqrt", {"timescale": 1}, "lr.LambdaLR(o, lambda k: (1 + k) ** -0.5)"),
    ]


def warm(name: str, values: dict[str, float], expression: str, warmup: int) -> tuple[str, dict[str, float], str]:
    """Return a case of the steps after a warm-up as a case of the whole."""
    return name, values | {"warmup_share": SHARE}, f"lr.SequentialLR(o, [{rising(warmup)}, {expression}], [{warmup}])"


def rising(warmup: int) -> str:
    return f"lr.LinearLR(o, start_factor=1 / {warmup}, total_iters={max(1, warmup - 1)})"


def stable(steps: int, warmup: int) -> tuple[str, dict[str, float], str]:
    """Return the case of warmup_stable_decay: three schedules in turn, or two without a warm-up."""
    decay = int(0.3 * (steps - warmup))
    parts = ["lr.ConstantLR(o, factor=1)", f"lr.LinearLR(o, start_factor=1, end_factor=0.1, total_iters={decay})"]
    milestones = [steps - decay - 1]
    if warmup:
        parts, milestones = [rising(warmup), *parts], [warmup, *milestones]
    values = {"warmup_share": SHARE if warmup else 0.0, "decay_share": 0.3, "final_factor": 0.1}
    return "warmup_stable_decay", values, f"lr.SequentialLR(o, [{', '.join(parts)}], {milestones})"


def record() -> None:
    """Write the file."""
    import torch
    from torch.optim import lr_scheduler

    found = []
    for steps in LENGTHS:
        warmup = int(SHARE * steps)
        warmed = [warm(*case, warmup) for case in cases(steps - warmup)] if warmup else []
        stables = [stable(steps, first) for first in (0, warmup) if steps > 4]
        for name, values, expression in [*cases(steps), *warmed, *stables]:
            make = eval(f"lambda o: {expression}", {"lr": lr_scheduler})
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                row = {"schedule": name, "values": values, "torch": expression, "factors": factors(make, steps)}
            found.append(row)
    lines = ",\n".join(f"  {json.dumps(row)}" for row in found)
    FILE.write_text(f'{{\n "torch": "{torch.__version__}",\n "cases": [\n{lines}\n ]\n}}\n', encoding="utf-8")
    print(f"{len(found)} cases, {sum(len(row['factors']) for row in found)} factors")


if __name__ == "__main__":
    record()
