"""Whatever a rule does, it gives the bits of its expressions in NumPy, compiled or not."""

import functools
import itertools

import numpy as np
import pytest
from arrays import DTYPES, has_same_bits, numbers
from conftest import optimizer_of, step_of
from hypothesis import given, settings
from hypothesis import strategies as st

from zdl_bench.kernels.compiled import CompiledKernels
from zdl_bench.kernels.definition import SLICE, Kernels
from zdl_bench.kernels.elementary import cos_pi, exp, log, power, select, sin_pi, tanh

SHARE = 0.9
STEPS = 3
TABLE = np.array([0.5, 0.25])


@pytest.fixture(scope="module", params=DTYPES)
def dtype(request):
    return np.dtype(request.param)


@pytest.fixture(scope="module")
def compiled(dtype):
    return CompiledKernels(dtype)


def is_compiled(kernels, rule, buffers, scalars):
    return kernels._update(rule, buffers, tuple(scalars))[0] is not None


# Rules that are compiled.


def with_literals(w, g, lr):
    return w - lr * (g * 0.1) + 3 * g


def with_a_number_of_its_module(w, g, lr):
    return w - lr * g * SHARE / STEPS


def with_folded_numbers(w, g, lr):
    return w - lr * g * (1 - 0.9) / -3.0


def with_a_tuple_of_numbers(w, g, m, lr):
    decay, rest = 0.9, 0.1
    m = decay * m + rest * g
    return w - lr * m, m


def that_hands_through(w, g, a, lr):
    return w - lr * a, g


def that_swaps(w, g, a, b, lr):
    return w - lr * g, b, a


def that_selects(w, g, lr):
    return select((g > 0.3) & (w < 1) | (g == w), w - lr, w + lr * 0.1)


def that_selects_numbers(w, g, lr):
    return w - select(g > 0, 0.1, lr) * select(g >= 0, 1, -g)


def that_takes_elementary_functions(w, g, a, lr):
    return w - lr * tanh(g) * exp(-abs(g)), log(np.abs(a) + 0.1) + sin_pi(w) * cos_pi(g)


def that_takes_roots_and_squares(w, g, a, lr):
    a = a + np.square(g)
    return w - lr * g / (np.sqrt(a) + 1e-8), a


def that_forgets(w, g, a, lr):
    return w * 0 + 1, a


def that_gives_a_number(w, g, a, lr):
    return w - lr * g, 0.1


def with_three_buffers(w, g, a, b, c, lr):
    return w - lr * (a + b + c + g), a + g, b - g, c * g


def with_scalars_by_name(w, g, a, *, lr):
    a = 0.9 * a + g
    return w - lr * a, a


def without_scalars(w, g):
    return w - g * 0.1


COMPILED = [
    with_literals, with_a_number_of_its_module, with_folded_numbers, with_a_tuple_of_numbers, that_hands_through, that_swaps,
    that_selects, that_selects_numbers, that_takes_elementary_functions, that_takes_roots_and_squares, that_forgets,
    that_gives_a_number, with_three_buffers, with_scalars_by_name, without_scalars,
]  # fmt: skip

# Rules that are not: their numbers are rounded elsewhere, or numba does something else, or cannot do it.


def with_numbers_combined(w, g, lr):
    return w - lr * ((1 - SHARE) * g)


def with_local_numbers_combined(w, g, lr):
    share = 0.9
    rest = 1 - share
    return w - lr * (rest * g)


def with_a_default(w, g, lr, share=0.1):
    return w - lr * (g * share)


def with_a_keyword(w, g, lr, *, share=0.1):
    return w - lr * (g * share)


def with_an_inner_function(w, g, lr):
    grow = lambda values: np.exp(values * 0.1)  # noqa: E731
    return w - lr * grow(g)


def with_a_comprehension(w, g, lr):
    return w - lr * [values * 0.1 for values in (g, w)][0]  # noqa: RUF015


def with_a_root_of_a_number(w, g, lr):
    return w - lr * (g / np.sqrt(2))


def with_an_array_of_its_module(w, g, lr):
    return w - lr * g * TABLE[0]


def with_not(w, g, lr):
    return select(~(g > 0), w - lr * g, w)


def that_selects_between_numbers(w, g, lr):
    return w - lr * g * select(g > 0, 0.1, 0.2)


def that_changes_in_place(w, g, a, lr):
    old = a
    a *= 0.5
    return w - lr * g, a + old


def that_takes_signs(w, g, lr):
    return w - lr * np.sign(g)


def that_takes_maxima(w, g, lr):
    return w - lr * np.maximum(g, 0.1)


def that_takes_numpys_exp(w, g, lr):
    return w - lr * np.exp(-g * g)


def that_squares(w, g, lr):
    return w - lr * g**2


