"""Say which questions about the optimizer ahead are open, and how many seeds would decide them."""

import math

import numpy as np

from zdl_bench.language import translatable, translate, translate_count
from zdl_bench.report.more_seeds import MoreSeeds
from zdl_bench.report.standings import Question, Standings
from zdl_bench.report.tied import not_told_from_best
from zdl_bench.run.counts import count_of
from zdl_bench.statistics.finding import Finding
from zdl_bench.statistics.seed_plan import MAX_PLANNED_SEEDS, Spread, fewest_seeds, seeds_for
from zdl_bench.statistics.standing import Standing
from zdl_bench.statistics.verdict import Verdict

OPEN_QUESTIONS = {
    "loss at the end": (
        translatable("that it ends lower than {rival}"),
        translatable("whether it or {rival} ends lower"),
    ),
    "test accuracy": (
        translatable("that it is more accurate than {rival}"),
        translatable("whether it or {rival} is more accurate"),
    ),
    "test loss": (
        translatable("that it has a lower test loss than {rival}"),
        translatable("whether it or {rival} has a lower test loss"),
    ),
    "steadiness": (
        translatable("that it is steadier than {rival}"),
        translatable("whether it or {rival} is steadier"),
    ),
}
"""The questions besides speed of which an answer says that they are open, the most important one first.

Each with what is open about the optimizer ahead in speed, if it is ahead here too, and if another one is."""


def shown_better(variant: str, standings: Standings) -> dict[str, str]:
    """Map each question on which another optimizer is shown to be better to that optimizer."""
    found = {}
    for question, standing in standings.at_best:
        leader = standing.leader
        if leader is None or leader.variant == variant:
            continue
        [metric, *more] = question.words
        is_worse = not more and variant not in not_told_from_best(metric, standing)
        if leader.verdict is Verdict.SUPPORTED or is_worse:
            found[question.noun] = leader.variant
    return found


def open_text(variant: str, standings: Standings) -> tuple[str, str, str]:
    """Return what is not shown about an optimizer, what the next command does, and the command; empty if all is shown."""
    if standings.looks:
        return translate("anything but its speed, which is all that the planned looks test"), "", ""
    by_noun = {question.noun: (question, standing) for question, standing in standings.at_best}
    decided = shown_better(variant, standings)
    for noun in (one for one in OPEN_QUESTIONS if one in by_noun and one not in decided):
        question, standing = by_noun[noun]
        leader = standing.leader
        if leader is None or leader.verdict is not Verdict.INSUFFICIENT or leader.is_exact:
            continue
        is_ahead = leader.variant == variant
        rival = next(iter(leader.rivals)) if is_ahead else leader.variant
        about = translate(OPEN_QUESTIONS[noun][not is_ahead], rival=rival)
        needed, next_words, command = needed_seeds(question, standing, standings)
        return with_remark(about, needed), next_words, command
    return "", "", ""


def with_remark(clause: str, remark: str) -> str:
    """Return the clause with a remark in brackets, if there is one."""
    return translate("{clause} ({remark})", clause=clause, remark=remark) if remark else clause


def needed_seeds(question: Question, standing: Standing, standings: Standings) -> tuple[str, str, str]:
    """Return how many seeds would decide who leads on a question, what the next command does, and the command.

    All are empty if the seeds were planned already, or if nothing is known of the closest rival.
    """
    leader, more = standing.leader, standings.more
    if leader is None or more is None or standings.looks or not leader.rivals:
        return "", "", ""
    closest = next(iter(leader.rivals.values()))
    if closest.is_exact or closest.reason:
        return "", "", ""
    seeds = seeds_that_decide(closest, standing.level)
    if seeds is None:
        return translate("they are too close for {count:,} seeds", count=MAX_PLANNED_SEEDS), "", ""
    if seeds <= closest.n:
        return translate("a few more seeds may decide"), "", ""
    needed = translate("{count} seeds would decide, {time}", count=seeds, time=minutes_text(more, seeds))
    return needed, count_of(seeds, "seed"), more.command_for(seeds)


def seeds_that_decide(finding: Finding, level: float) -> int | None:
    """Return how many seeds find a difference as large as it is now in 80 % of cases; None if more than can be planned.

    Differences that do not tell give the fewest seeds with which anything can be decided, or as many as there are.
    """
    fewest = fewest_seeds(level)
    differences = np.array(finding.differences)
    if len(differences) < 2 or not np.isfinite(differences).all():
        return max(fewest, finding.n)
    spread = Spread.of(differences)
    shift = abs(float(differences.mean()))
    if not spread.is_known:
        return max(fewest, finding.n)
    seeds = seeds_for(math.exp(min(shift, 700.0)), spread, level) if shift > 0 else None
    return None if seeds is None else max(seeds, fewest)


def minutes_text(more: MoreSeeds, seeds: int) -> str:
    """Return how long one core trains the further seeds: `about 3 minutes of training`."""
    minutes = more.minutes_for(seeds)
    if minutes < 1:
        return translate("less than a minute of training")
    if minutes < 90:
        return translate_count("about {count} minute of training", "about {count} minutes of training", round(minutes))
    return translate("about {hours:.0f} hours of training", hours=minutes / 60)
