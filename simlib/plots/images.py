"""Grids of images: the neighbours of a query, and where the cutpoint falls. Each returns the Figure."""

import matplotlib.pyplot as plt
import numpy as np

from simlib import checks, matching
from simlib.classes import UNKNOWN
from simlib.neighbors import expect
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
    ax.set(xticks=[], yticks=[])
    ax.set_title(title, color=CUT if color == UNCERTAIN else color, fontsize=9, pad=3)  # grey is hard to read
    ax.spines[:].set(color=color, linewidth=1.0 if color == "black" else 2.5)


def _owners(classes, labels):
    return ["nobody's" if label == UNKNOWN else label for label in classes.call(labels)]


def image_grid(images, labels=None, columns=10, title=""):
    """Images (n, height, width) in rows of `columns`, each under its label; returns the Figure."""
    images = checks.images("images", images)
    columns, title = checks.whole_number("columns", columns, at_least=1), checks.kind("title", title, str)
    n = len(images)
    labels = [""] * n if labels is None else checks.listed("labels", labels, n, "images")
    figure, axes = _grid(max(1, -(-len(images) // columns)), columns, (0.8, 1.0), title)
    for ax, image, label in zip(axes.flat, images, labels):
        _image(ax, image, label)
    return figure


def neighbor_strips(queries, labels, neighbors, images, rows=None):
    """Each query beside its neighbours: label and distance above, framed by right or wrong.

    queries: (q, height, width) images; labels: (q,) their true class ids, -1 for nobody's; neighbors:
    `Neighbors` (q, k); images: (q, k, height, width), the neighbours' payload; rows: how many, None for all.
    """
    n, k = len(expect(neighbors)), neighbors.k
    queries, images = checks.images("queries", queries, (n,)), checks.images("images", images, (n, k))
    labels, classes = neighbors.classes.read("labels", labels, n, "queries")
    owners = _owners(classes, labels)
    rows = n if rows is None else min(n, checks.whole_number("rows", rows, at_least=1))
    right = matching.right_match(neighbors.labels, labels[:, None])
    figure, axes = _grid(max(1, rows), k + 1, (1.05, 1.25))
    for row in range(rows):
        _image(axes[row, 0], queries[row], f"query: {owners[row]}")
        matches = classes.call(neighbors.labels[row])
        for j in np.flatnonzero(np.isfinite(neighbors.distances[row])):  # a padded place stays empty
            sign, color = ("\u2713", SAME) if right[row, j] else ("\u2717", DIFFERENT)
            title = f"{sign} {matches[j]} at {neighbors.distances[row, j]:.3f}"
            _image(axes[row, j + 1], images[row, j], title, color)
    return figure


def decision_strip(images, labels, neighbors, cutpoint, matcher="nearest", each=5):
    """The queries nearest the cutpoint: the last ones accepted, above the first ones beyond it.

    Above each image: its true class, the answer, the distance; framed by right, wrong or unknown. images:
    (q, height, width); labels, neighbors: as in `neighbor_strips`; each: how many on a side of the cutpoint.
    """
    images = checks.images("images", images, (len(expect(neighbors)),))
    each, cutpoint = checks.whole_number("each", each, at_least=1), checks.distance("cutpoint", cutpoint)
    decisions = matching.decisions(neighbors, labels, matcher)
    order = np.argsort(decisions.distances, kind="stable")
    border = np.searchsorted(decisions.distances[order], np.float32(cutpoint), side="right")
    title = f"the last inside the cutpoint of {cutpoint:.3f}, and the first outside"
    figure, axes = _grid(2, each, (1.1, 1.35), title)
    for row, chosen in zip(axes, (order[:border][-each:], order[border:][:each])):
        answered(row, images, chosen, decisions, cutpoint)
    return figure


def answered(axes, images, chosen, decisions, cutpoint):  # on each of `axes`, one of the `chosen` queries
    answers = np.where(decisions.distances <= np.float32(cutpoint), decisions.predicted, UNKNOWN)
    right, unknown, _ = matching.judge_answers(answers, decisions.labels)
    owners, matches = _owners(decisions.classes, decisions.labels), decisions.classes.call(answers)
    for ax, i in zip(axes, chosen):
        color = SAME if right[i] else UNCERTAIN if unknown[i] else DIFFERENT
        answer = "?" if matches[i] == UNKNOWN else matches[i]
        _image(ax, images[i], f"{owners[i]} \u2192 {answer}\n{decisions.distances[i]:.3f}", color)
