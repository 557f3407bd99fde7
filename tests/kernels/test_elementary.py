"""Elementary functions against decimal numbers of 60 digits: errors in units of the last place, special values, bits."""

import math
from decimal import Decimal, localcontext
from fractions import Fraction

import numpy as np
import pytest
from arrays import DTYPES, has_same_bits

from zdl_bench.errors import ConfigError
from zdl_bench.kernels import elementary
from zdl_bench.kernels.compiled import CompiledKernels
from zdl_bench.kernels.elementary import cos_pi, cube_root, exp, geometric, log, power, select, sin_pi, tanh

DIGITS = 60
PI = Decimal("3.14159265358979323846264338327950288419716939937510582097494459230781640628620899862803")


def series(x: Decimal, first: Decimal, number: int) -> Decimal:
    """Return first − first·x²/((n + 1)(n + 2)) + …, for n = number, the series of sine and cosine."""
    total = term = first
    while abs(term) > Decimal(10) ** -DIGITS:
        term *= -x * x / ((number + 1) * (number + 2))
        number += 2
        total += term
    return total


def sine(x: Decimal) -> Decimal:
    return series(x, x, 1)


def cosine(x: Decimal) -> Decimal:
    return series(x, Decimal(1), 0)


def exact_sin_pi(x: Decimal) -> Decimal:
    """Reduced to |r| ≤ ¼, since a series for large arguments would cancel, and near 0 be no more than a zero."""
    n = int((2 * x).to_integral_value())
    r = (x - Decimal(n) / 2) * PI
    return (sine(r), cosine(r), -sine(r), -cosine(r))[n % 4]


EXACT = {
    exp: lambda x: x.exp(),
    tanh: lambda x: 1 - 2 / ((2 * x).exp() + 1) if abs(x) > 1 else ((2 * x).exp() - 1) / ((2 * x).exp() + 1),
    cube_root: lambda x: (abs(x).ln() / 3).exp().copy_sign(x),
    log: lambda x: x.ln(),
    sin_pi: exact_sin_pi,
    cos_pi: lambda x: exact_sin_pi(x + Decimal("0.5")),
}
LARGEST_ERROR = {  # in units of the last place: float32, float64
    exp: (0.95, 0.95),
    tanh: (2.5, 2.5),
    cube_root: (1.9, 1.5),
    log: (0.51, 0.82),
    sin_pi: (0.51, 1.6),
    cos_pi: (0.51, 1.6),
}
FUNCTIONS = list(EXACT)


def points(function, dtype, count=3000):
    """Return arguments of all magnitudes, among them the borders of ranges, that have a finite result."""
    rng = np.random.default_rng(0)
    limits = np.finfo(dtype)
    borders = np.array([0.5, 1, 2, math.log(2), math.log(2) / 2, 0.25, 0.75, 1.5, 20, 40, math.sqrt(2), math.sqrt(0.5)])
    near = np.concatenate([borders * (1 + n * float(limits.eps)) for n in (-2, -1, 0, 1, 2)])
    scattered = 10.0 ** rng.uniform(-12, 3, count) * rng.choice([-1, 1], count)
    if function is log:
        special = [limits.tiny, limits.max, limits.smallest_subnormal, float(limits.tiny) / 3]
        chosen = np.concatenate([near, np.abs(scattered), 2.0 ** rng.uniform(limits.minexp - 5, limits.maxexp, count), special])
        return chosen[chosen > 0].astype(dtype)
    chosen = np.concatenate([near, -near, scattered, rng.uniform(-3, 3, count)])
    if function is cube_root:
        powers = 2.0 ** rng.uniform(limits.minexp - limits.nmant + 1, limits.maxexp, count)
        return np.concatenate([chosen, powers, [limits.tiny, limits.max, limits.smallest_subnormal]]).astype(dtype)
    if function is exp:
        low, high = math.log(limits.smallest_subnormal), math.log(limits.max)
        chosen = np.concatenate([chosen, rng.uniform(low, high, count), [low, high * (1 - 1e-6)]])
        return chosen[(chosen >= low) & (chosen < high)].astype(dtype)
    return chosen.astype(dtype)


