"""Precision under other base rates, and a check that notices what has changed, and little else."""

import numpy as np
import pytest
from scipy import stats

from simlib import Neighbors, calibrate, plots
from simlib.trust.drift import BaseRate, base_rate, drift


def neighbors(distances, labels):
    distances = np.asarray(distances, float)
    return Neighbors(np.asarray(labels)[:, None], distances[:, None], np.zeros((len(distances), 1), int))


def day(rng, n=300, moved=0.0, strangers=0.1, share=None):
    """Distances of n queries to class 1, those of strangers (class 9) further out, all moved."""
    far = rng.random(n) < (strangers if share is None else share)
    return neighbors(np.abs(rng.normal(np.where(far, 0.6, 0.2), 0.08)) + moved, np.ones(n, int)), np.where(
        far, 9, 1
    )


def test_precision_is_what_a_mix_with_that_many_strangers_scores():
    rng = np.random.default_rng(0)
    near, labels = day(rng, 4000, strangers=0.5)
    made = base_rate(near, labels, known=[1], cutpoint=0.4)
    inside, outside = np.flatnonzero(labels == 1), np.flatnonzero(labels == 9)
    for share in (0.0, 0.2, 0.5):  # count it on a mix
        rows = np.concatenate([inside[:1000], outside[: int(1000 * share / (1 - share))]])
        taken = near.distances[rows, 0] <= 0.4
        assert made.precision(share) == pytest.approx((labels[rows] == 1)[taken].mean(), abs=0.005)
    assert made.precision(1.0) == 0.0 and (np.diff(made.precision(np.linspace(0, 1, 50))) < 0).all()


def test_the_shares_are_counted_by_hand():
    near = neighbors([0.1, 0.2, 0.9, 0.3, 0.8, 0.1], [1, 2, 1, 1, 1, 2])
    made = base_rate(near, [1, 1, 1, 5, 5, 6], known=[1, 2], cutpoint=0.3)
    assert (made.right, made.wrong, made.let_in) == pytest.approx((1 / 3, 1 / 3, 2 / 3))
    assert made.precision(0) == 1 / 2 and made.precision(1) == 0
    assert np.isnan(BaseRate(0, 0, 0).precision(0.5))  # nobody is answered


def test_the_matcher_decides_which_answer_is_right():
    near = Neighbors([[2, 1, 1], [1, 2, 2]], [[0.1, 0.2, 0.2]] * 2, [[0, 1, 2], [1, 0, 0]])
    made = [base_rate(near, [1, 9], [1], 0.3, matcher) for matcher in ("nearest", "majority")]
    assert [(m.right, m.wrong, m.let_in) for m in made] == [(0, 1, 1), (1, 0, 1)]


@pytest.mark.parametrize("call, message", [
    (lambda near: base_rate(near, [1, 1], [1], 0.3), "both"),
    (lambda near: base_rate(near, [5, 6], [1], 0.3), "both"),
    (lambda near: base_rate(near, [1], [1], 0.3), "1 entries, but there are 2 queries"),
    (lambda near: BaseRate(1, 0, 0).precision(1.1), "^strangers must be shares between 0 and 1"),
    (lambda near: BaseRate(1, 0, 0).precision("many"), "^strangers must be shares between 0 and 1"),
    (lambda near: BaseRate(1, 0, 0).precision([[0.1], [0.1, 0.2]]), "^strangers: rows of different lengths"),
    (lambda near: base_rate(near, [1, 5], [1], "near"), "^cutpoint must be"),
    (lambda near: base_rate(near, [1, 5], [0.5], 0.3), "^known must"),
    (lambda near: drift(near, near), "before must be a `Calibration`"),
    (lambda near: drift(calibrate(near, [1, 2]), near, alarm=0), "alarm be above 0"),
    (lambda near: drift(calibrate(near, [1, 2]), near, alarm=1), "alarm be above 0 and below 1"),
    (lambda near: drift(calibrate(near, [1, 2]), near, alarm="often"), "^alarm must be"),
    (lambda near: drift(calibrate(near, [1, 2]), neighbors([], [])), "must hold queries"),
])  # fmt: skip
def test_wrong_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call(neighbors([0.1, 0.2], [1, 2]))


