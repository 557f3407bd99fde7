"""Answer the primary question of a sweep whose seeds were added by a plan of looks."""

from collections import Counter

import numpy as np

from zdl_bench.language import translatable, translate, translate_list
from zdl_bench.report.phrases import join_notes
from zdl_bench.report.standings import SPEED, Standings
from zdl_bench.report.words.effects import effect_text
from zdl_bench.report.words.leaders import question_heading
from zdl_bench.report.words.look_lines import decisions_at, pair_outcome_text
from zdl_bench.report.words.reported_finding import ReportedFinding, first_details, number_row
from zdl_bench.run.counts import count_of
from zdl_bench.statistics.contest import PairOutcome
from zdl_bench.statistics.finding import Finding
from zdl_bench.statistics.sequential import SequentialComparison
from zdl_bench.statistics.verdict import Verdict


def about_planned_looks(standings: Standings, looks: SequentialComparison) -> ReportedFinding:
    """Return the finding on who is fastest, as the looks decided it, for one setting.

    Its intervals hold at all looks and for all pairs together.
    """
    setting, standing = standings.comparison.setting, standings.at_best[0][1]
    own = [one for one in looks.outcomes if looks.contest.settings[one.first] == setting]
    is_led = standing.leader is not None and standing.leader.verdict is Verdict.SUPPORTED
    leader = standing.leader.variant if standing.leader and is_led else ""
    lines, rows = [], []
    for one in own:
        first, second = _names(looks, one)
        finding = standing.measures[0].pairs[first, second]
        lines.append(join_notes(pair_outcome_text(looks, one), _effect_text(finding, f"{first} / {second}")))
        about = {"p": one.p, "reason": one.state.value, "first": first, "second": second}
        rows.append(number_row("log_aulc", SPEED, finding) | about)
    details = [*first_details(lines), *first_details(_look_texts(looks)), _saving(looks), *standings.left_out]
    return ReportedFinding(question_heading(SPEED, leader or translate("undecided")), _sentence(own, leader), details, rows)


def _sentence(own: list[PairOutcome], leader: str) -> str:
    states = sorted(Counter(one.state.value for one in own).items())
    counts = translate_list(translate("{count} {state}", count=count, state=translate(state)) for state, count in states)
    values = {"pairs": count_of(len(own), "pair"), "states": counts}
    if leader:
        return translate("{name} is faster than each other one. Of {pairs}: {states}.", name=leader, **values)
    return translate("No optimizer is shown to be faster than each other one. Of {pairs}: {states}.", **values)


def _look_texts(looks: SequentialComparison) -> list[str]:
    seeds = looks.plan.looks[: looks.looks]
    return [
        translate(
            "look {look}, {seeds} seeds: {decided}",
            look=look,
            seeds=n,
            decided=join_notes(*decisions_at(looks, look)) or translate("nothing"),
        )
        for look, n in enumerate(seeds, 1)
    ]


def _saving(looks: SequentialComparison) -> str:
    trained = int((~np.isnan(looks.contest.ranks)).sum())
    most = looks.contest.ranks.shape[0] * looks.plan.max_seeds
    text = translatable("{count:,} of at most {most:,} runs; all looks together err in at most 5 % of cases")
    return translate(text, count=trained, most=most)


def _names(looks: SequentialComparison, one: PairOutcome) -> tuple[str, str]:
    """Return the names of a pair, first that of the faster one if it is known."""
    first, second = looks.contest.names[one.first], looks.contest.names[one.second]
    return (second, first) if one.faster == one.second else (first, second)


def _effect_text(finding: Finding, pair: str) -> str:
    effect = SPEED.effect(finding)
    text = translate_list([effect_text(effect), f"n {finding.n}"])
    return f"{pair}: {text}" if effect else ""
