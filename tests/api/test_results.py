"""Results from Python: the findings, figures and tables of the page, for a notebook."""

import copy
import pickle
from dataclasses import replace

import matplotlib.pyplot as plt
import pytest
from conftest import SMALL
from matplotlib.axes import Axes
from matplotlib.text import Text
from test_python_sweep import TINY

import zdl_bench as zb
from zdl_bench.language import speaking
from zdl_bench.registry.languages import language_named
from zdl_bench.report.figures.catalogue import FIGURE_NAMES


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def results(tmp_path_factory, digits):
    """Return a sweep of three optimizers and three learning rates on three seeds."""
    keys = TINY | {"steps": 60, "results_dir": tmp_path_factory.mktemp("store")}
    return zb.sweep(["sgd", "momentum", "adam"], lr=[1e-2, 2e-2, 4e-2], seed=range(3), **keys)


def texts_in(drawn) -> set[str]:
    drawn.get_figure(root=True).canvas.draw()
    return {text.get_text() for text in drawn.findobj(Text)}


@pytest.mark.slow
def test_findings_are_those_of_the_page(results):
    findings = results.findings()
    page = results.report()
    written = (page.parent / "tables/findings.md").read_text(encoding="utf-8")
    for finding in findings:
        assert finding.heading.replace("<", "") in written.replace("<", "").replace("\\", "")
    assert len(findings) == written.count("## ")
    assert [one.heading for one in findings] == [one.heading for part in findings.settings for one in part.findings]
    assert findings[:2] == [findings[0], findings[1]]
    assert f"{findings[0].heading}\n  {findings[0].sentence}\n" in str(findings)
    frame = findings.frame
    assert {"setting", "finding", "first", "second", "n", "effect", "low", "high", "p", "run_ids"} <= {*frame}
    assert {*frame["finding"]} <= {one.heading for one in findings}


@pytest.mark.slow
def test_every_figure_of_the_page_can_be_drawn_by_its_name(results):
    page = results.report()
    on_page = {path.stem for path in page.parent.glob("figures/*.png")} - {"answer"}  # the first screen alone has it
    assert on_page <= {*FIGURE_NAMES}
    assert {"loss_curves", "loss_at_best_lr", "lr_sensitivity", "heat_map", "paired_differences", "improvement"} <= on_page
    for name in ("loss_curves", "improvement", "heat_map"):
        figure = results.plot(name)
        assert figure._repr_png_().startswith(b"\x89PNG")
        assert all(axes.has_data() or not axes.get_visible() for axes in figure.axes)
    for name in {*FIGURE_NAMES} - on_page:
        with pytest.raises(zb.ConfigError, match=f"{name}: these runs have no values for this figure; see docs/notebooks.md"):
            results.plot(name)


@pytest.mark.slow
def test_the_figures_by_name_are_the_files_of_the_page(results):
    page = results.report()
    for path in (one for one in page.parent.glob("figures/*.png") if one.stem != "answer"):
        results.plot(path.stem).savefig(path.with_name("again.png"), metadata={})
        assert path.with_name("again.png").stat().st_size > 0
        width, height = plt.imread(path).shape[1::-1]
        assert (width, height) == plt.imread(path.with_name("again.png")).shape[1::-1], path.stem


@pytest.mark.slow
def test_a_figure_by_name_has_other_labels_and_colours(results):
    labels = {"adam": "Adaptiv", "sgd": "Abstieg", "step": "Schritt", "probe loss (nats)": "Verlust (nats)", "lr": "Lernrate"}
    figure = results.plot("loss_at_best_lr", labels=labels, colors={"adam": "red"})
    texts = texts_in(figure)
    assert {"Schritt", "Verlust (nats)"} <= texts
    assert any(text.startswith("Adaptiv, Lernrate 0.") for text in texts)
    assert any(text.startswith("Momentum, Lernrate 0.") for text in texts)
    [axes] = figure.axes
    colors = {line.get_label().partition(",")[0]: line.get_color() for line in axes.lines}
    assert colors["Adam"] == "#ff0000"
    assert colors["SGD"] != "#ff0000"
    rows = texts_in(results.plot("heat_map", labels=labels))
    assert {"Adaptiv", "Abstieg", "Momentum"} <= rows, "the names of rows, too"
    assert "Adam" not in rows


