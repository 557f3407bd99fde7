"""Conditions are told apart by their values, and what they are called says which value it is."""

import math
from dataclasses import replace

import pytest
from conftest import digits_config, part, quadratic_config
from hypothesis import given, settings
from hypothesis import strategies as st

from zdl_bench.commands.summary import results_table
from zdl_bench.report.comparison import comparisons_of
from zdl_bench.report.matched_runs import config_without_code
from zdl_bench.report.standings import Standings
from zdl_bench.report.tables.conditions import condition_table
from zdl_bench.report.tables.runs import runs_table, settings_table
from zdl_bench.run.conditions import condition_keys, distinguish, exact, facets_of, percent, short, texts_of
from zdl_bench.run.config import Choice
from zdl_bench.run.run import Status
from zdl_bench.statistics.claims import claims_of
from zdl_bench.statistics.evidence import ExperimentRuns
from zdl_bench.statistics.verdict import judge_family
from zdl_bench.store.frames import frames_of, target_column
from zdl_bench.store.runs import Hashes
from zdl_bench.store.summaries import RunSummary
from zdl_bench.training.loop import train

CLOSE = (0.9, 0.9999999, 0.99999999)
"""The last two read "1" in six digits."""
LRS = (0.01, 0.010000001)


def columns_of(table) -> dict[str, list[str]]:
    return {str(column.header): [str(cell) for cell in column.cells] for column in table.columns}


def row(config, tail_loss: float = 0.5) -> RunSummary:
    return RunSummary(config, Hashes("", ""), Status.COMPLETED, True, tail_loss, tail_loss, 0.9345, "")


@settings(deadline=None)
@given(st.lists(st.floats(allow_nan=False), min_size=1, max_size=6, unique=True))
def test_texts_are_as_different_as_their_values(values):
    texts = texts_of(values)
    assert list(texts) == values
    assert len({*texts.values()}) == len(values)


def test_a_text_has_as_many_digits_as_it_takes():
    assert list(texts_of(CLOSE).values()) == ["0.9", "0.9999999", "0.99999999"]
    assert list(texts_of([0.1, 0.3, 0.1 + 0.2]).values()) == ["0.1", "0.3", "0.30000000000000004"]
    assert list(texts_of([(1e-9, 2.0), (1.0000000001e-9, 2.0)]).values()) == ["1e-09-2", "1.0000000001e-09-2"]
    assert list(texts_of(["a" * 61, "a" * 62, None]).values()) == ["a" * 61, "a" * 62, "none"]


def test_a_number_that_was_typed_stays_as_it_was():
    assert [short(value) for value in (0.9999999, 1e-8, 0.001, 1.0, 10**-2.5, 0.1 + 0.2, 12345.678)] == [
        "0.9999999", "1e-08", "0.001", "1", "0.00316228", "0.3", "12345.678"
    ]  # fmt: skip


def test_what_no_digit_tells_apart_is_numbered():
    assert list(distinguish([1, 2, 3], lambda value, write: "same" if value < 3 else "same (2)").values()) == [
        "same",
        "same (2)",
        "same (2) (2)",
    ]


def test_an_exact_text_gives_the_value_back():
    for value in (0.001, 1e-8, 0.9999999, 1 / 3, 1e300, 5e-324, 2.0):
        assert float(exact(value)) == value
    assert exact(2.0) == "2"
    assert target_column("steps_to_target", 0.3) == "steps_to_0.3"
    assert target_column("steps_to_target", 0.3000001) == "steps_to_0.3000001"


def test_the_table_on_the_terminal_averages_no_two_conditions():
    rows = [
        row(digits_config(part("optimizer", "adam", beta2=beta2), seed=seed), loss)
        for beta2, loss in zip(CLOSE, (0.1, 0.2, 0.3), strict=True)
        for seed in (0, 1)
    ]
    columns = columns_of(results_table(rows))
    assert columns["optimizer.beta2"] == ["0.9", "0.9999999", "0.99999999"]
    assert columns["runs"] == ["2", "2", "2"]
    assert columns["tail loss"] == ["0.1000 ± 0.0000", "0.2000 ± 0.0000", "0.3000 ± 0.0000"]


