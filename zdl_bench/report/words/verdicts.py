"""The claims of an experiment, judged → lines for a terminal, a table for the page, and one with every number and run id."""

import math
from collections.abc import Iterator, Sequence

import pandas as pd

from zdl_bench.report.page import PageTable, PageVerdict
from zdl_bench.run.conditions import accuracy_text, exact
from zdl_bench.statistics.claims import Kind, Part, Selector, Statistic, View
from zdl_bench.statistics.findings import Effect, Finding, three_digits
from zdl_bench.statistics.verdicts import Judged

NAMED_RUNS = 3
UNITS = {
    "ratio": "ratio ",
    "odds ratio": "odds ratio ",
    "difference": "difference ",
    "value": "",
    "share": "",
    "slope": "slope ",
}


def verdict_lines(judged: Sequence[Judged]) -> list[str]:
    """For each claim a line with its verdict, then a line for each comparison."""
    lines = []
    for one in judged:
        lines.append(f"claim {one.claim.id}: {one.verdict.value}{_family_text(one)}. {one.claim.sentence} ({one.claim.source})")
        lines += [f"  {text}" for text in (one.reason, one.claim.note) if text]
        for part, finding, decides in _findings(one):
            said = "" if decides else "shown: "
            lines.append(f"  {said}{comparison_text(part)}: {_finding_text(finding)}{_p_text(finding, decides)}")
            lines += [f"    {note}" for note in finding.notes]
            if decides and finding.run_ids:
                lines.append(f"    runs {_runs_text(finding.run_ids)}")
    return lines


def _findings(one: Judged) -> Iterator[tuple[Part, Finding, bool]]:
    """Every part with its finding, those of the primary view, which decides, first."""
    for part, finding in zip(one.claim.parts, one.findings, strict=True):
        yield part, finding, True
    for view, findings in one.shown.items():
        for part, finding in zip(one.claim.parts, findings, strict=True):
            yield part.seen(view), finding, False


def comparison_text(part: Part) -> str:
    """What is compared, in words."""
    spread = "spread of " if part.statistic is Statistic.SPREAD else ""
    sides = side_text(part.first) + (f" against {side_text(part.second)}" if part.second is not None else "")
    bounds = [
        f"{word} {exact(bound)}"
        for word, bound in (("at most", part.at_most), ("at least", part.at_least), ("margin", part.margin))
        if bound is not None
    ]
    at = f" (lr {exact(part.lr)})" if part.lr is not None and part.view in (View.SAME_LR, View.SAME_EFFECTIVE_LR) else ""
    view = [] if part.view is View.AS_NAMED else [f"{part.view.words}{at}"]
    levels = ["over levels " + ", ".join(map(exact, part.at))] if part.kind is Kind.INTERACTION else []
    return ", ".join([f"{spread}{part.metric} of {sides}", *bounds, *levels, *view])


def side_text(selector: Selector) -> str:
    others = [f"{key}={exact(value)}" for key, value in selector.items() if key != "optimizer"]
    return " ".join([*([str(selector["optimizer"])] if "optimizer" in selector else []), *others])


def effect_text(effect: Effect | None) -> str:
    if effect is None:
        return "no value"
    write = accuracy_text if effect.unit == "share" else three_digits
    interval = "" if math.isnan(effect.low) else f" [{write(effect.low)}, {write(effect.high)}]"
    return f"{UNITS[effect.unit]}{write(effect.mean)}{interval}"


NO_EFFECT = Effect(math.nan, math.nan, math.nan, "")


def numbers_of(finding: Finding, effect: Effect | None) -> dict[str, object]:
    """Of a finding, what every CSV has. effect: as a reader takes it."""
    shown = effect or NO_EFFECT
    return {
        "n": finding.n,
        "n_values": finding.n_values,
        "effect": shown.mean,
        "low": shown.low,
        "high": shown.high,
        "unit": shown.unit,
        "win_rate": finding.wins.rate if finding.wins else math.nan,
        "correlation": finding.correlation,
        "exact": finding.is_exact,
        "run_ids": " ".join(finding.run_ids),
    }


def wins_text(rate: float, n: int) -> str:
    """On how many of n seeds the first side is better, ties counted half."""
    return "–" if math.isnan(rate) else f"{rate * n:g} of {n}"


