"""Say which optimizer of one setting to use, by what the tests of its page show."""

import math

from zdl_bench.language import translatable, translate, translate_count
from zdl_bench.report.phrases import (
    join_clauses,
    join_notes,
    join_or,
    join_sentences,
    list_names,
    shorten,
    with_full_stop,
)
from zdl_bench.report.standings import SPEED, TAIL_LOSS, Standings
from zdl_bench.report.tied import not_told_from_best
from zdl_bench.report.words.effects import ratio_sentence
from zdl_bench.report.words.open_question import minutes_text, needed_seeds, open_text, shown_better, with_remark
from zdl_bench.report.words.uncontested import SettingAnswer, of_one, without_rivals, without_values
from zdl_bench.report.words.variant_text import (
    at_lr,
    at_place,
    edge_text,
    ends_text,
    left_out_text,
    loss_text,
    lr_of,
    praise_of,
)
from zdl_bench.run.counts import count_of
from zdl_bench.run.run import Status
from zdl_bench.statistics.finding import Finding
from zdl_bench.statistics.leader import Leader
from zdl_bench.statistics.seed_plan import fewest_seeds
from zdl_bench.statistics.standing import SPENT_ELSEWHERE
from zdl_bench.statistics.verdict import Verdict

MAX_TIED = 6
"""Largest number of optimizers that cannot be told apart and that an answer names."""
COMPARATIVES = {
    "steps to the targets": translatable("reaches the targets first"),
    "steadiness": translatable("is steadier"),
    "test loss": translatable("has a lower test loss"),
    "test accuracy": translatable("is more accurate"),
}
"""What another optimizer than the fastest may be shown to do better, besides ending lower."""


def setting_answer(standings: Standings) -> SettingAnswer:
    """Return what to use in a setting: what is shown to be best, or who is ahead, and what would decide it."""
    runs = standings.comparison.judged
    has_value = (runs["status"] == Status.COMPLETED.value) & runs["learned"].astype(bool)
    if not has_value.any():
        return without_values(standings)
    if len(standings.variants) == 1:
        return of_one(standings)
    leader = standings.at_best[0][1].leader
    if leader is None:
        return without_rivals(standings)
    return _shown(standings, leader) if leader.verdict is Verdict.SUPPORTED else _open(standings, leader)


def _shown(standings: Standings, leader: Leader) -> SettingAnswer:
    """Return the choice if one optimizer is shown to be the fastest."""
    first, named = leader.variant, at_lr(leader.variant, standings)
    advice, better = translate("Use {name}.", name=named), shown_better(first, standings)
    if (last := better.pop(TAIL_LOSS.noun, None)) is not None:
        lower, loss = at_lr(last, standings), loss_text(last, standings)
        advice = translate("Use {name} to learn fast, or {other} to end lower ({loss}).", name=named, other=lower, loss=loss)
    by_other: dict[str, list[str]] = {}
    for noun, variant in better.items():
        by_other.setdefault(variant, []).append(translate(COMPARATIVES[noun]))
    because = join_sentences(
        _praise(standings, leader),
        *(translate("But {name} {what}.", name=name, what=list_names(words)) for name, words in by_other.items()),
    )
    not_shown, next_words, command = open_text(first, standings)
    not_shown = with_full_stop(join_clauses(not_shown, edge_text(first, standings), left_out_text(standings)))
    return SettingAnswer(first, advice, because, not_shown, next_words, command, True, "", named)


def _praise(standings: Standings, leader: Leader) -> str:
    """Return in what the optimizer is shown to be best, and how close its closest rival is in speed."""
    best = [question.noun for question, one in standings.at_best if one.leader and _is_shown(one.leader, leader.variant)]
    praise = list_names(praise_of(noun, leader.variant, standings) for noun in best)
    praise = translate(
        "{praise} of {count} optimizers", praise=f"{praise[0].upper()}{praise[1:]}", count=len(standings.entrants.sides)
    )
    rival, closest = _closest(leader)
    amount = _speed_text(leader.variant, rival, closest)
    if amount and len(leader.rivals) > 1:
        amount = translate("against the closest rival, {amount}", amount=amount)
    text = join_notes(praise, amount)
    return translate("{text} (exact: these runs are not random).", text=text) if leader.is_exact else with_full_stop(text)


def _speed_text(first: str, rival: str, finding: Finding) -> str:
    """Return the ratio of the two, and on which seeds it rests if some run has no value: the table has other means then."""
    text = ratio_sentence(translate("mean loss over the run"), first, rival, SPEED.effect(finding))
    if not text or finding.n_values == finding.n:
        return text
    counts = {"count": finding.n_values, "whole": finding.n}
    return translate("{text} on the {count} of {whole} seeds where both have a value", text=text, **counts)


