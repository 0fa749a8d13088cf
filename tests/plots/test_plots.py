"""Every plot: on the axes it is given, labelled, coloured by meaning, and never a stray figure."""

import itertools

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import same_color, to_hex
from matplotlib.figure import Figure

import simlib
from simlib import Neighbors, calibrate, metrics, plots

rng = np.random.default_rng(0)
LABELS = np.repeat(np.arange(4), 10)
FOUND = np.where(rng.random((40, 3)) < 0.8, LABELS[:, None], (LABELS[:, None] + 1) % 4)
NEAR = Neighbors(FOUND, np.sort(rng.random((40, 3)), axis=1), np.zeros((40, 3), int))
IMAGES = rng.integers(0, 256, (40, 6, 5), dtype=np.uint8)
STRIPS = rng.integers(0, 256, (40, 3, 6, 5), dtype=np.uint8)
MADE = calibrate(NEAR, LABELS)
CUT = MADE["optimal"].distance
PREDICTED = simlib.match(NEAR, 0.2)
MATRIX = metrics.confusion_matrix(PREDICTED, LABELS, range(4))
REPORT = metrics.classification(PREDICTED, LABELS, {"seen": [0, 1], "unseen": [2, 3]})
HISTORY = {"loss": [3.0, 2.0, 1.0], "positive_mean": [0.5, 0.2, 0.1], "negative_mean": [0.6, 0.9, 1.0]}
POINTS = rng.normal(size=(40, 5)) + 10 * np.eye(5)[LABELS]

ON_AXES = {
    "training_curve": lambda **ax: plots.training_curve(HISTORY, list(HISTORY), **ax),
    "distance_histogram": lambda **ax: plots.distance_histogram(NEAR, LABELS, CUT, **ax),
    "metric_curves": lambda **ax: plots.metric_curves(MADE, cutpoint="optimal", **ax),
    "precision_recall": lambda **ax: plots.precision_recall(MADE, "optimal", **ax),
    "confusion": lambda **ax: plots.confusion(MATRIX, range(4), **ax),
    "group_bars": lambda **ax: plots.group_bars(REPORT, **ax),
    "projector": lambda **ax: plots.projector(POINTS, LABELS, "pca", marked=[1, 2], **ax),
}
FIGURES = {
    "image_grid": lambda: plots.image_grid(IMAGES[:7], LABELS[:7], columns=3, title="some"),
    "neighbor_strips": lambda: plots.neighbor_strips(IMAGES, LABELS, NEAR, STRIPS, rows=2),
    "decision_strip": lambda: plots.decision_strip(IMAGES, LABELS, NEAR, CUT),
}
DISTANCE = "distance"
WORDS = {  # what must be readable on each: labels, ticks, legend
    "training_curve": {"epoch", "loss", "positive mean", "negative mean"},
    "distance_histogram": {DISTANCE, "neighbours", f"cutpoint {CUT:.3f}"},
    "metric_curves": {"cutpoint: largest distance accepted", "precision", "F1", f"cutpoint {CUT:.3f}"},
    "precision_recall": {"recall", "precision", "cutpoint optimal"},
    "confusion": {"matched as", "true class", "unknown", "0", "3"},
    "group_bars": {"percent of queries", "right", "unknown", "wrong", "overall", "seen", "unseen"},
    "projector": {"0", "1", "2", "3"},
}


@pytest.fixture(autouse=True)
def no_stray_figures():
    plt.close("all")
    yield
    plt.close("all")


def words(ax):
    """All text on the axes."""
    legend = [] if ax.get_legend() is None else ax.get_legend().get_texts()
    ticks = ax.get_xticklabels() + ax.get_yticklabels()
    texts = [ax.title, ax.xaxis.label, ax.yaxis.label, *ticks, *ax.texts, *legend]
    return {t.get_text() for t in texts if t.get_visible()}


def colors(ax):
    """{legend's text: its colour}."""
    handles, names = ax.get_legend_handles_labels()
    found = {}
    for handle, name in zip(handles, names):
        patch = handle[0] if hasattr(handle, "__getitem__") else handle
        found[name] = to_hex(patch.get_facecolor() if hasattr(patch, "get_facecolor") else patch.get_color())
    return found