def test_the_terminal_tells_lists_and_long_texts_apart():
    lists = [digits_config(problem=part("problem", "mlp", hidden=hidden, batch_size=20)) for hidden in ((8,), (8, 8), (88,))]
    assert columns_of(results_table([row(config) for config in lists]))["problem.hidden"] == ["8", "8-8", "88"]
    sums = [Choice("digits", {"checksum": "f" * 12 + end * 52, "validation_size": 300}) for end in "ab"]
    cells = columns_of(results_table([row(digits_config(dataset=dataset)) for dataset in sums]))["dataset.checksum"]
    assert len({*cells}) == 2


@pytest.fixture(scope="module")
def close_runs(digits):
    """Conditions that read alike in six digits: betas, learning rates, effective learning rates; and in JSON, lists."""
    configs = [
        *(digits_config(part("optimizer", "adam", beta2=beta2), lr=0.01, seed=seed) for beta2 in CLOSE for seed in (0, 1)),
        *(
            digits_config(name, lr=lr, seed=seed)
            for name in ("sgd", "adagrad")
            for lr in (0.01, 0.010000001)
            for seed in (0, 1)
        ),
    ]
    return [train(config) for config in configs]


def test_a_report_has_a_row_for_each_condition(close_runs):
    [comparison] = comparisons_of(close_runs)
    table = condition_table(comparison.runs)
    assert table.numbers["runs"].tolist() == [2] * 7
    assert len({*zip(table.reading["optimizer"], table.reading["lr"], strict=True)}) == 7
    assert [name for name in table.reading["optimizer"] if "beta2" in name] == [f"Adam beta2={beta2}" for beta2 in CLOSE]
    assert {*table.reading["lr"]} == {"0.01", "0.010000001"}
    assert {*runs_table(comparison.runs).reading["lr"]} == {"0.01", "0.010000001"}
    settings = settings_table([comparison]).reading.set_index("optimizer")
    assert settings.loc["SGD", "learning rates"] == "0.01, 0.010000001"
    views = [view for view, _, _ in Standings(comparison).at_same]
    assert list(dict.fromkeys(views)) == ["same lr 0.01", "same lr 0.010000001"]
    assert not Standings(comparison).entrants.reasons, "no optimizer has several runs of one seed at one learning rate"


def test_claims_compare_lists_by_their_values(close_runs):
    frame = frames_of(close_runs).runs.query("optimizer in ('sgd', 'adagrad') and lr == 0.01")
    same, other = [16.0], [17]
    for hidden, reason in ((same, ""), (other, "there are no runs")):
        sides = {key: {"optimizer": name, "problem.hidden": hidden} for key, name in (("first", "sgd"), ("second", "adagrad"))}
        stated = {"id": 1, "sentence": "s", "source": "s", "kind": "superiority", "metric": "tail_loss"} | sides
        [one] = judge_family(claims_of([stated]), ExperimentRuns(frame, ()))
        assert one.reason.startswith(reason)
        assert bool(one.findings[0].n) == (hidden is same)


def lacking(config, key: str):
    """A stored run may lack a key that its optimizer got later, or that somebody took away."""
    values = {name: value for name, value in config.optimizer.values.items() if name != key}
    return replace(config, optimizer=Choice(config.optimizer.name, values))


def test_runs_that_lack_a_key_are_a_condition_of_their_own():
    whole = [quadratic_config("adam", lr=lr, seed=seed) for seed in (0, 1) for lr in (0.1, 0.2)]
    for changed in ([lacking(config, "beta1") for config in whole], [replace(config, probe_count=7) for config in whole]):
        facets = facets_of([*whole, *changed])
        assert len({*facets.values()}) == 2
        assert len({facets[config.run_id] for config in whole}) == 1
    assert condition_keys(whole) == ("optimizer", "lr")


