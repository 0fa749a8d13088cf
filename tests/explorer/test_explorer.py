"""The explorer's core against slow counts, its front end against its core, and odd input."""

import base64
import io
import json
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from simlib import UNKNOWN, Neighbors, plots
from simlib.calibration import calibrate
from simlib.explorer import picture, widget
from simlib.explorer.counts import explore_threshold
from simlib.explorer.widget import WIDGET

GROUPS = {"seen": [0, 1, 2], "unseen": [3, 4]}
IMAGES = np.random.default_rng(1).integers(0, 256, (120, 6, 5), dtype=np.uint8)
ITEMS = np.random.default_rng(2).integers(0, 256, (40, 6, 5), dtype=np.uint8)


def some_neighbors(n=120, k=3, seed=0, ties=True):
    """Neighbours of n queries of five classes: mostly right, and less often the further away."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 5, n)
    distances = np.sort(rng.gamma(2.0, 0.1, (n, k)), axis=1)
    if ties:
        distances = distances.round(2)
    found = np.where(rng.random((n, k)) < np.exp(-distances), labels[:, None], rng.integers(0, 5, (n, k)))
    return Neighbors(found, distances, rng.integers(0, 40, (n, k))), labels


def some_explorer(**options):
    neighbors, labels = some_neighbors()
    return explore_threshold(neighbors, labels, IMAGES, ITEMS[neighbors.ids], GROUPS, **options)


def tiles(explorer):
    """(tile i of the sheet of pictures, the sheet), read as the browser reads it."""
    sheet = explorer.tables()["pictures"]
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(sheet["src"].split(",")[1]))))
    height, width = sheet["height"], sheet["width"]

    def tile(i):
        y, x = i // sheet["columns"] * height, i % sheet["columns"] * width
        return pixels[y : y + height, x : x + width]

    return tile, sheet


@settings(deadline=None, max_examples=60)
@given(st.floats(-0.125, 1.25), st.sampled_from(["all", *GROUPS]), st.integers(0, 9))
def test_a_view_is_what_a_slow_count_finds(threshold, group, seed):
    neighbors, labels = some_neighbors(seed=seed)
    view = explore_threshold(neighbors, labels, groups=GROUPS).view(threshold, group)
    counts, cells = dict.fromkeys(("tp", "fp", "fn", "tn"), 0), {}
    for found, distance, label in zip(neighbors.labels[:, 0], neighbors.distances[:, 0], labels):
        if group == "all" or label in GROUPS[group]:
            accepted, right = distance <= np.float32(threshold), found == label
            counts[("tp" if right else "fp") if accepted else ("fn" if right else "tn")] += 1
            cell = (label, found if accepted else UNKNOWN)
            cells[cell] = cells.get(cell, 0) + 1
    assert vars(view.counts) == counts
    columns = [*view.classes, UNKNOWN]
    expected = [[cells.get((row, column), 0) for column in columns] for row in view.classes]
    assert view.matrix.tolist() == expected


def test_the_strip_holds_the_queries_on_either_side_of_the_line_nearest_first():
    explorer, (neighbors, _) = some_explorer(), some_neighbors()
    near = neighbors.distances[:, 0]
    view = explorer.view(0.2)
    assert len(view.inside) == len(view.outside) == 5
    assert near[view.inside].tolist() == sorted(near[near <= np.float32(0.2)])[:-6:-1]
    assert near[view.outside].tolist() == sorted(near[near > np.float32(0.2)])[:5]
    assert len(explorer.view(-1.0).inside) == len(explorer.view(9.0).outside) == 0


@pytest.mark.parametrize("goal", ["max f1", "max accuracy", "precision >= 0.9", "fpr <= 0.3"])
@pytest.mark.parametrize("group", ["all", "seen"])
def test_best_is_what_calibrate_chooses_for_that_group(goal, group):
    neighbors, labels = some_neighbors()
    rows = np.ones(120, bool) if group == "all" else np.isin(labels, GROUPS[group])
    metric = goal.removeprefix("max ") if goal.startswith("max") else "f1"
    targets = [] if goal.startswith("max") else [goal]
    made = calibrate(neighbors[rows], labels[rows], metric, targets)
    # By their repr, as a score that is 0 of 0 is not equal to itself.
    assert repr(some_explorer().best(goal, group)) == repr(made[goal if targets else "optimal"])


def test_the_picture_shown_is_that_of_the_neighbour_which_decides():
    # Majority says 2, and the nearest neighbour that says so is the second.
    neighbors = Neighbors([[1, 2, 2]], [[0.1, 0.2, 0.3]], [[0, 1, 2]])
    shown = np.arange(3, dtype=np.uint8)[None, :, None, None] * np.ones((1, 3, 4, 4), np.uint8)
    calibration = calibrate(neighbors, [2], matcher="majority")
    explorer = explore_threshold(neighbors, [2], np.zeros((1, 4, 4)), shown, calibration=calibration)
    tile, sheet = tiles(explorer)
    assert (tile(sheet["neighbor"][0]) == 255 - 1).all()


# ---------------------------------------------------------------- the front end computes nothing else


NODE = shutil.which("node")
PROBE = """
import {{ look, best, score, fixed, position }} from "{module}";
const given = JSON.parse(await new Promise((done) => {{
  let text = ""; process.stdin.on("data", (d) => (text += d)).on("end", () => done(text)); }}));
