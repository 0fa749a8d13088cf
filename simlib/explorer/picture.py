"""The explorer as a still picture that carries its tables, and the sheet of images the panel reads."""

import base64
import contextlib
import io
import json
import zlib

import numpy as np

from simlib import checks

PNG_KEY = "simlib-explorer"  # the name of the text in the picture that holds the tables


def still(decisions, words, view=None, calibration=None, guess=None):
    """The explorer as a still picture, a matplotlib Figure, with `words` as its title.

    view: the `View` at the calibrated cutpoint; None shows no answer. guess: a second line, at this distance.
    """
    Figure = checks.extra("matplotlib.figure", "the explorer's picture", "plots").Figure

    from simlib.plots import curves
    from simlib.plots.style import CUT

    picture = Figure(figsize=(9.6, 3.0 if view is None else 5.2), layout="constrained")
    picture.suptitle(words, fontsize=10)
    if view is None:
        curves.heaps(decisions.distances, decisions.right, ax=picture.subplots())
        return picture
    axes = picture.subplot_mosaic([["heaps", "matrix"], ["curves", "matrix"]], width_ratios=[1.15, 1])
    curves.heaps(decisions.distances, decisions.right, view.threshold, ax=axes["heaps"])
    curves.metric_curves(calibration, cutpoint=view.threshold, ax=axes["curves"])
    curves.confusion(view.matrix, view.classes, ax=axes["matrix"])
    for name in ("heaps", "curves") if guess is not None else ():
        axes[name].axvline(guess, color=CUT, linestyle="dotted", label=f"your guess {guess:.3f}")
    axes["heaps"].legend(fontsize=8, loc="upper right", framealpha=0.9, edgecolor="none")
    return picture


def png(figure, tables):
    """A Figure as PNG bytes, with the tables inside; `tables_in` reads them back."""
    from PIL.PngImagePlugin import PngInfo

    info, file = PngInfo(), io.BytesIO()
    info.add_text(PNG_KEY, json.dumps(tables, separators=(",", ":")), zip=True)
    figure.savefig(file, format="png", dpi=100, pil_kwargs={"pnginfo": info})
    return file.getvalue()


def tables_in(picture):
    """The tables inside a picture that `png` made, PNG bytes; None in anything else.

    >>> tables_in(b"no picture") is None
    True
    """
    at, key = 8, PNG_KEY.encode() + b"\0\0"  # a PNG is a row of chunks: length, kind, content, checksum
    while picture[:4] == b"\x89PNG" and at + 8 < len(picture):
        length = int.from_bytes(picture[at : at + 4])
        kind, content = picture[at + 4 : at + 8], picture[at + 8 : at + 8 + length]
        if kind == b"zTXt" and len(content) == length and content.startswith(key):
            with contextlib.suppress(ValueError, zlib.error):  # damaged
                return json.loads(zlib.decompress(content.removeprefix(key)))
        at += length + 12


def as_ink(name, images, length):
    """Images as bytes, dark ink on white: uint8 (n, height, width[, 3]), or None as it is."""
    if images is None:
        return None
    images = checks.images(name, images, (length,))
    if not np.isfinite(images).all():
        raise ValueError(f"{name}: some pixels hold NaN or infinity; mend them.")
    if images.dtype != np.uint8:
        low, high = float(images.min()), float(images.max())
        images = np.round(255 * (images - low) / ((high - low) or 1)).astype(np.uint8)
    return 255 - images if images.ndim == 3 else images


def as_shown(images, neighbor_images, column):
    """Images and neighbours' images as ink, each (n, ...) or None; of k neighbours, that of `column` (n,)."""
    if images is None and neighbor_images is not None:
        raise ValueError("neighbor_images stand beside images: give both, or neither.")
    images = as_ink("images", images, len(column))
    if neighbor_images is None:
        return images, None
    neighbor_images = checks.as_array("neighbor_images", neighbor_images)
    if neighbor_images.ndim > images.ndim and len(neighbor_images) == len(column):
        neighbor_images = neighbor_images[np.arange(len(column)), column]
    neighbor_images = as_ink("neighbor_images", neighbor_images, len(column))
    if neighbor_images.shape != images.shape:
        raise ValueError(f"neighbor_images must have the size of images; got {neighbor_images.shape}.")
    return images, neighbor_images


def sheet(images, neighbor_images, ids):
    """All pictures on one sheet, as the browser reads it; each indexed item stands there once.

    {src, columns, count, height, width, neighbor}: query i is tile i, its neighbour tile neighbor[i]; None
    stands for images that were not given.
    """
    from PIL import Image

    if images is None:
        return None
    tiles, neighbor = images, None
    if neighbor_images is not None:
        _, first, place = np.unique(ids, return_index=True, return_inverse=True)
        tiles, neighbor = np.concatenate([images, neighbor_images[first]]), (len(images) + place).tolist()
    (count, height, width), columns = tiles.shape[:3], int(np.ceil(np.sqrt(len(tiles))))
    pixels = np.full((-(-count // columns) * height, columns * width, *tiles.shape[3:]), 255, np.uint8)
    for i, tile in enumerate(tiles):
        y, x = i // columns * height, i % columns * width
        pixels[y : y + height, x : x + width] = tile
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, format="png")
    src = "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()
    size = {"columns": columns, "count": count, "height": height, "width": width}
    return {"src": src, "neighbor": neighbor, **size}
