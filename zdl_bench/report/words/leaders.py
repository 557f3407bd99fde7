"""Say in words which optimizer leads, for example in speed, and list every test behind the answer."""

from collections.abc import Iterator, Mapping

from zdl_bench.language import translatable, translate, translate_list
from zdl_bench.report.phrases import join_notes, list_names
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
        reasons = join_notes(*standings.entrants.reasons.values())
        outcome, sentence = _not_decidable(reasons)
        return ReportedFinding(question_heading(question, outcome), sentence)
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
    return ReportedFinding(question_heading(question, outcome), sentence, details, rows)


def question_heading(question: Question, outcome: str) -> str:
    """Return the heading of the finding on a question."""
    return translate("{question}: {outcome}", question=question.superlative, outcome=outcome)


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
        lines += [
            translate("fewest {measure}: {name}, not {other}", measure=words[name], name=variant, other=fastest.variant)
            for name, variant in others.items()
        ]
    decided = {one.label: one for one in speed.verdicts if one.is_decided}
    lines += [
        translate(
            "{name} needs fewer {measure}, though {other} is faster by its mean loss",
            name=_ahead(one),
            measure=words[one.metric],
            other=_ahead(decided[one.label]),
        )
        for one in targets.verdicts
        if one.is_decided and one.label in decided and one.verdict is not decided[one.label].verdict
    ]
    if lines:
        sentence = translate("An optimizer that is faster by its mean ln loss over the run is slower to a target.")
        yield ReportedFinding(translate("Speed depends on its measure"), sentence, first_details(lines))


def _ahead(pair: PairVerdict) -> str:
    return pair.first if pair.verdict is Verdict.SUPPORTED else pair.second


def _answer(question: Question, standing: Standing, standings: Standings, leader: Leader) -> tuple[str, str]:
    """Return the outcome, as the heading says it, and the sentence."""
    if leader.reason == SPENT_ELSEWHERE:
        return translate("not tested"), translate("Not tested: {reason}.", reason=leader.reason)
    if leader.verdict is Verdict.NOT_DECIDABLE:
        return _not_decidable(leader.reason)
    if leader.verdict is Verdict.SUPPORTED:
        return leader.variant, _sentence(question, leader, standings)
    if ahead := _leaders_by_measure(standing):
        return _ahead_by_some(question, ahead)
    reason = leader.reason or translate("no optimizer is shown to be ahead of each other one")
    return translate("undecided"), translate("Undecided: {reason}.", reason=reason)


def _not_decidable(reason: str) -> tuple[str, str]:
    return translate("not decidable"), translate("Not decidable: {reason}.", reason=reason)


def _ahead_by_some(question: Question, leaders: Mapping[str, Leader]) -> tuple[str, str]:
    """Return the outcome and the sentence if optimizers are ahead by some measures of a question. leaders: by measure."""
    ahead: dict[str, list[str]] = {}
    for metric, one in leaders.items():
        ahead.setdefault(one.variant, []).append(question.words[metric])
    rest = [words for metric, words in question.words.items() if metric not in leaders]
    parts = [translate("{name}, by {measures}", name=name, measures=list_names(words)) for name, words in ahead.items()]
    parts += [translate("undecided, by {measures}", measures=list_names(rest))] if rest else []
    sentence = translate("Nobody is shown to be ahead by every measure. Ahead: {parts}.", parts=join_notes(*parts))
    if len(ahead) > 1:
        return translate("it depends"), sentence
    name, count = next(iter(ahead)), len(question.words)
    return translate("{name}, by {part} of {whole} measures", name=name, part=len(leaders), whole=count), sentence


def _sentence(question: Question, leader: Leader, standings: Standings) -> str:
    name = f"{leader.variant}{_lr_text(leader.variant, standings)}"
    if len(leader.rivals) > 1:
        others = translate("each of the {count} others", count=len(leader.rivals))
    else:
        others = next(iter(leader.rivals))
    if standings.comparison.has_lr_choice:  # else the lr beside the name is enough
        others = translate("{others}, {view}", others=others, view=standings.view)
    text = translatable("lower {measures}") if question.better == "lower" else translatable("higher {measures}")
    by = translate(text, measures=list_names(question.words.values()))
    by_wins = list(dict.fromkeys(finding.by_wins for finding in leader.rivals.values() if finding.by_wins))
    if by_wins:
        return translate(
            "{name} wins by a {difference} against {others}. Wins decide, since {reasons}.",
            name=name,
            difference=by,
            others=others,
            reasons=list_names(by_wins),
        )
    return translate("{name} has a {difference} than {others}.", name=name, difference=by, others=others)


def _leaders_by_measure(standing: Standing) -> Mapping[str, Leader]:
    return {metric: one for metric, one in standing.by_measure.items() if one.verdict is Verdict.SUPPORTED}


def _effects(question: Question, standing: Standing, leader: Leader) -> list[str]:
    """Return the comparisons of the leader with its rivals, the closest first; of several metrics, the closest one."""
    compared = {rival: finding for rival, finding in leader.rivals.items() if finding.is_exact or finding.n > 1}
    metrics = {id(one.pairs[leader.variant, rival]): one.metric for one in standing.measures for rival in compared}
    lines = []
    for rival, finding in compared.items():
        by = [question.words[metrics[id(finding)]]] if len(standing.measures) > 1 else []
        values = {"rival": translate_list([rival, *by]), "finding": finding_text(question, finding)}
        if leader.verdict is Verdict.SUPPORTED:
            lines.append(translate("against {rival}: {finding}", **values))
        else:
            lines.append(translate("{name} against {rival}: {finding}", name=leader.variant, **values))
    return first_details(lines)


def _notes(question: Question, standing: Standing, standings: Standings) -> Iterator[str]:
    leader = standing.leader
    assert leader is not None
    if leader.is_exact:
        yield translate("exact: deterministic runs, no p")
        if question.noun == STEADY.noun:
            yield translate("without noise, jitter is the bend of a smooth curve; the path says more")
    elif leader.verdict is not Verdict.NOT_DECIDABLE and leader.p < 1:
        yield translate(
            "p {p} for being ahead of {names}, adjusted for all that this page tests",
            p=p_text(leader.p),
            names=list_names(leader.rivals),
        )
    for metric, one in _leaders_by_measure(standing).items():
        yield translate("{measure}: p {p} for {name}", measure=question.words[metric], p=p_text(one.p), name=one.variant)
    yield from standings.left_out


def _lr_text(variant: str, standings: Standings) -> str:
    side = standings.entrants.sides.get(variant)
    lr = side.runs["lr"].iloc[0] if side is not None and len(side.runs) else None
    return "" if lr is None or lr != lr else f" (lr {short(float(lr))})"
