"""The matchers against slow loops, ties and padding included."""

from collections import Counter
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simlib import Neighbors, match
from simlib.matching import MATCHERS, decide


@st.composite
def neighbors(draw, least=0):
    """Few labels and few distances, so that ties abound; some places are padded."""
    queries, k = draw(st.integers(1, 4)), draw(st.integers(1, 6))
    distances = st.sampled_from([0.0, 0.25, 0.5, 1.0, 3.0]) if least == 0 else st.integers(-3, 3)
    rows = [sorted(draw(st.lists(distances, min_size=k, max_size=k))) for _ in range(queries)]
    labels = [draw(st.lists(st.integers(0, 3), min_size=k, max_size=k)) for _ in range(queries)]
    found = [draw(st.integers(0, k)) for _ in range(queries)]
    near = [r[:f] + [np.inf] * (k - f) for r, f in zip(rows, found)]
    labels = [r[:f] + [-1] * (k - f) for r, f in zip(labels, found)]
    return Neighbors(labels, np.array(near, float), np.zeros((queries, k), int))


def votes(labels, distances, matcher):
    """{label: its vote}, as exact fractions."""
    found = [(c, d) for c, d in zip(labels, distances) if c != -1]
    if matcher == "weighted" and not any(d == 0 for _, d in found):
        weights = [1 / Fraction(float(d)) for _, d in found]
    elif matcher == "weighted":
        weights = [int(d == 0) for _, d in found]
    else:
        weights = [1] * len(found)
    total = Counter()
    for (c, _), weight in zip(found, weights):
        total[c] += weight
    return total


def slow(n, matcher):
    for labels, distances in zip(n.labels.tolist(), n.distances.tolist()):
        total = votes(labels, distances, matcher)
        if matcher == "nearest" or not total:
            yield labels[0], distances[0]
            continue
        best = next(c for c in labels if total[c] == max(total.values()))  # of equals, the nearest
        yield best, distances[labels.index(best)]


@settings(deadline=None, max_examples=300)
@given(neighbors(), st.sampled_from(list(MATCHERS)))
def test_matchers_equal_slow_loops(n, matcher):
    labels, distances = decide(n, matcher)
    assert list(zip(labels.tolist(), distances.tolist())) == list(slow(n, matcher))


def one(labels, distances):
    return Neighbors([labels], [distances], [list(range(len(labels)))])


@pytest.mark.parametrize(
    "matcher, labels, distances, wanted",
    [
        ("nearest", [4, 5, 5], [0.1, 0.2, 0.3], (4, 0.1)),
        ("majority", [4, 5, 5], [0.1, 0.2, 0.3], (5, 0.2)),
        ("majority", [4, 5, 5, 4], [0.1, 0.2, 0.3, 0.4], (4, 0.1)),  # a tie: the nearest
        ("majority", [4, -1, -1], [0.1, np.inf, np.inf], (4, 0.1)),  # padding has no vote
        ("weighted", [4, 5, 5], [0.1, 0.3, 0.3], (4, 0.1)),  # 10 against 6.67
        ("weighted", [4, 5, 5], [0.2, 0.3, 0.3], (5, 0.3)),  # 5 against 6.67
        ("weighted", [4, 5, 5], [0.1, 0.15, 0.4], (4, 0.1)),  # 10 against 6.67 + 2.5
        ("weighted", [4, 5, 5], [0.1, 0.15, 0.25], (5, 0.15)),  # 10 against 6.67 + 4
        ("weighted", [4, 5, 5], [0.0, 1e-30, 1e-30], (4, 0.0)),  # an exact hit outweighs everything
        ("weighted", [5, 4, 4], [0.0, 0.0, 0.0], (4, 0.0)),  # ... of several, the majority
        ("weighted", [1, 2, 1, 2], [1e-40, 1e-40, 1e38, 1e38], (1, 1e-40)),  # the ends of float32
    ],
)
def test_cases_by_hand(matcher, labels, distances, wanted):
    label, distance = decide(one(labels, distances), matcher)
    assert label[0] == wanted[0]
    assert distance[0] == np.float32(wanted[1])


def test_sums_in_another_order_are_still_equals():
    """Both labels have the same distances, in mixed places: added up, they differ in the last bits."""
    rng, pairs = np.random.default_rng(0), 12
    distances = np.sort(rng.uniform(0.5, 1, (200, pairs)), axis=1).repeat(2, axis=1)
    labels = np.concatenate([rng.permuted([[1, 2]] * 200, axis=1) for _ in range(pairs)], axis=1)
    first = np.full((200, 1), 3), np.full((200, 1), 0.4)  # one of a third label, so that pairs are split
    labels, distances = np.hstack([first[0], labels]), np.hstack([first[1], distances])
    n = Neighbors(labels, distances, np.zeros(labels.shape, int))
    np.testing.assert_array_equal(decide(n, "weighted")[0], labels[:, 1])  # the nearer of the tied


@pytest.mark.parametrize(
    "cutpoint, wanted", [(0.1, [7]), (np.nextafter(np.float32(0.1), np.float32(0)), [-1])]
)
def test_a_match_at_the_cutpoint_counts_and_beyond_it_does_not(cutpoint, wanted):
    assert match(one([7], [0.1]), cutpoint).tolist() == wanted


@pytest.mark.parametrize("kind", [float, np.float32, np.float64, np.float16])
def test_the_cutpoint_s_type_does_not_matter(kind):
    assert match(one([7], [kind(0.3)]), kind(0.3)).tolist() == [7]


@pytest.mark.parametrize("cutpoint", [np.inf, 1e300, 10])
def test_huge_cutpoints_accept_all_but_the_padding(cutpoint):
    n = Neighbors([[7], [-1]], [[0.1], [np.inf]], [[0], [-1]])
    assert match(n, cutpoint).tolist() == [7, -1]
    assert match(n, cutpoint, no_match_label=99).tolist() == [7, 99]


@settings(deadline=None, max_examples=100)
@given(neighbors(), st.sampled_from(list(MATCHERS)), st.sampled_from([-1.0, 0.0, 0.3, 0.5, 5.0]))
def test_match_is_decide_with_a_cutpoint(n, matcher, cutpoint):
    wanted = [c if d <= cutpoint and c != -1 else -1 for c, d in slow(n, matcher)]
    assert match(n, cutpoint, matcher).tolist() == wanted
