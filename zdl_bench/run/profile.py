"""The plan of the oscillation profile: the steps at which it looks at the loss, three for each measurement.

The plan follows from the number of steps and the strides alone, so all runs of a setting share it.
"""

import hashlib
import math
from collections.abc import Collection, Mapping
from functools import lru_cache

import numpy as np
import numpy.typing as npt

SCALES = (1, 5, 20, 100)
"""The distances, in steps, at which oscillation is measured. A measurement takes three places that lie about so far apart."""
SETTLING_SHARE = 0.1
"""The share of the steps at the start that does not count."""
SPANS_PER_SCALE = 4
"""A scale is used if it fits so often into the steps that count."""
STRIDES_PER_BURST = 13
FEWEST_BURSTS, MOST_BURSTS = 3, 40
"""The limits of the number of bursts of three consecutive steps. Of three, the middle one has room for every scale."""
GAP_PAIRS = 100
"""Number of different pairs of gaps, left and right. Many, so that no period of the loss divides them all."""
PAIRS_PER_PLACE = 4
"""Number of pairs of gaps that are tried around each place."""
DRAW = 1727
"""The number of the draw: of 16,953, one that reads every whole period from 2 to 60 of a sine within a tenth at some scale, in
1,000 steps with 50 strides and few places."""
SHORTEST_GAP, LONGEST_GAP = 0.5, 1.5
"""The limits of a gap, in scales."""
PLASTIC = 1.324717957244746
"""The root of x³ = x + 1. Multiples of 1/x and 1/x² modulo 1 fill the square evenly (Roberts 2018)."""

Triples = npt.NDArray[np.int64]


def scales_of(steps: int) -> tuple[int, ...]:
    """Return the scales of a run: those that fit four times into the steps after its first 10 %. Two need 23 steps, all 445."""
    return tuple(scale for scale in SCALES if SPANS_PER_SCALE * scale <= steps - _first_step(steps))


@lru_cache
def gaps_of(scale: int) -> tuple[tuple[int, int], ...]:
    """Return the pairs of gaps, left and right, in steps: spread evenly over 0.5 to 1.5 scales."""
    return tuple(
        (_gap(scale, number / PLASTIC), _gap(scale, number / (PLASTIC * PLASTIC))) for number in range(1, GAP_PAIRS + 1)
    )


def _gap(scale: int, turns: float) -> int:
    """Return the gap at the fractional part of `turns`, between the smallest and the largest gap of a scale."""
    gaps = _gap_range(scale)
    return gaps[math.floor((turns % 1) * len(gaps))]


def _gap_range(scale: int) -> range:
    return range(math.ceil(SHORTEST_GAP * scale), math.floor(LONGEST_GAP * scale) + 1)


@lru_cache(maxsize=128)
def triples_of(steps: int, strides: tuple[int, ...]) -> Mapping[int, Triples]:
    """Return for each scale the triples of steps (left, centre, right) at which the loss is compared, (n, 3).

    strides: the steps that are probed anyway. Their number sets the number of bursts of three consecutive steps.
    """
    scales, first = scales_of(steps), _first_step(steps)
    known = {step for step in strides if step >= first}
    members: dict[int, None] = {}
    bursts = min(max(FEWEST_BURSTS, math.ceil((len(strides) - 1) / STRIDES_PER_BURST)), MOST_BURSTS)
    for number, centre in enumerate(_centres(steps, bursts) if scales else ()):
        burst = dict.fromkeys((centre, centre - 1, centre + 1))
        known.update(burst)
        members |= burst
        for scale in scales[1:]:
            for side, place in ((side, _place(centre, side, scale, number)) for side in (-1, 1)):
                allowed = _allowed(centre, side, scale, range(first, steps + 1))
                if allowed:
                    chosen = _nearest(place, known.intersection(allowed) or allowed)
                    known.add(chosen)
                    members[chosen] = None
    return {scale: _triples(sorted(members), known, scale, range(first, steps + 1)) for scale in scales}


def places_of(steps: int, strides: tuple[int, ...]) -> frozenset[int]:
    """Return all steps at which the profile needs the loss."""
    return frozenset(int(step) for triples in triples_of(steps, strides).values() for step in triples.flat)


def _first_step(steps: int) -> int:
    return math.floor(SETTLING_SHARE * steps) + 1


def _centres(steps: int, count: int) -> list[int]:
    """Return a step of each of `count` equal parts of the steps that count, drawn by a hash: the same on every machine."""
    first = _first_step(steps) + 1
    return [first + math.floor((number + _draw(steps, number)) * (steps - first) / count) for number in range(count)]


def _draw(steps: int, number: int) -> float:
    """Return a number from 0 to below 1."""
    return int.from_bytes(hashlib.sha256(f"profile {DRAW} {steps} {number}".encode()).digest()[:6], "big") / 2**48


def _place(centre: int, side: int, scale: int, number: int) -> int:
    """Return the place to the left (side −1) or the right (side 1) of a centre, with the gap of this number."""
    return centre + side * gaps_of(scale)[number % GAP_PAIRS][side == 1]


def _allowed(centre: int, side: int, scale: int, counted: range) -> list[int]:
    return [centre + side * gap for gap in _gap_range(scale) if centre + side * gap in counted]


def _nearest(place: int, candidates: Collection[int]) -> int:
    return min(candidates, key=lambda one: (abs(one - place), one))


def _triples(centres: list[int], known: set[int], scale: int, counted: range) -> Triples:
    """Return triples around the centres that have a known place on both sides: up to PAIRS_PER_PLACE for each."""
    found: dict[tuple[int, int, int], None] = {}
    for number, centre in enumerate(centres):
        left, right = (known.intersection(_allowed(centre, side, scale, counted)) for side in (-1, 1))
        for choice in range(number * PAIRS_PER_PLACE, (number + 1) * PAIRS_PER_PLACE) if left and right else ():
            start, end = (_nearest(_place(centre, side, scale, choice), near) for side, near in ((-1, left), (1, right)))
            found[start, centre, end] = None
    return np.array(list(found), dtype=np.int64).reshape(-1, 3)
