"""Curves, histograms, tables and maps of what the arrays floor computes."""

import numpy as np
import seaborn as sns
from matplotlib.ticker import MaxNLocator

from simlib import checks
from simlib.calibration import Calibration
from simlib.metrics import FULL_NAMES
from simlib.neighbors import expect
from simlib.plots.style import CUT, DIFFERENT, LINES, NARROW, ORDER, PARTS, SAME, UNCERTAIN, above, axes


def _calibration(value):
    return checks.kind("calibration", value, Calibration)


def _names(value):
    names = [value] if isinstance(value, str) else checks.listed("names", value)
    if not names:
        raise ValueError("names is empty: name at least one curve.")
    return names


def training_curve(history, names=("loss",), ax=None):
    """What `fit` recorded, epoch by epoch.

    Args:
        history: the History that `fit` returns, or its dict.
        names: which records, such as "loss" or "positive_mean".
    """
    records = getattr(history, "history", history)
    if not isinstance(records, dict):
        raise ValueError(f"history must be what `fit` returns, or its dict; got {type(history).__name__}.")
    drawn = {name: checks.choose("names", name, records) for name in _names(names)}
    for name, values in drawn.items():
        values = checks.rows(f"history: {name!r}", values)
        if values.ndim != 1 or values.dtype.kind not in "fiub":
            raise ValueError(
                f"history: {name!r} must be one number an epoch; got {values.dtype} {values.shape}."
            )
    ax = axes(ax)
    for (name, values), style in zip(drawn.items(), ORDER * len(drawn)):
        color = SAME if "positive" in name else DIFFERENT if "negative" in name else CUT
        label = name.replace("_", " ")
        ax.plot(range(1, len(values) + 1), values, label=label, color=color, linestyle=style)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))  # there is no half an epoch
    ax.set(xlabel="epoch")
    ax.legend(frameon=False)
    sns.despine(ax=ax)
    return ax


def distance_histogram(neighbors, labels, cutpoint=None, bins=50, ax=None):
    """How far same-class and different-class neighbours are, with the cutpoint between them.

    Counts all k neighbours of each query; with k = 1, the nearest alone.
    """
    labels = checks.labels("labels", labels, len(expect(neighbors)), "queries")
    bins = checks.whole_number("bins", bins, at_least=1)
    cutpoint = None if cutpoint is None else checks.distance("cutpoint", cutpoint)
    found = np.isfinite(neighbors.distances)
    if not found.any():
        raise ValueError("neighbors: no query found anybody, so there is no distance to draw.")
    ax = axes(ax)
    same = neighbors.labels == labels[:, None]
    edges = np.histogram_bin_edges(neighbors.distances[found].astype(float), bins)  # some are very close
    for mask, name, color in ((same, "same class", SAME), (~same, "different class", DIFFERENT)):
        distances = neighbors.distances[mask & found]
        sns.histplot(x=distances, bins=edges, ax=ax, color=color, alpha=0.6, edgecolor="white", linewidth=0.3,
                     label=f"{name} ({len(distances):,})")  # fmt: skip
    if cutpoint is not None:
        ax.axvline(cutpoint, color=CUT, linestyle="dashed", label=f"cutpoint {cutpoint:.3f}")
    ax.set(xlabel="distance", ylabel="neighbours")
    ax.legend(frameon=False)
    sns.despine(ax=ax)
    return ax


def metric_curves(calibration, names=("precision", "recall", "f1"), cutpoint=None, ax=None):
    """Metrics against the cutpoint; `cutpoint` is a name such as "optimal", or a distance."""
    curve = _calibration(calibration).curve
    drawn = {name: curve.metric(name) for name in _names(names)}
    cutpoint = None if cutpoint is None else calibration.distance(cutpoint)
    ax = axes(ax)
    for (name, values), style in zip(drawn.items(), ORDER * len(drawn)):
        color, label = LINES.get(name, UNCERTAIN), FULL_NAMES.get(name, name)
        ax.step(curve.distances, values, where="post", label=label, color=color, linestyle=style)
    if cutpoint is not None:
        label = f"cutpoint {cutpoint:.3f}"
        ax.axvline(cutpoint, color=CUT, linestyle="dashed", linewidth=1, label=label)
    ax.set(xlabel="cutpoint: largest distance accepted", ylim=(0, 1.03))
    above(ax, columns=4)
    sns.despine(ax=ax)
    return ax


def precision_recall(calibration, cutpoint=None, ax=None):
    """Precision against recall, one point for every cutpoint that there is."""
    curve = _calibration(calibration).curve
    at = None if cutpoint is None else curve.at(calibration.distance(cutpoint))
    ax = axes(ax, (4.6, 4.0))
    recall, precision = curve.metric("recall"), curve.metric("precision")
    ax.plot(recall, precision, color=SAME, marker=".", markersize=3, linewidth=1)
    if at is not None:
        name = cutpoint if isinstance(cutpoint, str) else f"{cutpoint:.3f}"
        ax.plot(at.metric("recall"), at.metric("precision"), "o", color=CUT, label=f"cutpoint {name}")
        ax.legend(frameon=False, loc="lower left")
    ax.set(xlabel="recall", ylabel="precision")
    sns.despine(ax=ax)
    return ax


