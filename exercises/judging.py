"""How an answer is judged: calmly, with a reason, and within a time limit.

A check is a function of the reader's answer. It calls `expect`, `ask`, `array` and `number`, and
returns why the answer matters: a text, or (text, figure). `judge` makes a `Verdict` of whatever happens.
"""

import base64
import ctypes
import functools
import html
import io
import re
import threading
import traceback
from dataclasses import dataclass
from pathlib import Path

import numpy as np

LIMIT = 10  # seconds that an answer may take
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
    """The answer is not right: why, and perhaps a figure that shows it."""

    def __init__(self, why, figure=None):
        super().__init__(why)
        self.why, self.figure = why, figure


class Stop(BaseException):
    """Ends a function that does not end by itself."""


@dataclass(frozen=True, repr=False)
class Verdict:
    """What a check says: `state` is one of the three above; `picture` is a PNG, or b""."""

    state: str
    text: str
    picture: bytes = b""

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
    try:
        if _untouched(answers):
            raise NotAttempted
        why = check(*answers)
        text, figure = why if isinstance(why, tuple) else (why, None)
        return Verdict(RIGHT, text, _png(figure))
    except NotAttempted:
        return Verdict(NOT_ATTEMPTED, PLACEHOLDER)
    except Wrong as wrong:
        return Verdict(WRONG, wrong.why, _png(wrong.figure))
    except Exception as error:  # a check reads what a stranger made: no answer may break it
        return Verdict(
            WRONG,
            f"the check cannot work with this answer ({type(error).__name__}: {error}). "
            "Compare its type and its shape with what the task asks for.",
        )


def expect(condition, why, figure=None):
    """Go on if `condition` holds; if not, the answer is wrong. `figure` is a function that draws."""
    if not condition:
        raise Wrong(why, figure and figure())


def ask(function, *inputs, seconds=None):
    """Call the reader's function on copies of `inputs`; return what it answers.

    Raises:
        NotAttempted: it returns the placeholder.
        Wrong: it is no function, raises, returns None, or has not answered after `seconds`.
    """
    seconds = LIMIT if seconds is None else seconds
    if not callable(function):
        raise Wrong(
            f"the check needs the function itself, and got {_described(function)}. "
            "Write its name alone, without calling it: `check(name)`."
        )
    name, box = getattr(function, "__name__", "your function"), {}
    copies = [x.copy() if isinstance(x, np.ndarray) else x for x in inputs]

    def work():
        try:
            with np.errstate(all="ignore"):  # a NaN is told in a sentence, not in a warning
                box["answer"] = function(*copies)
        except Stop:
            pass
        except BaseException as error:
            box["error"] = error

    # A thread, as an alarm signal exists neither on Windows nor outside the main thread.
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        thread.join(seconds)
    finally:
        late = thread.is_alive()
        if late:
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(Stop))
    if late:
        raise Wrong(
            f"`{name}` had no answer after {seconds:g} seconds and was stopped. "
            "Is there a loop that never ends, or one that could be a single array operation?"
        )
    if "error" in box:
        error = box["error"]
        raise Wrong(
            f"`{name}` stopped with an error: {type(error).__name__}: {error}{_line(function, error)}"
        ) from error
    answer = box.get("answer")
    if _untouched(answer):
        raise NotAttempted
    if answer is None:
        raise Wrong(f"`{name}` returned None. Does it end with `return`?")
    return answer


# What an array may be asked to hold: NumPy's letters for its dtype, and the words for it.
KINDS = {
    "number": ("fiu", "numbers"),
    "integer": ("iu", "whole numbers, of an integer dtype"),
    "bool": ("b", "True and False, as a comparison gives them"),
}


def array(name, value, shape=None, kind="number"):
    """Return the reader's value as an array, or say calmly what is the matter with it.

    Args:
        name: what to call it. shape: the one it must have; None takes any.
        kind: "number" for finite floats or integers, "integer", or "bool".
    """
    if value is None:
        raise Wrong(f"{name} is None. Did a step forget to give something back?")
    try:
        found = np.asarray(value)
    except (ValueError, TypeError):
        found = np.empty(0, object)
    if found.dtype == object:
        raise Wrong(f"{name} must be one array of numbers; this is {_described(value)}.")
    if shape == () != found.shape:
        raise Wrong(f"{name} must be a single number; this is {_described(found)}.")
    if shape is not None and found.shape != shape:
        turned = len(shape) > 1 and found.shape == shape[::-1]
        why = " It looks turned: rows and columns changed places." if turned else ""
        raise Wrong(f"{name} must have the shape {shape}; yours has {found.shape}.{why}")
    kinds, wanted = KINDS[kind]
    if found.dtype.kind not in kinds:
        raise Wrong(f"{name} must hold {wanted}; yours has the dtype {found.dtype}.")
    if found.dtype.kind == "f" and not np.isfinite(found).all():
        word = "NaN (not a number)" if np.isnan(found).any() else "infinity"
        raise Wrong(f"{name} holds {word}. Is there a division by 0, or a log of 0 on the way?")
    return found


def same(name, value, right, mistakes=()):
    """The reader's value must be close to `right`.

    Args:
        name: what to call it. value: a number or an array. right: the correct one.
        mistakes: (the value that a known mistake gives, what that mistake is), tried in turn.
    """
    right = np.asarray(right)
    found = array(name, value, shape=right.shape)
    if np.allclose(found, right, rtol=1e-3, atol=1e-5):
        return
    for mistaken, why in mistakes:
        if np.shape(mistaken) == found.shape and np.allclose(found, mistaken, rtol=1e-3, atol=1e-5):
            raise Wrong(why)
    where = np.unravel_index(np.abs(found - right).argmax(), right.shape)
    place = f" (at position {', '.join(map(str, where))})" if where else ""
    raise Wrong(f"{name} is {found[where]:.4g} where {right[where]:.4g} is right{place}.")


def number(name, value):
    """Return the reader's value as one float, or say calmly what is the matter with it."""
    return float(array(name, value, shape=()))


@functools.cache
def reference():
    """(model, splits, embedded): the reference model, MNIST's splits, and their embeddings.

    Loaded once, for the checks alone. Hand none of it to the reader's function but arrays, which `ask`
    copies: an answer may well empty the model's index.
    """
    import keras
    import simlib

    model = keras.models.load_model(REFERENCE)
    splits = simlib.load_mnist()
    embedded = type(splits)(*(model.embed(split.x, verbose=0) for split in splits))
    return model, splits, embedded


def _untouched(answer):
    if isinstance(answer, dict):
        answer = list(answer.values())
    return answer is ... or (isinstance(answer, (list, tuple)) and any(map(_untouched, answer)))


def _described(value):
    shape = f" of shape {value.shape}" if hasattr(value, "shape") else ""
    return f"a value of type {type(value).__name__}{shape}"


def _line(function, error):
    """The last line of the reader's own code that the error came through."""
    home = getattr(getattr(function, "__code__", None), "co_filename", None)
    lines = [f.line for f in traceback.extract_tb(error.__traceback__) if f.filename == home and f.line]
    return f" (at the line `{lines[-1].strip()}`)" if lines else ""


def _png(figure):
    if figure is None:
        return b""
    import matplotlib.pyplot as plt

    figure = getattr(figure, "figure", figure)  # an Axes will do, too
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=80)
    plt.close(figure)
    return stream.getvalue()
