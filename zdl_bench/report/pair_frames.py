"""Pairs of optimizers as frames for figures: each compared with the control, and how often each beats each other one."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from itertools import permutations

import pandas as pd

from zdl_bench.language import translate, translate_list
from zdl_bench.report.standings import Question
from zdl_bench.report.words.effects import NO_EFFECT, wins_text
from zdl_bench.statistics.finding import Finding
from zdl_bench.statistics.pairwise import Pairwise
from zdl_bench.statistics.standing import Standing


def contrast_frame(question: Question, metric: str, standing: Standing, shown: Sequence[str]) -> pd.DataFrame:
    """Return the frame of the forest plot, with one row per shown variant compared with the control by a metric.

    Columns: label, mean, low, high, unit, verdict, n, note. If a pair of runs lacks a value, the verdict depends on the wins,
    and the effect is computed from the pairs that have values. The note then gives the wins and the number of these pairs.
    """
    rows = []
    against = {one.first: one for one in standing.against_control(metric)}
    for one in (against[variant] for variant in shown if variant in against):
        finding = one.finding
        effect = asdict(question.effect(finding) or replace(NO_EFFECT, unit="ratio"))
        effect["unit"] = effect["unit"].removeprefix("odds ")
        note = "" if finding.n == finding.n_values else _note(finding)
        rows.append({"label": one.label, **effect, "verdict": one.verdict.value, "n": finding.n, "note": note})
    return pd.DataFrame(rows)


def _note(finding: Finding) -> str:
    wins = translate("wins {wins}", wins=wins_text(finding.wins.rate, finding.n)) if finding.wins else ""
    values = translate("{count} with values", count=finding.n_values) if finding.n_values else ""
    return translate_list(filter(None, [values, wins]))


def improvement_frame(standing: Pairwise, shown: Sequence[str]) -> pd.DataFrame:
    """Return the frame of the table of win rates: first, second, win_rate and n, with a row per ordered pair of optimizers.

    win_rate: the share of seeds on which the optimizer `first` is better than `second`. shown: the optimizers, in order.
    """
    rows = [(*pair, standing.win_rate(*pair), standing.pairs[pair].n) for pair in permutations(shown, 2)]
    return pd.DataFrame(rows, columns=["first", "second", "win_rate", "n"])
