"""Pictures that explain how something works, rather than show what came out."""

import numpy as np

from simlib import checks
from simlib.plots.style import CUT, DIFFERENT, SAME, UNCERTAIN, above, axes

GRID = 240  # the shading's resolution along each side


def inverted_file(points, centres, query, nprobe=1, k=10, ax=None):
    """How an inverted file searches in two dimensions: the lists, and what a query finds and misses.

    Each point stands in the list of its nearest centre. The search looks into the `nprobe` lists whose
    centres are nearest to the query (shaded); the true neighbours in all other lists are missed.

    Args:
        points: (n, 2). centres: (m, 2), such as k-means finds them. query: (2,).
        nprobe: how many lists are looked into. k: how many neighbours are wanted.
        ax: the axes to draw on; None makes a figure.

    Returns:
        the axes.

    Raises:
        ValueError: points, centres or query that are not in two dimensions; nprobe or k below 1.
    """
    points, centres, query = (
        np.asarray(checks.rows(name, given), float)
        for name, given in (("points", points), ("centres", centres), ("query", [query]))
    )
    if {points.shape[1:], centres.shape[1:], query.shape[1:]} != {(2,)}:
        raise ValueError(
            "points, centres and query must have two dimensions each; got shapes "
            f"{points.shape}, {centres.shape} and {query.shape[1:]}."
        )
    nprobe, k = checks.whole_number("nprobe", nprobe, at_least=1), checks.whole_number("k", k, at_least=1)
    ax = axes(ax, (4.4, 4.2))
    probed = np.argsort(_squared(query, centres)[0], kind="stable")[:nprobe]
    true = np.argsort(_squared(query, points)[0], kind="stable")[:k]
    inside = np.isin(_squared(points, centres).argmin(axis=1), probed)

    low, high = points.min(axis=0), points.max(axis=0)
    across, up = (np.linspace(a, b, GRID) for a, b in zip(low, high))
    lists = _squared(np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2), centres).argmin(axis=1)
    lists = lists.reshape(GRID, GRID)
    ax.contourf(across, up, np.isin(lists, probed), levels=[0.5, 1.5], colors=[SAME], alpha=0.15)
    for one in range(len(centres)):
        ax.contour(across, up, lists == one, levels=[0.5], colors=UNCERTAIN, linewidths=0.6)
    ax.scatter(*points.T, s=5, color=UNCERTAIN, linewidths=0)
    ax.plot(*centres.T, "+", color=CUT, markersize=6, label="centre of a list")
    found = true[inside[true]]
    missed = true[~inside[true]]
    ax.scatter(*points[found].T, s=26, color=SAME, label=f"{len(found)} true neighbours found")
    ax.scatter(*points[missed].T, s=26, color=DIFFERENT, marker="X", label=f"{len(missed)} missed")
    ax.plot(*query.T, "*", color=CUT, markersize=13, label="query")
    ax.set(xticks=[], yticks=[], xlim=(low[0], high[0]), ylim=(low[1], high[1]))
    ax.set_xlabel(f"{nprobe} of {len(centres)} lists: {inside.sum():,} of {len(points):,} points compared")
    above(ax, columns=2)
    return ax


def _squared(a, b):
    """Squared Euclidean distances, (len(a), len(b))."""
    return ((a[:, None, :] - b[None, :, :]) ** 2).sum(axis=-1)
