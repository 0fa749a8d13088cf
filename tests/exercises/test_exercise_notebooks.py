"""The generated notebooks: up to date, without answers in them, and running wherever Jupyter is started."""

import json
import os
import re
import shutil
from pathlib import Path

import nbformat
import pytest
from jupyter_client.manager import KernelManager
from nbclient import NotebookClient

import course
import generate

ROOT = course.HERE.parent


def test_generating_again_changes_nothing():
    for file, text in generate.generated().items():
        path = course.HERE / file
        if path.suffix == ".md" or generate.is_untouched(path):  # a reader may have worked in it
            same = path.read_text(encoding="utf-8") == text or generate.fingerprint(
                json.loads(text)["cells"]
            ) == generate.fingerprint(json.loads(path.read_text(encoding="utf-8"))["cells"])
            assert same, f"{file}: python exercises/generate.py"


def test_the_readme_counts_the_exercises():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"[{len(course.names())} exercises](exercises/README.md)" in readme


def predictions(notebook):
    """How many times a notebook asks for a prediction. One that heads a list asks for each of its points."""
    text = "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    asked = len(re.findall(r"\*\*Predict|^#+ Predict", text, re.MULTILINE))
    lists = re.findall(r"\*\*Predict[^*]*:\*\*\n\n((?:- .*\n)+)", text)
    return asked + sum(points.count("\n") - 1 for points in lists)


@pytest.mark.parametrize("path", sorted(ROOT.glob("notebooks/0*.ipynb")), ids=lambda path: path.stem)
def test_each_prediction_is_answered_for_the_teacher_with_figures_that_the_notebook_shows(path):
    notebook = nbformat.read(path, 4)
    rows = re.findall(rf"^\| {path.stem[:2]} \| (.*) \|$", generate.teaching(), re.MULTILINE)
    assert len(rows) == predictions(notebook) > 0
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    shown = [o.get("text", "") + o.get("data", {}).get("text/plain", "") for o in outputs]
    shown = "\n".join([cell.source for cell in notebook.cells] + shown)
    for row in rows:
        answered = row.split(" | ")
        assert len(answered) == 3 and all(answered)
        for figure in re.findall(r"\d+\.\d+", row):
            assert re.search(rf"(?<![\d.]){figure}", shown), f"{figure}, in: {answered[0]}"


def meaningful_lines(code):
    return {line.strip() for line in code.splitlines() if re.search(r"[=(]", line)}


@pytest.mark.parametrize("name", course.names())
def test_a_starter_holds_no_line_of_an_answer(name):
    exercise = course.Exercise(name)
    shown = "\n".join(cell.source for cell in generate.notebook(exercise).cells)
    given = meaningful_lines("\n".join(exercise.texts("starter") + exercise.texts("")))
    for code in exercise.texts("solution") + exercise.texts("alternative"):
        own = meaningful_lines(code) - given
        assert own
        assert not own & meaningful_lines(shown)
    for text in exercise.texts("hint"):
        assert text not in shown


@pytest.fixture
def copies(tmp_path):
    """A folder of starters, as they are."""
    generate.write(tmp_path)
    return tmp_path


def worked_in(path, text="mine"):
    """The path, after somebody has written into the notebook."""
    notebook = nbformat.read(path, 4)
    notebook.cells[-2].source = text
    nbformat.write(notebook, path)
    return path


def test_what_somebody_has_written_is_left_alone(copies):
    mine = worked_in(copies / f"{course.names()[0]}.ipynb")
    before = mine.read_text()
    assert generate.write(copies) == [mine.name]
    assert mine.read_text() == before


def test_force_keeps_a_copy_each_time(copies):
    mine = copies / f"{course.names()[0]}.ipynb"
    for n in (1, 2):
        before = worked_in(mine, f"try {n}").read_text()
        assert generate.write(copies, force=True) == []
        assert mine.with_suffix(f".saved-{n}.ipynb").read_text() == before
        assert generate.is_untouched(mine)


def test_no_test_fails_for_what_a_reader_has_written(copies, monkeypatch):
    worked_in(copies / f"{course.names()[0]}.ipynb")
    monkeypatch.setattr(course, "HERE", copies)
    test_generating_again_changes_nothing()


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """The course, copied: what is solved here must not count as the reader's progress."""
    root = tmp_path_factory.mktemp("course")
    shutil.copytree(
        course.HERE, root / "exercises", ignore=shutil.ignore_patterns(".*", "__pycache__", "*.keras")
    )
    # No link: an exercise goes to simlib/../exercises, and behind a link that is the reader's own.
    shutil.copytree(ROOT / "simlib", root / "simlib", ignore=shutil.ignore_patterns("__pycache__"))
    (root / "notebooks").symlink_to(ROOT / "notebooks", target_is_directory=True)
    return root


def outputs(cells, cwd, root):
    """Execute cells in a fresh kernel that was started in `cwd`, and return the text of their results."""
    notebook = nbformat.v4.new_notebook(cells=cells)
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel(cwd=str(cwd), env={**os.environ, "PYTHONPATH": str(root)})
    client = NotebookClient(notebook, km=manager, timeout=300)
    try:
        client.execute(cleanup_kc=False)
    finally:
        client.kc.stop_channels()
        manager.shutdown_kernel(now=True)
    return "\n".join(
        output.get("text", "") + output.get("data", {}).get("text/plain", "")
        for cell in notebook.cells
        for output in cell.get("outputs", [])
    )


# The answers are proven in test_exercises.py, without a kernel; here it is that a kernel runs them.
@pytest.mark.parametrize(
    "name, folder", [("02a_two_vectors", "."), ("01a_pairs", "notebooks"), ("03b_not_yourself", "exercises"),
                     ("07a_memory", "/")]
)  # fmt: skip
def test_starter_and_answer_run_wherever_jupyter_was_started(name, folder, copy):
    exercise = course.Exercise(name)
    starter = nbformat.read(Path(copy) / "exercises" / f"{name}.ipynb", 4)
    answer = exercise.texts("solution")[0]
    after = map(nbformat.v4.new_code_cell, [answer, *exercise.around()[1], generate.HELP])
    text = outputs([*starter.cells, *after], copy / folder, copy)
    assert "Not attempted yet." in text and "\u2713 Right." in text
    assert re.search(rf"\u25cb {name} +open", text) and re.search(rf"\u2713 {name} +solved", text)
