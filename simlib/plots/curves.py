"""Curves, histograms, tables and maps of what the arrays floor computes."""

import numpy as np
import seaborn as sns
from matplotlib.ticker import MaxNLocator

from simlib import checks
from simlib.calibration import Calibration
from simlib.classes import UNKNOWN
from simlib.matching import right_match
from simlib.neighbors import expect
from simlib.plots.style import CUT, DIFFERENT, LINES, ORDER, PARTS, SAME, UNCERTAIN, above, axes, finish

FULL_NAMES = {"f1": "F1", "fpr": "false positive rate", "npv": "negative predictive value"}
NARROW = 9  # percent: a bar that has no room for its number
READABLE = 25  # classes: of more, no one could read the counts in the cells


def _names(value):
    return [value] if isinstance(value, str) else checks.listed("names", value)


def training_curve(history, names=("loss",), ax=None):
    """The records called `names`, such as "positive_mean", of the History that `fit` returns, or its dict."""
    records = checks.kind("history", getattr(history, "history", history), dict, ", as `fit` returns it")
    drawn, ax = {name: checks.choose("names", name, records) for name in _names(names)}, axes(ax)
    for (name, values), style in zip(drawn.items(), ORDER * len(drawn)):
        color = SAME if "positive" in name else DIFFERENT if "negative" in name else CUT
        label = name.replace("_", " ")
        ax.plot(range(1, len(values) + 1), values, label=label, color=color, linestyle=style)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))  # there is no half an epoch
    return finish(ax, {}, xlabel="epoch")


def distance_histogram(neighbors, labels, cutpoint=None, bins=50, ax=None):
    """How far all same-class and different-class neighbours are, with the cutpoint between them.

    A query of nobody (label -1) has neighbours of a different class only.
    """
    labels, _ = expect(neighbors).classes.read("labels", labels, len(neighbors), "queries")
    bins = checks.whole_number("bins", bins, at_least=1)
    cutpoint = None if cutpoint is None else checks.distance("cutpoint", cutpoint)
    if not np.isfinite(neighbors.distances).any():
        raise ValueError("neighbors: no query has a neighbour, so there is no distance to draw.")
    return heaps(neighbors.distances, right_match(neighbors.labels, labels[:, None]), cutpoint, bins, ax)


def heaps(distances, right, cutpoint=None, bins=50, ax=None):  # of what is checked, infinity included
    ax, finite = axes(ax), np.isfinite(distances)
    edges = np.histogram_bin_edges(distances[finite].astype(float), bins)  # some are very close
    for mask, name, color in ((right, "same class", SAME), (~right, "different class", DIFFERENT)):
        heap = distances[mask & finite]
        sns.histplot(x=heap, bins=edges, ax=ax, color=color, alpha=0.6, edgecolor="white", linewidth=0.3,
                     label=f"{name} ({len(heap):,})")  # fmt: skip
    if cutpoint is not None:
        ax.axvline(cutpoint, color=CUT, linestyle="dashed", label=f"cutpoint {cutpoint:.3f}")
    return finish(ax, {}, xlabel="distance", ylabel="neighbours")


def metric_curves(calibration, names=("precision", "recall", "f1"), cutpoint=None, ax=None):
    """Metrics against the cutpoint; `cutpoint` is a name such as "optimal", or a distance."""
    curve = checks.kind("calibration", calibration, Calibration).curve
    drawn = {name: curve.metric(name) for name in _names(names)}
    cutpoint, ax = None if cutpoint is None else calibration.distance(cutpoint), axes(ax)
    for (name, values), style in zip(drawn.items(), ORDER * len(drawn)):
        color, label = LINES.get(name, UNCERTAIN), FULL_NAMES.get(name, name)
        ax.step(curve.distances, values, where="post", label=label, color=color, linestyle=style)
    if cutpoint is not None:
        ax.axvline(cutpoint, color=CUT, linestyle="dashed", linewidth=1, label=f"cutpoint {cutpoint:.3f}")
    above(ax, columns=4)
    return finish(ax, xlabel="cutpoint: largest distance accepted", ylim=(0, 1.03))


def precision_recall(calibration, cutpoint=None, ax=None):
    """Precision against recall, one point for every cutpoint that there is."""
    curve = checks.kind("calibration", calibration, Calibration).curve
    at, legend = None if cutpoint is None else curve.at(calibration.distance(cutpoint)), None
    ax = axes(ax, (4.6, 4.0))
    ax.plot(curve.metric("recall"), curve.metric("precision"), ".-", color=SAME, markersize=3, linewidth=1)
    if at is not None:
        name, legend = cutpoint if isinstance(cutpoint, str) else f"{cutpoint:.3f}", {"loc": "lower left"}
        ax.plot(at.metric("recall"), at.metric("precision"), "o", color=CUT, label=f"cutpoint {name}")
    return finish(ax, legend, xlabel="recall", ylabel="precision")


