"""What a finding is: words for a reader, and the numbers behind them with the ids of their runs."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from zdl_bench.report.page import PageFinding
from zdl_bench.report.standings import Question
from zdl_bench.report.words.verdicts import effect_text, numbers_of, wins_text
from zdl_bench.statistics.findings import Finding

MAX_LINES = 8


@dataclass(frozen=True)
class Told:
    """A finding in words, and the numbers behind it: a row per comparison, with the ids of its runs."""

    words: PageFinding
    rows: Sequence[Mapping[str, object]] = ()


def finding_text(question: Question, finding: Finding) -> str:
    """Effect with its interval, n and wins, as far as there are any: no effect without an interval."""
    if finding.reason:
        return finding.reason
    values = "" if finding.n == finding.n_values else f" ({finding.n_values} with values)"
    wins = f", wins {wins_text(finding.wins.rate, finding.n)}" if finding.wins and not finding.is_exact else ""
    missing = "".join(f"; {note}" for note in finding.notes if "seeds are on both sides" in note)
    effect = f"{effect_text(question.effect(finding))}, " if finding.has_interval else ""
    return f"{effect}n {finding.n}{values}{wins}{missing}"


def number_row(question: Question, finding: Finding) -> dict[str, object]:
    """The numbers of a finding, as the CSV has them."""
    p = math.nan if finding.reason else finding.p
    return {"metric": question.metric, "p": p, "reason": finding.reason} | numbers_of(finding, question.effect(finding))


def first_lines(lines: Iterable[str]) -> list[str]:
    listed_lines = list(lines)
    rest = len(listed_lines) - MAX_LINES
    return listed_lines[:MAX_LINES] + ([f"and {rest} more, in the tables"] if rest > 0 else [])
