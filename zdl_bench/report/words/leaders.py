"""Say in words which optimizer leads, for example in speed, and list every test behind the answer."""

from collections.abc import Iterator, Mapping

from zdl_bench.report.phrases import list_names
from zdl_bench.report.standings import SPEED, STEADY, TARGETS, Question, Standings
from zdl_bench.report.words.effects import p_text
from zdl_bench.report.words.reported_finding import ReportedFinding, finding_text, first_details, number_row
from zdl_bench.report.words.seed_plans import seed_plan_lines
from zdl_bench.run.conditions import short
from zdl_bench.statistics.leader import Leader
from zdl_bench.statistics.pairwise import PairVerdict
from zdl_bench.statistics.standing import SPENT_ELSEWHERE, Standing
from zdl_bench.statistics.verdict import Verdict


def about_leader(question: Question, standing: Standing, standings: Standings) -> ReportedFinding:
    """Return the finding that says which optimizer leads on a question, or why no optimizer leads."""
    leader = standing.leader
    if leader is None:  # fewer than two variants have runs to compare
        reasons = "; ".join(standings.entrants.reasons.values())
        return ReportedFinding(f"{question.superlative}: not decidable", f"Not decidable: {reasons}.")
    outcome, sentence = _answer(question, standing, standings, leader)
    details = [*_effects(question, standing, leader), *_notes(question, standing, standings)]
    if leader.verdict is Verdict.INSUFFICIENT and standings.more:
        closest = next(iter(leader.rivals.values()))
        details += seed_plan_lines(question, closest, standing.level, standings.more)
    rows = [
        number_row(one.metric, question, one.pairs[leader.variant, rival])
        | {"first": leader.variant, "second": rival, "p_of_claim": leader.p}
        for one in standing.measures
        for rival in leader.rivals
    ]
    return ReportedFinding(f"{question.superlative}: {outcome}", sentence, details, rows)


def about_speed_measures(standings: Standings) -> Iterator[ReportedFinding]:
    """Yield a finding if one optimizer is shown to be faster by the mean loss, and another one to a target."""
    by_question = {question.noun: standing for question, standing in standings.at_best}
    speed, targets = by_question[SPEED.noun], by_question.get(TARGETS.noun)
    if targets is None:
        return
    words = dict(next(question.words for question, _ in standings.at_best if question.noun == TARGETS.noun))
    fastest, lines = speed.leader, []
    if fastest and fastest.verdict is Verdict.SUPPORTED:
        others = {name: one.variant for name, one in _leaders_by_measure(targets).items() if one.variant != fastest.variant}
        lines += [f"{words[name]}: {variant}, not {fastest.variant}" for name, variant in others.items()]
    decided = {one.label: one for one in speed.verdicts if one.is_decided}
    lines += [
        f"{words[one.metric]}, {one.label}: the other way round"
        for one in targets.verdicts
        if one.is_decided and one.label in decided and one.verdict is not decided[one.label].verdict
    ]
    if lines:
        sentence = "An optimizer that is faster by its mean ln loss over the run is slower to a target."
        yield ReportedFinding("Speed depends on its measure", sentence, first_details(lines))


def about_undecided(standings: Standings) -> Iterator[ReportedFinding]:
    """Yield a finding if comparisons with the control are undecided. The numbers are in the table of comparisons."""
    pairs = [
        (question, one)
        for question, standing in standings.at_best
        for metric in question.words
        for one in standing.against_control(metric)
    ]
    undecided = [(question, one) for question, one in pairs if one.verdict is Verdict.INSUFFICIENT and one.finding.n_deciding]
    if undecided:
        control = standings.variants[0]
        reasons = "; ".join(dict.fromkeys(one.reason for _, one in undecided if one.reason))
        because = f" ({reasons})" if reasons else ""
        sentence = f"Of {len(pairs)} comparisons with {control}, the first of the plan, undecided: {len(undecided)}{because}."
        lines = [_undecided_text(question, one) for question, one in undecided if one.finding.n > 1]
        yield ReportedFinding(f"Undecided against {control}", sentence, first_details(lines))