@pytest.mark.parametrize("group", ["optimizer", "schedule", "transform"])
def test_two_versions_of_a_part_are_two_conditions(group):
    """Its code is the only thing that differs, also if the part is one of a list."""
    plain = quadratic_config()
    mine = [Choice("mine", {"a": 1.0}, letter * 16) for letter in "12"]
    runs = [replace(plain, **{group: (Choice("other"), one) if group == "transform" else one}) for one in mine]
    facets = facets_of(runs)
    assert len({run.run_id for run in runs}) == len({facets[run.run_id] for run in runs}) == 2
    assert all(letter * 16 in facets[run.run_id].variant for letter, run in zip("12", runs, strict=True))
    assert len({config_without_code(run) for run in runs}) == 1, "`compare` matches a part with its earlier code"
    assert config_without_code(runs[0]) != config_without_code(plain)


def test_one_way_to_write_per_cent():
    assert percent(0.3) == "30 %"
    assert percent(0.93456, 2) == "93.46 %"
    assert short(math.nan) == "none"
    columns = columns_of(results_table([row(digits_config(seed=seed)) for seed in (0, 1)]))
    assert columns["test accuracy"] == ["93.45 ± 0.00 %"]


def changed(choice: Choice, **values) -> Choice:
    return Choice(choice.name, {**choice.values, **values})


FORGED = {
    "an integer for a number": lambda c: replace(c, problem=changed(c.problem, condition_number=10)),
    "a number for an integer": lambda c: replace(c, steps=float(c.steps)),
    "no for 0": lambda c: replace(c, problem=changed(c.problem, gradient_noise=False)),
    "minus 0": lambda c: replace(c, problem=changed(c.problem, gradient_noise=-0.0)),
    "a key of its own": lambda c: replace(c, optimizer=changed(c.optimizer, colour="red")),
    "a key of no value": lambda c: replace(c, optimizer=changed(c.optimizer, colour=None)),
    "a list for a number": lambda c: replace(c, problem=changed(c.problem, condition_number=(1.0, 2.0))),
    "keys that are columns": lambda c: replace(c, optimizer=changed(c.optimizer, engine=1, seed=3, variant="x")),
    "keys of the schedule": lambda c: replace(c, schedule=changed(c.schedule, engine=1)),
}
"""What a stored file may say where another says it otherwise."""


@pytest.fixture(scope="module")
def plain_runs():
    return [train(quadratic_config(name, lr=lr, seed=seed)) for name in ("sgd", "adam") for lr in (0.1, 0.2) for seed in (0, 1)]


@pytest.mark.slow
@pytest.mark.parametrize("forge", FORGED)
def test_runs_whose_files_say_the_same_otherwise_are_conditions_of_their_own(plain_runs, forge):
    """They have ids of their own; a table that took them for one would have two runs of one seed in a cell."""
    runs = [*plain_runs, *(replace(run, config=FORGED[forge](run.config)) for run in plain_runs)]
    assert len({run.run_id for run in runs}) == 16
    comparisons = list(comparisons_of(runs))
    for comparison in comparisons:
        assert not comparison.runs.duplicated(["variant", "lr", "seed"]).any()
        assert len(comparison.best_lrs) == comparison.runs["variant"].nunique()
        assert condition_table(comparison.runs).numbers["runs"].eq(2).all()
    assert sum(len(comparison.runs) for comparison in comparisons) == 16
    assert len(settings_table(comparisons).reading)


def test_several_runs_of_one_seed_have_their_mean(plain_runs):
    """The ids of these runs differ, the values of what they do not: their learning rates are equal numbers."""
    again = [replace(run, config=replace(run.config, lr=1)) for run in plain_runs[:2]]
    once = [replace(run, config=replace(run.config, lr=1.0)) for run in plain_runs[:2]]
    [comparison] = comparisons_of([*plain_runs, *once, *again])
    assert comparison.best_lrs["SGD"] in (0.1, 0.2, 1.0)
