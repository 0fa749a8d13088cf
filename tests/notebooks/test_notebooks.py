"""Do the checks of the notebooks bite? nbval itself runs from `make test`; here we spoil some and look."""

import re
import subprocess
import sys
from pathlib import Path

import jupytext
import nbformat
import pytest
from bs4 import BeautifulSoup

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = ROOT / "notebooks"
sys.path.insert(0, str(NOTEBOOKS))
import build  # noqa: E402

README = (ROOT / "README.md").read_text(encoding="utf-8")
NAMES = sorted(path.stem for path in (NOTEBOOKS / "src").glob("[0-9]*.py"))


@pytest.fixture
def stored():
    return nbformat.read(NOTEBOOKS / "03_lookup.ipynb", 4)


def spoiled(notebook, tmp_path):
    path = tmp_path / "03_lookup.ipynb"
    nbformat.write(notebook, path)
    return build.problems("03_lookup", path)


@pytest.mark.parametrize("name", NAMES)
def test_source_and_stored_notebook_agree(name):
    assert build.problems(name) == []


@pytest.mark.parametrize("name", NAMES)
def test_the_readme_says_how_long_a_notebook_takes_to_read_as_the_notebook_does(name):
    (minutes,) = re.findall(rf"(?m)^\| \[.*\(notebooks/{name}\.ipynb\) \|.*\| (\d+) min \| .* \|$", README)
    source = (NOTEBOOKS / "src" / f"{name}.py").read_text(encoding="utf-8")
    told = re.search(r"\*\*Time\*\* (.*?) (?:of|to) read", source)[1]
    assert int(minutes) == sum(map(int, re.findall(r"(\d+) minutes", told)))


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_follows_the_skeleton(name):
    text = "\n".join(cell.source for cell in build.read_source(name).cells if cell.cell_type == "markdown")
    for part in ("**You will learn**", "**You need**", "**Time**", "**Predict", "## Recap", "exercises/"):
        assert part in text, f"{name} lacks {part!r}"
    assert "/root/" not in text and "/home/" not in text


WARNING = nbformat.v4.new_output("stream", name="stderr", text="UserWarning: old\n")
SPOILED = {
    "not made from this source": lambda cell: cell.update(source="1 + 1"),
    "was not run": lambda cell: cell.update(execution_count=None, outputs=[]),
    "warning is stored": lambda cell: cell.outputs.append(WARNING),
}


@pytest.mark.parametrize("words", SPOILED)
def test_an_edited_a_never_run_and_a_warning_cell_is_noticed(words, stored, tmp_path):
    SPOILED[words](next(cell for cell in stored.cells if cell.cell_type == "code"))
    assert any(words in problem for problem in spoiled(stored, tmp_path))


def test_a_figure_in_the_prose_that_no_output_has_is_noticed(stored, tmp_path):
    stored.cells[0].source += "\n\nIt finds 0.1234567 and 0.9753 of them, or 12.345 of 3.11.7."
    found = " ".join(spoiled(stored, tmp_path))
    assert "0.9753" in found and "12.345" in found and "3.11" not in found


def with_picture(words):
    """A source of one cell that draws, and says what is to be seen."""
    cell = nbformat.v4.new_code_cell("draw()", metadata={"alt": words} if words else {})
    for output in ("image/png", "text/plain", "image/png"):
        cell.outputs.append(nbformat.v4.new_output("display_data", {output: "QUFB"}))
    return nbformat.v4.new_notebook(cells=[cell])


@pytest.mark.parametrize("words", [None, "one", ["one", ""], ["one", "two", "three"]])
def test_a_picture_that_nobody_describes_is_noticed(words):
    stored = nbformat.reads(build.cleaned(with_picture(words)), 4)
    assert "say what each picture shows" in build._undescribed(stored.cells)[0]


def test_descriptions_go_from_the_source_to_each_picture_and_to_the_page(tmp_path):
    (tmp_path / "99_new.py").write_text('# %% alt=["one \\"1\\"", "two, <2>"] tags=["x"]\ndraw()\n')
    (source,) = jupytext.read(tmp_path / "99_new.py").cells
    assert source.metadata == {"alt": ['one "1"', "two, <2>"], "tags": ["x"]}
    stored = nbformat.reads(build.cleaned(with_picture(source.metadata["alt"])), 4)
    assert build._undescribed(stored.cells) == []
    page, _ = build.exporter().from_notebook_node(stored)
    assert [img["alt"] for img in BeautifulSoup(page, "html.parser")("img")] == ['one "1"', "two, <2>"]
    page, _ = build.exporter().from_notebook_node(with_picture(None))
    assert {img["alt"] for img in BeautifulSoup(page, "html.parser")("img")} & {"None", ""} == set()


def test_a_stored_number_changed_by_hand_turns_nbval_red(stored, tmp_path):
    (tmp_path / "models").symlink_to(NOTEBOOKS / "models")
    asked = next(
        i
        for i, cell in enumerate(stored.cells)
        if cell.source == "neighbors" or cell.source.endswith("\nneighbors")
    )
    stored.cells = stored.cells[: asked + 1]
    output = stored.cells[asked].outputs[0].data
    output["text/plain"], changed = re.subn(
        r"at 0\.(\d\d)(\d)", lambda m: f"at 0.{m[1]}{(int(m[2]) + 1) % 10}", output["text/plain"], count=1
    )
    assert changed == 1
    nbformat.write(stored, tmp_path / "changed.ipynb")
    command = [sys.executable, "-m", "pytest", "-o", "addopts=", "--nbval", "--nbval-current-env", "-q",
               "-p", "no:cacheprovider", "--nbval-sanitize-with", str(ROOT / "tests/notebooks/sanitize.cfg"),
               "--rootdir", str(tmp_path), "changed.ipynb"]  # fmt: skip
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    failed = re.findall(r"^FAILED (\S+ \d+)", run.stdout, re.M)
    assert failed == [f"changed.ipynb::Cell {sum(c.cell_type == 'code' for c in stored.cells) - 1}"], (
        run.stdout
    )
