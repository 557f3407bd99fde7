"""Analytic problems: gradients against finite differences, known minima, and paths computed by hand."""

import math
from dataclasses import replace

import numpy as np
import pytest
from conftest import part, quadratic_config

from zdl_bench.errors import ConfigError
from zdl_bench.kernels.streams import spawned_streams
from zdl_bench.problems.analytic import AnalyticSpec
from zdl_bench.problems.double_well import DoubleWell
from zdl_bench.problems.quadratic import Quadratic
from zdl_bench.problems.rastrigin import Rastrigin
from zdl_bench.problems.six_hump_camel import SixHumpCamel
from zdl_bench.problems.styblinski_tang import StyblinskiTang
from zdl_bench.problems.surface import Surface
from zdl_bench.registry import conf_files, registry
from zdl_bench.run.config import RunConfig
from zdl_bench.run.run import Curve
from zdl_bench.store.encoding import decode, encode
from zdl_bench.training.loop import train


def surface_named(name: str) -> Surface | None:
    spec = registry.problem(part("problem", name))
    return spec if isinstance(spec, Surface) else None


SURFACES = {name: spec for name in conf_files.names("problem") if (spec := surface_named(name))}
BOUNDED = [name for name, spec in SURFACES.items() if spec.minima]


def surface_config(name: str, optimizer: str = "sgd", lr: float = 0.1, problem: dict | None = None, **changes) -> RunConfig:
    return replace(quadratic_config(optimizer, lr, **changes), problem=part("problem", name, **(problem or {})))


def points_of(name: str, *arguments, **changes) -> np.ndarray:
    return train(surface_config(name, *arguments, **changes)).curve.points


def random_points(spec: Surface, count: int) -> np.ndarray:
    lows, highs = np.array(spec.domain).T[..., np.newaxis]
    return lows + (highs - lows) * np.random.default_rng(0).random((2, count))


def test_there_are_ten_surfaces():
    assert len(SURFACES) >= 10
    assert [name for name in SURFACES if name not in BOUNDED] == ["saddle"]


@pytest.mark.parametrize("name", SURFACES)
def test_gradient_agrees_with_finite_differences(name):
    spec = SURFACES[name]
    width = 1e-5
    for point in random_points(spec, 200).T:
        gradient = spec.gradient(point)
        for i in (0, 1):
            step = width * np.eye(2)[i]
            sides = [spec.height(*(point + step)), spec.height(*(point - step))]
            numeric = (sides[0] - sides[1]) / (2 * width)
            assert gradient[i] == pytest.approx(numeric, rel=1e-6, abs=1e-4), point


@pytest.mark.parametrize("name", BOUNDED)
def test_the_gap_is_zero_at_the_minima_and_there_alone(name):
    spec = SURFACES[name]
    for minimum in spec.minima:
        assert 0 <= spec.value(np.array(minimum)) < 1e-9
        assert spec.height(*np.array(minimum)) == pytest.approx(spec.lowest, abs=1e-9)
        assert np.abs(spec.gradient(np.array(minimum))).max() < 1e-9
    points = random_points(spec, 20_000)
    distances = [np.linalg.norm(points.T - minimum, axis=1) for minimum in spec.minima]
    elsewhere = np.min(distances, axis=0) > 0.05
    assert (spec.value(points)[elsewhere] > 1e-4).all()


@pytest.mark.parametrize("name", BOUNDED)
def test_no_search_finds_a_lower_point(name):
    """Ever finer grids around the best of many points come down to a stated minimum, never below."""
    spec = SURFACES[name]
    points = random_points(spec, 50_000)
    best = points[:, np.argmin(spec.height(*points))]
    width = 0.1
    for _ in range(12):
        near = best[:, np.newaxis, np.newaxis] + width * np.array(np.meshgrid(*[np.linspace(-1, 1, 41)] * 2))
        best = near.reshape(2, -1)[:, np.argmin(spec.height(*near))]
        width /= 4
    assert spec.height(*best) == pytest.approx(spec.lowest, abs=1e-9)
    assert min(math.dist(best, minimum) for minimum in spec.minima) < 1e-3


@pytest.mark.parametrize("name", SURFACES)
def test_a_grid_has_the_values_of_its_points(name):
    spec = SURFACES[name]
    grid = random_points(spec, 12).reshape(2, 3, 4)
    values, gradients = spec.value(grid), spec.gradient(grid)
    assert values.shape == (3, 4)
    assert gradients.shape == (2, 3, 4)
    for row, column in np.ndindex(3, 4):
        point = grid[:, row, column]
        assert values[row, column] == pytest.approx(float(spec.value(point)), rel=1e-12)
        assert gradients[:, row, column] == pytest.approx(spec.gradient(point), rel=1e-12)