def that_takes_a_power(w, g, lr):
    return w - lr * power(g, 3)


def that_takes_remainders(w, g, lr):
    return w - lr * (g % 0.3 + g // 0.3)


def that_calls_another(w, g, lr):
    return with_literals(w, g, lr)[0]


def that_decides(w, g, lr):
    return w - lr * g if np.all(g > 0) else w + lr * g


def that_decides_by_a_scalar(w, g, lr):
    return w - lr * (g * 0.1) if lr > 5 else w - lr * g


def that_decides_by_a_number(w, g, lr):
    return w - lr * (g * 0.1) if SHARE > 0.5 else w - lr * g


def that_decides_if_numbers_are_equal(w, g, lr):
    return w - lr * (g * 0.1) if SHARE == STEPS else w - lr * g


def that_chains_comparisons(w, g, lr):
    return w - lr * g * np.where((g > 0) | (g < -1), 1, 0)


def that_tries(w, g, lr):
    try:
        return w - lr * g.nothing
    except AttributeError:
        return w - lr * (g * 0.1)


def that_makes_an_array(w, g, lr):
    return np.asarray(w - lr * g).copy()


def that_asks_for_the_dtype(w, g, h, lr):
    return w - lr * g / (h * h + np.finfo(h.dtype).eps), h * g


def that_clips(w, g, lr):
    return w - lr * g.clip(-1, 1)


def of_any_number(w, g, *state, lr):
    new = w - lr * sum(state, g), *(each + g for each in state)
    return new if state else new[0]


def made_by_a_closure():
    share = 0.1

    def with_a_closure(w, g, lr):
        return w - lr * (g * share)

    return with_a_closure


class WithAMethod:
    def rule(self, w, g, lr):
        return w - lr * (g * 0.1)


def with_a_number_bound(share, w, g, lr):
    return w - lr * (g * share)


NOT_COMPILED = [
    with_numbers_combined, with_local_numbers_combined, with_a_default, with_a_keyword, with_an_inner_function,
    with_a_comprehension, with_a_root_of_a_number, with_an_array_of_its_module, with_not, that_selects_between_numbers,
    that_changes_in_place, that_takes_signs, that_takes_maxima, that_takes_numpys_exp, that_squares, that_takes_a_power,
    that_takes_remainders, that_calls_another, that_decides, that_decides_by_a_scalar, that_decides_by_a_number,
    that_decides_if_numbers_are_equal, that_chains_comparisons, that_tries, that_makes_an_array, that_asks_for_the_dtype,
    that_clips, of_any_number, made_by_a_closure(), WithAMethod().rule,
    functools.partial(with_a_number_bound, 0.1),
]  # fmt: skip


def buffers_of(rule):
    code = getattr(rule, "__code__", None)
    return sum(name in {"a", "b", "c", "h", "m"} for name in code.co_varnames[: code.co_argcount]) if code else 0


def scalars_of(rule, dtype):
    return {} if rule is without_scalars else {"lr": dtype.type(0.3)}


def name_of(rule):
    return getattr(rule, "__qualname__", "partial")


def check(kernels, rule, vectors, scalars):
    """An update leaves what the rule's expressions give, cast to the dtype of the run, and the gradient as it was."""
    w, g, *state = (vector.copy() for vector in vectors)
    with np.errstate(all="ignore"):
        results = rule(*vectors.copy(), **scalars) if state else [rule(*vectors.copy(), **scalars)]
        expected = [np.broadcast_to(each, w.shape).astype(w.dtype) for each in results]
        kernels.update(rule, w, g, tuple(state), scalars)
    assert has_same_bits(g, vectors[1])
    for ours, theirs in zip((w, *state), expected, strict=True):
        assert has_same_bits(ours, theirs)


@pytest.mark.parametrize("odd_share", [0.0, 0.1])
@pytest.mark.parametrize("rule", COMPILED + NOT_COMPILED, ids=name_of)
def test_a_rule_gives_the_bits_of_its_expressions(rule, odd_share, compiled, dtype):
    vectors = numbers(np.random.default_rng(0), (2 + buffers_of(rule), 5000), dtype, odd_share)
    for kernels in (Kernels(), compiled):
        check(kernels, rule, vectors, scalars_of(rule, dtype))


@pytest.mark.parametrize("rule", COMPILED, ids=name_of)
def test_portable_rules_are_compiled(rule, compiled, dtype):
    assert is_compiled(compiled, rule, buffers_of(rule), scalars_of(rule, dtype))


@pytest.mark.parametrize("rule", NOT_COMPILED, ids=name_of)
def test_other_rules_are_not(rule, compiled):
    assert not is_compiled(compiled, rule, buffers_of(rule), ["lr"])


OF_THE_ARTICLES = ("sgd", "momentum", "adagrad", "rmsprop", "rmsprop_articles", "adam", "adam_articles")


@pytest.mark.parametrize("name", OF_THE_ARTICLES)
def test_the_rules_of_the_articles_are_compiled(name, compiled):
    optimizer = optimizer_of(name)
    scalars = optimizer.typed_scalars(step_of(3), {}, np.dtype("float32"))
    assert is_compiled(compiled, optimizer.rule, len(optimizer.buffers), scalars)


def test_one_rule_may_have_more_buffers_another_time(compiled, dtype):
    for buffers in (1, 2, 0):
        check(compiled, of_any_number, numbers(np.random.default_rng(0), (2 + buffers, 100), dtype), {"lr": dtype.type(0.1)})


@pytest.mark.parametrize("lr", [0.1, 7.0])
def test_a_rule_may_decide_by_a_scalar_another_way_in_another_step(lr, compiled, dtype):
    check(compiled, that_decides_by_a_scalar, numbers(np.random.default_rng(0), (2, 100), dtype), {"lr": dtype.type(lr)})


def first_of_its_name():
    def rule(w, g, lr):
        return w - lr * g * 0.25

    return rule


def second_of_its_name():
    def rule(w, g, lr):
        return w - lr * g * 0.75

    return rule


def test_rules_of_one_name_and_file_are_told_apart(compiled, dtype):
    """In memory and on disk."""
    for rule in (first_of_its_name(), second_of_its_name(), first_of_its_name()):
        assert is_compiled(compiled, rule, 0, ["lr"])
        for kernels in (compiled, CompiledKernels(dtype)):
            check(kernels, rule, numbers(np.random.default_rng(0), (2, 100), dtype), {"lr": dtype.type(0.1)})


@st.composite
def operations(draw):
    """A rule of random operations, some of which give back what they were given, and its number of buffers."""
    buffers = draw(st.integers(0, 3))
    arguments = 2 + buffers + 1
    steps = []
    for made in range(draw(st.integers(1 + buffers, 12))):
        ufunc = draw(st.sampled_from([np.add, np.subtract, np.multiply, np.negative, np.square]))
        inputs = draw(st.lists(st.integers(0, arguments + made - 1), min_size=ufunc.nin, max_size=ufunc.nin))
        steps.append((ufunc, inputs))
    any_value = st.integers(0, arguments + len(steps) - 1)
    results = draw(st.lists(any_value, min_size=1 + buffers, max_size=1 + buffers))

    def rule(*given, lr):
        values = [*given, lr]
        for ufunc, inputs in steps:
            values.append(ufunc(*(values[index] for index in inputs)))
        new = tuple(values[index] for index in results)
        return new if buffers else new[0]

    return rule, buffers


@given(made=operations(), elements=st.sampled_from([1, 7, SLICE - 1, SLICE, SLICE + 1]))
@settings(deadline=None, max_examples=50)
def test_slices_give_the_bits_of_whole_vectors(made, elements):
    rule, buffers = made
    check(
        Kernels(),
        rule,
        np.random.default_rng(0).standard_normal((2 + buffers, elements)).astype(np.float32),
        {"lr": np.float32(0.3)},
    )


LEAVES = st.sampled_from(["w", "g", "a", "lr", "0.1", "3", "SHARE"])


def combined(parts):
    binary = st.tuples(parts, st.sampled_from(["+", "-", "*", "/"]), parts).map(" ".join)
    single = st.tuples(st.sampled_from(["-", "abs", "np.sqrt", "np.square", "tanh", "exp", "log", "sin_pi"]), parts).map(
        "".join
    )
    chosen = st.tuples(parts, st.sampled_from(["<", ">=", "==", "!="]), parts, parts, parts).map(
        lambda each: f"select({each[0]} {each[1]} {each[2]}, {each[3]}, {each[4]})"
    )
    return st.one_of(binary, single, chosen).map("({})".format)


FORMULAS = st.recursive(LEAVES.map("({})".format), combined, max_leaves=8)
numbered = itertools.count()


@pytest.mark.slow
@given(formulas=st.tuples(FORMULAS, FORMULAS))
@settings(deadline=None, max_examples=60)
def test_any_formula_gives_the_bits_of_its_expression(formulas, compiled, dtype):
    """Compiled if it is portable. Python may refuse it too, for example a branch on an array."""
    names = {"np": np, "SHARE": SHARE, "select": select, "tanh": tanh, "exp": exp, "log": log, "sin_pi": sin_pi}
    exec(f"def rule(w, g, a, lr):\n    return {formulas[0]}, {formulas[1]}", names)
    vectors = numbers(np.random.default_rng(0), (3, 300), dtype, 0.1)
    check(compiled, names["rule"], vectors, {"lr": dtype.type(0.3)})