@pytest.mark.parametrize("name", ON_AXES)
def test_draws_on_the_axes_that_it_is_given_and_makes_no_figure(name):
    figure = Figure()
    ax = figure.subplots()
    assert ON_AXES[name](ax=ax) is ax
    assert plt.get_fignums() == []
    assert figure.axes == [ax]
    assert WORDS[name] <= words(ax)
    assert ax.has_data()
    figure.draw_without_rendering()


@pytest.mark.parametrize("name", [*ON_AXES, *FIGURES])
def test_nothing_is_clipped(name):
    made = (ON_AXES | FIGURES)[name]()
    figure = made if isinstance(made, Figure) else made.figure
    figure.draw_without_rendering()
    page, renderer = figure.bbox, figure.canvas.get_renderer()
    legends = [ax.get_legend() for ax in figure.axes if ax.get_legend()]
    texts = [t for ax in figure.axes for t in (ax.title, ax.xaxis.label, ax.yaxis.label, *ax.texts)]
    for artist in [*texts, *legends]:
        box = artist.get_window_extent(renderer)
        if box.width:
            assert page.x0 - 1 <= box.x0 and box.x1 <= page.x1 + 1, artist
            assert page.y0 - 1 <= box.y0 and box.y1 <= page.y1 + 1, artist


def shown(figure):
    """[(title, frame's colour, image)] of every picture in a grid."""
    axes = [ax for ax in figure.axes if ax.images]
    frames = [to_hex(ax.spines["left"].get_edgecolor()) for ax in axes]
    return [(ax.get_title(), frame, ax.images[0].get_array().data) for ax, frame in zip(axes, frames)]


def test_neighbor_strips_frame_right_and_wrong_and_show_the_right_pictures():
    pictures = iter(shown(plots.neighbor_strips(IMAGES, LABELS, NEAR, STRIPS, rows=5)))
    for row in range(5):
        title, _, image = next(pictures)
        assert title == f"query: {LABELS[row]}" and (image == IMAGES[row]).all()
        for j in range(3):
            title, frame, image = next(pictures)
            right = NEAR.labels[row, j] == LABELS[row]
            assert same_color(frame, plots.SAME if right else plots.DIFFERENT)
            sign = "\u2713" if right else "\u2717"  # beside the colour
            assert title == f"{sign} {NEAR.labels[row, j]} at {NEAR.distances[row, j]:.3f}"
            assert (image == STRIPS[row, j]).all()
    assert next(pictures, None) is None


def test_colours_have_one_meaning_each():
    curve = colors(plots.training_curve(HISTORY, list(HISTORY)))
    assert curve == {"loss": "#000000", "positive mean": "#0072b2", "negative mean": "#d55e00"}
    bars = colors(plots.group_bars(REPORT))
    assert bars == {"right": "#0072b2", "unknown": "#999999", "wrong": "#d55e00"}
    lines = colors(plots.metric_curves(MADE, cutpoint=0.5))
    assert lines["precision"] == "#aa4499" and lines["cutpoint 0.500"] == "#000000"
    assert len(set(lines.values())) == 4
    heaps = colors(plots.distance_histogram(NEAR, LABELS))
    assert [c[:7] for name, c in sorted(heaps.items())] == ["#d55e00", "#0072b2"]  # different, same


def test_the_histogram_counts_every_neighbour_that_was_found():
    padded = Neighbors([[0, 1, -1]], [[0.1, 0.2, np.inf]], [[0, 1, -1]])
    ax = plots.distance_histogram(padded, [0], bins=4)
    assert {"same class (1)", "different class (1)"} <= words(ax)
    ax = plots.distance_histogram(NEAR, LABELS, bins=7)
    assert sum(bar.get_height() for bar in ax.patches) == 120
    assert len(ax.patches) == 14


