"""What a sweep's report concludes from runs, in short, and which conclusions other runs would change."""

from collections.abc import Mapping, Sequence

import pandas as pd

from zdl_bench.language import translatable, translate
from zdl_bench.report.comparison import Comparison, comparisons_of
from zdl_bench.report.display_names import with_keys
from zdl_bench.report.figures.style import LOOK
from zdl_bench.report.page_budget import PageTests, page_tests
from zdl_bench.report.words.axes import about_axis
from zdl_bench.report.words.findings import findings_of
from zdl_bench.run.run import Run
from zdl_bench.statistics.verdict import Judgment, judge_experiment
from zdl_bench.store.manifest import Manifest

NOT_STATED = translatable("not stated")


def changed_conclusions(manifest: Manifest, runs: Sequence[Run], others: Mapping[str, Run]) -> list[str]:
    """Return the findings and verdicts that change if other runs replace some of a sweep, each with its words before and after.

    others: run id → the run that replaces the run of this id.
    """
    absent = translate(NOT_STATED)
    before = conclusions_of(manifest, runs)
    after = conclusions_of(manifest, [others.get(run.run_id, run) for run in runs])
    pairs = {about: (before.get(about, absent), after.get(about, absent)) for about in (before | after)}
    return [f"{about}: {old} → {new}" for about, (old, new) in pairs.items() if old != new]


def conclusions_of(manifest: Manifest, runs: Sequence[Run]) -> dict[str, str]:
    """Return the sentence of each finding and the verdict on each claim, by what they are about.

    Effects, intervals and p-values are left out, since they may move while every conclusion stays.
    """
    experiment = manifest.as_experiment
    tests, judged = judged_page(manifest, comparisons_of(runs, experiment.tuning_seeds, experiment.tuned_keys))
    along_axes = [about_axis(*one) for one in tests.axes]
    found = {finding.heading.partition(":")[0]: finding.sentence for finding in along_axes} | {
        ", ".join(filter(None, [one.comparison.setting, finding.heading.partition(":")[0]])): finding.sentence
        for one in tests.standings
        for finding in findings_of(one)
    }
    return found | {translate("claim {name}", name=one.claim.id): translate(one.verdict.value) for one in judged}


def judged_page(manifest: Manifest, comparisons: Sequence[Comparison]) -> tuple[PageTests, list[Judgment]]:
    """Return what a page tests and its judgments on all claims, which share the error of the page."""
    if not comparisons:
        return PageTests(), []
    judged = judge_experiment(manifest.as_experiment, with_keys(all_runs(comparisons), comparisons[0].keys))
    return page_tests(comparisons, judged, manifest), judged


def all_runs(comparisons: Sequence[Comparison]) -> pd.DataFrame:
    """Return the runs of all comparisons, without their look in figures."""
    return pd.concat([one.runs for one in comparisons], ignore_index=True).drop(columns=list(LOOK))
