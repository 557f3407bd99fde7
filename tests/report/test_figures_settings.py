"""Figures are the same bytes whatever the user has set, and what the user has set stays."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import pandas as pd
import pytest
import seaborn as sns
from conftest import part, quadratic_config, run_process
from test_figures_limits import as_if

from zdl_bench.report.build import report_files
from zdl_bench.report.comparison import comparisons_of
from zdl_bench.report.figures import heat_map, surface_path
from zdl_bench.report.figures.catalogue import LOSS_FIGURES
from zdl_bench.report.figures.style import house_style
from zdl_bench.report.files import encode_figure
from zdl_bench.store.manifest import Manifest
from zdl_bench.training.loop import train

FORMATS = ("png", "svg", "pdf")

RCPARAMS = {
    "text.usetex": True,
    "savefig.transparent": True,
    "savefig.bbox": "tight",
    "savefig.dpi": 30,
    "font.family": "No Such Font",
    "font.size": 31,
    "axes.facecolor": "black",
    "lines.linewidth": 9,
    "axes.prop_cycle": mpl.cycler(color=["red"]),
    "path.sketch": (1, 100, 2),
    "pdf.fonttype": 3,
    "svg.fonttype": "none",
    "figure.constrained_layout.use": True,
    "image.cmap": "gray",
}

DISPLAY = {
    "display.precision": 1,
    "display.float_format": "{:.0f}".format,
    "display.max_rows": 2,
    "display.max_colwidth": 4,
    "display.max_columns": 1,
}


@pytest.fixture(scope="module")
def on_a_bowl():
    bowl = part("problem", "bowl")
    made = [train(replace(quadratic_config(name, 0.1, steps=10), problem=bowl)) for name in ("sgd", "adam")]
    return [as_if(run, lr) for run in made for lr in (0.1, 0.2)]


@pytest.fixture
def spoiled():
    """Everything that a user may have set, until the test is over."""
    with mpl.rc_context(), pd.option_context(*(item for pair in DISPLAY.items() for item in pair)):
        sns.set_theme(context="poster", style="darkgrid", palette="dark", color_codes=True)
        mpl.rcParams.update(RCPARAMS)
        yield
    sns.set_color_codes("reset")
    plt.close("all")


def some_figures(runs) -> list[bytes]:
    """Lines, a heat map of seaborn and contours, in every format."""
    [comparison] = comparisons_of(runs)
    with house_style():
        drawings = (LOSS_FIGURES["loss_curves"], heat_map.captioned_figures, surface_path.captioned_figures)
        figures = [next(draw(comparison)).figure for draw in drawings]
        return [encode_figure(figure, suffix) for figure in figures for suffix in FORMATS]


@pytest.fixture(scope="module")
def plain(on_a_bowl) -> list[bytes]:
    return some_figures(on_a_bowl)


@pytest.mark.slow
def test_figures_are_the_same_bytes_and_the_users_settings_stay(on_a_bowl, plain, spoiled):
    before = dict(mpl.rcParams), plt.get_backend(), pd.get_option("display.precision")
    assert some_figures(on_a_bowl) == plain
    assert (dict(mpl.rcParams), plt.get_backend(), pd.get_option("display.precision")) == before
    assert plt.get_fignums() == []


@pytest.mark.slow
def test_letters_of_a_pdf_can_be_searched(plain):
    for pdf in (content for content in plain if content.startswith(b"%PDF")):
        assert b"/CIDFontType2" in pdf
        assert b"/Type3" not in pdf


@pytest.mark.slow
def test_a_whole_report_is_the_same_bytes(on_a_bowl, request):
    manifest = Manifest("sweep", "", "the command", [], [run.run_id for run in on_a_bowl], "2026-01-01T00:00:00+00:00")
    plain = report_files(manifest, on_a_bowl, FORMATS)
    request.getfixturevalue("spoiled")
    assert report_files(manifest, on_a_bowl, FORMATS) == plain


STRANGE = {
    "a notebook's backend": {"MPLBACKEND": "module://matplotlib_inline.backend_inline"},
    "an unknown backend": {"MPLBACKEND": "nonsense"},
    "a backend of windows": {"MPLBACKEND": "tkagg"},
    "settings": {"MATPLOTLIBRC": "text.usetex: True\nsavefig.transparent: True\nfont.family: No Such Font\n"},
    "settings that are no text": {"MATPLOTLIBRC": b"\xff\xfe"},
    "a folder that cannot be written": {"MPLCONFIGDIR": "/proc/nowhere"},
}


@pytest.mark.slow
def test_a_report_does_not_depend_on_the_environment(command, tmp_path):
    sweep = ("problem=bowl", "optimizer=sgd,adagrad", "lr=0.5,0.9", "steps=30", "executor=serial", "name=bowl")
    assert command("-m", *sweep).status == 0
    figures = Path("results/sweeps/bowl/figures")
    before = {path.name: path.read_bytes() for path in figures.iterdir()}
    for case, settings in STRANGE.items():
        for path in figures.iterdir():
            path.unlink()
        Path("results/sweeps/bowl/report.html").unlink()
        environment = os.environ | {name: kept(name, value, tmp_path) for name, value in settings.items()}
        done = run_process("report", "bowl", cwd=tmp_path, env=environment)
        assert (done.status, "Traceback" in done.err) == (0, False), (case, done.err)
        assert {path.name: path.read_bytes() for path in figures.iterdir()} == before, case


def kept(name: str, value: str | bytes, folder: Path) -> str:
    """The value of an environment variable; settings are written into a file of the folder."""
    if name != "MATPLOTLIBRC":
        return str(value)
    path = folder / "settings"
    path.write_bytes(value if isinstance(value, bytes) else value.encode())
    return str(path)


@pytest.mark.slow
@pytest.mark.parametrize("case", ["an unknown backend", "a notebook's backend"])
def test_the_package_can_be_imported_and_leaves_the_environment(case, tmp_path):
    [(name, value)] = STRANGE[case].items()
    code = f"import os, zdl_bench.report.figures.grid; print(zdl_bench.report.figures.grid.panels(1) and os.environ[{name!r}])"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {name: value},
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    assert (done.returncode, done.stdout.strip()) == (0, value), done.stderr
