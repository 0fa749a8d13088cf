"""Importing simlib stays light, registers its Keras classes in either order, and keeps notebooks quiet."""

import os
import subprocess
import sys

import keras
import pytest

import simlib

CHATTER = [
    "WARNING: All log messages before absl::InitializeLog() is called are written to STDERR",
    "I0000 00:00:1795549751.583262   10969 port.cc:153] oneDNN custom operations are on.",
    "W0000 00:00:1795549751.583576   10969 cudart_stub.cc:31] something small",
    "2026-11-24 19:46:52.100000: I tensorflow/core/util/port.cc:153] oneDNN custom operations are on.",
    "2026-11-24 19:46:52.100000: W external/xla/foo.cc:1] something small",
    "To enable the following instructions: AVX2 FMA, rebuild TensorFlow with the appropriate flags.",
]
ERRORS = [
    "E0000 00:00:1795549797.942773   11833 cuda_platform.cc:52] a real error",
    "F0000 00:00:1795549797.942773   11833 check.cc:52] Check failed: a fatal one",
    "2026-11-24 19:46:52.100000: E external/xla/foo.cc:1] another real error",
    "ImportError: libcublas.so.12: cannot open shared object file",
    "I am a sentence that begins with I",
]
# A Keras that does nothing but talk, in the way that TensorFlow's C++ code does.
TALKING = f"import os\nfor line in {CHATTER + ERRORS!r}:\n    os.write(2, (line + chr(10)).encode())\n"
# simlib's own modules need the real one; what is tried here is when they would be registered.
PREPARE = """
import sys, types, simlib
from simlib.embedding import register
register._register = lambda: print("registered")
"""
NOTEBOOK = "sys.modules['ipykernel'] = types.ModuleType('ipykernel')\n"


def python(script, *path):
    """Run a script in a fresh interpreter: (stdout, stderr, exit status)."""
    paths = [str(p) for p in path] + [p for p in sys.path if p]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    env.pop("TF_CPP_MIN_LOG_LEVEL", None)
    done = subprocess.run([sys.executable, "-c", script], env=env, capture_output=True, text=True)
    return done.stdout, done.stderr, done.returncode


@pytest.fixture
def fake(tmp_path):
    """Make a stand-in for Keras of the given source; the folder to put on the path."""

    def make(source):
        package = tmp_path / "keras"
        package.mkdir(exist_ok=True)
        (package / "__init__.py").write_text(source)
        return tmp_path

    return make


def test_import_simlib_needs_neither_keras_nor_tensorflow():
    out, err, status = python(
        "import sys, simlib; from simlib import Index, calibrate\n"
        "print([m for m in ('keras', 'tensorflow', 'jax', 'torch') if m in sys.modules])"
    )
    assert (out.strip(), status) == ("[]", 0), err


@pytest.mark.parametrize("place, shown", [(NOTEBOOK, ERRORS), ("", CHATTER + ERRORS)])
def test_a_notebook_alone_shows_errors_and_no_chatter_and_only_while_keras_loads(fake, place, shown):
    script = PREPARE + place + f"import keras, os\nos.write(2, {CHATTER[1].encode()!r})"
    out, err, status = python(script, fake(TALKING))
    assert (err.splitlines(), out, status) == ([*shown, CHATTER[1]], "registered\n", 0)


def test_python_warnings_and_tracebacks_are_shown_in_a_notebook(fake):
    source = TALKING + "import warnings\nwarnings.warn('mind the step')\nraise ImportError('no backend')"
    out, err, status = python(PREPARE + NOTEBOOK + "import keras", fake(source))
    assert "mind the step" in err and "ImportError: no backend" in err
    assert all(line in err for line in ERRORS) and not any(line in err for line in CHATTER)
    assert (out, status) == ("", 1)


def test_to_ask_where_keras_is_does_not_use_up_the_registration(fake):
    asked = "import importlib.util\nassert importlib.util.find_spec('keras')\nprint('asked')\nimport keras"
    out, err, status = python(PREPARE + asked, fake(""))
    assert (out.split(), status) == (["asked", "registered"], 0), err


def test_an_import_that_failed_can_be_tried_again(fake):
    source = "import os\nif os.environ.pop('FAIL', None): raise ImportError('not yet')"
    script = (
        "import os; os.environ['FAIL'] = '1'\ntry:\n    import keras\nexcept ImportError as e: print(e)\n"
    )
    out, err, status = python(PREPARE + script + "import keras, keras", fake(source))
    assert (out.splitlines(), status) == (["not yet", "registered"], 0), err


def test_simlib_after_keras_registers_all_of_its_keras_classes():
    assert simlib.register.REGISTERED  # and this file imports keras first
    names = (
        "MetricEmbedding MultiSimilarityLoss TripletLoss CircleLoss SoftNearestNeighborLoss ContrastiveLoss"
    )
    names = f"{names} PairDistance SimilarityModel".split()
    assert {f"simlib>{name}" for name in names} <= set(keras.saving.get_custom_objects())


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="the lines are TensorFlow's")
def test_the_real_start_is_quiet_in_a_notebook():
    script = (
        "import sys, types, simlib\n" + NOTEBOOK + "import keras, numpy\n"
        "print(simlib.MetricEmbedding(2)(numpy.ones((1, 3))).shape, 'simlib>SimilarityModel' in "
        "keras.saving.get_custom_objects())"
    )
    out, err, status = python(script)
    assert (out.strip(), err, status) == ("(1, 2) True", "", 0)
