"""Figures and tables for print: their size, fonts, captions and names, and LaTeX that compiles."""

import re
import shutil
import subprocess
from dataclasses import replace

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from conftest import digits_config, part, quadratic_config
from PIL import Image

from zdl_bench import cli
from zdl_bench.report.comparison import comparisons_of
from zdl_bench.report.display_names import optimizer_label, with_keys
from zdl_bench.report.figures.catalogue import comparison_figures, standing_figures
from zdl_bench.report.figures.print_layout import text_points
from zdl_bench.report.figures.style import house_style
from zdl_bench.report.print_columns import MEAN_MEASURES, heading_of
from zdl_bench.report.standings import Standings
from zdl_bench.report.tables.conditions import condition_table, optimizer_table
from zdl_bench.report.tables.formats import latex, latex_text
from zdl_bench.run.presentation import Presentation
from zdl_bench.store.manifest import Manifest
from zdl_bench.store.store import Store
from zdl_bench.training.loop import train

MM = 72 / 25.4
"""A millimetre, in points."""
NASTY = r"50% of_the {A&B} #1 \input{z} $x$ ~ ^ | <b> [3cm]"
TEX = next((name for name in ("pdflatex", "lualatex", "tectonic") if shutil.which(name)), None)


@pytest.fixture(scope="module")
def trained(digits):
    """Two optimizers at two learning rates, of which one diverges for SGD, with eight seeds."""
    return [
        train(digits_config(name, lr=lr, seed=seed, steps=60))
        for name, lrs in (("sgd", (0.003, 1e30)), ("adam", (0.003, 0.03)))
        for lr in lrs
        for seed in range(8)
    ]


def reporter(folder, runs):
    """Return a function that builds the report of the runs with these words, and returns the sweep's folder."""
    store = Store(folder / "results")
    for run in runs:
        store.write(run)
    store.write_manifest(Manifest("s", "", "the command", [], [run.run_id for run in runs], "2026-01-01T00:00:00+00:00"))

    def build(*words: str):
        assert cli.main(["report", "s", "--results", str(store.root), *words]) == 0
        return store.sweep_folder("s")

    return build


@pytest.fixture
def report(trained, tmp_path):
    return reporter(tmp_path, trained)


@pytest.fixture
def bowl(tmp_path):
    return reporter(tmp_path, [train(quadratic_config("sgd", steps=5))])


def figures_of(runs):
    [comparison] = comparisons_of(runs)
    return [*comparison_figures(comparison), *standing_figures(Standings(comparison))]


@pytest.mark.slow
def test_a_report_for_print_has_figures_of_the_width_with_embedded_fonts_and_captions_beside_them(report):
    folder = report("--formats", "png,pdf", "figure.style=paper", "figure.width=89")
    pdfs = sorted((folder / "figures").glob("*.pdf"))
    assert len(pdfs) > 8
    for pdf in pdfs:
        content = pdf.read_bytes()
        assert b"/Type3" not in content, pdf.name
        assert b"/FontFile2" in content, pdf.name
        [width] = re.findall(rb"/MediaBox \[ ?0 0 ([\d.]+) ", content)
        assert round(float(width) / MM) in (89, 183), pdf.name
        assert re.fullmatch(r"[A-Z].+?\. digits · mlp .+; 8 seeds · .+; .+\.\n", pdf.with_suffix(".txt").read_text()), pdf.name
        assert f"{{{pdf.name}}}" in pdf.with_suffix(".tex").read_text()
        with Image.open(pdf.with_suffix(".png")) as image:
            assert image.width == pytest.approx(float(width) / 72 * 300, abs=2)
    one_column = {"loss_curves", "accuracy_curves", "smoothed_loss", "lr_sensitivity", "oscillation", "speed_jitter"}
    for pdf in pdfs:
        if pdf.stem in one_column:
            assert f"/MediaBox [ 0 0 {89 * MM:.2f}".encode() in pdf.read_bytes(), pdf.name
    page = (folder / "report.html").read_text()
    assert "digits ·" in page
    before = {path.name for path in (folder / "figures").iterdir()}
    report("figure.style=house")
    after = {path.name for path in (folder / "figures").iterdir()}
    assert after == {name for name in before if name.endswith((".png", ".pdf"))} | {"answer.png", "answer.pdf"}


