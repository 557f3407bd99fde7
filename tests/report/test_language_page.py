"""The page in other languages: every text on it is translated, and its buttons, tables and chart speak the language."""

import re
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser

import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import digits_config, part
from playwright.sync_api import expect
from test_page_browser import ends_of_first_table, opened  # noqa: F401

from zdl_bench.language import Language, speaking
from zdl_bench.registry.languages import language_named
from zdl_bench.report.build import report_files
from zdl_bench.run.run import Run
from zdl_bench.store.manifest import Manifest
from zdl_bench.training.loop import train

pytestmark = pytest.mark.slow
SENTENCE = "Momentum ends lower."
OPEN, CLOSE = "⟦", "⟧"
TRANSLATED = re.compile(f"{OPEN}[^{OPEN}{CLOSE}]*{CLOSE}")
UNCHANGED = re.compile(r"\S*[=_/]\S*|\b\w+\.(?:csv|md|tex|json|py)\b|\b[0-9a-f]{16}\b|\bp = |\bn=|float32|float64|×\d+")
"""What no language translates: keys with values, names of files, ids, types of numbers."""
NAMES = {"Adam", "SGD", "Momentum", "lr", "ERT", "UTC", "CSV", "PNG", "SVG", "adam", "sgd", "momentum", "digits", "mlp"}
NAMES |= {"quadratic", "relu", "constant", "eps", "ln", "zdl", "bench", "plain", "beta", "epsilon", "True"}
UNSEEN = {"script", "style", "pre", "code"}
INLINE = {"a", "abbr", "strong"}
LABELS = ("aria-label", "title", "alt")
VOID = {"meta", "img", "br", "input", "link"}


class Wrapping(Mapping[str, str]):
    """Translations of every text: the text in brackets."""

    def get(self, text, default=None):
        return f"{OPEN}{text}{CLOSE}"

    def __getitem__(self, text: str) -> str:
        return self.get(text)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


class WrappingCounts(Wrapping):
    def get(self, text, default=None):
        return (f"{OPEN}{text}{CLOSE}",) * 2


PSEUDO = Language("xx", Wrapping(), WrappingCounts())


class Texts(HTMLParser):
    """The texts that a reader of a page sees or hears, each with the tags and classes around it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []
        self.path: list[tuple[str, str]] = []
        self.lines: list[str] = []
        self.feed(html)
        self.end_line()

    @property
    def place(self) -> str:
        return " ".join(name for _, name in self.path)

    def end_line(self) -> None:
        """End the text of a block; a link within it does not."""
        if "".join(self.lines).strip():
            self.found.append((self.place, "".join(self.lines).strip()))
        self.lines.clear()

    def handle_starttag(self, tag, attrs):
        about = dict(attrs)
        if tag not in INLINE:
            self.end_line()
        name = ".".join([tag, *(about.get("class") or "").split()]) + (f"#{about['id']}" if "id" in about else "")
        self.path.append((tag, name))
        self.found += [(self.place, text) for key, text in attrs if key in LABELS and text]
        if tag in VOID:
            self.path.pop()

    def handle_endtag(self, tag):
        if tag in VOID:
            return
        if tag not in INLINE:
            self.end_line()
        while self.path and self.path.pop()[0] != tag:
            pass

    def handle_data(self, data):
        if not UNSEEN & {tag for tag, _ in self.path}:
            self.lines.append(data)


def english_in(text: str) -> list[str]:
    """Return the English words of a text that no translation replaced."""
    while TRANSLATED.search(text):
        text = TRANSLATED.sub(" ", text)
    text = UNCHANGED.sub(" ", text.replace(SENTENCE, " "))
    return [word for word in re.findall(r"[A-Za-z]{2,}", text) if word not in NAMES]


def page_in(language: Language, runs: list[Run], **about) -> str:
    ids = [run.run_id for run in runs]
    manifest = Manifest("plain", "", "the command", [], ids, "2026-01-01T00:00:00+00:00", "2026-01-01T00:01:00+00:00", **about)
    with speaking(language):
        return report_files(manifest, runs, ("png",))["report.html"].decode()


def plain_runs() -> tuple[list[Run], dict]:
    return [
        train(digits_config(name, lr=lr, seed=seed)) for name in ("sgd", "adam") for lr in (0.001, 0.01) for seed in (0, 1)
    ], {}


def runs_of_settings() -> tuple[list[Run], dict]:
    problems = [part("problem", "mlp", hidden=(width,), batch_size=20) for width in (8, 16)]
    return [train(digits_config(name, lr=0.01, problem=problem)) for name in ("sgd", "adam") for problem in problems], {}


def runs_of_a_claim() -> tuple[list[Run], dict]:
    sides = {"first": {"optimizer": "momentum"}, "second": {"optimizer": "sgd"}}
    claim = {"id": 1, "sentence": SENTENCE, "source": "plain", "metric": "tail_loss", "kind": "superiority"} | sides
    runs = [train(digits_config(name, lr=0.01, seed=seed)) for name in ("sgd", "momentum") for seed in range(6)]
    return runs, {"experiment": {"title": "plain", "claims": [claim]}}


def diverged_runs() -> tuple[list[Run], dict]:
    return [train(digits_config(name, lr=1e30, seed=seed)) for name in ("sgd", "adam") for seed in (0, 1)], {}


@pytest.mark.parametrize("sweep", [plain_runs, runs_of_settings, runs_of_a_claim, diverged_runs])
def test_no_text_of_the_page_is_left_in_english(digits, sweep):
    runs, about = sweep()
    texts = Texts(page_in(PSEUDO, runs, **about)).found
    assert len(texts) > 100
    left = [(place, text) for place, text in texts if english_in(text) and "section#environment" not in place]
    assert left == []


def test_the_japanese_page_works_in_a_browser(digits, opened, tmp_path):  # noqa: F811
    path = tmp_path / "report.html"
    path.write_text(page_in(language_named("ja"), plain_runs()[0]), encoding="utf-8")
    page = opened(path, bypass_csp=True)
    expect(page.get_by_role("button", name="コピー: このページを作ったコマンド")).to_have_text("コピー")
    expect(page.locator("#chart-summary")).to_contain_text("本の曲線")
    page.get_by_role("radio", name="すべての実行").check()
    page.get_by_label("損失の下限").fill("-3")
    page.get_by_label("損失の下限").press("Enter")
    expect(page.locator("#chart-summary")).to_contain_text("表示範囲は変わっていません")
    page.get_by_label("表を絞り込む: 実行").fill("Adam")
    shown = page.locator(
        "#chart-controls legend, #chart-controls label, #chart-controls button, .dt-search label"
    ).all_inner_texts()
    assert len(shown) > 20
    assert [text for text in shown if re.search(r"[A-Za-z]{2,}", re.sub(r"SGD|Adam", "", text))] == []
    assert [one["id"] for one in Axe().run(page).response["violations"]] == []


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("code", ["ja", "de"])
def test_the_first_table_has_room_for_the_words_of_a_language(digits, opened, tmp_path, code, width):  # noqa: F811
    path = tmp_path / "report.html"
    learned = [train(digits_config(name, lr=0.01, seed=seed, steps=200)) for name in ("sgd", "adam") for seed in (0, 1)]
    path.write_text(page_in(language_named(code), learned), encoding="utf-8")
    page = opened(path, width, is_open=False)
    left, right = ends_of_first_table(page, "1000")
    box = page.locator(".board .scroll").bounding_box()
    assert left >= box["x"] >= 0
    assert right <= box["x"] + box["width"] <= width
