"""What the program prints, in other languages: no English word is left over, and columns stand below one another."""

import ast
import re
import shutil
import string
from dataclasses import replace
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from catalogs import PACKAGE, texts, written
from conftest import SMALL
from own_stores import sweep_of, trained
from rich.cells import cell_len

import zdl_bench as zb
from zdl_bench.api.labels import aligned
from zdl_bench.language import Language, speaking, translatable
from zdl_bench.registry import conf_files, languages
from zdl_bench.registry.languages import language_named
from zdl_bench.report.freshness import hash_of_inputs
from zdl_bench.run.presentation import Presentation
from zdl_bench.store.manifest import Manifest
from zdl_bench.store.store import Store

MARKED = re.compile(r"⟦[^⟦⟧]*⟧")
COMMAND = re.compile(r"python -m [^\n]*|`[^`]*`")
KEY = re.compile(r"[\w.]+=\S*|[\w.]*[._/][\w./-]*|\b[0-9a-f]{16}\b")
NAMES = {
    "sgd",
    "adam",
    "momentum",
    "optimizer",
    "lr",
    "seed",
    "digits",
    "one",
    "two",
    "mlp",
    "python",
    "kB",
    "MB",
    "GB",
    "NumPy",
}
"""Names and units that no language translates: optimizers, keys, data sets, sweeps, programs."""
KANA = re.compile(r"[ぁ-ヿ一-鿿]")


def bracketed(text: str) -> str:
    """The text with every part of its own in ⟦…⟧, so that only the values in its places stand outside."""
    parts = string.Formatter().parse(text)
    return "".join(
        (f"⟦{own.replace('{', '{{').replace('}', '}}')}⟧" if own else "")
        + ("" if name is None else f"{{{name}{f'!{conversion}' if conversion else ''}{f':{form}' if form else ''}}}")
        for own, name, form, conversion in parts
    )


@pytest.fixture(scope="module")
def conf_with_brackets(tmp_path_factory):
    """The folder `conf` with a language, `eo`, that says every text that can be found in the package as it is, in ⟦…⟧."""
    folder = tmp_path_factory.mktemp("with_brackets") / "conf"
    shutil.copytree(conf_files.CONF, folder)
    catalog = Catalog(locale="eo", fuzzy=False)
    for text in texts():
        catalog.add(text, bracketed(text) if isinstance(text, str) else tuple(map(bracketed, text)))
    (folder / "languages/eo.po").write_bytes(written(catalog))
    return folder


@pytest.fixture
def bracket_language(conf_with_brackets, monkeypatch):
    monkeypatch.setattr(conf_files, "CONF", conf_with_brackets)


def english_words(printed: str) -> set[str]:
    """The words outside ⟦…⟧ that are no names, keys, paths, numbers or commands."""
    left = COMMAND.sub("", MARKED.sub(" ", printed))
    return {*re.findall(r"[A-Za-z]{2,}", KEY.sub("", left))} - NAMES


def before_answer(out: str) -> str:
    """What a sweep or a report prints before its answer."""
    lines = out.splitlines()
    last = max(number for number, line in enumerate(lines) if "next" in line or "report" in line)
    return "\n".join(lines[: last + 1])


SLOW = pytest.mark.slow
SWEEP = ("-m", "optimizer=sgd,adam", "language=eo", "name=one", "results_dir=a/store")


@pytest.mark.parametrize(
    "arguments",
    [
        "lr=1e-3,1e-2,1e9 tuning_seeds=[5,6] seed=0,1",
        pytest.param("seed=0,1", marks=SLOW),
        pytest.param("lr=1e-3,1e-2 tuning_seeds=[5,6] dry_run=true", marks=SLOW),
        pytest.param(
            "lr_grid=[0.1,1] tuning_seeds=[5] tune=[optimizer.beta1] optimizer=adam optimizer.beta1=0.5,0.9", marks=SLOW
        ),
        pytest.param("max_seeds=8 until=decided dry_run=true", marks=SLOW),
    ],
)
def test_a_sweep_says_every_word_in_its_language(bracket_language, small_sweep, arguments):
    keys = {word.partition("=")[0] for word in arguments.split()}
    outcome = small_sweep(*(one for one in SWEEP if one.partition("=")[0] not in keys), *arguments.split())
    assert outcome.status == 0, outcome.err
    assert "⟦" in outcome.out
    assert english_words(outcome.out + outcome.err) == set()


