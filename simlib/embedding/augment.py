"""No picture twice: images drawn a little differently each time."""

import functools

import numpy as np

from simlib import checks

KNOTS = 5  # we move 5 x 5 points of a picture; what lies between follows


def distort(images, rng, degrees=15, shift=2.0, zoom=0.15, shear=0.2, bend=1.0):
    """Turn, shift, zoom, shear and bend each image by its own random amount.

    images: (n, height, width), or with colours (n, height, width, c), of any real dtype; rng: a
    `numpy.random.Generator`; degrees: turns up to this much either way; shift: up to this many pixels; zoom:
    from 1 - zoom to 1 + zoom; shear: up to this slope; bend: the standard deviation, in pixels, by which each
    of 5 x 5 points of the picture moves (an elastic distortion, after Simard et al., ICDAR 2003, section 2).

    Returns float32 of the same shape, bilinearly sampled. Where a picture ends, its paper goes on: the median
    of its border, in each colour. Raises ValueError for other images, no generator, an amount below 0 or
    endless, a zoom of 1 or more.

    >>> distort(np.ones((3, 28, 28)), np.random.default_rng(0)).shape
    (3, 28, 28)
    """
    images = checks.as_array("images", images)
    if images.ndim not in (3, 4) or 0 in images.shape[1:] or images.dtype.kind not in "fiub":
        shape = "(n, height, width) or (n, height, width, c)"
        raise ValueError(f"images must have the shape {shape}; got {images.dtype} {images.shape}.")
    if not hasattr(rng, "normal"):
        raise ValueError(f"rng must be a generator, as `numpy.random.default_rng(0)` makes one; got {rng!r}.")
    for name, value in dict(degrees=degrees, shift=shift, zoom=zoom, shear=shear, bend=bend).items():
        checks.amount(name, value)
    if zoom >= 1:
        raise ValueError(f"zoom must be below 1, where nothing is left of a picture; got {zoom}.")
    n, height, width = images.shape[:3]
    limits = degrees, zoom, zoom, shear, shift, shift
    angle, scale_y, scale_x, slope, move_y, move_x = (rng.uniform(-top, top, (n, 1, 1)) for top in limits)
    cos, sin = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    # Where in the source does each knot come from? First shear and zoom, then turn, then shift and bend.
    middle_y, middle_x = (height - 1) / 2, (width - 1) / 2
    row = np.linspace(-middle_y, middle_y, KNOTS)[:, None]
    column = np.linspace(-middle_x, middle_x, KNOTS)
    y = cos / (1 + scale_y) * row + (sin + slope * cos) / (1 + scale_x) * column + middle_y + move_y
    x = -sin / (1 + scale_y) * row + (cos - slope * sin) / (1 + scale_x) * column + middle_x + move_x
    knots = (np.stack([y, x]) + rng.normal(0, bend, (2, n, KNOTS, KNOTS))).astype(np.float32)
    y, x = (_between_knots(height) @ knots @ _between_knots(width).T).reshape(2, n, height * width)
    return _bilinear(images if images.ndim == 4 else images[..., None], y, x).reshape(images.shape)


@functools.lru_cache
def _between_knots(side):
    """How much each knot of a line weighs at each of its pixels: float32 (side, KNOTS), linear."""
    at = np.linspace(0, KNOTS - 1, side)
    return np.maximum(0, 1 - np.abs(at[:, None] - np.arange(KNOTS))).astype(np.float32)


def _bilinear(images, y, x):
    """Sample images (n, h, w, c) at positions (n, m), float32: float32 (n, m, c)."""
    n, height, width, _ = images.shape
    planes = np.moveaxis(images, -1, 0).astype(np.float32)
    sides = planes[:, :, 0], planes[:, :, -1], planes[..., 0], planes[..., -1]
    padded = np.empty((len(planes), n, height + 3, width + 3), np.float32)
    padded[:] = np.median(np.concatenate(sides, axis=2), axis=2)[..., None, None]  # a rim of paper
    padded[:, :, 1:-2, 1:-2] = planes
    y, x = np.clip(y + 1, 0, height + 1), np.clip(x + 1, 0, width + 1)
    top, left = y.astype(np.int32), x.astype(np.int32)
    down, right = y - top.astype(np.float32), x - left.astype(np.float32)
    below = width + 3  # how far on the pixel below lies
    corner = (np.arange(n)[:, None] * (height + 3) + top) * below + left

    def across(plane, first):
        start = plane.take(first)
        return start + right * (plane.take(first + 1) - start)

    pairs = ((across(plane, corner), across(plane, corner + below)) for plane in padded)
    return np.stack([upper + down * (lower - upper) for upper, lower in pairs], axis=-1)
