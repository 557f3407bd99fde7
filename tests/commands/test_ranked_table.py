"""The table of a sweep on the terminal: ranked, with the best and the lost conditions in colour, and the answer last."""

import math

from conftest import digits_config, part

from zdl_bench.commands.summary import MAX_CONDITIONS, results_table
from zdl_bench.run.run import Status
from zdl_bench.store.runs import Hashes
from zdl_bench.store.summaries import RunSummary

ORDER = "Ordered by tail loss, the lowest first; the report compares speed as well."


def row(config, loss: float, accuracy: float = math.nan) -> RunSummary:
    status = Status.DIVERGED if math.isnan(loss) else Status.COMPLETED
    return RunSummary(config, Hashes("", ""), status, not math.isnan(loss), loss, loss, accuracy, "0" * 16)


def styles(table) -> list[tuple[str, str]]:
    """The optimizer of each line, and its colour or that of its tail loss."""
    cells = {str(column.header): list(column.cells) for column in table.columns}
    own = [str(line.style or getattr(loss, "style", "")) for line, loss in zip(table.rows, cells["tail loss"], strict=True)]
    return [*zip(cells["optimizer"], own, strict=True)]


def test_the_lowest_loss_comes_first_in_green_and_the_diverged_last_in_red():
    losses = {"sgd": 0.3, "adam": 0.1, "momentum": math.nan, "rmsprop": 0.2}
    table = results_table([row(digits_config(name, seed=seed), loss) for name, loss in losses.items() for seed in (0, 1)])
    assert styles(table) == [("adam", "bold green"), ("rmsprop", ""), ("sgd", ""), ("momentum", "red")]
    assert table.caption == ORDER


def test_no_line_is_the_best_where_two_columns_differ():
    table = results_table([row(digits_config("sgd"), 0.1, 0.8), row(digits_config("adam"), 0.2, 0.9)])
    accuracies = next(column for column in table.columns if column.header == "test accuracy").cells
    assert styles(table) == [("sgd", "bold green"), ("adam", "")]
    assert [getattr(cell, "style", "") for cell in accuracies] == ["", "bold green"]
    assert [line.style for line in table.rows] == ["", ""]


def test_nothing_is_green_where_all_are_equal():
    assert styles(results_table([row(digits_config(name), 0.1) for name in ("sgd", "adam")])) == [("sgd", ""), ("adam", "")]


def test_settings_are_ranked_apart_in_their_order():
    rows = [
        row(digits_config(name, problem=part("problem", "mlp", hidden=(hidden,), batch_size=20)), loss)
        for hidden, losses in ((8, {"sgd": 0.3, "adam": 0.4}), (4, {"sgd": 0.2, "adam": 0.1}))
        for name, loss in losses.items()
    ]
    table = results_table(rows)
    assert styles(table) == [("sgd", "bold green"), ("adam", ""), ("adam", "bold green"), ("sgd", "")]
    assert table.caption == ORDER.replace("loss,", "loss in each setting,")


def test_a_single_condition_is_not_the_best_of_anything():
    table = results_table([row(digits_config(), 0.3)])
    assert (styles(table), table.caption) == ([("sgd", "")], None)


def test_a_very_long_table_is_cut_and_says_so():
    table = results_table([row(digits_config(lr=0.001 * (1 + number)), 0.1) for number in range(MAX_CONDITIONS + 5)])
    assert table.row_count == MAX_CONDITIONS
    assert table.caption == f"{ORDER}\nand 5 more conditions, which the report has"
