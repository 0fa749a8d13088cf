"""Cutpoints against a brute-force recount at every distance that occurs."""

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simlib import Calibration, Neighbors, calibrate, match
from simlib.calibration import parse_goal
from simlib.checks import ArtifactError
from simlib.matching import decide
from simlib.metrics import METRICS

GRID = [0.01, 0.1, 0.2, 0.3, 0.5, 1.0, 2.0]
PRECISE = 0.9


@st.composite
def problems(draw, k=1):
    """Neighbours with many ties, some padded, and true labels that include the unknown."""
    n = draw(st.integers(1, 25))
    near = [sorted(draw(st.lists(st.sampled_from(GRID), min_size=k, max_size=k))) for _ in range(n)]
    found = [draw(st.lists(st.integers(0, 2), min_size=k, max_size=k)) for _ in range(n)]
    for i in range(n):
        if draw(st.integers(0, 5)) == 0:
            near[i], found[i] = [np.inf] * k, [-1] * k
    labels = draw(st.lists(st.integers(-1, 3), min_size=n, max_size=n))
    return Neighbors(found, np.array(near, float), np.zeros((n, k), int)), np.array(labels)


def counts(neighbors, labels, cutpoint, matcher="nearest"):
    """tp, fp, fn, tn from `match` itself: so cutpoint, curve and match must agree."""
    predicted, _ = decide(neighbors, matcher)
    right = (predicted == labels) & (predicted != -1)
    accepted = match(neighbors, cutpoint, matcher) != -1
    return [
        int(x.sum()) for x in (accepted & right, ~right & accepted, right & ~accepted, ~right & ~accepted)
    ]


def metric(name, tp, fp, fn, tn):
    above, below = {
        "f1": (2 * tp, 2 * tp + fp + fn),
        "precision": (tp, tp + fp),
        "recall": (tp, tp + fn),
        "accuracy": (tp + tn, tp + fp + fn + tn),
        "fpr": (fp, fp + tn),
        "npv": (tn, tn + fn),
    }[name]
    return above / below if below else float("nan")


def candidates(neighbors, matcher="nearest"):
    distances = decide(neighbors, matcher)[1]
    return sorted({float(d) for d in distances if math.isfinite(d)})


def scores(name, neighbors, labels, matcher="nearest"):
    return {c: metric(name, *counts(neighbors, labels, c, matcher)) for c in candidates(neighbors, matcher)}


def solvable(neighbors, labels, matcher="nearest"):
    predicted, distances = decide(neighbors, matcher)
    return ((predicted == labels) & (predicted != -1) & np.isfinite(distances)).any()


@settings(deadline=None, max_examples=200)
@given(problems(), st.sampled_from(list(METRICS)))
def test_the_optimum_is_the_best_of_all_distances_and_the_smallest_of_equals(problem, name):
    neighbors, labels = problem
    if not solvable(neighbors, labels):
        return
    every = {c: v for c, v in scores(name, neighbors, labels).items() if not math.isnan(v)}
    if not every:
        with pytest.raises(ValueError, match=f"metric '{name}' is 0 of 0"):
            calibrate(neighbors, labels, name)
        return
    best = (min if name == "fpr" else max)(every.values())
    chosen = calibrate(neighbors, labels, name)["optimal"]
    assert chosen.met
    assert chosen.distance == min(c for c, v in every.items() if v == best)


@settings(deadline=None, max_examples=200)
@given(problems(k=3), st.sampled_from(["nearest", "majority", "weighted"]))
def test_the_reported_scores_are_those_of_match_at_the_reported_distance(problem, matcher):
    neighbors, labels = problem
    if not solvable(neighbors, labels, matcher):
        return
    goals = ["precision >= 0.8", "recall >= 0.5", "fpr <= 0.2", "npv >= 0.5", "accuracy >= 0.7", "f1 >= 0.6"]
    made = calibrate(neighbors, labels, targets=goals, matcher=matcher)
    assert list(made.cutpoints) == ["optimal", *goals]  # none is dropped
    for point in made.cutpoints.values():
        if point.met:
            got = counts(neighbors, labels, point.distance, matcher)
            for name, value in point.scores.items():
                np.testing.assert_allclose(value, metric(name, *got), rtol=1e-12)


