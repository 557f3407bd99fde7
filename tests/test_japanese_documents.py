"""The Japanese documents keep in step with the English ones: commands, links, figures, numbers, verdicts, headings."""

import re
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

ROOT = Path(__file__).parents[1]
ENGLISH = {
    "README.ja.md": ["README.md"],
    "docs/ja/tutorial.md": ["docs/tutorial.md"],
    "docs/ja/gallery.md": ["docs/gallery.md"],
    "docs/ja/which_one.md": ["docs/which_one.md"],
    "docs/ja/study.md": ["docs/study.md"],
    "docs/ja/articles.md": ["docs/articles.md", "experiments/README.md"],
}
"""Japanese document → what it translates."""

WITHOUT_COMMANDS = {"docs/ja/study.md"}
"""Its two commands stand within sentences."""

JAPANESE = {source: page for page, sources in ENGLISH.items() for source in sources} | {"docs/index.md": "docs/ja/index.md"}
LEFT_OUT = "## What an experiment's YAML holds"
"""The Japanese page ends before this section and leads to it."""

VERDICTS = {
    "supported": "支持される",
    "refuted": "反証される",
    "insufficient evidence": "証拠不十分",
    "not decidable as stated": "このままでは判定不能",
}
FENCED = re.compile(r"^```\w*\n(.*?)^```$", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
DECIMALS = re.compile(r"\d[\d,]*\.\d+|\d[\d,]*\d")
NUMBERS = re.compile(rf"{DECIMALS.pattern}|\d")
TRANSLATED_LABELS = {"学習率": "Lernrate"}
"""In the example from Python."""

every_page = pytest.mark.parametrize("page", ENGLISH)


def text_of(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8").partition(LEFT_OUT)[0]


def both(page: str) -> tuple[str, str]:
    """Return what a Japanese document translates, and the document."""
    return "\n".join(text_of(source) for source in ENGLISH[page]), text_of(page)


def prose(text: str) -> str:
    """Return a text without its blocks of code, without the folders drawn beside their contents, and without addresses."""
    text = re.sub(r"^    .*\n", "", FENCED.sub("", text), flags=re.MULTILINE)
    return re.sub(r"\]\([^)]+\)", "]", text)


def blocks(text: str) -> list[str]:
    """Return the blocks of code without their comments, and the commands among indented lines."""
    for label, english in TRANSLATED_LABELS.items():
        text = text.replace(f'"{label}"', f'"{english}"')
    fenced = [re.sub(r" +# .*$", "", block, flags=re.MULTILINE) for block in FENCED.findall(text)]
    return fenced + re.findall(r"^    +((?:python|for|momentum_escape|done).*)$", text, re.MULTILINE)


def about_japanese(block: str) -> bool:
    return any(mark in block for mark in ("language=ja", "ZDL_BENCH_LANGUAGE=ja", "zdl_bench[ja]"))


def targets(page: str) -> list[str]:
    """Return the files of the project, from its root, to which a document leads, with the part of each."""
    found = []
    for target in LINK.findall(text_of(page)):
        file, _, anchor = target.partition("#")
        if file and ":" not in file:
            found.append(f"{((ROOT / page).parent / file).resolve().relative_to(ROOT)}#{anchor}")
    return found


def in_japanese(target: str) -> str:
    """Return where a Japanese document leads instead: to the Japanese page, if there is one. Its headings have other names."""
    file = target.partition("#")[0]
    return f"{JAPANESE[file]}#" if file in JAPANESE else target


def rows(text: str) -> list[str]:
    return re.findall(r"^\|.*\|$", text, re.MULTILINE)


@every_page
def test_the_commands_are_the_same(page):
    english, japanese = ([block for block in blocks(text) if not about_japanese(block)] for text in both(page))
    assert japanese == english
    assert english or page in WITHOUT_COMMANDS


@every_page
def test_every_key_and_command_within_a_sentence_is_named(page):
    english, japanese = (Counter(re.findall(r"`[^`\n]+`", prose(text))) for text in both(page))
    assert english - japanese == Counter()


@every_page
def test_the_links_are_the_same_and_lead_to_japanese_pages(page):
    own = [target.partition("#")[0] for target in targets(page)]
    assert [target for target in own if not (ROOT / target).exists()] == []
    assert {target for target in own if target in JAPANESE} <= {*ENGLISH[page], "experiments/README.md"}
    wanted = Counter(in_japanese(target) for source in ENGLISH[page] for target in targets(source))
    found = Counter(re.sub(r"(docs/ja/.*|README\.ja\.md)#.*", r"\1#", target) for target in targets(page))
    del wanted[f"{page}#"]  # what two English pages are is one in Japanese
    assert wanted - found == Counter()


@every_page
def test_figures_come_in_the_same_order(page):
    english, japanese = (re.findall(r"\((?:\.\./)*(?:docs/)?(figures/.+?)\)", text) for text in both(page))
    assert japanese == english


@every_page
def test_the_headings_are_as_many(page):
    english, japanese = (re.findall(r"^#+ ", FENCED.sub("", text), re.MULTILINE) for text in both(page))
    assert len(japanese) == len(english)


@every_page
def test_the_numbers_are_the_same(page):
    english, japanese = (Counter(DECIMALS.findall(prose(text))) for text in both(page))
    assert english - japanese == Counter()
    assert [number for number in japanese - english if not number.isdigit()] == []  # "ten" may be 10


@every_page
def test_each_row_of_a_table_has_its_numbers(page):
    pairs = list(zip(*map(rows, both(page)), strict=True))
    for english, japanese in pairs:
        one, other = (re.sub(r"\]\([^)]+\)", "]", row) for row in (english, japanese))
        assert Counter(NUMBERS.findall(one)) - Counter(NUMBERS.findall(other)) == Counter(), japanese


def test_each_claim_has_its_verdict():
    english, japanese = (
        [[cell.strip() for cell in row.split("|")[1:-1]] for row in rows(text.partition(start)[2])]
        for text, start in zip(both("docs/ja/articles.md"), ("\n## Verdicts\n", "\n## 判定\n"), strict=True)
    )
    assert len(english) == len(japanese) > 50
    for one, other in list(zip(english, japanese, strict=True))[2:]:
        assert other[0].partition("、")[0] == re.split(r",| against ", one[0])[0]
        assert other[2:4] == [one[2], VERDICTS[one[3]]]


def test_the_ranks_of_the_study_are_the_same():
    english, japanese = (re.findall(r"^\| \[.*\|$", text, re.MULTILINE) for text in both("docs/ja/study.md"))
    assert len(english) == 37
    assert [row.replace("](../", "](") for row in japanese] == english


def test_the_tutorial_says_how_to_get_japanese():
    text = text_of("docs/ja/tutorial.md")
    assert "`language=ja`" in text
    assert any("zdl_bench[ja]" in block for block in blocks(text))


def test_the_two_readmes_lead_to_each_other():
    assert "README.ja.md#" in targets("README.md")
    assert "README.md#" in targets("README.ja.md")


@pytest.mark.parametrize("page", [*ENGLISH, "docs/ja/index.md"])
def test_no_mark_of_markdown_shows(page):
    """Between Japanese letters and punctuation, `**` is not always a mark."""
    shown = re.sub(r"<code.*?</code>", "", MarkdownIt("commonmark").enable("table").render(text_of(page)), flags=re.DOTALL)
    assert re.findall(r".{10}(?:\*\*|`|\]\().{10}", shown) == []


@pytest.mark.parametrize("page", [*ENGLISH, "docs/ja/index.md"])
def test_no_line_breaks_within_a_sentence(page):
    """A browser shows a line break as a space, which Japanese does not have between words."""
    lines = prose(text_of(page)).splitlines()
    broken = [line for line, after in pairwise(lines) if re.search(r"[ぁ-んァ-ヶ一-龯、]$", line) and after]
    assert broken == []
