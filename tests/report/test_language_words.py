"""The words of a page in another language: no English is left over, and each sentence reads as a whole."""

import copy
import math
import pickle
import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from claim_rows import FAST, NOISE, SLOW, TUNING_SEEDS, rows, with_trials
from conftest import digits_config, quadratic_config
from test_answer import in_settings, with_more
from test_findings import standings_of

from zdl_bench.language import Language, later, later_count, said, speaking, translate
from zdl_bench.registry.languages import language_named
from zdl_bench.report.build import report_files
from zdl_bench.report.comparison import comparisons_of
from zdl_bench.report.page_budget import PageTests, page_tests
from zdl_bench.report.standings import Standings
from zdl_bench.report.words.answer import answer_of
from zdl_bench.report.words.axes import about_axis
from zdl_bench.report.words.findings import findings_of
from zdl_bench.report.words.look_lines import look_line
from zdl_bench.report.words.looks import about_looks, about_looks_before_plan
from zdl_bench.report.words.notes import notes_of
from zdl_bench.report.words.page_error import page_error_text
from zdl_bench.report.words.verdicts import verdict_lines
from zdl_bench.statistics.claims import claims_of
from zdl_bench.statistics.contest import contest_of
from zdl_bench.statistics.evidence import ExperimentRuns
from zdl_bench.statistics.look_plan import LookPlan
from zdl_bench.statistics.selection import ambiguous
from zdl_bench.statistics.sequential import compare_sequentially
from zdl_bench.statistics.verdict import judge_family
from zdl_bench.store.manifest import Manifest
from zdl_bench.training.loop import train

PLACE = re.compile(r"\{\w[^}]*\}")
NAMES = {"adam", "sgd", "yogi", "lost", "SGD", "AdaGrad", "quadratic", "dimension", "constant", "float", "lr", "steps", "range"}
NAMES |= {"nan", "inf"}
"""What stays as it is: names of optimizers, keys and numbers."""
KEYS = re.compile(r"'[^']*'|\w+=\S+|\w+_\w+|docs/\S+|python -m zdl_bench.*|seed=\S+")
INTERVAL = re.compile(r"\[[^\]]*\]")
ENGLISH_WORDS = re.compile(r"\b(the|is|are|of|than|with|seeds?|runs?|which|that|not|lower|higher|best|and|or|for|at)\b", re.I)


class WithoutWords(dict):
    """Translates every text into its places alone, so that a word that is left over was not translated."""

    def get(self, text, default=None):
        """Return the places of a text between brackets; for a text that is counted, as its forms."""
        places = f"⟦{' '.join(PLACE.findall(text))}⟧"
        return places if default else (places, places)


PSEUDO = Language("xx", WithoutWords(), WithoutWords())


def near() -> Standings:
    return standings_of(rows("sgd", FAST), rows("adam", FAST * np.exp(0.001 + NOISE[::-1])))


def shown() -> Standings:
    return standings_of(rows("sgd", SLOW), rows("adam", FAST, lr=0.01))


def one_of_many() -> Standings:
    late = rows("sgd", FAST / 2).assign(log_aulc=np.log(SLOW))
    return standings_of(late, rows("adam", SLOW).assign(log_aulc=np.log(FAST)), rows("yogi", SLOW * 2))


def tuned() -> Standings:
    grids = [
        rows(name, v * k, lr=lr) for name, v in (("sgd", SLOW), ("adam", FAST)) for lr, k in ((0.01, 1), (0.1, 2), (1.0, 3))
    ]
    lost = [rows("lost", SLOW * math.nan, lr=lr) for lr in (1.0, 10.0)]
    trials = [frame[frame["seed"].isin(TUNING_SEEDS)] for frame in with_trials(*lost)]
    return standings_of(*with_trials(*grids), *trials, tuning_seeds=TUNING_SEEDS)


def some_lost() -> Standings:
    return standings_of(rows("adam", [*FAST[1:], math.nan]), rows("sgd", SLOW))


