"""The explorer's two faces: the live panel, and a picture for where nothing can run.

The live panel is one small front end drawn in the browser, `explorer.js`. JupyterLab shows it as a
widget, by way of `anywidget`; a web page calls the same module with the same tables and no kernel. The
picture carries those tables inside, so a page can be made from a stored notebook.
"""

import base64
import functools
import io
import json
import zlib
from pathlib import Path

import numpy as np

from simlib import checks

HERE = Path(__file__).parent
PNG_KEY = "simlib-explorer"  # the name of the text in the picture that holds the tables


@functools.cache
def panel_class():
    """The widget's class; ImportError without `anywidget`."""
    import anywidget
    import traitlets

    class Panel(anywidget.AnyWidget):
        """The live panel. Its traits follow the reader, and setting one moves the panel.

        `tables` is what `Explorer.tables` gave, `threshold` the cutpoint, `group` "all" or a group's
        name, `guess` the reader's guess or None.
        """

        _esm = (HERE / "explorer.js").read_text(encoding="utf-8")
        _css = (HERE / "explorer.css").read_text(encoding="utf-8")
        tables = traitlets.Dict().tag(sync=True)
        threshold = traitlets.Float().tag(sync=True)
        group = traitlets.Unicode("all").tag(sync=True)
        guess = traitlets.Float(None, allow_none=True).tag(sync=True)

    return Panel


def figure(matches, labels, view, calibration, words, guess=None):
    """The explorer as a still picture; a matplotlib Figure.

    Args:
        matches: `Neighbors` (n, 1), the match of each query. labels: (n,) true class ids.
        view: the `View` at the calibrated cutpoint; None shows the distances alone, and no answer.
        calibration: its curve is drawn. words: the title. guess: a second line, at this distance.
    """
    from matplotlib.figure import Figure

    from simlib import plots

    near = np.isfinite(matches.distances[:, 0])
    matches, labels = matches[near], labels[near]
    still = Figure(figsize=(9.6, 3.0 if view is None else 5.2), layout="constrained")
    still.suptitle(words, fontsize=10)
    if view is None:
        plots.distance_histogram(matches, labels, ax=still.subplots())
        return still
    axes = still.subplot_mosaic([["heaps", "matrix"], ["curves", "matrix"]], width_ratios=[1.15, 1])
    plots.distance_histogram(matches, labels, view.threshold, ax=axes["heaps"])
    plots.metric_curves(calibration, cutpoint=view.threshold, ax=axes["curves"])
    plots.confusion(view.matrix, view.classes, ax=axes["matrix"])
    for name in ("heaps", "curves") if guess is not None else ():
        axes[name].axvline(guess, color=plots.CUT, linestyle="dotted", label=f"your guess {guess:.3f}")
    axes["heaps"].legend(fontsize=8, loc="upper right", framealpha=0.9, edgecolor="none")
    return still


def png(still, tables):
    """A Figure as PNG bytes, with the tables inside; `tables_in` reads them back."""
    from PIL.PngImagePlugin import PngInfo

    info, file = PngInfo(), io.BytesIO()
    info.add_text(PNG_KEY, json.dumps(tables, separators=(",", ":")), zip=True)
    still.savefig(file, format="png", dpi=100, pil_kwargs={"pnginfo": info})
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
        if kind == b"zTXt" and content.startswith(key):
            return json.loads(zlib.decompress(content.removeprefix(key)))
        at += length + 12
    return None


def as_ink(name, images, length):
    """Images as bytes, dark ink on white: uint8 (n, height, width[, 3]), or None as it is."""
    if images is None:
        return None
    images = checks.as_array(name, images)
    if images.ndim == 4 and images.shape[-1] == 1:
        images = images[..., 0]
    if len(images) != length or not (images.ndim == 3 or (images.ndim == 4 and images.shape[-1] == 3)):
        raise ValueError(f"{name} must be ({length}, height, width) or (..., 3); got {images.shape}.")
    if images.dtype != np.uint8:
        low, high = float(images.min()), float(images.max())
        images = np.round(255 * (images - low) / ((high - low) or 1)).astype(np.uint8)
    return 255 - images if images.ndim == 3 else images


def sprites(tiles):
    """All tiles on one sheet, as the browser reads it: {src, columns, count, height, width}."""
    from PIL import Image

    (count, height, width), columns = tiles.shape[:3], int(np.ceil(np.sqrt(len(tiles))))
    shape = (-(-count // columns) * height, columns * width, *tiles.shape[3:])
    sheet = np.full(shape, 255, np.uint8)
    for i, tile in enumerate(tiles):
        y, x = i // columns * height, i % columns * width
        sheet[y : y + height, x : x + width] = tile
    file = io.BytesIO()
    Image.fromarray(sheet).save(file, format="png")
    src = "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()
    return {"src": src, "columns": columns, "count": count, "height": height, "width": width}
