"""Say in words what the looks at a sweep decided whose seeds are added until it is decided."""

from zdl_bench.language import translatable, translate, translate_list
from zdl_bench.report.phrases import join_notes, limit_lines, shorten
from zdl_bench.report.words.effects import p_text
from zdl_bench.run.counts import count_of
from zdl_bench.statistics.contest import PairOutcome, PairState
from zdl_bench.statistics.sequential import SequentialComparison

MAX_DECISIONS = 10
"""The largest number of decisions that a line names."""
LOOK_ENDS = {
    PairState.SAME: translatable("{first} and {second}: no seed tells the two apart"),
    PairState.NOT_NEEDED: translatable("{first} and {second}: not needed: both are slower than a third one"),
    PairState.OUT_OF_SEEDS: translatable("{first} and {second}: undecided, out of seeds"),
    PairState.OPEN: translatable("{first} and {second}: still open"),
}


def decisions_at(found: SequentialComparison, look: int) -> list[str]:
    """Return what was decided at a look, counted from 1, in words; at most MAX_DECISIONS of the decisions."""
    decided = [one for one in found.outcomes if one.look == look and one.state is not PairState.OPEN]
    out_of_seeds = [one for one in decided if one.state is PairState.OUT_OF_SEEDS]
    texts = [pair_text(found, one) for one in decided if one.state is not PairState.OUT_OF_SEEDS]
    left = [translate("{pairs} undecided, out of seeds", pairs=count_of(len(out_of_seeds), "pair"))] if out_of_seeds else []
    return [*limit_lines(texts, MAX_DECISIONS), *left]


def pair_text(found: SequentialComparison, outcome: PairOutcome) -> str:
    """Return the outcome of a pair in words: `adam faster than sgd (p 0.004)`."""
    text, setting = pair_outcome_text(found, outcome), found.contest.settings[outcome.first]
    return translate_list(filter(None, [setting, text]))


def pair_outcome_text(found: SequentialComparison, outcome: PairOutcome) -> str:
    """Return the outcome of a pair in words, without its setting."""
    first, second = (shorten(found.contest.names[one]) for one in (outcome.first, outcome.second))
    if outcome.faster is not None:
        if outcome.faster == outcome.second:
            first, second = second, first
        how = translate("exact") if outcome.state is PairState.EXACT else f"p {p_text(outcome.p)}"
        return translate("{first} faster than {second} ({how})", first=first, second=second, how=how)
    if outcome.state is not PairState.EQUIVALENT:
        return translate(LOOK_ENDS[outcome.state], first=first, second=second)
    return translate(
        "{first} and {second} equivalent within a ratio of {margin:g} (p {p})",
        first=first,
        second=second,
        margin=found.plan.margin,
        p=p_text(outcome.p),
    )


def look_line(found: SequentialComparison) -> str:
    """Return the line about the last look: `look 2 of 7, 10 seeds: adam faster than sgd (p 0.004); 1 pair open, 2 go on`."""
    plan, in_need = found.plan, len(found.entrants_in_need)
    decided = decisions_at(found, found.looks) or [translate("nothing decided")]
    if open_pairs := sum(one.state is PairState.OPEN for one in found.outcomes):
        pairs, optimizers = count_of(open_pairs, "pair"), count_of(in_need, "optimizer")
        decided.append(translate("{pairs} open, {optimizers} go on", pairs=pairs, optimizers=optimizers))
    return translate(
        "look {look} of {looks}, {seeds} seeds: {decided}",
        look=found.looks,
        looks=len(plan.looks),
        seeds=plan.looks[found.looks - 1],
        decided=join_notes(*decided),
    )