SWEEPS: dict[str, Callable[[], Standings]] = {
    "clear": shown,
    "undecided": near,
    "each at its own": one_of_many,
    "tuned": tuned,
    "some lost": some_lost,
    "one seed": lambda: standings_of(rows("sgd", SLOW[:1]), rows("adam", FAST[:1])),
    "chosen on the same seeds": lambda: standings_of(
        *(rows(name, v * k, lr=lr) for name, v in (("sgd", SLOW), ("adam", FAST)) for lr, k in ((0.01, 1), (0.1, 2)))
    ),
    "all diverged": lambda: standings_of(rows("sgd", SLOW * math.nan, lr=0.1), rows("adam", SLOW * math.nan)),
    "one optimizer": lambda: standings_of(rows("adam", FAST)),
    "one optimizer at several rates": lambda: standings_of(rows("adam", FAST), rows("adam", SLOW, lr=0.1)),
}


def page_of(name: str) -> list[str]:
    """The lines of the answer, and all words of the findings, of a sweep."""
    standings = with_more(SWEEPS[name]())
    found = findings_of(standings)
    words = [text for one in found for text in (one.heading, one.sentence, *one.details)]
    return [*answer_of(PageTests([standings])).lines, *words]


def several() -> list[str]:
    adam, sgd = (standings_of(rows("sgd", a), rows("adam", b)) for a, b in ((SLOW, FAST), (FAST, SLOW)))
    even = with_more(near())
    pages = (
        (("steps=1", adam), ("steps=2", adam)),
        (("steps=1", adam), ("steps=2", sgd), ("steps=3", even)),
        (("steps=1", even), ("steps=2", even)),
    )
    return [line for page in pages for line in answer_of(in_settings(*page)).lines]


def of_claims() -> list[str]:
    claims = [
        {"id": name, "sentence": f"{a} {b}.", "source": "sgd", "metric": "tail_loss", "first": {"optimizer": a},
         "second": {"optimizer": b}, "kind": "superiority", "view": "as_named"}
        for name, a, b in (("adam", "adam", "sgd"), ("sgd", "sgd", "adam"), ("lost", "lost", "adam"))
    ]  # fmt: skip
    runs = standings_of(rows("sgd", SLOW), rows("adam", FAST)).comparison.runs
    judged = judge_family(claims_of(claims), ExperimentRuns(runs, ()))
    return [*answer_of(PageTests([shown()]), judged).lines, *verdict_lines(judged)]


def along_an_axis() -> list[str]:
    """The words of a deterministic sweep of two optimizers over two numbers of steps."""
    runs = [train(quadratic_config(name, steps=steps)) for name in ("sgd", "adagrad") for steps in (10, 40)]
    manifest = Manifest("sweep", "", "", [], [run.run_id for run in runs], "2026-01-01T00:00:00+00:00")
    comparisons = comparisons_of(runs)
    tests = page_tests(comparisons, [], manifest)
    found = [about_axis(*tests.axes[0]), *findings_of(tests.standings[0])]
    words = [text for one in found for text in (one.heading, one.sentence, *one.details)]
    return [*answer_of(tests).lines, *comparisons[0].context, *notes_of("", runs, comparisons), *words]


def with_planned_looks() -> list[str]:
    standings = one_of_many()
    contest = contest_of({"": standings.entrants}, range(10))
    lines = []
    for margin in (None, 1.2):
        looks = compare_sequentially(contest, LookPlan(10, margin))
        found = findings_of(replace(standings, looks=looks, share=0.0))
        lines += [look_line(looks), *(text for one in found for text in (one.heading, one.sentence, *one.details))]
    return lines


def test_looks_that_decide_nothing_have_an_answer():
    standings = near()
    looks = compare_sequentially(contest_of({"": standings.entrants}, range(10)), LookPlan(10, None))
    found = answer_of(PageTests([replace(standings, looks=looks, share=0.0)]))
    assert found.not_shown == "that sgd is faster than adam."


def looked_at_before() -> list[str]:
    return [*about_looks([6], [near().comparison]), *about_looks_before_plan([5, 6]), page_error_text([near()])]


PAGES = [
    *(pytest.param(lambda name=name: page_of(name), id=name) for name in SWEEPS),
    *(several, of_claims, along_an_axis, with_planned_looks, looked_at_before),
]


@pytest.mark.parametrize("page", PAGES)
def test_every_word_of_an_answer_and_of_the_findings_is_a_text_of_a_catalogue(page):
    with speaking(PSEUDO):
        lines = page()
    left = {word for line in lines for word in re.findall(r"[A-Za-z]{2,}", KEYS.sub("", line))} - NAMES
    assert left == set(), "\n".join(lines)


