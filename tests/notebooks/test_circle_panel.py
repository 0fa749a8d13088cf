"""The panel of one point on a circle: its tables against the loss itself, its words against its tables."""

import base64
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from keras import ops

import simlib
from simlib.embedding.losses import pair_masks
from simlib.explorer import widget
from simlib.explorer.picture import tables_in

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
sys.path.insert(0, str(NOTEBOOKS))
from circle_panel import STEPS, CirclePanel  # noqa: E402

LABELS = np.repeat([7, 3, 5], 4)
NODE = shutil.which("node")


def on_the_circle(seed):
    angles = LABELS + np.random.default_rng(seed).normal(0, 0.6, len(LABELS))
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)


def loss_at(loss, points, anchor, angle):
    """The anchor's loss, by the loss's own code, were it at this angle."""
    moved = points.copy()
    moved[anchor] = np.cos(angle), np.sin(angle)
    each = loss.by_anchor(ops.convert_to_tensor(1 - moved @ moved.T), *pair_masks(LABELS))
    return float(ops.convert_to_numpy(each)[anchor])


@pytest.mark.parametrize("settings", [{}, {"alpha": 5.0, "beta": 10.0, "lambda_": 0.3}, {"epsilon": None}])
def test_the_loss_and_the_force_at_each_place_are_those_of_the_loss(settings):
    loss, points, anchor, small = simlib.MultiSimilarityLoss(**settings), on_the_circle(seed=1), 5, 1e-5
    panel = CirclePanel(points, LABELS, anchor, loss)
    slopes = []
    for place, terms, force in zip(panel.places, panel.terms.T, panel.forces.sum(axis=0)):
        assert terms.sum() == pytest.approx(loss_at(loss, points, anchor, place), abs=1e-6)
        around = [loss_at(loss, points, anchor, place + step) for step in (small, -small)]
        slopes.append(abs(force + (around[0] - around[1]) / (2 * small)) < 1e-3)
    assert np.mean(slopes) > 0.95  # not just where a pair begins to be kept, and the loss jumps


def test_the_point_starts_where_the_model_has_put_it():
    points = on_the_circle(seed=2)
    panel = CirclePanel(points, LABELS, anchor=3)
    assert np.cos(panel.places[panel.start]) == pytest.approx(points[3, 0], abs=0.04)
    assert repr(panel) == "A 7 on the circle, with 3 partners and 8 strangers"


def test_the_picture_carries_the_tables():
    panel = CirclePanel(on_the_circle(seed=0), LABELS)
    pytest.importorskip("anywidget")
    bundle = panel._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "image/png", widget.WIDGET}
    tables = tables_in(base64.b64decode(bundle["image/png"]))
    assert tables == json.loads(json.dumps(panel.tables())) and tables["panel"] == "circle"
    assert len(tables["pairs"]) == len(tables["terms"]) == STEPS


@pytest.mark.parametrize(
    "points, labels, anchor, words",
    [
        (np.ones((12, 3)), LABELS, 0, "points must have the shape"),
        (on_the_circle(0), LABELS[1:], 0, "labels"),
        (on_the_circle(0), LABELS, 12, "anchor"),
        (on_the_circle(0), np.zeros(12, int), 0, "a partner of its class, and a stranger"),
    ],
)
def test_what_cannot_be_drawn_is_refused(points, labels, anchor, words):
    with pytest.raises(ValueError, match=words):
        CirclePanel(points, labels, anchor)


@pytest.mark.skipif(NODE is None, reason="no Node.js to run circle_panel.js in")
def test_the_words_count_the_kept_pairs(tmp_path):
    panel = CirclePanel(on_the_circle(seed=4), LABELS)
    shutil.copy(NOTEBOOKS / "circle_panel.js", tmp_path / "panel.mjs")
    (tmp_path / "given.json").write_text(json.dumps(panel.tables()))
    probe = """import { words } from "./panel.mjs"; import { readFileSync } from "fs";
        const tables = JSON.parse(readFileSync("given.json"));
        console.log(JSON.stringify(tables.pairs.map((_, step) => words(tables, step))));"""
    (tmp_path / "probe.mjs").write_text(probe)
    run = subprocess.run([NODE, "probe.mjs"], cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    said = json.loads(run.stdout)
    for step in range(STEPS):
        kept, same = panel.kept[step], panel.same
        counts = f"{(kept & same).sum()} of 3 partners and {(kept & ~same).sum()} of 8 strangers"
        assert counts in said[step]
        force = panel.forces[:, step].sum()
        assert abs(abs(force) - 0.005) < 1e-3 or ("Nothing" in said[step]) == (abs(force) < 0.005)
        assert ("counter" in said[step]) == (force > 0.005) or abs(abs(force) - 0.005) < 1e-3
    assert len(set(said)) > 20
