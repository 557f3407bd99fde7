"""Verdicts on a family of claims, from their findings. The claims of one experiment form a family (Holm 1979)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import pandas as pd

from zdl_bench.language import later, later_count, translatable
from zdl_bench.run.experiment import Experiment
from zdl_bench.statistics.claim_part import Kind, View
from zdl_bench.statistics.claims import Claim, claims_of
from zdl_bench.statistics.evidence import ExperimentRuns
from zdl_bench.statistics.finding import Finding
from zdl_bench.statistics.inference import ALPHA, holm, seeds_needed
from zdl_bench.statistics.judge import judge
from zdl_bench.statistics.pairing import Evidence

EQUAL_SIDES = later("exact: both sides of a part are equal, which shows neither the part nor its opposite")
NO_P_VALUE = later("exact: deterministic runs, no p-value")


class Verdict(StrEnum):
    """What the evidence says about a claim; the rules are in docs/statistics.md."""

    SUPPORTED = translatable("supported")
    REFUTED = translatable("refuted")
    INSUFFICIENT = translatable("insufficient evidence")
    NOT_DECIDABLE = translatable("not decidable as stated")


@dataclass(frozen=True)
class Judgment:
    """A claim with its verdict.

    findings: one per part, in the claim's primary view. other_views: view → one finding per part, without a verdict. p: the
    smaller of p_for and p_against of the whole claim. p_family: p adjusted over the family. reason: the reason for the
    verdict, or empty if the numbers explain it.
    """

    claim: Claim
    findings: tuple[Finding, ...]
    other_views: dict[View, tuple[Finding, ...]]
    verdict: Verdict
    p: float
    p_family: float
    reason: str


def judge_experiment(experiment: Experiment, runs: pd.DataFrame) -> list[Judgment]:
    """Return the judgments on the claims of an experiment, from the data frame of its runs."""
    return judge_family(claims_of(experiment.claims), ExperimentRuns(runs, experiment.tuning_seeds))


def judge_family(claims: Sequence[Claim], evidence: Evidence) -> list[Judgment]:
    """Return one judgment per claim. Exact claims and claims that wait for something are not members of the family."""
    wholes = [_Whole(claim, tuple(judge(part, evidence) for part in claim.parts)) for claim in claims]
    members = [whole for whole in wholes if whole.is_member]
    adjusted = dict(zip(map(id, members), holm([whole.p for whole in members]), strict=True))
    judgments = []
    for whole in wholes:
        claim, p_family = whole.claim, adjusted.get(id(whole), math.nan)
        verdict, reason = whole.verdict(p_family, len(members))
        p = whole.p
        if verdict is Verdict.NOT_DECIDABLE or whole.needs_no_test:
            p, p_family = math.nan, math.nan
        views = {view: tuple(judge(part.in_view(view), evidence) for part in claim.parts) for view in claim.also}
        judgments.append(Judgment(claim, whole.findings, views, verdict, p, p_family, reason))
    return judgments


class _Whole:
    """All parts of a claim together.

    The claim holds if all parts hold, so p_for is the largest p_for of the parts. The claim is refuted if one part is refuted,
    so p_against is the smallest p_against of the parts, times their number (Bonferroni). p_here: p_against, unless the claim
    only says that some case exists; then the case of these runs, in which it may fail, is not the claim. seeds: the smallest
    number of pairs on which the p-value of a part rests. needs_no_test: whether deterministic runs decide all parts, or refute
    one. is_member: whether the claim counts in its family, decided or not. All claims count, except those that wait for
    something and those whose parts are all exact.
    """

    def __init__(self, claim: Claim, findings: tuple[Finding, ...]) -> None:
        self.claim, self.findings = claim, findings
        waiting = [later("it waits for {what}", what=claim.waits_for)] if claim.waits_for else []
        self.reasons = _first_of(list(dict.fromkeys([*waiting, *(finding.reason for finding in findings if finding.reason)])))
        exact = [finding for finding in findings if finding.is_exact]
        is_exact = bool(exact) and len(exact) == len(findings)
        self.needs_no_test = is_exact or any(finding.p_against == 0 for finding in exact)
        self.has_tie = any(finding.p == 1 for finding in exact)
        self.is_member = not waiting and not is_exact and any(part.kind is not Kind.EXACT for part in claim.parts)
        self.seeds = min((finding.n_deciding for finding in findings if not finding.is_exact), default=0)
        self.p_for = max((finding.p_for for finding in findings), default=1.0)
        p_against = min(1.0, len(findings) * min((finding.p_against for finding in findings), default=1.0))
        self.p_against, self.p_here = (1.0 if claim.exists else p_against), p_against
        self.p = min(self.p_for, self.p_against)

    def verdict(self, p_family: float, members: int) -> tuple[Verdict, str]:
        """Return the verdict and its reason. p_family: p adjusted over the family. members: the size of the family."""
        untested = self._untested_verdict()
        if untested:
            return untested
        if self.seeds < (needed := seeds_needed(members)):
            reason = later_count(
                "{count} seed has values, a family of this size needs {needed}",
                "{count} seeds have values, a family of this size needs {needed}",
                self.seeds,
                needed=needed,
            )
            return Verdict.INSUFFICIENT, reason
        if p_family <= ALPHA:
            return Verdict.SUPPORTED if self.p_for < self.p_against else Verdict.REFUTED, ""
        parts = 1 if self.claim.exists else len(self.findings)  # refuting many parts may need more seeds than supporting them
        needed = seeds_needed(parts * members)
        if self.seeds >= needed:
            return Verdict.INSUFFICIENT, ""
        reason = later_count(
            "{count} seed cannot refute a claim of {parts} parts here; that needs {needed}",
            "{count} seeds cannot refute a claim of {parts} parts here; that needs {needed}",
            self.seeds,
            parts=parts,
            needed=needed,
        )
        return Verdict.INSUFFICIENT, reason

    def _untested_verdict(self) -> tuple[Verdict, str] | None:
        """Return the verdict and its reason if they do not depend on the family, or None."""
        if self.reasons:
            return Verdict.NOT_DECIDABLE, self.reasons
        if self.p_here < self.p_against and self.p_here <= ALPHA:
            shown = later("p {p:.2g}, not adjusted", p=self.p_here) if self.p_here else later("exact")
            reason = later("it does not hold here ({how}), but one case cannot refute that some case exists", how=shown)
            return Verdict.INSUFFICIENT, reason
        if self.has_tie and self.p == 1:
            return Verdict.INSUFFICIENT, EQUAL_SIDES
        if self.needs_no_test:
            return Verdict.SUPPORTED if self.p == self.p_for else Verdict.REFUTED, NO_P_VALUE
        return None


def _first_of(reasons: list[str]) -> str:
    """Return the first reason in full, and the number of the others: each stands with its own finding."""
    more = len(reasons) - 1
    if more < 1:
        return reasons[0] if reasons else ""
    return later_count("{reason}; and {count} other reason", "{reason}; and {count} other reasons", more, reason=reasons[0])