@pytest.mark.parametrize("code", ["ja", "de"])
@pytest.mark.parametrize("page", PAGES)
def test_every_word_is_translated(page, code):
    with speaking(language_named(code)):
        lines = page()
    assert [line for line in lines if ENGLISH_WORDS.search(KEYS.sub("", line))] == []
    if code == "ja":
        assert [line for line in lines if re.search("[,;] ", INTERVAL.sub("", KEYS.sub("", line)))] == []
    assert not any(PLACE.search(line) for line in lines)


def test_the_answer_reads_as_a_whole_in_japanese():
    with speaking(language_named("ja")):
        first, *_ = page_of("clear")
    assert first == (
        "adam(lr 0.01) を使ってください。2 個の最適化手法のうち、次の点で最良です: 速さ、目標値への到達、終盤の損失(0.200)、"
        "安定性、テスト正解率(80.0 %)。adam の実行全体の損失の平均は sgd より 33 % 小さいです。"
    )


def test_the_answer_reads_as_a_whole_in_german():
    with speaking(language_named("de")):
        first, *_ = page_of("clear")
    assert first == (
        "adam (lr 0.01) verwenden. Am schnellsten, zuerst bei den Zielwerten, am Ende am niedrigsten (0.200), am ruhigsten "
        "und am genauesten (80.0 %) von 2 Optimierern; mittlerer Verlust über den Lauf: adam 33 % niedriger als sgd."
    )


def test_a_text_that_is_stored_is_english_until_it_is_said():
    reason = later("{name}: {reason}", name="adam", reason=later("no run has a value"))
    assert reason == "adam: no run has a value"
    with speaking(language_named("ja")):
        assert reason == "adam: no run has a value"
        assert said(reason) == "adam: 値のある実行がない"
        assert translate("Undecided: {reason}.", reason=reason) == "未決着: adam: 値のある実行がない。"
        assert said(later_count("{count} seed", "{count} seeds", 2)) == "シード 2 個"
        assert later("no run has a value") == "no run has a value"
        for copied in (copy.deepcopy(reason), pickle.loads(pickle.dumps(reason))):
            assert said(copied) == said(reason)


def test_german_names_the_experiment_in_the_case_that_its_sentence_asks_for():
    with speaking(language_named("de")):
        text = said(ambiguous({}))
    assert text == "bei dem Experiment passen mehrere Läufe eines Startwerts; in der Behauptung mehr Schlüssel nennen"


@pytest.mark.slow
def test_the_files_for_programs_are_english_in_every_language(digits):
    """All tables as CSV, Markdown and LaTeX, of optimizers at several rates, of an axis, of failures, and of claims."""
    lrs = {"sgd": (0.001, 0.01, 1e30), "adam": (0.001, 0.01)}
    runs = [
        train(digits_config(name, lr, seed=seed, steps=steps))
        for name in lrs for lr in lrs[name] for seed in range(3) for steps in (5, 10)
    ]  # fmt: skip
    sides = {"first": {"optimizer": "adam"}, "second": {"optimizer": "sgd"}}
    claims = [
        {"id": name, "sentence": "A holds.", "source": "x", "metric": "tail_loss", "kind": "superiority", "view": view} | one
        for name, view, one in (("a", "best_lr", sides), ("b", "as_named", sides),
                                ("c", "as_named", sides | {"second": {"optimizer": "lion"}}))
    ]  # fmt: skip
    experiment = {"title": "x", "claims": claims, "tuning_seeds": [0]}
    ids = [run.run_id for run in runs]
    manifest = Manifest("one", "", "the command", [], ids, "2026-01-01T00:00:00+00:00", experiment=experiment)
    written = []
    for code in ("en", "ja"):
        with speaking(language_named(code)):
            files = report_files(manifest, runs, ("png",))
        written.append({name: text for name, text in files.items() if name.startswith("tables/") and not name.endswith(".txt")})
    english, japanese = written
    assert {name.rpartition(".")[2] for name in english} == {"csv", "md", "tex"}
    assert {"claims.csv", "findings-axis-steps.csv", "findings.md"} <= {name.rpartition("/")[2] for name in english}
    assert {"failures", "tuning", "optimizers"} <= {name.rpartition("/")[2].partition("-")[0] for name in english}
    assert japanese.keys() == english.keys()
    assert {name for name in english if japanese[name] != english[name]} == set()
