"""The explorer's core against slow counts, its front end against its core, and odd input."""

import json
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simlib import plots
from simlib.calibration import calibrate
from simlib.explorer import picture, widget
from simlib.explorer.counts import explore_threshold
from simlib.explorer.widget import WIDGET
from simlib.neighbors import UNKNOWN, Neighbors

GROUPS = {"seen": [0, 1, 2], "unseen": [3, 4]}


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
    images = np.random.default_rng(1).integers(0, 256, (120, 6, 5), dtype=np.uint8)
    shown = np.random.default_rng(2).integers(0, 256, (40, 6, 5), dtype=np.uint8)[neighbors.ids]
    return explore_threshold(neighbors, labels, images, shown, GROUPS, **options)


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


def test_the_words_hold_the_counts():
    view = some_explorer().view(0.2)
    c = view.counts
    expected = [c.fn + c.tn, 120, c.fn, c.tp, c.fp]
    assert [int(n) for n in re.findall(r"\d+", view.words.removeprefix("At 0.2000"))] == expected
    assert repr(view) == view.words


@pytest.mark.parametrize(
    "goal", ["max f1", "max accuracy", "precision >= 0.9", "fpr <= 0.3", "recall >= 0.8"]
)
@pytest.mark.parametrize("group", ["all", "seen"])
def test_best_is_what_calibrate_chooses_for_that_group(goal, group):
    neighbors, labels = some_neighbors()
    rows = np.ones(120, bool) if group == "all" else np.isin(labels, GROUPS[group])
    metric = goal.removeprefix("max ") if goal.startswith("max") else "f1"
    targets = [] if goal.startswith("max") else [goal]
    made = calibrate(neighbors[rows], labels[rows], metric, targets)
    # By their repr, as a score that is 0 of 0 is not equal to itself.
    assert repr(some_explorer().best(goal, group)) == repr(made[goal if targets else "optimal"])


@pytest.mark.parametrize("wrong, missed", [(1, 1), (5, 1), (1, 5), (0, 1)])
def test_the_cheapest_cutpoint_costs_least_of_all_that_there_are(wrong, missed):
    explorer = some_explorer()

    def cost(threshold):
        counts = explorer.view(threshold).counts
        return wrong * counts.fp + missed * counts.fn

    best = explorer.best("min cost", wrong=wrong, missed=missed)
    costs = {d: cost(d) for d in explorer.tables()["groups"]["all"]["steps"]}
    assert cost(best.distance) == min(costs.values())
    assert best.distance == pytest.approx(min(d for d, c in costs.items() if c == min(costs.values())))


def test_the_calibration_brings_its_matcher_its_k_and_its_cutpoint():
    neighbors, labels = some_neighbors(k=5)
    calibration = calibrate(neighbors.first(3), labels, matcher="majority")
    explorer = explore_threshold(neighbors, labels, calibration=calibration)
    assert explorer.calibrated == calibration["optimal"].distance
    assert explorer.view(explorer.calibrated).f1 == pytest.approx(calibration["optimal"].scores["f1"])


def test_the_picture_shown_is_that_of_the_neighbour_which_decides():
    # Majority says 2, and the nearest neighbour that says so is the second.
    neighbors = Neighbors([[1, 2, 2]], [[0.1, 0.2, 0.3]], [[0, 1, 2]])
    shown = np.arange(3, dtype=np.uint8)[None, :, None, None] * np.ones((1, 3, 4, 4), np.uint8)
    calibration = calibrate(neighbors, [2], matcher="majority")
    explorer = explore_threshold(neighbors, [2], np.zeros((1, 4, 4)), shown, calibration=calibration)
    assert (255 - explorer._neighbor_images == 1).all()


def test_places_that_a_search_padded_are_unknown_at_every_cutpoint():
    neighbors = Neighbors([[1], [-1], [1]], [[0.1], [np.inf], [0.3]], [[0], [-1], [0]])
    explorer = explore_threshold(neighbors, [1, 1, 2])
    assert explorer.view(1e9).matrix.tolist() == [[1, 0, 1], [1, 0, 0]]
    assert len(explorer.view(1e9).outside) == 0 and explorer.tables()["distance"][1] is None
    assert explorer.figure() is not None


# ---------------------------------------------------------------- the front end computes nothing else


NODE = shutil.which("node")
PROBE = """
import {{ look, best, score, fixed, position }} from "{module}";
const given = JSON.parse(await new Promise((done) => {{
  let text = ""; process.stdin.on("data", (d) => (text += d)).on("end", () => done(text)); }}));
const views = given.asked.map(([t, group]) => look(given.tables, t, group));
const part = (group) => given.tables.groups[group];
const goals = given.goals.map(([group, goal, ...values]) => best(part(group), goal, ...values));
const scores = given.guesses.map((g) => score(given.tables, g));
console.log(JSON.stringify({{ views, goals, scores, fixed: given.numbers.map(([x, d]) => fixed(x, d)) }}));
"""