def confusion(matrix, classes, ax=None, title=""):
    """A confusion matrix from `metrics.confusion_matrix`: true classes down, matched ones across.

    Colour shows the mistakes alone. `classes`: ids or names, in the order of the rows; -1 among them is left
    out. Up to READABLE of them, each count is written; of more, some names are.
    """
    matrix, classes = checks.as_array("matrix", matrix), checks.listed("classes", classes)
    title, classes = checks.kind("title", title, str), [c for c in classes if c != UNKNOWN]
    n = len(classes)
    if not n or matrix.shape not in ((n, n + 1), (n + 1, n + 1)) or matrix.dtype.kind not in "iu":
        shape = f"(classes, classes + 1), here ({n}, {n + 1}), or with one row more for nobody"
        raise ValueError(f"matrix must be whole numbers {shape}; got {matrix.dtype} {matrix.shape}.")
    few, rows = n <= READABLE, [*classes, *["nobody"] * (len(matrix) - n)]
    ax = axes(ax, (5.8, 4.4) if few else (7.6, 6.2))
    mistakes = matrix * ~np.eye(*matrix.shape, dtype=bool)  # colour the errors, not the bulk
    counts = np.where(matrix == 0, "", matrix.astype(str)) if few else None
    sns.heatmap(mistakes, annot=counts, fmt="", cmap="Oranges", cbar=False, linewidths=0.5 if few else 0,
                linecolor="#dddddd", xticklabels=[*classes, "unknown"] if few else False,
                yticklabels=rows if few else False, ax=ax)  # fmt: skip
    if not few:  # some names, and none so near the end that it would meet the last one
        step = -(-n // READABLE)
        some, last = range(0, n - step // 2, step), [n] * (len(matrix) - n)
        ax.set_xticks([i + 0.5 for i in (*some, n)], [*(classes[i] for i in some), "unknown"], rotation=90)
        ax.set_yticks([i + 0.5 for i in (*some, *last)], [rows[i] for i in (*some, *last)])
    ax.axvline(n, color=CUT, linewidth=2)
    ax.set(xlabel="matched as", ylabel="true class", title=title)
    ax.tick_params(axis="y", rotation=0)
    return ax


def group_bars(report, ax=None):
    """Right, unknown and wrong shares of each group, from `evaluate_classification`."""
    for group in checks.kind("report", report, dict, ", as `evaluate_classification` gives it").values():
        checks.kind("report: a group", group, dict, ", such as {'right': 0.9, 'unknown': 0.1, 'wrong': 0.0}")
    ax = axes(ax, (6.8, 0.55 * len(report) + 1.1))
    left = np.zeros(len(report))
    for part, color in PARTS.items():
        shares = np.nan_to_num([100 * group[part] for group in report.values()])
        bars = ax.barh([str(name) for name in report], shares, left=left, color=color, label=part)
        wide = [f"{share:.1f}%" if share >= NARROW else "" for share in shares]
        ax.bar_label(bars, wide, label_type="center", color="white")
        left += shares
    for y, group in enumerate(report.values()):  # what is too narrow for its number has it beside the bar
        narrow = [f"{100 * group[part]:.1f}% {part}" for part in PARTS if 0 < 100 * group[part] < NARROW]
        ax.text(101, y, "\n".join(narrow), va="center", fontsize=8)
    ax.invert_yaxis()
    above(ax)
    finish(ax, xlabel="percent of queries", xlim=(0, 100)).spines["left"].set_visible(False)
    return ax


def projector(embeddings, labels, method="tsne", marked=None, seed=0, ax=None):
    """The embedding space laid flat, one colour and digit for each class.

    embeddings: (n, d); labels: (n,) class ids or names; marked: rows to mark with a cross, or None; method:
    "tsne" keeps neighbours together, and gaps between groups mean little; "pca" keeps the largest spread.
    """
    embeddings = checks.embeddings("embeddings", embeddings)
    if min(embeddings.shape) < 2 or len(embeddings) < 3 or not np.ptp(embeddings, axis=0).any():
        need = f"3 different vectors or more, of 2 or more numbers; got {embeddings.shape}"
        raise ValueError(f"embeddings must be {need}.")
    labels = checks.labels("labels", labels, len(embeddings), "embeddings", text=True)
    seed = checks.whole_number("seed", seed) % 2**32
    marked = checks.positions("marked", [] if marked is None else marked, len(embeddings))
    flat = checks.choose("method", method, {"tsne": _tsne, "pca": _pca})(embeddings, seed)
    ax = axes(ax, (6.0, 5.2))
    classes = np.unique(labels)
    for color, c in zip(sns.color_palette("colorblind", len(classes)), classes):
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
