"""Streams of random numbers: normals are normal, streams are independent, and their numbers never change."""

import math

import numpy as np
import pytest
from scipy import stats

from zdl_bench.kernels.streams import POINTS_PER_DRAW, LegacyStream, Streams, legacy_streams, spawned_streams

USES = ("weights", "batches", "noise")
COUNT = 200_000


def stream_of(seed, use):
    return getattr(spawned_streams(seed), use)


@pytest.mark.parametrize("use", USES)
def test_normals_are_normal(use):
    normals = stream_of(0, use).standard_normal(COUNT)
    assert stats.kstest(normals, "norm").pvalue > 0.01
    assert stats.kstest(normals * normals, "chi2", args=(1,)).pvalue > 0.01
    for moment, (expected, variance) in {1: (0, 1), 2: (1, 2), 3: (0, 15), 4: (3, 96)}.items():
        assert np.mean(normals**moment) == pytest.approx(expected, abs=4 * math.sqrt(variance / COUNT))
    for limit in (3, 4):
        expected = COUNT * 2 * stats.norm.sf(limit)
        assert np.count_nonzero(np.abs(normals) > limit) == pytest.approx(expected, abs=4 * math.sqrt(expected))


@pytest.mark.slow
def test_normals_of_many_small_draws_are_normal():
    """Each draw keeps only some of the points that it makes, so the choice must not depend on their values."""
    stream = stream_of(0, "noise")
    for size in (1, 2, 3):
        normals = np.concatenate([stream.standard_normal(size) for _ in range(5_000)])
        assert stats.kstest(normals, "norm").pvalue > 0.01


@pytest.mark.parametrize("lag", [1, 2, 100, POINTS_PER_DRAW, round(POINTS_PER_DRAW * math.pi / 4)])
def test_normals_are_independent_of_those_before(lag):
    normals = stream_of(0, "weights").standard_normal(COUNT)
    for one in (normals, normals**2 - 1, np.abs(normals) - math.sqrt(2 / math.pi)):
        correlation = np.corrcoef(one[:-lag], one[lag:])[0, 1]
        assert abs(correlation) < 4 / math.sqrt(COUNT - lag)


def test_streams_of_uses_and_seeds_are_uncorrelated():
    drawn = [stream_of(seed, use).standard_normal(COUNT) for seed in (0, 1) for use in USES]
    assert np.abs(np.corrcoef(drawn) - np.eye(6)).max() < 4 / math.sqrt(COUNT)


@pytest.mark.parametrize("use", USES)
def test_a_stream_does_not_depend_on_how_the_others_are_used(use):
    streams = spawned_streams(7)
    for other in set(USES) - {use}:
        getattr(streams, other).standard_normal(1234)
        getattr(streams, other).integers(10, size=99)
        getattr(streams, other).permutation(5)
    assert np.array_equal(getattr(streams, use).standard_normal(50), stream_of(7, use).standard_normal(50))


@pytest.mark.parametrize("size", [0, 1, 7, (3, 4), (784, 200), (2, 0)])
def test_normals_have_the_asked_shape_and_are_float64(size):
    normals = stream_of(0, "weights").standard_normal(size)
    assert normals.shape == (size if isinstance(size, tuple) else (size,))
    assert normals.dtype == np.float64
    assert np.isfinite(normals).all()


def polar(generator, count):
    """Return normals by the polar method as a book describes it, point by point, with the C library's logarithm."""
    normals = []
    while len(normals) < count:
        xs, ys = 2 * generator.random((2, min((count - len(normals)) * 5 // 7 + 8, 4096))) - 1
        points = [(x, y, x * x + y * y) for x, y in zip(xs.tolist(), ys.tolist(), strict=True) if 0 < x * x + y * y < 1]
        normals += [point[axis] * math.sqrt(-2 * math.log(point[2]) / point[2]) for axis in (0, 1) for point in points]
    return normals[:count]


@pytest.mark.parametrize("count", [1, 10, 10_000])
def test_normals_are_those_of_the_polar_method(count):
    child = np.random.SeedSequence(3).spawn(3)[2]
    expected = polar(np.random.default_rng(child), count)
    assert stream_of(3, "noise").standard_normal(count) == pytest.approx(expected, rel=1e-13)


FIRST_NORMALS = {  # seed 0
    "weights": ["-0x1.11ce7adc9f755p-2", "0x1.fc0b4eb135784p-3", "-0x1.901026b22433ap-3", "0x1.19bc444bde0d0p+1"],
    "batches": ["0x1.ec9c9780e7a5ap-2", "-0x1.5e3e6084472e8p+0", "0x1.b0c02e3cf5fb3p-2", "-0x1.8b33865d41403p-2"],
    "noise": ["-0x1.60250366c46c7p-1", "0x1.6560b829f607bp-2", "0x1.0af234faea204p-3", "-0x1.d8f8667f2656fp-1"],
}
LAST_OF_20_000 = {"weights": "0x1.37d2c44b64063p-1", "batches": "-0x1.e472c57c96ad6p+0", "noise": "-0x1.565a7153e7a84p+0"}
FIRST_INTEGERS = {  # below 60,000
    "weights": [48134, 56576, 328, 18980, 45538],
    "batches": [39723, 40631, 21167, 14579, 4739],
    "noise": [39382, 50296, 27770, 5023, 59871],
}
PERMUTATIONS = {
    "weights": [5, 3, 0, 1, 2, 4, 7, 6],
    "batches": [6, 3, 4, 7, 2, 0, 1, 5],
    "noise": [3, 4, 6, 7, 0, 1, 5, 2],
}


@pytest.mark.parametrize("use", USES)
def test_the_numbers_of_seed_0_are_the_same_everywhere(use):
    assert [each.hex() for each in stream_of(0, use).standard_normal(4).tolist()] == FIRST_NORMALS[use]
    assert float(stream_of(0, use).standard_normal(20_000)[-1]).hex() == LAST_OF_20_000[use]
    assert stream_of(0, use).integers(60_000, 5).tolist() == FIRST_INTEGERS[use]
    assert stream_of(0, use).permutation(8).tolist() == PERMUTATIONS[use]


def test_the_legacy_stream_is_that_of_numpy_random_seed():
    stream = LegacyStream(8)
    np.random.seed(8)
    assert np.array_equal(stream.standard_normal((3, 2)), np.random.randn(3, 2))
    assert np.array_equal(stream.integers(60000, 100), np.random.choice(60000, 100))
    assert np.array_equal(stream.permutation(9), np.random.permutation(9))


def test_legacy_streams_are_one():
    streams = legacy_streams(8)
    assert isinstance(streams, Streams)
    assert streams.weights is streams.batches is streams.noise
    assert streams.weights.standard_normal(2).tolist() == pytest.approx([0.0912047, 1.0912825], abs=1e-6)
