"""A real Chromium for the browser tests, driven by Playwright. Without one they are skipped, and say why.

`make test-browser` installs what is missing, and sets BROWSER=required: what is missing then fails.
CHROMIUM=/path/to/chromium uses another one.
"""

import os
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SHOTS = ROOT / "build" / "browser"
# Chromium as root in a container, and no look-ups of its own.
QUIET = "no-sandbox disable-gpu disable-quic no-first-run disable-sync".split()
QUIET += ["disable-background-networking", "disable-component-update"]


def missing(what):
    stop = pytest.fail if os.environ.get("BROWSER") == "required" else pytest.skip
    stop(f"{what}; `make test-browser` installs what these tests need")


@pytest.fixture(scope="session")
def browser():
    try:
        from playwright import sync_api as playwright
    except ImportError:
        missing("there is no Playwright")
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if not chromium:
        missing("there is no Chromium on this machine")
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=chromium, args=[f"--{flag}" for flag in QUIET])
        yield started
        started.close()


@pytest.fixture
def page(browser):
    """An empty page; an error in its scripts fails the test."""
    page, errors = browser.new_page(viewport={"width": 1280, "height": 960}), []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    page.close()
    assert not errors


class PanelOnPage:
    """The explorer's panel on a page, by what a reader sees and does: the last, unless another is given."""

    def __init__(self, page, root=None, drawn=True):
        self.page, self.root = page, root or page.locator(".simlib-explorer").last
        self.root.wait_for(state="attached")
        if drawn:  # what is out of sight, JupyterLab gives no layout, and so the panel is not drawn
            self.root.scroll_into_view_if_needed()
            self.root.locator("svg").first.wait_for()

    @property
    def words(self):
        return self.root.locator(".words").text_content()

    @property
    def cutpoint(self):
        return float(self.root.locator(".cutpoint").text_content())

    @property
    def unknown(self):
        """How many of all are called unknown: from the words, checked against the matrix."""
        said = int(self.words.split(", ")[1].split(" of ")[0])
        column = self.root.locator("tbody td:last-child").all_text_contents()
        assert said == sum(int(n or 0) for n in column)
        return said

    def metric(self, name):
        return float(self.root.locator(f".label.ink-{name} .value").text_content())

    def press(self, *keys):
        self.root.locator("input[type=range]").focus()
        for key in keys:
            self.page.keyboard.press(key)

    def jump(self, goal, *values):
        self.root.get_by_label("goal").select_option(goal)
        for i, value in enumerate(values):
            self.root.locator(".inputs input").nth(i).fill(str(value))
        self.root.get_by_role("button", name="Jump there").click()

    def group(self, name):
        self.root.get_by_role("radio", name=name, exact=True).check(force=True)

    def shot(self, name):
        SHOTS.mkdir(parents=True, exist_ok=True)
        self.root.scroll_into_view_if_needed()
        self.root.screenshot(path=SHOTS / f"{name}.png")


@pytest.fixture
def panel_on():
    return PanelOnPage


@pytest.fixture(scope="session")
def notebook():
    """Notebook 04, executed and stored, with the panel in it. EXPLORER_NOTEBOOK names another one."""
    path = Path(os.environ.get("EXPLORER_NOTEBOOK", ROOT / "notebooks" / "04_calibrate.ipynb"))
    if not path.exists() or "explore_threshold(" not in path.read_text(encoding="utf-8"):
        missing(f"{path.name} does not hold the explorer")
    return path