def test_a_day_like_those_before_raises_no_more_alarms_than_agreed(measured):
    rng = np.random.default_rng(0)
    noticed = [drift(calibrate(*day(rng, 200)), day(rng, 150)[0], alarm=0.05).noticed for _ in range(400)]
    measured(f"drift: false alarms on {np.mean(noticed):.3f} of ordinary days, where 0.05 may be")
    assert np.mean(noticed) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / len(noticed))


@pytest.mark.parametrize("change", [dict(moved=0.08), dict(moved=-0.08), dict(share=0.4), dict(share=0.0)])
def test_a_new_camera_and_more_or_fewer_strangers_are_noticed(change):
    rng = np.random.default_rng(1)
    calibration = calibrate(*day(rng, 400))
    found = drift(calibration, day(rng, 400, **change)[0])
    further = change.get("moved", 0) > 0 or change.get("share", 0) > 0.1
    assert found.noticed and found.further > 0.5 if further else found.further < 0.5
    assert ("Further" if further else "Nearer") in repr(found)


def test_the_unknown_are_counted_and_what_is_usual_holds():
    rng = np.random.default_rng(2)
    calibration, outside = calibrate(*day(rng, 300)), 0
    for _ in range(200):
        near = day(rng, 100)[0]
        found = drift(calibration, near, alarm=0.2)
        assert found.unknown == (near.distances[:, 0] > np.float32(calibration.distance())).sum()
        outside += not found.usual[0] <= found.unknown <= found.usual[1]
    assert outside <= 0.1 * 200 + 10  # half of the alarms is for the distances


@pytest.mark.parametrize("unknown", [0, 1, 3, 4, 9])
def test_how_unusual_a_day_is_is_computed_step_by_step(unknown):
    rng = np.random.default_rng(unknown)
    old, alarm = np.append(rng.uniform(0.1, 0.5, 37), [0.5, 0.9, 0.9]), 0.3  # at the cutpoint: no unknown
    new = np.append(rng.uniform(0.1, 0.5, 20 - unknown), np.full(unknown, 0.8))
    calibration = calibrate(neighbors(old, np.ones(40, int)), np.where(old < 0.3, 1, 2))
    found = drift(calibration, neighbors(new, np.ones(20, int)), 0.5, alarm)
    chance = stats.betabinom(20, 2.5, 38.5).pmf(np.arange(21))
    p = min(2 * chance[: unknown + 1].sum(), 2 * chance[unknown:].sum(), stats.ks_2samp(old, new).pvalue)
    assert (found.queries, found.unknown) == (20, unknown)
    assert found.p_value == pytest.approx(min(1, 2 * p)) and found.noticed == (2 * p <= alarm)
    assert found.usual == tuple((chance.cumsum() < end).sum() for end in (alarm / 4, 1 - alarm / 4))
    larger = (new[:, None] > old).mean() + (new[:, None] == old).mean() / 2
    assert found.further == pytest.approx(larger)
    edge = found.p_value
    assert edge == 1 or drift(calibration, neighbors(new, np.ones(20, int)), 0.5, edge).noticed


def test_the_day_is_decided_by_the_matcher_of_the_calibration():
    near = Neighbors([[2, 1, 1]] * 5, [[0.1, 0.3, 0.4]] * 5, [[0, 1, 2]] * 5)
    for matcher, unknown in (("nearest", 0), ("majority", 5)):
        assert drift(calibrate(near, [1, 1, 1, 2, 2], matcher=matcher), near, 0.2).unknown == unknown


def test_whoever_finds_nobody_is_unknown():
    near = Neighbors([[1], [1], [-1]], [[0.1], [0.2], [np.inf]], [[0], [1], [-1]])
    found = drift(calibrate(near, [1, 1, 5]), near)
    assert found.unknown == 1 and not found.noticed
    assert repr(found).startswith(
        "1 of 3 queries unknown, 0 to 3 are usual; a distance is larger than before"
    )
    assert repr(found).endswith(" with a chance of 0.50 (p = 1)\nNothing unusual.")


def test_the_picture_of_the_base_rate_shows_the_precisions():
    made = BaseRate(0.93, 0.008, 0.02)
    ax = plots.base_rate(made, strangers=[0.1, 0.9])
    np.testing.assert_allclose(ax.lines[0].get_ydata(), made.precision(np.linspace(0, 1, 1001)))
    assert [text.get_text() for text in ax.texts] == ["0.989 at 10%", "0.832 at 90%"]
    with pytest.raises(ValueError, match="must be a `BaseRate`"):
        plots.base_rate(0.9)
