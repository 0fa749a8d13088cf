"""Whether the reader's numbers are the right ones, and if not, which mistake makes just these.

A diagnosis ("you forgot the mean") is given only when it is proven: `compare` runs the mistaken
computation on the same fresh inputs, and it must give the reader's numbers for all of them.
"""

import numbers
from unittest import mock

import numpy as np

from judging import Failed, Wrong, ask, copied, described, expect, quiet

# What an array may be asked to hold, in words. What NumPy would turn into it without loss is taken as well.
KINDS = {"number": "numbers", "integer": "whole numbers", "bool": "True and False", "any": "numbers"}


def array(name, value, shape=None, kind="number"):
    """Return the reader's value as an array, or say calmly what is the matter with it.

    Args:
        name: what to call it. value: an array or a tensor, a list, a set, a range, a single number.
        shape: the one it must have; None takes any, and () takes one number in whatever brackets.
        kind: "number" for finite floats or integers; "integer", also as 3.0; "bool", also as 0 and 1; "any".
    """
    found = _as_array(value)
    if found is None:
        raise Wrong(f"{name} must be one array of numbers; this is {described(value)}.")
    if shape == () and found.size == 1:
        found = found.reshape(())
    if shape == () != found.shape:
        raise Wrong(f"{name} must be a single number; this is {described(found)}.")
    if shape is not None and found.shape != shape:
        hint = " It looks turned: rows and columns changed places." * (found.shape == shape[::-1])
        if found.squeeze().shape == shape:
            hint = " One axis is too many: `.ravel()` takes it away."
        raise Wrong(f"{name} must have the shape {shape}; yours has {found.shape}.{hint}")
    letter = found.dtype.kind
    if letter == "f" and not np.isfinite(found).all():
        word = "NaN (not a number)" if np.isnan(found).any() else "infinity"
        raise Wrong(f"{name} holds {word}. Is there a division by 0, or a log of 0 on the way?")
    if kind == "bool" and letter in "fiu" and np.isin(found, (0, 1)).all():
        found = found.astype(bool)
    if kind == "integer" and (not found.size or (letter == "f" and (found == np.round(found)).all())):
        found = found.astype(np.int64)
    if found.dtype.kind not in {"number": "fiu", "integer": "iu", "bool": "b", "any": "fiub"}[kind]:
        held = "True and False" if letter == "b" else f"the dtype {found.dtype}"
        raise Wrong(f"{name} must hold {KINDS[kind]}; yours holds {held}.")
    return found


def number(name, value):
    """Return the reader's value as one float, or say calmly what is the matter with it."""
    return float(array(name, value, shape=()))


def partition(a, kth, axis=-1, *args, _sharp=np.argpartition, **options):
    """np.argpartition, and nothing that it does not promise: some processors sort more by the way."""
    places = np.array(_sharp(a, kth, axis, *args, **options))
    rows = np.moveaxis(places, -1 if axis is None else axis, -1)
    fixed = sorted(np.atleast_1d(kth) % rows.shape[-1])
    for start, stop in zip([0, *(place + 1 for place in fixed)], [*fixed, None]):
        rows[..., start:stop] = np.random.default_rng(0).permuted(rows[..., start:stop], axis=-1)
    return places


@mock.patch.object(np, "argpartition", partition)
def compare(function, cases, right, mistakes=(), facts=(), name="your answer", through=None, says=None):
    """The reader's function must do what `right` does, in every case.

    Args:
        cases: {words for it: a tuple of inputs}. Fresh ones, of strange sizes, with ties.
        right: a right function. If it returns a tuple, the reader's function must as well.
        mistakes: (what the reader is told, a function that makes this mistake). It is told only if that
            function, and no other, gives the reader's answers in all cases.
        facts: (what the reader is told, a test of (answer, right answer)): told if true in all cases.
        through: makes of a function another one, which says in arrays what it did: for answers that are none.
        says: of (answer, right answer, *inputs) makes the sentence on how they differ, in place of ours.

    Returns:
        the answers, in the order of `cases`: as arrays, or as lists of what was returned together.
    """
    if through:
        function, right = through(function), through(right)
        mistakes = [(text, through(mistaken)) for text, mistaken in mistakes]
    answers = {told: _answer(function, inputs) for told, inputs in cases.items()}
    rights = {told: right(*copied(inputs)) for told, inputs in cases.items()}
    unlike = [told for told in cases if not _right(answers[told], rights[told])]
    if not unlike:
        told, inputs = next(iter(cases.items()))
        again = _right(ask(function, *inputs), rights[told])
        expect(again, f"{told}: asked the same a second time, your function gives another answer.")
        if isinstance(rights[told], tuple):
            return list(map(_several, answers.values()))
        return [array(name, answers[told], np.shape(right), _kind(right)) for told, right in rights.items()]
    proven = {text for text, mistaken in mistakes if _explains(mistaken, cases, answers)}
    if len(proven) == 1:  # if two mistakes give these numbers, we do not know which it was
        raise Wrong(*proven)
    for text, holds in facts:
        if all(_quietly(holds, (answers[told], rights[told])) for told in cases):
            raise Wrong(text)
    told = unlike[0]
    if isinstance(answers[told], Failed):
        raise answers[told]
    if says:
        raise Wrong(f"{told}: {says(answers[told], rights[told], *cases[told])}")
    found, true = _parts(answers[told], rights[told])
    for i, (one, other) in enumerate(zip(found, map(np.asarray, true))):
        called = name if len(true) == 1 else f"{name}, part {i + 1},"
        one = array(f"{told}: {called}", one, other.shape, _kind(other))
        expect(_close(one, other), f"{told}: {called} {_difference(one, other)}")


