"""Judge an interaction: whether the first side gains on the second from level to level."""

import numpy as np

from zdl_bench.language import later, later_count, later_list
from zdl_bench.run.run import Floats
from zdl_bench.statistics.claim_part import ClaimPart
from zdl_bench.statistics.finding import Effect, Finding, effect_of, three_digits
from zdl_bench.statistics.inference import EXACT_TOLERANCE, sign_flip_ps
from zdl_bench.statistics.pairing import Pairs
from zdl_bench.statistics.side import Undecidable


def judge_interaction(part: ClaimPart, levels: list[Pairs]) -> Finding:
    """Test the least-squares slope of each seed's difference over the levels. A missing value leaves the part undecided."""
    is_exact = all(level.is_exact for level in levels)
    by_level = np.array([level.differences[:1] for level in levels]) if is_exact else _by_shared_seed(levels)
    with_values = by_level[:, np.isfinite(by_level).all(axis=0)]
    at = np.array(part.at) - np.mean(part.at)
    slopes = at @ with_values / float(at @ at)
    excess = part.orientation * slopes
    missing = by_level.shape[1] - len(slopes)
    if missing:
        p_for, p_against = 1.0, 1.0
    elif is_exact:
        p_for, p_against = float(excess[0] >= -EXACT_TOLERANCE), float(excess[0] <= EXACT_TOLERANCE)
    else:
        p_for, p_against = sign_flip_ps(excess)
    lack = later_count(
        "{count} seed lacks a value at some level: nothing can be concluded",
        "{count} seeds lack a value at some level: nothing can be concluded",
        missing,
    )
    pairs = [*zip(levels, part.at, strict=True)]
    effects = [later("{effect} at {level:g}", effect=_level_effect(level, part), level=x) for level, x in pairs]
    return Finding(
        view=part.view,
        n=by_level.shape[1],
        n_values=len(slopes),
        n_deciding=len(slopes),
        effect=Effect.of(slopes, "slope") if len(slopes) else None,
        p_for=p_for,
        p_against=p_against,
        is_exact=is_exact and not missing,
        run_ids=tuple(run_id for level in levels for run_id in level.run_ids),
        notes=(
            *([lack] if missing else []),
            later("first against second: {effects}", effects=later_list(effects)),
            *(later("at {level:g}: {note}", level=x, note=note) for level, x in pairs for note in level.notes),
        ),
    )


def _by_shared_seed(levels: list[Pairs]) -> Floats:
    """Return the differences of the seeds that all levels have, (levels, seeds). Raise Undecidable if there is no such seed."""
    seeds = [seed for seed in levels[0].seeds if all(seed in level.seeds for level in levels)]
    if not seeds:
        raise Undecidable(later("the levels share no seed; train all levels on the same seeds"))
    return np.array([level.differences[np.isin(level.seeds, seeds)] for level in levels])


def _level_effect(level: Pairs, part: ClaimPart) -> str:
    effect = effect_of(level.differences_with_values, part, level.images)
    if effect is None:
        return later("no value")
    return later("{unit} {value}", unit=later(effect.unit), value=three_digits(effect.mean))
