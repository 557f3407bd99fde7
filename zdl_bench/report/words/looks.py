"""Say at the head of a page that its sweep was extended without a plan, and by how much its p-values are too small."""

from collections.abc import Iterator, Sequence
from itertools import chain, islice

import numpy as np

from zdl_bench.language import translatable, translate
from zdl_bench.report.comparison import Comparison
from zdl_bench.report.phrases import list_names
from zdl_bench.report.standings import SPEED
from zdl_bench.report.words.effects import p_text
from zdl_bench.statistics.inference import MIN_SEEDS, sign_flip_p
from zdl_bench.statistics.looks import p_after_looks
from zdl_bench.statistics.pairwise import shown_pairs

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
        *([translate("Other comparisons were looked at as often.")] if len(comparisons) > len(notes) == MAX_LOOK_NOTES else []),
    ]


def about_looks_before_plan(looks: Sequence[int]) -> list[str]:
    """Return a note on a sweep with planned looks whose runs were looked at before. looks: the numbers of seeds then."""
    if not looks:
        return []
    note = translate(
        "Looked at with {seeds} seeds before, outside the plan of its looks: their error is 5 % only if this sweep would have "
        "been made whatever was seen.",
        seeds=list_names(map(str, looks)),
    )
    return [note]


def _notes(looks: Sequence[int], comparison: Comparison) -> Iterator[str]:
    [metric] = SPEED.words
    pairs = shown_pairs(comparison.entrants, [*comparison.entrants.sides], metric)
    found = {
        f"{first} / {second}": pairs.pairs[first, second]
        for second, first in pairs.in_order
        if not pairs.pairs[first, second].is_exact and not pairs.pairs[first, second].reason
    }
    total = max((finding.n for finding in found.values()), default=0)
    before = [look for look in looks if MIN_SEEDS <= look < total]
    if not before:
        return
    counts = {"seeds": list_names(map(str, before)), "total": total}
    if comparison.setting:
        text = translatable("{setting}: first looked at with {seeds} seeds, and extended to {total} without a plan")
        extended = translate(text, setting=comparison.setting, **counts)
    else:
        extended = translate("First looked at with {seeds} seeds, and extended to {total} without a plan", **counts)
    ps = {pair: sign_flip_p(np.array(one.differences)) for pair, one in found.items() if one.n_values == one.n == total}
    if not ps:
        yield translate("{what}, so its p-values are too small.", what=extended)
        return
    pair = min(ps, key=lambda pair: ps[pair])
    worth = p_after_looks(np.array(found[pair].differences), before)
    yield translate(
        "{what}: in speed, p {p} of {pair} counts as {worth}.",
        what=extended,
        p=p_text(ps[pair]),
        pair=pair,
        worth=p_text(worth),
    )