def test_a_pdf_with_type_3_fonts_is_noticed(tmp_path):
    """The bytes that the test above looks for are there if nobody asks for Type 42."""
    with mpl.rc_context({"pdf.fonttype": 3}):
        figure = mpl.figure.Figure()
        figure.text(0.5, 0.5, "text")
        figure.savefig(tmp_path / "x.pdf")
    assert b"/Type3" in (tmp_path / "x.pdf").read_bytes()


@pytest.mark.slow
def test_text_in_print_has_seven_points_and_lies_within_the_figure(trained):
    for width in (89, 183):
        with house_style(Presentation("paper", width)):
            assert {text_points(size) for size in (7, 7.5, 8.5, 10)} == {7.0}
            for one in figures_of(trained):
                assert round(one.figure.get_figwidth() * 25.4) in {width, 183}
                assert one.figure.get_suptitle() == ""
                assert one.caption.startswith(one.title)
                one.figure.canvas.draw()
                box, sides = one.figure.get_tightbbox(), one.figure.get_size_inches()
                assert box.x0 > -0.02, one.name
                assert box.x1 < sides[0] + 0.02, one.name
                texts = [text for text in one.figure.findobj(mpl.text.Text) if text.get_text() and text.get_visible()]
                assert {round(text.get_fontsize(), 1) for text in texts} <= {7.0, 9.1}, one.name


def test_the_house_style_is_as_before(trained):
    [comparison] = comparisons_of(trained)
    with house_style():
        assert text_points(8.5) == 8.5
        figure = next(comparison_figures(comparison))
        assert figure.figure.get_suptitle().startswith(figure.title)
        assert figure.caption == ""


@pytest.mark.slow
def test_formats_are_added_and_never_deleted(bowl):
    folder = bowl()
    assert not list(folder.glob("figures/*.svg"))
    bowl("--formats", "svg")
    pngs, svgs = ({path.stem for path in folder.glob(f"figures/*.{suffix}")} for suffix in ("png", "svg"))
    assert pngs == svgs != set()
    bowl("--formats", "png")
    assert {path.stem for path in folder.glob("figures/*.svg")} == svgs


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["figure.style=nowhere.mplstyle"], "give house, paper, or the path of a matplotlib style file"),
        (["figure.style=paper", "figure.width=100"], "figure.width=100: give 89 or 183"),
        (["figure.width=89"], "add figure.style=paper"),
        (["figure.colour=red"], "there is no such key"),
        (["figure.style=paper", "figure.style=house"], "give this key one value, once"),
        (["table.columns=[tail_los]"], "did you mean tail_loss?"),
        (["table.columns=[tail_loss,tail_loss]"], "named twice"),
        (["one", "two"], "give the name of one sweep"),
    ],
)
def test_a_wrong_key_is_a_clear_error(command, words, error):
    outcome = command("report", *words)
    assert outcome.status == 2
    assert error in outcome.err
    assert "Traceback" not in outcome.err


@pytest.mark.slow
@pytest.mark.parametrize(
    ("content", "error"),
    [
        ("font.fmily: serif\n", "Bad key font.fmily"),
        ("font.size: big\n", "line 1"),
        ("font.size 7\n", "Missing colon"),
        ("text.usetex: True\n", "text.usetex is on"),
        (b"\xff\xfe\x00", "cannot read this style file"),
    ],
)
def test_a_broken_style_file_is_an_error_before_anything_is_trained(command, tmp_path, content, error):
    file = tmp_path / "my.mplstyle"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    outcome = command("optimizer=sgd", "dataset=digits", "figure.style=my.mplstyle")
    assert outcome.status == 2
    assert error in outcome.err
    assert "Traceback" not in outcome.err
    assert not (tmp_path / "results").exists()


