"""Seeds added until a sweep is decided: how often that errs, how many runs it saves, and what other ways of adding seeds do.

    python tests/benchmarks/sequential.py [TABLE ...]

Prints the tables of docs/statistics.md; takes about half an hour. ln loss has a standard deviation of SPREAD between
two optimizers on one seed, as log_aulc on MNIST.
"""

import math
import sys
from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path
from statistics import NormalDist

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from calibration import log_gamma

from zdl_bench.run.run import Floats
from zdl_bench.statistics.contest import Contest, PairState
from zdl_bench.statistics.flip_test import Flips, SequentialFlipTest, signs_of
from zdl_bench.statistics.inference import ALPHA, student_interval
from zdl_bench.statistics.look_plan import LookPlan
from zdl_bench.statistics.sequential import SequentialComparison, compare_sequentially, repeated_interval
from zdl_bench.statistics.side import LOST_RANK

SPREAD = 0.058
MAX_SEEDS = 40
FLIPS = 2048
"""Fewer than the product draws, and other ones for each sample."""
Noise = Callable[[np.random.Generator, tuple[int, int]], Floats]


def normal(rng: np.random.Generator, shape: tuple[int, int]) -> Floats:
    return rng.standard_normal(shape)


def with_diverged(rng: np.random.Generator, shape: tuple[int, int]) -> Floats:
    """Normal values, of which one in ten is of a run that diverged."""
    return np.where(rng.random(shape) < 0.1, LOST_RANK, rng.standard_normal(shape))


def with_ties(rng: np.random.Generator, shape: tuple[int, int]) -> Floats:
    """Normal values rounded to whole standard deviations: 28 % of all pairs tie."""
    return np.round(rng.standard_normal(shape))


NOISES: dict[str, Noise] = {"normal": normal, "log-gamma": log_gamma, "10 % diverged": with_diverged, "ties": with_ties}


class Linear(LookPlan):
    def _spent(self, seeds: int, error: float) -> float:
        return error * seeds / self.max_seeds


class OBrienFleming(LookPlan):
    """Lan & DeMets 1983: next to nothing is spent early."""

    def _spent(self, seeds: int, error: float) -> float:
        if not error:
            return 0.0
        normal = NormalDist()
        return 2 - 2 * normal.cdf(normal.inv_cdf(1 - error / 2) / math.sqrt(seeds / self.max_seeds))


class Root(LookPlan):
    def _spent(self, seeds: int, error: float) -> float:
        return error * math.sqrt(seeds / self.max_seeds)


def simulated(ratios: list[float], plan: LookPlan, samples: int, noise: Noise = normal) -> Iterator[SequentialComparison]:
    """Yield sweeps of optimizers whose loss is a true ratio of that of the first one."""
    rng = np.random.default_rng(0)
    effects, count = np.log(ratios)[:, None], len(ratios)
    for sample in range(samples):
        values = effects + SPREAD / math.sqrt(2) * noise(rng, (count, plan.max_seeds))
        yield compare_sequentially(Contest(values, [""] * count, [False] * count), plan, Flips(FLIPS, sample))


def seeds_used(found: SequentialComparison) -> list[int]:
    """The number of seeds of each optimizer."""
    entrants = range(len(found.contest.settings))
    return [max(one.seeds for one in found.outcomes if entrant in (one.first, one.second)) for entrant in entrants]


def has_error(found: SequentialComparison, ratios: list[float]) -> bool:
    """Whether a pair has a false verdict: equal ones differ, the slower one is faster, or those beyond the margin are alike."""
    for one in found.outcomes:
        difference = math.log(ratios[one.first] / ratios[one.second])
        if one.faster is not None and (abs(difference) < 1e-9 or (one.faster == one.first) != (difference < 0)):
            return True
        if one.state is PairState.EQUIVALENT and abs(difference) >= math.log(found.plan.margin or 1) - 1e-9:
            return True
    return False


