"""The generated notebooks: up to date, without answers in them, and running from top to bottom."""

import re
import shutil
from pathlib import Path

import course
import generate
import nbformat
import pytest
from jupyter_client.manager import KernelManager
from nbclient import NotebookClient

ROOT = course.HERE.parent


def test_generating_again_changes_nothing():
    for file, text in generate.generated().items():
        assert (course.HERE / file).read_text(encoding="utf-8") == text, (
            f"{file}: python exercises/generate.py"
        )


def test_no_notebook_is_left_over():
    assert sorted(path.stem for path in course.HERE.glob("*.ipynb")) == course.names()


def meaningful_lines(code):
    return {line.strip() for line in code.splitlines() if re.search(r"[=(]", line)}


@pytest.mark.parametrize("name", course.names())
def test_a_starter_holds_no_line_of_an_answer(name):
    exercise = course.Exercise(name)
    starter = (course.HERE / f"{name}.ipynb").read_text(encoding="utf-8")
    cells = [cell.source for cell in nbformat.reads(starter, 4).cells]
    given = meaningful_lines("\n".join(exercise.texts("starter") + exercise.texts("")))
    for code in exercise.texts("solution") + exercise.texts("alternative"):
        own = meaningful_lines(code) - given
        assert own
        assert not own & meaningful_lines("\n".join(cells))
    for text in exercise.texts("hint"):
        assert text not in "\n".join(cells)


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """The exercises' folder, copied: what is solved here must not count as the reader's progress."""
    folder = tmp_path_factory.mktemp("course") / "exercises"
    shutil.copytree(course.HERE, folder, ignore=shutil.ignore_patterns(".*", "__pycache__", "*.keras"))
    (folder.parent / "notebooks").symlink_to(ROOT / "notebooks", target_is_directory=True)
    return folder


@pytest.fixture(scope="module")
def kernel(copy):
    """One kernel for all notebooks, as TensorFlow takes seconds to load; emptied before each of them."""
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel(cwd=str(copy))
    yield manager
    manager.shutdown_kernel(now=True)


def outputs(cells, kernel):
    """Execute cells and return the text of their results."""
    notebook = nbformat.v4.new_notebook(cells=cells)
    client = NotebookClient(notebook, km=kernel, timeout=300)
    try:
        client.execute(cleanup_kc=False)
    finally:
        client.kc.stop_channels()
    return "\n".join(
        output.get("text", "") + output.get("data", {}).get("text/plain", "")
        for cell in notebook.cells
        for output in cell.get("outputs", [])
    )


EMPTY = "%reset -f\nimport matplotlib.pyplot; matplotlib.pyplot.close('all'); del matplotlib"


@pytest.mark.parametrize("name", course.names())
def test_the_starter_runs_and_the_answer_put_in_is_right(name, copy, kernel):
    starter, exercise = nbformat.read(Path(copy) / f"{name}.ipynb", 4), course.Exercise(name)
    text = outputs([nbformat.v4.new_code_cell(EMPTY), *starter.cells], kernel)
    assert "Not attempted yet." in text
    assert re.search(rf"\u25cb {name} +open", text)
    answer = exercise.texts("solution")[0]
    solved = generate.notebook(exercise, answer).cells  # from the answer on: the rest stands in the kernel
    text = outputs(solved[[cell.source for cell in solved].index(answer) :], kernel)
    assert "\u2713 Right." in text
    assert re.search(rf"\u2713 {name} +solved", text)
