"""Answer the primary question of a sweep whose seeds were added by a plan of looks."""

import numpy as np

from zdl_bench.report.phrases import count_of
from zdl_bench.report.standings import SPEED, Standings
from zdl_bench.report.words.effects import effect_text, numbers_of
from zdl_bench.report.words.look_lines import decisions_at, pair_text
from zdl_bench.report.words.reported_finding import ReportedFinding, first_details
from zdl_bench.statistics.contest import PairOutcome, PairState
from zdl_bench.statistics.finding import Effect, Finding, exponential
from zdl_bench.statistics.sequential import SequentialComparison, repeated_interval
from zdl_bench.statistics.standing import Standing


def about_planned_looks(standings: Standings, looks: SequentialComparison) -> ReportedFinding:
    """Return the finding on who is fastest, as the looks decided it, for one setting."""
    setting = standings.comparison.setting
    own = [one for one in looks.outcomes if looks.contest.settings[one.first] == setting]
    leader = _leader(looks, setting)
    standing = next(standing for question, standing in standings.at_best if question.noun == SPEED.noun)
    lines = [f"{pair_text(looks, one).removeprefix(f'{setting}, ')}{_effect_text(looks, one, standing)}" for one in own]
    details = [*first_details(lines), *first_details(_look_texts(looks)), _saving(looks)]
    rows = [_row(looks, one, standing) for one in own]
    return ReportedFinding(f"{SPEED.superlative}: {leader or 'undecided'}", _sentence(looks, own, leader), details, rows)


def _leader(looks: SequentialComparison, setting: str) -> str:
    """Return the name of the optimizer that is shown to be the fastest of a setting, or an empty text."""
    contest = looks.contest
    for one, name in enumerate(contest.names):
        rivals = [pair for pair in looks.outcomes if one in (pair.first, pair.second)]
        if contest.settings[one] == setting and rivals and all(pair.faster == one for pair in rivals):
            return name
    return ""


def _sentence(looks: SequentialComparison, own: list[PairOutcome], leader: str) -> str:
    ends = {state: sum(one.state is state for one in own) for state in PairState}
    texts = [f"{count} {state.value}" for state, count in ends.items() if count]
    counts = f"Of {count_of(len(own), 'pair')}: {', '.join(texts)}."
    return f"{leader or 'No optimizer'} is {'' if leader else 'shown to be '}faster than each other one. {counts}"


def _look_texts(looks: SequentialComparison) -> list[str]:
    seeds = looks.plan.looks[: looks.looks]
    return [f"look {look}, {n} seeds: {'; '.join(decisions_at(looks, look)) or 'nothing'}" for look, n in enumerate(seeds, 1)]


def _saving(looks: SequentialComparison) -> str:
    trained = int((~np.isnan(looks.contest.ranks)).sum())
    most = looks.contest.ranks.shape[0] * looks.plan.max_seeds
    error = f"{looks.plan.alpha:.0%}".replace("%", " %")
    return f"{trained:,} of at most {most:,} runs; all looks together err in at most {error} of cases"


def _names(looks: SequentialComparison, one: PairOutcome) -> tuple[str, str]:
    """Return the names of a pair, first that of the faster one if it is known."""
    first, second = looks.contest.names[one.first], looks.contest.names[one.second]
    return (second, first) if one.faster == one.second else (first, second)


def _effect(looks: SequentialComparison, one: PairOutcome, standing: Standing) -> tuple[Finding, Effect | None]:
    """Return the finding on a pair, the faster one first, and its ratio with an interval that holds at all looks."""
    finding = standing.measures[0].pairs[_names(looks, one)]
    differences = np.array(finding.differences)
    if np.isnan(one.bound) or not len(differences) or not np.isfinite(differences).all():
        return finding, None
    mean, low, high = (float(end) for end in repeated_interval(differences, one.bound))
    return finding, exponential(Effect(mean, low, high, "ratio"))


def _effect_text(looks: SequentialComparison, one: PairOutcome, standing: Standing) -> str:
    _, effect = _effect(looks, one, standing)
    return f"; {' / '.join(_names(looks, one))}: {effect_text(effect)}" if effect else ""


def _row(looks: SequentialComparison, one: PairOutcome, standing: Standing) -> dict[str, object]:
    first, second = _names(looks, one)
    finding, effect = _effect(looks, one, standing)
    about = {"metric": "log_aulc", "p": one.p, "reason": one.state.value, "first": first, "second": second}
    return about | numbers_of(finding, effect)