@pytest.mark.parametrize("cutpoint", ["optimal", 0.25])
def test_precision_recall_marks_the_cutpoint_on_the_curve_and_metric_curves_are_it(cutpoint):
    curve, dot = plots.precision_recall(MADE, cutpoint).lines
    np.testing.assert_array_equal(curve.get_ydata(), MADE.curve.metric("precision"))
    at = MADE.curve.at(MADE.distance(cutpoint))
    assert (dot.get_xdata()[0], dot.get_ydata()[0]) == (at.metric("recall"), at.metric("precision"))
    ax = plots.metric_curves(MADE, ["precision", "npv"], cutpoint=0.25)
    np.testing.assert_array_equal(ax.lines[0].get_xdata(), MADE.curve.distances)
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), MADE.curve.metric("precision"))
    np.testing.assert_array_equal(ax.lines[1].get_ydata(), MADE.curve.metric("npv"))
    assert ax.lines[2].get_xdata() == [0.25, 0.25]


def test_confusion_writes_every_count_and_colours_the_mistakes_alone():
    ax = plots.confusion(MATRIX, list("abcd"))
    written = [t.get_text() for t in ax.texts]
    assert written == ["" if n == 0 else str(n) for n in MATRIX.flat]
    shades = ax.collections[0].get_array().reshape(MATRIX.shape)
    assert not np.diag(shades[:, :4]).any()
    assert shades.sum() == MATRIX.sum() - np.trace(MATRIX[:, :4])


@pytest.mark.parametrize("n, nobody", [(10, True), (26, False), (60, True), (200, True)])
def test_a_confusion_matrix_of_any_size_can_be_read(n, nobody):
    matrix = np.zeros((n + nobody, n + 1), int)
    np.fill_diagonal(matrix, 7)
    matrix[0, 2] = 3
    classes = [*range(n), -1] if nobody else range(n)
    ax = plots.confusion(matrix, classes, ax=Figure((3.2, 3)).subplots() if n == 10 else None)
    shades = ax.collections[0].get_array().reshape(matrix.shape)
    assert shades.sum() == shades[0, 2] == 3  # nobody's called unknown is right
    assert len(ax.texts) == (matrix.size if n < 26 else 0)
    ax.figure.draw_without_rendering()
    for axis, ticks in (("intervalx", ax.get_xticklabels()), ("intervaly", ax.get_yticklabels())):
        assert len(ticks) <= 27 and ticks[0].get_text() == "0"
        ends = sorted(tuple(sorted(getattr(t.get_window_extent(), axis))) for t in ticks)
        assert all(a[1] <= b[0] + 1 for a, b in itertools.pairwise(ends))  # no name over another
    assert ax.get_xticklabels()[-1].get_text() == "unknown"
    assert (ax.get_yticklabels()[-1].get_text() == "nobody") == nobody


def test_group_bars_end_at_100_and_write_every_share():
    ax = plots.group_bars(REPORT)
    ends = {}
    for bar in ax.patches:
        ends[round(bar.get_y(), 2)] = bar.get_x() + bar.get_width()
    np.testing.assert_allclose(list(ends.values()), 100)
    text = "\n".join(t.get_text() for t in ax.texts)
    for group in REPORT.values():
        for part in ("right", "unknown", "wrong"):
            assert group[part] == 0 or f"{100 * group[part]:.1f}%" in text


def test_decision_strip_shows_both_sides_of_the_cutpoint_nearest_first():
    figure = plots.decision_strip(IMAGES, LABELS, NEAR, 0.2, each=3)
    order = np.argsort(NEAR.distances[:, 0], kind="stable")
    border = (NEAR.distances[:, 0] <= np.float32(0.2)).sum()
    pictures = shown(figure)
    assert len(pictures) == 6
    for (title, frame, image), i in zip(pictures, order[border - 3 : border + 3]):
        unknown, right = NEAR.distances[i, 0] > 0.2, NEAR.labels[i, 0] == LABELS[i]
        answer = "?" if unknown else NEAR.labels[i, 0]
        assert title == f"{LABELS[i]} \u2192 {answer}\n{NEAR.distances[i, 0]:.3f}"
        assert same_color(frame, plots.UNCERTAIN if unknown else plots.SAME if right else plots.DIFFERENT)
        np.testing.assert_array_equal(image, IMAGES[i])
