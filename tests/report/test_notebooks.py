"""What docs/notebooks.md shows: calls from Python, and every figure from the frames of any store."""

import ast
import re
from pathlib import Path

import matplotlib.pyplot as plt
import pytest
from conftest import SMALL

import zdl_bench
from zdl_bench.errors import ConfigError
from zdl_bench.report.figures.catalogue import FIGURE_NAMES
from zdl_bench.report.figures.heat_map import draw_heat_map
from zdl_bench.report.figures.loss_curves import draw_loss_curves
from zdl_bench.report.figures.lr_sensitivity import draw_lr_sensitivity
from zdl_bench.report.figures.style import LOOK
from zdl_bench.store.frames import frames_of

ROOT = Path(__file__).parents[2]
FROM_PYTHON, _, FROM_FRAMES = (ROOT / "docs/notebooks.md").read_text(encoding="utf-8").partition("## The frames behind")
CALLS, NOTEBOOK = ("".join(re.findall(r"```python\n(.*?)```", text, re.DOTALL)) for text in (FROM_PYTHON, FROM_FRAMES))
BOWL = ("problem=bowl", "executor=serial", "report=false", "steps=20")
DIGITS = ("dataset=digits", "executor=serial", "report=false", *SMALL)


@pytest.fixture(autouse=True)
def closed():
    """Let a test open a figure of each kind for several comparisons, and close them all."""
    with plt.rc_context({"figure.max_open_warning": 0}):
        yield
    plt.close("all")


def drawn_in_a_notebook() -> dict:
    """The names of the notebook after its last line; every figure is drawn to the end."""
    names: dict = {}
    exec(NOTEBOOK, names)
    for number in plt.get_fignums():
        plt.figure(number).canvas.draw()
    return names


@pytest.mark.slow
def test_the_calls_from_python_do_what_the_page_says(tmp_path, monkeypatch, digits):
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    exec(CALLS, names)
    assert len(names["results"].runs) == 24
    assert names["page"].is_file()
    assert names["axes"].get_xlabel() == "Lernrate"
    assert "Adam" in {text.get_text() for text in names["axes"].get_legend().get_texts()}


def test_the_page_names_every_figure():
    table = set(re.findall(r"`(\w+)`", FROM_PYTHON[FROM_PYTHON.index("| figure | needs |") :]))
    assert table == {*FIGURE_NAMES}


@pytest.mark.slow
def test_every_figure_can_be_drawn_from_several_sweeps(command, digits):
    both = (*DIGITS, "lr=1e-2,5e-2", "seed=0,1", "steps=100", "problem.activation=relu,tanh")
    for arguments in (
        (*both, "optimizer=sgd,adam"),
        (*both, "optimizer=adam", "optimizer.beta2=0.9"),
        (*BOWL, "optimizer=sgd,adam", "lr=0.05,0.1"),
    ):
        assert command("-m", *arguments).status == 0
    names = drawn_in_a_notebook()
    assert sorted(len(one.runs) for one in names["comparisons"]) == [4, 12, 12]
    for number in plt.get_fignums():
        assert plt.figure(number).axes[0].has_data(), number
    made = {
        path.stem
        for path in (ROOT / "zdl_bench/report/figures").glob("*.py")
        if "def draw_" in path.read_text(encoding="utf-8")
    }
    taken = {node.module for node in ast.walk(ast.parse(NOTEBOOK)) if isinstance(node, ast.ImportFrom)}
    assert made - {"loss_lines"} <= {module.removeprefix("zdl_bench.report.figures.") for module in taken}
    runs = names["comparisons"][0].runs
    assert {"variant", "setting", *LOOK} == set(runs.columns) - set(names["results"].runs.columns)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:No artists with labels found to put in legend")
@pytest.mark.parametrize(
    "arguments",
    [
        (*DIGITS, "steps=2"),
        (*DIGITS, "steps=20", "optimizer=sgd,adam", "lr=1e30", "seed=0,1"),
        (*BOWL, "optimizer=sgd", "lr=1e300"),
    ],
    ids=["two steps", "all diverged", "off the surface"],
)
def test_where_there_is_little_to_draw_no_figure_fails(command, digits, arguments):
    command("-m", *arguments)
    drawn_in_a_notebook()


@pytest.mark.parametrize(
    ("draw", "frame", "column"),
    [
        (draw_lr_sensitivity, "runs", "variant"),
        (draw_heat_map, "runs", "variant"),
        (draw_loss_curves, "probes", "line"),
    ],
)
def test_frames_of_several_settings_are_refused_with_the_way_out(runs, draw, frame, column):
    with pytest.raises(ConfigError, match=rf"^{column}: the frame has no such column; .* zdl_bench.comparisons"):
        draw(getattr(frames_of(runs), frame), plt.figure().add_subplot())


def test_an_empty_store_has_nothing_to_compare(tmp_path):
    (tmp_path / "results/runs").mkdir(parents=True)
    assert zdl_bench.comparisons(zdl_bench.load_results(tmp_path / "results")) == []
