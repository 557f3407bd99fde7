"""Classes as a notebook leaves them: in `__main__`, with their lines in linecache alone."""

import linecache
import textwrap
from itertools import count

CELL = """
import numpy as np
from dataclasses import dataclass
from zdl_bench.optimizers.elementwise import Elementwise

SCALE = 1.0
UNUSED = object()

def direction(g):
    return np.sign(g)

@dataclass(frozen=True)
class SignSGD(Elementwise):
    factor: float = 1.0
    default_lr = 0.01

    def scalars(self, step, memory):
        return {"rate": step.lr * self.factor * SCALE}

    @staticmethod
    def rule(w, g, *, rate):
        return w - rate * direction(g)
"""
_numbers = count(1)


def file_of_next_cell() -> str:
    return f"/tmp/ipykernel_1/{next(_numbers)}.py"


def run_cells(*texts: str) -> dict:
    """Return the names of a notebook after these cells."""
    space: dict = {"__name__": "__main__"}
    for text in map(textwrap.dedent, texts):
        file = file_of_next_cell()
        linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
        exec(compile(text, file, "exec"), space)
    return space


def defined_in_a_cell(text: str = CELL) -> type:
    """Return the class SignSGD of a cell."""
    return run_cells(text)["SignSGD"]