@pytest.mark.skipif(NODE is None, reason="no Node.js to run explorer.js in; `make test-browser` compares too")
def test_the_front_end_says_what_the_core_says(tmp_path):
    explorer = some_explorer()
    tables = json.loads(json.dumps(explorer.tables(), allow_nan=False))
    steps = tables["groups"]["all"]["steps"]
    asked = [(t, g) for t in [-1.0, 0.05, 0.2, 0.2000001, 0.31, 9.0, *steps[::4]] for g in explorer.groups]
    goals = {
        ("all", "f1"): explorer.best("max f1"),
        ("unseen", "f1"): explorer.best("max f1", "unseen"),
        ("all", "precision", 0.9): explorer.best("precision >= 0.9"),
        ("seen", "precision", 0.99): explorer.best("precision >= 0.99", "seen"),
        ("all", "precision", 1.0): explorer.best("precision >= 1.0"),
        ("all", "fpr", 0.2): explorer.best("fpr <= 0.2"),
        ("unseen", "fpr", 0.0): explorer.best("fpr <= 0.0", "unseen"),
        ("all", "cost", 5, 1): explorer.best("min cost", wrong=5, missed=1),
        ("seen", "cost", 1, 3): explorer.best("min cost", "seen", wrong=1, missed=3),
    }
    guesses = [0.1, explorer.calibrated, 0.5]
    numbers = [(x / 32, d) for x in range(65) for d in (0, 1, 3, 4)] + [(0.0005, 3), (2 / 3, 3), (0.98451, 3)]
    module = tmp_path / "explorer.mjs"
    shutil.copy(widget.HERE / "explorer.js", module)
    given = {"tables": tables, "asked": asked, "goals": list(goals), "guesses": guesses, "numbers": numbers}
    (tmp_path / "probe.mjs").write_text(PROBE.format(module=module.as_uri()))
    done = subprocess.run(
        [NODE, tmp_path / "probe.mjs"], input=json.dumps(given), capture_output=True, text=True
    )
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
    for ours, theirs in zip(goals.values(), answer["goals"]):
        assert theirs["met"] == ours.met
        assert not ours.met or np.float32(theirs["threshold"]) == np.float32(ours.distance)
    assert answer["scores"] == [explorer.score(guess) for guess in guesses]
    assert answer["fixed"] == [f"{x:.{d}f}" for x, d in numbers]


def test_the_panel_uses_the_colours_of_the_plots():
    css = (widget.HERE / "explorer.css").read_text().lower()
    light = dict(re.findall(r"--(\w+): (#\w+);", css[: css.index("data-jp-theme-light")]))
    expected = {
        "same": plots.SAME,
        "different": plots.DIFFERENT,
        "uncertain": plots.UNCERTAIN,
        "cut": plots.CUT,
    }
    assert {name: light[name] for name in expected} == {n: c.lower() for n, c in expected.items()}


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
    import base64
    import io

    from PIL import Image

    explorer = some_explorer()
    sheet = explorer.tables()["pictures"]
    picture = Image.open(io.BytesIO(base64.b64decode(sheet["src"].split(",")[1])))
    pixels = np.asarray(picture)

    def tile(i):
        y, x = i // sheet["columns"] * 6, i % sheet["columns"] * 5
        return pixels[y : y + 6, x : x + 5]

    assert (tile(7) == explorer._images[7]).all()
    assert (tile(sheet["neighbor"][7]) == explorer._neighbor_images[7]).all()
    assert sheet["count"] == 120 + len(set(explorer._ids.tolist()))


def test_a_guess_is_scored_against_the_calibrated_cutpoint():
    explorer = some_explorer(guess=0.05)
    mine, best = explorer.view(0.05), explorer.view(explorer.calibrated)
    costs = mine.counts.fp + mine.counts.fn - best.counts.fp - best.counts.fn
    assert f"costs {best.f1 - mine.f1:.3f} of F1 and decides {costs} more digits wrongly" in explorer.score(
        0.05
    )
    assert explorer.score(0.05) in repr(explorer)
    assert "costs 0.000 of F1 and decides 0 more" in explorer.score(explorer.calibrated)


def test_asked_for_a_guess_the_still_explorer_gives_nothing_away():
    explorer = some_explorer(guess="ask")
    said = repr(explorer) + explorer.figure().get_suptitle()
    assert f"{explorer.calibrated:.3f}" not in said and "Guess first" in said
    assert len(explorer.figure().axes) == 1


# ---------------------------------------------------------------- odd input


def test_matches_that_are_all_right_make_a_panel():
    neighbors = Neighbors([[1], [1], [1]], [[0.1], [0.2], [0.3]], [[0], [1], [2]])
    explorer = explore_threshold(neighbors, [1, 1, 1])
    assert explorer.classes == (1,)
    assert explorer.view(0.25).matrix.tolist() == [[2, 1]]
    assert explorer.best("precision >= 0.99").distance == pytest.approx(0.3)
    assert not explorer.best("fpr <= 0.01").met
    assert json.dumps(explorer.tables(), allow_nan=False)
    assert explorer.figure() is not None


def test_distances_that_differ_in_the_last_digit_alone_make_a_panel():
    near = np.float32(0.3)
    far = np.nextafter(near, np.float32(1))
    explorer = explore_threshold(Neighbors([[1], [2]], [[near], [far]], [[0], [1]]), [1, 1])
    tables = explorer.tables()
    assert sum(tables["groups"]["all"]["same"]) == sum(tables["groups"]["all"]["different"]) == 1
    assert np.all(np.diff(tables["edges"]) > 0)
    assert explorer.figure() is not None