def _explains(mistaken, cases, answers):
    """Whether the mistaken function gives the reader's answers in all cases."""
    results = {told: _quietly(mistaken, inputs) for told, inputs in cases.items()}
    known = any(result is not None for result in results.values())
    return known and all(_alike(answers[told], results[told]) for told in cases)


def _answer(function, inputs):
    """What the reader's function answers; an error is an answer as well, which a mistake may explain."""
    try:
        return ask(function, *inputs)
    except Failed as failed:
        return failed


def _difference(found, right):
    """Where the two differ most, in words."""
    word, where = "is", ""
    if right.size > 8:
        gap = np.abs(found.astype(float) - right.astype(float))
        place = np.unravel_index(gap.argmax(), gap.shape)
        word, where = "is", f" at position {', '.join(map(str, place))}"
        if right.ndim == 2 and right.shape[1] <= 8:
            word, where, place = "has", f" in row {place[0]}", place[0]
        found, right = found[place], right[place]
    one, other = _shown(found, right)
    return f"{word} {one}{where}, and {other} is right."


def _shown(*values):
    """The values as texts, with as many digits as it takes to tell them apart."""
    for digits in (4, 8, 16):
        texts = [np.array2string(np.asarray(value), precision=digits, separator=", ") for value in values]
        if len(set(texts)) > 1:
            break
    return texts


def _parts(answer, right):
    """(the reader's answers, the right ones), as two lists; one each, unless `right` is a tuple."""
    if not isinstance(right, tuple):
        return [answer], [right]
    answers = _several(answer) or [answer]
    expect(
        len(answers) == len(right),
        f"your function must return {len(right)} values; it returns {len(answers)}.",
    )
    return answers, list(right)


def _several(answer):
    """The values that a function returns together, as a list; [] if it returns a single one."""
    if isinstance(answer, (tuple, list, type({}.values()))):
        return list(answer)
    return list(answer) if getattr(answer, "shape", ()) else []  # one array, or a tensor, for all of them


def _right(answer, right):
    if isinstance(answer, Failed):
        return False
    try:
        parts = zip(*_parts(answer, right))
        return all(_close(array("", a, np.shape(b), _kind(b)), np.asarray(b)) for a, b in parts)
    except Wrong:
        return False


def _alike(answer, mistaken):
    """Whether two answers hold the same numbers, whatever they are."""
    if isinstance(answer, Failed):
        return mistaken is None
    if isinstance(mistaken, tuple):
        answers = _several(answer)
        return len(answers) == len(mistaken) and all(map(_alike, answers, mistaken))
    a, b = _as_array(answer), _as_array(mistaken)
    known = a is not None and b is not None and a.shape == b.shape
    return known and a.dtype.kind in "fiub" and _close(a, b)


def _kind(right):
    return {"b": "bool", "i": "integer"}.get(np.asarray(right).dtype.kind, "number")


def _close(found, right):
    """Equal, as far as rounding lets us say so: whole numbers exactly."""
    exact = right.dtype.kind != "f"
    return np.array_equal(found, right) if exact else np.allclose(found, right, 2e-4, 1e-5, equal_nan=True)


def _quietly(function, inputs):
    """What the function answers; None if it cannot."""
    try:
        with quiet():
            return function(*copied(inputs))
    except Exception:
        return None


def _as_array(value):
    """The value as an array, if NumPy can make one of numbers or words; else None."""
    if isinstance(value, (set, frozenset, range)) or type(value) in (type({}.keys()), type({}.values())):
        value = list(value)
    try:
        found = np.asarray(value)
        if found.dtype == object and all(isinstance(item, numbers.Number) for item in found.flat):
            found = found.astype(float)  # such as fractions
        if found.dtype == object:  # such as a list of tensors
            found = np.asarray([np.asarray(item) for item in found.tolist()])
    except Exception:  # ragged, or a type that NumPy does not know
        return None
    return None if found.dtype == object else found
