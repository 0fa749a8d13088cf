"""A true label of -1: a query that belongs to nobody. One rule, one table, every reader of it.

Accepting any match for such a query is wrong (fp), rejecting it is not (tn), never fn; "unknown" is its only
right answer. The referee counts query by query; each reader must say the same.
"""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex

from simlib import metrics, plots
from simlib.calibration import calibrate
from simlib.explorer.counts import explore_threshold
from simlib.matching import match
from simlib.neighbors import Neighbors
from simlib.trust.bootstrap import bootstrap
from simlib.trust.guarantee import guaranteed_cutpoint
from simlib.trust.open_set import open_set

INF, CUT = np.inf, np.float32(0.45)


def near(labels, distances):
    labels, distances = (np.reshape(column, (-1, 1)) for column in (labels, distances))
    return Neighbors(labels, distances, np.zeros(labels.shape, int))


CASES = {  # name: (neighbours, true labels)
    "a stranger with a match": (near([1, 1, 2, 1], [0.1, 0.2, 0.3, 0.4]), [1, 1, 2, -1]),
    "a stranger nearest of all": (near([1, 1, 2, 1], [0.2, 0.3, 0.5, 0.1]), [1, 2, 2, -1]),
    "strangers without a match": (
        near([1] * 6 + [-1] * 2, [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, INF, INF]), [1, 1, 1, 2, 1, 7, -1, -1],
    ),
    "known ones without a match": (near([1, 2, -1, 1], [0.1, 0.3, INF, 0.4]), [1, 1, 2, -1]),
    "an item without a label": (near([-1, 1, 2, -1], [0.05, 0.1, 0.5, 0.2]), [1, 1, 2, -1]),
    "nobody is a stranger": (near([1, 1, 2, 2], [0.1, 0.2, 0.3, 0.5]), [1, 2, 2, 1]),
}  # fmt: skip


def tally(neighbors, labels, cutpoint, group=None):
    """(tp, fp, fn, tn), and (right, unknown, wrong) answers, one query after the other."""
    counts, answers = dict.fromkeys(("tp", "fp", "fn", "tn"), 0), [0, 0, 0]
    for found, distance, label in zip(neighbors.labels[:, 0], neighbors.distances[:, 0], labels):
        if group is None or label in group:
            accepted = found != -1 and distance <= np.float32(cutpoint)
            right = found == label and label != -1
            counts[("tp" if right else "fp") if accepted else "fn" if right else "tn"] += 1
            answers[1 if not accepted and label != -1 else 0 if right or not accepted else 2] += 1
    return counts, answers


def by_calibrate(n, y):
    made = calibrate(n, y, targets=["recall >= 0.5"])["recall >= 0.5"]
    c, _ = tally(n, y, made.distance)
    assert made.scores["recall"] == c["tp"] / (c["tp"] + c["fn"])
    return vars(calibrate(n, y).curve.at(CUT)), tally(n, y, CUT)[0]


def by_bootstrap(n, y):
    scores, c = bootstrap(n, y, cutpoint=CUT, resamples=20).scores, metrics.Counts(**tally(n, y, CUT)[0])
    return {name: value for name, (value, _) in scores.items()}, c.scores()


def by_guarantee(n, y):
    made = guaranteed_cutpoint(n, y, "recall >= 0.2", confidence=0.3)
    return vars(made.counts), tally(n, y, made.distance)[0]


def by_open_set(n, y):
    made = open_set(n, y, known=[1, 2, -1], strangers=[-1] if -1 in y else None)  # -1 is never known
    whole = open_set(n, y, known={1: 3, 2: 3, -1: 5})
    assert whole.strangers == sum(label not in (1, 2) for label in y) and made.strangers == y.count(-1)
    _, (right, _, wrong) = tally(n, y, CUT, [-1])
    return made.at(CUT)[0], right / (right + wrong)


def by_classification(n, y):
    groups = {"nobody's": [-1], "others": [1, 2, 7]}
    report = metrics.classification(match(n, CUT), y, groups)
    shares = [part["queries"] * part[p] for part in report.values() for p in ("right", "unknown", "wrong")]
    expected = [tally(n, y, CUT, group)[1] for group in (None, *groups.values())]
    return np.nan_to_num(shares), np.ravel(expected)