def _is_shown(leader: Leader, variant: str) -> bool:
    return leader.variant == variant and leader.verdict is Verdict.SUPPORTED


def _open(standings: Standings, leader: Leader) -> SettingAnswer:
    """Return the choice if no optimizer is shown to be the fastest: who is ahead, who is as good, and what would decide it."""
    speed = standings.at_best[0][1]
    first, named = leader.variant, at_lr(leader.variant, standings)
    tied = not_told_from_best(next(iter(SPEED.words)), speed)
    rest = len(standings.entrants.sides) - len(tied)
    rival, closest = _closest(leader)
    numbers = with_full_stop(join_notes(ends_text(first, standings), _speed_text(first, rival, closest)))
    left_out = left_out_text(standings)
    if closest.is_exact and closest.p_for > 0:
        advice = translate("{names} are equally fast.", names=list_names(tied))
        return SettingAnswer(first, advice, numbers, with_full_stop(left_out), at_lr=named)
    if rest and len(tied) <= MAX_TIED:
        names = join_or(at_place(shorten(name), lr_of(name, standings)) for name in tied)
        advice = translate("Use {name}.", name=names)
        because = translate_count(
            "Which of them is fastest is not shown; the other one is shown to be slower than {name}.",
            "Which of them is fastest is not shown; the other {count} are shown to be slower than {name}.",
            rest,
            name=first,
        )
    else:
        advice = translate("No optimizer is shown to be best; {name} is ahead.", name=named)
        others = translate_count("The other one is shown to be slower.", "The other {count} are shown to be slower.", rest)
        because = join_sentences(numbers, others if rest else "")
    why, next_words, command = _why_open(standings, leader)
    not_shown = with_full_stop(join_clauses(why, left_out))
    return SettingAnswer(first, advice, because, not_shown, next_words, command, False, why, named)


def _why_open(standings: Standings, leader: Leader) -> tuple[str, str, str]:
    """Return why no optimizer is shown to be the fastest, and the command that would help, with what it does."""
    entrants, seeds = standings.entrants, standings.comparison.judged["seed"].nunique()
    about = translate("that {name} is faster than {rival}", name=leader.variant, rival=_closest(leader)[0])
    more, others = standings.more, f"tuning_seeds={entrants.free_tuning_seeds}"
    if leader.reason == SPENT_ELSEWHERE:
        return translate("{clause}, which was not tested, since {reason}", clause=about, reason=leader.reason), "", ""
    if standings.looks:  # which have decided what they can, and leave no level to plan more seeds for
        return about, "", ""
    if seeds < (fewest := fewest_seeds(standings.at_best[0][1].level)):
        command = more.command_with(others, fewest) if more and _is_untuned(standings) else ""
        command = command or (more.command_for(fewest) if more else "")
        return _too_few(about, seeds, _fewest_text(standings, fewest)), count_of(fewest, "seed"), command
    if _is_untuned(standings):
        command = more.command_with(others, seeds) if more else ""
        why = translate(
            "{clause}, since the same seeds chose the learning rates (let three others choose them: '{seeds}')",
            clause=about,
            seeds=others,
        )
        return why, translate("choose on other seeds"), command
    if leader.verdict is Verdict.NOT_DECIDABLE:
        return translate("{clause}: {reason}", clause=about, reason=leader.reason), "", ""
    needed, next_words, command = needed_seeds(SPEED, standings.at_best[0][1], standings)
    return with_remark(about, needed), next_words, command


def _too_few(about: str, seeds: int, needed: str) -> str:
    return translate_count(
        "{clause}, since one seed decides nothing ({needed})",
        "{clause}, since {count} seeds decide nothing ({needed})",
        seeds,
        clause=about,
        needed=needed,
    )


def _fewest_text(standings: Standings, fewest: int) -> str:
    if standings.more is None:
        return translate("{count} are the fewest that can", count=fewest)
    time = minutes_text(standings.more, fewest)
    return translate("{count} are the fewest that can, {time}", count=fewest, time=time)


def _is_untuned(standings: Standings) -> bool:
    """Return whether the seeds that are compared have also chosen learning rates, so that nothing can be tested."""
    return not standings.entrants.are_tuned and any(side.choice for side in standings.entrants.sides.values())


def _closest(leader: Leader) -> tuple[str, Finding]:
    """Return the rival from which the leader is hardest to tell, with its finding; of several, the one nearest in effect."""
    first, *others = leader.rivals.items()
    hardest = [first, *(item for item in others if item[1].p_for == first[1].p_for)]
    known = [item for item in hardest if item[1].effect and not math.isnan(item[1].effect.mean)]
    return max(known, key=lambda item: item[1].effect.mean if item[1].effect else 0.0) if known else first
