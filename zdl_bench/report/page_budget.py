"""Share the error of a page among its comparisons."""

import math
from collections.abc import Sequence

from zdl_bench.report.comparison import Comparison
from zdl_bench.report.more_seeds import MoreSeeds
from zdl_bench.report.standings import Standings
from zdl_bench.statistics.contest import contest_of
from zdl_bench.statistics.evidence import entrants_at_best
from zdl_bench.statistics.look_plan import LookPlan
from zdl_bench.statistics.sequential import SequentialComparison, compare_sequentially
from zdl_bench.statistics.verdict import Judgment
from zdl_bench.store.manifest import Manifest, UntilDecided


def page_standings(comparisons: Sequence[Comparison], judged: Sequence[Judgment], manifest: Manifest) -> list[Standings]:
    """Return the standings of all comparisons of a page, which share the error of the page equally.

    judged: the claims of the experiment. If some of them are tested, or if the seeds were added by a plan of looks, these have
    all of the error, and the standings none.
    """
    several = sum(one.judged["variant"].nunique() > 1 for one in comparisons)
    are_claims_tested = any(not math.isnan(one.p_family) for one in judged)
    share = 0.0 if are_claims_tested or manifest.until else 1 / max(1, several)
    more = MoreSeeds.of(manifest.command, comparisons)
    looks = _planned_looks(comparisons, manifest.until) if manifest.until else None
    return [Standings(comparison, share, more, looks) for comparison in comparisons]


def _planned_looks(comparisons: Sequence[Comparison], until: UntilDecided) -> SequentialComparison:
    entrants = {one.setting: entrants_at_best(one.runs, one.tuning_seeds) for one in comparisons}
    seeds = range(until.first_seed, until.first_seed + until.max_seeds)
    return compare_sequentially(contest_of(entrants, seeds), LookPlan(until.max_seeds, until.margin))
