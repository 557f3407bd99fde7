"""More seeds of a sweep: which ones they are, what they cost, and the command that trains them."""

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, islice

import pandas as pd

from zdl_bench.report.comparison import Comparison
from zdl_bench.report.phrases import count_of
from zdl_bench.run.config import MAX_SEED

ENTRY = ["python", "-m", "zdl_bench"]


@dataclass(frozen=True)
class MoreSeeds:
    """The seeds of a sweep on which optimizers are compared, and what is needed to train more of them.

    command: the sweep's command. seeds: in ascending order. reserved: seeds that choose learning rates, and so cannot judge.
    conditions: one row per condition, with the columns runs (on `seeds`) and seconds (of training, per run).
    """

    command: str
    seeds: tuple[int, ...]
    reserved: tuple[int, ...]
    conditions: pd.DataFrame

    @classmethod
    def of(cls, command: str, comparisons: Sequence[Comparison]) -> "MoreSeeds":
        judged = pd.concat([comparison.judged for comparison in comparisons], ignore_index=True)
        conditions = judged.groupby(["setting", "variant", "lr"], dropna=False)["train_seconds"].agg(["size", "mean"])
        return cls(
            command,
            tuple(sorted(map(int, judged["seed"].unique()))),
            tuple(seed for comparison in comparisons for seed in comparison.tuning_seeds),
            conditions.set_axis(["runs", "seconds"], axis="columns"),
        )

    def cost_text(self, total: int) -> str:
        """Return what it costs to have `total` seeds: `+28 runs, about 3.1 core-minutes of training`."""
        new = max(total, len(self.seeds)) - self.conditions["runs"]
        minutes = float((new * self.conditions["seconds"]).sum()) / 60
        time = "under 0.1" if minutes < 0.1 else f"about {minutes:.1f}" if minutes < 10 else f"about {minutes:,.0f}"
        return f"+{count_of(int(new.sum()), 'run')}, {time} core-minutes of training"

    def command_for(self, total: int) -> str:
        """Return the sweep's command with `total` seeds, or an empty text for a command to which seeds cannot be given.

        The sweep's own seeds come first, then those that follow them.
        """
        try:
            words = shlex.split(self.command)
        except ValueError:  # the manifest of a stranger
            return ""
        chooses_runs_itself = any(_key(word).startswith("hydra/") for word in words)  # by a sweeper of another package
        if chooses_runs_itself or words[: len(ENTRY)] != ENTRY or not self.seeds:
            return ""
        used = {*self.seeds, *self.reserved}
        following = (seed for seed in chain(range(self.seeds[-1] + 1, MAX_SEED + 1), range(self.seeds[-1])) if seed not in used)
        seeds = f"seed={seeds_text(sorted([*self.seeds, *islice(following, max(0, total - len(self.seeds)))]))}"
        arguments = words[len(ENTRY) :]
        keys = [_key(word) for word in arguments]
        given = [seeds if key == "seed" else word for key, word in zip(keys, arguments, strict=True) if key != "force"]
        multirun = [] if "experiment" in keys or {"-m", "--multirun"} & {*arguments} else ["-m"]
        return shlex.join([*ENTRY, *multirun, *given, *([] if "seed" in keys else [seeds])])


def seeds_text(seeds: Iterable[int]) -> str:
    """Return the value of `seed` that gives these ascending seeds, with ranges in place of three or more in a row."""
    rows: list[list[int]] = []
    for seed in seeds:
        if rows and seed == rows[-1][-1] + 1:
            rows[-1].append(seed)
        else:
            rows.append([seed])
    return ",".join(f"range({row[0]},{row[-1] + 1})" if len(row) > 2 else ",".join(map(str, row)) for row in rows)


def _key(word: str) -> str:
    return word.partition("=")[0].lstrip("+") if "=" in word else ""
