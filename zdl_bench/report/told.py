"""What a finding is: words for a reader, and the numbers behind them with the ids of their runs."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from zdl_bench.report.comparison_tables import NO_EFFECT, wins_text
from zdl_bench.report.page import PageFinding
from zdl_bench.report.standings import Question
from zdl_bench.report.verdicts import effect_text
from zdl_bench.statistics.findings import Finding

MOST_LINES = 8


@dataclass(frozen=True)
class Told:
    """A finding in words, and the numbers behind it: a row per comparison, with the ids of its runs."""

    words: PageFinding
    rows: Sequence[Mapping[str, object]] = ()


def finding_text(question: Question, finding: Finding) -> str:
    """Effect, interval, n and wins, as far as there are any."""
    if finding.reason:
        return finding.reason
    values = "" if finding.n == finding.n_values else f" ({finding.n_values} with values)"
    wins = f", wins {wins_text(finding)}" if finding.wins and not finding.is_exact else ""
    missing = "".join(f"; {note}" for note in finding.notes if "seeds are on both sides" in note)
    return f"{effect_text(question.effect(finding))}, n {finding.n}{values}{wins}{missing}"


def number_row(question: Question, finding: Finding) -> dict[str, object]:
    """The numbers of a finding, as the CSV has them."""
    effect = question.effect(finding) or NO_EFFECT
    return {
        "metric": question.metric,
        "n": finding.n,
        "n_values": finding.n_values,
        "effect": effect.mean,
        "low": effect.low,
        "high": effect.high,
        "unit": effect.unit,
        "wins": finding.wins.rate if finding.wins else math.nan,
        "p": math.nan if finding.reason else finding.p,
        "exact": finding.is_exact,
        "reason": finding.reason,
        "run_ids": " ".join(finding.run_ids),
    }


def first_lines(lines: Iterable[str]) -> list[str]:
    listed_lines = list(lines)
    rest = len(listed_lines) - MOST_LINES
    return listed_lines[:MOST_LINES] + ([f"and {rest} more, in the tables"] if rest > 0 else [])