def errors(function, x, dtype):
    """Return the errors in units of the last place of the exact results."""
    found = []
    with localcontext(prec=DIGITS), np.errstate(all="ignore"):
        for argument, ours in zip(x.tolist(), function(x).tolist(), strict=True):
            exact = EXACT[function](Decimal(argument))
            unit = Decimal(float(np.spacing(np.abs(dtype(exact)))))
            found.append(float(abs(Decimal(ours) - exact) / unit))
    return np.array(found)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_error_is_small(function, dtype):
    x = points(function, dtype)
    found = errors(function, x, dtype)
    assert found.max() < LARGEST_ERROR[function][dtype is np.float64], x[found.argmax()]
    assert found.max() > 0.4, "the points must be able to show an error"


@pytest.mark.slow
@pytest.mark.parametrize("function", [exp, tanh, cube_root])
def test_all_magnitudes_of_float32_have_a_small_error(function):
    """Against the same function in float64, which has 29 more digits, for every 1,009th of all floats."""
    x = np.arange(0, 2**32, 1009, dtype=np.uint64).astype(np.uint32).view(np.float32)
    x = x[np.isfinite(x)]
    with np.errstate(all="ignore"):
        exact = function(x.astype(np.float64))
        unit = np.spacing(np.abs(exact.astype(np.float32))).astype(np.float64)
        ours = function(x)
        error = np.abs(ours.astype(np.float64) - exact) / unit
        overflows = np.isinf(exact.astype(np.float32))
    assert np.array_equal(np.isinf(ours), overflows)
    assert error[~overflows].max() < LARGEST_ERROR[function][0]


INF, NAN = math.inf, math.nan
SPECIAL = [
    (exp, [0.0, -0.0, INF, -INF, NAN, 1000, -1000], [1, 1, INF, 0.0, NAN, INF, 0.0]),
    (tanh, [0.0, -0.0, INF, -INF, NAN, 1000, -1000], [0.0, -0.0, 1, -1, NAN, 1, -1]),
    (cube_root, [0.0, -0.0, INF, -INF, NAN, 8, -27, 1], [0.0, -0.0, INF, -INF, NAN, 2, -3, 1]),
    (log, [1, 0.0, -0.0, INF, -INF, NAN, -1, -1e-30], [0.0, -INF, -INF, INF, NAN, NAN, NAN, NAN]),
    (sin_pi, [0, 0.5, 1.5, 2.5, -0.5, 3.5, INF, -INF, NAN], [0.0, 1, -1, 1, -1, -1, NAN, NAN, NAN]),
    (cos_pi, [0.0, -0.0, 1, 2, -1, 3, 1e15, INF, -INF, NAN], [1, 1, -1, 1, -1, -1, 1, NAN, NAN, NAN]),
]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("function", "arguments", "results"), SPECIAL)
def test_special_values(function, arguments, results, dtype):
    with np.errstate(all="ignore"):
        ours = function(np.array(arguments, dtype))
        single = [function(np.dtype(dtype).type(argument)) for argument in arguments]
    assert has_same_bits(ours, np.array(results, dtype))
    assert has_same_bits(np.array(single, dtype), ours)
    assert ours.dtype == dtype


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_zeros_of_sine_and_cosine_are_exact(dtype):
    whole = np.arange(-1000, 1001, dtype=dtype)
    assert not sin_pi(whole).any()
    assert not cos_pi(whole + dtype(0.5)).any()
    assert np.array_equal(np.abs(cos_pi(whole)), np.ones(2001))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_symmetries_hold_to_the_last_bit(dtype):
    x = np.random.default_rng(0).uniform(-30, 30, 5000).astype(dtype)
    assert has_same_bits(tanh(-x), -tanh(x))
    assert has_same_bits(cube_root(-x), -cube_root(x))
    assert has_same_bits(sin_pi(-x), -sin_pi(x))
    assert has_same_bits(cos_pi(-x), cos_pi(x))
    smallest = np.finfo(dtype).smallest_subnormal
    assert tanh(smallest) == smallest


