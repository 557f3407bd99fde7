"""Claims of every wrong shape, first asked for as an experiment, then judged."""

from typing import Any

import yaml
from hypothesis import strategies as st

from fuzzing.case import EXPERIMENTS, JUDGE, Case
from fuzzing.experiments import COMMAND, SOUND
from fuzzing.structures import changed, structures

METRICS = (
    "tail_loss",
    "jitter_20",
    "late_slope",
    "final_train_loss",
    "learned",
    "completed",
    "steps_to_0.1",
    "steps_to_x",
    "steps_to_nan",
)
METRICS += (
    "steps_to_1e400",
    "seconds_to_0.1",
    "reached_0.1",
    "test_accuracy",
    "run_id",
    "optimizer",
    "train_seconds",
    "digest",
    "seed",
)
selectors = st.dictionaries(
    st.sampled_from(["optimizer", "lr", "seed", "problem", "status", "run_id", "tail_loss", "nosuch", "optimizer.beta1", ""]),
    st.sampled_from(
        ["sgd", "momentum", "adam", 0.1, 0.01, 1, None, True, [0.1], ["sgd", "adam"], {}, "nosuch", 10**400, float("nan")]
    ),
    max_size=2,
)
numbers = st.sampled_from(
    [0, 1, 1.5, -1, 0.1, "1", "x", None, True, [1], float("nan"), float("inf"), 10**400, "1e400", "9" * 5000]
)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "id": st.sampled_from([1, 2, "a", None, [1], {}, "../../x", 10**400]),
    "sentence": st.sampled_from(["It is so.", "", None, 3, ["a"], "<b>", "[bold]"]),
    "kind": st.sampled_from(["superiority", "equivalence", "threshold", "interaction", "exact", "all_of", "guess"]),
    "metric": st.sampled_from(METRICS) | st.lists(st.sampled_from(METRICS), max_size=2),
    "first": selectors,
    "second": selectors,
    "view": st.sampled_from(["as_named", "same_lr", "same_effective_lr", "best_lr", "x", None]),
    "lr": numbers,
    "statistic": st.sampled_from(["mean", "spread", "median", None]),
    "margin": numbers,
    "at_most": numbers,
    "at_least": numbers,
    "levels": st.lists(selectors, max_size=3) | structures,
    "at": st.lists(numbers, max_size=3) | structures,
    "parts": st.lists(selectors, max_size=2) | structures,
    "also": st.lists(st.sampled_from(["same_lr", "best_lr", "as_named", "x", 1, None]), max_size=2) | structures,
    "exists": st.sampled_from([True, False, None, 1, "true"]),
    "waits_for": st.sampled_from(["data", "", None, 1]),
    "note": st.sampled_from(["a note", None, []]),
}
SOUND_CLAIM = SOUND["claims"][0]


@st.composite
def claims(draw: st.DrawFn) -> dict[str, Any]:
    """A claim that is sound but for a few keys, whose values may be anything."""
    claim = dict(SOUND_CLAIM)
    for key in draw(st.lists(st.sampled_from(sorted(VALUES)), max_size=4)):
        claim[key] = draw(VALUES[key])
    for key in draw(st.lists(st.sampled_from(sorted(claim)), max_size=1)):
        del claim[key]
    if draw(st.integers(0, 5)) == 0:
        inner = dict(claim) | {"kind": draw(VALUES["kind"])}
        inner = {key: value for key, value in inner.items() if key not in ("id", "sentence", "source")}
        claim = {key: claim.get(key, 1) for key in ("id", "sentence", "source")} | {"kind": "all_of", "parts": [inner]}
    return claim


lists = st.one_of(
    st.lists(claims(), min_size=1, max_size=2),
    st.lists(claims(), min_size=1, max_size=2),
    st.lists(changed(structures, SOUND_CLAIM), min_size=1, max_size=2),
    structures,
)


def cases() -> st.SearchStrategy[Case]:
    """A sweep takes longer than judging: one in eight asks for it first."""
    return st.builds(
        lambda stated, sweeps: Case(
            (*[COMMAND] * (sweeps == 0), (JUDGE,)),
            {f"{EXPERIMENTS}/mine.yaml": yaml.safe_dump(SOUND | {"claims": stated}).encode()},
        ),
        lists,
        st.integers(0, 7),
    )
