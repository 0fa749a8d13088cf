"""Open the course on Colab or Binder: badges, and a set-up cell that does nothing anywhere else.

The builders of the lessons and of the exercises ask `headed` for a notebook's first cells. On Colab, that
set-up cell fetches the repository and runs this file, which adds what Colab lacks and touches nothing else:
replacing Colab's NumPy or TensorFlow would end in a restart.

The repository's address stands in one place, pyproject.toml: `Repository` under `[project.urls]`. Without
one there are neither badges nor set-up cells.
"""

import contextlib
import importlib.metadata
import os
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
GITHUB = re.compile(r"https://github\.com/[\w.-]+/[\w.-]+/?")
BADGES = (
    "[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]"
    "(https://colab.research.google.com/github/{name}/blob/main/{path}) "
    "[![Open in Binder](https://mybinder.org/badge_logo.svg)]"
    "(https://mybinder.org/v2/gh/{name}/main?urlpath=lab/tree/{path})"
)
SET_UP = """\
# @title On Colab, run this first. Elsewhere it does nothing.
import os

if "COLAB_RELEASE_TAG" in os.environ:
    !test -d {place} || git clone --quiet --depth 1 {address} {place}
    %run {place}/notebooks/colab.py {path}"""
# One folded line in JupyterLab and on Colab, nothing on the site.
FOLDED = {"jupyter": {"source_hidden": True}, "cellView": "form", "tags": ["remove-cell"]}
KEEP = ("numpy", "scipy", "pandas", "scikit-learn", "matplotlib", "tensorflow")  # Colab's, perhaps in use
KERAS = "keras"  # which must be as new as the course says; of the others any version will do
ADD = ("mlxtend", "anywidget", "jupytext")
SCALE = ("faiss-cpu", "pymilvus", "milvus-lite")  # where a notebook names them


def repository(root=ROOT):
    """The address that pyproject.toml gives; None if it gives none. ValueError if it is not on GitHub."""
    with (root / "pyproject.toml").open("rb") as file:
        address = tomllib.load(file)["project"].get("urls", {}).get("Repository")
    if address and not GITHUB.fullmatch(address):
        raise ValueError(
            f"pyproject.toml: Repository must be https://github.com/WHO/NAME, which is what Colab and Binder "
            f"open; got {address!r}. Mend it, or take the line out: then there are no badges."
        )
    return address


def headed(cells, path, address, place=None):
    """The cells of the notebook at `path` with badges under the title, and the set-up cell after that.

    `place` is where Colab keeps the course. Without an address the cells stay as they are.
    """
    if not address:
        return cells
    from nbformat import v4  # for the builders: on Colab this file stands alone

    name = "/".join(address.rstrip("/").removesuffix(".git").split("/")[-2:])
    place = place or f"/content/{name.split('/')[-1]}"
    title, _, rest = cells[0].source.partition("\n")
    first = cells[0].copy()
    first.source = f"{title}\n\n{BADGES.format(name=name, path=path)}\n{rest}"
    code = SET_UP.format(address=address, place=place, path=path)
    return [first, v4.new_code_cell(code, metadata=FOLDED), *cells[1:]]


def sets_up(cell):
    """Is it the set-up cell?"""
    return cell.cell_type == "code" and cell.source.startswith(SET_UP.splitlines()[0])


def missing(path, root=ROOT):
    """What the notebook at `path` needs and this Python lacks, as pip's arguments."""
    from packaging.requirements import Requirement

    listed = (root / "requirements.txt").read_text(encoding="utf-8").splitlines()
    (keras,) = (Requirement(line.split("#")[0]) for line in listed if line.startswith(KERAS))
    fits = _version(KERAS) and keras.specifier.contains(_version(KERAS), prereleases=True)
    text = (root / path).read_text(encoding="utf-8")
    names = [*ADD, *(SCALE if re.search("faiss|milvus", text) else ())]
    return [*([] if fits else [str(keras)]), *(name for name in names if not _version(name))]


def _version(name):
    """The installed version of a package, or None."""
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
        return importlib.metadata.version(name)


def install(lines):
    """Add packages and keep the versions of what Colab has loaded; RuntimeError if it fails."""
    keep = [f"{name}=={_version(name)}\n" for name in KEEP if _version(name)]
    with tempfile.TemporaryDirectory() as folder:
        kept = Path(folder, "kept.txt")
        kept.write_text("".join(keep), encoding="utf-8")
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        run = subprocess.run([*pip, "--constraint", kept, *lines], capture_output=True, text=True)
    if run.returncode:
        raise RuntimeError(f"{', '.join(lines)} could not be added to this Colab. pip says:\n{run.stderr}")


def set_up(path, root=ROOT):
    """Make the notebook at `path` ready to run: what it lacks, its folder, and simlib importable."""
    lines = missing(path, root)
    if lines:
        install(lines)
    sys.path.insert(0, os.fspath(root))  # what is installed now would be seen after a restart only
    os.environ["PYTHONPATH"] = os.fspath(root)  # and for processes that a cell starts
    os.chdir((root / path).parent)


if __name__ == "__main__":
    set_up(sys.argv[1])