def test_the_quadratic_takes_grids_too():
    spec = Quadratic(dimension=3, condition_number=100.0)
    grid = np.random.default_rng(0).standard_normal((3, 2, 5))
    expected = 0.5 * (0.01 * grid[0] ** 2 + 0.1 * grid[1] ** 2 + grid[2] ** 2)
    assert spec.value(grid) == pytest.approx(expected)
    assert spec.gradient(grid)[1] == pytest.approx(0.1 * grid[1])


@pytest.mark.parametrize("name", SURFACES)
def test_the_yaml_and_the_class_agree_and_the_start_lies_inside(name):
    spec = SURFACES[name]
    assert spec == type(spec)()
    for x, (low, high) in zip(spec.start, spec.domain, strict=True):
        assert low < x < high
    assert spec.value(np.array(spec.start)) > 0
    targets = conf_files.load_yaml("problem", name)["targets"]
    assert targets == sorted(targets, reverse=True)
    assert targets[0] < spec.value(np.array(spec.start))


@pytest.mark.parametrize("name", SURFACES)
def test_float32_runs_have_gaps_of_float64(name):
    """f − f* would cancel in float32: six digits of 78 are no gap of 1e-6."""
    spec = SURFACES[name]
    problem = spec.build(None, np.float32)
    params = problem.init(spawned_streams(0).weights)
    grad = np.empty_like(params)
    assert params.dtype == np.float32
    loss = problem.loss_and_gradient(params, np.zeros(2, np.float32), grad)
    assert loss == float(spec.value(params.astype(np.float64)))
    assert spec.gradient(params).dtype == np.float32
    assert grad == pytest.approx(spec.gradient(params.astype(np.float64)), rel=1e-4)


TEXTBOOK = {  # in the words of another source, at (1.5, -0.5)
    "rosenbrock": 100 * (-0.5 - 1.5**2) ** 2 + (1 - 1.5) ** 2,
    "rastrigin": 20 + sum(x * x - 10 * math.cos(2 * math.pi * x) for x in (1.5, -0.5)),
    "styblinski_tang": sum(x**4 - 16 * x**2 + 5 * x for x in (1.5, -0.5)) / 2,
    "six_hump_camel": 4 * 1.5**2 - 2.1 * 1.5**4 + 1.5**6 / 3 - 1.5 * 0.5 - 4 * 0.5**2 + 4 * 0.5**4,
    "beale": (1.5 - 1.5 * 1.5) ** 2 + (2.25 - 1.5 * (1 - 0.25)) ** 2 + (2.625 - 1.5 * (1 + 0.125)) ** 2,
    "himmelblau": (2.25 - 0.5 - 11) ** 2 + (1.5 + 0.25 - 7) ** 2,
    "booth": (1.5 - 1 - 7) ** 2 + (3 - 0.5 - 5) ** 2,
    "bowl": 2.25 / 20 + 0.25,
    "saddle": 2.25 - 0.25,
    "double_well": 1.25**2 + 0.45 + 0.125,
}


@pytest.mark.parametrize("name", TEXTBOOK)
def test_heights_are_those_of_the_textbook(name):
    assert SURFACES[name].height(1.5, -0.5) == pytest.approx(TEXTBOOK[name], rel=1e-14)


def stationary(spec: Surface, point) -> np.ndarray:
    """Newton's method on the gradient, with a Jacobian of finite differences."""
    w = np.array(point, float)
    for _ in range(30):
        sides = [spec.gradient(w + d) - spec.gradient(w - d) for d in 1e-6 * np.eye(2)]
        w -= np.linalg.solve(np.array(sides).T / 2e-6, spec.gradient(w))
    return w


def test_the_double_well_is_as_its_docstring_says():
    spec = DoubleWell()
    angles = [math.acos(-0.1125 * math.sqrt(3)) / 3 - 2 * math.pi * k / 3 for k in range(3)]
    local, barrier, lowest = (2 / math.sqrt(3) * math.cos(angle) for angle in angles)
    for x in (local, barrier, lowest):
        assert spec.gradient(np.array([x, 0.0])) == pytest.approx([0, 0], abs=1e-12)
    assert spec.minima[0][0] == pytest.approx(lowest, abs=1e-14)
    gaps = [float(spec.value(np.array([x, 0.0]))) for x in (lowest, local, barrier)]
    assert gaps == pytest.approx([0, 0.5995749648, 1.3167104865], abs=1e-10)
    assert f"{gaps[2] - gaps[1]:.10f}" in DoubleWell.__doc__
    targets = conf_files.load_yaml("problem", "double_well")["targets"]
    assert targets[-1] < 0.6 * gaps[1]
    right = random_points(spec, 50_000)
    right = right[:, right[0] >= barrier]
    assert spec.value(right).min() > targets[-1], "the last target is reached in the global basin only"
    settled = points_of("double_well", "sgd", 0.01, steps=2000)[-1]
    assert settled == pytest.approx([local, 0], abs=1e-6), "plain descent from the start ends in the local minimum"


