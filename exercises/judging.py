"""How an answer is judged: calmly, with a reason, and within a time limit.

A check is a function of the reader's answer. It calls `ask` and `expect` from here, and `compare`, `array`
and `number` from comparing.py. It returns why the answer matters: a text, or (text, a function that draws
a figure). `judge` makes a `Verdict` of whatever happens.
"""

import base64
import contextlib
import copy
import ctypes
import functools
import html
import inspect
import io
import re
import threading
import time
import traceback
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

LIMIT = 10  # seconds of the processor that an answer may take
PATIENCE = 6  # times as many may pass on the clock
NOT_ATTEMPTED, WRONG, RIGHT = "not attempted", "wrong", "right"
# The heading and the colour of each verdict; the sign and the words say it without the colour, too.
LOOK = {
    NOT_ATTEMPTED: ("\u25cb Not attempted yet.", "#999999"),
    WRONG: ("\u2717 Not right yet, because", "#D55E00"),
    RIGHT: ("\u2713 Right.", "#0072B2"),
}
PLACEHOLDER = "Three dots `...` are still there: put your answer in their place, and run this again."
REFERENCE = Path(__file__).resolve().parent.parent / "notebooks" / "models" / "digits.keras"


class NotAttempted(Exception):
    """The answer is still the placeholder."""


class Wrong(Exception):
    """The answer is not right: why, and perhaps a function that draws a figure of it."""

    def __init__(self, why, draw=None):
        super().__init__(why)
        self.why, self.draw = why, draw


class Failed(Wrong):
    """The answer stops with an error."""


class Stop(BaseException):
    """Ends a function that does not end by itself."""


@dataclass(frozen=True, repr=False)
class Verdict:
    """What a check says: `state` is one of the three above; `draw` makes a figure, or is None."""

    state: str
    text: str
    draw: object = None

    @functools.cached_property
    def picture(self):
        """The figure as a PNG, or b"". Drawn when it is first looked at."""
        return _png(self.draw()) if self.draw else b""

    def __repr__(self):
        return f"{LOOK[self.state][0]} {self.text}"

    def _repr_html_(self):
        heading, color = LOOK[self.state]
        text = html.escape(self.text, quote=False).replace("\n\n", "<br><br>")
        text = re.sub("`(.+?)`", r"<code>\1</code>", text)
        encoded = base64.b64encode(self.picture).decode()
        image = f'<br><img alt="what the check saw" src="data:image/png;base64,{encoded}">'
        return (
            f'<div style="border-left: 5px solid {color}; padding: 0.4em 1em; max-width: 46em">'
            f"<b>{heading}</b> {text}{image if encoded else ''}</div>"
        )


def judge(check, answers):
    """Call `check(*answers)` and return a `Verdict`, whatever the answers are."""
    wanted = list(inspect.signature(check).parameters)
    try:
        if len(answers) != len(wanted):
            raise Wrong(f"`check` got {len(answers)} answers. Call it so: `check({', '.join(wanted)})`.")
        if _untouched(answers):
            raise NotAttempted
        why = check(*answers)
        return Verdict(RIGHT, *why) if isinstance(why, tuple) else Verdict(RIGHT, why)
    except NotAttempted:
        return Verdict(NOT_ATTEMPTED, PLACEHOLDER)
    except Wrong as wrong:
        return Verdict(WRONG, wrong.why, wrong.draw)
    except Exception as error:  # a check reads what a stranger made: no answer may break it
        return Verdict(
            WRONG,
            f"the check cannot work with this answer ({type(error).__name__}: {error}). "
            "Compare its type and its shape with what the task asks for.",
        )


def expect(condition, why, draw=None):
    """Go on if `condition` holds; if not, the answer is wrong. `draw` makes a figure that shows it."""
    if not condition:
        raise Wrong(why, draw)


