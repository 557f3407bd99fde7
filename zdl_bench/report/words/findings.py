"""Describe in words what a comparison shows. The numbers behind each sentence are listed below it."""

import math
from collections.abc import Iterable, Iterator

import pandas as pd

from zdl_bench.language import said, translatable, translate, translate_count, translate_list
from zdl_bench.report.page import PagePart
from zdl_bench.report.phrases import states_text
from zdl_bench.report.standings import TAIL_LOSS, Standings
from zdl_bench.report.tables.formats import markdown_text
from zdl_bench.report.words.effects import percent_text
from zdl_bench.report.words.leaders import about_leader, about_speed_measures
from zdl_bench.report.words.planned_looks import about_planned_looks
from zdl_bench.report.words.reported_finding import ReportedFinding, first_details, number_row
from zdl_bench.report.words.tuning import about_tuning
from zdl_bench.report.words.undecided import about_undecided
from zdl_bench.run.conditions import percent, texts_of
from zdl_bench.run.counts import count_of
from zdl_bench.run.run import Status
from zdl_bench.statistics.claim_part import ClaimPart, Kind, View
from zdl_bench.statistics.evidence import VARIANT, Entrants
from zdl_bench.statistics.finding import Finding
from zdl_bench.statistics.judge import judge
from zdl_bench.statistics.proportions import wilson_interval
from zdl_bench.statistics.side import Side, by_seed
from zdl_bench.statistics.tuning import at_best_others

SMALLEST_LR = translatable("{lr} is the smallest of {count}")
LARGEST_LR = translatable("{lr} is the largest of {count}")


def findings_of(standings: Standings) -> list[ReportedFinding]:
    """Return the findings of a comparison.

    The findings answer each question, such as which optimizer is fastest. They also say which comparisons are undecided,
    whether the control may be undertuned, which best learning rates lie at the edge of their grid, and which runs lack a value.
    """
    findings: list[ReportedFinding] = []
    if len(standings.variants) > 1:
        tested = standings.at_best
        if standings.looks:
            findings.append(about_planned_looks(standings, standings.looks))  # on speed, the first question
            tested = tested[1:]
        findings += [about_leader(question, standing, standings) for question, standing in tested]
        findings += about_speed_measures(standings)
        findings += about_undecided(standings)
    return [*findings, *about_tuning(standings), *_about_edges(standings), *_about_lost_runs(standings.comparison.runs)]


def findings_numbers(findings: Iterable[ReportedFinding]) -> pd.DataFrame:
    """Return the numbers behind the findings, with run ids: one row per comparison, or per condition with lost runs."""
    return pd.DataFrame([{"finding": one.heading} | dict(row) for one in findings for row in one.rows])


def findings_markdown(parts: Iterable[PagePart]) -> str:
    """Return the findings of all comparisons as Markdown, or an empty text if there are no findings."""
    blocks = []
    for part in parts:
        if part.findings:
            blocks.append(f"# {markdown_text(part.heading)}\n\n" + "\n".join(map(markdown_text, part.context)))
        for finding in part.findings:
            blocks.append(f"## {markdown_text(finding.heading)}\n\n{markdown_text(finding.sentence)}")
            blocks += ["\n".join(f"- {markdown_text(detail)}" for detail in finding.details)] if finding.details else []
    return "\n\n".join(blocks) + "\n" if blocks else ""


