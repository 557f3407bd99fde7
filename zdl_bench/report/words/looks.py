"""Say at the head of a page that its sweep was extended without a plan, and by how much its p-values are too small."""

from collections.abc import Iterator, Sequence
from itertools import chain, combinations, islice

import numpy as np

from zdl_bench.report.comparison import Comparison
from zdl_bench.report.phrases import list_names
from zdl_bench.report.standings import SPEED
from zdl_bench.report.words.effects import p_text
from zdl_bench.statistics.claim_part import ClaimPart, Kind, View
from zdl_bench.statistics.evidence import VARIANT, entrants_at_best
from zdl_bench.statistics.finding import Finding
from zdl_bench.statistics.inference import MIN_SEEDS, sign_flip_p
from zdl_bench.statistics.judge import describe
from zdl_bench.statistics.looks import p_after_looks

MAX_LOOK_NOTES = 3


def about_looks(looks: Sequence[int], comparisons: Sequence[Comparison]) -> list[str]:
    """Return a note for each of the first comparisons that were looked at with fewer seeds before.

    The note shows the inflation for the pair of optimizers with the smallest p in the primary question, tested alone. There
    is none for deterministic runs. Seeds count as added in ascending order. looks: the numbers of seeds at earlier looks.
    """
    if not looks:
        return []
    notes = list(islice(chain.from_iterable(_notes(looks, comparison) for comparison in comparisons), MAX_LOOK_NOTES))
    return [
        *notes,
        *(["Other comparisons were looked at as often."] if len(comparisons) > len(notes) == MAX_LOOK_NOTES else []),
    ]


def _notes(looks: Sequence[int], comparison: Comparison) -> Iterator[str]:
    [metric] = SPEED.words
    entrants = entrants_at_best(comparison.runs, comparison.tuning_seeds)
    found: dict[str, Finding] = {}
    for second, first in combinations(entrants.sides, 2):
        part = ClaimPart(Kind.SUPERIORITY, metric, {VARIANT: first}, {VARIANT: second}, View.BEST_LR)
        finding = describe(part, entrants)
        if not finding.is_exact and not finding.reason:
            found[f"{first} / {second}"] = finding
    total = max((finding.n for finding in found.values()), default=0)
    before = [look for look in looks if MIN_SEEDS <= look < total]
    if not before:
        return
    where = f"{comparison.setting}: first" if comparison.setting else "First"
    said = f"{where} looked at with {list_names(map(str, before))} seeds, and extended to {total} without a plan"
    ps = {pair: sign_flip_p(np.array(one.differences)) for pair, one in found.items() if one.n_values == one.n == total}
    if not ps:
        yield f"{said}, so its p-values are too small."
        return
    pair = min(ps, key=lambda pair: ps[pair])
    worth = p_after_looks(np.array(found[pair].differences), before)
    yield f"{said}: in {SPEED.noun}, p {p_text(ps[pair])} of {pair} counts as {p_text(worth)}."
