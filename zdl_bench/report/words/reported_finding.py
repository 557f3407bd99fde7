"""A finding in a report: the words for readers, and the numbers behind the words."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from zdl_bench.language import said, translatable, translate
from zdl_bench.report.phrases import join_notes, limit_lines
from zdl_bench.report.standings import Question
from zdl_bench.report.words.effects import numbers_of, percent_text, wins_on_seeds
from zdl_bench.statistics.finding import Finding

MAX_DETAILS = 8


@dataclass(frozen=True, repr=False)
class ReportedFinding:
    """A finding in words.

    rows: the numbers behind the finding, for the CSV file, with the ids of the runs.
    """

    heading: str
    sentence: str
    details: Sequence[str] = ()
    rows: Sequence[Mapping[str, object]] = ()

    def __repr__(self) -> str:
        """Return the words, as a person reads them in a notebook."""
        return "\n".join([self.heading, f"  {self.sentence}", *(f"  - {detail}" for detail in self.details)])


def finding_text(question: Question, finding: Finding) -> str:
    """Return a finding as text: the effect if it has an interval, and wins; or only the reason why there is none."""
    if finding.reason and not finding.has_interval:
        return said(finding.reason)
    missing = [note for note in finding.notes if "seeds are on both sides" in note]
    effect, wins = question.effect(finding), wins_on_seeds(finding)
    if finding.has_interval and effect:
        wins = translate("{effect}, {wins}", effect=percent_text(effect), wins=wins)
    return join_notes(wins, *missing)


def number_row(metric: str, question: Question, finding: Finding) -> dict[str, object]:
    """Return a finding by a metric of a question as a row of the CSV file of findings."""
    p = math.nan if finding.reason else finding.p
    return {"metric": metric, "p": p, "reason": finding.reason} | numbers_of(finding, question.effect(finding))


def first_details(lines: Iterable[str]) -> list[str]:
    return limit_lines(lines, MAX_DETAILS, translatable("and {count} more, in the tables"))
