"""More seeds of a sweep: which ones they are, what they cost, and the command that trains them."""

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice

import pandas as pd

from zdl_bench.language import translate
from zdl_bench.report.comparison import Comparison
from zdl_bench.run.config import MAX_SEED
from zdl_bench.run.counts import count_of

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
        minutes = self.minutes_for(total)
        runs = count_of(int(self._new_runs(total).sum()), "run")
        if minutes < 0.1:
            return translate("+{runs}, under 0.1 core-minutes of training", runs=runs)
        time = f"{minutes:.1f}" if minutes < 10 else f"{minutes:,.0f}"
        return translate("+{runs}, about {minutes} core-minutes of training", runs=runs, minutes=time)

    def minutes_for(self, total: int) -> float:
        """Return how many minutes one core trains to have `total` seeds."""
        return float((self._new_runs(total) * self.conditions["seconds"]).sum()) / 60

    def _new_runs(self, total: int) -> "pd.Series[int]":
        return max(total, len(self.seeds)) - self.conditions["runs"]

    def command_for(self, total: int) -> str:
        """Return the sweep's command with `total` seeds, or an empty text for a command to which seeds cannot be given.

        The sweep's own seeds come first, then those that follow them.
        """
        return self._command({"seed": self.word_for(total)})

    def word_for(self, total: int) -> str:
        """Return the word of a command that asks for `total` seeds: `seed=range(0,12)`."""
        return f"seed={seeds_text(self._first(total))}"

    def command_with(self, word: str, total: int) -> str:
        """Return the sweep's command with a further word, `key=value`, and with `total` seeds; empty as of `command_for`."""
        return self._command({word.partition("=")[0]: word, "seed": self.word_for(total)})

    def _first(self, total: int) -> list[int]:
        used = {*self.seeds, *self.reserved}
        last = self.seeds[-1] if self.seeds else -1
        following = (seed for seed in chain(range(last + 1, MAX_SEED + 1), range(last)) if seed not in used)
        return sorted([*self.seeds, *islice(following, max(0, total - len(self.seeds)))])

    def _command(self, changed: Mapping[str, str]) -> str:
        """Return the sweep's command with these words, key → word, in place of those of the same keys."""
        try:
            words = shlex.split(self.command)
        except ValueError:  # the manifest of a stranger
            return ""
        chooses_runs_itself = any(_key(word).startswith("hydra/") for word in words)  # by a sweeper of another package
        if chooses_runs_itself or words[: len(ENTRY)] != ENTRY or not self.seeds:
            return ""
        arguments = words[len(ENTRY) :]
        keys = [_key(word) for word in arguments]
        given = [changed.get(key, word) for key, word in zip(keys, arguments, strict=True) if key != "force"]
        multirun = [] if "experiment" in keys or {"-m", "--multirun"} & {*arguments} else ["-m"]
        return shlex.join([*ENTRY, *multirun, *given, *(word for key, word in changed.items() if key not in keys)])


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
