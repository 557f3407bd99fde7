"""The page without a browser: what is in it, that it is text, and how large it is."""

import base64
import gzip
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from urllib.parse import unquote

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from conftest import digits_config, part, quadratic_config

from zdl_bench.report.build import report_files
from zdl_bench.report.chart import MAX_POINTS, chart_of
from zdl_bench.report.comparison import comparisons_of
from zdl_bench.report.display_names import optimizer_label
from zdl_bench.report.embedding import packed_json, script_hash
from zdl_bench.report.figures.captions import CaptionedFigure
from zdl_bench.report.figures.selection import evenly_spread
from zdl_bench.report.files import Files, can_be_shown
from zdl_bench.report.page import FirstScreen, Page, PageFigure, PagePart, PageVerdict
from zdl_bench.report.rendering import render
from zdl_bench.report.tables.table import INFINITE, Cell, Column, PageTable, Table
from zdl_bench.report.words.answer import Answer
from zdl_bench.report.words.reported_finding import ReportedFinding
from zdl_bench.run.config import Choice
from zdl_bench.store.manifest import Manifest
from zdl_bench.training.loop import train

HOSTILE = "</script><script>alert(1)</script>&amp;\u2028"
QUOTED = """" onload="alert(2)" x=' onload='alert(2)' <script>alert(1)</script>&amp;"""


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


def test_the_heading_of_a_column_of_the_first_table_is_explained(runs):
    headings = ("optimizer", "oscillation", "lr")
    table = PageTable(headings, [[Cell("sgd"), Cell("1", 1.0), Cell("2", 2.0)]], explanations=("", "over <20> steps", ""))
    html = render(page_of(runs, first=FirstScreen(Answer(""), table=table)))
    assert '<abbr title="over &lt;20&gt; steps">oscillation</abbr>' in html
    assert ">lr</th>" in html


def packed_rows(html: str):
    """The rows of each table that has them as data."""
    found = re.findall(r'class="rows">(.*?)</script>', html, re.DOTALL)
    return [json.loads(gzip.decompress(base64.b64decode(packed))) for packed in found]


class Tags(HTMLParser):
    """The tags of a page as a browser takes them, with their attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def perturbed(run, config, rng):
    """The run as another seed might have made it."""

    def noisy(losses):
        return losses * np.exp(rng.normal(0, 0.05, losses.shape))

    probes = replace(run.curve.probes, probe_loss=noisy(run.curve.probes.probe_loss), val_loss=noisy(run.curve.probes.val_loss))
    curve = replace(run.curve, train_loss=noisy(run.curve.train_loss), probes=probes)
    return replace(run, config=config, curve=curve, digest=f"{rng.integers(2**62):064x}")


def built(runs) -> tuple[dict[str, bytes], str]:
    """All files of a report, and its page."""
    manifest = Manifest("sweep", "", "the command", [], [run.run_id for run in runs], "2026-01-01T00:00:00+00:00")
    files = report_files(manifest, runs, ("png",))
    return files, files["report.html"].decode()


def chart_data(html: str):
    packed = re.search(r'id="chart-data">(.*?)</script>', html, re.DOTALL)[1]
    return json.loads(gzip.decompress(base64.b64decode(packed)))


def test_the_chart_has_the_losses_of_every_run(runs):
    data = chart_data(render(page_of(runs)))
    assert [run["id"] for run in data["runs"]] == [run.run_id for run in runs]
    for run, shown in zip(runs, data["runs"], strict=True):
        probes = run.curve.probes
        assert data["steps"][shown["steps"]] == probes.step[probes.strided].tolist()
        losses = probes.probe_loss[probes.strided]
        np.testing.assert_allclose([np.nan if x is None else x for x in shown["losses"]], losses, rtol=1e-4)
        assert data["optimizers"][shown["optimizer"]]["name"] == optimizer_label(run.config.optimizer.name)
        assert float(data["lrs"][shown["lr"]]) == run.config.lr
        assert data["seeds"][shown["seed"]] == str(run.config.seed)
        assert shown["status"] == run.status.value


def test_a_long_curve_is_thinned_evenly_to_both_ends():
    places = evenly_spread(10_001, MAX_POINTS)
    assert (len(places), places[0], places[-1]) == (MAX_POINTS, 0, 10_000)
    assert np.ptp(np.diff(places)) <= 1
    assert evenly_spread(7, MAX_POINTS).tolist() == list(range(7))
    assert evenly_spread(1, MAX_POINTS).tolist() == [0]


def test_seeds_and_rates_keep_their_digits(runs):
    """JavaScript's numbers would not."""
    configs = [digits_config(seed=2**63 - 1, lr=0.1234567), digits_config(seed=2**63 - 2, lr=0.1234568)]
    twins = [replace(runs[0], config=config) for config in configs]
    shown = chart_of(list(comparisons_of(twins)))
    assert shown.seeds == [str(2**63 - 2), str(2**63 - 1)]
    assert shown.lrs == ["0.1234567", "0.1234568"]


