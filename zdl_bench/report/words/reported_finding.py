"""A finding that a report states: words for a reader, and the numbers behind them."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from zdl_bench.report.phrases import limit_lines
from zdl_bench.report.standings import Question
from zdl_bench.report.words.effects import counts_text, effect_text, numbers_of
from zdl_bench.statistics.finding import Finding

MAX_DETAILS = 8


@dataclass(frozen=True)
class ReportedFinding:
    """What a comparison shows, in words. rows: the numbers behind it, one row per comparison, with the ids of its runs."""

    heading: str
    sentence: str
    details: Sequence[str] = ()
    rows: Sequence[Mapping[str, object]] = ()


def finding_text(question: Question, finding: Finding) -> str:
    """Return the effect if it has an interval, then n and wins; or only the reason if there is one."""
    if finding.reason:
        return finding.reason
    missing = "".join(f"; {note}" for note in finding.notes if "seeds are on both sides" in note)
    effect = f"{effect_text(question.effect(finding))}, " if finding.has_interval else ""
    return f"{effect}{counts_text(finding)}{missing}"


def number_row(question: Question, finding: Finding) -> dict[str, object]:
    """Return the numbers of a finding for the CSV."""
    p = math.nan if finding.reason else finding.p
    return {"metric": question.metric, "p": p, "reason": finding.reason} | numbers_of(finding, question.effect(finding))


def first_details(lines: Iterable[str]) -> list[str]:
    return limit_lines(lines, MAX_DETAILS, ", in the tables")
