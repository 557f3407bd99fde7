"""Say in words what the looks at a sweep decided whose seeds are added until it is decided."""

from zdl_bench.report.phrases import count_of, limit_lines, shorten
from zdl_bench.report.words.effects import p_text
from zdl_bench.statistics.contest import PairOutcome, PairState
from zdl_bench.statistics.sequential import SequentialComparison

MAX_DECISIONS = 10
"""The largest number of decisions that a line names."""
ENDS = {
    PairState.SAME: "no seed tells the two apart",
    PairState.NOT_NEEDED: "not needed: both are slower than a third one",
    PairState.OUT_OF_SEEDS: "undecided, out of seeds",
    PairState.OPEN: "still open",
}


def decisions_at(found: SequentialComparison, look: int) -> list[str]:
    """Return what was decided at a look, counted from 1, in words; at most MAX_DECISIONS of the decisions."""
    decided = [one for one in found.outcomes if one.look == look and one.state is not PairState.OPEN]
    out_of_seeds = [one for one in decided if one.state is PairState.OUT_OF_SEEDS]
    texts = [pair_text(found, one) for one in decided if one.state is not PairState.OUT_OF_SEEDS]
    left = [f"{count_of(len(out_of_seeds), 'pair')} undecided, out of seeds"] if out_of_seeds else []
    return [*limit_lines(texts, MAX_DECISIONS, ""), *left]


def pair_text(found: SequentialComparison, outcome: PairOutcome) -> str:
    """Return the outcome of a pair in words: `adam faster than sgd (p 0.004)`."""
    names = found.contest.names
    if outcome.faster is not None:
        slower = outcome.second if outcome.faster == outcome.first else outcome.first
        how = "exact" if outcome.state is PairState.EXACT else f"p {p_text(outcome.p)}"
        text = f"{shorten(names[outcome.faster])} faster than {shorten(names[slower])} ({how})"
    else:
        pair = f"{shorten(names[outcome.first])} and {shorten(names[outcome.second])}"
        within = f"equivalent within a ratio of {found.plan.margin:g} (p {p_text(outcome.p)})" if found.plan.margin else ""
        text = f"{pair} {within}" if outcome.state is PairState.EQUIVALENT else f"{pair}: {ENDS[outcome.state]}"
    setting = found.contest.settings[outcome.first]
    return f"{setting}, {text}" if setting else text


def look_line(found: SequentialComparison) -> str:
    """Return the line about the last look: `look 2 of 7, 10 seeds: adam faster than sgd (p 0.004); 1 pair open, 2 go on`."""
    plan, in_need = found.plan, len(found.entrants_in_need)
    decided = decisions_at(found, found.looks) or ["nothing decided"]
    open_pairs = sum(one.state is PairState.OPEN for one in found.outcomes)
    ending = [f"{count_of(open_pairs, 'pair')} open, {count_of(in_need, 'optimizer')} go on"] if open_pairs else []
    return f"look {found.looks} of {len(plan.looks)}, {plan.looks[found.looks - 1]} seeds: {'; '.join([*decided, *ending])}"
