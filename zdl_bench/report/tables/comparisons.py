"""The table of pairwise comparisons: effects with intervals for every pair, verdicts where a test was planned."""

import math
from collections.abc import Iterator

import pandas as pd

from zdl_bench.report.standings import QUESTIONS, Question, Standings
from zdl_bench.report.tables.formats import Table
from zdl_bench.report.words.verdicts import effect_text, numbers_of, p_value, wins_text
from zdl_bench.statistics.findings import Effect, Finding
from zdl_bench.statistics.standing import Pairwise, Standing

NOTE = (
    "Of the first against the second, paired by seed: below 1 the first has less of it. Wins are the seeds on which the first "
    "is better, ties counted half; a run without a value loses. A verdict says whether the first is better: there is one for "
    "each comparison with the first optimizer of the plan, adjusted by Holm's method over those of one metric, and nowhere "
    "else. The CSV has the ids of the runs."
)


def comparison_table(standings: Standings) -> Table:
    """Every pair at its best, with verdicts against the control; every pair at each learning rate that it shares, without."""
    rows = []
    for question, standing in standings.at_best:
        rows += list(_with_verdicts(question, standing, standings.view))
    control = standings.variants[0]
    for view, question, pairwise in standings.at_same:
        for one, other in pairwise.in_order:
            pair = (other, one) if one == control else (one, other)  # the control comes second, as above
            rows.append(_row(question, view, pair, pairwise, pairwise.pairs[pair]))
    numbers = pd.DataFrame(rows)
    return Table("comparisons", numbers, _reading(numbers) if rows else numbers, "Pairwise comparisons", NOTE)


def _with_verdicts(question: Question, standing: Standing, view: str) -> Iterator[dict[str, object]]:
    for judged in standing.contrasts:
        [part] = judged.claim.parts
        [finding] = judged.findings
        assert part.second is not None
        pair = (str(part.first["variant"]), str(part.second["variant"]))
        yield _row(question, view, pair, standing, finding) | {
            "p_family": judged.adjusted,
            "verdict": judged.verdict.value,
            "reason": judged.reason,
        }
    for pair in standing.in_order:
        if standing.control not in pair:
            yield _row(question, view, pair, standing, standing.pairs[pair])


def _row(question: Question, view: str, pair: tuple[str, str], pairwise: Pairwise, finding: Finding) -> dict[str, object]:
    about = {"metric": question.metric, "view": view, "first": pair[0], "second": pair[1]}
    judged = {"p_family": math.nan, "verdict": "", "reason": finding.reason, "notes": "; ".join(finding.notes)}
    numbers = numbers_of(finding, question.effect(finding))
    return about | judged | numbers | {"win_rate": pairwise.win_rate(*pair)}  # an exact finding has no wins of its own


def _reading(numbers: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "question": numbers["metric"].map({question.metric: _question_text(question) for question in QUESTIONS}),
            "view": numbers["view"],
            "first": numbers["first"],
            "second": numbers["second"],
            "n": [_n_text(row) for _, row in numbers.iterrows()],
            "effect and 95 % interval": [_effect_text(row) for _, row in numbers.iterrows()],
            "wins": [wins_text(*pair) for pair in zip(numbers["win_rate"], numbers["n"], strict=True)],
            "p": ["" if p != p else p_value(p) for p in numbers["p_family"]],
            "verdict": numbers["verdict"],
        }
    )


def _question_text(question: Question) -> str:
    metric = question.metric.replace("_", " ")
    return metric if metric == question.noun else f"{question.noun} ({metric})"


def _n_text(row: "pd.Series[float]") -> str:
    if row["reason"] and not row["n"]:
        return "–"
    return f"{row['n']}" if row["n"] == row["n_values"] else f"{row['n']} ({row['n_values']} with values)"


def _effect_text(row: "pd.Series[float]") -> str:
    if row["effect"] != row["effect"]:
        return str(row["reason"]) or "no value"
    return effect_text(Effect(row["effect"], row["low"], row["high"], str(row["unit"]))) + (", exact" if row["exact"] else "")
