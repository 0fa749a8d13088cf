"""Augmentation: what it must leave alone, what it must do exactly, and what it refuses."""

import numpy as np
import pytest
from scipy import ndimage

from simlib import load_mnist
from simlib.embedding.augment import KNOTS, distort

STILL = {"degrees": 0, "shift": 0, "zoom": 0, "shear": 0, "bend": 0}

ROUNDING = 0.01  # of 255: positions are float32


class Furthest:
    """Stands in for a Generator: draws the upper limit each time, and as bends what it was made with."""

    def __init__(self, knots=0.0):
        self.knots = knots

    def uniform(self, low, high, size):
        return np.full(size, high, float)

    def normal(self, mean, deviation, size):
        return np.broadcast_to(mean + deviation * self.knots, size)


@pytest.fixture(scope="module")
def digits():
    return load_mnist().test.x[:40]


def moved(images, knots=0.0, **amounts):
    return distort(images, Furthest(knots), **(STILL | amounts))


# ---- distort


@pytest.mark.parametrize("pixels", [1, 2, 5])
def test_a_whole_shift_moves_by_exact_pixels_and_leaves_nothing_behind(digits, pixels):
    expected = np.zeros_like(digits)
    expected[:, :-pixels, :-pixels] = digits[:, pixels:, pixels:]
    np.testing.assert_allclose(moved(digits, shift=pixels), expected, atol=ROUNDING)


def test_a_bend_at_one_knot_fades_out_before_the_next(digits):
    knots = np.zeros((KNOTS, KNOTS))
    knots[1, 3] = 4.0  # the knots lie 6.75 pixels apart: this one at row 6.75, column 20.25
    changed = np.flatnonzero((np.abs(moved(digits, knots, bend=1.0) - digits) > 1).any(axis=0))
    rows, columns = np.unravel_index(changed, digits.shape[1:])
    assert len(changed) > 100
    assert rows.max() <= 13 and columns.min() >= 14


@pytest.mark.parametrize("amounts", [{"zoom": 0.5}, {"shear": 0.3}, {"degrees": 30}, {"shift": 1.5}])
def test_agrees_with_scipy(digits, amounts):
    turn, zoom = np.radians(amounts.get("degrees", 0)), 1 + amounts.get("zoom", 0)
    rotation = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    matrix = rotation @ [[1, amounts.get("shear", 0)], [0, 1]] / zoom
    centre = np.full(2, 13.5)
    offset = centre - matrix @ centre + amounts.get("shift", 0)
    expected = [
        ndimage.affine_transform(image.astype(float), matrix, offset, order=1, mode="grid-constant")
        for image in digits
    ]
    np.testing.assert_allclose(moved(digits, **amounts), expected, atol=ROUNDING)


@pytest.mark.parametrize("dtype", [np.uint8, np.float64])
def test_the_default_gives_float32_of_the_same_shape_within_the_range_by_its_generator_alone(digits, dtype):
    one, same, other = (distort(digits.astype(dtype), np.random.default_rng(seed)) for seed in (5, 5, 6))
    assert one.dtype == np.float32 and one.shape == digits.shape
    assert one.min() >= 0 and one.max() <= 255
    assert np.array_equal(one, same) and not np.array_equal(one, other)


def test_colours_move_together_and_as_grey_pictures_do(digits):
    amounts = {"degrees": 30, "zoom": 0.2, "shift": 3}
    planes = [digits, digits // 2, digits // 5]  # all on black
    coloured = moved(np.stack(planes, axis=-1), **amounts)
    for channel, plane in enumerate(planes):
        np.testing.assert_array_equal(coloured[..., channel], moved(plane, **amounts))


def test_where_a_picture_ends_its_own_paper_goes_on():
    papers = np.array([[255, 255, 255], [200, 30, 90], [0, 0, 0]], np.uint8)
    pictures = np.tile(papers[:, None, None], (1, 9, 12, 1))
    pictures[:, 3:6, 4:8] = 128
    pictures[:, 0, :5] = 17  # a mark on the border is not the paper
    out = moved(pictures, shift=4)
    for paper, picture in zip(papers, out):
        np.testing.assert_allclose(picture[5:, 8:], np.broadcast_to(paper, (4, 4, 3)), atol=ROUNDING)
    np.testing.assert_allclose(moved(255 - pictures, shift=4), 255 - out, atol=ROUNDING)


@pytest.mark.parametrize("shape", [(0, 28, 28), (3, 10, 17), (0, 5, 5, 3), (2, 6, 9, 4)])
def test_distort_takes_no_images_and_images_that_are_not_square(shape):
    assert distort(np.zeros(shape), np.random.default_rng(0)).shape == shape
