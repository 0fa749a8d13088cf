"""The explorer on the static site, read from the disk: no server, no kernel, no network."""

import base64
import json
import sys
import warnings
from pathlib import Path

import pytest

from simlib.explorer import picture as still
from simlib.explorer import widget

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "notebooks"))


@pytest.fixture(scope="module")
def site(tmp_path_factory, notebook):
    pytest.importorskip("myst_nb", reason="no Sphinx: `make site` installs it")
    import reading_edition

    folder = tmp_path_factory.mktemp("site")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what the theme does is the theme's own affair
        assert reading_edition.build([notebook], folder) == []
    return folder / "notebooks" / f"{notebook.stem}.html"


@pytest.fixture(scope="module")
def tables(notebook):
    """The tables that the stored notebook's picture carries."""
    cells = json.loads(notebook.read_text())["cells"]
    outputs = [output.get("data", {}) for cell in cells for output in cell.get("outputs", [])]
    found = [still.tables_in(base64.b64decode(data["image/png"])) for data in outputs if "image/png" in data]
    return [table for table in found if table][-1]


@pytest.fixture
def panel(page, site, panel_on):
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(site.as_uri())
    yield panel_on(page)
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []


def test_the_slider_works_without_a_kernel(panel, tables):
    part = tables["groups"]["all"]
    at = part["steps"].index(min(part["steps"], key=lambda d: abs(d - tables["calibrated"]))) + 1
    assert panel.unknown == part["fn"][at] + part["tn"][at]
    panel.press("ArrowLeft")
    assert panel.cutpoint == pytest.approx(part["steps"][at - 2], abs=6e-5)
    assert panel.unknown == part["fn"][at - 1] + part["tn"][at - 1]
    panel.press("Home")
    assert panel.unknown == part["fn"][1] + part["tn"][1]
    panel.press("End")
    assert panel.unknown == part["fn"][-1] + part["tn"][-1]
    panel.press("PageDown")
    assert panel.unknown == part["fn"][-11] + part["tn"][-11]


def test_a_goal_out_of_reach_is_said_and_moves_nothing(panel):
    before = panel.cutpoint
    panel.jump("precision", 1.5)
    assert "No distance reaches precision ≥ 1.5 among “all”" in panel.root.locator(".said").text_content()
    panel.jump("precision", "")
    assert "Give a number" in panel.root.locator(".said").text_content()
    assert panel.cutpoint == before


def test_a_narrow_page_breaks_nothing_and_is_readable_in_the_dark(panel):
    panel.page.set_viewport_size({"width": 620, "height": 900})
    panel.page.evaluate("document.documentElement.dataset.theme = 'dark'")
    panel.page.wait_for_function("document.querySelector('.simlib-explorer svg').clientWidth < 600")
    box = panel.root.bounding_box()
    parts = panel.root.locator("svg, table, .sample").all()
    assert (
        max(b["x"] + b["width"] for b in (part.bounding_box() for part in parts)) <= box["x"] + box["width"]
    )
    ink, paper = panel.root.evaluate(
        "(root) => [getComputedStyle(root).color, getComputedStyle(root).backgroundColor]"
    )
    assert ink == "rgb(232, 232, 232)" and paper == "rgb(28, 30, 33)"
    panel.shot("page-narrow-dark")


ALONE = """<!doctype html><meta charset="utf-8"><style>{css}</style><div id="place"></div>
<script type="module">{js}
const tables = {tables}, values = {{ tables, threshold: tables.edges[9], group: "all", guess: null }};
render({{ model: staticModel(values), el: document.getElementById("place") }});
</script>"""


def test_asked_for_a_guess_the_panel_hides_the_answer_until_there_is_one(page, panel_on, tables):
    files = {name: (widget.HERE / f"explorer.{name}").read_text(encoding="utf-8") for name in ("css", "js")}
    page.set_content(ALONE.format(tables=json.dumps(tables | {"guess": "ask"}), **files))
    panel = panel_on(page)
    answer = panel.root.locator(".goal, .answers, .line-f1, .strip, .label, .dot-f1, .legend")
    assert answer.count() > 5 and not any(part.is_visible() for part in answer.all())
    assert f"{tables['calibrated']:.3f}" not in panel.root.inner_text()
    panel.press("ArrowRight")
    panel.shot("page-asking")
    panel.root.get_by_role("button", name="This is my guess").click()
    assert f"Your guess {panel.cutpoint:.4f} has F1" in panel.root.locator(".verdict").text_content()
    assert panel.root.locator(".answers").is_visible() and panel.unknown > 0