def _about_edges(standings: Standings) -> Iterator[ReportedFinding]:
    """Yield a finding if some optimizer's best learning rate is the smallest or the largest that was tried."""
    lines, rows = [], []
    trials = at_best_others(standings.comparison.trials, standings.comparison.trials)
    for variant, side in standings.entrants.sides.items():
        choice = side.choice
        if choice is None or choice.lr is None or not choice.at_edge:
            continue
        texts = texts_of(sorted(choice.shares))
        lrs = [*choice.shares]
        end, neighbour = (SMALLEST_LR, lrs[1]) if choice.lr == lrs[0] else (LARGEST_LR, lrs[-2])
        finding = _edge_finding(trials[trials["variant"] == variant], choice.lr, neighbour)
        where = translate(end, lr=texts[choice.lr], count=len(lrs))
        if finding.n > 1:
            where = translate("{place}, chosen in {share} of resamples", place=where, share=percent(choice.share))
        lines.append(
            translate(
                "{name}: {place}; its tail loss against that at {lr}: {finding}",
                name=variant,
                place=where,
                lr=texts[neighbour],
                finding=_edge_text(finding),
            )
        )
        sides = {"first": f"{variant} lr {texts[choice.lr]}", "second": f"{variant} lr {texts[neighbour]}"}
        rows.append(number_row("tail_loss", TAIL_LOSS, finding) | {"p": math.nan} | sides)
    if lines:
        sentence = translate(
            "The best learning rate of {optimizers} lies at the edge of its grid: a better one may lie beyond.",
            optimizers=count_of(len(lines), "optimizer"),
        )
        yield ReportedFinding(translate("Best learning rate at the edge"), sentence, first_details(lines), rows)


def _edge_finding(trials: pd.DataFrame, edge: float, neighbour: float) -> Finding:
    """Return the finding on whether the tail loss is lower at the edge of the grid than at the next learning rate.

    trials: the runs from which the learning rate at the edge was chosen.
    """
    sides = {name: Side(by_seed(trials[trials["lr"] == lr])) for name, lr in (("edge", edge), ("neighbour", neighbour))}
    part = ClaimPart(Kind.SUPERIORITY, "tail_loss", {VARIANT: "edge"}, {VARIANT: "neighbour"}, View.BEST_LR)
    return judge(part, Entrants(sides, {}, are_tuned=True))


def _edge_text(finding: Finding) -> str:
    if finding.reason:
        return said(finding.reason)
    if not finding.has_interval:
        return translate_count(
            "{count} seed has values, too few to compare them",
            "{count} seeds have values, too few to compare them",
            finding.n_values,
        )
    effect = percent_text(finding.effect) if finding.effect else ""
    number = translate("exact") if finding.is_exact else count_of(finding.n, "seed")
    return translate_list([effect, number])


def _about_lost_runs(runs: pd.DataFrame) -> Iterator[ReportedFinding]:
    """Yield a finding if runs diverged, failed or did not learn. Its lines give their share per condition, with intervals."""
    has_value = (runs["status"] == Status.COMPLETED.value) & runs["learned"].astype(bool)
    outcomes = runs["status"].mask(runs["status"] == Status.COMPLETED.value, "not learned")[~has_value]
    if outcomes.empty:
        return
    lines, rows = [], []
    texts = texts_of([*runs["lr"].dropna().unique().tolist(), None])
    for (variant, lr), members in runs.groupby(["variant", "lr"], sort=False, dropna=False):
        lost = outcomes[outcomes.index.isin(members.index)]
        if len(lost):
            lr_text, n = texts.get(lr, texts[None]), len(members)
            low, high = wilson_interval(len(lost), n)
            interval = f"{percent(len(lost) / n)} [{percent(low)}, {percent(high)}]"
            runs_text, share_text = translate_list([variant, f"lr {lr_text}"]), translate_list([_share_text(lost, n), interval])
            lines.append((-low, f"{runs_text}: {share_text}"))
            share = {"n": n, "effect": len(lost) / n, "low": low, "high": high, "unit": "share"}
            ids = " ".join(members.loc[lost.index, "run_id"])
            rows.append({"first": f"{variant} lr {lr_text}", **share, "reason": _outcomes_text(lost), "run_ids": ids})
    details = [line for _, line in sorted(lines, key=lambda line: line[0])]
    sentence = translate("Of {count} runs: {states}.", count=len(runs), states=_outcomes_text(outcomes))
    yield ReportedFinding(translate("Runs without a value"), sentence, first_details(details), rows)


def _share_text(lost: "pd.Series[str]", n: int) -> str:
    return translate("{states} of {count}", states=_outcomes_text(lost), count=n)


def _outcomes_text(outcomes: "pd.Series[str]") -> str:
    return translate_list(states_text((str(state), count) for state, count in outcomes.value_counts(sort=False).items()))