def test_rastrigin_starts_beside_a_local_minimum_and_its_targets_tell_the_minima_apart():
    spec = Rastrigin()
    nearest, home = stationary(spec, (0.995, 0)), stationary(spec, (-1.99, 0.995))
    assert float(spec.value(nearest)) == pytest.approx(0.99496, abs=1e-5)
    assert float(spec.value(home)) == pytest.approx(4.97479, abs=1e-5)
    assert points_of("rastrigin", "sgd", 1e-3, steps=2000)[-1] == pytest.approx(home, abs=1e-6)
    targets = conf_files.load_yaml("problem", "rastrigin")["targets"]
    assert targets[-1] < float(spec.value(nearest)) < targets[-2] < targets[-3] < float(spec.value(home))


@pytest.mark.parametrize(
    ("spec", "point", "height"),
    [
        (SixHumpCamel(), (1.70361, -0.79608), -0.21546),
        (SixHumpCamel(), (-1.70361, 0.79608), -0.21546),
        (SixHumpCamel(), (1.60710, 0.56865), 2.10425),
        (StyblinskiTang(), (2.7468, -2.9035), -78.33233 + 14.13672),
        (StyblinskiTang(), (2.7468, 2.7468), -78.33233 + 28.27344),
    ],
)
def test_other_minima_are_where_the_docstrings_say(spec, point, height):
    found = stationary(spec, point)
    assert found == pytest.approx(point, abs=1e-4)
    assert float(spec.height(*found)) == pytest.approx(height, abs=1e-5)


def adagrad_by_hand(lr: float, steps: int) -> list[tuple[float, float]]:
    """The articles' AdaGrad on the bowl, coordinate by coordinate."""
    x, y, hx, hy = -7.0, 2.0, 0.0, 0.0
    path = [(x, y)]
    for _ in range(steps):
        gx, gy = x / 10, 2 * y
        hx += gx * gx
        hy += gy * gy
        x -= lr * gx / (math.sqrt(hx) + 1e-7)
        y -= lr * gy / (math.sqrt(hy) + 1e-7)
        path.append((x, y))
    return path


@pytest.mark.parametrize("lr", [0.5, 1.5, 2.5])
def test_adagrad_on_the_bowl_is_that_of_the_articles(lr):
    points = points_of("bowl", "adagrad", lr, steps=30)
    assert np.abs(points - adagrad_by_hand(lr, 30)).max() < 1e-12


def test_adagrad_on_the_bowl_reaches_the_printed_points():
    points = points_of("bowl", "adagrad", 1.5, steps=30)
    assert [round(x, 6) for x in points[1].tolist()] == [-5.5, 0.5]
    assert round(points[30][0], 6) == -0.120162
    assert f"{points[30][1]:.1e}" == "2.5e-17"


def test_sgd_on_the_bowl_has_a_closed_form():
    lr, k = 0.95, np.arange(41)
    run = train(surface_config("bowl", "sgd", lr, steps=40))
    x, y = -7 * (1 - lr / 10) ** k, 2 * (1 - 2 * lr) ** k
    assert run.curve.points == pytest.approx(np.stack([x, y], axis=1), rel=1e-12)
    assert run.curve.probes.probe_loss == pytest.approx(x**2 / 20 + y**2, rel=1e-12)
    assert run.curve.train_loss == pytest.approx((x**2 / 20 + y**2)[:-1], rel=1e-12)
    assert run.curve.trivial_loss == pytest.approx(49 / 20 + 4)


def test_a_seed_has_a_start_of_its_own_that_its_optimizers_share():
    spread = {"start_std": 0.5}
    starts = [
        points_of("rosenbrock", optimizer, 1e-4, spread, seed=seed, steps=1)[0].tolist()
        for seed in (0, 1)
        for optimizer in ("sgd", "adam")
    ]
    assert starts[0] == starts[1] != starts[2] == starts[3]
    assert points_of("rosenbrock", "sgd", 1e-4, seed=1, steps=1)[0].tolist() == [-1.2, 1.0]


def test_starts_have_the_asked_spread_and_losses_are_judged_by_their_own_start():
    spec = replace(SURFACES["himmelblau"], start=(1.0, -1.0), start_std=0.5)
    starts = []
    for seed in range(2000):
        problem = spec.build(None, np.float64)
        start = problem.init(spawned_streams(seed).weights)
        assert problem.trivial_loss == float(spec.value(start))
        assert problem.minimum == min(spec.minima, key=lambda minimum, start=start: math.dist(minimum, start))
        starts.append(start)
    assert np.mean(starts, axis=0) == pytest.approx([1, -1], abs=0.05)
    assert np.std(starts, axis=0) == pytest.approx([0.5, 0.5], rel=0.05)
    assert abs(np.corrcoef(np.transpose(starts))[0, 1]) < 0.1