@contextlib.contextmanager
def quiet():
    """Without warnings: a NaN is told in a sentence."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def ask(function, *inputs, seconds=None):
    """Call the reader's function on copies of `inputs`; return what it answers.

    Raises:
        NotAttempted: it returns the placeholder.
        Wrong: it is no function, raises, returns None, or has not answered after `seconds`.
    """
    seconds = LIMIT if seconds is None else seconds
    if not callable(function):
        raise Wrong(
            f"the check needs the function itself, and got {described(function)}. "
            "Write its name alone, without calling it: `check(name)`."
        )
    name, box, inputs = getattr(function, "__name__", "your function"), {}, copied(inputs)

    def work():
        try:
            with quiet():
                answer = function(*inputs)
                box["answer"] = list(answer) if isinstance(answer, Iterator) else answer
        except Stop:
            pass
        except BaseException as error:
            box["error"] = error

    # A thread, as an alarm signal exists neither on Windows nor outside the main thread.
    thread = threading.Thread(target=work, daemon=True)
    try:
        thread.start()
    except RuntimeError:  # a browser's Python has no threads: then without a time limit
        work()
    else:
        try:
            _wait(thread, seconds)
        finally:
            if late := thread.is_alive():
                stop = ctypes.py_object(Stop)
                ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), stop)
        expect(
            not late,
            f"`{name}` had no answer after {seconds:g} seconds and was stopped. "
            "Is there a loop that never ends, or one that could be a single array operation?",
        )
    if "error" in box:
        error = box["error"]
        if isinstance(error, Wrong):  # of a check that wraps the reader's function
            raise error
        raise Failed(
            f"`{name}` stopped with an error: {type(error).__name__}: {error}{_line(function, error)}"
        ) from error
    if _untouched(box["answer"]):
        raise NotAttempted
    expect(box["answer"] is not None, f"`{name}` returned None. Does it end with `return`?")
    return box["answer"]


class Reference(NamedTuple):
    """What the checks know of the reference model: arrays, so that nobody's answer can empty an index.

    `splits`: MNIST; `embedded`: the embeddings of its three splits; `index`, `calibration`: the model's.
    """

    splits: tuple
    embedded: tuple
    index: object
    calibration: object


@functools.cache
def mnist():
    """MNIST's splits, read once: it takes seconds. Hand them to nobody who might change them."""
    import simlib

    return simlib.load_mnist()


@functools.cache
def reference():
    """The `Reference`, made once."""
    import keras
    import simlib  # noqa: F401 as it registers what the file holds

    model, splits = keras.models.load_model(REFERENCE), mnist()
    embedded = type(splits)(*(model.embed(split.x, verbose=0) for split in splits))
    return Reference(splits, embedded, model.index_summary(), model.calibration)


def _wait(thread, seconds):
    """Until it ends or has used its seconds of the processor: a busy machine is not the answer's fault."""
    used, begun = time.process_time(), time.monotonic()
    while thread.is_alive() and time.process_time() - used < seconds > (time.monotonic() - begun) / PATIENCE:
        thread.join(0.1)


def _untouched(answer):
    if isinstance(answer, dict):
        answer = list(answer.values())
    return answer is ... or (isinstance(answer, (list, tuple)) and any(map(_untouched, answer)))


def copied(inputs):
    """Copies of what an answer might change in place or use up; a model stays the same one."""
    plain = (np.ndarray, list, tuple, dict, set)
    inputs = [copy.deepcopy(x) if isinstance(x, plain) else x for x in inputs]
    return [copy.copy(x) if hasattr(type(x), "__copy__") else x for x in inputs]


def described(value):
    shape = f" of shape {value.shape}" if hasattr(value, "shape") else ""
    return f"a value of type {type(value).__name__}{shape}"


def _line(function, error):
    """The last line of the reader's own code that the error came through."""
    home = getattr(getattr(inspect.unwrap(function), "__code__", None), "co_filename", None)
    lines = [f.line for f in traceback.extract_tb(error.__traceback__) if f.filename == home and f.line]
    return f" (at the line `{lines[-1].strip()}`)" if lines else ""


def _png(figure):
    import matplotlib.pyplot as plt

    figure = getattr(figure, "figure", figure)  # an Axes will do, too
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=80)
    plt.close(figure)
    return stream.getvalue()
