"""A finding in a report: the words for readers, and the numbers behind the words."""

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
    """A finding in words.

    rows: the numbers behind the finding, for the CSV file, with the ids of the runs.
    """

    heading: str
    sentence: str
    details: Sequence[str] = ()
    rows: Sequence[Mapping[str, object]] = ()


def finding_text(question: Question, finding: Finding) -> str:
    """Return a finding as text: the effect if it has an interval, n and wins; or only the reason why there is no result."""
    if finding.reason:
        return finding.reason
    missing = "".join(f"; {note}" for note in finding.notes if "seeds are on both sides" in note)
    effect = f"{effect_text(question.effect(finding))}, " if finding.has_interval else ""
    return f"{effect}{counts_text(finding)}{missing}"


def number_row(metric: str, question: Question, finding: Finding) -> dict[str, object]:
    """Return a finding by a metric of a question as a row of the CSV file of findings."""
    p = math.nan if finding.reason else finding.p
    return {"metric": metric, "p": p, "reason": finding.reason} | numbers_of(finding, question.effect(finding))


def first_details(lines: Iterable[str]) -> list[str]:
    return limit_lines(lines, MAX_DETAILS, ", in the tables")
