"""Badges and the set-up cell, from one address. `make test-colab` runs a notebook in Colab's versions."""

import importlib.metadata
import json
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "notebooks"))
import build  # noqa: E402
import colab  # noqa: E402

ADDRESS = "https://github.com/who/course"


def project(folder, urls):
    (folder / "pyproject.toml").write_text(f'[project]\nname = "x"\n{urls}')
    return folder


def test_without_an_address_there_are_neither_badges_nor_set_up(tmp_path, monkeypatch):
    assert colab.repository(project(tmp_path, "")) is None
    monkeypatch.setattr(colab, "repository", lambda: None)
    assert not any("colab" in cell.source.lower() for cell in build.read_source("02_index").cells)


def test_the_address_stands_in_pyproject_and_colab_can_open_it(tmp_path):
    for address in (ADDRESS, ADDRESS + "/", "https://github.com/a.b/c-d_e.f"):
        assert colab.repository(project(tmp_path, f'[project.urls]\nRepository = "{address}"')) == address
    for address in ("https://example.org/a/b", "github.com/a/b", "https://github.com/a"):
        with pytest.raises(ValueError, match="which is what Colab and Binder open"):
            colab.repository(project(tmp_path, f'[project.urls]\nRepository = "{address}"'))


def test_with_an_address_each_notebook_opens_from_its_badges(monkeypatch):
    monkeypatch.setattr(colab, "repository", lambda: ADDRESS)
    first, set_up, *others = build.read_source("02_index").cells
    title, _, badges = first.source.splitlines()[:3]
    assert title.startswith("# 2") and "/who/course/blob/main/notebooks/02_index.ipynb)" in badges
    assert "/gh/who/course/main?urlpath=lab/tree/notebooks/02_index.ipynb)" in badges
    assert f"{ADDRESS} /content/course" in set_up.source and set_up.metadata["jupyter"]["source_hidden"]
    monkeypatch.setattr(colab, "repository", lambda: None)
    plain = build.read_source("02_index").cells
    assert [cell.source for cell in others] == [cell.source for cell in plain[1:]]


def test_the_set_up_cell_takes_over_without_running_anything(monkeypatch, tmp_path):
    for folder in ("src", "models"):
        (tmp_path / folder).symlink_to(build.HERE / folder)
    (tmp_path / "02_index.ipynb").write_bytes((build.HERE / "02_index.ipynb").read_bytes())
    monkeypatch.setattr(build, "HERE", tmp_path)
    monkeypatch.setattr(colab, "repository", lambda: ADDRESS)
    assert "not made from this source" in build.problems("02_index")[0]
    assert build.text(["02_index"]) == 0 and build.problems("02_index") == []
    monkeypatch.setattr(colab, "repository", lambda: None)
    assert build.text(["02_index"]) == 0
    assert (tmp_path / "02_index.ipynb").read_bytes() == (ROOT / "notebooks/02_index.ipynb").read_bytes()


@pytest.fixture
def colab_has(monkeypatch):
    """Say which versions are installed."""

    def has(**versions):
        def version(name):
            if name.replace("-", "_") not in versions:
                raise importlib.metadata.PackageNotFoundError(name)
            return versions[name.replace("-", "_")]

        monkeypatch.setattr(importlib.metadata, "version", version)

    return has


def test_only_what_is_missing_or_too_old_is_added(colab_has):
    colab_has(tensorflow="2.19.0", keras="3.10.0", numpy="2.0.2", pandas="2.2.2", mlxtend="0.23.4")
    assert colab.missing("notebooks/02_index.ipynb") == ["keras~=3.15", "anywidget", "jupytext"]
    colab_has(keras="3.16.0", mlxtend="0.23.4", anywidget="0.11.0", jupytext="1.16")
    assert colab.missing("notebooks/02_index.ipynb") == []
    assert colab.missing("notebooks/07_scale.ipynb") == ["faiss-cpu", "pymilvus", "milvus-lite"]


def test_what_colab_has_loaded_is_never_replaced(colab_has, monkeypatch):
    asked = []

    def pip(command, **_):
        kept = Path(command[command.index("--constraint") + 1]).read_text()
        asked.append((kept.split(), command[-1]))
        return subprocess.CompletedProcess(command, len(asked) - 1, stderr="no such thing")

    monkeypatch.setattr(subprocess, "run", pip)
    colab_has(tensorflow="2.19.0", numpy="2.0.2")
    colab.install(["keras~=3.15"])
    assert asked == [(["numpy==2.0.2", "tensorflow==2.19.0"], "keras~=3.15")]
    with pytest.raises(RuntimeError, match=r"keras~=3.15 could not be added.*\nno such thing"):
        colab.install(["keras~=3.15"])


@pytest.mark.skipif("COLAB_LIKE" not in os.environ, reason="`make test-colab` makes the environment")
@pytest.mark.parametrize("name", ["02_index", "05_match"])
def test_a_notebook_runs_in_colabs_versions(name, tmp_path):
    """Only the .ipynb is there, as when a badge opens it; the cell has to fetch the rest."""
    place = tmp_path / "content" / "course"
    notebook = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", 4)
    cells = notebook.cells[1:] if colab.repository() is None else notebook.cells[2:]
    title = nbformat.v4.new_markdown_cell("# A badge was clicked")
    notebook.cells = colab.headed([title, *cells], f"notebooks/{name}.ipynb", ROOT.as_uri(), place)
    notebook.cells[1].execution_count = 1
    nbformat.write(notebook, tmp_path / "badge.ipynb")
    kernel = tmp_path / "kernels" / "colab-like"
    kernel.mkdir(parents=True)
    start = [os.environ["COLAB_LIKE"], "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (kernel / "kernel.json").write_text(
        json.dumps({"argv": start, "display_name": "x", "language": "python"})
    )
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "KERAS_BACKEND")}
    environment |= {"COLAB_RELEASE_TAG": "like", "JUPYTER_PATH": str(tmp_path)}
    command = [sys.executable, "-m", "pytest", "-o", "addopts=", "-q", "-p", "no:cacheprovider", "--nbval",
               "--nbval-kernel-name", "colab-like", "--nbval-cell-timeout", "600", "--rootdir", tmp_path,
               "--nbval-sanitize-with", ROOT / "tests/notebooks/sanitize.cfg", "badge.ipynb"]  # fmt: skip
    run = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout[:3000]
