"""Share the error of a page among its comparisons and its axes."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from zdl_bench.report.axis_runs import AxisRuns, axis_runs
from zdl_bench.report.comparison import Comparison
from zdl_bench.report.more_seeds import MoreSeeds
from zdl_bench.report.standings import Standings
from zdl_bench.statistics.axis_tests import AxisTests, judge_axes
from zdl_bench.statistics.contest import contest_of
from zdl_bench.statistics.error_budget import shares_of_page
from zdl_bench.statistics.look_plan import LookPlan
from zdl_bench.statistics.sequential import SequentialComparison, compare_sequentially
from zdl_bench.statistics.verdict import Judgment
from zdl_bench.store.manifest import Manifest, UntilDecided


@dataclass(frozen=True)
class PageTests:
    """What a page compares: the optimizers in each of its settings, and the runs along each axis, with what is tested.

    axes_share: what the axes have of the error of the page.
    """

    standings: Sequence[Standings] = ()
    axis_runs: Sequence[AxisRuns] = ()
    axes_share: float = 0.0

    @cached_property
    def axes(self) -> list[tuple[AxisRuns, AxisTests]]:
        """The axes, each with its tests."""
        tested = judge_axes([one.compared for one in self.axis_runs], self.axes_share)
        return [*zip(self.axis_runs, tested, strict=True)]


def page_tests(comparisons: Sequence[Comparison], judged: Sequence[Judgment], manifest: Manifest) -> PageTests:
    """Return all tests of a page. If it has axes, they have half of its error. The settings share the rest equally.

    judged: the claims of the experiment. If some of them are tested, or if the seeds were added by a plan of looks, these have
    all of the error, and the standings and the axes none.
    """
    axes = axis_runs(comparisons)
    several = sum(one.judged["variant"].nunique() > 1 for one in comparisons)
    are_claims_tested = any(not math.isnan(one.p_family) for one in judged)
    is_spent = are_claims_tested or manifest.until is not None
    share, of_axes = shares_of_page(several, has_axes=bool(axes), is_spent=is_spent)
    more = MoreSeeds.of(manifest.command, comparisons)
    looks = _planned_looks(comparisons, manifest.until) if manifest.until else None
    return PageTests([Standings(comparison, share, more, looks) for comparison in comparisons], axes, of_axes)


def _planned_looks(comparisons: Sequence[Comparison], until: UntilDecided) -> SequentialComparison:
    entrants = {one.setting: one.entrants for one in comparisons}
    seeds = range(until.first_seed, until.first_seed + until.max_seeds)
    return compare_sequentially(contest_of(entrants, seeds), LookPlan(until.max_seeds, until.margin))
