"""`Classes`: which classes there are, and what they are called. Ids inside, names outside.

Everything counts with int64 class ids. Where classes have names, an id is the name's position in one
frozen tuple, which travels with each result; who hands out labels, hands out names.
"""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from simlib import checks

UNKNOWN = -1  # the id of no class: of "no match", of an item without a label, of a query of nobody's
NOBODY = "unknown"  # its name


@dataclass(frozen=True, eq=False)
class Classes:
    """The classes of an index, or of labels.

    Attributes:
        ids: int64 (n,), ascending. names: their n names, where class i is called names[i]; None where
            classes are numbers.

    >>> ids, classes = Classes().read("labels", ["cat", "dog", "cat"])
    >>> ids, classes.show([1, -1])
    (array([0, 1, 0]), array(['dog', 'unknown'], dtype='<U7'))
    """

    ids: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    names: tuple | None = None

    @cached_property
    def _id(self):
        return {name: i for i, name in enumerate(self.names or ())}

    @cached_property
    def _array(self):
        return np.array(self.names)

    def __contains__(self, label):
        return label in self._id if self.names else bool(np.isin(label, self.ids))

    def read(self, name, value, length=None, of="rows", single=False, nobody=NOBODY):
        """(int64 ids (n,) of labels, the classes with those that are new to them, which come last).

        "unknown" (`nobody`) is nobody's, as -1 is, unless a class is called that. Raises ValueError as
        `checks.labels`, and for names where classes are numbers, or the other way round.
        """
        labels = checks.labels(name, value, length, of, single, text=True)
        named = labels.dtype.kind == "U"
        if named != (self.names is not None) and len(self.ids) and (named or (labels != UNKNOWN).any()):
            here = f"names, such as {self.names[0]!r}" if self.names else f"numbers, such as {self.ids[0]}"
            raise ValueError(f"{name}: got {labels[0].item()!r}, but the classes here are {here}; use those.")
        found, where = np.unique(labels, return_inverse=True)
        if not named:
            new = found[~np.isin(found, self.ids) & (found != UNKNOWN)]
            return labels, Classes(np.union1d(self.ids, new)) if len(new) else self
        new = [label for label in found.tolist() if label not in self._id and label != nobody]
        names = (*(self.names or ()), *new)
        more = Classes(np.arange(len(names)), names) if new else self
        return np.array([more._id.get(label, UNKNOWN) for label in found.tolist()], np.int64)[where], more

    def members(self, name, value):
        """As `read`, of a list of distinct classes."""
        ids, more = self.read(name, checks.listed(name, value))
        return checks.classes(name, ids, at_least=UNKNOWN), more

    def among(self, value):
        """The ids of a list of these classes; ValueError for none, or another."""
        ids, _ = self.members("among", value)
        if not len(ids) or not np.isin(ids, self.ids).all():
            raise ValueError(f"among must name classes of the index; got {value!r}.")
        return ids

    def call(self, ids):
        """A list of what the ids (n,) are called: names, or the ids themselves; -1 stays as it is."""
        return [self.names[i] if self.names and i >= 0 else i for i in np.asarray(ids).tolist()]

    def show(self, ids, nobody=None):
        """The same as an array to hand out, with `nobody` for -1: by default "unknown" beside names.

        So it is the id -1 never, and no position in a list of names. ValueError if it is a class's, too.
        """
        if nobody is None:
            nobody = NOBODY if self.names else UNKNOWN
        if not self.names:
            nobody = int(checks.labels("no_match_label", [nobody])[0])
        checks.kind("no_match_label", nobody, str if self.names else int)
        if nobody in self:
            raise ValueError(f"no_match_label: a class is called {nobody!r} too; choose another label.")
        ids = np.asarray(ids)
        return np.where(ids == UNKNOWN, nobody, self._array[ids] if self.names else ids)