@pytest.fixture
def worse_sweep(tmp_path):
    """A store with a sweep and one that is slower, by another optimizer with code of its own."""
    runs = trained("adam", lr=0.02)
    own = [replace(run, config=replace(run.config, optimizer=replace(run.config.optimizer, source="a" * 16))) for run in runs]
    sweep_of(sweep_of(Store(tmp_path / "results"), "one", trained(lr=0.1)), "two", own)


def test_a_comparison_of_sweeps_says_every_word_in_its_language(bracket_language, worse_sweep, command, monkeypatch):
    monkeypatch.setenv("ZDL_BENCH_LANGUAGE", "eo")
    for style in ("text", "markdown"):
        outcome = command("compare", "one", "two", "--format", style)
        assert outcome.status == 1, outcome.err
        assert english_words(outcome.out) <= {"True"}, "a value of a key"


@pytest.mark.parametrize(("asked", "status"), [(("one", "two"), 1), (("two", "--against", "results"), 0)])
def test_a_comparison_for_programs_is_english_in_every_language(worse_sweep, command, monkeypatch, asked, status):
    english = command("compare", *asked, "--format", "json")
    assert english.status == status, english.err
    for code in ("ja", "de"):
        monkeypatch.setenv("ZDL_BENCH_LANGUAGE", code)
        assert command("compare", *asked, "--format", "json") == english


def test_columns_of_a_comparison_stand_below_one_another_in_japanese(worse_sweep, command, monkeypatch):
    monkeypatch.setenv("ZDL_BENCH_LANGUAGE", "ja")
    table = command("compare", "one", "two").out.split("\n\n")[2].splitlines()
    assert len(table) == 4
    assert len({cell_len(line) for line in table}) == 1


@pytest.mark.slow
def test_a_report_and_other_commands_say_every_word_in_their_language(bracket_language, small_sweep, command, monkeypatch):
    sweep = small_sweep(*SWEEP, "seed=0,1", "report=true")
    assert english_words(before_answer(sweep.out) + sweep.err) == set()
    next(Path("a/store/runs").rglob("*.parquet")).unlink()
    report = command("report", "one", "--results", "a/store")
    assert report.status == 0, report.err
    assert english_words(before_answer(report.out) + report.err.split("⟦; train")[0]) == set()
    assert small_sweep(*SWEEP, "seed=0,1").status == 0
    small_sweep("optimizer=sgd", "name=two", "results_dir=other/store")
    monkeypatch.setenv("ZDL_BENCH_LANGUAGE", "eo")
    for words in (
        ["ls"],
        ["verify", "one", "--runs", "1"],
        ["merge", "other/store"],
        ["export", "one"],
        ["rm", "one", "--yes"],
    ):
        outcome = command(*words, "--results", "a/store")
        assert outcome.status == 0, outcome.err
        printed = "\n".join(line.partition("python -m")[0] for line in outcome.out.splitlines())
        assert english_words(printed + outcome.err) - {"export", "probes", "environment"} == set(), words


def test_a_sweep_prints_japanese_that_is_aligned(small_sweep):
    outcome = small_sweep("-m", "optimizer=sgd,adam", "seed=0,1", "language=ja", "name=one")
    assert "one: 4 件の実行(うち訓練するもの 4、ストアにあるもの 0)" in outcome.err
    *table, caption, digest, results, following = outcome.out.splitlines()
    assert "終盤の損失" in outcome.out
    assert caption.strip() == "終盤の損失が小さい順です。速さの比較はレポートにあります。"
    assert len({cell_len(line) for line in table}) == 1
    assert {cell_len(line[: re.search(r": +", line).end()]) for line in (digest, results, following)} == {14}


@pytest.mark.slow
def test_a_dry_run_is_aligned(small_sweep):
    lines = small_sweep("-m", "optimizer=sgd,adam", "seed=0,1", "language=ja", "dry_run=true").out.splitlines()
    assert len({cell_len(re.match(r"[^:]+: +", line).group()) for line in lines}) == 1


def test_labels_are_aligned_by_their_width_on_a_terminal():
    ja = Language("ja", {"report:": "レポート:"})
    with speaking(ja):
        assert aligned([translatable("report:"), "x:"]) == {"report:": "レポート: ", "x:": "x:        "}


