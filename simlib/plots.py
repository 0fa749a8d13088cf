"""Pictures of what the arrays floor computes. One colour has one meaning, and all are colour-blind safe.

Every function takes the axes to draw on (`ax=None` makes a figure) and returns them; the three that
draw grids of images return the Figure.
"""

import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns

from simlib import checks, matching
from simlib.neighbors import UNKNOWN

# Okabe and Ito's colours, told apart with every common kind of colour blindness.
SAME, DIFFERENT = "#0072B2", "#D55E00"  # same class, or right; different class, or wrong
UNCERTAIN, CUT, OTHER = "#999999", "#000000", "#009E73"  # unknown; the cutpoint; a third curve
SEEN, UNSEEN = "#56B4E9", "#CC79A7"  # classes that were trained on, and classes that were not
LINES = {"precision": SAME, "recall": DIFFERENT, "f1": OTHER}
ORDER = ("solid", "dashed", "dotted", "dashdot")  # a second sign beside the colour


def _axes(ax, size=(6.4, 3.6)):
    if ax is not None:
        return ax
    return plt.subplots(figsize=size, layout="constrained")[1]


def _image(ax, image, title="", color="black"):
    ax.imshow(np.squeeze(image), cmap="gray_r")
    ax.set_xticks([])
    ax.set_yticks([])
    ax.set_title(title, color=color, fontsize=9, pad=3)
    for spine in ax.spines.values():
        spine.set_color(color)
        spine.set_linewidth(1.0 if color == "black" else 2.5)