def print_errors() -> None:
    settings: dict[str, tuple[list[float], int]] = {
        "2 equal": ([1.0] * 2, 10_000),
        "5 equal": ([1.0] * 5, 2000),
        "10 equal": ([1.0] * 10, 2000),
        "one of 5 ahead by 1.1": ([1.0] + [1.1] * 4, 2000),
        "5 in steps: 1, 1, 1.05, 1.05, 1.1": ([1.0, 1.0, 1.05, 1.05, 1.1], 2000),
        "3 groups among 10: 1, 1.05, 1.1": ([1.0] * 3 + [1.05] * 3 + [1.1] * 4, 500),
    }
    print("| truth | " + " | ".join(NOISES) + " | margin 1.05, normal |\n" + "|---" * (len(NOISES) + 2) + "|")
    for name, (ratios, samples) in settings.items():
        plans = [(LookPlan(MAX_SEEDS), noise, samples) for noise in NOISES.values()]
        plans += [(LookPlan(MAX_SEEDS, 1.05), normal, samples // 4 if len(ratios) > 5 else samples)]
        shares = [
            np.mean([has_error(one, ratios) for one in simulated(ratios, plan, count, noise)]) for plan, noise, count in plans
        ]
        print(f"| {name} | " + " | ".join(f"{share:.3f}" for share in shares) + " |", flush=True)


def print_spending() -> None:
    print("\n| spending | looks | " + " | ".join(f"ratio {ratio}: seeds, found" for ratio in (1, 1.03, 1.05, 1.1, 1.2)) + " |")
    for plan in (LookPlan(MAX_SEEDS), Linear(MAX_SEEDS), OBrienFleming(MAX_SEEDS), Root(MAX_SEEDS)):
        cells = []
        for ratio in (1.0, 1.03, 1.05, 1.1, 1.2):
            outcomes = [found.outcomes[0] for found in simulated([1.0, ratio], plan, 2000)]
            found_share = np.mean([one.state is PairState.DECIDED for one in outcomes])
            cells.append(f"{np.mean([one.seeds for one in outcomes]):.1f}, {found_share:.3f}")
        print(f"| {type(plan).__name__} | {', '.join(map(str, plan.looks))} | {' | '.join(cells)} |", flush=True)


class Fixed(LookPlan):
    """One look, at max_seeds."""

    @property
    def looks(self) -> tuple[int, ...]:
        return (self.max_seeds,)


def finds_leader(found: SequentialComparison) -> bool:
    return found.leader("") == 0


def fixed_seeds(ratios: list[float], power: float, samples: int) -> int:
    """The number of seeds at which a sweep planned with all its seeds finds the leader with the given power."""
    for seeds in range(6, MAX_SEEDS):
        if np.mean([finds_leader(found) for found in simulated(ratios, Fixed(seeds), samples)]) >= power:
            return seeds
    return MAX_SEEDS


def print_savings() -> None:
    print("\n| optimizers | ratio to each other | leader found | seeds per optimizer | of a fixed plan: same power | 80 % |")
    print("|---|---|---|---|---|---|")
    for count, samples in ((2, 2000), (5, 500), (10, 200)):
        for ratio in (1.05, 1.1, 1.2):
            ratios = [1.0] + [ratio] * (count - 1)
            found = list(simulated(ratios, LookPlan(MAX_SEEDS), samples))
            power, used = np.mean([finds_leader(one) for one in found]), np.mean([seeds_used(one) for one in found])
            same, usual = fixed_seeds(ratios, float(power), samples), fixed_seeds(ratios, 0.8, samples)
            print(f"| {count} | {ratio} | {power:.3f} | {used:.1f} | {same} | {usual} |", flush=True)


def peeking_error(samples: int = 5000, first: int = 6) -> float:
    """How often two equal optimizers seem to differ if the test at 5 % is repeated after every seed from the sixth on."""
    rng, flips, errors = np.random.default_rng(0), signs_of(MAX_SEEDS, Flips(FLIPS)), 0
    for _ in range(samples):
        sums = np.abs(np.cumsum(flips * rng.standard_normal(MAX_SEEDS), axis=1))[:, first - 1 :]
        errors += bool((np.mean(sums >= sums[0] - 1e-9, axis=0) <= ALPHA).any())
    return errors / samples


def unpaired_seeds(ratio: float, correlation: float, samples: int = 1000) -> tuple[float, float]:
    """Seeds and power of two optimizers compared without pairs, as AdaStop does: scores of a batch change sides at random.

    correlation: of the ln losses of two optimizers on one seed, which pairing removes. Looks and spending are ours.
    """
    rng, plan = np.random.default_rng(0), LookPlan(MAX_SEEDS)
    batches = np.diff([0, *plan.looks])
    halves = [np.repeat([1.0, -1.0], batch) for batch in batches]
    sides = np.concatenate([rng.permuted(np.tile(half, (FLIPS, 1)), axis=1) for half in halves], axis=1)
    sides[0] = np.concatenate(halves)
    ends, used, decided = np.cumsum(2 * batches) - 1, [], 0
    for _ in range(samples):
        spread = SPREAD / math.sqrt(2 * (1 - correlation))
        batch_scores = [spread * rng.standard_normal((2, batch)) + [[0.0], [math.log(ratio)]] for batch in batches]
        scores = np.concatenate([batch.ravel() for batch in batch_scores])
        sums = np.abs(np.cumsum(sides * scores, axis=1))[:, ends]
        crossed, seeds = np.zeros(FLIPS, dtype=bool), MAX_SEEDS
        for look, spent in enumerate(plan.spent_on_differences):
            room = int(spent * FLIPS) - int(crossed.sum())
            crossed |= sums[:, look] > np.sort(sums[~crossed, look])[::-1][max(room, 0)] + 1e-9
            if crossed[0]:
                seeds = plan.looks[look]
                break
        used.append(seeds)
        decided += bool(crossed[0])
    return float(np.mean(used)), decided / samples


def print_others() -> None:
    print(f"\nPeeking after every seed: {peeking_error():.3f} of two equal optimizers seem to differ")
    print("\n| ratio | correlation over seeds | unpaired: seeds, found |\n|---|---|---|")
    for ratio in (1.0, 1.05, 1.1):
        for correlation in (0.0, 0.4, 0.7):
            used, found = unpaired_seeds(ratio, correlation)
            print(f"| {ratio} | {correlation} | {used:.1f}, {found:.3f} |", flush=True)


def print_intervals() -> None:
    print(
        "\n| optimizers | ratio | Student's interval covers each | the repeated one each | all at once |\n|---|---|---|---|---|"
    )
    for ratios in ([1.0] * 2, [1.0, 1.03], [1.0, 1.05], [1.0] * 5, [1.0] + [1.05] * 4):
        covers: list[Floats] = []
        for found in simulated(ratios, LookPlan(MAX_SEEDS), 2000 if len(ratios) == 2 else 500):
            of_pairs = []
            for one in found.outcomes:
                differences = np.diff(found.contest.ranks[[one.second, one.first], : one.seeds], axis=0)[0]
                true = math.log(ratios[one.first] / ratios[one.second])
                intervals = student_interval(differences), repeated_interval(differences, one.bound)
                of_pairs.append([bool(each.low <= true <= each.high) for each in intervals])
            covers.append(np.array([*np.mean(of_pairs, axis=0), np.all(of_pairs, axis=0)[1]]))
        print(f"| {len(ratios)} | {ratios[-1]} | " + " | ".join(f"{share:.3f}" for share in np.mean(covers, axis=0)) + " |")


def bounds_of(scores: Floats, plan: LookPlan) -> list[float]:
    """The bounds of a test of these hypotheses at each look; empty if one was rejected, because later bounds are without it."""
    test = SequentialFlipTest(plan.spent_on_differences, np.abs, Flips(FLIPS))
    for seeds in plan.looks:
        test.look(scores[:, :seeds])
    return [] if test.rejections else test.bounds


def print_bounds(samples: int = 300) -> None:
    """How often a bound rises when hypotheses leave, which the closure forbids, among all pairs of 5 optimizers."""
    rng, plan, rises = np.random.default_rng(0), LookPlan(MAX_SEEDS), []
    for _ in range(samples):
        values = SPREAD * rng.standard_normal((5, MAX_SEEDS))
        scores = np.array([values[a] - values[b] for a, b in combinations(range(5), 2)])
        of_all, of_some = (bounds_of(one, plan) for one in (scores, scores[: rng.integers(1, len(scores))]))
        if of_all and of_some:
            rises.append(np.minimum(of_some, MAX_SEEDS) - np.minimum(of_all, MAX_SEEDS))  # a bound may be infinite
    share, most = np.mean(np.array(rises) > 1e-9), np.max(rises)
    print(f"\nA subset has the higher bound at {share:.4f} of looks, by at most {most:.3f} of about 2.5")


TABLES: dict[str, Callable[[], None]] = {
    "errors": print_errors,
    "spending": print_spending,
    "savings": print_savings,
    "others": print_others,
    "intervals": print_intervals,
    "bounds": print_bounds,
}


if __name__ == "__main__":
    for table in sys.argv[1:] or TABLES:
        TABLES[table]()
