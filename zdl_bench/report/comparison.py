"""Group the runs of a sweep by setting, so that optimizers can be compared within a setting."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import pandas as pd

from zdl_bench.language import translate
from zdl_bench.report.display_names import facets_for_readers
from zdl_bench.report.figures.style import LOOK, with_looks
from zdl_bench.report.line_names import line_names
from zdl_bench.report.words.context import context_of, loss_name_of
from zdl_bench.run.conditions import tuned_text
from zdl_bench.run.run import Run, Status
from zdl_bench.statistics.evidence import Entrants, entrants_at_best
from zdl_bench.statistics.metrics.metric import FLOOR
from zdl_bench.statistics.tuning import TUNED, at_best_others, choose_lr_of, count_candidates
from zdl_bench.statistics.tuning_budget import TuningCost, tuning_costs
from zdl_bench.store.frames import Results, end_row, probe_frame, run_frame

ABOUT = ("run_id", "variant", "optimizer", "lr", "effective_lr", *LOOK)


@dataclass(frozen=True)
class Comparison:
    """The runs of one setting. They differ only by optimizer, its hyper-parameters, lr and seed.

    setting: what sets these runs apart from the sweep's other runs, in words; empty if there are no other runs. runs: one row
    per run, with the columns of `Results.runs`, variant (the optimizer's name for readers, with its varied hyper-parameters),
    setting, and the look of the variant in figures: color, marker, linestyle. probes: the probes of these runs, as in
    `Results.probes`. members: the runs themselves, in the order of `runs`. tuning_seeds: the seeds that chose learning rates,
    if any. keys: variant → the same as commands spell it. tuned_keys: the keys besides lr that they chose; then `runs` has a
    column TUNED with their values.
    """

    setting: str
    runs: pd.DataFrame
    probes: pd.DataFrame
    members: tuple[Run, ...] = ()
    tuning_seeds: tuple[int, ...] = ()
    keys: Mapping[str, str] = field(default_factory=dict)
    tuned_keys: tuple[str, ...] = ()

    @property
    def context(self) -> tuple[str, ...]:
        """What these runs have in common, in two lines."""
        return context_of([run.config for run in self.members], self.tuning_seeds) if self.members else ()

    @cached_property
    def recorded(self) -> tuple[Run, ...]:
        """The runs that stored the points of their path."""
        return tuple(run for run in self.members if run.curve is not None and run.curve.points is not None)

    @cached_property
    def with_curve(self) -> tuple[str, ...]:
        """The ids of the runs that have a curve."""
        return tuple(run.run_id for run in self.members if run.curve is not None)

    @cached_property
    def entrants(self) -> Entrants:
        """The variants at their best learning rates, as they are compared with one another."""
        return entrants_at_best(self.runs, self.tuning_seeds)

    @cached_property
    def was_tuned(self) -> bool:
        return bool(self.runs["seed"].isin(self.tuning_seeds).any())

    @cached_property
    def has_lr_choice(self) -> bool:
        """Whether some variant was tried at several learning rates, or at several values of another tuned key."""
        return any(count_candidates(rows) > 1 for _, rows in self.trials.groupby("variant"))

    @cached_property
    def trials(self) -> pd.DataFrame:
        """The runs from which learning rates are chosen: the runs on tuning seeds, or all runs if there are no such runs."""
        return self.runs[self.runs["seed"].isin(self.tuning_seeds)] if self.was_tuned else self.runs

    @cached_property
    def tuning_costs(self) -> list[TuningCost]:
        """What tuning cost each variant that ran on tuning seeds; empty if there are no such seeds."""
        return tuning_costs(self.trials) if self.was_tuned else []

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

    @cached_property
    def loss_name(self) -> str:
        """The name of the loss that the probes measure, with its unit if that is known."""
        return loss_name_of(self.members[0].config)

    @cached_property
    def has_log_scale(self) -> bool:
        """Whether a log scale can show the losses: none is negative, and no run starts with a loss of 0."""
        if "probe_loss" not in self.probes:
            return True
        losses, steps = self.probes["probe_loss"], self.probes["step"]
        return not (losses < 0).any() and not (losses[steps == 0] == 0).any()

    @cached_property
    def losses(self) -> pd.DataFrame:
        """The losses of the judged runs, one row per run and probe at equal strides, for the figures of losses.

        Columns: run_id, step, loss, seconds (of training), evaluations (of the gradient), ABOUT, planned_steps, and line (the
        variant, with its learning rate if the runs have several). A diverged run has one more row, for the step that ended the
        run. The loss in this row is the batch loss, or DIVERGENCE_FACTOR times the first loss if the batch loss is not finite.
        """
        renamed = {"probe_loss": "loss", "train_seconds": "seconds"}
        names = {name: renamed.get(name, name) for name in ("run_id", "step", *renamed, "evaluations")}
        if "strided" not in self.probes:
            return pd.DataFrame(columns=[*names.values(), *ABOUT[1:], "planned_steps", "line"])
        probed = self.probes.loc[self.probes["strided"], list(names)].rename(columns=names)
        ends = pd.DataFrame([end_row(run) for run in self.members if run.status is Status.DIVERGED and run.curve])
        rows = pd.concat([probed, ends], ignore_index=True) if len(ends) else probed
        losses = self.with_lines(rows.drop_duplicates(["run_id", "step"]))
        first = losses.groupby("run_id")["loss"].transform("first")
        return losses.assign(loss=losses["loss"].clip(lower=FLOOR * first))

    def with_lines(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return those rows that belong to judged runs, with ABOUT, planned_steps and line. rows: run_id and other columns."""
        about = self.judged[[*ABOUT, "steps"]].rename(columns={"steps": "planned_steps"}).assign(line=line_names(self.judged))
        return rows.astype({"run_id": about["run_id"].dtype}).merge(about, on="run_id")

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
        return {variant: float(lr) for variant, lr in found.items() if lr is not None and lr == lr}

    def at_best_lr(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the rows (with variant and lr) that have the best learning rate of their variant, or no learning rate."""
        if self.tuned_keys:
            frame = frame[frame["run_id"].isin(at_best_others(self.runs, self.trials)["run_id"])]
        return frame[frame["lr"].eq(frame["variant"].map(self.best_lrs)) | frame["lr"].isna()]

    @property
    def choice_words(self) -> str:
        """The phrase that says how the `best_lrs` were chosen."""
        if not self.was_tuned:
            return translate("best by mean tail loss, chosen on the seeds that are shown")
        count = self.trials["seed"].nunique()
        return translate("best by mean tail loss on {count} tuning seeds, shown on others", count=count)


def alike(effective_lrs: "pd.Series[float]") -> "pd.Series[float]":
    """Return the learning rates rounded to nine significant digits, so that 0.01 and 0.001 / (1 − 0.9) are equal."""
    return effective_lrs.astype(float).map(lambda lr: float(f"{lr:.9g}"))


def comparisons(results: Results, tuning_seeds: tuple[int, ...] | None = None) -> list[Comparison]:
    """Return one Comparison per setting of the runs in `results.runs`, in their order, for use in figures and tables.

    Runs of one setting differ only by optimizer, its hyper-parameters, lr and seed. Runs of different settings are never
    compared. A variant looks the same in all settings. tuning_seeds: the seeds on which learning rates were chosen; by default
    those of the sweep that was loaded.
    """
    members = {run.run_id: run for run in results.members}
    seeds = results.tuning_seeds if tuning_seeds is None else tuning_seeds
    return comparisons_of([members[run_id] for run_id in results.runs.get("run_id", ())], seeds, results.tuned_keys)


def comparisons_of(runs: Sequence[Run], seeds: tuple[int, ...] = (), tuned: tuple[str, ...] = ()) -> list[Comparison]:
    """Return one Comparison per setting of these runs, as `comparisons` does. seeds, tuned: see Comparison."""
    facets, keys = facets_for_readers([run.config for run in runs], tuned)
    pairs = [(facets[run.config.run_id].variant, run.config.optimizer.name) for run in runs]
    variants = pd.DataFrame(pairs, columns=["variant", "optimizer"])
    found = []
    for setting in dict.fromkeys(facet.setting for facet in facets.values()):
        members = tuple(run for run in runs if facets[run.config.run_id].setting == setting)
        frame = run_frame(members).assign(variant=[facets[run.config.run_id].variant for run in members], setting=setting)
        frame = frame.assign(**{TUNED: [tuned_text(run.config, tuned) for run in members]}) if tuned else frame
        found.append(Comparison(setting, with_looks(frame, variants), probe_frame(members), members, seeds, keys, tuned))
    return found