@settings(deadline=None, max_examples=200)
@given(problems(), st.sampled_from(list(METRICS)), st.sampled_from([0.0, 0.25, 0.5, 2 / 3, 0.9, 1.0]))
def test_a_target_is_met_exactly_or_reported_as_not_met(problem, name, wanted):
    neighbors, labels = problem
    if not solvable(neighbors, labels):
        return
    sign = "<=" if name == "fpr" else ">="
    every = scores(name, neighbors, labels)
    meets = [c for c, v in every.items() if (v <= wanted if name == "fpr" else v >= wanted)]
    made = calibrate(neighbors, labels, targets={"mine": f"{name} {sign} {wanted}"})
    point = made["mine"]
    assert point.met == bool(meets)
    if meets:
        assert point.distance == (min if name in ("recall", "npv") else max)(meets)
        assert made.distance("mine") == point.distance
        return
    assert math.isnan(point.distance)
    values = [v for v in every.values() if not math.isnan(v)]
    if values:
        assert point.scores[name] == pytest.approx(min(values) if name == "fpr" else max(values))
    for said in (repr(made), repr(point)):  # what has no value anywhere is not out of reach
        assert ("NOT MET" in said) == bool(values) and ("0 of 0" in said) != bool(values)
    with pytest.raises(ValueError, match="'mine' was not met at any distance"):
        made.distance("mine")


@pytest.mark.parametrize(
    "goal, distances, why",
    [
        ("fpr <= 0.01", [0.1, 0.2, 0.3], "no match is wrong. Add queries whose class is not in the index"),
        ("npv >= 0.5", [0.1, 0.1, 0.1], "no query is ever rejected. Add queries at other distances"),
    ],
)
def test_a_target_of_which_there_is_nothing_to_count_says_so_and_blames_nobody(goal, distances, why):
    near = Neighbors([[1]] * 3, np.reshape(distances, (3, 1)), [[0]] * 3)
    made = calibrate(near, [1, 1, 1], targets=[goal, "recall >= 0.1"])
    assert [point.met for point in made.cutpoints.values()] == [True, False, True]
    with pytest.raises(ValueError, match=why) as error:
        made.distance(goal)
    for said in (repr(made), repr(made[goal]), str(error.value)):
        assert "0 of 0" in said and why in said and "NOT MET" not in said and "improve" not in said
    with pytest.raises(ValueError, match=why):
        calibrate(near, [1, 1, 1], goal.split()[0])


@pytest.mark.parametrize(
    "goal, parsed",
    [
        ("precision >= 0.99", ("precision", ">=", 0.99)),
        ("  fpr<=1e-3 ", ("fpr", "<=", 0.001)),
        ("recall >= 1", ("recall", ">=", 1.0)),
    ],
)
def test_goals_are_read(goal, parsed):
    assert parse_goal(goal) == parsed


def made():
    near = Neighbors([[1], [1], [2]], [[0.1], [0.2], [0.3]], [[0], [1], [2]])
    return calibrate(
        near, [1, 1, 1], targets={"strict": "precision >= 0.9", "no": "fpr <= 0.5", "f": "npv >= 0.99"}
    )


def unmet():
    """The nearest match is wrong, so precision stays below 0.9; at 0.3 nothing is refused, so npv is NaN."""
    near = Neighbors([[2], [1], [1]], [[0.1], [0.2], [0.3]], [[0], [1], [2]])
    return calibrate(near, [1, 1, 1], targets={"strict": "precision >= 0.9", "all": "recall >= 1"})


@pytest.mark.parametrize("make", [made, unmet])
def test_state_survives_json_and_nan(make):
    before = make()
    header, arrays = before.state()
    after = Calibration.from_state(json.loads(json.dumps(header, allow_nan=False)), arrays)
    assert repr(after) == repr(before)
    for name, point in before.cutpoints.items():
        np.testing.assert_equal(vars(after[name]), vars(point))  # NaN equals NaN
    np.testing.assert_array_equal(after.curve.distances, before.curve.distances)
    assert (after.metric, after.matcher, after.k) == ("f1", "nearest", 1)


