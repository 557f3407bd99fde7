"""The plan of the oscillation profile."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zdl_bench.run.profile import SCALES, gaps_of, places_of, scales_of, triples_of
from zdl_bench.training.probes import early_steps, stride_steps

STEPS, COUNTS = st.integers(1, 3000), st.integers(1, 200)
PRINT_PLAN = "from zdl_bench.run.profile import places_of; print(sorted(places_of(1000, tuple(range(0, 1001, 20)))))"


def strides_of(steps: int, count: int) -> tuple[int, ...]:
    return tuple(stride_steps(steps, count).tolist())


@pytest.mark.parametrize(("steps", "scales"), [(4, ()), (5, (1,)), (22, (1,)), (23, (1, 5)), (88, (1, 5)), (89, (1, 5, 20))])
def test_short_runs_have_fewer_scales(steps, scales):
    assert scales_of(steps) == scales


def test_all_scales_need_445_steps():
    assert scales_of(444) == SCALES[:3]
    assert scales_of(445) == scales_of(10**7) == SCALES == (1, 5, 20, 100)


@given(STEPS, COUNTS)
def test_every_scale_has_triples_of_the_steps_that_count(steps, count):
    triples = triples_of(steps, strides_of(steps, count))
    assert tuple(triples) == scales_of(steps)
    for scale, rows in triples.items():
        assert len(rows) > 0
        assert rows.dtype == np.int64
        assert (rows > steps / 10).all()
        assert (rows <= steps).all()
        gaps = np.diff(rows, axis=1)
        assert (gaps >= scale / 2).all()
        assert (gaps <= 1.5 * scale).all()
        assert len(set(map(tuple, rows.tolist()))) == len(rows)


@given(STEPS, COUNTS)
def test_places_are_those_of_the_triples(steps, count):
    strides = strides_of(steps, count)
    assert places_of(steps, strides) == {step for rows in triples_of(steps, strides).values() for step in rows.flat}


@given(st.integers(100, 3000))
def test_bursts_are_in_each_quarter_of_the_steps_that_count(steps):
    centres = triples_of(steps, strides_of(steps, 50))[1][:, 1]
    quarter = 0.9 * steps / 4
    for start in steps / 10 + quarter * np.arange(4):
        assert ((centres > start - 2) & (centres < start + quarter + 2)).any()


def test_gaps_are_spread_evenly_over_half_a_scale_to_one_and_a_half():
    assert gaps_of(1) == ((1, 1),) * 100
    for scale in (5, 20, 100):
        gaps = np.array(gaps_of(scale)) / scale
        assert gaps.min() >= 0.5
        assert gaps.max() <= 1.5
        assert gaps.mean(axis=0) == pytest.approx([1, 1], abs=0.02)
        assert abs(np.corrcoef(gaps.T)[0, 1]) < 0.1


def test_a_default_run_has_few_places_without_a_probe_of_their_own():
    """Each costs 1.25 ms of the 20 % of a run that evaluation may take."""
    strides = strides_of(1000, 50)
    assert len(places_of(1000, strides) - set(strides) - set(early_steps(1000).tolist())) == 17


def test_the_plan_is_the_same_in_every_process():
    plans = [subprocess.run([sys.executable, "-c", PRINT_PLAN], capture_output=True, text=True, check=True) for _ in range(2)]
    assert plans[0].stdout == plans[1].stdout == f"{sorted(places_of(1000, strides_of(1000, 50)))}\n"
