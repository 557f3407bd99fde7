"""Texts are said in the language that a key or the environment asks for; what a language lacks stays English."""

import json
from pathlib import Path

import pytest
from conftest import SMALL

from zdl_bench.errors import ConfigError
from zdl_bench.language import ENGLISH, Language, speaking, spoken, translate, translate_count
from zdl_bench.registry import conf_files
from zdl_bench.registry.languages import language_named, language_names

POLISH = r"""
msgid ""
msgstr ""
"Language: pl\n"
"Content-Type: text/plain; charset=utf-8\n"
"Plural-Forms: nplurals=3; plural=(n==1 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2);\n"

msgid "Use {name} at lr {lr}."
msgstr "Przy lr {lr} {name}."

msgid "{count} seed"
msgid_plural "{count} seeds"
msgstr[0] "{count} ziarno"
msgstr[1] "{count} ziarna"
msgstr[2] "{count} ziaren"

msgid "Left empty"
msgstr ""
"""


@pytest.fixture
def polish(tmp_path, monkeypatch):
    """A language that is one file, with three plural forms."""
    (tmp_path / "languages").mkdir()
    (tmp_path / "languages/pl.po").write_text(POLISH, encoding="utf-8")
    monkeypatch.setattr(conf_files, "CONF", tmp_path)
    return language_named("pl")


def test_english_is_what_the_code_says():
    assert spoken() is ENGLISH is language_named("en")
    assert translate("Use {name} at lr {lr}.", name="Adam", lr=0.1) == "Use Adam at lr 0.1."
    assert [translate_count("{count} seed", "{count} seeds", n) for n in (0, 1, 2)] == ["0 seeds", "1 seed", "2 seeds"]


def test_a_language_is_one_file(polish):
    assert language_names() == ["en", "pl"]
    with speaking(polish):
        assert translate("Use {name} at lr {lr}.", name="Adam", lr=0.1) == "Przy lr 0.1 Adam."
        counts = [translate_count("{count} seed", "{count} seeds", n) for n in (1, 3, 5, 22)]
        assert counts == ["1 ziarno", "3 ziarna", "5 ziaren", "22 ziarna"]
        assert translate("Left empty") == "Left empty"
        assert translate("Not there: {x}", x=1) == "Not there: 1"
        assert translate_count("{count} run", "{count} runs", 2) == "2 runs"
    assert spoken() is ENGLISH


def test_the_letters_of_a_language_are_those_of_its_translations(polish):
    assert {"P", "z", "{"} <= polish.letters
    assert "L" not in polish.letters


@pytest.mark.parametrize(("code", "remedy"), [("jp", "give one of en, de, ja"), ("dee", "did you mean de?")])
def test_an_unknown_language_is_explained(code, remedy):
    with pytest.raises(ConfigError, match=f"language={code}: there is no such language") as error:
        language_named(code)
    assert remedy in str(error.value)


def test_a_language_cannot_be_a_path(tmp_path):
    (tmp_path / "x.po").write_text(POLISH, encoding="utf-8")
    with pytest.raises(ConfigError, match="there is no such language"):
        language_named(str(tmp_path / "x"))


def test_the_language_ends_with_its_context_even_after_an_error():
    with pytest.raises(KeyError), speaking(Language("xx", {"a": "{b}"})):
        translate("a")
    assert translate("a") == "a"


@pytest.mark.slow
def test_a_report_keeps_its_language_until_another_is_asked_for(small_sweep, command):
    assert small_sweep("language=ja", "report=true", "name=one").status == 0
    page, manifest = Path("results/sweeps/one/report.html"), Path("results/sweeps/one/sweep.json")
    assert '<html lang="ja">' in page.read_text(encoding="utf-8")
    assert command("report", "one").status == 0
    assert '<html lang="ja">' in page.read_text(encoding="utf-8")
    assert command("report", "one", "language=de").status == 0
    assert '<html lang="de">' in page.read_text(encoding="utf-8")
    assert json.loads(manifest.read_text(encoding="utf-8"))["report"]["language"] == "de"


def test_the_language_changes_no_run(command, digits):
    ids = []
    for language in ("en", "ja"):
        outcome = command("dataset=digits", "steps=5", "executor=serial", "report=false", f"language={language}", *SMALL)
        assert outcome.status == 0, outcome.err
        ids.append(sorted(path.name for path in Path("results/runs").rglob("*.parquet")))
    assert ids[0] == ids[1]


def test_the_environment_asks_for_a_language(command, monkeypatch):
    monkeypatch.setenv("ZDL_BENCH_LANGUAGE", "klingon")
    outcome = command("ls")
    assert outcome.status == 2
    assert "ZDL_BENCH_LANGUAGE=klingon: there is no such language" in outcome.err