const views = given.asked.map(([t, group]) => look(given.tables, t, group));
const part = (group) => given.tables.groups[group];
const goals = given.goals.map(([group, goal, ...values]) => best(part(group), goal, ...values));
const scores = given.guesses.map(([g, group]) => score(given.tables, g, group));
console.log(JSON.stringify({{ views, goals, scores, fixed: given.numbers.map(([x, d]) => fixed(x, d)) }}));
"""


def with_strangers(matched):
    """The same, but every seventh query is nobody's, with a match or without."""
    neighbors, labels = some_neighbors()
    found, distances = np.array(neighbors.labels), np.array(neighbors.distances)
    labels[::7] = UNKNOWN
    if not matched:
        found[::7], distances[::7] = UNKNOWN, np.inf
    near = Neighbors(found, distances, neighbors.ids)
    return explore_threshold(near, labels, groups={"seen": [0, 1, 2], "unseen": [UNKNOWN]})


EXPLORERS = {
    "known": some_explorer,
    "strangers": lambda: with_strangers(matched=True),
    "strangers without a match": lambda: with_strangers(matched=False),
    "all right": lambda: explore_threshold(
        Neighbors([[1], [1], [1]], [[0.1], [0.2], [0.3]], [[0], [1], [2]]), [1, 1, 1],
        groups={"seen": [1], "unseen": [1]},
    ),
}  # fmt: skip
GOALS = [  # as the panel asks, as Python asks
    (("all", "f1"), ("max f1",)),
    (("seen", "precision", 0.99), ("precision >= 0.99", "seen")),
    (("all", "precision", 1.0), ("precision >= 1.0",)),
    (("unseen", "fpr", 0.3), ("fpr <= 0.3", "unseen")),
    (("all", "cost", 5, 1), ("min cost", "all", 5, 1)),
    (("seen", "cost", 1, 3), ("min cost", "seen", 1, 3)),
]


@pytest.mark.skipif(NODE is None, reason="no Node.js to run explorer.js in; `make test-browser` compares too")
@pytest.mark.parametrize("which", EXPLORERS)
def test_the_front_end_says_what_the_core_says(which, tmp_path):
    explorer = EXPLORERS[which]()
    tables = json.loads(json.dumps(explorer.tables(), allow_nan=False))
    steps = tables["groups"]["all"]["steps"]
    asked = [(t, g) for t in [-1.0, 0.05, 0.2, 0.2000001, 0.31, 9.0, *steps[::4]] for g in explorer.groups]
    guesses = [(guess, group) for guess in (0.01, 0.1, explorer.calibrated, 0.5) for group in explorer.groups]
    numbers = [(x / 32, d) for x in range(65) for d in (0, 1, 3, 4)] + [(0.0005, 3), (2 / 3, 3), (0.98451, 3)]
    module, probe = tmp_path / "explorer.mjs", tmp_path / "probe.mjs"
    shutil.copy(widget.HERE / "explorer.js", module)
    probe.write_text(PROBE.format(module=module.as_uri()))
    given = {"tables": tables, "asked": asked, "guesses": guesses, "numbers": numbers}
    given = json.dumps(given | {"goals": [theirs for theirs, _ in GOALS]})
    done = subprocess.run([NODE, probe], input=given, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)

    for (threshold, group), theirs in zip(asked, answer["views"]):
        ours = explorer.view(threshold, group)
        assert theirs["words"] == ours.words
        assert theirs["matrix"] == ours.matrix.tolist()
        assert theirs["inside"] == ours.inside.tolist() and theirs["outside"] == ours.outside.tolist()
        for name in ("f1", "precision", "recall", "fpr"):
            value = getattr(ours, name)
            assert theirs[name] == (None if np.isnan(value) else value)
    for (_, goal), theirs in zip(GOALS, answer["goals"]):
        if "unseen" in goal and not tables["groups"]["unseen"]["steps"]:
            with pytest.raises(ValueError, match="no query of 'unseen' has a match"):
                explorer.best(*goal)
            assert not theirs["met"]
            continue
        ours = explorer.best(*goal)
        assert theirs["met"] == ours.met
        assert not ours.met or np.float32(theirs["threshold"]) == np.float32(ours.distance)
    assert answer["scores"] == [explorer.score(guess, group) for guess, group in guesses]
    assert "nan" not in " ".join(answer["scores"])
    assert answer["fixed"] == [f"{x:.{d}f}" for x, d in numbers]


