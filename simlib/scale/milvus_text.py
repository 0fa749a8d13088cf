"""Labels and payloads as the text that Milvus keeps."""

import base64
import json

import numpy as np

from simlib.scale.disk import FixedStore
from simlib.store import MemoryStore

LONGEST = 65_535  # bytes of a VARCHAR
NOTE = "\ufdd0"  # a character that stands for nothing: the key of a row that is no item begins with it
to_label = json.loads


def of_label(label):
    """A name or a number as JSON, which tells them apart."""
    return json.dumps(label, ensure_ascii=False)


def within(field, values):
    """The filter for one of some values."""
    return f"{field} in [{', '.join(map(_quoted, values))}]"


def _quoted(value):
    if not isinstance(value, str):
        return str(value)
    for plain, escaped in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\r", "\\r")):
        value = value.replace(plain, escaped)
    return f'"{value}"'


def fitting(name, texts):
    """Return ids or labels, a list of text; ValueError for one that Milvus cannot keep."""
    for text in texts:
        if len(text.encode(errors="replace")) > LONGEST or text.startswith(NOTE):
            what = f"{name}: {text[:20]!r} has over {LONGEST:,} bytes, or begins with U+FDD0"
            raise ValueError(f"{what}; Milvus, or simlib in it, has no place for such a text.")
    return texts


def of_payload(payload, n, like):
    """(n texts, what they are like): numbers as base64, texts of any length as JSON; None as "".

    like: [dtype, shape] of the payloads that are there, or None. ValueError for one that does not fit, or is
    too long.
    """
    if payload is None:
        return [""] * n, None
    store = MemoryStore() if not like or like[0][1] == "U" else FixedStore()
    if like:
        store.add(np.zeros((1, *like[1]), like[0]))
    items = store.check(payload, n)
    if items.dtype.kind == "U":
        texts = list(map(of_label, items.tolist()))
    else:
        raw = np.ascontiguousarray(items).reshape(n, -1).view(np.uint8)
        texts = [base64.b64encode(row).decode() for row in raw]
    if max((len(text.encode()) for text in texts), default=0) > LONGEST:
        size = f"an entry has {items[:1].nbytes:,} bytes, too long for Milvus"
        raise ValueError(f"payload: {size}; keep files, and in the payload their names.")
    return texts, [items.dtype.str, items.shape[1:]]


def to_payload(texts, like):
    """The array (n, ...) of n texts."""
    dtype, shape = like
    if dtype[1] == "U":
        return np.array(list(map(json.loads, texts)), str).reshape(-1, *shape)
    return np.frombuffer(bytearray().join(map(base64.b64decode, texts)), dtype).reshape(-1, *shape)
