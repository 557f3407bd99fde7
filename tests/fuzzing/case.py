"""A case: files in an otherwise empty folder, and commands that meet them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

WORK = "work"
"""The folder in which the commands start, below the sandbox; the store is `results` in it."""
EXPERIMENTS = "experiments"
"""The folder of the experiments, below the sandbox."""
LOAD_RESULTS = "load_results"
"""As the first word of a command: `zdl_bench.load_results` on the store instead of the command line."""
JUDGE = "judge"
"""As the first word of a command: the claims of the experiment `mine` are judged on some sound runs."""


@dataclass(frozen=True)
class Case:
    """One input.

    commands: command lines, one after the other, without `python -m zdl_bench`. files: path below the sandbox → content.
    sparse: path → size of a file of zeros that takes no place on the disk. store: the folder that may change, below WORK.
    """

    commands: tuple[tuple[str, ...], ...]
    files: Mapping[str, bytes] = field(default_factory=dict)
    sparse: Mapping[str, int] = field(default_factory=dict)
    store: str = "results"
