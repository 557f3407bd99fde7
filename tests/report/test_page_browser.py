"""The page in a real browser, opened from disk: it works with mouse and keys, on a phone and on paper, and asks no network."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import digits_config, part, quadratic_config
from playwright.sync_api import Page, expect
from test_page import page_of

from zdl_bench.report.build import build_report
from zdl_bench.report.rendering import render
from zdl_bench.report.tables.table import Cell, PageTable
from zdl_bench.run.config import Choice
from zdl_bench.store.manifest import Manifest
from zdl_bench.store.store import Store
from zdl_bench.training.loop import train

pytestmark = pytest.mark.slow
HOSTILE = "<script>alert(1)</script>" + """'" onload="alert(2)"""
LOCAL = ("file:", "data:", "blob:")
A4_WIDTH, A4_HEIGHT = 680, 1046
"""Of the text on paper, in pixels of CSS: 21 cm and 29.7 cm without the margins. Wide tables are printed sideways."""


@pytest.fixture
def opened(browser) -> Iterator[Callable[..., Page]]:
    """Opens a file as a reader does, and its sections unless `is_open` is false.

    At the end there was no error in the console and no request to a network.
    """
    contexts, complaints = [], []

    def on_console(message):
        if message.type in ("error", "warning"):
            complaints.append(message.text)

    def on_request(request):
        if not request.url.startswith(LOCAL):
            complaints.append(request.url)

    def open_page(path: Path, width: int = 1280, *, is_open: bool = True, **settings) -> Page:
        context = browser.new_context(viewport={"width": width, "height": 900}, **settings)
        contexts.append(context)
        page = context.new_page()
        page.on("console", on_console)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", on_request)
        page.goto(path.as_uri())
        if is_open:
            page.evaluate("document.querySelectorAll('details.chapter').forEach((part) => (part.open = true))")
        if is_open and settings.get("java_script_enabled", True):
            expect(page.locator(".needs-script")).to_have_count(0, timeout=30_000)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture(scope="module")
def report(tmp_path_factory, digits) -> Path:
    """Two optimizers and a hostile one, three learning rates of which one diverges, two seeds; two settings."""
    trained = [
        train(digits_config(name, lr=lr, seed=seed))
        for name in ("sgd", "adam")
        for lr in (0.001, 0.01, 1e30)
        for seed in (0, 1)
    ]
    named = [replace(run, config=replace(run.config, optimizer=Choice(HOSTILE, {}))) for run in trained[:2]]
    wider = [train(digits_config(problem=part("problem", "mlp", hidden=(24,), batch_size=20)))]
    store = Store(tmp_path_factory.mktemp("store") / "results")
    runs = [*trained, *named, *wider]
    for run in runs:
        store.write(run)
    manifest = Manifest("sweep", HOSTILE, "the command", [], [run.run_id for run in runs], "2026-01-01T00:00:00+00:00")
    store.write_manifest(manifest)
    return build_report(store, manifest, ("png",))


@pytest.fixture(scope="module")
def tuned(tmp_path_factory, digits) -> Path:
    """Two optimizers whose learning rates three seeds chose, of which one is shown to be faster."""
    trained = [
        train(digits_config(name, lr=lr, seed=seed, steps=200))
        for name in ("sgd", "adam")
        for lr in (0.001, 0.01)
        for seed in (*range(8), 100, 101, 102)
    ]
    store = Store(tmp_path_factory.mktemp("tuned") / "results")
    for run in trained:
        store.write(run)
    ids = [run.run_id for run in trained]
    manifest = Manifest("tuned", "", "the command", [], ids, "2026-01-01T00:00:00+00:00", tuning_seeds=[100, 101, 102])
    store.write_manifest(manifest)
    return build_report(store, manifest, ("png",))


