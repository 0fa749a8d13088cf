"""An alphabet that nobody writes: invented letters, each drawn several times, to practise on."""

import functools

import numpy as np

from simlib import checks

SIDE, LONGEST = 28, 17.5  # pixels: a picture, and the longer side of a letter in it, as MNIST has them
PEN = 0.8, 1.7  # half the width of a stroke, in pixels, from fine to broad
TREMOR = 0.12  # how far a hand misses a point, where a letter reaches from -1 to 1
SAMPLES, REACH = 24, 0.7  # points of the curve from a point of a letter to the next; pixels that one covers
LATTICE = np.stack(np.meshgrid(np.linspace(-1, 1, 4), np.linspace(-0.65, 0.65, 3)), axis=-1).reshape(-1, 2)


def alphabet(letters=800, drawings=10, seed=0, first_class=10):
    """Invent letters, and draw each of them several times.

    A letter is one or two pen strokes through points of a small lattice (compare Lake et al., Science 2015,
    whose characters are strokes, too). Each drawing moves the points a little and takes another pen.

    letters: how many; drawings: of each; seed: the same gives the same pictures; first_class: the class of
    the first letter: 0 to 9 are left to the digits. Returns (x uint8 (letters * drawings, 28, 28), y int64
    (letters * drawings,)), letter by letter. Raises ValueError for what is no whole number, or too small.

    >>> x, y = alphabet(letters=2, drawings=3)
    >>> x.shape, y.tolist()
    ((6, 28, 28), [10, 10, 10, 11, 11, 11])
    """
    letters = checks.whole_number("letters", letters, at_least=1)
    drawings = checks.whole_number("drawings", drawings, at_least=1)
    rng = np.random.default_rng(checks.whole_number("seed", seed))
    first = checks.whole_number("first_class", first_class)
    y = checks.labels("first_class", np.arange(first, first + letters))
    return np.concatenate([_draw(_letter(rng), drawings, rng) for _ in y]), np.repeat(y, drawings)


def _letter(rng):  # its strokes: [(points (m, 2) as (y, x), whether the stroke is a loop), ...]
    strokes, least, most = (2, 2, 4) if rng.random() < 0.45 else (1, 3, 6)
    lengths = rng.integers(least, most + 1, strokes)
    return [(rng.choice(LATTICE, m, replace=False), m > 2 and rng.random() < 0.3) for m in lengths]


def _draw(letter, n, rng):  # n times: uint8 (n, SIDE, SIDE)
    curves = [_smooth(len(p), loop) @ (p + rng.normal(0, TREMOR, (n, 1, *p.shape))) for p, loop in letter]
    at, velocity = np.moveaxis(np.concatenate(curves, axis=2), 1, 0)  # each (n, t, 2)
    scale = LONGEST / np.ptp(at, axis=1).max(axis=1)[:, None, None]
    length = scale * np.linalg.norm(velocity, axis=2, keepdims=True)  # of the curve that a sample stands for
    middle = (at * length).sum(axis=1, keepdims=True) / length.sum(axis=1, keepdims=True)
    at = scale * (at - middle) + (SIDE - 1) / 2
    # The integral of a Gaussian along the curve says how far a pixel lies from it, as from a straight line.
    near = np.exp(-0.5 * ((np.arange(SIDE) - at[..., None]) / REACH) ** 2)  # (n, t, 2, SIDE)
    ink = np.swapaxes(near[:, :, 0] * length, 1, 2) @ near[:, :, 1] / (np.sqrt(2 * np.pi) * REACH)
    distance = REACH * np.sqrt(-2 * np.log(np.clip(ink, 1e-30, 1)))
    pen = rng.uniform(*PEN, (n, 1, 1))
    return np.round(255 * np.clip(pen + 0.5 - distance, 0, 1)).astype(np.uint8)  # edges a pixel wide


@functools.lru_cache
def _smooth(m, loop):
    """Catmull-Rom: m points -> the curve through them, and its steps. (2, t, m), to multiply points by."""
    t = (np.arange(SAMPLES) + 0.5) / SAMPLES
    powers = np.stack([[t**0, t, t**2, t**3], [0 * t, t**0, 2 * t, 3 * t**2] / np.float64(SAMPLES)])
    basis = np.array([[0, -1, 2, -1], [2, 0, -5, 3], [0, 1, 4, -3], [0, 0, -1, 1]]) / 2 @ powers
    spans = range(m if loop else m - 1)
    weights = np.zeros((2, len(spans), SAMPLES, m))
    for span in spans:
        for j, weight in enumerate(np.swapaxes(basis, 0, 1), start=span - 1):
            weights[:, span, :, j % m if loop else np.clip(j, 0, m - 1)] += weight
    return weights.reshape(2, -1, m)
