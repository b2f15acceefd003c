"""The notebooks run from top to bottom and are stored without what they show."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from nbmake.nb_run import NotebookRun

NOTEBOOKS = sorted((Path(__file__).resolve().parents[2] / "notebooks").glob("*.ipynb"))
LONGEST_CELL_S = 300  # about 20 s alone on two cores; the rest is patience with a busy machine
FEWEST_PICTURES = 6


def test_there_is_a_first_notebook() -> None:
    assert NOTEBOOKS[0].name == "01-first-clip.ipynb"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_stored_without_outputs(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    notebook = json.loads(text)
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert code
    assert not any(cell["outputs"] or cell["execution_count"] for cell in code)
    assert "image/png" not in text
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_from_top_to_bottom(path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))  # nobody's own start-up files
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")  # jupyter_core warns about the choice unless it is made
    done = NotebookRun(path, LONGEST_CELL_S).execute()
    assert done.error is None, done.error.trace if done.error else ""
    outputs = [output for cell in done.nb.cells for output in cell.get("outputs", [])]
    pictures = [output for output in outputs if "image/png" in output.get("data", {})]
    warned = "".join(output["text"] for output in outputs if output.get("name") == "stderr")
    assert len(pictures) >= FEWEST_PICTURES
    assert "Warning" not in warned
