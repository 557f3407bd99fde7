"""What the committed numbers say of one optimizer: verdicts of the experiments, and its place in the study."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from zdl_bench.commands.reference import REFERENCE_VERDICTS
from zdl_bench.registry import conf_files
from zdl_bench.run.conditions import facets_of, tuned_text
from zdl_bench.run.config import RunConfig
from zdl_bench.run.experiment import Experiment
from zdl_bench.run.run import Floats
from zdl_bench.statistics.tuning import RESAMPLES, RESAMPLING_SEED

STUDY = "study"
RANKINGS = {"tail_loss": "loss at the end", "log_aulc": "speed"}


def setting_names(settings: Sequence[str]) -> dict[str, str]:
    """Return setting → a short name for tables, such as `MNIST, cosine`; unchanged if it names no schedule."""
    names = {}
    for setting in settings:
        keys = dict(part.split("=", 1) for part in setting.split(", "))
        problem = {"mlp": keys.get("dataset", ""), "noisy_quadratic": "noisy quadratic", "rosenbrock": "Rosenbrock"}
        if "schedule" not in keys:
            names[setting] = setting
            continue
        name = problem.get(keys["problem"], keys["problem"]).replace("mnist", "MNIST")
        several = sum(keys["problem"] in other and keys.get("dataset", "") in other for other in settings)
        steps = f", {int(keys['steps']):,} steps" if "steps" in keys and keys["problem"] == "mlp" and several > 2 else ""
        names[setting] = f"{name}{steps}, {keys['schedule']}"
    return names


def problem_of(setting: str) -> str:
    """Return the problem of a setting, without steps and schedule, such as `mnist` or `rosenbrock`."""
    keys = dict(part.split("=", 1) for part in setting.split(", "))
    return keys.get("dataset", "") if keys["problem"] == "mlp" else keys["problem"]


class JudgedClaim(NamedTuple):
    """A claim with its verdict. optimizers: those that it names."""

    experiment: str
    claim: str
    sentence: str
    verdict: str
    optimizers: frozenset[str]


def judged_claims(reference: Path) -> Iterator[JudgedClaim]:
    """Yield the committed verdicts, with the claims that the experiments' YAMLs state."""
    verdicts = pd.read_csv(reference / REFERENCE_VERDICTS, dtype=str)
    for experiment, rows in verdicts.groupby("experiment", sort=False):
        claims = {str(claim["id"]): claim for claim in conf_files.load_experiment(str(experiment)).get("claims", [])}
        for name, verdict in zip(rows["claim"], rows["verdict"], strict=True):
            claim = claims[name]
            yield JudgedClaim(str(experiment), name, claim["sentence"], verdict, frozenset(_optimizers_in(claim)))


def _optimizers_in(content: Any) -> Iterator[str]:
    if isinstance(content, Mapping):
        yield from ([str(content["optimizer"])] if "optimizer" in content else [])
        content = list(content.values())
    if isinstance(content, list):
        for one in content:
            yield from _optimizers_in(one)


class Rank(NamedTuple):
    """A rank, from 1 on, with the bounds of 95 % of the ranks in resamples of the seeds, among so many optimizers."""

    rank: int
    low: int
    high: int
    among: int
    seeds: int


class Study:
    """The runs of the study without transforms, one per row.

    Columns besides those of the file: setting; others, the values of the keys that were tuned besides lr; is_tuning, whether
    the seed is one of those that choose.
    """

    def __init__(self, path: Path) -> None:
        rows = pd.read_parquet(path)
        configs = {run_id: RunConfig.from_dict(json.loads(text)) for run_id, text in rows.set_index("run_id")["config"].items()}
        facets = facets_of(configs.values())
        schedules = {config.schedule.name for config in configs.values()}
        study = Experiment.of(STUDY, conf_files.load_experiment(STUDY))

        def setting_of(run_id: str) -> str:
            config = configs[run_id]
            words = facets[run_id].setting or f"problem={config.problem.name}"
            return f"{words}, schedule={config.schedule.name}" if len(schedules) > 1 else words

        rows = rows[[not configs[run_id].transform for run_id in rows["run_id"]]]
        self.runs = rows.assign(
            setting=rows["run_id"].map(setting_of),
            others=rows["run_id"].map(lambda run_id: tuned_text(configs[run_id], study.tuned_keys)),
            is_tuning=rows["seed"].isin(study.tuning_seeds),
        )

    def losses_by_lr(self, optimizer: str) -> "dict[str, pd.Series[float]]":
        """Return, by setting, learning rate → mean loss at the end over the tuning seeds; NaN if a run has no value.

        If other keys were tuned, it is that of their best values at this learning rate.
        """
        runs = self.runs[(self.runs["optimizer"] == optimizer) & self.runs["lr"].notna()]
        tried = runs[runs["is_tuning"]] if runs["is_tuning"].any() else runs
        return {
            str(setting): rows.groupby(["lr", "others"])["tail_loss"].mean(skipna=False).groupby("lr").min()
            for setting, rows in tried.groupby("setting", sort=False)
        }

    def ranks(self, measure: str) -> dict[str, dict[str, Rank]]:
        """Return optimizer → setting → its rank by the mean over the evaluation seeds that all optimizers of the setting have.

        An optimizer without a value on some of these seeds is last.
        """
        found: dict[str, dict[str, Rank]] = {}
        for setting, rows in self.runs[~self.runs["is_tuning"]].groupby("setting", sort=False):
            by_seed = rows.groupby(["optimizer", "seed"])[measure]
            values = by_seed.mean().unstack()[by_seed.size().unstack().dropna(axis="columns").columns]
            means = values.fillna(np.inf).to_numpy(float)
            seeds = means.shape[1]
            resamples = np.random.default_rng(RESAMPLING_SEED).integers(seeds, size=(RESAMPLES, seeds))
            own, spread = _ranks(means.mean(axis=1)), _ranks(means[:, resamples].mean(axis=2))
            lows, highs = np.quantile(spread, [0.025, 0.975], axis=1, method="inverted_cdf")
            for optimizer, rank, low, high in zip(values.index, own, lows, highs, strict=True):
                found.setdefault(optimizer, {})[str(setting)] = Rank(int(rank), int(low), int(high), len(values), seeds)
        return found


def _ranks(means: Floats) -> Floats:
    """Return the ranks along the first axis, from 1 on; equals share the best, those without a value the last.

    means: (optimizers, …), ∞ without a value. Shape of the ranks: the same.
    """
    return np.where(np.isinf(means), len(means), 1 + (means[:, None] > means[None]).sum(axis=1))


def study_in(reference: Path) -> Study | None:
    """Return the study, or None if it has not been run."""
    path = reference / f"{STUDY}.parquet"
    return Study(path) if path.exists() else None
