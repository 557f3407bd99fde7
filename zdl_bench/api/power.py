"""What a planned sweep would find, told by those of its runs that are in the store."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from zdl_bench.api.execution import Plan
from zdl_bench.language import translate, translate_list
from zdl_bench.report.phrases import limit_lines
from zdl_bench.run.axes import axes_of
from zdl_bench.run.conditions import facets_of, percent, tuned_text
from zdl_bench.run.experiment import Experiment
from zdl_bench.statistics.claim_part import ClaimPart, Kind, View
from zdl_bench.statistics.error_budget import Budget, shares_of_page
from zdl_bench.statistics.evidence import VARIANT, entrants_at_best
from zdl_bench.statistics.judge import describe
from zdl_bench.statistics.seed_plan import POWER, Spread, fewest_seeds, ratio_text, smallest_ratio
from zdl_bench.statistics.tuning import TUNED
from zdl_bench.store.frames import run_frame
from zdl_bench.store.store import Store

MAX_POWER_LINES = 20
MAX_PILOT_SEEDS = 50
"""The largest number of stored seeds that are read. More seeds hardly change what is known about the spread."""


def power_lines(plan: Plan, store: Store, asked: Experiment) -> list[str]:
    """Return which ratios of speed the planned seeds find, one line per optimizer that can be compared with the first.

    There is no line about optimizers with several learning rates and no tuning seeds, because they get no verdict.
    """
    configs, stored, tuning_seeds, tuned = plan.configs, plan.stored, asked.tuning_seeds, asked.tuned_keys
    seeds = sorted({config.seed for config in configs if config.run_id in stored} - {*tuning_seeds})
    pilot = {*seeds[:MAX_PILOT_SEEDS], *tuning_seeds}
    found = store.read_all(config.run_id for config in configs if config.run_id in stored and config.seed in pilot).runs
    if not found:
        return []
    facets = facets_of(configs, tuned=tuned)
    records = [(config.run_id, *vars(facets[config.run_id]).values(), config.seed, config.lr) for config in configs]
    planned = pd.DataFrame(records, columns=["run_id", VARIANT, "setting", "seed", "lr"])
    values = {TUNED: [tuned_text(run.config, tuned) for run, _ in found]} if tuned else {}
    runs = run_frame([run for run, _ in found]).assign(**values).merge(planned[["run_id", VARIANT, "setting"]], on="run_id")
    several = int((planned.groupby("setting")[VARIANT].nunique() > 1).sum())
    share, _ = shares_of_page(several, has_axes=bool(axes_of(configs, tuned)), is_spent=False)
    lines: list[str] = []
    for setting, rows in planned.groupby("setting", sort=False):
        has_choice = rows.groupby(VARIANT)["lr"].nunique().max() > 1
        if tuning_seeds or not has_choice:
            named = [setting] if planned["setting"].nunique() > 1 else []
            texts = _lines(rows, runs[runs["setting"] == setting], tuning_seeds, share)
            lines += [translate_list([*named, text]) for text in texts]
    return limit_lines(lines, MAX_POWER_LINES)


def _lines(plan: pd.DataFrame, runs: pd.DataFrame, tuning_seeds: Sequence[int], share: float) -> Iterator[str]:
    """Yield the lines of one setting. plan: the rows of its planned runs. runs: those that are stored. share: of the page."""
    entrants = entrants_at_best(runs, tuning_seeds)
    seeds = {variant: {*rows["seed"]} - {*tuning_seeds} for variant, rows in plan.groupby(VARIANT, sort=False)}
    control, *others = seeds
    for other in others:
        part = ClaimPart(Kind.SUPERIORITY, "log_aulc", {VARIANT: other}, {VARIANT: control}, View.BEST_LR)
        finding, n = describe(part, entrants), len(seeds[other] & seeds[control])
        spread, level = Spread.of(np.array(finding.differences)), Budget.of(n, share).leader_level
        if finding.is_exact or finding.reason:
            continue
        if n < fewest_seeds(level):
            yield translate(
                "{first} / {second}: {n} seeds cannot decide this, {fewest} are the fewest that can",
                first=other,
                second=control,
                n=n,
                fewest=fewest_seeds(level),
            )
        elif spread.is_known:
            yield translate(
                "{first} / {second}: {n} seeds find a ratio of {ratio} in speed in {share} of cases, by the {stored} in the "
                "store",
                first=other,
                second=control,
                n=n,
                ratio=ratio_text(smallest_ratio(n, spread, level)),
                share=percent(POWER),
                stored=finding.n,
            )
