"""The pictures that explain show what a plain search would find."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "notebooks"))

import figures


@pytest.fixture
def cloud():
    rng = np.random.default_rng(1)
    return rng.random((300, 2)), rng.random((7, 2)), rng.random(2)


@pytest.mark.parametrize("nprobe", [1, 3, 7])
def test_an_inverted_file_finds_the_true_neighbours_in_the_lists_it_looks_into(cloud, nprobe):
    points, centres, query = cloud
    ax = figures.inverted_file(points, centres, query, nprobe=nprobe, k=20)
    list_of = [min(range(7), key=lambda c: np.linalg.norm(p - centres[c])) for p in points]
    probed = sorted(range(7), key=lambda c: np.linalg.norm(query - centres[c]))[:nprobe]
    true = sorted(range(300), key=lambda i: np.linalg.norm(query - points[i]))[:20]
    found = sum(list_of[i] in probed for i in true)
    shown = [text.get_text() for text in ax.get_legend().get_texts()]
    assert f"{found} true neighbours found" in shown and f"{20 - found} missed" in shown
    assert f"{sum(c in probed for c in list_of)} of 300 points compared" in ax.get_xlabel()