@pytest.fixture(scope="module")
def long_tables(tmp_path_factory, digits) -> Callable[[int], Path]:
    """A page with a table of runs of that many rows, in no order, every tenth without a loss."""
    runs = [train(digits_config())]
    folder = tmp_path_factory.mktemp("long")

    def make(count: int) -> Path:
        losses = np.random.default_rng(0).permutation(count).tolist()
        cells = [(f"{i:016x}", None if i % 10 == 0 else float(loss)) for i, loss in enumerate(losses)]
        rows = [[Cell(name, name, f"{name}.parquet"), Cell("–" if x is None else f"{x:g}", x)] for name, x in cells]
        path = folder / f"{count}.html"
        path.write_text(render(page_of(runs, runs=PageTable(["run id", "loss"], rows))), encoding="utf-8")
        return path

    return make


def traces(page: Page) -> list[str]:
    return page.evaluate("document.getElementById('chart-plot').data.map((trace) => trace.name)")


def axis(page: Page, name: str) -> list[float]:
    return page.evaluate(f"document.getElementById('chart-plot').layout.{name}axis.range")


def with_every_run(page: Page) -> Page:
    page.get_by_role("radio", name="every run").check()
    return page


def column(page: Page, number: int, section: str = "#runs") -> list[str]:
    return page.locator(f"{section} tbody tr > :nth-child({number})").all_text_contents()


def column_number(page: Page, name: str) -> int:
    return page.locator("#runs thead th").all_text_contents().index(name) + 1


def test_structure_and_alternative_texts(opened, report):
    page = opened(report)
    assert len(page.locator("h1").all_text_contents()) == 1
    assert page.locator(".name").text_content() == HOSTILE
    levels = [int(tag[1]) for tag in page.evaluate("[...document.querySelectorAll('h1,h2,h3,h4,h5,h6')].map((h) => h.tagName)")]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    alternatives = page.evaluate("[...document.images].map((image) => image.alt)")
    assert len(alternatives) > 4
    assert all(len(text) > 20 for text in alternatives)
    for target in page.evaluate("[...document.querySelectorAll('nav a')].map((link) => link.hash)"):
        expect(page.locator(target)).to_have_count(1)
    assert page.evaluate("document.documentElement.lang") == "en"


SIZES = [(1280, 800), (390, 844)]


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_the_first_screen_has_answer_figure_and_table(opened, tuned, width, height):
    page = opened(tuned, width, is_open=False)
    page.set_viewport_size({"width": width, "height": height})
    assert page.locator("h1").text_content() == "Use Adam at lr 0.01."
    for place in ("h1", ".open", ".ran", ".first img", ".first table"):
        box = page.locator(place).bounding_box()
        assert box["y"] + box["height"] <= height, place
        assert box["x"] + box["width"] <= width, place
    assert page.evaluate("document.querySelector('.first img').naturalWidth") > 0, "the figure is drawn"
    assert page.locator(".first td.best").count() >= 2
    assert page.locator(".first td.shaded").count() >= 2


def ends_of_first_table(page: Page, steps: str) -> tuple[float, float]:
    """Return the left and the right end of the first table if its rows are as long as those of a sweep on MNIST."""
    row = ["Momentum", "0.0001", "0.0253", "0.0218", "96.4 %", "0.0431", steps]
    rows = "document.querySelectorAll('.first tbody tr')"
    page.evaluate(f"(row) => {rows}.forEach((tr) => row.forEach((text, i) => (tr.cells[i].textContent = text)))", row)
    assert page.evaluate("document.querySelector('.first tbody tr').cells.length") == len(row)
    box = page.locator(".first table").bounding_box()
    return box["x"], box["x"] + box["width"]


@pytest.mark.parametrize(("width", "media"), [(390, "screen"), (A4_WIDTH, "print")])
def test_on_a_phone_and_on_paper_the_first_table_has_room_for_a_sweep_on_mnist(opened, tuned, width, media):
    page = opened(tuned, width, is_open=False)
    page.emulate_media(media=media)
    left, right = ends_of_first_table(page, "1,000 (4 of 8)" if media == "print" else "1,000")
    assert left >= 0
    assert right <= width