@pytest.mark.slow
def test_a_figure_is_drawn_on_given_axes_without_a_title(results):
    figure, (left, right) = plt.subplots(1, 2)
    left.set_title("mine")
    size = figure.get_size_inches().tolist()
    for name, axes in (("loss_at_best_lr", left), ("lr_sensitivity", right)):
        assert results.plot(name, ax=axes, labels={"adam": "A"}) is axes
        assert isinstance(axes, Axes)
        assert axes.has_data()
        assert any(text.get_text().startswith("A,") or text.get_text() == "A" for text in axes.get_legend().get_texts())
    assert left.get_title() == "mine"
    assert figure.get_suptitle() == ""
    assert figure.get_size_inches().tolist() == size
    with pytest.raises(zb.ConfigError, match="ax: this figure has 3 panels; leave ax out, and take the panels"):
        results.plot("loss_curves", ax=left)
    assert len(results.plot("loss_curves").axes) == 3


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"name": "loss_curve"}, "loss_curve: there is no such figure; did you mean loss_curves"),
        (
            {"name": "loss_curves", "colors": {"adm": "red"}},
            "colors: adm: there is no such optimizer here; the optimizers are SGD",
        ),
        ({"name": "loss_curves", "colors": {"adam": "rouge"}}, "colors: Adam: rouge is no colour of matplotlib"),
        ({"name": "loss_curves", "setting": "steps=3"}, "setting=steps=3: there is no such setting"),
    ],
)
def test_a_wish_that_cannot_be_met_is_refused(results, keys, words):
    with pytest.raises(zb.ConfigError, match=words):
        results.plot(**keys)


@pytest.mark.slow
def test_results_of_several_settings_ask_which(small_sweep):
    small_sweep("-m", "optimizer=sgd,adam", "lr=0.1", "seed=0,1", "steps=20,30", "name=both")
    both = zb.load_results(sweep="both")
    with pytest.raises(zb.ConfigError, match="these results have 2 settings; give setting=, one of: steps=20, steps=30"):
        both.plot("heat_map")
    assert "30 steps" in both.plot("heat_map", setting="steps=30").get_suptitle()
    assert [one.setting for one in both.findings().settings] == ["Influence of steps", "steps=20", "steps=30"]
    assert both.plot("axis-steps", labels={"adam": "Adam"}, colors={"adam": "red"}).axes[0].lines[1].get_color() == "#ff0000"
    long = replace(both, runs=both.runs.query("steps == 30"))
    assert [one.setting for one in long.comparisons] == [""]
    assert [one.setting for one in long.findings().settings] == [""]
    whole = zb.load_results()
    assert len(whole.findings().settings) == 3
    assert repr(whole) == "<all runs in results: 8 runs of sgd, adam>"
    empty = replace(both, runs=both.runs.iloc[:0])
    assert len(empty.findings()) == 0
    assert repr(empty.findings()) == "no findings"
    with pytest.raises(zb.ConfigError, match="there are no runs, so there is nothing to draw"):
        empty.plot("heat_map")


def test_a_notebook_shows_findings_and_a_table_and_escapes_both(results):
    html = results._repr_html_()
    assert html.startswith(f"<p><strong>{results.manifest.name}: 27 runs of sgd, momentum, adam</strong></p>")
    assert html.count("<table") == 1
    for variant in ("SGD", "Momentum", "Adam"):
        assert f"<td>{variant}</td>" in html
    finding = replace(results.findings()[0], sentence="<script>alert(1)</script>")
    part = replace(results.findings().settings[0], setting="<b>", findings=(finding,))
    shown = zb.Findings((part,), ("claim <i>",))._repr_html_()
    assert "<script>" not in shown
    assert "&lt;script&gt;" in shown
    assert "&lt;b&gt;" in shown
    assert "claim &lt;i&gt;" in shown


@pytest.mark.parametrize("code", ["en", "ja", "de"])
def test_results_and_findings_can_be_pickled_and_copied(results, code):
    said = replace(results, language=language_named(code))
    findings = said.findings()
    for copied in (pickle.loads(pickle.dumps(said)), copy.deepcopy(said), pickle.loads(pickle.dumps((said, findings)))[0]):
        assert copied.language == said.language
        assert repr(copied) == repr(said)
        assert repr(copied.findings()) == repr(findings)
    for copied in (pickle.loads(pickle.dumps(findings)), copy.deepcopy(findings)):
        assert repr(copied) == repr(findings)
        assert copied.answer == findings.answer


def test_what_is_shown_of_results_is_in_their_language_wherever_it_is_shown(results):
    said = replace(results, language=language_named("de"), manifest=None)
    few = replace(said, runs=said.runs.query("seed == 0"))
    none = replace(said, runs=said.runs.iloc[:0]).findings()
    with speaking(language_named("ja")):
        assert repr(said).endswith(": 27 Läufe mit sgd, momentum, adam>")
        assert few.findings().answer.lines[1].startswith("Nicht belegt: ")
        assert "Nicht belegt: " in repr(few.findings())
        assert (repr(none), none._repr_html_()) == ("keine Ergebnisse", "<p>keine Ergebnisse</p>")
    assert len(repr(said.language)) < 200


@pytest.mark.slow
def test_paths_have_a_name_too(command):
    command(
        "-m", "problem=bowl", "executor=serial", "report=false", "steps=20", "optimizer=sgd,adam", "lr=0.05,0.1", *SMALL[1:1]
    )
    surface = zb.load_results()
    assert len(surface.plot("paths").axes) == 4
    assert isinstance(surface.plot("optimizer_paths", ax=plt.figure().add_subplot()), Axes)


@pytest.mark.slow
def test_the_page_opens_in_a_browser(results, monkeypatch):
    opened = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    assert opened == [] != [results.open_report()]
    assert opened == [results.report().resolve().as_uri()]
