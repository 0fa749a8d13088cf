"""One point dragged around a circle: which pairs the multi-similarity loss keeps, how they pull and push.

A two-dimensional embedding lies on a circle, so all that can happen to one point is a table with a row for
each angle. It is computed here, once; `circle_panel.js` looks it up, with a kernel or without one.
"""

import base64
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import simlib
from simlib import checks
from simlib.explorer import widget
from simlib.explorer.picture import png
from simlib.plots.style import CUT, DIFFERENT, SAME, above, finish

HERE = Path(__file__).parent
STEPS = 180  # places of the point, two degrees apart


class CirclePanel:
    """The panel: as the last line of a cell it shows itself, live or as a picture.

    Raises ValueError for points that are not (n, 2), labels of another length, an anchor that is no
    position, and an anchor without a partner or a stranger.

    Args:
        points: (n, 2), a batch as a model with two outputs embeds it.
        labels: (n,) its class ids. anchor: which of the points is dragged.
        loss: a `MultiSimilarityLoss`, for its settings; None takes the default one.
    """

    def __init__(self, points, labels, anchor=0, loss=None):
        points = checks.embeddings("points", points)
        if points.shape[1] != 2:
            raise ValueError(f"points must have the shape (n, 2); got {points.shape}.")
        labels = checks.labels("labels", labels, len(points), "points")
        (anchor,) = checks.positions("anchor", [anchor], len(points))
        self.loss = simlib.MultiSimilarityLoss() if loss is None else loss
        angles, same = np.arctan2(points[:, 1], points[:, 0]), labels == labels[anchor]
        others = np.arange(len(points)) != anchor
        self.angles, self.same, self.labels = angles[others], same[others], labels[others]
        if self.same.all() or not self.same.any():
            raise ValueError("labels: the anchor needs a partner of its class, and a stranger.")
        self.places = 2 * np.pi * np.arange(STEPS) / STEPS
        self.start = round(float(angles[anchor]) * STEPS / (2 * np.pi)) % STEPS
        self.anchor_label = int(labels[anchor])
        self._compute()

    def _compute(self):
        """`kept` (steps, n - 1); `weights`: how much each pair counts; `terms`, `forces` (2, steps)."""
        same, loss = self.same, self.loss
        away = self.angles - self.places[:, None]  # counter-clockwise from the point to each other
        s = np.cos(away)
        least, most = s[:, same].min(axis=1), s[:, ~same].max(axis=1)
        margin = np.inf if loss.epsilon is None else loss.epsilon
        self.kept = np.where(same, s < most[:, None] + margin, s > least[:, None] - margin)
        power = np.where(same, -loss.alpha, loss.beta) * (s - loss.lambda_)
        size = np.where(self.kept, np.exp(power), 0)
        sums = [1 + size[:, group].sum(axis=1) for group in (same, ~same)]
        self.terms = np.log(sums) / [[loss.alpha], [loss.beta]]
        self.weights = size / np.where(same, sums[0][:, None], sums[1][:, None])  # the slope by similarity
        along = self.weights * np.sin(away)
        self.forces = np.array([along[:, same].sum(axis=1), -along[:, ~same].sum(axis=1)])

    def tables(self):
        """Everything that the panel looks up, as plain lists: ready for JSON."""
        pairs = [
            [[int(i), round(float(w[i]), 3)] for i in np.flatnonzero(k)]
            for k, w in zip(self.kept, self.weights)
        ]
        middles = {int(c): np.exp(1j * self.angles[self.labels == c]).sum() for c in np.unique(self.labels)}
        return {
            "panel": "circle",
            "label": self.anchor_label,
            "start": self.start,
            "angles": self.angles.round(4).tolist(),
            "same": self.same.tolist(),
            "names": [[str(c), float(np.angle(middle).round(4))] for c, middle in middles.items()],
            "pairs": pairs,
            "terms": self.terms.round(4).T.tolist(),
            "forces": self.forces.round(4).T.tolist(),
        }

    def figure(self):
        """The loss at every place, a matplotlib Figure: what is seen where nothing can be dragged."""
        figure = Figure(figsize=(8, 3.2), layout="constrained")
        ax, degrees = figure.subplots(), np.degrees(self.places)
        drawn = {
            "pull of the partners": (self.terms[0], SAME, "dashed"),
            "push of the strangers": (self.terms[1], DIFFERENT, "dotted"),
            "the loss": (self.terms.sum(axis=0), CUT, "solid"),
        }
        for name, (term, color, style) in drawn.items():
            ax.plot(degrees, term, color=color, linestyle=style, label=name)
        for mine, color in ((self.same, SAME), (~self.same, DIFFERENT)):
            ax.plot(
                np.degrees(self.angles[mine]) % 360,
                np.full(mine.sum(), -0.04),
                "|",
                color=color,
                markersize=9,
            )
        ax.axvline(
            degrees[self.start], color=CUT, linewidth=1, linestyle="dashdot", label="where the point is"
        )
        above(ax, columns=4)
        finish(ax, xlabel="place of the point on the circle, degrees", ylabel="loss")
        return figure

    def _repr_mimebundle_(self, include=None, exclude=None):
        tables = self.tables()
        bundle = {
            "text/plain": repr(self),
            "image/png": base64.b64encode(png(self.figure(), tables)).decode(),
        }
        try:
            import anywidget
            import traitlets
        except ImportError:
            return bundle

        class Panel(anywidget.AnyWidget):
            _esm = (HERE / "circle_panel.js").read_text(encoding="utf-8")
            _css = (widget.HERE / "explorer.css").read_text(encoding="utf-8")
            tables = traitlets.Dict().tag(sync=True)

        self._panel = Panel(tables=tables)
        bundle[widget.WIDGET] = {"version_major": 2, "version_minor": 0, "model_id": self._panel.model_id}
        return bundle

    def __repr__(self):
        partners, strangers = self.same.sum(), (~self.same).sum()
        return f"A {self.anchor_label} on the circle, with {partners} partners and {strangers} strangers"
