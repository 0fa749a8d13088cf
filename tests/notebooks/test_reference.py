"""The reference model is what its card says."""

import re
import sys
from functools import partial
from pathlib import Path

import keras
import numpy as np
import pytest

from simlib import load_mnist, recipe, select_examples

pytestmark = pytest.mark.filterwarnings("ignore:.*wrong matches in", "ignore:.*match at distance 0")
NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
MODELS = NOTEBOOKS / "models"
sys.path.insert(0, str(NOTEBOOKS))

import reference  # noqa: E402


@pytest.fixture(scope="module")
def splits():
    return load_mnist()


@pytest.fixture(scope="module")
def digits():
    return keras.models.load_model(MODELS / "digits.keras")


def figures(card):
    """The measured rows of a card: {name: (overall, seen, unseen)}."""
    rows = re.findall(r"^\| (.+?) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \|$", card, re.MULTILINE)
    return {name: tuple(map(float, numbers)) for name, *numbers in rows}


def test_the_reference_model_has_the_figures_on_its_card(digits, splits):
    card = (MODELS / "digits.md").read_text(encoding="utf-8")
    told, found = figures(card), figures(reference.model_card(digits, splits))
    assert len(told) == 7 and list(told) == list(found)
    for name, row in told.items():
        # Another processor rounds otherwise, and one of 400 digits is 0.0025.
        assert found[name] == pytest.approx(row, abs=0.006), name


def test_the_reference_model_is_as_good_as_the_course_promises(digits, splits):
    right = recipe.protocol_accuracy(digits, splits)
    assert 1 - right["overall"] <= 0.032
    assert 1 - right["unseen"] <= 0.045


def test_the_reference_model_holds_what_the_notebooks_need_and_no_more(digits, splits):
    x, y = select_examples(*splits.train, n=recipe.PER_CLASS, seed=0)
    neighbors = digits.lookup(x, k=1)
    assert digits.index_summary().class_sizes() == dict.fromkeys(range(10), 20)
    np.testing.assert_array_equal(neighbors.labels[:, 0], y)
    np.testing.assert_array_equal(digits.payload(neighbors)[:, 0], x)
    assert all(point.met for point in digits.calibration.cutpoints.values())
    assert list(digits.calibration.cutpoints) == ["optimal", *reference.TARGETS]
    assert not digits.compiled
    assert (MODELS / "digits.keras").stat().st_size < 1_000_000


def test_the_command_writes_model_and_card(splits, tmp_path, monkeypatch, capsys):
    untrained = recipe.network()
    monkeypatch.setattr(reference, "train", lambda *args, **kwargs: (untrained, None))
    monkeypatch.setattr(reference, "protocol_accuracy", partial(recipe.protocol_accuracy, draws=1))
    reference.main(tmp_path / "models")
    card = (tmp_path / "models" / "digits.md").read_text(encoding="utf-8")
    model = keras.models.load_model(tmp_path / "models" / "digits.keras")
    assert card == reference.model_card(model, splits) and card in capsys.readouterr().out
    np.testing.assert_array_equal(model.embed(splits.test.x[:9]), untrained.embed(splits.test.x[:9]))
