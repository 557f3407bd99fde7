"""The page without a browser: what is in it, that it is text, and how large it is."""

import json
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from conftest import digits_config, part, quadratic_config

from zdl_bench.report import chart
from zdl_bench.report.build import report_files
from zdl_bench.report.chart import chart_of, thinned
from zdl_bench.report.comparison import comparisons_of
from zdl_bench.report.embedding import embedded_json, script_hash
from zdl_bench.report.page import Cell, Page, PageFinding, PagePart, PageTable
from zdl_bench.report.rendering import render
from zdl_bench.run import Choice
from zdl_bench.store import Manifest
from zdl_bench.training import train

HOSTILE = "</script><script>alert(1)</script>&amp;\u2028"


@pytest.fixture(scope="module")
def runs(digits):
    return [
        train(digits_config(name, lr=lr, seed=seed))
        for name in ("sgd", "adam")
        for lr in (0.001, 0.01, 1e30)
        for seed in (0, 1)
    ]


def page_of(runs, /, **changes) -> Page:
    """A page of these runs and the least besides."""
    content = {
        "name": "sweep",
        "title": "",
        "source": "",
        "command": "the command",
        "run_count": len(runs),
        "notes": [],
        "verdicts": [],
        "across": [],
        "parts": [],
        "chart": chart_of(list(comparisons_of(runs))),
        "runs": PageTable(["run id"], [[Cell(run.run_id, run.run_id)] for run in runs]),
        "environment": PageTable(["", "value"], []),
        "downloads": [],
    }
    return Page(**(content | changes))


def chart_data(html: str):
    return json.loads(re.search(r'id="chart-data">(.*?)</script>', html, re.DOTALL)[1])


def test_the_chart_has_the_losses_of_every_run(runs):
    data = chart_data(render(page_of(runs)))
    assert [run["id"] for run in data["runs"]] == [run.run_id for run in runs]
    for run, shown in zip(runs, data["runs"], strict=True):
        probes = run.curve.probes
        assert data["steps"][shown["steps"]] == probes.step[probes.strided].tolist()
        losses = probes.probe_loss[probes.strided]
        np.testing.assert_allclose([np.nan if x is None else x for x in shown["losses"]], losses, rtol=1e-4)
        assert data["optimizers"][shown["optimizer"]]["name"] == run.config.optimizer.name
        assert float(data["lrs"][shown["lr"]]) == run.config.lr
        assert data["seeds"][shown["seed"]] == str(run.config.seed)
        assert shown["status"] == run.status.value


def test_a_long_curve_is_thinned_evenly_to_both_ends():
    kept = thinned(10_001)
    assert (len(kept), kept[0], kept[-1]) == (chart.MOST_POINTS, 0, 10_000)
    assert np.ptp(np.diff(kept)) <= 1
    assert thinned(7).tolist() == list(range(7))
    assert thinned(1).tolist() == [0]


def test_seeds_and_rates_keep_their_digits(runs):
    """JavaScript's numbers would not."""
    configs = [digits_config(seed=2**63 - 1, lr=0.1234567), digits_config(seed=2**63 - 2, lr=0.1234568)]
    twins = [replace(runs[0], config=config) for config in configs]
    shown = chart_of(list(comparisons_of(twins)))
    assert shown.seeds == [str(2**63 - 2), str(2**63 - 1)]
    assert shown.lrs == ["0.1234567", "0.1234568"]


def test_of_too_many_runs_the_smallest_seeds_are_drawn_and_the_page_says_so(runs, monkeypatch):
    monkeypatch.setattr(chart, "MOST_RUNS", 6)
    page = render(page_of(runs))
    data = chart_data(page)
    assert {data["seeds"][run["seed"]] for run in data["runs"]} == {"0"}
    assert "The chart has the 6 runs with the smallest seeds and leaves out 6" in page


def test_variants_of_an_optimizer_differ_in_color(digits):
    config = digits_config("momentum")
    variants = [train(replace(config, optimizer=part("optimizer", "momentum", momentum=value))) for value in (0.5, 0.9)]
    colors = [one.color for one in chart_of(list(comparisons_of(variants))).optimizers]
    assert len(set(colors)) == 2