def image_grid(images, labels=None, columns=10, title=""):
    """Images (n, height, width) in rows of `columns`, each under its label; returns the Figure."""
    images = checks.as_array("images", images)
    rows = max(1, -(-len(images) // columns))
    figure, axes = plt.subplots(
        rows, columns, figsize=(0.8 * columns, 1.0 * rows + 0.3), squeeze=False, layout="constrained"
    )
    for i, ax in enumerate(axes.flat):
        if i < len(images):
            _image(ax, images[i], "" if labels is None else labels[i])
        else:
            ax.set_axis_off()
    figure.suptitle(title, fontsize=11)
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
    rows = min(len(neighbors), rows or len(neighbors))
    k = neighbors.k
    figure, axes = plt.subplots(
        rows, k + 1, figsize=(1.05 * (k + 1), 1.25 * rows + 0.2), squeeze=False, layout="constrained"
    )
    for row in range(rows):
        _image(axes[row, 0], queries[row], f"query: {labels[row]}")
        for j in range(k):
            label, distance = neighbors.labels[row, j], neighbors.distances[row, j]
            right = label == labels[row]
            sign, color = ("\u2713", SAME) if right else ("\u2717", DIFFERENT)
            _image(axes[row, j + 1], images[row, j], f"{sign} {label} at {distance:.3f}", color)
    return figure


def training_curve(history, names=("loss",), ax=None):
    """What `fit` recorded, epoch by epoch.

    Args:
        history: the History that `fit` returns, or its dict.
        names: which records, such as "loss" or "positive_mean".
    """
    ax = _axes(ax)
    records = getattr(history, "history", history)
    for name, style in zip(names, ORDER * len(names)):
        values = checks.choose("names", name, records)
        color = SAME if "positive" in name else DIFFERENT if "negative" in name else CUT
        label = name.replace("_", " ")
        ax.plot(range(1, len(values) + 1), values, label=label, color=color, linestyle=style)
    ax.set(xlabel="epoch")
    ax.legend(frameon=False)
    sns.despine(ax=ax)
    return ax


def distance_histogram(neighbors, labels, cutpoint=None, bins=50, ax=None):
    """How far same-class and different-class neighbours are, with the cutpoint between them.

    Counts all k neighbours of each query; with k = 1, the nearest alone.
    """
    ax = _axes(ax)
    labels = checks.labels("labels", labels, len(neighbors), "queries")
    same = neighbors.labels == labels[:, None]
    edges = np.histogram_bin_edges(neighbors.distances[np.isfinite(neighbors.distances)], bins)
    for mask, name, color in ((same, "same class", SAME), (~same, "different class", DIFFERENT)):
        found = neighbors.distances[mask]
        sns.histplot(x=found, bins=edges, ax=ax, color=color, alpha=0.6, label=f"{name} ({len(found)})")
    if cutpoint is not None:
        ax.axvline(cutpoint, color=CUT, linestyle="dashed", label=f"cutpoint {cutpoint:.3f}")
    ax.set(xlabel="distance", ylabel="neighbours")
    ax.legend(frameon=False)
    sns.despine(ax=ax)
    return ax


def metric_curves(calibration, names=("precision", "recall", "f1"), cutpoint=None, ax=None):
    """Metrics against the cutpoint; `cutpoint` is a name such as "optimal", or a distance."""
    ax = _axes(ax)
    for name, style in zip(names, ORDER * len(names)):
        values = calibration.curve.metric(name)
        color = LINES.get(name, UNCERTAIN)
        ax.step(calibration.curve.distances, values, where="post", label=name, color=color, linestyle=style)
    if cutpoint is not None:
        ax.axvline(calibration.distance(cutpoint), color=CUT, linestyle="dashed", linewidth=1)
    ax.set(xlabel="cutpoint: largest distance accepted", ylim=(0, 1.03))
    ax.legend(frameon=False, loc="lower right")
    sns.despine(ax=ax)
    return ax


def precision_recall(calibration, cutpoint=None, ax=None):
    """Precision against recall, one point for every cutpoint that there is."""
    ax = _axes(ax, (4.6, 4.0))
    recall, precision = calibration.curve.metric("recall"), calibration.curve.metric("precision")
    ax.plot(recall, precision, color=SAME, marker=".", markersize=3, linewidth=1)
    if cutpoint is not None:
        at = calibration.curve.at(calibration.distance(cutpoint))
        ax.plot(at.metric("recall"), at.metric("precision"), "o", color=CUT, label=f"cutpoint {cutpoint}")
        ax.legend(frameon=False, loc="lower left")
    ax.set(xlabel="recall", ylabel="precision")
    sns.despine(ax=ax)
    return ax


def confusion(matrix, classes, ax=None, title=""):
    """A confusion matrix from `metrics.confusion_matrix`: true classes down, matched ones across."""
    ax = _axes(ax, (5.6, 4.4))
    matrix = np.asarray(matrix)
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
        yticklabels=list(classes),
        ax=ax,
    )
    ax.axvline(len(classes), color=CUT, linewidth=2)
    ax.set(xlabel="matched as", ylabel="true class", title=title)
    ax.tick_params(axis="y", rotation=0)
    return ax


def group_bars(report, ax=None):
    """Right, unknown and wrong shares of each group, from `evaluate_classification`."""
    ax = _axes(ax, (6.4, 0.55 * len(report) + 1.1))
    left = np.zeros(len(report))
    for part, color in (("right", SAME), ("unknown", UNCERTAIN), ("wrong", DIFFERENT)):
        shares = np.array([100 * group[part] for group in report.values()])
        ax.barh(list(report), shares, left=left, color=color, label=part)
        for y, (start, share) in enumerate(zip(left, shares)):
            if share >= 4:
                ax.text(start + share / 2, y, f"{share:.1f}%", ha="center", va="center", color="white")
        left += shares
    ax.invert_yaxis()
    ax.set(xlabel="percent of queries", xlim=(0, 100))
    ax.legend(frameon=False, ncol=3, loc="lower center", bbox_to_anchor=(0.5, 1.0))
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
    ax = _axes(ax, (6.0, 5.2))
    embeddings = checks.embeddings("embeddings", embeddings)
    labels = checks.labels("labels", labels, len(embeddings), "embeddings")
    flat = checks.choose("method", method, {"tsne": _tsne, "pca": _pca})(embeddings, seed)
    palette = sns.color_palette("colorblind", len(np.unique(labels)))
    for color, c in zip(palette, np.unique(labels)):
        points = flat[labels == c]
        ax.scatter(*points.T, s=9, color=color, linewidths=0)
        ax.text(*np.median(points, axis=0), str(c), fontsize=15, weight="bold", ha="center", va="center",
                bbox={"facecolor": "white", "alpha": 0.7, "linewidth": 0, "pad": 1})  # fmt: skip
    if marked is not None:
        ax.plot(*flat[marked].T, "x", color=CUT, markersize=6)
    ax.set(xticks=[], yticks=[])
    sns.despine(ax=ax, left=True, bottom=True)
    return ax


def _tsne(embeddings, seed):
    from sklearn.manifold import TSNE

    perplexity = min(30, max(1, (len(embeddings) - 1) // 3))
    return TSNE(random_state=seed, init="pca", perplexity=perplexity).fit_transform(embeddings)


def _pca(embeddings, seed):
    centred = embeddings - embeddings.mean(axis=0)
    return centred @ np.linalg.svd(centred, full_matrices=False)[2][:2].T


def decision_strip(images, labels, neighbors, cutpoint, matcher="nearest", each=5):
    """The queries nearest the cutpoint, on either side of it; returns the Figure.

    Args:
        images: (q, height, width) the queries. labels: (q,) their true class ids.
        neighbors: `Neighbors` (q, k). cutpoint: a distance. each: how many on each side.
    """
    predicted, distances = matching.decide(neighbors, matcher)
    order = np.argsort(distances, kind="stable")
    border = np.searchsorted(distances[order], cutpoint, side="right")
    chosen = order[max(0, border - each) : border + each]
    titles = []
    for i in chosen:
        answer = predicted[i] if distances[i] <= cutpoint else UNKNOWN
        titles.append(f"{labels[i]} \u2192 {'?' if answer == UNKNOWN else answer}\n{distances[i]:.3f}")
    return image_grid(images[chosen], titles, columns=2 * each)
