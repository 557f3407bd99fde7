"""Write the judgments on an experiment's claims as lines for a terminal."""

import math
from collections.abc import Iterator, Sequence

from zdl_bench.language import said, translatable, translate, translate_list
from zdl_bench.report.phrases import join_and
from zdl_bench.report.words.effects import counts_text, effect_text, p_text
from zdl_bench.run.conditions import exact
from zdl_bench.statistics.claim_part import ClaimPart, Kind, Selector, Statistic, View
from zdl_bench.statistics.finding import Finding
from zdl_bench.statistics.verdict import Judgment

MAX_RUN_IDS = 3
METRIC_OF = translatable("{metric} of {sides}")
AT_MOST, AT_LEAST, MARGIN = translatable("at most {bound}"), translatable("at least {bound}"), translatable("margin {bound}")


def verdict_lines(judged: Sequence[Judgment]) -> list[str]:
    """Return the lines on each claim: first its verdict, then its notes and its comparisons."""
    lines = []
    for one in judged:
        values = {"name": one.claim.id, "outcome": outcome_text(one), "sentence": claim_text(one)}
        lines.append(translate("claim {name}: {outcome}. {sentence}", **values))
        lines += [f"  {said(text)}" for text in (one.reason, one.claim.note) if text]
        for part, finding, decides in findings_of_claim(one):
            lines.append(f"  {comparison_text(part, decides)}: {_finding_text(finding)}{_direction_text(finding, decides)}")
            lines += [f"    {said(note)}" for note in finding.notes]
            if decides and finding.run_ids:
                lines.append("    " + translate("runs {names}", names=_runs_text(finding.run_ids)))
    return lines


def outcome_text(one: Judgment) -> str:
    views = dict.fromkeys(part.view.words for part in one.claim.parts if part.view is not View.AS_NAMED)
    outcome = translate(one.verdict.value)
    if views:
        outcome = f"{outcome} ({join_and(map(said, views))})"
    if math.isnan(one.p_family):
        return outcome
    return translate("{verdict}, p {p} in its family", verdict=outcome, p=p_text(one.p_family))


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
    sides = side_text(part.first)
    if part.second is not None:
        sides = translate("{first} against {second}", first=sides, second=side_text(part.second))
    text = translatable("spread of {metric} of {sides}") if part.statistic is Statistic.SPREAD else METRIC_OF
    bounds = ((AT_MOST, part.at_most), (AT_LEAST, part.at_least), (MARGIN, part.margin))
    words = [translate(text, metric=part.metric, sides=sides)]
    words += [translate(bound_text, bound=exact(bound)) for bound_text, bound in bounds if bound is not None]
    if part.kind is Kind.INTERACTION:
        words.append(translate("over levels {levels}", levels=translate_list(map(exact, part.at))))
    if part.view is not View.AS_NAMED:
        has_lr = part.lr is not None and part.view is not View.BEST_LR
        words.append(said(part.view.words) + (f" (lr {exact(part.lr)})" if has_lr else ""))
    listed = translate_list(words)
    return listed if decides else translate("shown: {comparison}", comparison=listed)


def side_text(selector: Selector) -> str:
    others = [f"{key}={exact(value)}" for key, value in selector.items() if key != "optimizer"]
    return " ".join([*([str(selector["optimizer"])] if "optimizer" in selector else []), *others])


def _finding_text(finding: Finding) -> str:
    if finding.reason:
        return said(finding.reason)
    text = translate_list([effect_text(finding.effect), counts_text(finding)])
    if math.isnan(finding.correlation):
        return text
    return translate("{numbers}, correlation {correlation:.2f}", numbers=text, correlation=finding.correlation)


def _direction_text(finding: Finding, decides: bool) -> str:
    """Return whether a finding supports its part of the claim, as text, with the p-value if the finding decides."""
    if finding.reason:
        return ""
    if finding.is_exact:
        if finding.p_for == 0:
            return translate(", exact: holds")
        return translate(", exact: does not hold") if finding.p_against == 0 else translate(", exact: a tie")
    if not decides:
        return ""
    if finding.p == 1:
        return translate(", p {p}", p=1)
    text = translatable(", p {p} for it") if finding.p_for < finding.p_against else translatable(", p {p} against it")
    return translate(text, p=p_text(finding.p))


def _runs_text(run_ids: Sequence[str]) -> str:
    first = " ".join(run_ids[:MAX_RUN_IDS])
    if len(run_ids) <= MAX_RUN_IDS:
        return first
    return translate("{names} … ({count}, all in tables/claims.csv)", names=first, count=len(run_ids))