def test_of_too_many_runs_the_smallest_seeds_are_drawn_and_the_page_says_so(runs, monkeypatch):
    monkeypatch.setattr("zdl_bench.report.chart.MAX_CURVES", 6)
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
    text = packed_json({"name": HOSTILE})
    assert not set(text) & set("<>&\u2028")
    assert json.loads(gzip.decompress(base64.b64decode(text))) == {"name": HOSTILE}
    with pytest.raises(ValueError, match="JSON"):
        packed_json(float("nan"))


def test_every_text_is_escaped(runs):
    table = PageTable([HOSTILE], [[Cell(HOSTILE, HOSTILE, HOSTILE)]])
    finding = ReportedFinding(HOSTILE, HOSTILE, [HOSTILE])
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


def test_quotes_do_not_end_an_attribute(runs):
    table = PageTable([QUOTED], [[Cell("other", QUOTED, QUOTED), Cell(QUOTED, 1.0)]], QUOTED)
    many = replace(table, rows=table.rows * 201)
    figures = [PageFigure(QUOTED, QUOTED, image, [f"figures/{QUOTED}.png"]) for image in ("data:,", "")]
    page = page_of(
        runs[:1],
        **dict.fromkeys(("name", "title", "source", "command", "made"), QUOTED),
        verdicts=[PageVerdict(QUOTED, QUOTED, [QUOTED], table)],
        across=figures,
        parts=[PagePart(QUOTED, [QUOTED], figures, [(QUOTED, QUOTED, table), (QUOTED, QUOTED, many)])] * 2,
        runs=table,
        settings=table,
        downloads=[QUOTED],
    )
    html = render(page)
    tags = Tags(html).found
    assert not [tag for tag, attributes in tags if "onload" in attributes or "x" in attributes]
    assert len([tag for tag, _ in tags if tag == "script"]) == html.count("</script>")
    assert "<script>" not in html
    values = {name: [tag[name] for _, tag in tags if name in tag] for name in ("alt", "aria-label", "data-order", "href")}
    assert f"{QUOTED}. {QUOTED}" in values["alt"]
    assert {f"Table: {QUOTED}", f"PNG: {QUOTED}"} <= {*values["aria-label"]}
    assert QUOTED in values["data-order"]
    assert f"figures/{QUOTED}.png" in map(unquote, values["href"])


def test_tables_of_many_rows_are_data_and_hostile_texts_stay_texts():
    many = PageTable(["run id"], [[Cell(HOSTILE, None)]] * 201)
    few = PageTable(["run id"], [[Cell("few", None)]] * 200)
    part_of = PagePart("part", [], [], [("many", "", replace(many, file="tables/many.csv")), ("few", "", few)])
    html = render(page_of([train(quadratic_config())], runs=many, parts=[part_of]))
    assert "<script>" not in html
    assert packed_rows(html) == [[[[HOSTILE, None, ""]]] * 201] * 2
    assert html.count(">few</th>") == 200
    assert '<a href="tables/many.csv">' in html


def test_the_policy_allows_the_pages_own_script_and_no_other(runs):
    html = render(page_of(runs))
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', html)[1].replace("&#39;", "'")
    script = re.search(r'<script type="module">(.*?)</script>', html, re.DOTALL)[1]
    assert f"script-src '{script_hash(script)}' blob:;" in policy
    assert policy.startswith("default-src 'none'")
    assert "http:" not in policy
    assert not re.search(r"""<[^>]*\son[a-z]+=""", html.partition("<main")[0]), "no handlers in attributes"


def test_columns_are_sorted_by_the_numbers_behind_their_texts():
    numbers = pd.DataFrame({"name": ["b", "–"], "loss": [0.1234567, np.nan], "steps": [1200.0, np.nan]})
    columns = [
        Column("name", "name", href="{}.parquet"),
        Column("loss", "loss", "{:.2f} ± 0.01".format),
        Column("steps", "steps", "{:,.0f}".format, missing="never"),
    ]
    page = Table("losses", numbers, columns).on_page("-a=1")
    assert page.rows == [
        [Cell("b", "b", "b.parquet"), Cell("0.12 ± 0.01", 0.1234567), Cell("1,200", 1200.0)],
        [Cell("–", None, "–.parquet"), Cell("–", None), Cell("never", None)],
    ]
    assert [about.is_numeric for about in page.columns_about] == [False, True, True]
    assert page.file == "tables/losses-a=1.csv"


