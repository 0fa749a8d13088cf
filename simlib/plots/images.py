"""Grids of images: what a query found, and where the cutpoint falls. Each returns the Figure."""

import matplotlib.pyplot as plt
import numpy as np

from simlib import checks, matching
from simlib.neighbors import UNKNOWN, expect
from simlib.plots.style import CUT, DIFFERENT, SAME, UNCERTAIN


def _grid(rows, columns, size, title=""):
    size = (size[0] * columns, size[1] * rows + 0.3 * bool(title))
    figure, axes = plt.subplots(rows, columns, figsize=size, squeeze=False, layout="constrained")
    if title:
        figure.suptitle(title, fontsize=11)
    for ax in axes.flat:
        ax.set_axis_off()
    return figure, axes


def _image(ax, image, title="", color="black"):
    ax.set_axis_on()
    ax.imshow(image, cmap="gray_r")
    ax.set_xticks([])
    ax.set_yticks([])
    ax.set_title(title, color=CUT if color == UNCERTAIN else color, fontsize=9, pad=3)  # grey is hard to read
    for spine in ax.spines.values():
        spine.set_color(color)
        spine.set_linewidth(1.0 if color == "black" else 2.5)


def image_grid(images, labels=None, columns=10, title=""):
    """Images (n, height, width) in rows of `columns`, each under its label; returns the Figure."""
    images = checks.images("images", images)
    columns, title = checks.whole_number("columns", columns, at_least=1), checks.kind("title", title, str)
    labels = [""] * len(images) if labels is None else checks.listed("labels", labels)
    if len(labels) != len(images):
        raise ValueError(f"labels has {len(labels)} entries, but there are {len(images)} images.")
    figure, axes = _grid(max(1, -(-len(images) // columns)), columns, (0.8, 1.0), title)
    for ax, image, label in zip(axes.flat, images, labels):
        _image(ax, image, label)
    return figure


def neighbor_strips(queries, labels, neighbors, images, rows=None):
    """Each query beside its neighbours: label and distance above, framed by right or wrong.

    Args:
        queries: (q, height, width) images. labels: (q,) their true class ids.
        neighbors: `Neighbors` (q, k). images: (q, k, height, width), the neighbours' payload.
        rows: how many queries to show; None shows all.

    Returns:
        the Figure.
    """
    n, k = len(expect(neighbors)), neighbors.k
    queries, images = checks.images("queries", queries, (n,)), checks.images("images", images, (n, k))
    labels = checks.labels("labels", labels, n, "queries")
    rows = n if rows is None else min(n, checks.whole_number("rows", rows, at_least=1))
    figure, axes = _grid(max(1, rows), k + 1, (1.05, 1.25))
    for row in range(rows):
        _image(axes[row, 0], queries[row], f"query: {labels[row]}")
        for j in range(k):
            label, distance = neighbors.labels[row, j], neighbors.distances[row, j]
            right = label == labels[row]
            sign, color = ("\u2713", SAME) if right else ("\u2717", DIFFERENT)
            _image(axes[row, j + 1], images[row, j], f"{sign} {label} at {distance:.3f}", color)
    return figure


def decision_strip(images, labels, neighbors, cutpoint, matcher="nearest", each=5):
    """The queries nearest the cutpoint: the last ones accepted, above the first ones beyond it.

    Above each image: its true class, the answer, and the distance; framed by right, wrong or unknown.

    Args:
        images: (q, height, width) the queries. labels: (q,) their true class ids.
        neighbors: `Neighbors` (q, k). cutpoint: a distance. each: how many on each side.

    Returns:
        the Figure.
    """
    images = checks.images("images", images, (len(expect(neighbors)),))
    labels = checks.labels("labels", labels, len(images), "queries")
    each = checks.whole_number("each", each, at_least=1)
    cutpoint = checks.distance("cutpoint", cutpoint)
    answers = matching.match(neighbors, cutpoint, matcher)
    distances = matching.decide(neighbors, matcher)[1]
    order = np.argsort(distances, kind="stable")
    border = np.searchsorted(distances[order], np.float32(cutpoint), side="right")
    title = f"the last inside the cutpoint of {cutpoint:.3f}, and the first outside"
    figure, axes = _grid(2, each, (1.1, 1.35), title)
    for row, chosen in zip(axes, (order[:border][-each:], order[border:][:each])):
        for ax, i in zip(row, chosen):
            right, unknown = answers[i] == labels[i], answers[i] == UNKNOWN
            color = UNCERTAIN if unknown else SAME if right else DIFFERENT
            answer = "?" if unknown else answers[i]
            _image(ax, images[i], f"{labels[i]} \u2192 {answer}\n{distances[i]:.3f}", color)
    return figure
