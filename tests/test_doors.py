"""What people hand in at the doors of the arrays floor: converted without loss, or refused in one sentence.

The doors are `Index(...)`, `add`, `lookup`, `payload`, `save` and `load`. Each refusal names the argument and
what to do, and comes from simlib, not from NumPy or Python.
"""

from pathlib import Path

import ml_dtypes
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import simlib
from simlib import Index, NotReadyError

X, Y = np.random.default_rng(0).normal(size=(6, 3)).astype(np.float32), np.array([0, 0, 1, 1, 2, 2])
HOUSE = str(Path(simlib.__file__).parent)


def index():
    return Index("cosine").add(X, Y, X)


def with_value(value):
    return np.where(np.arange(6)[:, None] == 1, value, X.astype(float))


def arrow(values, dtype):
    return pd.Series(values, dtype=pd.ArrowDtype(dtype))


# what is taken

LABELS = {
    "list": Y.tolist(),
    "small integers": Y.astype(np.uint8),
    "Series": pd.Series(Y),
    "Series of another index": pd.Series(Y, index=list("fedcba")),
    "Int64": pd.Series(Y, dtype="Int64"),
    "object Series": pd.Series(Y, dtype=object),
    "Categorical of numbers": pd.Categorical(Y),
    "Arrow-backed": arrow(Y, pa.int32()),
    "Arrow array": pa.array(Y),
    "Arrow chunks": pa.chunked_array([Y[:2], Y[2:]]),
    "int4": Y.astype(ml_dtypes.int4),
    "unmasked": np.ma.array(Y),
}
VECTORS = {
    "lists": X.tolist(),
    "float16 and its loss": X.astype(np.float16),
    "DataFrame": pd.DataFrame(X),
    "nullable DataFrame": pd.DataFrame(X).astype("Float32"),
    "Arrow-backed DataFrame": pd.DataFrame(X).astype("float[pyarrow]"),
    "column of arrays": pd.Series(list(X)),
    "column of lists": pd.Series(X.tolist()),
    "Arrow-backed column": arrow(X.tolist(), pa.list_(pa.float32())),
    "Arrow lists of fixed size": pa.array(X.tolist(), pa.list_(pa.float32(), 3)),
    "bfloat16": X.astype(ml_dtypes.bfloat16),
    "float8": X.astype(ml_dtypes.float8_e4m3fn),
    "unmasked": np.ma.array(X),
}


@pytest.mark.parametrize("case", LABELS)
def test_labels_are_taken_from_whatever_holds_whole_numbers(case):
    near = Index("euclidean").add(X, LABELS[case]).lookup(X, k=1)
    assert near.labels.dtype == np.int64 and near.labels[:, 0].tolist() == Y.tolist()


@pytest.mark.parametrize("case", VECTORS)
def test_vectors_are_taken_from_whatever_holds_numbers(case):
    plain = np.array(VECTORS[case]).astype(np.float32) if "float" in case else X
    near = Index("euclidean").add(VECTORS[case], Y).lookup(VECTORS[case], k=6)
    np.testing.assert_array_equal(
        near.distances, Index("euclidean").add(plain, Y).lookup(plain, k=6).distances
    )


@pytest.mark.parametrize("names", [list("abcdef"), pd.Series(list("abcdef")), pa.array(list("abcdef"))])
def test_payloads_may_be_a_column_of_text(names):
    assert Index().add(X, Y, names).payload([[5, 0]]).tolist() == [["f", "a"]]


# what is refused