def test_a_style_file_sets_the_look_and_not_what_figures_need(tmp_path):
    file = tmp_path / "my.mplstyle"
    file.write_text("axes.facecolor: ffeedd\nfont.size: 12\npdf.fonttype: 3\nbackend: svg\nsavefig.bbox: tight\n")
    backend = mpl.rcParams["backend"]
    with house_style(Presentation(str(file))):
        assert mpl.rcParams["axes.facecolor"] == "#ffeedd"
        assert text_points(10) == 12
        assert (mpl.rcParams["pdf.fonttype"], mpl.rcParams["savefig.bbox"]) == (42, None)
        assert mpl.rcParams["backend"] == backend
    assert mpl.rcParams["axes.facecolor"] == "white"
    with house_style(Presentation(str(file), 89)):
        assert mpl.rcParams["font.size"] == 12


@pytest.mark.slow
def test_the_keys_of_figures_change_no_run_and_no_name(small_sweep, tmp_path):
    small_sweep("optimizer=sgd", "figure.style=paper", "figure.width=89", "table.columns=[tail_loss]")
    small_sweep("optimizer=sgd")
    assert len(list((tmp_path / "results/runs").glob("*/*"))) == 1
    assert len(list((tmp_path / "results/sweeps").iterdir())) == 1


@pytest.mark.slow
def test_readers_see_names_and_programs_see_keys(trained, report):
    assert [optimizer_label(name) for name in ("adam", "rmsprop", "adagrad", "sgd", "no_such")] == [
        *("Adam", "RMSProp", "AdaGrad", "SGD", "no_such")
    ]
    folder = report()
    for name, column in (("optimizers", "optimizer"), ("comparisons", "first"), ("runs", "variant"), ("findings", "first")):
        names = pd.read_csv(folder / f"tables/{name}.csv")[column].dropna()
        assert {value.partition(" lr ")[0] for value in names} <= {"sgd", "adam"}, name
    for name in ("optimizers.md", "comparisons.md", "findings.md", "optimizers.tex", "comparisons.tex", "settings.md"):
        text = (folder / "tables" / name).read_text()
        assert re.search(r"\bAdam\b", text), name
        assert not re.search(r"\badam\b", text), name
    [comparison] = comparisons_of(trained)
    assert dict(comparison.keys) == {"SGD": "sgd", "Adam": "adam"}
    for one in figures_of(trained):
        texts = {text.get_text() for text in one.figure.findobj(mpl.text.Text)}
        assert not {text for text in texts if re.search(r"\b(adam|sgd)\b", text)}, one.name


def test_optimizers_of_one_label_keep_their_names(trained, monkeypatch):
    monkeypatch.setattr("zdl_bench.report.display_names.optimizer_label", lambda name: "Same")
    [comparison] = comparisons_of(trained)
    assert dict(comparison.keys) == {"sgd": "sgd", "adam": "adam"}


def test_variants_keep_their_keys(digits):
    runs = [train(digits_config(part("optimizer", "adam", beta2=beta2), steps=20)) for beta2 in (0.9, 0.99)]
    [comparison] = comparisons_of(runs)
    assert dict(comparison.keys) == {"Adam": "adam", "Adam beta2=0.9": "adam beta2=0.9", "Adam beta2=0.99": "adam beta2=0.99"}
    shown = pd.DataFrame({"first": ["Adam", "Adam beta2=0.9", "Adam beta2=0.99 lr 0.1", "other", None], "adam": "Adam"})
    keyed = with_keys(shown, comparison.keys)
    assert keyed["first"].tolist()[:4] == ["adam", "adam beta2=0.9", "adam beta2=0.99 lr 0.1", "other"]
    assert set(keyed["adam"]) == {"Adam"}


def tables_of(runs, columns=()):
    [comparison] = comparisons_of(runs)
    return optimizer_table(Standings(comparison), columns).tex, condition_table(comparison.runs, (), columns).tex


def headings(tex):
    return [cell.strip(" \\") for cell in tex.split("\\toprule\n")[1].splitlines()[0].split("&")]


@pytest.mark.slow
def test_a_latex_table_has_at_most_seven_columns_with_units(report):
    tables = sorted((report() / "tables").glob("*.tex"))
    assert {path.stem for path in tables} >= {"optimizers", "convergence", "comparisons", "settings", "failures"}
    for path in tables:
        assert len(headings(path.read_text())) <= 7, path.name
        assert re.search(r"\\toprule.*\\midrule.*\\bottomrule", path.read_text(), re.DOTALL)
    found = headings((report() / "tables/optimizers.tex").read_text())
    assert found[:3] == ["Optimizer", "Learning rate", "Runs"]
    assert {"Tail loss (nats)", "Test accuracy (\\%)"} <= set(found)


