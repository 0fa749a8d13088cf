"""Another kind of picture is said; an unusual picture of the same kind is not."""

import numpy as np
import pytest

from simlib import load_mnist
from simlib.embedding.augment import distort
from simlib.embedding.guard import Inputs


@pytest.fixture(scope="module")
def digits():
    return load_mnist().test.x


@pytest.fixture(scope="module")
def photos():
    """Colour pictures of every brightness: blobs on no paper of one colour, most of them dark or light."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (60, 4, 4, 3)) * rng.uniform(0.2, 1, (60, 1, 1, 1))
    return np.kron(coarse, np.ones((1, 8, 8, 1))).astype(np.uint8)


OTHER_KINDS = {
    "/255": lambda x: x / 255,
    "/255 as float32": lambda x: (x / 255).astype(np.float32),
    "-1 to 1": lambda x: x / 127.5 - 1,
    "standardised": lambda x: (x - 33.3) / 78.6,
    "16 bits": lambda x: x.astype(np.uint16) * 257,
    "inverted": lambda x: 255 - x,
    "binarised": lambda x: (x > 127).astype(np.uint8) * 255,
    "a mask": lambda x: x > 127,
    "a mask of numbers": lambda x: (x > 127).astype(int),
    "less its mean": lambda x: x - 120.0,
}


@pytest.mark.parametrize("kind", OTHER_KINDS)
@pytest.mark.parametrize("n", [1, 5, 300])
def test_another_kind_is_said_and_both_are_named(digits, kind, n):
    made_from = Inputs.of(digits[:200])
    sentence = made_from.differs(Inputs.of(OTHER_KINDS[kind](digits[300 : 300 + n])))
    assert sentence and "the index was made from" in sentence


@pytest.mark.parametrize("kind", sorted(set(OTHER_KINDS) - {"binarised", "less its mean"}))
def test_what_the_index_was_made_from_may_itself_be_of_any_kind(digits, kind):
    prepared = OTHER_KINDS[kind](digits)
    made_from = Inputs.of(prepared[:200])
    assert made_from.differs(Inputs.of(prepared[500:])) is None
    assert made_from.differs(Inputs.of(digits[500:])) is not None


def test_a_single_picture_of_zeros_and_ones_may_be_dark_and_many_are_a_mask(digits):
    made_from, mask = Inputs.of(digits[:200]), (digits > 127).astype(np.uint8)
    assert made_from.differs(Inputs.of(mask[:1])) is None
    assert made_from.differs(Inputs.of(mask[:5])) is not None


def test_the_range_of_photos_is_said_though_their_paper_says_nothing(photos):
    made_from = Inputs.of(photos[:30])
    for kind in ("/255", "-1 to 1", "16 bits"):
        assert made_from.differs(Inputs.of(OTHER_KINDS[kind](photos[30:])))


ORDINARY = {
    "another dtype": lambda x: x.astype(np.float64),
    "dark": lambda x: x // 60,
    "dark, as floats": lambda x: x * 0.02,
    "bright": lambda x: np.minimum(255, x.astype(int) * 3),
    "low contrast": lambda x: 100 + x // 4,
    "black": np.zeros_like,
    "white": lambda x: np.full_like(x, 255),
    "overshoot": lambda x: x * 1.08 - 12.0,
    "distorted": lambda x: distort(x, np.random.default_rng(0)),
    "noise": lambda x: np.clip(x + np.random.default_rng(0).normal(0, 15, x.shape), 0, 255).astype(np.uint8),
    "one colour": lambda x: np.full_like(x, 1),
}


@pytest.mark.parametrize("change", ORDINARY)
def test_no_alarm_on_an_unusual_picture_of_the_same_kind(digits, photos, change):
    for x in (digits, photos):
        made_from = Inputs.of(x[:30])
        for i in range(30, 60):  # one at a time
            assert made_from.differs(Inputs.of(ORDINARY[change](x[i : i + 1]))) is None
        assert made_from.differs(Inputs.of(ORDINARY[change](x[30:60]))) is None


def test_what_is_no_picture_is_left_alone(digits):
    for x in (np.zeros((5, 8)), np.zeros((0, 4, 4)), np.array(["a", "b"])):
        assert Inputs.of(x) is None and Inputs.of(digits).differs(Inputs.of(x)) is None


def test_another_shape_is_said_unless_the_index_has_several():
    rng = np.random.default_rng(0)
    small, large = (rng.integers(0, 256, (20, side, side, 3)) for side in (16, 48))
    assert "[48, 48, 3]" in Inputs.of(small).differs(Inputs.of(large))
    assert Inputs.of(small).join(Inputs.of(large)).differs(Inputs.of(large)) is None


def test_parts_joined_are_the_whole_and_a_file_brings_them_back(digits):
    parts = Inputs.of(digits[100:200], before=Inputs.of(digits[:100]))
    whole = Inputs.of(digits[:200])
    np.testing.assert_allclose(parts.ends, whole.ends)
    assert parts.n == whole.n and Inputs(*parts.state()).state() == parts.state()


def test_it_is_said_once(digits):
    made_from = Inputs.of(digits[:50])
    made_from.warn(digits[50:])
    with pytest.warns(UserWarning, match=r"x is float64 from 0 to 1, .* made from uint8 from 0 to 255"):
        made_from.warn(digits / 255)
    made_from.warn(digits / 255)  # a warning is an error here


def test_after_many_single_lookups_one_in_ten_is_looked_at(recwarn):
    x = np.random.default_rng(0).integers(0, 256, (100, 28, 28), dtype=np.uint8)
    kind = Inputs.of(x)
    for row in range(100):
        kind.warn(x[row : row + 1])
    assert not recwarn.list
    for row in range(10):
        kind.warn(x[row : row + 1] / 255)
    assert len(recwarn.list) == 1