def test_sections_open_by_their_names_and_the_contents_stay_in_sight(opened, tuned):
    page = opened(tuned, is_open=False)
    expect(page.locator("#runs table")).to_be_hidden()
    page.get_by_role("link", name="Runs", exact=True).click()
    expect(page.locator("#runs table")).to_be_visible()
    assert page.evaluate("scrollY") > 0
    assert 0 <= page.locator("nav").bounding_box()["y"] < 5
    page.locator("#environment summary").click()
    expect(page.locator("#environment table")).to_be_visible()


def test_an_address_with_an_anchor_opens_its_section(browser, tuned):
    page = browser.new_page()
    page.goto(f"{tuned.as_uri()}#glossary")
    expect(page.locator("#glossary table")).to_be_visible()
    expect(page.locator("#runs table")).to_be_hidden()
    page.close()


def test_paper_has_every_section_and_afterwards_they_are_closed_again(opened, tuned):
    page = opened(tuned, is_open=False)
    page.evaluate(
        "addEventListener('beforeprint', () => (window.shut = document.querySelectorAll('details.chapter:not([open])').length))"
    )
    page.pdf()
    assert page.evaluate("window.shut") == 0
    expect(page.locator("#runs table")).to_be_hidden()


def test_in_the_dark_letters_are_light_and_axe_finds_nothing(opened, tuned):
    page = opened(tuned, color_scheme="dark", bypass_csp=True)
    channels = "getComputedStyle(document.body).{}.match(/\\d+/g).map(Number)"
    assert max(page.evaluate(channels.format("backgroundColor"))) < 40
    assert min(page.evaluate(channels.format("color"))) > 200
    found = Axe().run(page).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"][:200]) for one in found] == []


def test_in_the_dark_an_optimizer_has_one_colour_in_figures_chart_and_legend(opened, tuned):
    page = opened(tuned, color_scheme="dark")
    expect(page.locator("#chart-plot .main-svg").first).to_be_visible(timeout=30_000)
    look = "(one) => [getComputedStyle(one).filter, getComputedStyle(one).mixBlendMode]"
    of_figures = page.locator("figure img").first.evaluate(look)
    assert of_figures[0] != "none"
    for selector in ("#chart-plot > div", ".swatch"):
        assert page.locator(selector).first.evaluate(look) == of_figures, selector
    outside = page.locator("#chart-plot").evaluate(look)
    assert outside == ["none", "normal"], "the outline of the focus keeps its colour"


def test_the_skip_link_is_the_first_stop(opened, report):
    page = opened(report)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"


@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing(opened, report, width):
    page = opened(report, width, bypass_csp=True)  # axe is injected as a script
    found = Axe().run(page).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"][:200]) for one in found] == []


