"""The explorer as a still picture that carries its tables, and the sheet of images the panel reads."""

import base64
import contextlib
import dataclasses
import io
import json
import zlib

import numpy as np

from simlib import checks

PNG_KEY = "simlib-explorer"  # the name of the text in the picture that holds the tables


def still(explorer, words):
    """The explorer at its calibrated cutpoint, a Figure under `words`; before a guess, without the answer."""
    figure = checks.extra("matplotlib.figure", "the explorer's picture", "plots")
    from simlib.plots import curves, images
    from simlib.plots.style import CUT

    decisions, guess, shown = explorer.decisions, explorer.guess, explorer.images
    asking = isinstance(guess, str)
    size = (9.6, 3.0 if asking else 5.2 if shown is None else 7.0)
    picture = figure.Figure(figsize=size, layout="constrained")
    picture.suptitle(words, fontsize=10)
    if asking:
        curves.heaps(decisions.distances, decisions.right, ax=picture.subplots())
        return picture
    view = explorer.view(explorer.calibrated)
    calibration = dataclasses.replace(explorer.calibration, curve=explorer.curve)
    parts = [picture] if shown is None else picture.subfigures(2, 1, height_ratios=(5.2, 1.8))
    axes = parts[0].subplot_mosaic([["heaps", "matrix"], ["curves", "matrix"]], width_ratios=[1.15, 1])
    curves.heaps(decisions.distances, decisions.right, view.threshold, ax=axes["heaps"])
    curves.metric_curves(calibration, cutpoint=view.threshold, ax=axes["curves"])
    curves.confusion(view.matrix, view.classes, ax=axes["matrix"])
    for name in ("heaps", "curves") if guess is not None else ():
        axes[name].axvline(guess, color=CUT, linestyle="dotted", label=f"your guess {guess:.3f}")
    axes["heaps"].legend(fontsize=8, loc="upper right", framealpha=0.9, edgecolor="none")
    if shown is not None:
        if explorer.neighbor_images is not None:
            shown = np.concatenate([shown, explorer.neighbor_images], axis=1)
        shown = 255 - shown if shown.ndim == 3 else shown
        strip = parts[1].subplots(1, 10)
        for ax in strip:
            ax.set_axis_off()
        for places, chosen in ((strip[4::-1], view.inside), (strip[5:], view.outside)):
            images.answered(places, shown, chosen, decisions, view.threshold)
        parts[1].supxlabel("just inside: matched      |      just outside: unknown", fontsize=10)
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
    _, _, packed = picture.partition(b"zTXt" + PNG_KEY.encode() + b"\0\0")  # the chunk's kind, key and method
    with contextlib.suppress(ValueError, zlib.error):  # not there, or damaged
        return json.loads(zlib.decompressobj().decompress(packed))  # which stops where the chunk ends


def as_ink(name, images, length):
    """Images as bytes, dark ink on white: uint8 (n, height, width[, 3])."""
    images = checks.images(name, images, (length,))
    if not np.isfinite(images).all():
        raise ValueError(f"{name}: some pixels hold NaN or infinity; mend them.")
    if images.dtype != np.uint8:
        low, span = float(images.min()), float(images.max()) - float(images.min())
        images = np.round(255 * (images - low) / (span or 1)).astype(np.uint8)
    return 255 - images if images.ndim == 3 else images


def as_shown(images, neighbor_images, column):
    """Images and neighbours' images as ink, each (n, ...) or None; of k neighbours, that of `column` (n,)."""
    if images is None and neighbor_images is not None:
        raise ValueError("neighbor_images stand beside images: give both, or neither.")
    images = None if images is None else as_ink("images", images, len(column))
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

    {src, columns, count, height, width, neighbor}: query i is tile i, its neighbour, if given, neighbor[i].
    """
    from PIL import Image

    if images is None:
        return None
    tiles, neighbor = images, None
    if neighbor_images is not None:
        _, first, place = np.unique(ids, return_index=True, return_inverse=True)
        tiles, neighbor = np.concatenate([images, neighbor_images[first]]), (len(images) + place).tolist()
    (count, height, width), columns = tiles.shape[:3], int(np.ceil(np.sqrt(len(tiles))))
    blank = np.full((-count % columns, *tiles.shape[1:]), 255, np.uint8)
    grid = np.concatenate([tiles, blank]).reshape(-1, columns, *tiles.shape[1:]).swapaxes(1, 2)
    file = io.BytesIO()
    Image.fromarray(grid.reshape(-1, columns * width, *tiles.shape[3:])).save(file, format="png")
    src = "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()
    size = {"columns": columns, "count": count, "height": height, "width": width}
    return {"src": src, "neighbor": neighbor, **size}
