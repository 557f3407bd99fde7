"""The site of the documentation: it builds without a warning, its links lead somewhere, and its commands run."""

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag

import gallery
import pytest

from zdl_bench.report.figures.catalogue import FIGURE_NAMES

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
RUN = re.compile(r"^<!-- (run|python) -->\n```\w*\n(.*?)^```$", re.DOTALL | re.MULTILINE)
PAGES = ["tutorial.md", "articles.md", "reading.md", "languages.md", "which_one.md", "ja/index.md"]
FOUND = {"学習率": "ja/tutorial", "振動": "ja/gallery", "主張と判定": "ja/articles", "bias corrected": "optimizers/adam"}
"""A query of the site's search, and a page that it finds."""


class Links(HTMLParser):
    """The targets of all links and images of a page, and the places in it that a link can name."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.anchors = {""}
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.anchors.add(values.get("id", ""))
        self.targets += [values[key] for key in ("href", "src") if values.get(key)]


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    pytest.importorskip("sphinx", reason="needs Sphinx: python -m pip install 'zdl_bench[docs]'")
    folder = tmp_path_factory.mktemp("docs")
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-qd", folder / "read", DOCS, folder / "site"]
    outcome = subprocess.run(command, capture_output=True, text=True, check=False)
    assert outcome.returncode == 0, outcome.stderr
    return folder / "site"


@pytest.mark.extras
@pytest.mark.slow
def test_the_site_builds_without_a_warning_and_every_link_works_from_disk(site):
    pages = {path: Links(path.read_text(encoding="utf-8")) for path in site.rglob("*.html")}
    written = {site / path.relative_to(DOCS).with_suffix(".html") for path in DOCS.rglob("*.md")}
    assert len(written) > 70
    assert written - pages.keys() == set()
    lost = []
    for path, links in pages.items():
        for target in links.targets:
            file, anchor = urldefrag(target)
            if re.match(r"\w+:", file):
                continue
            there = (path.parent / unquote(file.partition("?")[0])).resolve() if file else path
            if not there.exists() or (there in pages and unquote(anchor) not in pages[there].anchors):
                lost.append((path.name, target))
    assert lost == []


@pytest.mark.extras
@pytest.mark.slow
@pytest.mark.parametrize(("words", "page"), FOUND.items())
def test_the_search_finds_english_and_japanese_words(site, browser, words, page):
    tab = browser.new_page()
    tab.goto(f"{(site / 'search.html').as_uri()}?q={words}")
    tab.wait_for_selector(f'ul.search a[href^="{page}.html"]', timeout=120_000)


@pytest.mark.extras
@pytest.mark.slow
def test_a_japanese_page_says_that_it_is_japanese(site):
    texts = {path: path.read_text(encoding="utf-8") for path in site.rglob("*.html")}
    languages = {path: re.search(r'<html[^>]* lang="(\w+)"', text)[1] for path, text in texts.items()}
    assert {path.parent.name for path, language in languages.items() if language == "ja"} == {"ja"}
    assert {language for path, language in languages.items() if path.parent.name != "ja"} == {"en"}


@pytest.mark.extras
@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_the_commands_of_a_page_run_as_they_stand_there(page, tmp_path):
    blocks = RUN.findall((DOCS / page).read_text(encoding="utf-8"))
    assert blocks
    python = Path(sys.executable)
    environment = os.environ | {"PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}"}
    for kind, text in blocks:
        if kind == "python" and "polars" in text:
            pytest.importorskip("polars", reason="needs Polars: python -m pip install 'zdl_bench[docs]'")
        command = ["bash", "-euc", text] if kind == "run" else [sys.executable, "-c", text]
        outcome = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert outcome.returncode == 0, f"{text}\n{outcome.stdout}\n{outcome.stderr}"


def test_the_gallery_names_every_figure_and_shows_what_it_has():
    named = set(re.findall(r"\*\*`([\w-]+)`\*\*", gallery.PAGE))
    assert {*FIGURE_NAMES, "axis-KEY"} == named
    assert {path.name for path in (DOCS / "figures/gallery").iterdir()} == set(gallery.images())


def test_no_page_leads_to_one_that_is_nothing_but_an_include():
    texts = {path: path.read_text(encoding="utf-8") for path in DOCS.rglob("*.md")}
    included = {path for path, text in texts.items() if text.startswith("```{include}")}
    assert len(included) == 4
    links = [(path, target) for path, text in texts.items() for target in re.findall(r"\]\(([^)#]+\.md)", text)]
    assert [(path.name, target) for path, target in links if (path.parent / target).resolve() in included] == []


def test_the_page_on_strangers_names_tables_that_a_report_has():
    tables = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "zdl_bench/report/tables").glob("*.py"))
    named = re.findall(r"[^*]\*([A-Z][^*]+)\*[^*]", (DOCS / "strangers.md").read_text(encoding="utf-8"))
    assert len(named) == 2
    assert [name for name in named if f'"{name}"' not in tables] == []


def test_the_page_on_pairs_has_the_numbers_of_the_simulation_without_them():
    statistics, pairing = ((DOCS / name).read_text(encoding="utf-8") for name in ("statistics.md", "pairing.md"))
    rows = re.findall(r"^\| 1\.05 \| (0[.\d]*) \| ([\d.]+) \| ([\d.]+) \|$", statistics, re.MULTILINE)
    assert len(rows) == 3
    assert [cell for row in rows for cell in row if cell not in pairing] == []


@pytest.mark.slow
def test_the_commands_of_the_gallery_draw_its_figures(tmp_path):
    drawn = gallery.draw(tmp_path)
    assert drawn.keys() == set(gallery.images())
    assert [image for image, path in drawn.items() if not path.exists()] == []