def _answer(question: Question, standing: Standing, standings: Standings, leader: Leader) -> tuple[str, str]:
    """Return the outcome, as the heading says it, and the sentence."""
    if leader.reason == SPENT_ELSEWHERE:
        return "not tested", f"Not tested: {leader.reason}."
    if leader.verdict is Verdict.NOT_DECIDABLE:
        return "not decidable", f"Not decidable: {leader.reason}."
    if leader.verdict is Verdict.SUPPORTED:
        return leader.variant, _sentence(question, leader, standings)
    ahead: dict[str, list[str]] = {
        name: [] for name in dict.fromkeys(one.variant for one in _leaders_by_measure(standing).values())
    }
    for metric, one in _leaders_by_measure(standing).items():
        ahead[one.variant].append(question.words[metric])
    if ahead:
        rest = [words for metric, words in question.words.items() if metric not in _leaders_by_measure(standing)]
        parts = [f"{name}, by {list_names(words)}" for name, words in ahead.items()]
        parts += [f"undecided, by {list_names(rest)}"] if rest else []
        sentence = f"Nobody is shown to be ahead by every measure. Ahead: {'; '.join(parts)}."
        measures = f"{len(question.words) - len(rest)} of {len(question.words)} measures"
        return (f"{next(iter(ahead))}, by {measures}" if len(ahead) == 1 else "it depends"), sentence
    return "undecided", f"Undecided: {leader.reason or 'no optimizer is shown to be ahead of each other one'}."


def _sentence(question: Question, leader: Leader, standings: Standings) -> str:
    name = f"{leader.variant}{_lr_text(leader.variant, standings)}"
    view = f", {standings.view}" if standings.comparison.has_lr_choice else ""  # else the lr beside the name is enough
    others = f"each of the {len(leader.rivals)} others" if len(leader.rivals) > 1 else next(iter(leader.rivals))
    by = f"{question.better} {list_names(question.words.values())}"
    if any(finding.n_values < finding.n for finding in leader.rivals.values()):
        return f"{name} wins by a {by} (a run without a value loses) against {others}{view}."
    return f"{name} has a {by} than {others}{view}."


def _leaders_by_measure(standing: Standing) -> Mapping[str, Leader]:
    return {metric: one for metric, one in standing.by_measure.items() if one.verdict is Verdict.SUPPORTED}


def _effects(question: Question, standing: Standing, leader: Leader) -> list[str]:
    """Return the comparisons of the leader with its rivals, the closest first; of several metrics, the closest one."""
    compared = {rival: finding for rival, finding in leader.rivals.items() if finding.is_exact or finding.n > 1}
    metrics = {id(one.pairs[leader.variant, rival]): one.metric for one in standing.measures for rival in compared}
    first = "" if leader.verdict is Verdict.SUPPORTED else f"{leader.variant} "
    lines = []
    for rival, finding in compared.items():
        by = f", {question.words[metrics[id(finding)]]}" if len(standing.measures) > 1 else ""
        lines.append(f"{first}against {rival}{by}: {finding_text(question, finding)}")
    return first_details(lines)


def _notes(question: Question, standing: Standing, standings: Standings) -> Iterator[str]:
    leader = standing.leader
    assert leader is not None
    if leader.is_exact:
        yield "exact: deterministic runs, no p"
        if question.noun == STEADY.noun:
            yield "without noise, jitter is the bend of a smooth curve; the path says more"
    elif leader.verdict is not Verdict.NOT_DECIDABLE and leader.p < 1:
        yield f"p {p_text(leader.p)} for being ahead of {list_names(leader.rivals)}, adjusted for all that this page tests"
    for metric, one in _leaders_by_measure(standing).items():
        yield f"{question.words[metric]}: p {p_text(one.p)} for {one.variant}"
    yield from standings.left_out


def _undecided_text(question: Question, pair: PairVerdict) -> str:
    about = f"{question.words[pair.metric]}, {pair.label}"
    return f"{about}: {finding_text(question, pair.finding)}, p {p_text(pair.p)} on this page"


def _lr_text(variant: str, standings: Standings) -> str:
    side = standings.entrants.sides.get(variant)
    lr = side.runs["lr"].iloc[0] if side is not None and len(side.runs) else None
    return "" if lr is None or lr != lr else f" (lr {short(float(lr))})"
