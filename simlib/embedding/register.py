"""What happens when Keras is first imported: simlib's Keras classes are registered, and quietly.

`import simlib` must stay free of Keras, and yet `keras.models.load_model` must know SimilarityModel after
`import simlib, keras`, in either order. In a notebook, TensorFlow's start-up lines are kept off the page.
"""

import contextlib
import functools
import importlib
import os
import re
import sys
import tempfile

REGISTERED = ("layers", "losses", "callbacks", "model")
CHATTER = re.compile(
    rb"[IW]\d{4} |\d{4}-\d\d-\d\d .*: [IW] |WARNING: All log messages|To enable the following"
    rb"|E\d{4} .*Unable to register cu"  # TensorFlow 2.19, without a GPU
)


def install():
    """Register simlib's Keras classes, now or when Keras is imported."""
    if "keras" in sys.modules:
        _register()
    else:
        sys.meta_path.insert(0, _Waiting())


def _register():
    for name in REGISTERED:
        importlib.import_module(f"simlib.embedding.{name}")


class _Waiting:
    """Lets the usual finders find Keras, and adds one step after it has been executed."""

    def find_spec(self, name, path=None, target=None):
        finders = [finder for finder in sys.meta_path if finder is not self and name == "keras"]
        spec = next(filter(None, (finder.find_spec(name, path, target) for finder in finders)), None)
        if spec and spec.loader:
            spec.loader.exec_module = functools.partial(self._execute, spec.loader.exec_module)
        return spec

    def _execute(self, execute, module):
        with without_chatter() if "ipykernel" in sys.modules else contextlib.nullcontext():
            execute(module)
        if self in sys.meta_path:  # not before: who asks where Keras is need not import it
            sys.meta_path.remove(self)
        _register()


@contextlib.contextmanager
def without_chatter():
    """Hold back what C++ code writes to file descriptor 2, then pass on all but start-up lines."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # for the lines of the first operation
    sys.stderr.flush()
    real = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(real, 2)
            os.close(real)
            held.seek(0)
            os.write(2, b"".join(line for line in held if not CHATTER.match(line)))