@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_is_never_wider_than_the_screen(opened, report, width):
    page = opened(report, width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_what_is_wider_than_its_box_says_so(opened, report):
    page = opened(report, 390)
    boxes = page.evaluate(
        """[...document.querySelectorAll(".scroll")].map((box) => {
            const says = getComputedStyle(box, "::before").content.includes("scroll");
            return [box.scrollWidth > box.clientWidth, says, box.tabIndex === 0];
        })"""
    )
    assert boxes
    assert all(says == is_wide and (can_be_reached or not is_wide) for is_wide, says, can_be_reached in boxes)
    assert sum(is_wide for is_wide, _, _ in boxes) > 4


def test_what_the_columns_mean_is_said_on_demand(opened, report):
    page = opened(report)
    words = page.get_by_text("Mean ± standard deviation over seeds.").first
    expect(words).to_be_hidden()
    page.get_by_text("What the columns mean").first.click()
    expect(words).to_be_visible()


def test_each_figure_leads_to_its_file(opened, report):
    page = opened(report)
    links = page.evaluate(
        "[...document.querySelectorAll('figcaption a')].map((link) => decodeURIComponent(new URL(link.href).pathname))"
    )
    assert len(links) == page.locator("figure").count()
    assert all(Path(link).is_file() for link in links)


def test_each_run_leads_to_its_file(opened, report):
    page = opened(report)
    links = page.evaluate("[...document.querySelectorAll('#runs tbody a')].map((link) => new URL(link.href).pathname)")
    assert len(links) == 15
    assert all(Path(link).is_file() for link in links)
    files = page.evaluate(
        "[...document.querySelectorAll('#files a')].map((link) => decodeURIComponent(new URL(link.href).pathname))"
    )
    assert files
    assert all(Path(link).is_file() for link in files)


def is_sorted(texts: list[str], sign: int) -> bool:
    """By numbers, up or down, with the missing ones last."""
    values = [float("inf") if text == "–" else sign * float(text) for text in texts]
    return values == sorted(values)


@pytest.mark.parametrize("way", ["mouse", "keyboard"])
def test_tables_are_sorted_by_their_headers(opened, report, way):
    page = opened(report)
    number = column_number(page, "tail loss")
    header = page.locator(f"#runs thead th:nth-child({number})")
    before = column(page, number)
    assert "–" in before
    for sign, state in ((1, "ascending"), (-1, "descending")):
        if way == "mouse":
            header.click()
        else:
            header.get_by_role("button").first.focus()
            page.keyboard.press("Enter")
        expect(header).to_have_attribute("aria-sort", state)
        assert is_sorted(column(page, number), sign)
    assert sorted(column(page, number)) == sorted(before)


def test_tables_are_filtered(opened, report):
    page = opened(report)
    page.get_by_label("Filter the table: Runs").fill("adam")
    assert set(column(page, column_number(page, "optimizer"))) == {"Adam"}
    page.get_by_label("Filter the table: Runs").fill("no such run")
    expect(page.locator("#runs tbody")).to_have_text("No row has this text")


@pytest.mark.parametrize("count", [300, 1_200])
def test_long_tables_have_pages_and_are_sorted_whole(opened, long_tables, count):
    page = opened(long_tables(count))
    expect(page.locator("#runs tbody tr")).to_have_count(100)
    header = page.locator("#runs thead th:nth-child(2)")
    header.click()
    assert column(page, 2)[:3] != ["–"] * 3
    assert is_sorted(column(page, 2), 1)
    page.get_by_label("Last", exact=True).click()
    assert set(column(page, 2)[-(count // 10) :]) == {"–"}
    name = column(page, 1)[-1]
    page.get_by_label("Filter the table: Runs").fill(name)
    assert column(page, 1) == [name]
    assert page.locator("#runs tbody a").get_attribute("href") == f"{name}.parquet"


def test_paper_has_every_row(opened, long_tables):
    page = opened(long_tables(200))
    page.emulate_media(media="print")
    expect(page.locator("#runs tbody tr")).to_have_count(200)
    expect(page.locator("#chart")).to_be_hidden()
    page.emulate_media(media="screen")
    expect(page.locator("#runs tbody tr")).to_have_count(100)


def test_the_pages_of_a_print_are_counted_with_every_row(opened, long_tables):
    page = opened(long_tables(200))
    page.evaluate(
        "addEventListener('beforeprint', () => (window.printed = document.querySelectorAll('#runs tbody tr').length))"
    )
    page.pdf()
    assert page.evaluate("window.printed") == 200


def test_paper_says_what_it_leaves_out(opened, long_tables):
    page = opened(long_tables(1_200))
    words = page.get_by_text("tables/runs.csv has all 1,200")
    expect(words).to_be_hidden()
    page.emulate_media(media="print")
    expect(words).to_be_visible()


def test_no_table_is_cut_on_paper(opened, tuned):
    page = opened(tuned, A4_HEIGHT)
    page.emulate_media(media="print")
    ends = "(all) => all.map((table) => [table.caption.textContent, table.getBoundingClientRect().right])"
    sideways = dict(page.locator(":is(.wide, #runs) table").evaluate_all(ends))
    assert {"Runs", "Every optimizer and learning rate"} <= {name.partition(",")[0] for name in sideways}
    assert not {name: end for name, end in sideways.items() if end > A4_HEIGHT}
    words = page.get_by_text(re.compile("On paper only the first 18 of .* columns are shown; tables/convergence.csv has all"))
    expect(words).to_be_visible()
    seen = "(row) => [...row.cells].filter((cell) => cell.getBoundingClientRect().width).length"
    assert page.locator(".wide:has-text('Every optimizer and') thead tr").evaluate(seen) == 18
    page.set_viewport_size({"width": A4_WIDTH, "height": 900})
    upright = dict(page.locator("table").evaluate_all(ends))
    assert not {name: end for name, end in upright.items() if end > A4_WIDTH and name not in sideways}
    page.emulate_media(media="screen")
    expect(words).to_be_hidden()


def test_the_chart_has_every_curve_and_marks_divergence(opened, report):
    page = with_every_run(opened(report))
    expected = {f"{name}, lr {lr}" for name in ("SGD", "Adam") for lr in ("0.001", "0.01", "1e+30")}
    escaped = HOSTILE.replace("<", "&lt;").replace(">", "&gt;")
    assert set(traces(page)) == {*expected, f"{escaped}, lr 0.001", "diverged"}
    expect(page.locator("#chart-summary")).to_contain_text("14 of 14 curves shown")
    expect(page.locator("#chart-summary")).to_contain_text("× at the last probe of 4 that diverged")
    expect(page.get_by_role("img", name="Loss against step, 14 of 14 curves shown")).to_be_visible()


def test_the_chart_speaks_of_means_and_bands_only_where_it_has_some(opened, report, tmp_path):
    page = opened(report)
    page.get_by_label("Setting", exact=True).select_option(index=1)
    expect(page.locator("#chart-summary")).to_contain_text("1 of 1 curves, each optimizer at its best learning rate")
    store = Store(tmp_path / "results")
    runs = [
        train(digits_config(name, lr, seed=seed, steps=10)) for name, lr in (("sgd", 1e30), ("adam", 0.01)) for seed in (0, 1)
    ]
    for run in runs:
        store.write(run)
    manifest = Manifest("lost", "", "the command", [], [run.run_id for run in runs], "2026-01-01T00:00:00+00:00")
    store.write_manifest(manifest)
    page = opened(build_report(store, manifest, ()))
    expect(page.locator("#chart-summary")).to_contain_text("2 of 4 curves as means with 95 % bands")
    expect(page.locator("#chart-summary")).to_contain_text("; 2 more by themselves; steps linear")
    page.get_by_label("Adam", exact=True).uncheck()
    expect(page.get_by_role("img", name="Loss against step, 2 of 4 curves shown; steps linear")).to_be_visible()


def test_the_chart_opens_with_means_and_bands_at_the_best_rates(opened, report):
    page = opened(report)
    names = [name for name in traces(page) if "band" not in name]
    assert names == ["SGD, lr 0.01", "Adam, lr 0.01", f"{HOSTILE}, lr 0.001".replace("<", "&lt;").replace(">", "&gt;")]
    assert len(traces(page)) == 2 * len(names)
    expect(page.locator("#chart-summary")).to_contain_text("6 of 14 curves as means with 95 % bands")
    band, mean = page.evaluate("document.getElementById('chart-plot').data.slice(0, 2).map((trace) => trace.y)")
    with_every_run(page)
    seeds = page.evaluate("document.getElementById('chart-plot').data.find((trace) => trace.name === 'SGD, lr 0.01').y")
    first, second = (np.log(seeds[start : start + len(mean)]) for start in (0, len(mean) + 1))
    np.testing.assert_allclose(mean, np.exp((first + second) / 2), rtol=1e-9)
    half = 12.7062 * np.abs(first - second) / 2  # Student's quantile for two values
    np.testing.assert_allclose(band[: len(mean)], np.exp((first + second) / 2 + half), rtol=1e-6)
    page.get_by_role("group", name="Seeds").get_by_role("checkbox", name="1", exact=True).uncheck()
    page.get_by_role("radio", name="mean of seeds").check()
    assert traces(page) == names  # one seed has no band


def test_the_loss_axis_ends_a_little_above_the_start(opened, tmp_path):
    """A learning rate that is too large gives losses far above it."""
    runs = [train(quadratic_config("sgd", lr, {"gradient_noise": 0.3}, seed=seed)) for lr in (0.01, 3.0) for seed in (0, 1)]
    path = tmp_path / "cut.html"
    path.write_text(render(page_of(runs)), encoding="utf-8")
    page = opened(path)
    expect(page.locator("#chart-summary")).to_contain_text("losses above 1.5 × the start are beyond the edge")
    end = np.log10(1.5 * max(run.curve.probes.probe_loss[0] for run in runs))
    assert axis(page, "y")[1] == pytest.approx(end, abs=1e-4)
    with_every_run(page)
    highest = page.evaluate("Math.max(...document.getElementById('chart-plot').data.flatMap(({ y }) => y))")
    assert highest > 10 * 10**end
    assert axis(page, "y")[1] == pytest.approx(end, abs=1e-4)
    page.get_by_label("loss from").fill("0.1")
    page.locator("#y-to").fill("100")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Reset zoom").click()
    expect(page.locator("#y-to")).not_to_have_value("100")
    assert axis(page, "y")[1] == pytest.approx(end, abs=1e-4)
    assert axis(page, "y")[0] < np.log10(min(loss for run in runs for loss in run.curve.probes.probe_loss))


def test_keys_zoom_and_move_the_chart_that_has_the_focus(opened, report):
    page = opened(report)
    (low, high), whole = axis(page, "x"), axis(page, "x")
    page.locator("#chart-plot").focus()
    page.keyboard.press("+")
    assert axis(page, "x") == pytest.approx([low + 0.1 * (high - low), high - 0.1 * (high - low)])
    page.keyboard.press("-")
    assert axis(page, "x") == pytest.approx(whole)
    page.keyboard.press("ArrowRight")
    assert axis(page, "x") == pytest.approx([low + 0.1 * (high - low), high + 0.1 * (high - low)])
    above = axis(page, "y")
    page.keyboard.press("ArrowUp")
    assert axis(page, "y")[0] > above[0]
    page.keyboard.press("0")
    assert axis(page, "x") == pytest.approx(whole)
    assert axis(page, "y") == pytest.approx(above)


def test_the_link_of_a_run_leads_to_its_curve_and_config(opened, report):
    page = opened(report)
    link = page.locator("#runs tbody a").nth(3)
    run_id = link.text_content()
    link.click()
    details = page.locator("#chart-run")
    expect(details.locator("h3")).to_contain_text(f"Run {run_id}: ")
    expect(details.locator("pre")).to_contain_text("seed=1")
    expect(details.locator("pre")).to_contain_text("problem.hidden=")
    expect(page.locator("#chart-summary")).to_contain_text("1 of 14 curves shown")
    assert details.locator("a").get_attribute("href").endswith(f"{run_id}.parquet")
    page.get_by_role("button", name="Back to all curves").click()
    expect(page.locator("#chart-summary")).to_contain_text("6 of 14 curves as means")
    expect(details.locator("h3")).to_have_count(0)


def test_of_many_optimizers_those_chosen_by_rank_are_on_and_evaluations_can_be_counted(opened, tmp_path):
    names = ["sgd", "momentum", "nesterov", "signum", "adagrad", "rmsprop", "adam", "adamax", "lion", "sam"]
    noise = {"gradient_noise": 0.3}
    runs = [train(quadratic_config(name, 0.01, noise, seed=seed, steps=30)) for name in names for seed in range(2)]
    path = tmp_path / "many.html"
    path.write_text(render(page_of(runs)), encoding="utf-8")
    page = opened(path)
    boxes = page.get_by_role("group", name="Optimizers").get_by_role("checkbox")
    assert sum(box.is_checked() for box in boxes.all()) == 8
    assert len([name for name in traces(page) if "band" not in name]) == 8
    expect(page.get_by_role("checkbox", name="SGD", exact=True)).to_be_checked()
    expect(page.locator("#chart-summary")).to_contain_text("2 optimizers are switched off")
    page.get_by_role("button", name="All: optimizers").click()
    last = "document.getElementById('chart-plot').data.filter(({ name }) => !/band/.test(name)).map(({ x }) => x.at(-1))"
    assert set(page.evaluate(last)) == {30}
    page.get_by_role("radio", name="against evaluations").check()
    assert set(page.evaluate(last)) == {30, 60}
    assert page.evaluate("document.getElementById('chart-plot').layout.xaxis.title.text") == "evaluations of the gradient"


def test_optimizers_rates_and_seeds_are_switched(opened, report):
    page = with_every_run(opened(report))
    page.get_by_role("checkbox", name="Adam", exact=True).uncheck()
    assert not [name for name in traces(page) if name.startswith("Adam")]
    page.get_by_role("checkbox", name="1e+30").uncheck()
    assert "diverged" not in traces(page)
    expect(page.locator("#chart-summary")).to_contain_text("6 of 14 curves shown")
    page.get_by_role("group", name="Seeds").get_by_role("checkbox", name="1", exact=True).uncheck()
    expect(page.locator("#chart-summary")).to_contain_text("3 of 14 curves shown")
    page.get_by_role("button", name="None: optimizers").click()
    assert traces(page) == []
    page.get_by_role("button", name="All: optimizers").click()
    expect(page.locator("#chart-summary")).to_contain_text("5 of 14 curves shown")


def test_boxes_and_radios_are_switched_by_keyboard(opened, report):
    page = with_every_run(opened(report))
    page.get_by_role("checkbox", name="SGD", exact=True).focus()
    page.keyboard.press("Space")
    expect(page.locator("#chart-summary")).to_contain_text("8 of 14 curves shown")
    page.get_by_role("radio", name="loss log").focus()
    page.keyboard.press("ArrowLeft")
    assert page.evaluate("document.getElementById('chart-plot').layout.yaxis.type") == "linear"


def test_axes_are_linear_or_logarithmic(opened, report):
    page = opened(report)
    types = "['x', 'y'].map((axis) => document.getElementById('chart-plot').layout[`${axis}axis`].type)"
    assert page.evaluate(types) == ["linear", "log"]
    page.get_by_role("radio", name="loss linear").check()
    page.get_by_role("radio", name="steps log").check()
    assert page.evaluate(types) == ["log", "linear"]
    expect(page.locator("#chart-summary")).to_contain_text("step 0 has no place on a logarithmic axis")


def test_a_drag_zooms_and_the_button_goes_back(opened, report):
    page = opened(report)
    whole = axis(page, "x")
    area = page.locator("#chart-plot .nsewdrag").first
    area.scroll_into_view_if_needed()
    box = area.bounding_box()
    page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 0.2 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 0.8 * box["height"], steps=5)
    page.mouse.up()
    expect(page.get_by_label("steps from")).not_to_have_value("0")
    low, high = axis(page, "x")
    assert (low, high) == pytest.approx([whole[0] + share * (whole[1] - whole[0]) for share in (0.3, 0.6)], rel=0.05)
    page.get_by_role("checkbox", name="Adam", exact=True).uncheck()
    assert axis(page, "x") == [low, high], "the zoom stays while curves are switched"
    page.get_by_role("button", name="Reset zoom").click()
    expect(page.get_by_label("steps from")).to_have_value("0")
    assert axis(page, "x") == whole


def test_numbers_zoom_without_a_mouse(opened, report):
    page = opened(report)
    page.get_by_label("steps from").fill("20")
    page.keyboard.press("Enter")
    assert axis(page, "x")[0] == 20
    page.get_by_label("loss from").fill("0.1")
    page.keyboard.press("Enter")
    assert axis(page, "y")[0] == pytest.approx(-1)
    page.get_by_label("loss from").fill("-3")  # has no place on a log axis
    page.keyboard.press("Enter")
    expect(page.get_by_label("loss from")).to_have_value("0.1")
    expect(page.locator("#chart-summary")).to_contain_text("a logarithmic axis has only numbers above 0")
    page.locator("#x-to").fill("10")
    page.keyboard.press("Enter")
    expect(page.locator("#chart-summary")).to_contain_text("“from” has to be below “to”")
    assert axis(page, "x")[0] == 20
    page.locator("#x-to").fill("33.3333")
    page.keyboard.press("Enter")
    expect(page.locator("#x-to")).to_have_value("33.3")
    expect(page.locator("#chart-summary")).not_to_contain_text("as before")


def test_settings_are_shown_one_at_a_time(opened, report):
    page = opened(report)
    page.get_by_label("Setting", exact=True).select_option("problem.hidden=24")
    expect(page.locator("#chart-summary")).to_contain_text("1 of 1 curves, each optimizer at its best learning rate")
    assert traces(page) == ["SGD, lr 0.001"]


def test_a_hostile_name_is_text_and_hover_says_which_run(opened, report):
    page = with_every_run(opened(report))
    dialogs = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    expect(page.get_by_role("checkbox", name=HOSTILE)).to_be_checked()
    assert HOSTILE in column(page, column_number(page, "optimizer"))
    for name in ("SGD", "Adam"):
        page.get_by_role("checkbox", name=name, exact=True).uncheck()
    plot = page.locator("#chart-plot")
    plot.scroll_into_view_if_needed()
    place = page.evaluate(
        """() => {
            const plot = document.getElementById("chart-plot"), { xaxis, yaxis } = plot._fullLayout, [trace] = plot.data;
            const box = plot.getBoundingClientRect();
            return [box.x + xaxis._offset + xaxis.d2p(trace.x[5]), box.y + yaxis._offset + yaxis.d2p(trace.y[5])];
        }"""
    )
    page.mouse.move(*place)
    hover = page.locator("#chart-plot .hoverlayer")
    expect(hover).to_contain_text(f"{HOSTILE} · lr 0.001 · seed")
    expect(hover).to_contain_text("completed")
    assert page.locator("#chart-plot script").count() == 0
    assert dialogs == []


def test_the_command_is_copied_or_selected(opened, report):
    page = opened(report)
    page.get_by_role("button", name="Copy: The command that made this page").click()
    expect(page.locator("#command ~ [role=status]")).not_to_be_empty()
    assert page.evaluate("String(getSelection())").strip() == "the command"


def test_without_javascript_the_page_is_whole(opened, report):
    page = opened(report, java_script_enabled=False)
    expect(page.locator("#runs tbody tr")).to_have_count(15)
    expect(page.get_by_text("This chart needs JavaScript.")).to_be_visible()


def test_a_browser_that_cannot_unpack_says_so(browser, report):
    page = browser.new_page()
    page.add_init_script("delete window.DecompressionStream")
    page.goto(f"{report.as_uri()}#chart")
    expect(page.locator("#chart .needs-script")).to_contain_text("DecompressionStream is not defined")
    expect(page.locator("#runs tbody tr")).to_have_count(15)
    page.close()
