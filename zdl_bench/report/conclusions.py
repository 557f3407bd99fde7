"""What a sweep's report concludes from runs, in short, and which conclusions other runs would change."""

from collections.abc import Mapping, Sequence

import pandas as pd

from zdl_bench.report.comparison import comparisons_of
from zdl_bench.report.figures.style import LOOK
from zdl_bench.report.page_budget import page_standings
from zdl_bench.report.words.findings import findings_of
from zdl_bench.run.run import Run
from zdl_bench.statistics.verdict import judge_experiment
from zdl_bench.store.manifest import Manifest

NOT_STATED = "not stated"


def changed_conclusions(manifest: Manifest, runs: Sequence[Run], others: Mapping[str, Run]) -> list[str]:
    """Return the findings and verdicts that change if other runs replace some of a sweep, each with its words before and after.

    others: run id → the run that replaces the run of this id.
    """
    before = conclusions_of(manifest, runs)
    after = conclusions_of(manifest, [others.get(run.run_id, run) for run in runs])
    pairs = {about: (before.get(about, NOT_STATED), after.get(about, NOT_STATED)) for about in (before | after)}
    return [f"{about}: {old} → {new}" for about, (old, new) in pairs.items() if old != new]


def conclusions_of(manifest: Manifest, runs: Sequence[Run]) -> dict[str, str]:
    """Return the sentence of each finding and the verdict on each claim, by what they are about.

    Effects, intervals and p-values are left out, since they may move while every conclusion stays.
    """
    experiment = manifest.as_experiment
    comparisons = comparisons_of(runs, experiment.tuning_seeds)
    everything = pd.concat([one.runs for one in comparisons], ignore_index=True).drop(columns=list(LOOK))
    judged = judge_experiment(experiment, everything)
    found = {
        ", ".join(filter(None, [one.comparison.setting, finding.heading.partition(":")[0]])): finding.sentence
        for one in page_standings(comparisons, judged, manifest)
        for finding in findings_of(one)
    }
    return found | {f"claim {one.claim.id}": one.verdict.value for one in judged}
