"""Say in words which optimizer leads, for example in speed, and list every test behind the answer."""

from collections.abc import Iterator

from zdl_bench.report.phrases import list_names
from zdl_bench.report.standings import Question, Standings
from zdl_bench.report.words.effects import p_text
from zdl_bench.report.words.reported_finding import ReportedFinding, finding_text, first_details, number_row
from zdl_bench.run.conditions import short
from zdl_bench.statistics.standing import Leader, Standing
from zdl_bench.statistics.verdict import Judgment, Verdict

SAME_SEEDS = (
    "The learning rates were chosen on the seeds that are judged, among as many for each optimizer; what that costs is in "
    "docs/statistics.md. An experiment with tuning seeds chooses on others."
)


def about_leader(question: Question, standing: Standing, standings: Standings) -> ReportedFinding:
    """Return the finding that says which optimizer leads on a question, or why no optimizer leads."""
    leader = standing.leader
    if leader is None:  # fewer than two variants have runs to compare
        reasons = "; ".join(standings.entrants.reasons.values())
        return ReportedFinding(f"{question.superlative}: not decidable", f"Not decidable: {reasons}.")
    rows = [
        number_row(question, finding) | {"first": leader.variant, "second": rival, "p_of_claim": leader.p_ahead_of(rival)}
        for rival, finding in leader.rivals.items()
    ]
    if leader.verdict is Verdict.NOT_DECIDABLE:
        return ReportedFinding(f"{question.superlative}: not decidable", f"Not decidable: {leader.reason}.", rows=rows)
    outcome = leader.variant if leader.verdict is Verdict.SUPPORTED else "undecided"
    compared = {rival: finding for rival, finding in leader.rivals.items() if finding.is_exact or finding.n > 1}
    details = [
        *first_details(f"against {rival}: {finding_text(question, finding)}" for rival, finding in compared.items()),
        *_leader_notes(question, leader, standings),
    ]
    return ReportedFinding(f"{question.superlative}: {outcome}", _sentence(question, leader, standings), details, rows)


def _sentence(question: Question, leader: Leader, standings: Standings) -> str:
    if leader.verdict is not Verdict.SUPPORTED and leader.reason:  # too few seeds for a test, so nobody is ahead
        return f"Undecided: {leader.reason}."
    name = f"{leader.variant}{_lr_text(leader.variant, standings)}"
    view = f", {standings.view}" if standings.comparison.has_lr_choice else ""  # else the lr beside the name is enough
    lacks = any(finding.n_values < finding.n for finding in leader.rivals.values())
    by = f"{question.better} {question.words}" + (" (a run without a value loses)" if lacks else "")
    if leader.verdict is Verdict.SUPPORTED:
        others = f"each of the {len(leader.rivals)} others" if len(leader.rivals) > 1 else next(iter(leader.rivals))
        return f"{name} wins by a {by} against {others}{view}." if lacks else f"{name} has a {by} than {others}{view}."
    if leader.is_tied:
        return f"No optimizer is ahead by a {by}{view}."
    undecided = list_names(leader.undecided or leader.rivals)
    return f"{name} is ahead by a {by}{view}, but not shown to be ahead of {undecided}."


def _leader_notes(question: Question, leader: Leader, standings: Standings) -> Iterator[str]:
    is_exact = all(finding.is_exact for finding in leader.rivals.values())
    if is_exact:
        yield "exact: deterministic runs, no p"
    elif any(finding.n > 1 for finding in leader.rivals.values()):
        rivals = [*leader.rivals]
        of_whom = rivals[0] if len(rivals) == 1 else f"all, adjusted for {1 + len(rivals)} candidates"
        yield f"p {p_text(leader.p)} for being ahead of {of_whom}"
    yield from standings.left_out
    if question.noun == "steadiness" and is_exact:
        yield "without noise, jitter is the bend of a smooth curve; the path says more"
    comparison = standings.comparison
    was_chosen = comparison.has_lr_choice and comparison.judged["seed"].nunique() > 1
    if question is standings.questions[0] and was_chosen and not is_exact and not standings.entrants.are_tuned:
        yield SAME_SEEDS


def about_undecided(standings: Standings) -> Iterator[ReportedFinding]:
    """Yield a finding if comparisons with the control are undecided. The numbers are in the table of comparisons."""
    undecided = [
        (question, judged)
        for question, standing in standings.at_best
        for judged in standing.contrasts
        if judged.verdict is Verdict.INSUFFICIENT and standing.leader and standing.leader.verdict is not Verdict.NOT_DECIDABLE
    ]
    if undecided:
        control = standings.variants[0]
        total = sum(len(standing.contrasts) for _, standing in standings.at_best)
        reasons = "; ".join(dict.fromkeys(judged.reason for _, judged in undecided if judged.reason))
        because = f" ({reasons})" if reasons else ""
        sentence = f"Of {total} comparisons with {control}, the first of the plan, undecided: {len(undecided)}{because}."
        lines = [_undecided_text(question, judged) for question, judged in undecided if judged.findings[0].n > 1]
        yield ReportedFinding(f"Undecided against {control}", sentence, first_details(lines))


def _undecided_text(question: Question, judged: Judgment) -> str:
    [finding] = judged.findings
    return f"{question.noun}, {judged.claim.id}: {finding_text(question, finding)}, p {p_text(judged.p_family)} in its family"


def _lr_text(variant: str, standings: Standings) -> str:
    side = standings.entrants.sides.get(variant)
    lr = side.runs["lr"].iloc[0] if side is not None and len(side.runs) else None
    return "" if lr is None or lr != lr else f" (lr {short(float(lr))})"
