"""Turn the judgments on an experiment's claims into a table of all numbers and into sections of the page."""

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd

from zdl_bench.language import said, translate
from zdl_bench.report.page import PageVerdict
from zdl_bench.report.phrases import join_notes
from zdl_bench.report.tables.table import Column, Record, Table
from zdl_bench.report.words.effects import effect_text, numbers_of, p_text, wins_text
from zdl_bench.report.words.verdicts import claim_text, comparison_text, findings_of_claim, outcome_text, side_text
from zdl_bench.statistics.finding import Effect
from zdl_bench.statistics.verdict import Judgment

PAGE_ONLY = ["compared", "lacks", "p"]
"""Columns that the page needs, but the CSV file leaves out."""


def claim_table(judged: Sequence[Judgment]) -> pd.DataFrame:
    """Return a table of all numbers behind the verdicts, one row per comparison, with the ids of the compared runs."""
    rows: list[dict[str, Any]] = []
    for one in judged:
        claim = one.claim
        about = {"claim": claim.id, "sentence": claim.sentence, "source": claim.source, "kind": claim.kind}
        about |= {"verdict": one.verdict.value, "reason": one.reason}
        rows += [about | row for row in _rows(one) or [{"decides": True}]]
    return pd.DataFrame(rows).drop(columns=PAGE_ONLY, errors="ignore")


def page_verdicts(judged: Sequence[Judgment]) -> list[PageVerdict]:
    """Return the page's sections on the claims."""
    return [
        PageVerdict(
            heading=translate("Claim {claim}: {outcome}", claim=one.claim.id, outcome=outcome_text(one)),
            sentence=claim_text(one),
            notes=_notes(one),
            comparisons=Table("claims", pd.DataFrame(_rows(one)), _columns_of_claim()).on_page(),
        )
        for one in judged
    ]


def _rows(one: Judgment) -> list[dict[str, Any]]:
    return [
        {
            "compared": comparison_text(part, decides),
            "lacks": finding.reason,
            "p": finding.p if decides and not finding.reason and not finding.is_exact else math.nan,
            "decides": decides,
            "part_kind": part.kind.value,
            "metric": part.metric,
            "first": side_text(part.first),
            "second": side_text(part.second) if part.second is not None else "",
            "view": part.view.value,
            **{key: getattr(part, key) for key in ("lr", "at_most", "at_least", "margin")},
            "p_for": finding.p_for,
            "p_against": finding.p_against,
            "p_claim": one.p,
            "p_family": one.p_family,
            "notes": join_notes(finding.reason, *finding.notes),
        }
        | numbers_of(finding, finding.effect)
        for part, finding, decides in findings_of_claim(one)
    ]


def _notes(one: Judgment) -> list[str]:
    """Return the notes on a verdict, without the reasons that the table of comparisons already gives."""
    reasons = {finding.reason for finding in one.findings}
    return [said(text) for text in (one.reason, one.claim.note) if text and text not in reasons]


def _effect_text(row: Record) -> str:
    return "" if row["lacks"] else effect_text(Effect(row["effect"], row["low"], row["high"], row["unit"]))


def _wins_text(row: Record) -> str:
    return "" if math.isnan(row["win_rate"]) or row["exact"] else wins_text(row["win_rate"], row["n"])


def _p_text(row: Record) -> str:
    return translate("exact") if row["exact"] else "" if math.isnan(row["p"]) else p_text(row["p"])


def _columns_of_claim() -> list[Column]:
    return [
        Column(translate("compared"), "compared"),
        Column("n", "n", row_text=lambda row: "" if row["lacks"] else str(row["n"])),
        Column(translate("effect and 95 % interval"), "effect", row_text=_effect_text),
        Column(translate("wins"), "win_rate", row_text=_wins_text),
        Column("p", "p", row_text=_p_text),
        Column(translate("notes"), "notes"),
    ]
