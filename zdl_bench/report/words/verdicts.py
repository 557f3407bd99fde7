"""Write the judgments on an experiment's claims as lines for a terminal."""

import math
from collections.abc import Iterator, Sequence

from zdl_bench.report.words.effects import counts_text, effect_text, p_text
from zdl_bench.run.conditions import exact
from zdl_bench.statistics.claim_part import ClaimPart, Kind, Selector, Statistic, View
from zdl_bench.statistics.finding import Finding
from zdl_bench.statistics.verdict import Judgment

MAX_RUN_IDS = 3


def verdict_lines(judged: Sequence[Judgment]) -> list[str]:
    """Return the lines on each claim: first its verdict, then its notes and its comparisons."""
    lines = []
    for one in judged:
        lines.append(f"claim {one.claim.id}: {outcome_text(one)}. {claim_text(one)}")
        lines += [f"  {text}" for text in (one.reason, one.claim.note) if text]
        for part, finding, decides in findings_of_claim(one):
            lines.append(f"  {comparison_text(part, decides)}: {_finding_text(finding)}{_direction_text(finding, decides)}")
            lines += [f"    {note}" for note in finding.notes]
            if decides and finding.run_ids:
                lines.append(f"    runs {_runs_text(finding.run_ids)}")
    return lines


def outcome_text(one: Judgment) -> str:
    views = dict.fromkeys(part.view.words for part in one.claim.parts if part.view is not View.AS_NAMED)
    named = f" ({' and '.join(views)})" if views else ""
    return one.verdict.value + named + ("" if math.isnan(one.p_family) else f", p {p_text(one.p_family)} in its family")


def claim_text(one: Judgment) -> str:
    return f"{one.claim.sentence} ({one.claim.source})"


def findings_of_claim(one: Judgment) -> Iterator[tuple[ClaimPart, Finding, bool]]:
    """Yield each part of a claim, the finding on the part, and whether the finding decides the verdict.

    The findings of the primary view come first. Only these findings decide.
    """
    for part, finding in zip(one.claim.parts, one.findings, strict=True):
        yield part, finding, True
    for view, findings in one.other_views.items():
        for part, finding in zip(one.claim.parts, findings, strict=True):
            yield part.in_view(view), finding, False


def comparison_text(part: ClaimPart, decides: bool) -> str:
    """Return what is compared, as text. Put `shown: ` before the text if the comparison does not decide the verdict."""
    spread = "spread of " if part.statistic is Statistic.SPREAD else ""
    sides = side_text(part.first) + (f" against {side_text(part.second)}" if part.second is not None else "")
    bounds = (("at most", part.at_most), ("at least", part.at_least), ("margin", part.margin))
    words = [f"{spread}{part.metric} of {sides}", *(f"{word} {exact(bound)}" for word, bound in bounds if bound is not None)]
    if part.kind is Kind.INTERACTION:
        words.append("over levels " + ", ".join(map(exact, part.at)))
    if part.view is not View.AS_NAMED:
        has_lr = part.lr is not None and part.view is not View.BEST_LR
        words.append(part.view.words + (f" (lr {exact(part.lr)})" if has_lr else ""))
    return ("" if decides else "shown: ") + ", ".join(words)


def side_text(selector: Selector) -> str:
    others = [f"{key}={exact(value)}" for key, value in selector.items() if key != "optimizer"]
    return " ".join([*([str(selector["optimizer"])] if "optimizer" in selector else []), *others])


def _finding_text(finding: Finding) -> str:
    if finding.reason:
        return finding.reason
    correlation = "" if math.isnan(finding.correlation) else f", correlation {finding.correlation:.2f}"
    return f"{effect_text(finding.effect)}, {counts_text(finding)}{correlation}"


def _direction_text(finding: Finding, decides: bool) -> str:
    """Return whether a finding supports its part of the claim, as text, with the p-value if the finding decides."""
    if finding.reason:
        return ""
    if finding.is_exact:
        return f", exact: {'holds' if finding.p_for == 0 else 'does not hold' if finding.p_against == 0 else 'a tie'}"
    if not decides:
        return ""
    if finding.p == 1:
        return ", p 1"
    return f", p {p_text(finding.p)} {'for' if finding.p_for < finding.p_against else 'against'} it"


def _runs_text(run_ids: Sequence[str]) -> str:
    first = " ".join(run_ids[:MAX_RUN_IDS])
    return first if len(run_ids) <= MAX_RUN_IDS else f"{first} … ({len(run_ids)}, all in tables/claims.csv)"
