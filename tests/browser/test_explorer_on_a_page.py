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


def test_on_a_phone_nothing_lies_over_the_panel_and_nothing_sticks_out(panel):
    page = panel.page
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_function("document.querySelector('.simlib-explorer svg').clientWidth < 390")
    panel.root.evaluate("(root) => root.scrollIntoView({ block: 'end' })")
    page.mouse.wheel(0, -60)  # a way up is what brings a button to the top
    page.wait_for_timeout(500)
    assert page.evaluate(COVERS) == []
    for part in page.locator(".simlib-explorer svg").all():
        assert part.evaluate("(svg) => svg.clientWidth <= svg.parentNode.clientWidth")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    panel.shot("page-390")


# What is drawn over the last panel, below the page's own header, and is no part of it.
COVERS = """() => {
    const root = [...document.querySelectorAll(".simlib-explorer")].pop(), over = [];
    const box = root.getBoundingClientRect();
    for (let x = box.left + 5; x < box.right; x += 20)
        for (let y = Math.max(box.top, 60) + 5; y < Math.min(box.bottom, innerHeight); y += 10) {
            const top = document.elementFromPoint(x, y);
            if (top && !root.contains(top)) over.push(top.id || top.className || top.tagName);
        }
    return over; }"""

ALONE = """<!doctype html><meta charset="utf-8"><style>{css}</style><div id="place" {hidden}></div>
<script type="module">{js}
const tables = {tables}, values = {{ tables, threshold: tables.edges[9], group: "all", guess: {guess} }};
render({{ model: staticModel(values), el: document.getElementById("place") }});
</script>"""


@pytest.fixture
def alone(page, panel_on):
    """Put a panel on an empty page: tables -> the panel."""
    files = {name: (widget.HERE / f"explorer.{name}").read_text(encoding="utf-8") for name in ("css", "js")}

    def show(tables, guess=None, hidden=False):
        given = {"tables": json.dumps(tables), "guess": json.dumps(guess), "hidden": "hidden" * hidden}
        page.set_content(ALONE.format(**given, **files))
        return panel_on(page, drawn=not hidden)

    return show


def test_asked_for_a_guess_the_panel_hides_the_answer_until_there_is_one(alone, tables):
    panel = alone(tables | {"guess": "ask"})
    answer = panel.root.locator(".controls, .goal, .answers, .strip, .legend")
    assert answer.count() == 5 and not any(part.is_visible() for part in answer.all())
    assert panel.root.locator(".line, .dot, .label").count() == 0
    assert panel.root.locator(".note").is_visible() and panel.root.locator("button:visible").count() == 1
    assert f"{tables['calibrated']:.3f}" not in panel.root.inner_text()
    panel.press("ArrowRight")
    panel.shot("page-asking")
    panel.root.get_by_role("button", name="This is my guess").click()
    assert f"Your guess {panel.cutpoint:.4f} has F1" in panel.root.locator(".verdict").text_content()
    assert panel.root.locator(".answers").is_visible() and panel.unknown > 0
    assert not panel.root.locator(".note").is_visible()


def test_a_panel_of_one_group_without_pictures_shows_no_switch_and_no_empty_frames(alone, tables):
    panel = alone(tables | {"pictures": None, "groups": {"all": tables["groups"]["all"]}})
    assert panel.root.locator(".sample").count() > 4 and panel.root.locator(".pair, .switch").count() == 0


def test_the_verdict_on_a_guess_follows_the_group(alone, tables):
    panel = alone(tables | {"guess": 0.2}, guess=0.2)
    verdicts = {"all": panel.root.locator(".verdict").text_content()}
    for group in ("unseen", "seen"):
        panel.group(group)
        verdicts[group] = panel.root.locator(".verdict").text_content()
        assert verdicts[group].startswith(f"Among {group}: Your guess 0.2000 has F1")
    assert len({said.split("F1")[1] for said in verdicts.values()}) == 3
    panel.group("all")
    assert panel.root.locator(".verdict").text_content() == verdicts["all"]


def test_the_false_positive_rate_says_how_many_matches_it_allows(alone, tables):
    panel = alone(tables)
    part = tables["groups"]["all"]
    wrong = part["fp"][-1] + part["tn"][-1]
    panel.jump("fpr", 0.5)
    assert f"at most {wrong // 2} of the {wrong} wrong matches" in panel.root.locator(".hint").text_content()


def test_a_hidden_panel_is_drawn_once_it_is_shown_and_as_wide_as_its_column(alone, tables):
    panel = alone(tables, hidden=True)
    page, plot = panel.page, panel.root.locator(".plot")
    assert plot.locator("svg").count() == 0  # there is no width to draw it for
    for width in (422, 640):
        page.evaluate("(w) => (place.hidden = false, place.style.width = `${w}px`)", width)
        page.wait_for_function("() => document.querySelector('.plot svg')")
        page.wait_for_timeout(200)
        column, drawn = plot.evaluate("(plot) => [plot.clientWidth, plot.firstChild.clientWidth]")
        assert column == drawn < width
        page.evaluate("place.hidden = true")
        page.wait_for_timeout(200)
