"""What planned looks would have saved in the study: `until=decided`, replayed on its stored runs.

    python tests/benchmarks/study_looks.py

Prints the table of docs/statistics.md; takes about a minute. Each setting of the study is a sweep of its own.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from zdl_bench.run.run import Floats
from zdl_bench.statistics.contest import Contest
from zdl_bench.statistics.flip_test import Flips
from zdl_bench.statistics.look_plan import LookPlan
from zdl_bench.statistics.sequential import compare_sequentially
from zdl_bench.statistics.side import NO_VALUE_RANK

STUDY = Path(__file__).parents[2] / "results" / "reference" / "study.parquet"
SETTING = ("problem", "dataset", "schedule", "steps")
TWO, FIVE = ("adam", "sgd"), ("adam", "sgd", "momentum", "adagrad", "rmsprop")
FLIPS = 2048


def judged_runs() -> pd.DataFrame:
    """Return the runs of the evaluation seeds, with the setting of each as a text."""
    runs = pd.read_parquet(STUDY)
    configs = runs["config"].map(json.loads)
    settings = configs.map(lambda config: json.dumps([config.get(key) for key in SETTING], sort_keys=True))
    first = min(config["seed"] for config in configs if config["seed"] >= 1000)  # tuning seeds are small numbers
    return runs.assign(setting=settings)[runs["seed"] >= first]


def ranks_by_setting(runs: pd.DataFrame, optimizers: Sequence[str]) -> Iterator[Floats]:
    """Yield the ranks in speed of these optimizers in each setting, (optimizers, seeds)."""
    runs = runs.assign(rank=runs["log_aulc"].astype(float).fillna(NO_VALUE_RANK))
    for _, rows in runs[runs["optimizer"].isin(optimizers)].groupby("setting", sort=False):
        values = rows.pivot(index="optimizer", columns="seed", values="rank")
        yield values.loc[rows["optimizer"].drop_duplicates()].to_numpy()


def saved(settings: Sequence[Floats], margin: float | None) -> float:
    """Return the share of the runs of a sweep that are not needed if seeds are added only while a pair is open."""
    ranks = np.vstack(settings)
    names = [str(number) for number, among in enumerate(settings) for _ in among]
    contest = Contest(ranks, names, [False] * len(ranks))
    needed = np.zeros(len(ranks))
    for pair in compare_sequentially(contest, LookPlan(ranks.shape[1], margin), Flips(FLIPS, 0)).outcomes:
        for entrant in (pair.first, pair.second):
            needed[entrant] = max(needed[entrant], pair.seeds)
    return 1 - float(needed.sum()) / ranks.size


def main() -> None:
    runs = judged_runs()
    everybody = sorted(runs["optimizer"].unique())
    print("| optimizers | sweeps | runs saved, mean (least to most) | with a margin of 1.05 |\n|---|---|---|---|")
    for name, chosen in (("Adam and SGD", TWO), ("the five of the articles", FIVE), (f"all {len(everybody)}", everybody)):
        settings = [[ranks] for ranks in ranks_by_setting(runs, chosen)]
        print(f"| {name} | {len(settings)}, one per setting | {_cells(settings)} |")
    print(f"| all {len(everybody)} | one of all settings | {_cells([[*ranks_by_setting(runs, everybody)]])} |")


def _cells(sweeps: Sequence[Sequence[Floats]]) -> str:
    shares = [[saved(settings, margin) for settings in sweeps] for margin in (None, 1.05)]
    return " | ".join(f"{np.mean(ones):.0%} ({min(ones):.0%} to {max(ones):.0%})" for ones in shares)


if __name__ == "__main__":
    main()