def confusion(matrix, classes, ax=None, title=""):
    """A confusion matrix from `metrics.confusion_matrix`: true classes down, matched ones across."""
    matrix, classes = checks.as_array("matrix", matrix), checks.listed("classes", classes)
    checks.kind("title", title, str)
    if not classes:
        raise ValueError("classes is empty: there is nothing to draw.")
    if matrix.shape != (len(classes), len(classes) + 1) or matrix.dtype.kind not in "iu":
        raise ValueError(
            f"matrix must be whole numbers of the shape (classes, classes + 1), here ({len(classes)}, "
            f"{len(classes) + 1}); got {matrix.dtype} {matrix.shape}."
        )
    ax = axes(ax, (5.8, 4.4))
    wrong = matrix.copy()
    wrong[np.arange(len(classes)), np.arange(len(classes))] = 0  # colour the errors, not the bulk
    sns.heatmap(
        wrong,
        annot=np.where(matrix == 0, "", matrix.astype(str)),
        fmt="",
        cmap="Oranges",
        cbar=False,
        linewidths=0.5,
        linecolor="#dddddd",
        xticklabels=[*classes, "unknown"],
        yticklabels=classes,
        ax=ax,
    )
    ax.axvline(len(classes), color=CUT, linewidth=2)
    ax.set(xlabel="matched as", ylabel="true class", title=title)
    ax.tick_params(axis="y", rotation=0)
    return ax


def group_bars(report, ax=None):
    """Right, unknown and wrong shares of each group, from `evaluate_classification`."""
    groups = list(report.values()) if isinstance(report, dict) else [None]
    shares = [group.get(part) if isinstance(group, dict) else None for group in groups for part in PARTS]
    if not shares or not all(isinstance(share, (int, float, np.number)) for share in shares):
        raise ValueError("report must be what `evaluate_classification` gives: {group: {'right': ..}}.")
    ax = axes(ax, (6.8, 0.55 * len(report) + 1.1))
    left = np.zeros(len(report))
    for part, color in PARTS.items():
        shares = np.nan_to_num([100 * group[part] for group in report.values()])
        ax.barh([str(name) for name in report], shares, left=left, color=color, label=part)
        for y, (start, share) in enumerate(zip(left, shares)):
            if share >= NARROW:
                ax.text(start + share / 2, y, f"{share:.1f}%", ha="center", va="center", color="white")
        left += shares
    for y, group in enumerate(report.values()):  # what is too narrow for its number has it beside the bar
        narrow = [f"{100 * group[part]:.1f}% {part}" for part in PARTS if 0 < 100 * group[part] < NARROW]
        ax.text(101, y, "\n".join(narrow), va="center", fontsize=8)
    ax.invert_yaxis()
    ax.set(xlabel="percent of queries", xlim=(0, 100))
    above(ax)
    sns.despine(ax=ax, left=True)
    return ax


def projector(embeddings, labels, method="tsne", marked=None, seed=0, ax=None):
    """The embedding space laid flat, one colour and digit for each class.

    Args:
        embeddings: (n, d). labels: (n,) class ids.
        method: "tsne" keeps neighbours together, and the gaps between groups mean little; "pca"
            keeps the directions of largest spread.
        marked: rows to mark with a cross, such as the mistakes; or None.
    """
    embeddings = checks.embeddings("embeddings", embeddings)
    if min(embeddings.shape) < 2 or len(embeddings) < 3 or not np.ptp(embeddings, axis=0).any():
        raise ValueError(
            "embeddings must be 3 vectors or more, not all the same, of 2 dimensions or more; "
            f"got {embeddings.shape}."
        )
    labels = checks.labels("labels", labels, len(embeddings), "embeddings")
    seed = checks.whole_number("seed", seed) % 2**32
    marked = checks.positions("marked", [] if marked is None else marked, len(embeddings))
    flat = checks.choose("method", method, {"tsne": _tsne, "pca": _pca})(embeddings, seed)
    ax = axes(ax, (6.0, 5.2))
    palette = sns.color_palette("colorblind", len(np.unique(labels)))
    for color, c in zip(palette, np.unique(labels)):
        points = flat[labels == c]
        ax.scatter(*points.T, s=9, color=color, linewidths=0)
        ax.text(*np.median(points, axis=0), str(c), fontsize=15, weight="bold", ha="center", va="center",
                bbox={"facecolor": "white", "alpha": 0.7, "linewidth": 0, "pad": 1})  # fmt: skip
    if len(marked):
        ax.plot(*flat[marked].T, "x", color=CUT, markersize=6)
    ax.set(xticks=[], yticks=[])
    sns.despine(ax=ax, left=True, bottom=True)
    return ax


def _tsne(embeddings, seed):
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits  # comes with scikit-learn

    perplexity = min(30, max(1, (len(embeddings) - 1) // 3))
    with threadpool_limits(1):  # on a busy machine its many short steps wait for each other
        return TSNE(random_state=seed, init="pca", perplexity=perplexity).fit_transform(embeddings)


def _pca(embeddings, seed):
    centred = embeddings - embeddings.mean(axis=0)
    return centred @ np.linalg.svd(centred, full_matrices=False)[2][:2].T
