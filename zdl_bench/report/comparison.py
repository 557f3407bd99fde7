"""Group the runs of a sweep by setting, so that optimizers can be compared within a setting."""

import hashlib
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from zdl_bench.report.figures.style import LOOK, with_looks
from zdl_bench.report.words.context import context_of
from zdl_bench.run.conditions import facets_of, texts_of
from zdl_bench.run.run import DIVERGENCE_FACTOR, Run, Status
from zdl_bench.statistics.metrics.metric import FLOOR
from zdl_bench.statistics.tuning import choose_lr_of
from zdl_bench.store.frames import Results, probe_frame, run_frame

ABOUT = ("run_id", "variant", "optimizer", "lr", "effective_lr", *LOOK)


@dataclass(frozen=True)
class Comparison:
    """The runs of one setting. They differ only by optimizer, its hyper-parameters, lr and seed.

    setting: what sets these runs apart from the sweep's other runs, in words; empty if there are no other runs.
    context: what these runs have in common, in two lines.
    runs: one row per run, with the columns of `Results.runs`, variant (the optimizer with its varied hyper-parameters),
    setting, and the look of the variant in figures: color, marker, linestyle.
    probes: the probes of these runs, as in `Results.probes`. members: the runs themselves, in the order of `runs`.
    tuning_seeds: the seeds on which learning rates were chosen; empty if there are no such seeds.
    """

    setting: str
    context: tuple[str, ...]
    runs: pd.DataFrame
    probes: pd.DataFrame
    members: tuple[Run, ...] = ()
    tuning_seeds: tuple[int, ...] = ()

    @cached_property
    def recorded(self) -> tuple[Run, ...]:
        """The runs that stored the points of their path."""
        return tuple(run for run in self.members if run.curve is not None and run.curve.points is not None)

    @cached_property
    def with_curve(self) -> tuple[str, ...]:
        """The ids of the runs that have a curve."""
        return tuple(run.run_id for run in self.members if run.curve is not None)

    @cached_property
    def was_tuned(self) -> bool:
        return bool(self.runs["seed"].isin(self.tuning_seeds).any())

    @cached_property
    def has_lr_choice(self) -> bool:
        """Whether some variant was tried at several learning rates."""
        return bool(self.trials.groupby("variant")["lr"].nunique().max() > 1)

    @cached_property
    def trials(self) -> pd.DataFrame:
        """The runs from which learning rates are chosen: the runs on tuning seeds, or all runs if there are no such runs."""
        return self.runs[self.runs["seed"].isin(self.tuning_seeds)] if self.was_tuned else self.runs

    @cached_property
    def judged(self) -> pd.DataFrame:
        """The runs on which optimizers are compared: all runs except those on tuning seeds."""
        return self.runs[~self.runs["seed"].isin(self.tuning_seeds)]

    @property
    def slug(self) -> str:
        """The setting as a part of a file name; empty if the sweep has only one setting."""
        if not self.setting:
            return ""
        letters = re.sub(r"[^\w.=-]", "_", self.setting, flags=re.ASCII)[:60]
        return f"-{letters}-{hashlib.sha256(self.setting.encode()).hexdigest()[:6]}"

    @property
    def loss_name(self) -> str:
        """The name of the loss that the probes measure, with its unit if there is one."""
        return "probe loss (nats)" if self.runs["dataset"].notna().any() else "gap to the minimum"

    @cached_property
    def has_log_scale(self) -> bool:
        """Whether a log scale can show the losses.

        A log scale cannot show the negative losses of a problem without a minimum, or a run that starts with a loss of 0.
        """
        probes = self.probes
        if "probe_loss" not in probes:
            return True
        starts = probes.loc[probes["step"] == 0, "probe_loss"]
        return not (probes["probe_loss"] < 0).any() and not (starts == 0).any()

    @cached_property
    def losses(self) -> pd.DataFrame:
        """The losses of the judged runs, one row per run and probe at equal strides, for the figures of losses.

        Columns: run_id, step, loss, seconds (of training), ABOUT, planned_steps, and line (the variant, with its learning rate
        if the runs have several). A diverged run has one more row, for the step that ended the run. The loss in this row is
        the batch loss, or DIVERGENCE_FACTOR times the first loss if the batch loss is not finite.
        """
        names = {"run_id": "run_id", "step": "step", "probe_loss": "loss", "train_seconds": "seconds"}
        if "strided" not in self.probes:
            return pd.DataFrame(columns=[*names.values(), *ABOUT[1:], "planned_steps", "line"])
        about = self.judged[[*ABOUT, "steps"]].rename(columns={"steps": "planned_steps"}).assign(line=_lines(self.judged))
        probed = self.probes.loc[self.probes["strided"], list(names)].rename(columns=names)
        probed = probed.astype({"run_id": about["run_id"].dtype})
        ends = pd.DataFrame([_end(run) for run in self.members if run.status is Status.DIVERGED and run.curve])
        rows = pd.concat([probed, ends], ignore_index=True) if len(ends) else probed
        losses = rows.drop_duplicates(["run_id", "step"]).merge(about, on="run_id")
        first = losses.groupby("run_id")["loss"].transform("first")
        return losses.assign(loss=losses["loss"].clip(lower=FLOOR * first))

    def above_floor(self, runs: pd.DataFrame) -> pd.DataFrame:
        """Return the runs with a floor under their tail losses: FLOOR times the loss at the start of the run.

        Tail losses from 0 up to the floor are raised to the floor, because a log scale cannot show the 0 of a perfect run.
        """
        floor = FLOOR * runs["start_loss"]
        return runs.assign(tail_loss=runs["tail_loss"].mask((runs["tail_loss"] >= 0) & (runs["tail_loss"] < floor), floor))

    @cached_property
    def best_lrs(self) -> dict[str, float]:
        """Each variant's best learning rate, chosen by `choose_lr_of` from the trials, or its only learning rate.

        A variant without a learning rate, or for which none could be chosen, has no entry.
        """
        choices = {str(variant): choose_lr_of(runs) for variant, runs in self.trials.groupby("variant", sort=False)}
        found = {
            variant: choice.lr if len(choice.lrs) > 1 else next(iter(choice.lrs), None) for variant, choice in choices.items()
        }
        return {variant: float(lr) for variant, lr in found.items() if lr is not None}

    def at_best_lr(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the rows that have the best learning rate of their variant, and the rows without a learning rate.

        frame: has the columns variant and lr.
        """
        return frame[frame["lr"].eq(frame["variant"].map(self.best_lrs)) | frame["lr"].isna()]

    @property
    def choice_words(self) -> str:
        """The phrase that says how the `best_lrs` were chosen."""
        if not self.was_tuned:
            return "best by mean tail loss, chosen on the seeds that are shown"
        return f"best by mean tail loss on {self.trials['seed'].nunique()} tuning seeds, shown on others"


def alike(effective_lrs: "pd.Series[float]") -> "pd.Series[float]":
    """Return the learning rates rounded to nine significant digits, so that 0.01 and 0.001 / (1 − 0.9) are equal."""
    return effective_lrs.astype(float).map(lambda lr: float(f"{lr:.9g}"))


def _end(run: Run) -> dict[str, Any]:
    """Return the last step of a diverged run, as a row of `losses`."""
    assert run.curve is not None
    first, last = float(run.curve.probes.probe_loss[0]), float(run.curve.train_loss[-1])
    loss = last if math.isfinite(last) else DIVERGENCE_FACTOR * first
    return {"run_id": run.run_id, "step": len(run.curve.train_loss), "loss": loss, "seconds": run.train_seconds}


def _lines(runs: pd.DataFrame) -> pd.Series:
    """Return the name of each run's line: the variant, with the learning rate if the runs have several learning rates."""
    if runs["lr"].nunique(dropna=False) < 2:
        return runs["variant"]
    texts = texts_of(runs["lr"].dropna().unique())
    return runs["variant"] + [f", lr {texts[lr]}" if lr in texts else "" for lr in runs["lr"]]


def comparisons(results: Results, tuning_seeds: tuple[int, ...] = ()) -> list[Comparison]:
    """Return one Comparison per setting of the runs in `results.runs`, for use in figures and tables.

    The order is that of `results.runs`. Runs of one setting differ only by optimizer, its hyper-parameters, lr and seed. Runs
    of different settings are never compared. A variant looks the same in all settings. tuning_seeds: the seeds on which
    learning rates were chosen, as on the command line of the sweep or in the YAML of the experiment.
    """
    members = {run.run_id: run for run in results.members}
    return comparisons_of([members[run_id] for run_id in results.runs.get("run_id", ())], tuning_seeds)


def comparisons_of(runs: Sequence[Run], tuning_seeds: tuple[int, ...] = ()) -> list[Comparison]:
    """Return one Comparison per setting of these runs, as `comparisons` does for `results.runs`."""
    facets = facets_of(run.config for run in runs)
    pairs = [(facets[run.config.run_id].variant, run.config.optimizer.name) for run in runs]
    variants = pd.DataFrame(pairs, columns=["variant", "optimizer"])
    found = []
    for setting in dict.fromkeys(facet.setting for facet in facets.values()):
        members = tuple(run for run in runs if facets[run.config.run_id].setting == setting)
        frame = run_frame(members).assign(variant=[facets[run.config.run_id].variant for run in members], setting=setting)
        context = context_of([run.config for run in members], tuning_seeds)
        found.append(Comparison(setting, context, with_looks(frame, variants), probe_frame(members), members, tuning_seeds))
    return found
