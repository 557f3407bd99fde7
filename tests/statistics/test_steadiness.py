"""Steadiness: the measures that have to agree, and jitters of 0, which are below the rounding of the loss."""

import math

import numpy as np
import pandas as pd
import pytest
from claim_rows import FAST, SLOW, rows

import zdl_bench
from zdl_bench.statistics.claim_part import ClaimPart, Kind, View
from zdl_bench.statistics.evidence import VARIANT, entrants_of
from zdl_bench.statistics.finding import Finding
from zdl_bench.statistics.judge import judge
from zdl_bench.statistics.metrics.catalogue import METRICS
from zdl_bench.statistics.metrics.steadiness import STEADINESS, scale_words, steadiness_measures

SCALES_IN_WORDS = ("from step to step", "over 5 steps", "over 20 steps", "over 100 steps")


def judged(runs: pd.DataFrame, metric: str, kind: Kind = Kind.SUPERIORITY, **keys) -> Finding:
    """The finding on SGD against AdaGrad."""
    part = ClaimPart(kind, metric, {VARIANT: "sgd"}, {VARIANT: "adagrad"}, View.BEST_LR, **keys)
    return judge(part, entrants_of(runs.assign(variant=runs["optimizer"])))


def jitters(sgd, adagrad, **columns) -> pd.DataFrame:
    frames = [rows(name, FAST, jitter_1=values) for name, values in (("sgd", sgd), ("adagrad", adagrad))]
    return pd.concat([frame.assign(**columns) for frame in frames], ignore_index=True)


def test_the_measures_are_metrics_of_jitter_at_four_scales():
    metrics = {metric.name: metric for metric in METRICS}
    assert [scale_words(name) for name in STEADINESS] == [*SCALES_IN_WORDS, *SCALES_IN_WORDS]
    assert all(metrics[name].lower_is_better and metrics[name].scale == "ln" for name in STEADINESS)
    assert steadiness_measures(has_points=False) == STEADINESS
    assert steadiness_measures(has_points=True) == ("axis_crossings", *STEADINESS)
    assert scale_words("axis_crossings") == scale_words("overshoot") == ""


@pytest.mark.slow
@pytest.mark.parametrize("steps", [50, 100, 101])
def test_the_measures_never_agree_that_sgd_is_steady_where_it_zigzags(steps, command):
    """By the real command: y changes its sign at each step, and the loss does not show it."""
    sweep = ("-m", "problem=bowl", "optimizer=sgd,adagrad", "lr=0.95", f"steps={steps}", "executor=serial", "report=false")
    outcome = command(*sweep)
    assert outcome.status == 0, outcome.err
    runs = zdl_bench.load_results("results").runs
    findings = {name: judged(runs, name) for name in steadiness_measures(has_points=True)}
    steadier = {name: finding.p_for < finding.p_against for name, finding in findings.items() if not finding.reason}
    assert len(steadier) >= 5
    assert steadier["jitter_1"], "ln L alone is deceived"
    assert not steadier["axis_crossings"]
    assert not any(is_steadier for name, is_steadier in steadier.items() if name.startswith("relative"))


# Jitters of 0


def test_two_runs_below_the_rounding_tie():
    finding = judged(jitters(0.0, 0.0), "jitter_1")
    assert finding.wins == (0.5, 0, 10, 0)
    assert finding.effect is None
    assert (finding.n, finding.n_values, finding.p) == (10, 0, 1)


@pytest.mark.parametrize("above", [1e-300, 1e-13, 0.1])
def test_a_run_below_the_rounding_is_steadier_than_any_above_without_a_ratio(above):
    finding = judged(jitters(0.0, above), "jitter_1")
    assert finding.wins == (1, 10, 0, 0)
    assert finding.effect is None
    assert finding.p_for == 2**-9
    assert finding.notes == ("decided by wins, since a value of 0 has no ratio",)
    assert judged(jitters(above, 0.0), "jitter_1").p_against == 2**-9


def test_the_ratio_is_that_of_the_pairs_above_the_rounding():
    some = np.where(np.arange(10) < 4, 0.0, FAST)
    finding = judged(jitters(some, SLOW), "jitter_1")
    assert (finding.n, finding.n_values) == (10, 6)
    assert finding.effect.mean == pytest.approx(np.exp(np.mean(np.log(FAST[4:] / SLOW[4:]))))
    assert finding.wins == (1, 10, 0, 0)


def test_a_run_without_a_value_still_loses_against_one_below_the_rounding():
    finding = judged(jitters(0.0, math.nan), "jitter_1")
    assert finding.wins == (1, 10, 0, 0)
    assert finding.notes == ("decided by wins, since some runs have no value",)


def test_deterministic_runs_below_the_rounding_tie():
    still = {"dataset": None, "problem.gradient_noise": 0.0, "problem.start_std": 0.0, "digest": "same"}
    finding = judged(jitters(0.0, 0.0, **still), "jitter_1")
    assert finding.is_exact
    assert finding.is_tie
    assert not finding.reason
    assert judged(jitters(0.0, 0.0, **still), "jitter_1", Kind.EQUIVALENCE).p_for == 0
    ahead = judged(jitters(0.0, 1e-9, **still), "jitter_1")
    assert (ahead.p_for, ahead.effect) == (0, None)
    assert judged(jitters(0.0, 1e-9, **still), "jitter_1", Kind.EQUIVALENCE).p_for == 1
    assert judged(jitters(math.nan, math.nan, **still), "jitter_1").reason == "no run has a value"


def test_a_value_of_0_meets_every_upper_bound():
    assert judged(jitters(0.0, 0.1), "jitter_1", Kind.THRESHOLD, at_most=0.01).wins.wins == 10
    assert judged(jitters(0.0, 0.1), "jitter_1", Kind.THRESHOLD, at_least=0.01).wins.losses == 10
