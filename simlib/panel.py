"""The explorer's two faces: the live panel, and a picture for where nothing can run.

The live panel is one small front end drawn in the browser, `explorer.js`. JupyterLab shows it as a
widget, by way of `anywidget`; a web page calls the same module with the same tables and no kernel. The
picture carries those tables inside, so a page can be made from a stored notebook.
"""

import base64
import contextlib
import dataclasses
import functools
import io
import json
import zlib
from pathlib import Path

import numpy as np

from simlib import checks

HERE = Path(__file__).parent
ASK = "ask"
WIDGET = "application/vnd.jupyter.widget-view+json"
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


class Face:
    """How an explorer shows itself. The numbers are the business of `simlib.explorer.Explorer`."""

    _live = None

    @property
    def panel(self):
        """The live panel, whose `threshold` and `group` can be read and set; None without anywidget."""
        if self._live is None:
            try:
                made = panel_class()
            except ImportError:
                return None
            asked, tables = self.guess == ASK, self.tables()
            start = float(np.median(tables["groups"]["all"]["steps"])) if asked else self.calibrated
            self._live = made(tables=tables, threshold=start, guess=None if asked else self.guess)
        return self._live

    def figure(self):
        """The explorer as a still picture, at the calibrated cutpoint; a matplotlib Figure."""
        matches, curve = (self._matches, self._labels), self._groups["all"].curve
        if self.guess == ASK:
            return still(*matches, "Where would you put the cutpoint?")
        view = self.view(self.calibrated)
        words = view.words if self.guess is None else f"{view.words}\n{self.score(self.guess)}"
        return still(*matches, words, view, dataclasses.replace(self.calibration, curve=curve), self.guess)

    def _repr_mimebundle_(self, include=None, exclude=None):
        picture = base64.b64encode(png(self.figure(), self.tables())).decode()
        bundle = {"text/plain": repr(self), "image/png": picture}
        if self.panel is not None:
            bundle[WIDGET] = {"version_major": 2, "version_minor": 0, "model_id": self.panel.model_id}
        return bundle

    def __repr__(self):
        made = self.calibration
        head = f"Threshold explorer of {len(self._labels)} {self.noun} ({made.matcher} of k = {made.k})"
        if self.guess == ASK:
            return f"{head}\n  Where would you put the cutpoint? Guess first."
        lines = [head, f"  {self.view(self.calibrated).words}"]
        return "\n".join(lines + ([] if self.guess is None else [f"  {self.score(self.guess)}"]))


def still(matches, labels, words, view=None, calibration=None, guess=None):
    """The explorer as a still picture; a matplotlib Figure.

    Args:
        matches: `Neighbors` (n, 1), the match of each query. labels: (n,) true class ids.
        words: the title. view: the `View` at the calibrated cutpoint; None shows no answer.
        calibration: its curve is drawn. guess: a second line, at this distance.
    """
    from matplotlib.figure import Figure

    from simlib import plots

    near = np.isfinite(matches.distances[:, 0])
    matches, labels = matches[near], labels[near]
    picture = Figure(figsize=(9.6, 3.0 if view is None else 5.2), layout="constrained")
    picture.suptitle(words, fontsize=10)
    if view is None:
        plots.distance_histogram(matches, labels, ax=picture.subplots())
        return picture
    axes = picture.subplot_mosaic([["heaps", "matrix"], ["curves", "matrix"]], width_ratios=[1.15, 1])
    plots.distance_histogram(matches, labels, view.threshold, ax=axes["heaps"])
    plots.metric_curves(calibration, cutpoint=view.threshold, ax=axes["curves"])
    plots.confusion(view.matrix, view.classes, ax=axes["matrix"])
    for name in ("heaps", "curves") if guess is not None else ():
        axes[name].axvline(guess, color=plots.CUT, linestyle="dotted", label=f"your guess {guess:.3f}")
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
    if not isinstance(picture, bytes):
        raise ValueError(f"picture must be the bytes of a PNG; got {type(picture).__name__}.")
    at, key = 8, PNG_KEY.encode() + b"\0\0"  # a PNG is a row of chunks: length, kind, content, checksum
    while picture[:4] == b"\x89PNG" and at + 8 < len(picture):
        length = int.from_bytes(picture[at : at + 4])
        kind, content = picture[at + 4 : at + 8], picture[at + 8 : at + 8 + length]
        if kind == b"zTXt" and len(content) == length and content.startswith(key):
            with contextlib.suppress(ValueError, zlib.error):  # damaged
                return json.loads(zlib.decompress(content.removeprefix(key)))
        at += length + 12
    return None


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


def sheet(images, neighbor_images, ids):
    """All pictures on one sheet, as the browser reads it; each indexed item stands there once.

    Returns:
        {src, columns, count, height, width, neighbor}: query i is tile i, its neighbour is tile
        neighbor[i], or neighbor is None without their images. None without images.
    """
    from PIL import Image

    if images is None:
        return None
    tiles, neighbor = images, None
    if neighbor_images is not None:
        _, first, place = np.unique(ids, return_index=True, return_inverse=True)
        tiles, neighbor = np.concatenate([images, neighbor_images[first]]), (len(images) + place).tolist()
    (count, height, width), columns = tiles.shape[:3], int(np.ceil(np.sqrt(len(tiles))))
    shape = (-(-count // columns) * height, columns * width, *tiles.shape[3:])
    pixels = np.full(shape, 255, np.uint8)
    for i, tile in enumerate(tiles):
        y, x = i // columns * height, i % columns * width
        pixels[y : y + height, x : x + width] = tile
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, format="png")
    src = "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()
    size = {"columns": columns, "count": count, "height": height, "width": width}
    return {"src": src, "neighbor": neighbor, **size}
