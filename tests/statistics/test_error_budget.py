"""The error budget of a page: what is tested with how much, and the error of the whole."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zdl_bench.statistics.error_budget import Budget, QuestionPs, leaders_on_page, pairs_on_page

ALL = Budget(1.0, 0.1)
P = st.floats(0.0, 1.0)


def questions(*ps: float) -> list[QuestionPs]:
    return [QuestionPs(p, (p,)) for p in ps]


def by_all(found: list[QuestionPs]) -> list[float]:
    return [one.by_all for one in found]


def test_the_first_question_has_nine_tenths_of_the_error():
    assert by_all(leaders_on_page(questions(0.045, 0.001), 1.0, ALL))[0] == pytest.approx(0.05)


def test_the_other_questions_wait_for_the_first_and_share_by_holm():
    open_first = by_all(leaders_on_page(questions(0.2, 0.0001, 0.0001), 1.0, ALL))
    assert min(open_first) > 0.05
    decided = by_all(leaders_on_page(questions(0.001, 0.01, 0.02, 0.5), 1.0, ALL))
    assert decided == pytest.approx([0.001 / 0.9, 0.03 / 0.9, 0.04 / 0.9, 0.5 / 0.9])


def test_who_is_done_leaves_its_part_to_the_other():
    assert by_all(leaders_on_page(questions(0.048), 0.004, ALL)) == [pytest.approx(0.048)]
    assert by_all(leaders_on_page(questions(0.048), 0.006, ALL)) == [pytest.approx(0.048 / 0.9)]
    assert pairs_on_page(np.array([0.03]), questions(0.01), ALL) == pytest.approx([0.03])
    assert pairs_on_page(np.array([0.03]), questions(0.2), ALL) == pytest.approx([0.2 / 0.9])


def test_settings_share_the_page():
    half = by_all(leaders_on_page(questions(0.01), 1.0, Budget(0.5, 0.1)))
    assert half == [pytest.approx(2 * 0.01 / 0.9)]
    assert by_all(leaders_on_page(questions(0.0001), 0.0, Budget(0.0, 0.1))) == [1.0]


def test_measures_of_a_question_share_its_part():
    several = [QuestionPs(0.001, (0.001,)), QuestionPs(0.4, (0.002, 0.4)), QuestionPs(0.5, (0.5, 0.5))]
    found = leaders_on_page(several, 1.0, ALL)
    assert found[1].by_all > 0.05
    assert found[1].by_measure[0] == pytest.approx(0.002 * 2 * 2 / 0.9), "two measures, two open questions"
    assert found[1].by_measure[1] > 0.05
    agreed = leaders_on_page([QuestionPs(0.001, (0.001,)), QuestionPs(0.03, (0.03, 0.02))], 1.0, ALL)[1]
    assert agreed.by_measure == pytest.approx((0.03 / 0.9, 0.03 / 0.9)), "a leader by all measures leads by each"


@pytest.mark.parametrize(("seeds", "pairs"), [(4, 0), (5, 0), (6, 0), (7, 2**-6 / 0.05), (9, 0.1), (10, 0.1), (40, 0.1)])
def test_few_seeds_leave_the_pairs_what_their_smallest_p_needs(seeds, pairs):
    assert Budget.of(seeds, 1.0).pairs == pytest.approx(pairs)


def test_with_few_seeds_and_many_settings_the_leaders_come_first():
    assert Budget.of(8, 0.1).pairs == 0
    assert Budget.of(20, 0.1).pairs == pytest.approx(0.1)


@given(st.lists(P, min_size=1, max_size=4), st.lists(P, min_size=1, max_size=3), st.sampled_from([0, 0.1, 0.3, 0.5]))
def test_no_p_on_the_page_is_smaller_than_its_own(leaders, pairs, part):
    budget = Budget(1.0, part)
    found = leaders_on_page(questions(*leaders), max(pairs), budget)
    assert all(one.by_all >= p - 1e-12 for one, p in zip(found, leaders, strict=True))
    assert (pairs_on_page(np.array(pairs), questions(*leaders), budget) >= np.array(pairs) - 1e-12).all()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("true_questions", "true_pairs"), [((), ()), ((0,), ()), ((), (0,)), ((0, 1), ()), ((0,), (0, 1)), ((1,), (1,))]
)
def test_whatever_differs_equal_things_are_named_in_at_most_5_percent(true_questions, true_pairs):
    """Strong control: hypotheses in the sets are false with p = 0, all others true with uniform independent p-values."""
    rng = np.random.default_rng(len(true_questions) * 10 + len(true_pairs))
    errors, trials = 0, 4000
    for _ in range(trials):
        leaders, raw = rng.random(3), rng.random(2)
        leaders[list(true_questions)], raw[list(true_pairs)] = 0.0, 0.0
        adjusted = np.where(raw == 0, 0.0, np.minimum(1, raw * (raw > 0).sum()))  # Bonferroni over what is true
        found = by_all(leaders_on_page(questions(*leaders), float(adjusted.max()), ALL))
        on_page = pairs_on_page(adjusted, questions(*leaders), ALL)
        wrong = [p for i, p in enumerate(found) if i not in true_questions]
        wrong += [p for i, p in enumerate(on_page) if i not in true_pairs]
        errors += min(wrong) <= 0.05
    assert errors / trials < 0.05 + 3 * np.sqrt(0.05 * 0.95 / trials)
