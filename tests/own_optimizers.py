"""A copy of the checkout with optimizers more: one file and a YAML each, nothing else."""

import shutil
from pathlib import Path

HOLDING = '''
"""A rule that waits in its first step for the file that HOLDING_UNTIL names: its runs are in flight until then."""

import os
import time
from dataclasses import dataclass

from zdl_bench.optimizers.sgd import SGD


@dataclass(frozen=True)
class Holding(SGD):
    def update(self, params, grad, state, step):
        while step.number == 1 and not os.path.exists(os.environ["HOLDING_UNTIL"]):
            time.sleep(0.01)
        super().update(params, grad, state, step)
'''
ROOT = Path(__file__).parent.parent


def checkout_with(root: Path, source: str, classes: tuple[str, ...]) -> Path:
    """Makes the copy at `root`, which it returns. Each class of the source is chosen by its name in small letters."""
    for name in ("conf", "experiments", "zdl_bench"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    (root / "zdl_bench/optimizers/own.py").write_text(source)
    for name in classes:
        yaml = f"_target_: zdl_bench.optimizers.own.{name}\nname: {name.lower()}\ndefault_lr: 0.1\n"
        (root / f"conf/optimizer/{name.lower()}.yaml").write_text(yaml)
    return root
