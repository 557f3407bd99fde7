"""Who is fastest, lowest at the end, steadiest: in words, with every test behind them."""

from collections.abc import Iterator

from zdl_bench.conditions import short
from zdl_bench.report.descriptions import listed
from zdl_bench.report.page import PageFinding
from zdl_bench.report.standings import Question, Standings
from zdl_bench.report.told import Told, finding_text, first_lines, number_row
from zdl_bench.report.verdicts import p_value
from zdl_bench.statistics.findings import Finding
from zdl_bench.statistics.standing import Leader, Standing
from zdl_bench.statistics.verdicts import Judged, Verdict

MOST_REVERSALS = 3
SAME_SEEDS = (
    "The learning rates were chosen on the seeds that are judged, among as many for each optimizer; what that costs is in "
    "docs/statistics.md. An experiment with tuning seeds chooses on others."
)
STEADY_TOO = (
    ("overshoot", "lowest"),
    ("displacement_cosine", "highest"),
    ("path_efficiency", "highest"),
    ("flip_rate", "lowest"),
)
"""Other measures of steadiness, with the end that is the steady one."""


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
    details = [
        *first_lines(f"against {rival}: {finding_text(question, finding)}" for rival, finding in leader.rivals.items()),
        *_leader_notes(question, leader, standings),
    ]
    if leader.verdict is Verdict.SUPPORTED:
        others = f"each of the {len(leader.rivals)} others" if len(leader.rivals) > 1 else next(iter(leader.rivals))
        sentence = f"{name} wins by a {by} against {others}" if lacks else f"{name} has a {by} than {others}"
        sentence = f"{sentence}{_view(standings)}."
        return Told(PageFinding(f"{question.superlative}: {leader.variant}", sentence, details), rows)
    undecided = listed(leader.undecided or leader.rivals)
    if leader.is_tied:
        sentence = f"No optimizer is ahead by a {by}{_view(standings)}."
        return Told(PageFinding(f"{question.superlative}: undecided", sentence, details), rows)
    sentence = f"{name} is ahead by a {by}{_view(standings)}, but not shown to be ahead of {undecided}"
    reason = f": {leader.reason}" if leader.reason else ""
    return Told(PageFinding(f"{question.superlative}: undecided", f"{sentence}{reason}.", details), rows)


def _view(standings: Standings) -> str:
    """Where there was no choice, the learning rate beside the name says it all."""
    return f", {standings.view}" if standings.comparison.has_lr_choice else ""


def _leader_notes(question: Question, leader: Leader, standings: Standings) -> Iterator[str]:
    is_exact = all(finding.is_exact for finding in leader.rivals.values())
    if is_exact:
        yield "exact: deterministic runs, no p"
    elif not leader.reason:
        candidates = "" if len(leader.rivals) == 1 else f", adjusted for {1 + len(leader.rivals)} candidates"
        yield f"p {p_value(leader.p)} for being ahead of {'all' if candidates else next(iter(leader.rivals))}{candidates}"
    yield from standings.left_out
    yield from _reversals(question, leader, standings)
    if question.metric == "jitter":
        yield from _other_measures(standings, is_exact)
    if question is standings.questions[0] and not is_exact and not standings.entrants.are_tuned and _was_chosen(standings):
        yield SAME_SEEDS


def _was_chosen(standings: Standings) -> bool:
    return standings.comparison.has_lr_choice and standings.comparison.judged["seed"].nunique() > 1


def _reversals(question: Question, leader: Leader, standings: Standings) -> list[str]:
    """Views in which a rival is ahead of the leader instead, its interval on the other side."""
    found = []
    for view, asked, pairwise in standings.at_same:
        for rival in leader.rivals if asked is question else ():
            finding = pairwise.pairs.get((leader.variant, rival))
            if finding and finding.effect and _is_behind(finding):
                found.append(f"the other way round at the {view}, against {rival}: {finding_text(question, finding)}")
    rest = len(found) - MOST_REVERSALS
    return found[:MOST_REVERSALS] + ([f"and in {rest} more comparisons, in the table"] if rest > 0 else [])


def _is_behind(finding: Finding) -> bool:
    """Whether the second side wins more often, and the interval leaves out no effect; of an exact finding there is none."""
    assert finding.effect is not None
    if finding.is_exact:
        return finding.p_against == 0 and not finding.is_tie
    neutral = 1 if finding.effect.unit == "ratio" else 0
    loses = finding.wins is not None and finding.wins.wins < finding.wins.losses
    return loses and not finding.effect.low <= neutral <= finding.effect.high


def _other_measures(standings: Standings, is_exact: bool) -> Iterator[str]:
    """Jitter is one reading of steadiness; a reader has to know where others disagree."""
    sides = {variant: side.runs for variant, side in standings.entrants.sides.items()}
    best = []
    for name, end in STEADY_TOO:
        means = {variant: float(runs[name].mean(skipna=False)) for variant, runs in sides.items() if name in runs}
        values = {variant: mean for variant, mean in means.items() if mean == mean}
        if len({*values.values()}) > 1:
            choose = min if end == "lowest" else max
            best.append(f"{end} {name.replace('_', ' ')} {choose(values, key=lambda variant: values[variant])}")
    if best:
        yield f"other measures, without a test: {', '.join(best)}"
    if is_exact:
        yield "without noise, jitter is the bend of a smooth curve; the path says more"


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
        lines = [_undecided_text(question, judged) for question, judged in undecided]
        because = f" ({reasons})" if reasons else ""
        yield Told(PageFinding(f"Undecided against {control}", f"{sentence}{because}.", first_lines(lines)))


def _undecided_text(question: Question, judged: Judged) -> str:
    [finding] = judged.findings
    return f"{question.noun}, {judged.claim.id}: {finding_text(question, finding)}, p {p_value(judged.adjusted)} in its family"


def _lr_text(variant: str, standings: Standings) -> str:
    side = standings.entrants.sides.get(variant)
    lr = side.runs["lr"].iloc[0] if side is not None and len(side.runs) else None
    return "" if lr is None or lr != lr else f" (lr {short(float(lr))})"