@pytest.mark.parametrize(
    ("values", "orders"),
    [
        ([120, np.inf, np.nan, 90.5], [120, INFINITE, None, 90.5]),
        ([-np.inf, -0.0015, 0.0], [-INFINITE, -0.0015, 0.0]),
        ([2**63 - 1, 0], [2**63 - 1, 0]),
        ([0.1 + 0.2, 0.3], [0.1 + 0.2, 0.3]),
        ([True, False], ["yes", "no"]),
        (["sgd", "adam", "2nd", "", None], ["sgd", "adam", "2nd", None, None]),
        (["0123456789abcdef", "2026-11-21", "1e5"], ["0123456789abcdef", "2026-11-21", "1e5"]),
        ([1.5, "too few seeds"], [1.5, "too few seeds"]),
    ],
)
def test_a_value_is_sorted_as_what_it_is(values, orders):
    table = Table("values", pd.DataFrame({"column": values}), [Column("column", "column")]).on_page()
    assert [row[0].order for row in table.rows] == orders
    json.dumps(table.rows, allow_nan=False)


def test_a_table_without_rows_has_its_columns():
    empty = Table("empty", pd.DataFrame({"a": pd.Series(dtype=str)}), [Column("a", "a")])
    page = empty.on_page()
    assert (page.columns, page.rows, len(page.columns_about)) == (["a"], [], 1)
    assert empty.reading.columns.tolist() == ["a"]
    assert empty.files() == {}


def test_the_columns_are_explained_on_the_page(runs):
    table = PageTable(["a"], [[Cell("1", 1.0)]])
    html = render(page_of(runs, parts=[PagePart(name, [], [], [("table", "what it is", table)]) for name in "ab"]))
    assert html.count("what it is</p></details>") == 2
    glossary = html.partition('id="glossary"')[2]
    for name in ("tail loss", "jitter 1", "relative jitter 100", "ERT", "steps to a target", "wins"):
        assert f">{name}</th>" in glossary
    assert "NaN" not in glossary.partition("</section>")[0]


def test_the_page_says_what_was_run_and_when(runs):
    settings = PageTable(["optimizer", "learning rates"], [[Cell("adam"), Cell("0.1, 0.2")]])
    html = render(page_of(runs, made="2026-11-21 07:12 UTC, 4 min 10 s", settings=settings))
    assert "4 min 10 s" in html.partition('id="about"')[2]
    assert "0.1, 0.2" in html.partition('id="settings"')[2].partition('id="environment"')[0]
    assert 'href="#settings"' in html
    assert "settings" not in re.findall(r'id="([\w-]+)"', render(page_of(runs)))


def drawn(width: float = 3, height: float = 2) -> CaptionedFigure:
    return CaptionedFigure("name", "Title", "words", plt.figure(figsize=(width, height)))


def test_a_figure_leads_to_its_files():
    files = Files(("png", "svg"))
    figure = files.add_figure(drawn(), "-a=1")
    assert figure.links == [("PNG", "figures/name-a=1.png"), ("SVG", "figures/name-a=1.svg")]
    assert [*files.contents] == [*figure.files]
    html = render(page_of([train(quadratic_config())], across=[figure]))
    assert '<a href="figures/name-a%3D1.svg" aria-label="SVG: Title">SVG</a>' in html


@pytest.mark.parametrize("size", [(1, 161), (1, 700)])
def test_a_figure_too_large_for_a_page_is_a_link(size):
    files = Files(("png",))
    figure = files.add_figure(drawn(*size))
    assert figure.image == ""
    assert files.contents["figures/name.png"].startswith(b"\x89PNG")
    html = render(page_of([train(quadratic_config())], across=[figure]))
    assert "<img" not in html
    assert '<a href="figures/name.png"' in html.partition('class="linked"')[2]


def test_neither_side_nor_area_of_a_shown_figure_is_too_large():
    sizes = [(100, 2), (2, 165), (100, 100)]
    assert [can_be_shown(drawn(*size).figure) for size in sizes] == [True, False, False]
    plt.close("all")