def test_gradient_noise_has_the_asked_size_and_is_shared_by_the_optimizers_of_a_seed():
    spec = replace(SURFACES["beale"], gradient_noise=0.3)
    problem = spec.build(None, np.float64)
    batches = problem.batches(spawned_streams(0))
    params, grad = np.array(spec.start), np.empty(2)
    noise = []
    for _ in range(4000):
        problem.loss_and_gradient(params, next(batches), grad)
        noise.append(grad - spec.gradient(params))
    assert np.mean(noise, axis=0) == pytest.approx([0, 0], abs=0.02)
    assert np.std(noise, axis=0) == pytest.approx([0.3, 0.3], rel=0.05)

    def first_noise(lr: float, seed: int) -> list[float]:
        points = points_of("beale", "sgd", lr, {"gradient_noise": 0.3}, seed=seed, steps=1)
        return ((points[0] - points[1]) / lr).tolist()

    assert first_noise(1e-3, 0) == pytest.approx(first_noise(1e-2, 0), rel=1e-9)
    assert first_noise(1e-3, 0) != pytest.approx(first_noise(1e-3, 1), rel=1e-3)


def test_a_run_knows_the_minimum_nearest_to_its_start():
    assert train(surface_config("himmelblau", lr=1e-3, problem={"start": (-3.0, -3.0)}, steps=1)).curve.minimum == (
        -3.7793102533777469,
        -3.2831859912861694,
    )
    assert train(surface_config("saddle", steps=1)).curve.minimum is None
    assert train(quadratic_config(problem={"dimension": 3}, steps=1)).curve.minimum == (0.0, 0.0, 0.0)
    assert train(quadratic_config(problem={"dimension": 17}, steps=1)).curve.minimum is None, "no points, no minimum"


def test_the_minimum_is_stored_and_older_files_do_without_it():
    run = train(surface_config("booth", lr=0.01, steps=3))
    assert decode(encode(run)).curve.minimum == (1.0, 3.0)
    older = replace(run, curve=Curve(**{**vars(run.curve), "minimum": None}))
    stored = encode(older)
    assert b"minimum" not in stored.schema.metadata[b"curve"]
    assert decode(stored).curve.minimum is None


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"start": [1, 2, 3]}, r"problem\.start=\[1\.0, 2\.0, 3\.0\]: a start must be two finite numbers"),
        ({"start": [1.0]}, r"problem\.start=\[1\.0\]: a start must be two finite numbers"),
        ({"start": [1.0, math.inf]}, r"problem\.start=\[1\.0, inf\]: a start must be two finite numbers"),
        ({"start": [math.nan, 0.0]}, r"problem\.start=\[nan, 0\.0\]: a start must be two finite numbers"),
        ({"start": 1.0}, r"problem\.start=\[1\.0\]: a start must be two finite numbers"),
        ({"start": ["a", 1.0]}, r"problem\.start=a: give a number"),
        ({"start": [True, 1.0]}, r"problem\.start=True: give a number"),
        ({"start_std": -1.0}, r"problem\.start_std=-1\.0: a standard deviation must be finite and at least 0"),
        ({"gradient_noise": math.inf}, r"problem\.gradient_noise=inf: a standard deviation must be finite and at least 0"),
    ],
)
def test_wrong_values_are_named(values, message):
    with pytest.raises(ConfigError, match=message):
        registry.problem(part("problem", "bowl", **values))


def test_integers_serve_as_coordinates():
    choice = part("problem", "bowl", start=[-7, 2])
    assert choice.values["start"] == (-7.0, 2.0)
    assert choice == part("problem", "bowl")


def test_a_start_given_on_the_command_line(command):
    common = ("problem=bowl", "report=false", "executor=serial", "steps=2")
    assert command(*common, "problem.start=[3,1.5]").status == 0
    wrong = command(*common, "problem.start=[1,2,3]")
    assert wrong.status == 2
    assert "problem.start=[1.0, 2.0, 3.0]" in wrong.err
    assert "problem.start=[1,2]" in wrong.err


def test_every_analytic_problem_is_drawn_or_says_that_it_is_not():
    for name in conf_files.names("problem"):
        spec = registry.problem(part("problem", name))
        assert (spec.domain is not None) == isinstance(spec, Surface), name
        assert isinstance(spec, AnalyticSpec) == (not spec.needs_data), name