def test_the_environment_asks_ls_for_a_language(small_sweep, command, monkeypatch):
    small_sweep("name=one")
    monkeypatch.setenv("ZDL_BENCH_LANGUAGE", "ja")
    listed = command("ls").out
    assert "スイープ" in listed
    assert "完了 1 件" in listed
    assert len({cell_len(line) for line in listed.splitlines()}) == 1
    monkeypatch.setenv("ZDL_BENCH_LANGUAGE", "de")
    assert "1 abgeschlossen" in command("ls").out


@pytest.mark.parametrize(("code", "words"), [("ja", "中断しました"), ("de", "unterbrochen"), ("xx", "interrupted;")])
def test_an_interrupt_speaks_the_language_of_the_command(command, monkeypatch, code, words):
    def interrupted(store):
        raise KeyboardInterrupt

    monkeypatch.setattr(Store, "require_existing", interrupted)
    outcome = command("report", f"language={code}")
    assert (outcome.status, outcome.err[: len(words)]) == (130, words)


def test_errors_stay_english(command):
    assert command("language=ja", "optimizer=nothing").err.startswith("error: optimizer=nothing")


@pytest.mark.slow
def test_python_speaks_the_language_that_it_is_asked_for(tmp_path, monkeypatch, capsys, digits):
    monkeypatch.chdir(tmp_path)
    keys = dict(one.split("=", 1) for one in SMALL) | {"problem.hidden": (8,), "dataset": "digits", "executor": "serial"}
    keys |= {"steps": 5, "seed": [0, 1], "optimizer": ["sgd", "adam"], "name": "one"}
    results = zb.sweep(**keys, language="ja")
    assert KANA.search(capsys.readouterr().out)
    assert results.language is language_named("ja")
    assert KANA.search(repr(results.findings()))
    assert KANA.search(results._repr_html_())
    again = zb.load_results("results", "one")
    assert again.language.code == "ja", "the language of the sweep's report"
    assert zb.load_results("results", "one", language="de").language.code == "de"
    assert zb.load_results("results").language.code == "en"
    monkeypatch.setenv("ZDL_BENCH_LANGUAGE", "de")
    assert zb.load_results("results").language.code == "de"
    assert zb.sweep(**keys).language.code == "de"
    assert "Läufe" in capsys.readouterr().out
    with pytest.raises(zb.ConfigError, match="language=xx"):
        zb.load_results("results", language="xx")


def test_no_text_hides_inside_another_text():
    """Texts in the braces of an f-string are not found, so they would have no translation."""
    calls = ("translate", "translate_count", "translatable")
    for path in PACKAGE.rglob("*.py"):
        for outer in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(outer, ast.JoinedStr):
                names = {one.func.id for one in ast.walk(outer) if isinstance(one, ast.Call) and isinstance(one.func, ast.Name)}
                assert not names & {*calls}, f"{path.name}:{outer.lineno}"


def test_no_list_in_a_text_is_joined_in_the_english_way():
    """`translate_list` joins a list as the language of the reader does."""
    calls = {"translate", "translate_count", "later", "later_count", "translate_list"}
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in calls:
                for inner in (one for keyword in node.keywords for one in ast.walk(keyword.value)):
                    joins = isinstance(inner, ast.Attribute) and inner.attr == "join" and isinstance(inner.value, ast.Constant)
                    assert not joins or inner.value.value not in (", ", "; "), f"{path.name}:{inner.lineno}"


def test_other_translations_make_a_report_out_of_date(conf_with_brackets, tmp_path, monkeypatch):
    manifest = Manifest(name="one", title="", command="", overrides=[], run_ids=[], started="2026-01-01")
    hashes = set()
    for translation in ("", "Raporto: {path}", "La raporto: {path}"):
        shutil.copytree(conf_with_brackets, tmp_path / "conf", dirs_exist_ok=True)
        catalog = Catalog(locale="eo", fuzzy=False)
        catalog.add("report: {path}", translation)
        (tmp_path / "conf/languages/eo.po").write_bytes(written(catalog))
        monkeypatch.setattr(conf_files, "CONF", tmp_path / "conf")
        languages._read.cache_clear()
        hashes.add(hash_of_inputs(manifest, ["png"], [], Presentation(language="eo")))
    languages._read.cache_clear()
    assert len(hashes) == 3