@pytest.mark.slow
def test_the_columns_of_a_latex_table_are_those_chosen(bowl):
    text = (bowl("table.columns=[late_slope,steps_to_1,jitter_1]") / "tables/optimizers.tex").read_text()
    found = [heading.partition(" (")[0] for heading in headings(text)[3:]]
    assert found == ["Late slope", "Steps to loss 1", "Jitter over 1 step"]


def test_a_latex_table_tells_of_diverged_runs(trained):
    _, everything = tables_of(trained)
    assert "8, 8 diverged" in everything


def test_bold_is_what_the_tests_show(trained):
    """At the best learning rates chosen on the seeds that judge, nothing is decidable; at one each, Adam is ahead."""
    assert r"\textbf" not in tables_of(trained)[0]
    single = [run for run in trained if run.config.lr == 0.003]
    [comparison] = comparisons_of(single)
    standings = Standings(comparison)
    ahead = standings.ahead
    assert ahead["log_aulc"] == "Adam"
    text = optimizer_table(standings).tex
    bold = {line.split(" & ")[0] for line in text.splitlines() if r"\textbf" in line}
    assert bold == {"Adam"}
    shown = [name for name in MEAN_MEASURES if name in ahead and latex_text(heading_of(name)) in headings(text)]
    assert text.count(r"\textbf") == len(shown) > 2


def test_a_run_without_a_value_has_a_dash(trained):
    lost = [run for run in trained if run.config.lr == 1e30]
    assert "8, 8 diverged & --" in tables_of(lost, ["tail_loss"])[0]
    bowl = [train(replace(quadratic_config("sgd"), seed=seed)) for seed in range(2)]
    assert "accuracy" not in tables_of(bowl)[0]


def test_every_measure_has_a_heading():
    assert len({heading_of(name) for name in MEAN_MEASURES}) == len(MEAN_MEASURES)
    assert heading_of("tail_loss") == "Tail loss (nats)"
    assert heading_of("steps_to_0.5") == "Steps to loss 0.5"


def test_nasty_names_are_text():
    text = latex_text(NASTY)
    assert text.count("\\input") == 0
    for letter in "%_{}&#":
        assert letter not in re.sub(r"\\[%_{}&#]|\{\}|\{[\[\]]\}", "", text)


def test_numbers_stand_right_and_long_text_has_lines_in_latex():
    table = pd.DataFrame(
        {"optimizer": ["none", "a"], "lr": ["0.1", "−3"], "why": ["x " * 50, ""], "mean": ["--", "∞"], "n": ["", "2"]}
    )
    assert latex(table).startswith("\\begin{tabular}{lrp{0.3\\textwidth}rr}\n")


@pytest.mark.slow
@pytest.mark.skipif(TEX is None, reason="TeX is not available: put pdflatex, lualatex or tectonic on the path")
def test_latex_compiles(report, tmp_path):
    folder = report("--formats", "pdf", "figure.style=paper")
    odd = latex(pd.DataFrame({NASTY: [NASTY, "[1, 2] √ε·β₂"], "n": [np.nan, 3]}))
    tables = [path.read_text() for path in sorted(folder.glob("tables/*.tex"))]
    figures = [path.read_text() for path in sorted(folder.glob("figures/*.tex"))]
    between = "\\clearpage\n"
    document = [
        "\\documentclass[twocolumn]{article}\\usepackage{booktabs,graphicx}\\usepackage[T1]{fontenc}",
        f"\\graphicspath{{{{{folder.as_posix()}/figures/}}}}\\begin{{document}}",
        between.join([odd, *tables, *figures]),
        "\\end{document}",
    ]
    (tmp_path / "paper.tex").write_text("\n".join(document), encoding="utf-8")
    options = [] if TEX == "tectonic" else ["-interaction=nonstopmode", "-halt-on-error"]
    done = subprocess.run([TEX, *options, "paper.tex"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:]
    assert (tmp_path / "paper.pdf").stat().st_size > 10_000
