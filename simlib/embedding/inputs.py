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
        self._met = 0  # calls of `warn`
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
        inside = np.abs(flat - (flat.min() + flat.max()) / 2) < 0.48 * np.ptp(flat)
        each = flat, paper, flat.mean(axis=1), inside.mean(axis=1)
        new = cls(len(x), str(x.dtype), x.shape[1:], [(values.min(), values.max()) for values in each])
        return before.join(new) if before else new

    def join(self, other):  # an empty shape where theirs differ
        shape = self.shape if other.shape == self.shape else []
        low, high = np.minimum(self.ends, other.ends), np.maximum(self.ends, other.ends)
        return Inputs(self.n + other.n, self.dtype, shape, np.where([True, False], low, high), self.said)

    def warn(self, x):
        """Warn, the first time, if x is of another kind; after many single ones, it looks at one in ten."""
        self._met += 1
        rarely = len(x) == 1 and self._met > ENOUGH and self._met % 10
        if not self.said and not rarely and (sentence := self.differs(Inputs.of(x))):
            self.said = True
            warnings.warn(f"{sentence} Prepare both in the same way.", stacklevel=3)

    def differs(self, new):
        """A sentence that names both, or None where `new` may well be of the same kind."""
        if new is None or not np.ptp(self.values) or not np.ptp(new.values):
            return None
        (low, high), size, own = self.values, np.abs(new.values).max(), np.abs(self.values).max()
        # The top of the usual range that the index's values come from; else their own largest size.
        usual = (top for top in (1, 255, 65535) if -10 * low <= high - low and own <= 1.1 * top)
        scale = next(usual, own)
        below = -new.values[0]  # resizing may overshoot by a little
        negative = low >= -0.1 * scale and below > 0.1 * (np.ptp(new.values) if size < 0.1 * scale else scale)
        dark = new.n < 5 and new.dtype == self.dtype and "int" in new.dtype  # may hold 0 and 1 alone
        if negative or size > 4 * scale or (scale > 1 and size <= scale / 250 and not dark):
            return f"x is {new}, and the index was made from {self}."
        if self.shape and new.shape and self.shape != new.shape:
            return f"each of x has the shape {new.shape}, and the index was made from {self.shape}."
        if self.n < ENOUGH or np.ptp(new.values) < 0.5 * np.ptp(self.values):
            return None  # too few, or too faint, to say more
        if new.shades[1] == 0 and self.shades[0] >= 0.01:
            return f"x holds two values only, and the index was made from {self} with shades between."
        span, exchanged = high - low, low + high - new.ends[1:3, ::-1]  # paper and mean, were black white
        fits = ([1, -1] * (self.ends[1:3] - exchanged) <= 0.2 * span).all()  # near to what is usual
        away = max(new.paper[0] - self.paper[1], self.paper[0] - new.paper[1])
        if fits and away > 0.5 * span and np.ptp(self.paper) <= 0.04 * span:
            now, then = (f"{paper[0]:g} to {paper[1]:g}" for paper in (new.paper, self.paper))
            return f"the paper of x is {now}, and the index was made from {then}: is black white?"

    def __str__(self):
        return f"{self.dtype} from {self.values[0]:g} to {self.values[1]:g}"

    def state(self):  # what `Inputs(*state)` takes back, for a file's header
        return [self.n, self.dtype, self.shape, self.ends.tolist()]
