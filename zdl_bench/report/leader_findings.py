"""Who is fastest, lowest at the end, steadiest: in words, with every test behind them."""

from collections.abc import Iterator

from zdl_bench.report.page import PageFinding
from zdl_bench.report.phrases import list_names
from zdl_bench.report.standings import Question, Standings
from zdl_bench.report.told import Told, finding_text, first_lines, number_row
from zdl_bench.report.verdicts import p_value
from zdl_bench.run.conditions import short
from zdl_bench.statistics.standing import Leader, Standing
from zdl_bench.statistics.verdicts import Judged, Verdict

SAME_SEEDS = (
    "The learning rates were chosen on the seeds that are judged, among as many for each optimizer; what that costs is in "
    "docs/statistics.md. An experiment with tuning seeds chooses on others."
)


def about_leader(question: Question, standing: Standing, standings: Standings) -> Told:
    leader = standing.leader
    if leader is None:  # fewer than two have runs to compare
        reasons = "; ".join(standings.entrants.reasons.values())
        return Told(PageFinding(f"{question.superlative}: not decidable", f"Not decidable: {reasons}.", []))
    rows = [
        number_row(question, finding) | {"first": leader.variant, "second": rival, "p_of_claim": leader.adjusted(rival)}
        for rival, finding in leader.rivals.items()
    ]
    if leader.verdict is Verdict.NOT_DECIDABLE:
        return Told(PageFinding(f"{question.superlative}: not decidable", f"Not decidable: {leader.reason}.", []), rows)
    name = f"{leader.variant}{_lr_text(leader.variant, standings)}"
    lacks = any(finding.n_values < finding.n for finding in leader.rivals.values())
    by = f"{question.better} {question.words}" + (" (a run without a value loses)" if lacks else "")
    compared = {rival: finding for rival, finding in leader.rivals.items() if finding.is_exact or finding.n > 1}
    details = [
        *first_lines(f"against {rival}: {finding_text(question, finding)}" for rival, finding in compared.items()),
        *_leader_notes(question, leader, standings),
    ]
    if leader.verdict is Verdict.SUPPORTED:
        others = f"each of the {len(leader.rivals)} others" if len(leader.rivals) > 1 else next(iter(leader.rivals))
        sentence = f"{name} wins by a {by} against {others}" if lacks else f"{name} has a {by} than {others}"
        sentence = f"{sentence}{_view(standings)}."
        return Told(PageFinding(f"{question.superlative}: {leader.variant}", sentence, details), rows)
    if leader.reason:  # too few seeds for a test, so nobody is ahead
        sentence = f"Undecided: {leader.reason}."
    elif leader.is_tied:
        sentence = f"No optimizer is ahead by a {by}{_view(standings)}."
    else:
        undecided = list_names(leader.undecided or leader.rivals)
        sentence = f"{name} is ahead by a {by}{_view(standings)}, but not shown to be ahead of {undecided}."
    return Told(PageFinding(f"{question.superlative}: undecided", sentence, details), rows)


def _view(standings: Standings) -> str:
    """Where there was no choice, the learning rate beside the name says it all."""
    return f", {standings.view}" if standings.comparison.has_lr_choice else ""


def _leader_notes(question: Question, leader: Leader, standings: Standings) -> Iterator[str]:
    is_exact = all(finding.is_exact for finding in leader.rivals.values())
    if is_exact:
        yield "exact: deterministic runs, no p"
    elif any(finding.n > 1 for finding in leader.rivals.values()):
        candidates = "" if len(leader.rivals) == 1 else f", adjusted for {1 + len(leader.rivals)} candidates"
        yield f"p {p_value(leader.p)} for being ahead of {'all' if candidates else next(iter(leader.rivals))}{candidates}"
    yield from standings.left_out
    if question.metric == "jitter" and is_exact:
        yield "without noise, jitter is the bend of a smooth curve; the path says more"
    if question is standings.questions[0] and not is_exact and not standings.entrants.are_tuned and _was_chosen(standings):
        yield SAME_SEEDS


def _was_chosen(standings: Standings) -> bool:
    return standings.comparison.has_lr_choice and standings.comparison.judged["seed"].nunique() > 1


def about_undecided(standings: Standings) -> Iterator[Told]:
    """The comparisons with the control that a test could not decide; their numbers are in the table of comparisons."""
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
        sentence = f"Of {total} comparisons with {control}, the first of the plan, undecided: {len(undecided)}"
        lines = [_undecided_text(question, judged) for question, judged in undecided if judged.findings[0].n > 1]
        because = f" ({reasons})" if reasons else ""
        yield Told(PageFinding(f"Undecided against {control}", f"{sentence}{because}.", first_lines(lines)))


def _undecided_text(question: Question, judged: Judged) -> str:
    [finding] = judged.findings
    return f"{question.noun}, {judged.claim.id}: {finding_text(question, finding)}, p {p_value(judged.adjusted)} in its family"


def _lr_text(variant: str, standings: Standings) -> str:
    side = standings.entrants.sides.get(variant)
    lr = side.runs["lr"].iloc[0] if side is not None and len(side.runs) else None
    return "" if lr is None or lr != lr else f" (lr {short(float(lr))})"
