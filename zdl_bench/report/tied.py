"""Which optimizers the tests of a page cannot tell from the best."""

from zdl_bench.statistics.standing import Standing
from zdl_bench.statistics.verdict import Verdict


def not_told_from_best(metric: str, standing: Standing) -> list[str]:
    """Return the best variant by a metric, and those that are not shown to be worse. Empty if nobody has a value."""
    best = standing.by_measure.get(metric, standing.leader)
    if best is None:
        return []
    if best.verdict is Verdict.SUPPORTED:  # ahead of every other one, even where no test of a single pair shows it
        return [best.variant]
    worse = {
        one.second if one.first == best.variant else one.first
        for one in standing.verdicts
        if one.metric == metric and one.is_decided and best.variant in (one.first, one.second) and one.p_of(best.variant) < 1
    }
    return [best.variant, *(rival for rival in best.rivals if rival not in worse)]