def _finding_text(finding: Finding) -> str:
    if finding.reason:
        return finding.reason
    wins = f", wins {wins_text(finding.wins.rate, finding.n)}" if finding.wins and not finding.is_exact else ""
    correlation = "" if math.isnan(finding.correlation) else f", correlation {finding.correlation:.2f}"
    values = "" if finding.n == finding.n_values else f" ({finding.n_values} with values)"
    return f"{effect_text(finding.effect)}, n {finding.n}{values}{wins}{correlation}"


def _family_text(one: Judged) -> str:
    return "" if math.isnan(one.adjusted) else f", p {p_value(one.adjusted)} in its family"


def _p_text(finding: Finding, decides: bool) -> str:
    if finding.reason:
        return ""
    if finding.is_exact:
        return f", exact: {'holds' if finding.p_for == 0 else 'does not hold'}"
    if not decides:
        return ""
    if finding.p == 1:
        return ", p 1"
    direction = "for" if finding.p_for < finding.p_against else "against"
    return f", p {p_value(finding.p)} {direction} it"


def p_value(p: float) -> str:
    return "–" if math.isnan(p) else f"{p:.2g}" if p >= 1e-4 else "< 0.0001"


def _runs_text(run_ids: Sequence[str]) -> str:
    shown = " ".join(run_ids[:NAMED_RUNS])
    return shown if len(run_ids) <= NAMED_RUNS else f"{shown} … ({len(run_ids)}, all in tables/claims.csv)"


def page_verdicts(judged: Sequence[Judged]) -> list[PageVerdict]:
    """What the page shows of each claim."""
    return [
        PageVerdict(
            heading=f"Claim {one.claim.id}: {one.verdict.value}{_family_text(one)}",
            sentence=f"{one.claim.sentence} ({one.claim.source})",
            notes=_about(one),
            comparisons=PageTable.of_frame(comparison_table(one)),
        )
        for one in judged
    ]


def comparison_table(one: Judged) -> pd.DataFrame:
    """A row per comparison of a claim, as texts."""
    rows = [
        {
            "compared": ("" if decides else "shown: ") + comparison_text(part),
            "n": str(finding.n) if not finding.reason else "",
            "effect and 95 % interval": "" if finding.reason else effect_text(finding.effect),
            "wins": wins_text(finding.wins.rate, finding.n) if finding.wins and not finding.is_exact else "",
            "p": "exact" if finding.is_exact else p_value(finding.p) if decides and not finding.reason else "",
            "notes": "; ".join(filter(None, [finding.reason, *finding.notes])),
        }
        for part, finding, decides in _findings(one)
    ]
    return pd.DataFrame(rows)


def _about(one: Judged) -> list[str]:
    """What a verdict needs besides its numbers; the reasons of single comparisons stand beside those."""
    reasons = {finding.reason for finding in one.findings}
    return [text for text in (one.reason, one.claim.note) if text and text not in reasons]


def claim_table(judged: Sequence[Judged]) -> pd.DataFrame:
    """Every number behind the verdicts, one row per comparison, with the ids of its runs."""
    rows: list[dict[str, object]] = []
    for one in judged:
        about: dict[str, object] = {
            "claim": one.claim.id,
            "sentence": one.claim.sentence,
            "source": one.claim.source,
            "kind": one.claim.kind,
        }
        about |= {"verdict": one.verdict.value, "reason": one.reason}
        for part, finding, decides in _findings(one):
            rows.append(
                about
                | {
                    "decides": decides,
                    "part_kind": part.kind.value,
                    "metric": part.metric,
                    "first": side_text(part.first),
                    "second": side_text(part.second) if part.second is not None else "",
                    "view": part.view.value,
                    "lr": part.lr,
                    "at_most": part.at_most,
                    "at_least": part.at_least,
                    "margin": part.margin,
                    "p_for": finding.p_for,
                    "p_against": finding.p_against,
                    "p_claim": one.p,
                    "p_family": one.adjusted,
                    "notes": "; ".join([finding.reason, *finding.notes]).strip("; "),
                }
                | numbers_of(finding, finding.effect)
            )
        if not one.claim.parts:
            rows.append(about | {"decides": True})
    return pd.DataFrame(rows)
