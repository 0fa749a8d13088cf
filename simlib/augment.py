"""More to learn from: digits turned into new classes, and digits drawn a little differently."""

import numpy as np

from simlib import checks


def rotations_as_classes(x, y):
    """Add each image turned by 90, 180 and 270 degrees, as a class of its own.

    A model that must tell more classes apart learns features that fit classes it has never met.

    Args:
        x: images (n, side, side). y: (n,) class ids.

    Returns:
        (x (4n, side, side), y (4n,)): turning a digit of class c by q quarter turns gives the class
        c + q * step, where step is the smallest power of ten above all ids.

    >>> x, y = rotations_as_classes(np.zeros((2, 28, 28)), [3, 7])
    >>> y.tolist()
    [3, 7, 13, 17, 23, 27, 33, 37]
    """
    x = checks.as_array("x", x)
    y = checks.labels("y", y, len(x), "images in x")
    step = 10 ** len(str(y.max()))
    turned = [np.rot90(x, quarter, axes=(1, 2)) for quarter in range(4)]
    return np.concatenate(turned), np.concatenate([y + q * step for q in range(4)])


def random_affine(images, rng, degrees=15, shift=2.0, zoom=0.15, shear=0.2):
    """Turn, shift, zoom and shear each image by its own random amount.

    Args:
        images: (n, height, width), any real dtype.
        rng: a `numpy.random.Generator`.
        degrees: turns up to this much either way. shift: up to this many pixels. zoom: from
            1 - zoom to 1 + zoom. shear: up to this slope.

    Returns:
        float32 (n, height, width), bilinearly sampled; 0 where the picture ends.

    >>> random_affine(np.ones((3, 28, 28)), np.random.default_rng(0)).shape
    (3, 28, 28)
    """
    n, height, width = images.shape

    def amount(limit):
        return rng.uniform(-limit, limit, n)

    angle, scale_y, scale_x, slope = np.radians(amount(degrees)), amount(zoom), amount(zoom), amount(shear)
    cos, sin = np.cos(angle), np.sin(angle)
    # Where in the source does each target pixel come from? First shear and zoom, then turn.
    a, b = cos / (1 + scale_y), (sin + slope * cos) / (1 + scale_x)
    c, d = -sin / (1 + scale_y), (cos - slope * sin) / (1 + scale_x)
    row, column = (g.ravel() for g in np.mgrid[:height, :width])
    row, column = row - (height - 1) / 2, column - (width - 1) / 2
    source_y = a[:, None] * row + b[:, None] * column + (height - 1) / 2 + amount(shift)[:, None]
    source_x = c[:, None] * row + d[:, None] * column + (width - 1) / 2 + amount(shift)[:, None]
    return _bilinear(images, source_y, source_x).reshape(images.shape)


def _bilinear(images, y, x):
    """Sample images (n, h, w) at positions (n, m): float32 (n, m)."""
    n, height, width = images.shape
    padded = np.zeros((n, height + 2, width + 2), np.float32)  # a rim of zeros: outside is empty
    padded[:, 1:-1, 1:-1] = images
    y, x = np.clip(y + 1, 0, height + 0.999), np.clip(x + 1, 0, width + 0.999)
    top, left = y.astype(np.intp), x.astype(np.intp)
    down, right = (y - top).astype(np.float32), (x - left).astype(np.float32)
    corner = np.arange(n)[:, None] * padded[0].size + top * (width + 2) + left
    flat = padded.ravel()
    upper = flat[corner] * (1 - right) + flat[corner + 1] * right
    lower = flat[corner + width + 2] * (1 - right) + flat[corner + width + 3] * right
    return upper * (1 - down) + lower * down
