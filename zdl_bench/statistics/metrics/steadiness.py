"""Steadiness: the measures that have to agree before an optimizer is called the steadiest, and their scales in words."""

from zdl_bench.language import later
from zdl_bench.run.profile import SCALES

SCALE_WORDS = {
    scale: later("from step to step") if scale == 1 else later("over {count} steps", count=scale) for scale in SCALES
}
LOG_JITTERS = tuple(f"jitter_{scale}" for scale in SCALES)
"""The jitters of ln L, at the scales in ascending order."""
RELATIVE_JITTERS = tuple(f"relative_jitter_{scale}" for scale in SCALES)
"""The jitters of L relative to its level, at the scales in ascending order."""
STEADINESS = (*LOG_JITTERS, *RELATIVE_JITTERS)
PATH_STEADINESS = ("axis_crossings",)
"""The measures that have to agree as well if the points of the runs are known.

A loss that is symmetric about its minimum hides a zig-zag, and the path shows it. step_cosine is not among them: with noise it
only reads how much momentum a rule has.
"""


def steadiness_measures(*, has_points: bool) -> tuple[str, ...]:
    """Return the measures that have to agree before an optimizer is called the steadiest, the first ones first.

    has_points: whether the runs recorded their points, as those of analytic problems with up to 16 parameters do.
    """
    return (*PATH_STEADINESS, *STEADINESS) if has_points else STEADINESS


def scale_words(measure: str) -> str:
    """Return the scale of a measure in STEADINESS in words, such as `over 20 steps`, or an empty text for other measures."""
    return SCALE_WORDS[int(measure.rpartition("_")[2])] if measure in STEADINESS else ""
