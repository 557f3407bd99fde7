"""What a comparison shows, in words written from its numbers. Each sentence rests on a test, which stands below it."""

from collections.abc import Iterable

import pandas as pd

from zdl_bench.report.page import PagePart
from zdl_bench.report.standings import Standings
from zdl_bench.report.tables.formats import markdown_text
from zdl_bench.report.words.finding import ReportedFinding
from zdl_bench.report.words.grids import about_edges, about_lost_runs
from zdl_bench.report.words.leaders import about_leader, about_undecided


def findings_of(standings: Standings) -> list[ReportedFinding]:
    """Who is fastest, lowest at the end, steadiest; what is undecided; learning rates at the edge; runs without a value."""
    findings: list[ReportedFinding] = []
    if len(standings.variants) > 1:
        findings += [about_leader(question, standing, standings) for question, standing in standings.at_best]
        findings += about_undecided(standings)
    return [*findings, *about_edges(standings), *about_lost_runs(standings.comparison.runs)]


def findings_numbers(findings: Iterable[ReportedFinding]) -> pd.DataFrame:
    """The numbers behind the findings, with the ids of the runs: a row per comparison, or per count of lost runs."""
    return pd.DataFrame([{"finding": one.heading} | dict(row) for one in findings for row in one.rows])


def findings_markdown(parts: Iterable[PagePart]) -> str:
    """The findings of all comparisons as a text; empty where there are none."""
    blocks = []
    for part in parts:
        if part.findings:
            blocks.append(f"# {markdown_text(part.heading)}\n\n" + "\n".join(map(markdown_text, part.context)))
        for finding in part.findings:
            blocks.append(f"## {markdown_text(finding.heading)}\n\n{markdown_text(finding.sentence)}")
            blocks += ["\n".join(f"- {markdown_text(detail)}" for detail in finding.details)] if finding.details else []
    return "\n\n".join(blocks) + "\n" if blocks else ""
