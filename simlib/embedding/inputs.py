"""The commonest silent mistake: pictures of another range than those in the index. No network complains."""

import warnings

import numpy as np

SAMPLE = 256  # pictures looked at, evenly spaced
ENOUGH = 20  # pictures in the index, before their paper and their shades say what is usual


class Inputs:
    """What pictures an index was made from: (smallest, largest) of their pixel values, of their paper (the
    median of a picture's border), mean, and share of shades (pixels at neither end of the range).
    """

    def __init__(self, n, dtype, shape, ends, said=False):
        self.n, self.dtype, self.shape, self.said = n, dtype, list(shape), said
        self.ends = np.array(ends, float)
        self.values, self.paper, self.mean, self.shades = self.ends

    @classmethod
    def of(cls, x, before=None):
        """Describe x (n, height, width, ...), joined to what was `before`, to which no picture adds none."""
        x = np.asarray(x)
        if x.ndim < 3 or not x.size or x.dtype.kind not in "fiub":
            return before
        some = x[np.linspace(0, len(x) - 1, min(len(x), SAMPLE)).astype(int)].astype(np.float32)
        border = np.concatenate([some[:, 0], some[:, -1], some[:, :, 0], some[:, :, -1]], axis=1)
        flat, paper = some.reshape(len(some), -1), np.median(border.reshape(len(some), -1), axis=1)
        low, high = flat.min(), flat.max()
        inside = np.abs(flat - (low + high) / 2) < 0.48 * (high - low)
        each = flat, paper, flat.mean(axis=1), inside.mean(axis=1)
        ends = [(values.min(), values.max()) for values in each]
        new = cls(len(x), str(x.dtype), x.shape[1:], ends)
        return before.join(new) if before else new

    def join(self, other):
        """Those of both together; an empty shape where theirs differ."""
        shape = self.shape if other.shape == self.shape else []
        low, high = np.minimum(self.ends, other.ends), np.maximum(self.ends, other.ends)
        return Inputs(self.n + other.n, self.dtype, shape, np.where([True, False], low, high), self.said)

    def warn(self, x):
        """Warn, the first time, if x is of another kind."""
        sentence = None if self.said else self.differs(Inputs.of(x))
        if sentence:
            self.said = True
            warnings.warn(f"{sentence} Prepare both in the same way.", stacklevel=3)

    def differs(self, new):
        """A sentence that names both, or None where `new` may well be of the same kind."""
        if new is None or not np.ptp(self.values) or not np.ptp(new.values):
            return None
        (low, high), scale, size = self.values, _scale(self.values), np.abs(new.values).max()
        below = -new.values[0]  # resizing may overshoot by a little
        negative = low >= -0.1 * scale and below > 0.1 * (np.ptp(new.values) if size < 0.1 * scale else scale)
        dark = new.n < 5 and new.dtype == self.dtype and "int" in new.dtype  # may hold 0 and 1 alone
        if negative or size > 4 * scale or (scale > 1 and size <= scale / 250 and not dark):
            return f"x is {new}, and the index was made from {self}."
        if self.shape and new.shape and self.shape != new.shape:
            return f"each of x has the shape {new.shape}, and the index was made from {self.shape}."
        if self.n < ENOUGH or np.ptp(new.values) < 0.5 * np.ptp(self.values):
            return None
        if new.shades[1] == 0 and self.shades[0] >= 0.01:
            return f"x holds two values only, and the index was made from {self} with shades between."
        exchanged = low + high - new.ends[1:3, ::-1]  # paper and mean, were black white
        usual, margin = self.ends[1:3] + [-1, 1] * np.array(0.2 * (high - low)), 0.5 * (high - low)
        fits = (exchanged[:, 0] >= usual[:, 0]).all() and (exchanged[:, 1] <= usual[:, 1]).all()
        away = max(new.paper[0] - self.paper[1], self.paper[0] - new.paper[1])
        if fits and away > margin and np.ptp(self.paper) <= 0.04 * (high - low):
            paper = f"{new.paper[0]:g} to {new.paper[1]:g}", f"{self.paper[0]:g} to {self.paper[1]:g}"
            return "the paper of x is {}, and the index was made from {}: is black white?".format(*paper)
        return None

    def __str__(self):
        return f"{self.dtype} from {self.values[0]:g} to {self.values[1]:g}"

    def state(self):
        """What `Inputs(**state)` takes back: numbers and names, for a file's header."""
        return {"n": self.n, "dtype": self.dtype, "shape": self.shape, "ends": self.ends.tolist()}


def _scale(values):
    """The top of the usual range that these come from, 1, 255 or 65535; else their own largest size."""
    size = np.abs(values).max()
    return next(
        (top for top in (1, 255, 65535) if 10 * -values[0] <= np.ptp(values) and size <= 1.1 * top), size
    )