BAD_VECTORS = [
    (None, "must be an array of numbers; got Python objects .NoneType."),
    ("abc", "must have the shape"),
    (3.0, "must have the shape"),
    ([], r"must have the shape \(n, d\)"),
    (X[None], r"must have the shape \(n, d\)"),
    ([["a", "b", "c"]], "must be numbers; got dtype <U1"),
    (pd.DataFrame({"a": ["x"], "b": ["y"], "c": ["z"]}), "must be numbers; got dtype <U1"),
    (pd.to_datetime(["2020-01-01"] * 3), "must be numbers; got dtype datetime64"),
    ([[1, 2, 3], [1]], "rows of different lengths"),
    (pd.Series([[1.0, 2.0, 3.0], [1.0]]), "rows of different lengths"),
    (pd.Series([[1.0, 2.0, 3.0], [1.0, None, 2.0]]), "row 1 lacks one: remove or fill it"),
    (
        pd.DataFrame({"a": [1.0, 2.0], "b": pd.array([None, 1], dtype="Int64")}),
        "vectors hold NaN|row 0 lacks one",
    ),
    (np.ma.array(X, mask=X > 1), "has masked entries; remove them"),
    (list(np.ma.array(X, mask=X > 1)), "has masked entries; remove them"),
    (with_value(np.nan), "1 of 6 vectors hold NaN.*the first is row 1"),
    (with_value(-np.inf), "1 of 6 vectors hold NaN, infinity"),
    (with_value(1e200), "1 of 6 .*numbers beyond float32"),
    (X * (np.arange(6) != 4)[:, None], "row 4 is all zeros.*euclidean"),
    (X * 1e-35, "row 0 is all zeros"),
    (X[:, :2], "have 2 dimensions, but the index holds vectors of 3"),
]
BAD_LABELS = [
    (np.eye(3)[Y], r"must be .*which looks one-hot. Use labels.argmax\(axis=1\)"),
    (Y[:, None], r"must be integer class ids of shape \(n,\)"),
    (Y.astype(float), "must be integer class ids; got dtype float64. Map each class"),
    (Y > 1, "must be integer class ids; got dtype bool. Map each class"),
    (list("abcdef"), "got 'a', but the classes here are numbers, such as 0; use those"),
    (pd.Categorical(list("abcdef")), "got 'a', but the classes here are numbers, such as 0; use those"),
    (pd.Series([0, 1, None, 0, 0, 0], dtype="Int64"), "Row 2 lacks one: fill it"),
    (pd.Series(["a", None] * 3), "row 1 lacks one: remove or fill it"),
    (["a", 1, 2.5, None, {}, Y], "rows of different lengths|Python objects"),
    (pd.Series(["a", 1] * 3, dtype=object), r"got Python objects \(int, str\)"),
    (np.ma.array(Y, mask=Y == 1), "has masked entries"),
    ([[1], [1, 2]], "rows of different lengths"),
    (Y[:5], "has 5 entries, but there are 6 embeddings"),
    (np.full(6, 2**63, np.uint64), "class ids must fit int64; got 9223372036854775808"),
    (Y - 1, "must be 0 or more, as -1 means 'unknown'; got -1"),
]
BAD_PAYLOADS = [
    (X[:5], r"must have one entry a vector \(6\); got \(5, 3\)"),
    (5, r"must have one entry a vector \(6\)"),
    (X[:, :2], "use one shape and kind"),
    (X > 0, "use one shape and kind"),
    ([{}] * 6, "must be an array of numbers"),
    (None, "give one with every item or with none"),
]
BAD_IDS = [
    ([6], "there is no item with the id 6"),
    ([-1], "0 or more"),
    ([0.5], "integer item ids"),
    ("a", "there is no item with the id 'a'"),
    (None, "array"),
]
NO_PATH = [
    (None, "must be the name of a file; got None"),
    (5, "must be the name of a file"),
    ("a\0b", "of a file"),
]
NO_DISTANCE = [
    ("euclidian", "Did you mean 'euclidean'"),
    (None, "is unknown.*Choose one of: cosine"),
    (2, "unknown"),
]
DOORS = {  # argument: (what is called with it, bad values)
    "embeddings of add": (lambda bad: index().add(bad, Y, X), BAD_VECTORS),
    "embeddings of lookup": (lambda bad: index().lookup(bad), BAD_VECTORS),
    "labels": (lambda bad: index().add(X, bad, X), BAD_LABELS),
    "payload": (lambda bad: index().add(X, Y, bad), BAD_PAYLOADS),
    "ids": (lambda bad: index().payload(bad), BAD_IDS),
    "k": (lambda bad: index().lookup(X, bad), [(k, "whole number of at least 1") for k in (0, 1.5, "3")]),
    "distance": (Index, NO_DISTANCE),
    "search": (lambda bad: Index(search=bad), [
        ("exakt", "'exakt' is unknown. Did you mean 'exact'"), ({"factory": "Flat"}, "None is unknown"),
        ({"name": "exact", "nprobe": 3}, "an option of 'exact': 'nprobe' is unknown")]),
    "store": (lambda bad: Index(store=bad), [
        ("memoria", "'memoria' is unknown. Did you mean 'memory'"),
        ({"name": "disk", "pth": "x"}, "an option of 'disk': 'pth' is unknown. Did you mean 'path'")]),
    "path of save": (lambda bad: index().save(bad), NO_PATH),
    "path of load": (Index.load, NO_PATH),
}  # fmt: skip
CASES = [(door, i) for door, (_, bads) in DOORS.items() for i in range(len(bads))]


@pytest.mark.parametrize("door, i", CASES)
def test_a_bad_argument_is_named_with_what_to_do(door, i):
    call, bads = DOORS[door]
    bad, message = bads[i]
    with pytest.raises(ValueError, match=rf"(?s)^{door.split()[0]}:? .*{message}") as caught:
        call(bad)
    assert str(caught.traceback[-1].path).startswith(HOUSE)


def test_what_is_not_ready_says_what_comes_first():
    with pytest.raises(NotReadyError, match="the index is empty: add items to it before you look up"):
        Index().lookup(X)
    with pytest.raises(NotReadyError, match="the index holds no payload: hand one over with payload="):
        Index().add(X, Y).payload([0])
