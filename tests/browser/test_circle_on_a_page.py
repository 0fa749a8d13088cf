"""The panel of one point on a circle, on a page without a kernel: by mouse and by keyboard."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from simlib.explorer import widget

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
sys.path.insert(0, str(NOTEBOOKS))
LABELS = np.repeat([7, 3, 5], 4)
PAGE = """<!doctype html><meta charset="utf-8"><style>{css}</style><div id="place"></div>
<script type="module">{js}
render({{ model: {{ get: () => ({tables}) }}, el: document.getElementById("place") }});
</script>"""


@pytest.fixture
def circle(page):
    """(the page, the tables) of a panel whose classes lie at 0, 120 and 240 degrees."""
    from circle_panel import CirclePanel

    angles = np.repeat([0.0, 2.1, 4.2], 4) + np.tile([-0.1, 0, 0.05, 0.1], 3)
    tables = CirclePanel(np.stack([np.cos(angles), np.sin(angles)], axis=1), LABELS, anchor=1).tables()
    css = (widget.HERE / "explorer.css").read_text(encoding="utf-8")
    js = (NOTEBOOKS / "circle_panel.js").read_text(encoding="utf-8")
    page.set_content(PAGE.format(css=css, js=js, tables=json.dumps(tables)))
    return page, tables


def test_the_arrow_keys_move_the_point_and_its_loss_is_said(circle):
    page, tables = circle
    slider, words = page.locator("input[type=range]"), page.locator(".words")
    assert "keeps 0 of 3 partners and 0 of 8 strangers" in words.text_content()
    slider.focus()
    for _ in range(60):
        page.keyboard.press("ArrowRight")
    assert slider.input_value() == str(tables["start"] + 60)
    pull, push = tables["terms"][60]
    assert f"pull {pull:.3f} + push {push:.3f}" in words.text_content()
    # Between the strangers at 120 degrees: its partners pull it back, clockwise, and all of them are kept.
    assert "3 of 3 partners" in words.text_content() and "moved clockwise" in words.text_content()


def test_the_point_goes_where_it_is_dragged(circle):
    page, tables = circle
    circle, words = page.locator(".simlib-circle svg").first, page.locator(".words")
    box = circle.bounding_box()
    middle, radius = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2), box["width"] / 3
    page.mouse.move(middle[0] + radius, middle[1])
    page.mouse.down()
    page.mouse.move(middle[0], middle[1] - radius)  # a quarter, counter-clockwise
    page.mouse.up()
    assert page.locator("input[type=range]").input_value() == "45"
    kept = [i for i, _ in tables["pairs"][45]]
    assert page.locator(".simlib-circle svg g line").count() == len(kept) > 0
    before = words.text_content()
    page.mouse.move(middle[0] - radius, middle[1])  # the button is up: nothing is dragged
    assert words.text_content() == before


def test_it_fits_a_phone(circle):
    page, _ = circle
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