@pytest.mark.slow
def test_of_many_settings_the_first_ones_figures_are_on_the_page_and_the_others_beside_it(digits, monkeypatch):
    """First of all comes the figure over the key that tells the settings apart. Then the limit is reached in the first one."""
    runs = [
        train(digits_config(problem=part("problem", "mlp", hidden=(hidden,), batch_size=20), seed=seed))
        for hidden in (8, 9)
        for seed in (0, 1)
    ]
    files, html = built(runs)
    over_key = "".join(re.findall(r"<img[^>]*>", html.partition('<section id="part-1">')[0]))
    one, _ = re.findall(r'<section id="part-\d">.*?</section>', html, re.DOTALL)
    images = [len(url) for url in re.findall(r'src="(data:image[^"]*)"', over_key + one)]
    monkeypatch.setattr("zdl_bench.report.files.MAX_IMAGES", sum(images))
    files, html = built(runs)
    assert over_key == "".join(re.findall(r"<img[^>]*>", html.partition('<section id="part-1">')[0]))
    one, other = re.findall(r'<section id="part-\d">.*?</section>', html, re.DOTALL)
    assert 'class="linked"' not in one
    assert "<img" in one
    assert "<img" not in other
    linked = {unquote(link) for link in re.findall(r'href="(figures/[^"]*)"', other)}
    assert linked == {path for path in files if path.startswith("figures/") and "hidden=9" in path}


@pytest.mark.slow
def test_figures_are_drawn_without_windows_and_pyplot_keeps_its_backend_and_its_figures(digits, monkeypatch):
    before = plt.get_backend()
    plt.switch_backend("svg")
    mine = plt.figure()
    monkeypatch.setattr(plt, "figure", None)  # whoever draws by pyplot may open a window
    built([train(digits_config(name)) for name in ("sgd", "adam")])
    assert plt.get_backend() == "svg"
    assert plt.get_fignums() == [mine.number]
    monkeypatch.undo()
    plt.close("all")
    plt.switch_backend(before)


@pytest.mark.slow
def test_a_page_of_a_thousand_runs_is_below_8_mb_and_the_same_twice(digits):
    rng = np.random.default_rng(0)
    trained = [
        train(digits_config(name, lr=lr, steps=200, probe_count=50))
        for name in ("sgd", "momentum", "adagrad", "rmsprop", "adam")
        for lr in (0.0005, 0.001, 0.002, 0.005)
    ]
    runs = [perturbed(run, replace(run.config, seed=seed), rng) for run in trained for seed in range(50)]
    _, page = built(runs)
    assert len(chart_data(page)["runs"]) == 1_000
    assert "exact</td>" not in page
    assert len(page.encode()) < 8_000_000
    assert built(runs)[1] == page


@pytest.mark.slow
def test_a_thousand_runs_of_twenty_settings_are_below_8_mb(digits):
    rng = np.random.default_rng(0)
    lrs = (0.0005, 0.001, 0.002, 0.005, 0.01)
    trained = [train(digits_config(name, lr=lr, steps=200, probe_count=50)) for name in ("sgd", "adam") for lr in lrs]
    problems = [part("problem", "mlp", hidden=(hidden,), batch_size=20) for hidden in range(8, 28)]
    runs = [
        perturbed(run, replace(run.config, problem=problem, seed=seed), rng)
        for problem in problems
        for run in trained
        for seed in range(5)
    ]
    files, page = built(runs)
    assert len(page.encode()) < 8_000_000
    named = {unquote(link) for link in re.findall(r'href="(figures/[^"]*)"', page)}
    assert named == {path for path in files if path.startswith("figures/")}


@pytest.mark.slow
def test_a_thousand_runs_of_a_hundred_variants_are_below_8_mb(digits):
    rng = np.random.default_rng(0)
    run = train(digits_config("momentum", steps=200, probe_count=50))
    variants = [part("optimizer", "momentum", momentum=number / 101) for number in range(1, 101)]
    runs = [perturbed(run, replace(run.config, optimizer=one, seed=seed), rng) for one in variants for seed in range(10)]
    files, page = built(runs)
    assert len(page.encode()) < 8_000_000
    rows = packed_rows(page)
    assert len(rows[-1]) == 1_000
    pairs, questions = 100 * 99 // 2, files["tables/comparisons.csv"].count(b"\n") - 1
    assert questions % pairs == 0
    shown = 10 * 9 // 2 + 90  # of the ten that have room, and of all others with the control
    assert len(rows[0]) == shown * questions // pairs
