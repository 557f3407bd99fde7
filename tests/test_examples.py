"""The notebooks in `examples/`: committed without outputs, and each runs to its end and shows its figures."""

from pathlib import Path

import nbclient
import nbformat
import pytest

EXAMPLES = sorted((Path(__file__).parents[1] / "examples").glob("*.ipynb"))
FIGURES = {"lecture_figures": 4, "own_optimizer": 1, "reading_a_store": 1}


def notebook_in(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


def test_every_notebook_is_tested():
    assert {path.stem for path in EXAMPLES} == {*FIGURES}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_a_notebook_is_committed_without_outputs(path):
    notebook = notebook_in(path)
    nbformat.validate(notebook)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.outputs == [] and cell.execution_count is None for cell in cells)
    assert notebook.cells[0].cell_type == "markdown"


@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # of the libraries that talk to the kernel
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_a_notebook_runs_to_its_end_and_shows_its_figures(path, tmp_path):
    notebook = notebook_in(path)
    nbclient.NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert sum("image/png" in output.get("data", {}) for output in outputs) == FIGURES[path.stem]
    assert any("text/html" in output.get("data", {}) for output in outputs) or path.stem == "lecture_figures"
    assert not any("Traceback" in output.get("text", "") for output in outputs)