@pytest.mark.parametrize(
    "damage, why",
    [
        (lambda h, a: h.pop("cutpoints"), "'cutpoints'"),
        (lambda h, a: h["cutpoints"][0].pop("goal"), ".*'goal'"),
        (lambda h, a: h["cutpoints"][1].update(goal="precision"), ".*is no goal"),
        (lambda h, a: h.update(metric="f2"), "metric: 'f2' is unknown"),
        (lambda h, a: [a.update({name: c[:0]}) for name, c in a.items()], ".*"),
        (lambda h, a: h.update(k=0), "k must be a whole number of at least 1; got 0"),
        (lambda h, a: h.update(matcher="nearst"), "matcher: 'nearst' is unknown"),
        (lambda h, a: h.update(cutpoints=7), ".*int"),
        (lambda h, a: a.pop("tp"), "'tp'"),
        (lambda h, a: a.update(fp=a["fp"][:1]), "counts and distances differ in length"),
    ],
)
def test_an_inconsistent_state_is_refused(damage, why):
    header, arrays = made().state()
    damage(header, arrays)
    with pytest.raises(ArtifactError, match="the saved calibration is not consistent: " + why):
        Calibration.from_state(header, arrays)


def test_repr_is_a_table_with_every_cutpoint():
    lines = repr(made()).splitlines()
    assert lines[0] == "Calibration on 3 queries (nearest of k = 1)"
    assert [line.split()[0] for line in lines[2:5]] == ["optimal", "strict", "no"]
    assert lines[2].split()[3:5] == ["0.2000", "1.000"]
    assert len(lines) == 6 and "NOT MET" not in repr(made())


def test_repr_says_what_was_not_met_and_how_near_it_came():
    assert repr(unmet()).splitlines() == [
        "Calibration on 3 queries (nearest of k = 1)",
        "  cutpoint                   distance        f1 precision    recall  accuracy       fpr       npv",
        "  optimal (max f1)             0.3000     0.800     0.667     1.000     0.667     1.000       nan",
        "  strict (precision >= 0.9)   NOT MET     0.800     0.667     1.000     0.667     1.000       nan",
        "  all (recall >= 1)            0.3000     0.800     0.667     1.000     0.667     1.000       nan",
        "  NOT MET: no distance reaches the target; the row shows the closest try.",
    ]
    assert repr(unmet()["optimal"]) == (
        "optimal (max f1): distance <= 0.3000: f1 0.800, precision 0.667, recall 1.000, accuracy 0.667, "
        "fpr 1.000, npv nan"
    )
    assert repr(unmet()["strict"]).startswith("strict (precision >= 0.9): NOT MET; the closest try gives: f1")


@pytest.mark.parametrize("leaked, warned", [(0, False), (1, False), (6, True), (100, True)])
def test_queries_that_stand_in_the_index_are_noticed(leaked, warned, recwarn):
    near = np.sort(np.random.default_rng(0).uniform(0.1, 1, 100))
    near[:leaked] = np.random.default_rng(1).uniform(0, 1e-7, leaked)  # embedded in another batch
    calibrate(Neighbors([[1]] * 100, np.sort(near)[:, None], [[0]] * 100), [1] * 100)
    told = [str(w.message) for w in recwarn]
    assert any(f"{leaked} of 100 queries match at distance 0" in text for text in told) is warned
    assert warned is any("without=ids" in text for text in told)


def test_a_cutpoint_that_is_no_threshold_says_so():
    far = np.linspace(0.1, 1, 100)[:, None]
    labels = np.ones(100, int)
    labels[[20, 40, 60, 80, 90, 99]] = 2  # wrong, and no further than the right ones
    found = calibrate(Neighbors([[1]] * 100, far, [[0]] * 100), labels, targets=["fpr <= 0.1"])
    assert "optimal lets 5 of 6 wrong matches in: no threshold. Ask for a target" in repr(found)
    assert not found.lax("fpr <= 0.1")
    few = calibrate(Neighbors([[1]] * 95, far[:95], [[0]] * 95), np.append(np.ones(91, int), [2] * 4))
    assert "no threshold" not in repr(few)
