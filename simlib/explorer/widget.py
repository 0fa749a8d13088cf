"""How an explorer shows itself: the live panel, or a picture where nothing can run.

JupyterLab shows `explorer.js` as a widget, by way of `anywidget`; a web page calls it with the same tables
and no kernel. The picture carries those tables inside, so a page can be made from a stored notebook.
"""

import base64
import contextlib
import functools
from pathlib import Path

import numpy as np

from simlib.explorer.picture import png, still

HERE = Path(__file__).parent
ASK = "ask"
WIDGET = "application/vnd.jupyter.widget-view+json"


@functools.cache
def panel_class():
    """The widget's class; ImportError without `anywidget`."""
    import anywidget
    import traitlets

    class Panel(anywidget.AnyWidget):
        """The live panel. Its traits follow the reader, and setting one moves the panel."""

        _esm = (HERE / "explorer.js").read_text(encoding="utf-8")
        _css = (HERE / "explorer.css").read_text(encoding="utf-8")
        tables = traitlets.Dict().tag(sync=True)
        threshold = traitlets.Float().tag(sync=True)
        group = traitlets.Unicode("all").tag(sync=True)
        guess = traitlets.Float(None, allow_none=True).tag(sync=True)

    return Panel


class Face:
    """How an explorer shows itself; the numbers are `simlib.explorer.Explorer`'s."""

    @functools.cached_property
    def panel(self):
        """The live panel, whose `threshold` and `group` can be read and set; None without anywidget."""
        with contextlib.suppress(ImportError):
            panel, asked, tables = panel_class(), self.guess == ASK, self.tables()
            start = float(np.median(tables["groups"]["all"]["steps"])) if asked else self.calibrated
            live = panel(tables=tables, threshold=start, guess=None if asked else self.guess)
            live.observe(lambda change: setattr(self, "guess", change.new), "guess")
            return live

    def figure(self):
        """The explorer as a still picture, at the calibrated cutpoint; a matplotlib Figure."""
        return still(self, "\n".join(self._sentences()))

    def _sentences(self):
        if self.guess == ASK:
            return ["Where would you put the cutpoint? Guess first."]
        score = [] if self.guess is None else [self.score(self.guess)]
        return [self.view(self.calibrated).words, *score]

    def _repr_mimebundle_(self, include=None, exclude=None):
        picture = base64.b64encode(png(self.figure(), self.tables())).decode()
        bundle = {"text/plain": repr(self), "image/png": picture}
        if self.panel is not None:
            bundle[WIDGET] = {"version_major": 2, "version_minor": 0, "model_id": self.panel.model_id}
        return bundle

    def __repr__(self):
        how = f"{self.calibration.matcher} of k = {self.calibration.k}"
        title = f"Threshold explorer of {len(self.decisions)} {self.noun} ({how})"
        return "\n  ".join([title, *self._sentences()])
