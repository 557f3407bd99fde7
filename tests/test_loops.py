"""Loops over elements: compiled ones give the bits of NumPy's, whatever the optimizer; the choice between them."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import digits_config, part
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from test_optimizers import ALL

from zdl_bench.errors import ConfigError
from zdl_bench.loops import choice
from zdl_bench.loops.compiled import NumbaLoops
from zdl_bench.loops.plain import NumpyLoops
from zdl_bench.training import train

DTYPES = ("float32", "float64")
LARGE = {"hidden": (200, 50), "batch_size": 20}
"""A network on the digits with more elements than SMALLEST."""


@pytest.fixture
def numpys_alone(monkeypatch):
    def switch():
        monkeypatch.setattr(choice, "fastest", lambda dtype: NumpyLoops())

    return switch


@pytest.fixture(params=DTYPES)
def compiled(request):
    return NumbaLoops(np.dtype(request.param))


def odd_floats(dtype, shape):
    odd = st.sampled_from([0.0, -0.0, np.inf, -np.inf, np.nan, 1e-45, -1e-39, 3e38, 1.0])
    wide = st.floats(width=32, allow_nan=True, allow_infinity=True)
    return arrays(dtype, shape, elements=st.one_of(odd, wide)).map(lambda values: values.astype(dtype))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("activation", ["relu", "tanh", "sigmoid"])
@pytest.mark.parametrize("name", ALL)
def test_every_optimizer_gives_the_same_bits_over_200_steps(name, activation, dtype, numpys_alone):
    config = digits_config(
        name, lr=None, problem=part("problem", "mlp", activation=activation, **LARGE), steps=200, dtype=dtype
    )
    assert type(choice.fastest(np.dtype(dtype))) is NumbaLoops
    compiled = train(config)
    numpys_alone()
    plain = train(config)
    assert compiled.digest == plain.digest
    for ours, theirs in zip(vars(compiled.curve.probes).items(), vars(plain.curve.probes).items(), strict=True):
        assert ours[0] == "train_seconds" or np.array_equal(ours[1], theirs[1], equal_nan=True)
    assert compiled.end == plain.end


@pytest.mark.parametrize("name", ALL)
def test_the_articles_network_gives_the_same_bits(name, mnist, numpys_alone):
    from zdl_bench.run import Choice

    data = Choice("mnist", {"checksum": mnist.checksum, "validation_size": 10_000})
    config = digits_config(name, lr=None, problem=part("problem", "mlp"), dataset=data, steps=200)
    compiled = train(config)
    numpys_alone()
    assert compiled.digest == train(config).digest


@settings(deadline=None)  # the first example loads what was compiled
@given(data=st.data())
@pytest.mark.parametrize("dtype", DTYPES)
def test_bias_relu_and_chain_agree_on_odd_numbers(dtype, data):
    shape = data.draw(st.tuples(st.integers(1, 5), st.integers(1, 40)))
    z, bias = data.draw(odd_floats(dtype, shape)), data.draw(odd_floats(dtype, shape[1:]))
    for method in ("add_bias", "add_bias_relu"):
        results = []
        for loops in (NumpyLoops(), NumbaLoops(np.dtype(dtype))):
            out = z.copy()
            with np.errstate(all="ignore"):
                getattr(loops, method)(out, bias)
            results.append(out)
        assert np.array_equal(*results, equal_nan=True)
    a = np.maximum(z, 0)
    delta = data.draw(odd_floats(dtype, shape))
    chained = [delta.copy(), delta.copy()]
    with np.errstate(all="ignore"):
        NumpyLoops().chain_relu(chained[0], a)
        NumbaLoops(np.dtype(dtype)).chain_relu(chained[1], a)
    assert np.array_equal(*chained, equal_nan=True)
    assert np.array_equal(*(np.signbit(one[~np.isnan(one)]) for one in chained))


@settings(deadline=None)  # the first example loads what was compiled
@given(data=st.data())
@pytest.mark.parametrize("dtype", DTYPES)
def test_softmax_agrees_on_odd_numbers(dtype, data):
    rows, classes = data.draw(st.integers(1, 5)), data.draw(st.integers(1, 12))
    logits, totals = data.draw(odd_floats(dtype, (rows, classes))), data.draw(odd_floats(dtype, (rows,)))
    labels = data.draw(arrays(np.uint8, (rows,), elements=st.integers(0, classes - 1)))
    results = []
    for loops in (NumpyLoops(), NumbaLoops(np.dtype(dtype))):
        out, shifted, delta = logits.copy(), np.empty(rows, dtype), logits.copy()
        with np.errstate(all="ignore"):
            loops.shift_logits(out, labels, shifted)
            loops.softmax_delta(delta, totals, labels)
        results.append((out, shifted, delta))
    for ours, theirs in zip(*results, strict=True):
        assert np.array_equal(ours, theirs, equal_nan=True)


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_pixel_value_is_a_float32_quotient(dtype):
    images = np.arange(256, dtype=np.uint8).reshape(2, 128)
    rows = np.array([1, 0, 1])
    expected = (images[rows] / np.float32(255)).astype(dtype)
    for loops in (NumpyLoops(), NumbaLoops(np.dtype(dtype))):
        out = np.empty((3, 128), dtype)
        loops.gather_pixels(images, rows, out)
        assert np.array_equal(out, expected)


def with_a_literal(w, g, lr):
    return (w - lr * (g * 0.1),)


def not_for_numba(w, g, lr):
    return (np.asarray(w - lr * g).copy(),)


def with_three_buffers(w, g, a, b, c, lr):
    return w - lr * (a + b + c + g), a + g, b - g, c * g


@pytest.mark.parametrize(("rule", "buffers"), [(with_a_literal, 0), (not_for_numba, 0), (with_three_buffers, 3)])
def test_a_rule_that_numba_would_calculate_otherwise_stays_with_numpy(rule, buffers):
    rng = np.random.default_rng(0)
    w, g, *state = rng.standard_normal((2 + buffers, 1000)).astype(np.float32)
    expected = rule(w, g, *state, np.float32(0.1))
    NumbaLoops(w.dtype).update(rule, w, g, tuple(state), (np.float32(0.1),))
    for ours, theirs in zip((w, *state), expected, strict=True):
        assert np.array_equal(ours, theirs)


def test_a_rule_that_numba_can_compile_is_compiled(compiled):
    from zdl_bench.optimizers.adam import Adam

    dtype = np.dtype(np.float32)
    scalars = tuple(dtype.type(value) for value in Adam().coefficients(0.1, 3))
    loop = compiled._loop_of(Adam.rule, dtype, 2, scalars)
    assert hasattr(loop, "py_func")


def test_small_vectors_do_without_the_compiler():
    code = (
        "import sys; from conftest import quadratic_config; from zdl_bench.training import train; "
        "train(quadratic_config('adam')); print('numba' in sys.modules)"
    )
    printed = started(code)
    assert printed.stdout.split()[-1] == "False"


def started(code, **variables):
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parent)} | variables,
    )


UPDATE = (
    "import numpy as np; from zdl_bench.loops.choice import fastest; from zdl_bench.optimizers.sgd import SGD; "
    "w = np.ones(3, np.float32); loops = fastest(w.dtype); "
    "loops.update(SGD.rule, w, w.copy(), (), (np.float32(0.5),)); print(loops.name.split()[0], w)"
)


@pytest.mark.parametrize("wanted", ["numpy", "numba"])
def test_the_environment_can_say_which(wanted):
    assert started(UPDATE, ZDL_BENCH_LOOPS=wanted).stdout == f"{wanted} [0.5 0.5 0.5]\n"


def test_another_word_is_an_error_before_anything_is_trained(monkeypatch, command, tmp_path):
    monkeypatch.setenv("ZDL_BENCH_LOOPS", "cython")
    outcome = command("problem=quadratic", "steps=2")
    assert outcome.status == 2
    assert "ZDL_BENCH_LOOPS=cython: choose numpy or numba" in outcome.err
    assert list(tmp_path.iterdir()) == []


def test_without_numba_it_cannot_be_wanted(monkeypatch):
    monkeypatch.setattr(choice, "find_spec", lambda name: None)
    assert type(choice.fastest.__wrapped__(np.dtype(np.float32))) is NumpyLoops
    monkeypatch.setenv("ZDL_BENCH_LOOPS", "numba")
    with pytest.raises(ConfigError, match=r"ZDL_BENCH_LOOPS=numba: it is not installed; pip install 'zdl-bench\[fast\]'"):
        choice.wanted()


def test_a_numba_that_cannot_be_imported_is_done_without(tmp_path):
    (tmp_path / "numba.py").write_text("raise ImportError('Numba needs an older NumPy')")
    assert started(UPDATE, PYTHONPATH=str(tmp_path)).stdout == "numpy [0.5 0.5 0.5]\n"
    outcome = started(UPDATE, PYTHONPATH=str(tmp_path), ZDL_BENCH_LOOPS="numba")
    assert "ZDL_BENCH_LOOPS=numba: Numba needs an older NumPy; install another numba" in outcome.stderr


def test_compiled_code_is_kept(tmp_path):
    for _ in range(2):
        assert started(UPDATE, NUMBA_CACHE_DIR=str(tmp_path)).stdout == "numba [0.5 0.5 0.5]\n"
        kept = {path.name: path.stat().st_mtime_ns for path in tmp_path.rglob("*.nbc")}
        assert any("SGD.rule" in name for name in kept)
    names = set(kept)
    started(UPDATE, NUMBA_CACHE_DIR=str(tmp_path))
    assert {path.name: path.stat().st_mtime_ns for path in tmp_path.rglob("*.nbc")} == kept
    assert names == set(kept)


def test_where_nothing_can_be_kept_it_is_compiled_all_the_same():
    full = "/dev/full/nowhere"
    assert started(UPDATE, NUMBA_CACHE_DIR=full).stdout == "numba [0.5 0.5 0.5]\n"