def test_a_rule_without_a_learning_rate_is_drawn():
    run = train(quadratic_config())
    without = replace(run, config=replace(run.config, optimizer=Choice("line_search", {}), lr=None))
    shown = chart_of(list(comparisons_of([run, without])))
    assert shown.lrs == ["0.1", "none"]
    assert [run.lr for run in shown.runs] == [0, 1]


def test_a_sweep_without_a_curve_has_a_page_without_a_chart(runs):
    lost = [replace(run, curve=None) for run in runs[:2]]
    page = render(page_of(lost))
    assert 'id="chart"' not in page
    assert 'href="#chart"' not in page


def test_json_in_a_script_is_no_markup():
    text = embedded_json({"name": HOSTILE})
    assert not set(text) & set("<>&\u2028")
    assert json.loads(text) == {"name": HOSTILE}
    with pytest.raises(ValueError, match="JSON"):
        embedded_json(float("nan"))


def test_every_text_is_escaped(runs):
    table = PageTable([HOSTILE], [[Cell(HOSTILE, HOSTILE, HOSTILE)]])
    finding = PageFinding(HOSTILE, HOSTILE, [HOSTILE])
    hostile = [replace(run, config=replace(run.config, optimizer=Choice(HOSTILE, {}))) for run in runs[:6]]
    page = page_of(
        hostile,
        **dict.fromkeys(("name", "title", "source", "command"), HOSTILE),
        notes=[HOSTILE],
        parts=[PagePart(HOSTILE, [HOSTILE], [], [(HOSTILE, HOSTILE, table)], [finding])] * 2,
        runs=table,
        environment=table,
        downloads=[HOSTILE],
    )
    html = render(page)
    assert "<script>" not in html
    assert "alert(1)</script>" not in html


def test_rows_as_data_are_escaped_too():
    many = PageTable(["run id"], [[Cell(HOSTILE, None)]] * 1_001)
    html = render(page_of([train(quadratic_config())], runs=many))
    assert "<script>" not in html
    rows = json.loads(re.search(r'class="rows">(.*?)</script>', html, re.DOTALL)[1])
    assert rows == [[[HOSTILE, None, ""]]] * 1_001


def test_the_policy_allows_the_pages_own_script_and_no_other(runs):
    html = render(page_of(runs))
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', html)[1].replace("&#39;", "'")
    script = re.search(r'<script type="module">(.*?)</script>', html, re.DOTALL)[1]
    assert f"script-src '{script_hash(script)}' blob:;" in policy
    assert policy.startswith("default-src 'none'")
    assert "http:" not in policy
    assert not re.search(r"""<[^>]*\son[a-z]+=""", html.partition("<main")[0]), "no handlers in attributes"


def test_columns_are_sorted_by_what_they_mean():
    frame = pd.DataFrame({"name": ["b", "–"], "loss": ["0.12 ± 0.01", "–"], "steps": ["1,200", "never"], "own": ["x", "y"]})
    table = PageTable.of_frame(frame, keys=pd.DataFrame({"own": [2.0, np.nan]}), links={"name": ["there", ""]})
    assert table.rows == [
        [Cell("b", "b", "there"), Cell("0.12 ± 0.01", 0.12), Cell("1,200", 1200.0), Cell("x", 2.0)],
        [Cell("–", None), Cell("–", None), Cell("never", None), Cell("y", None)],
    ]
    assert [about.is_numeric for about in table.columns_about] == [False, True, True, True]


def test_a_table_without_rows_has_its_columns():
    empty = PageTable.of_frame(pd.DataFrame({"a": pd.Series(dtype=str)}))
    assert (empty.columns, empty.rows, len(empty.columns_about)) == (["a"], [], 1)


def test_a_page_of_a_thousand_runs_is_below_8_mb_and_the_same_twice(digits):
    trained = [
        train(digits_config(name, lr=lr, steps=200, probe_count=50))
        for name in ("sgd", "momentum", "adagrad", "rmsprop", "adam")
        for lr in (0.0005, 0.001, 0.002, 0.005)
    ]
    runs = [replace(run, config=replace(run.config, seed=seed)) for run in trained for seed in range(50)]
    manifest = Manifest("sweep", "", "the command", [], [run.run_id for run in runs], "2026-01-01T00:00:00+00:00")
    page = report_files(manifest, runs, ("png",))["report.html"]
    assert len(chart_data(page.decode())["runs"]) == 1_000
    assert len(page) < 8_000_000
    assert report_files(manifest, runs, ("png",))["report.html"] == page