@pytest.mark.parametrize("function", FUNCTIONS)
def test_numbers_that_are_not_float32_count_as_float64(function):
    for number in (1, True, np.int32(1), np.float16(1), np.longdouble(1), 1.0):
        assert function(number) == function(np.float64(1))
        assert np.asarray(function(number)).dtype == np.float64
    assert log(2) == np.float64(np.log(2))


def apply_exp(x):
    return exp(x)


def apply_tanh(x):
    return tanh(x)


def apply_cube_root(x):
    return cube_root(x)


def apply_log(x):
    return log(x)


def apply_sin_pi(x):
    return sin_pi(x)


def apply_cos_pi(x):
    return cos_pi(x)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("apply", [apply_exp, apply_tanh, apply_cube_root, apply_log, apply_sin_pi, apply_cos_pi])
def test_numba_and_single_elements_give_the_same_bits(apply, dtype):
    kernels = CompiledKernels(np.dtype(dtype))
    function = getattr(elementary, apply.__name__.removeprefix("apply_"))
    odd = [0.0, -0.0, np.inf, -np.inf, np.nan, -np.nan, 1e-45, -5e-324, 1e300, -1e300, 0.25, 0.75, -0.5, 2.5]
    with np.errstate(all="ignore"):
        x = np.concatenate([np.array(odd).astype(dtype), points(function, np.dtype(dtype).type, 300)])
        expected = function(x)
        assert has_same_bits(np.array([function(each) for each in x], dtype), expected)
        assert kernels._activation(apply), "NumPy would compute it"
        columns = x[np.newaxis].copy()
        kernels.activate(apply, columns, np.full(len(x), -0.0, dtype))
        assert has_same_bits(columns[0], expected)
        for number, result in list(zip(x, expected, strict=True))[:100]:
            single = np.full((1, 1), number)
            kernels.activate(apply, single, np.full(1, -0.0, dtype))
            assert has_same_bits(single, np.full((1, 1), result))


@pytest.mark.parametrize("base", [0.9, 0.999, 1.0, 0.1, -1.5, 3.0])
def test_a_power_has_as_many_roundings_as_factors_at_most(base):
    for exponent in (0, 1, 2, 3, 7, 10, 63, 64, 200):
        exact = Fraction(base) ** exponent
        assert abs(Fraction(power(base, exponent)) - exact) <= abs(exact) * exponent * Fraction(1, 2**53)
    assert power(base, 2) == base * base


def test_powers_at_their_limits():
    assert (power(0.0, 0), power(0.0, 5), power(2.0, 1023), power(2.0, 1024)) == (1, 0, 2.0**1023, math.inf)
    assert power(0.5, 10**7) == 0
    assert power(-1.0, 10**6 + 1) == -1
    values = np.array([1.5, -2.0], np.float32)
    assert power(values, 3).tolist() == [3.375, -8.0]
    assert power(values, 3).dtype == np.float32


def test_a_negative_exponent_is_refused():
    with pytest.raises(ConfigError, match="exponent=-1: give an integer of at least 0"):
        power(2.0, -1)


@pytest.mark.parametrize(("start", "stop"), [(1.0, 1e-4), (0.1, 1.0), (1.0, 1.0), (1e-300, 1e300), (3.0, 7.0)])
@pytest.mark.parametrize("count", [1, 2, 3, 12, 784])
def test_geometric_numbers_have_equal_ratios(start, stop, count):
    values = geometric(start, stop, count)
    assert values.shape == (count,)
    assert values.dtype == np.float64
    assert values[0] == start
    assert count == 1 or values[-1] == stop
    with localcontext(prec=DIGITS):
        ratio = Decimal(stop) / Decimal(start)
        largest_logarithm = max(abs(Decimal(start).ln()), abs(Decimal(stop).ln()))
        for i, value in enumerate(values.tolist()):
            exact = Decimal(start) * (ratio.ln() * i / max(1, count - 1)).exp()
            assert abs(Decimal(value) / exact - 1) < Decimal("4e-16") * (4 + largest_logarithm)


def test_select_is_where():
    condition = np.array([True, False])
    assert select(condition, np.float32(1), np.float32(2)).dtype == np.float32
    assert select(condition, 0, np.ones(2, np.float32)).dtype == np.float32
    assert select(condition, 1.0, np.array([2.0, 3.0])).tolist() == [1, 3]
