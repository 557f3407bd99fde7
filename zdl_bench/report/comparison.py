"""The runs of a sweep, arranged for comparison."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from zdl_bench.conditions import facets_of, short
from zdl_bench.frames import Results, frames_of
from zdl_bench.run import Run, RunConfig

FLOOR = 1e-12
"""Losses below so small a share of the first are shown as that share: a gap may be exactly 0."""


@dataclass(frozen=True)
class Comparison:
    """Runs of one setting: they differ by optimizer, its hyper-parameters, lr and seed only.

    results.runs has the columns of `Results.runs`, and `variant`.
    """

    setting: str
    context: tuple[str, ...]
    results: Results

    @property
    def runs(self) -> pd.DataFrame:
        return self.results.runs

    @property
    def slug(self) -> str:
        """The setting as a part of a file's name; empty where the sweep has only one."""
        if not self.setting:
            return ""
        kept = "".join(letter if letter.isascii() and (letter.isalnum() or letter in ".=-") else "_" for letter in self.setting)
        return f"-{kept[:60]}-{hashlib.sha256(self.setting.encode()).hexdigest()[:6]}"

    @property
    def loss_name(self) -> str:
        """What a probe's loss is, with its unit."""
        return "probe loss (nats)" if self.runs["dataset"].notna().any() else "gap to the minimum"

    def strided_losses(self) -> pd.DataFrame:
        """run_id, step, loss at the equal strides, joined with variant, optimizer, lr and planned_steps."""
        probes = self.results.probes
        if "strided" not in probes:
            return pd.DataFrame(columns=["run_id", "step", "loss", "variant", "optimizer", "lr", "planned_steps"])
        losses = probes.loc[probes["strided"], ["run_id", "step", "probe_loss"]].rename(columns={"probe_loss": "loss"})
        about = self.runs[["run_id", "variant", "optimizer", "lr", "steps"]].rename(columns={"steps": "planned_steps"})
        losses = losses.astype({"run_id": about["run_id"].dtype}).merge(about, on="run_id", how="inner")
        first = losses.groupby("run_id")["loss"].transform("first")
        return losses.assign(loss=losses["loss"].clip(lower=FLOOR * first))

    def best_lrs(self) -> dict[str, float]:
        """variant → its learning rate with the lowest mean tail loss, chosen on the very runs that are shown.

        A learning rate where some run has no value is no candidate. A variant without a candidate is left out.
        """
        means = self.runs.groupby(["variant", "lr"], sort=False, dropna=False)["tail_loss"].agg(
            lambda losses: losses.mean(skipna=False)
        )
        best = means.dropna().reset_index().sort_values("tail_loss", kind="stable").drop_duplicates("variant")
        return dict(zip(best["variant"], best["lr"], strict=True))


def comparisons_of(runs: Sequence[Run]) -> Iterator[Comparison]:
    """One comparison per setting, in the order of the plan."""
    facets = facets_of(run.config for run in runs)
    for setting in dict.fromkeys(facet.setting for facet in facets.values()):
        members = [run for run in runs if facets[run.run_id].setting == setting]
        results = frames_of(members)
        variants = [facets[run.run_id].variant for run in members]
        with_variant = results.runs.assign(variant=variants)
        context = context_of([run.config for run in members])
        yield Comparison(setting, context, Results(with_variant, results.curves, results.probes))


def context_of(configs: Sequence[RunConfig]) -> tuple[str, ...]:
    """What the runs of one setting have in common, in two lines: data, network, steps; seeds and conventions."""
    config = configs[0]
    seeds = len({c.seed for c in configs})
    values = config.problem.values
    data = config.dataset.name if config.dataset else "no data set"
    problem = [config.problem.name]
    if "hidden" in values:
        problem += [f"hidden {short(values['hidden'])}", short(values["activation"])]
    else:
        problem += [f"{key} {short(value)}" for key, value in values.items()]
    conventions = [f"{seeds} seed{'s' if seeds != 1 else ''}"]
    if "loss_reduction" in values:
        conventions.append(f"gradient {'summed' if values['loss_reduction'] == 'sum' else 'averaged'} over the batch")
    if "batch_size" in values:
        conventions.append(f"batch {short(values['batch_size'])}")
    conventions += [config.dtype, f"schedule {config.schedule.name}"]
    return (" · ".join([data, " ".join(problem), f"{config.steps:,} steps"]), " · ".join(conventions))
