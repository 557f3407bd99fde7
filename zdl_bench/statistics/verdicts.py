"""The findings of a family of claims → verdicts. A family is the claims of one experiment (Holm 1979)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import pandas as pd

from zdl_bench.run.experiment import Experiment
from zdl_bench.statistics.claims import Claim, Kind, View, claims_of
from zdl_bench.statistics.evidence import ExperimentRuns
from zdl_bench.statistics.families import ALPHA, holm, seeds_needed
from zdl_bench.statistics.findings import Finding
from zdl_bench.statistics.judging import judge
from zdl_bench.statistics.pairing import Evidence


class Verdict(StrEnum):
    SUPPORTED = "supported"
    REFUTED = "refuted"
    INSUFFICIENT = "insufficient evidence"
    NOT_DECIDABLE = "not decidable as stated"


@dataclass(frozen=True)
class Judged:
    """A claim with its verdict.

    findings: one per part, in the claim's primary view. shown: other views, each with one finding per part, without a
    verdict. p: the smaller of p_for and p_against of the whole claim; adjusted: over the family. reason: of a verdict
    that the numbers alone do not explain.
    """

    claim: Claim
    findings: tuple[Finding, ...]
    shown: dict[View, tuple[Finding, ...]]
    verdict: Verdict
    p: float
    adjusted: float
    reason: str


@dataclass(frozen=True)
class _Whole:
    """All parts of a claim together.

    It holds where all parts do: the largest p of its parts. It does not where one part is shown not to: the smallest,
    times their number (Bonferroni).
    """

    claim: Claim
    findings: tuple[Finding, ...]

    @property
    def reasons(self) -> str:
        missing = [f"it waits for {self.claim.waits_for}"] if self.claim.waits_for else []
        return "; ".join(dict.fromkeys([*missing, *(finding.reason for finding in self.findings if finding.reason)]))

    @property
    def is_exact(self) -> bool:
        return bool(self.findings) and all(finding.is_exact for finding in self.findings)

    @property
    def seeds(self) -> int:
        """The smallest number of pairs on which the p of a part rests."""
        return min((finding.n_deciding for finding in self.findings if not finding.is_exact), default=0)

    @property
    def is_member(self) -> bool:
        """Whether it counts in its family, decided or not: all but what waits, and what needs no test."""
        parts = self.claim.parts
        return not self.claim.waits_for and not self.is_exact and any(part.kind is not Kind.EXACT for part in parts)

    @property
    def p_for(self) -> float:
        return max((finding.p_for for finding in self.findings), default=1.0)

    @property
    def p_against(self) -> float:
        return min(1.0, len(self.findings) * min((finding.p_against for finding in self.findings), default=1.0))

    @property
    def p(self) -> float:
        return min(self.p_for, self.p_against)


def judge_family(claims: Sequence[Claim], evidence: Evidence) -> list[Judged]:
    """One verdict per claim. Exact claims and those that wait for something are no members of the family."""
    wholes = [_Whole(claim, tuple(judge(part, evidence) for part in claim.parts)) for claim in claims]
    members = [whole for whole in wholes if whole.is_member]
    adjusted = dict(zip(map(id, members), holm([whole.p for whole in members]), strict=True))
    judged = []
    for whole in wholes:
        p = adjusted.get(id(whole), math.nan)
        verdict, reason = _verdict(whole, p, len(members))
        shown = {view: tuple(judge(part.seen(view), evidence) for part in whole.claim.parts) for view in whole.claim.also}
        own_p = math.nan if whole.is_exact or whole.reasons else whole.p
        p = math.nan if whole.reasons else p
        judged.append(Judged(whole.claim, whole.findings, shown, verdict, own_p, p, reason))
    return judged


def _too_few_to_refute(whole: _Whole, members: int) -> str:
    """A claim of many parts may need more seeds to be refuted than to be supported."""
    parts = len(whole.findings)
    needed = seeds_needed(parts * members)
    if whole.seeds >= needed:
        return ""
    return f"{_seeds(whole.seeds)} cannot refute a claim of {parts} parts here; that needs {needed}"


def _seeds(count: int) -> str:
    return f"{count} seed{'' if count == 1 else 's'}"


def _verdict(whole: _Whole, adjusted: float, members: int) -> tuple[Verdict, str]:
    if whole.reasons:
        return Verdict.NOT_DECIDABLE, whole.reasons
    if whole.is_exact:
        return (Verdict.SUPPORTED if whole.p_for == 0 else Verdict.REFUTED), "exact: deterministic runs, no p-value"
    needed = seeds_needed(members)
    if whole.seeds < needed:
        return (
            Verdict.INSUFFICIENT,
            f"{_seeds(whole.seeds)} {'has' if whole.seeds == 1 else 'have'} values, a family of this size needs {needed}",
        )
    if not adjusted <= ALPHA:
        return Verdict.INSUFFICIENT, _too_few_to_refute(whole, members)
    return (Verdict.SUPPORTED if whole.p_for < whole.p_against else Verdict.REFUTED), ""


def judge_experiment(experiment: Experiment, runs: pd.DataFrame) -> list[Judged]:
    """The claims of an experiment on the frame of its runs."""
    return judge_family(claims_of(experiment.claims), ExperimentRuns(runs, experiment.tuning_seeds))
