"""`import simlib` and the whole arrays floor must work without TensorFlow, Keras and matplotlib."""

import subprocess
import sys

import pytest

import simlib

ARRAYS_FLOOR = [
    "archive", "calibration", "checks", "distances",
    "index", "matching", "metrics", "neighbors", "search", "store",
]  # fmt: skip
HEAVY = ["tensorflow", "keras", "torch", "jax", "matplotlib", "seaborn", "pandas", "sklearn", "scipy"]


def run(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("line", ["import simlib", *(f"import simlib.{m}" for m in ARRAYS_FLOOR)])
def test_nothing_heavy_is_imported(line):
    assert run(f"{line}\nimport sys\nprint([m for m in {HEAVY} if m in sys.modules])") == "[]\n"


def test_the_whole_way_works_without_anything_heavy():
    code = (
        f"HEAVY = {HEAVY}"
        + """
import sys, builtins
real = builtins.__import__
def guarded(name, *rest, **more):
    assert name.split(".")[0] not in HEAVY, name
    return real(name, *rest, **more)
builtins.__import__ = guarded
import numpy as np, simlib
x, y = np.eye(4), [0, 1, 0, 1]
index = simlib.Index("euclidean").add(x, y, x)
neighbors = index.lookup(x + 0.1, k=2)
calibration = simlib.calibrate(neighbors, y)
print(simlib.match(neighbors, calibration.distance()).tolist(), simlib.metrics.curve([0.1], [True]).distances)
(train, *_) = simlib.load_mnist()
simlib.select_examples(*train, n=2)
"""
    )
    assert run(code) == "[0, 1, 0, 1] [0.1]\n"


def test_how_long_the_import_takes(measured):
    code = "import time; t = time.perf_counter(); import simlib; print(time.perf_counter() - t)"
    with_index = code.replace("import simlib;", "import simlib; simlib.Index;")
    measured(f"import simlib: {float(run(code)):.3f} s, with its first name: {float(run(with_index)):.3f} s")


def test_every_public_name_is_there_and_listed():
    for name in simlib.__all__:
        assert getattr(simlib, name) is not None
        assert name in dir(simlib)
    with pytest.raises(AttributeError, match="module 'simlib' has no attribute 'Indx'"):
        _ = simlib.Indx