def test_the_panel_uses_the_colours_of_the_plots():
    css = (widget.HERE / "explorer.css").read_text().lower()
    light = dict(re.findall(r"--(\w+): (#\w+);", css[: css.index("data-jp-theme-light")]))
    for name in ("same", "different", "uncertain", "cut"):
        assert light[name] == getattr(plots, name.upper()).lower()


# ---------------------------------------------------------------- what a notebook gets


def test_a_notebook_gets_words_a_picture_and_a_live_panel():
    pytest.importorskip("anywidget")
    explorer = some_explorer()
    bundle = explorer._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "image/png", WIDGET}
    assert bundle["text/plain"] == repr(some_explorer())  # nbval compares it
    assert bundle[WIDGET]["model_id"] == explorer.panel.model_id
    assert explorer.panel.threshold == explorer.calibrated


def test_without_anywidget_the_picture_remains_and_holds_the_tables(monkeypatch):
    monkeypatch.setitem(sys.modules, "anywidget", None)
    widget.panel_class.cache_clear()
    explorer = some_explorer()
    bundle = explorer._repr_mimebundle_()
    assert explorer.panel is None and set(bundle) == {"text/plain", "image/png"}
    png = picture.png(explorer.figure(), explorer.tables())
    assert picture.tables_in(png) == json.loads(json.dumps(explorer.tables()))
    assert picture.tables_in(png[:40]) is None
    at = png.index(b"simlib-explorer") + 60
    assert picture.tables_in(png[:at]) is None  # cut within the tables
    assert picture.tables_in(png[:at] + bytes(9) + png[at + 9 :]) is None  # damaged there


def test_the_sheet_shows_each_query_and_each_indexed_item_once():
    tile, sheet = tiles(some_explorer())
    ids = some_neighbors()[0].ids[:, 0]
    assert (tile(7) == 255 - IMAGES[7]).all()
    assert (tile(sheet["neighbor"][7]) == 255 - ITEMS[ids[7]]).all()
    assert sheet["count"] == 120 + len(set(ids.tolist()))


def test_a_guess_is_scored_against_the_calibrated_cutpoint():
    explorer = some_explorer(guess=0.05)
    mine, best = explorer.view(0.05), explorer.view(explorer.calibrated)
    costs = mine.counts.fp + mine.counts.fn - best.counts.fp - best.counts.fn
    assert f"costs {best.f1 - mine.f1:.3f} of F1 and decides {costs} more digits wrongly" in repr(explorer)
    assert "costs 0.000 of F1 and decides 0 more" in explorer.score(explorer.calibrated)


def test_a_guess_is_scored_in_the_group_that_is_shown():
    explorer = some_explorer(guess=0.05)
    mine, best = explorer.view(0.05, "unseen"), explorer.view(explorer.calibrated, "unseen")
    said = explorer.score(0.05, "unseen")
    assert f"Among unseen: Your guess 0.0500 has F1 {mine.f1:.3f};" in said and f"has {best.f1:.3f}." in said


def test_the_guess_set_in_the_panel_is_the_explorers():
    pytest.importorskip("anywidget")
    explorer = some_explorer(guess="ask")
    assert explorer.panel.guess is None and explorer.guess == "ask"
    explorer.panel.guess = 0.125  # what the browser sets
    assert explorer.guess == 0.125
    assert "Your guess 0.1250 has F1" in repr(explorer) and len(explorer.figure().axes) > 1


@pytest.mark.parametrize("cutpoint", [0.2, 9.0])
def test_the_still_picture_has_the_row_at_the_bottom_that_the_panel_has(cutpoint):
    explorer = some_explorer()
    explorer.calibrated = cutpoint
    figure, view = explorer.figure(), explorer.view(cutpoint)
    row = [ax for ax in figure.axes if ax.get_images()]
    expected = [*view.inside[::-1], *view.outside]
    assert len(row) == len(expected) > 4
    for ax, query in zip(row, expected):
        above, below = np.split(ax.get_images()[0].get_array(), 2)
        item = some_neighbors()[0].ids[query, 0]
        assert (above == IMAGES[query]).all() and (below == ITEMS[item]).all()
        assert f"{explorer.decisions.distances[query]:.3f}" in ax.get_title()


def test_asked_for_a_guess_the_still_explorer_gives_nothing_away():
    explorer = some_explorer(guess="ask")
    said = repr(explorer) + explorer.figure().get_suptitle()
    assert f"{explorer.calibrated:.3f}" not in said and "Guess first" in said
    assert len(explorer.figure().axes) == 1
