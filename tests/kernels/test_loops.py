"""Loops over elements: compiled ones give the bits of NumPy's, whatever the optimizer; the choice between them."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import OPTIMIZERS, digits_config, optimizer_of, part
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from zdl_bench.errors import ConfigError
from zdl_bench.kernels import choice
from zdl_bench.kernels.in_place import SLICE, InPlace, record_in_place
from zdl_bench.kernels.loops import Loops
from zdl_bench.kernels.numba_loops import NumbaLoops
from zdl_bench.training.loop import train

DTYPES = ("float32", "float64")
LARGE = {"hidden": (200, 50), "batch_size": 20}
"""A network on the digits with more elements than MIN_COMPILED."""


@pytest.fixture
def numpys_alone(monkeypatch):
    def switch():
        monkeypatch.setattr(choice, "fastest_loops", lambda dtype: choice.numpy_loops())

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
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_gives_the_same_bits_over_200_steps(name, activation, dtype, numpys_alone):
    config = digits_config(
        name, lr=None, problem=part("problem", "mlp", activation=activation, **LARGE), steps=200, dtype=dtype
    )
    assert type(choice.fastest_loops(np.dtype(dtype))) is NumbaLoops
    compiled = train(config)
    numpys_alone()
    plain = train(config)
    assert compiled.digest == plain.digest
    for ours, theirs in zip(vars(compiled.curve.probes).items(), vars(plain.curve.probes).items(), strict=True):
        assert ours[0] == "train_seconds" or np.array_equal(ours[1], theirs[1], equal_nan=True)
    assert compiled.end == plain.end


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_articles_network_gives_the_same_bits(name, mnist, numpys_alone):
    from zdl_bench.run.config import Choice

    data = Choice("mnist", {"checksum": mnist.checksum, "validation_size": 10_000})
    config = digits_config(name, lr=None, problem=part("problem", "mlp"), dataset=data, steps=200)
    compiled = train(config)
    numpys_alone()
    assert compiled.digest == train(config).digest


@pytest.mark.slow
@settings(deadline=None)  # the first example loads what was compiled
@given(data=st.data())
@pytest.mark.parametrize("dtype", DTYPES)
def test_bias_relu_and_chain_agree_on_odd_numbers(dtype, data):
    shape = data.draw(st.tuples(st.integers(1, 5), st.integers(1, 40)))
    z, bias = data.draw(odd_floats(dtype, shape)), data.draw(odd_floats(dtype, shape[1:]))
    for method in ("add_bias", "add_bias_relu"):
        results = []
        for loops in (Loops(), NumbaLoops(np.dtype(dtype))):
            out = z.copy()
            with np.errstate(all="ignore"):
                getattr(loops, method)(out, bias)
            results.append(out)
        assert np.array_equal(*results, equal_nan=True)
        assert np.array_equal(*(np.signbit(one[~np.isnan(one)]) for one in results))
    a = np.maximum(z, 0)
    delta = data.draw(odd_floats(dtype, shape))
    chained = [delta.copy(), delta.copy()]
    with np.errstate(all="ignore"):
        Loops().chain_relu(chained[0], a)
        NumbaLoops(np.dtype(dtype)).chain_relu(chained[1], a)
    assert np.array_equal(*chained, equal_nan=True)
    assert np.array_equal(*(np.signbit(one[~np.isnan(one)]) for one in chained))


@pytest.mark.slow
@settings(deadline=None)  # the first example loads what was compiled
@given(data=st.data())
@pytest.mark.parametrize("dtype", DTYPES)
def test_softmax_agrees_on_odd_numbers(dtype, data):
    rows, classes = data.draw(st.integers(1, 5)), data.draw(st.integers(1, 12))
    logits, totals = data.draw(odd_floats(dtype, (rows, classes))), data.draw(odd_floats(dtype, (rows,)))
    labels = data.draw(arrays(np.uint8, (rows,), elements=st.integers(0, classes - 1)))
    results = []
    for loops in (Loops(), NumbaLoops(np.dtype(dtype))):
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
    for loops in (Loops(), NumbaLoops(np.dtype(dtype))):
        out = np.empty((3, 128), dtype)
        loops.gather_pixels(images, rows, out)
        assert np.array_equal(out, expected)


def with_a_literal(w, g, lr):
    return (w - lr * (g * 0.1),)


def not_for_numba(w, g, lr):
    return (np.asarray(w - lr * g).copy(),)


def with_three_buffers(w, g, a, b, c, lr):
    return w - lr * (a + b + c + g), a + g, b - g, c * g


def that_decides(w, g, lr):
    return (w - lr * g if np.all(g > 0) else w + lr * g,)


def that_selects(w, g, lr):
    return (np.where(g > 0, w - lr, w + lr),)


def that_hands_through(w, g, a, lr):
    return w - lr * a, g


def that_swaps(w, g, a, b, lr):
    return w - lr * g, b, a


def that_squares(w, g, lr):
    return (w - lr * g**2,)


def that_asks_for_the_dtype(w, g, h, lr):
    return w - lr * g / (h * h + np.finfo(h.dtype).eps), h * g


def that_clips(w, g, lr):
    return (w - lr * g.clip(-1, 1),)


RULES = [
    (that_asks_for_the_dtype, 1), (that_clips, 0),
    (with_a_literal, 0), (not_for_numba, 0), (with_three_buffers, 3), (that_decides, 0), (that_selects, 0),
    (that_hands_through, 1), (that_swaps, 2), (that_squares, 0),
]  # fmt: skip


@pytest.mark.parametrize("loops", [Loops, lambda: NumbaLoops(np.dtype(np.float32))], ids=["numpy", "numba"])
@pytest.mark.parametrize(("rule", "buffers"), RULES, ids=lambda value: getattr(value, "__name__", ""))
def test_whatever_a_rule_does_it_gives_the_bits_of_its_expressions(rule, buffers, loops):
    rng = np.random.default_rng(0)
    w, g, *state = rng.standard_normal((2 + buffers, 5000)).astype(np.float32)
    expected = [np.array(each) for each in rule(w, g, *state, np.float32(0.1))]
    loops().update(rule, w, g, tuple(state), (np.float32(0.1),))
    for ours, theirs in zip((w, *state), expected, strict=True):
        assert np.array_equal(ours, theirs.astype(np.float32))


def of_any_number(w, g, *rest):
    *state, lr = rest
    return w - lr * sum(state, g), *(each + g for each in state)


@pytest.mark.parametrize("loops", [Loops, lambda: NumbaLoops(np.dtype(np.float32))], ids=["numpy", "numba"])
def test_one_rule_may_have_more_buffers_another_time(loops):
    loops, rng = loops(), np.random.default_rng(0)
    for buffers in (1, 2, 0):
        w, g, *state = rng.standard_normal((2 + buffers, 5000)).astype(np.float32)
        expected = [np.array(each) for each in of_any_number(w, g, *state, np.float32(0.1))]
        loops.update(of_any_number, w, g, tuple(state), (np.float32(0.1),))
        for ours, theirs in zip((w, *state), expected, strict=True):
            assert np.array_equal(ours, theirs)


def that_selects_large_ones(w, g, lr):
    return (np.where(np.abs(g) > 1e5, w - lr * (g * 0.1), w - lr * g),)


def that_selects_by_a_scalar(w, g, lr):
    return (w - lr * (g * 0.1) if lr > 5 else w - lr * g,)


@pytest.mark.parametrize("rule", [that_selects_large_ones, that_selects_by_a_scalar])
def test_a_rule_is_judged_by_more_than_the_numbers_of_a_quiet_training(rule):
    rng = np.random.default_rng(0)
    w, g = (rng.standard_normal((2, 5000)) * 1e6).astype(np.float32)
    expected = rule(w, g, np.float32(7))[0]
    NumbaLoops(w.dtype).update(rule, w, g, (), (np.float32(7),))
    assert np.array_equal(w, expected)


def that_hides_a_rounding(w, g, lr, decay):
    return (w - lr * (g + decay * (w * 0.1)),)


def test_a_rule_is_not_judged_by_the_scalars_that_it_comes_with_first():
    loops, rng = NumbaLoops(np.dtype(np.float32)), np.random.default_rng(0)
    w, g = rng.standard_normal((2, 5000)).astype(np.float32)
    for decay in (np.float32(0), np.float32(500)):
        expected = that_hides_a_rounding(w, g, np.float32(2**-10), decay)[0]
        loops.update(that_hides_a_rounding, w, g, (), (np.float32(2**-10), decay))
        assert np.array_equal(w, expected)


OF_THE_ARTICLES = ("sgd", "momentum", "adagrad", "rmsprop", "rmsprop_articles", "adam", "adam_articles")


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", OF_THE_ARTICLES)
def test_the_rules_of_the_articles_are_compiled_and_with_numpy_in_place(name, dtype):
    optimizer, dtype = optimizer_of(name), np.dtype(dtype)
    scalars = len(optimizer.coefficients(0.1, 3))
    assert hasattr(NumbaLoops(dtype)._prepare_update(optimizer.rule, dtype, optimizer.buffers, scalars), "py_func")
    assert isinstance(Loops()._prepare_update(optimizer.rule, dtype, optimizer.buffers, scalars), InPlace)


@st.composite
def rules(draw):
    """A rule of random operations, its buffers, and how often it goes wrong to read what was overwritten."""
    buffers = draw(st.integers(0, 3))
    arguments = 2 + buffers + 1
    operations = []
    for made in range(draw(st.integers(1 + buffers, 12))):
        ufunc = draw(st.sampled_from([np.add, np.subtract, np.multiply, np.maximum, np.negative, np.square]))
        inputs = draw(st.lists(st.integers(0, arguments + made - 1), min_size=ufunc.nin, max_size=ufunc.nin))
        operations.append((ufunc, inputs))
    made = st.integers(arguments, arguments + len(operations) - 1)
    results = draw(st.lists(made, min_size=1 + buffers, max_size=1 + buffers, unique=True))

    def rule(*values):
        values = list(values)
        for ufunc, inputs in operations:
            values.append(ufunc(*(values[index] for index in inputs)))
        return tuple(values[index] for index in results)

    return rule, buffers


@given(made=rules(), elements=st.sampled_from([1, 7, SLICE - 1, SLICE, SLICE + 1]))
@settings(deadline=None)
def test_any_operations_in_place_give_the_bits_of_the_expressions(made, elements):
    rule, buffers = made
    vectors = np.random.default_rng(0).standard_normal((2 + buffers, elements)).astype(np.float32)
    lr = np.float32(0.3)
    with np.errstate(all="ignore"):
        expected = [np.broadcast_to(each, elements).copy() for each in rule(*vectors.copy(), lr)]
        w, g, *state = vectors
        before = g.copy()
        record_in_place(rule, buffers, 1)(w, g, tuple(state), (lr,))
    assert np.array_equal(g, before)
    for ours, theirs in zip((w, *state), expected, strict=True):
        assert ours.tobytes() == theirs.tobytes()


def test_small_vectors_do_without_the_compiler():
    code = (
        "import sys; from conftest import quadratic_config; from zdl_bench.training.loop import train; "
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
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])} | variables,
    )


UPDATE = (
    "import numpy as np; from zdl_bench.kernels.choice import fastest_loops; from zdl_bench.optimizers.sgd import SGD; "
    "w = np.ones(3, np.float32); loops = fastest_loops(w.dtype); "
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
    assert type(choice.fastest_loops.__wrapped__(np.dtype(np.float32))) is Loops
    monkeypatch.setenv("ZDL_BENCH_LOOPS", "numba")
    with pytest.raises(ConfigError, match=r"ZDL_BENCH_LOOPS=numba: numba is not installed; pip install 'zdl-bench\[fast\]'"):
        choice.fastest_loops.__wrapped__(np.dtype(np.float32))


BREAKAGES = ["ImportError", "OSError", "AttributeError", "RuntimeError", "SystemError"]


@pytest.mark.parametrize("error", BREAKAGES)
def test_a_numba_that_cannot_be_imported_is_done_without(error, tmp_path):
    (tmp_path / "numba.py").write_text(f"raise {error}('Numba needs an older NumPy')")
    assert started(UPDATE, PYTHONPATH=str(tmp_path)).stdout == "numpy [0.5 0.5 0.5]\n"
    outcome = started(UPDATE, PYTHONPATH=str(tmp_path), ZDL_BENCH_LOOPS="numba")
    assert "ZDL_BENCH_LOOPS=numba: numba does not work here (Numba needs an older NumPy); install another" in outcome.stderr


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [("problem=quadratic", "steps=2"), ("verify",), ("bench", "problem=quadratic")])
def test_a_numba_that_is_asked_for_and_does_not_work_is_an_error_before_anything_is_trained(arguments, tmp_path):
    (tmp_path / "numba.py").write_text("raise OSError('libllvm is missing')")
    variables = {"PYTHONPATH": str(tmp_path), "ZDL_BENCH_LOOPS": "numba"}
    code = f"import sys, os; os.chdir({str(tmp_path)!r}); from zdl_bench.cli import main; sys.exit(main({list(arguments)}))"
    outcome = started(code, **variables)
    assert outcome.returncode == 2
    assert outcome.stderr.startswith("error: ZDL_BENCH_LOOPS=numba: numba does not work here (libllvm is missing)")
    assert not (tmp_path / "results").exists()


def test_a_numba_that_is_told_not_to_compile_is_done_without():
    assert started(UPDATE, NUMBA_DISABLE_JIT="1").stdout == "numpy [0.5 0.5 0.5]\n"


@pytest.mark.slow
def test_compiled_code_is_kept(tmp_path):
    for _ in range(2):
        assert started(UPDATE, NUMBA_CACHE_DIR=str(tmp_path)).stdout == "numba [0.5 0.5 0.5]\n"
        kept = {path.name: path.stat().st_mtime_ns for path in tmp_path.rglob("*.nbc")}
        assert any("SGD.rule" in name for name in kept)
    started(UPDATE, NUMBA_CACHE_DIR=str(tmp_path))
    assert {path.name: path.stat().st_mtime_ns for path in tmp_path.rglob("*.nbc")} == kept


@pytest.mark.slow
@pytest.mark.parametrize("suffix", ["nbi", "nbc"])
@pytest.mark.parametrize("content", [b"", None], ids=["empty", "unreadable"])
def test_kept_files_that_are_damaged_are_made_anew(suffix, content, tmp_path):
    started(UPDATE, NUMBA_CACHE_DIR=str(tmp_path))
    damaged = list(tmp_path.rglob(f"*.{suffix}"))
    assert len(damaged) > 6
    for path in damaged:
        if content is None:
            path.unlink()
            path.mkdir()
        else:
            path.write_bytes(content)
    outcome = started(UPDATE, NUMBA_CACHE_DIR=str(tmp_path))
    assert outcome.stdout == "numba [0.5 0.5 0.5]\n", outcome.stderr
    if content is not None:
        assert all(path.stat().st_size > 10 for path in damaged)


BOTH = UPDATE.replace("np.float32", "np.dtype(sys.argv[1]).type").replace("import numpy", "import sys, numpy", 1)


@pytest.mark.slow
def test_processes_that_start_together_do_not_spoil_what_the_others_keep(tmp_path):
    variables = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)}
    for _ in range(2):
        processes = [
            subprocess.Popen([sys.executable, "-c", BOTH, dtype], env=variables, stdout=subprocess.PIPE, text=True)
            for dtype in (*DTYPES, *DTYPES)
        ]
        assert [process.communicate()[0] for process in processes] == ["numba [0.5 0.5 0.5]\n"] * len(processes)
    names = [path.name for path in tmp_path.rglob("*.nbc")]
    assert names
    assert all(name.endswith(".1.nbc") for name in names), "one signature a file"


@pytest.mark.slow
def test_where_nothing_can_be_kept_it_is_compiled_all_the_same():
    nowhere = {"NUMBA_CACHE_LOCATOR_CLASSES": "UserProvidedCacheLocator", "NUMBA_CACHE_DIR": "/dev/full/nowhere"}
    assert started(UPDATE, **nowhere).stdout == "numba [0.5 0.5 0.5]\n"


@pytest.mark.slow
def test_a_full_disk_is_no_reason_against_compiled_loops(tmp_path):
    code = (
        "from numba.core.caching import IndexDataCacheFile as file\n"
        "def full(*_): raise OSError(28, 'No space left on device')\n"
        f"file._save_index = file._save_data = full\n{UPDATE}"
    )
    assert started(code, NUMBA_CACHE_DIR=str(tmp_path)).stdout == "numba [0.5 0.5 0.5]\n"
    assert not list(tmp_path.rglob("*.nb*"))
