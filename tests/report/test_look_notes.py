"""The note about earlier looks at the head of a page."""

import re

import numpy as np
import pandas as pd
import pytest
from claim_rows import FAST, SLOW, rows

from zdl_bench.report.comparison import Comparison
from zdl_bench.report.words.looks import about_looks
from zdl_bench.statistics.inference import sign_flip_p
from zdl_bench.statistics.looks import p_after_looks

DIFFERENCES = np.random.default_rng(0).normal(-0.5, 1, 15)


def compared(*frames: pd.DataFrame, setting: str = "", tuning_seeds=()) -> Comparison:
    runs = pd.concat(frames, ignore_index=True)
    return Comparison(setting, runs.assign(variant=runs["optimizer"]), pd.DataFrame(), (), tuning_seeds)


def of_differences(differences=DIFFERENCES, **about) -> Comparison:
    return compared(rows("sgd", np.full(len(differences), 0.3)), rows("adam", 0.3 * np.exp(differences)), **about)


def test_the_note_says_what_the_p_of_speed_is_worth():
    p, worth = sign_flip_p(DIFFERENCES), p_after_looks(DIFFERENCES, [6, 10])
    assert about_looks([3, 6, 10, 15, 20], [of_differences()]) == [
        f"First looked at with 6 and 10 seeds, and extended to 15 without a plan: "
        f"in speed, p {p:.2g} of adam / sgd counts as {worth:.2g}."
    ]


def test_of_several_pairs_it_is_the_one_with_the_smallest_p():
    three = [rows(name, values) for name, values in (("sgd", SLOW), ("adam", SLOW[::-1] * 1.001), ("momentum", FAST))]
    [note] = about_looks([8], [compared(*three)])
    assert re.search(r"p 0.002 of momentum / (sgd|adam) counts as 0.0\d+\.$", note)


@pytest.mark.parametrize("looks", [[], [5], [15], [20]])
def test_without_an_earlier_look_that_could_decide_there_is_no_note(looks):
    assert about_looks(looks, [of_differences()]) == []


def test_a_comparison_with_lost_runs_has_a_note_without_numbers():
    lost = np.where(np.arange(15) == 3, np.nan, DIFFERENCES)
    said = "First looked at with 10 seeds, and extended to 15 without a plan, so its p-values are too small."
    assert about_looks([10], [of_differences(lost)]) == [said]


def test_deterministic_runs_and_single_optimizers_have_no_note():
    same = {"problem.gradient_noise": 0.0, "problem.start_std": 0.0, "digest": "d"}
    frames = [rows(name, SLOW, **same).assign(dataset=None) for name in ("sgd", "adam")]
    assert about_looks([6], [compared(*frames)]) == []
    assert about_looks([6], [compared(rows("sgd", SLOW))]) == []


def test_many_settings_share_a_few_notes():
    notes = about_looks([10], [of_differences(setting=f"steps={steps}") for steps in range(5)])
    assert len(notes) == 4
    assert notes[0].startswith("steps=0: first looked at with 10 seeds")
    assert notes[-1] == "Other comparisons were looked at as often."