def by_confusion(n, y):
    matrix = metrics.confusion_matrix(match(n, CUT), y, classes=[1, 2, 7])
    with_nobody = metrics.confusion_matrix(match(n, CUT), y, classes=[-1, 1, 2, 7])
    assert matrix.shape == ((4, 4) if -1 in y else (3, 4)) and with_nobody.shape == (4, 4)
    assert (with_nobody[: len(matrix)] == matrix).all()
    right, unknown, _ = tally(n, y, CUT)[1]
    return (np.trace(with_nobody), with_nobody[:3, 3].sum(), with_nobody.sum()), (right, unknown, len(y))


def by_explorer(n, y):
    groups = {"nobody's": [-1]} if -1 in y else {"one": [1]}
    explorer = explore_threshold(n, y, np.zeros((len(y), 4, 4)), groups=groups, guess=float(CUT))
    (name, group), view = next(iter(groups.items())), explorer.view(CUT)
    assert vars(explorer.view(CUT, name).counts) == tally(n, y, CUT, group)[0]
    matrix = metrics.confusion_matrix(match(n, CUT), y, explorer.classes)
    assert view.matrix.tolist() == matrix.tolist() and view.words in repr(explorer.view(CUT))
    assert explorer.figure().axes and "Your guess 0.4500" in repr(explorer)
    right = [found == label != -1 for found, label in zip(n.labels[:, 0].tolist(), y)]
    assert explorer.tables()["right"] == right
    best = tally(n, y, explorer.best("min cost").distance)[0]
    steps = explorer.tables()["groups"]["all"]["steps"]
    assert best["fp"] + best["fn"] == min(c["fp"] + c["fn"] for c in (tally(n, y, d)[0] for d in steps))
    assert explorer.best("max f1").distance == calibrate(n, y)["optimal"].distance
    mistakes = [c["fp"] + c["fn"] for c in (tally(n, y, d)[0] for d in (CUT, explorer.calibrated))]
    said = explorer.score(float(CUT))
    assert f"{abs(mistakes[0] - mistakes[1])} {'fewer' if mistakes[0] < mistakes[1] else 'more'}" in said
    return vars(view.counts), tally(n, y, CUT)[0]


def by_histogram(n, y):
    names = plots.distance_histogram(n, y).get_legend_handles_labels()[1]
    counts, finite = tally(n, y, 9.0)[0], int(np.isfinite(n.distances).sum())
    return names, [f"same class ({counts['tp']})", f"different class ({finite - counts['tp']})"]


def frames(figure):
    return [(ax.get_title(), to_hex(ax.spines["left"].get_edgecolor())) for ax in figure.axes if ax.images]


def by_decision_strip(n, y):
    colors = [c for _, c in frames(plots.decision_strip(np.zeros((len(y), 4, 4)), y, n, CUT, each=9))]
    parts = [colors.count(c.lower()) for c in (plots.SAME, plots.UNCERTAIN, plots.DIFFERENT)]
    return parts, tally(n, y, CUT)[1]


def by_neighbor_strips(n, y):
    shown = frames(plots.neighbor_strips(np.zeros((len(y), 4, 4)), y, n, np.zeros((len(y), 1, 4, 4))))
    assert [t for t, _ in shown if t.startswith("query")].count("query: nobody's") == y.count(-1)
    signs = [title[0] for title, _ in shown if not title.startswith("query")]
    return [signs.count("\u2713"), len(signs)], [tally(n, y, 9.0)[0]["tp"], np.isfinite(n.distances).sum()]


READERS = (by_calibrate, by_bootstrap, by_guarantee, by_open_set, by_classification, by_confusion,
           by_explorer, by_histogram, by_decision_strip, by_neighbor_strips)  # fmt: skip


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("reader", READERS)
def test_every_reader_has_the_same_rule(reader, case):
    neighbors, labels = CASES[case]
    if reader is by_open_set and -1 not in labels:
        with pytest.raises(ValueError, match="strangers: none of the queries"):
            reader(neighbors, labels)
        return
    said, expected = reader(neighbors, labels)
    plt.close("all")
    assert said == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize("case", CASES)
def test_a_match_of_nobody_s_is_as_wrong_as_one_of_a_class_that_the_index_lacks(case):
    neighbors, labels = CASES[case]
    other = [99 if label == -1 else label for label in labels]
    for reader in (calibrate, bootstrap, lambda *known: guaranteed_cutpoint(*known, "recall >= 0.5")):
        assert repr(reader(neighbors, labels)) == repr(reader(neighbors, other))
