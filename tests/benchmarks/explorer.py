"""How fast does the explorer answer? Run it: python tests/benchmarks/explorer.py

Numbers: one slider step in Python, `Explorer.view`. Picture: one step of the panel in Chromium, from the key
to the finished layout. Both on as many queries as are named; the aims are 5 ms and 100 ms on two cores.
"""

import json
import os
import shutil
import time

import numpy as np

from simlib import load_mnist
from simlib.explorer import widget
from simlib.explorer.counts import explore_threshold
from simlib.neighbors import Neighbors

GROUPS = {"seen": range(6), "unseen": range(6, 10)}
PAGE = """<!doctype html><meta charset="utf-8"><style>{css}</style><div id="place" style="width:940px"></div>
<script type="module">{js}
const tables = {tables}, values = {{ tables, threshold: tables.calibrated, group: "all", guess: null }};
render({{ model: staticModel(values), el: document.getElementById("place") }});
window.ready = true;
</script>"""
STEPS = """() => {
    const slider = document.querySelector(".simlib-explorer input[type=range]"), times = [];
    for (let i = 0; i < 60; i++) {
        const key = new KeyboardEvent("keydown", { key: i < 30 ? "ArrowLeft" : "ArrowRight", bubbles: true });
        const start = performance.now();
        slider.dispatchEvent(key);
        document.querySelector(".simlib-explorer").getBoundingClientRect();
        times.push(performance.now() - start);
    }
    return times; }"""
FRAMES = """async () => {
    const slider = document.querySelector(".simlib-explorer input[type=range]"), times = [];
    const frame = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 0)));
    for (let i = 0; i < 30; i++) {
        await frame();
        const start = performance.now();
        slider.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowLeft", bubbles: true }));
        await frame();
        times.push(performance.now() - start);
    }
    return times; }"""


def some_explorer(n):
    """Real digits, at made-up distances."""
    rng, splits = np.random.default_rng(0), load_mnist()
    x, y = (np.concatenate(parts) for parts in zip(*splits))
    rows = np.arange(n) % len(y)
    labels = y[rows]
    distances = rng.gamma(4, 0.04, n)
    found = np.where(rng.random(n) < 1 - distances**2, labels, rng.integers(0, 10, n))
    neighbors = Neighbors(found[:, None], distances[:, None], rng.integers(0, 200, (n, 1)))
    return explore_threshold(neighbors, labels, x[rows], x[neighbors.ids], GROUPS)


def milliseconds(function, arguments):
    spent = []
    for argument in arguments:
        start = time.perf_counter()
        function(argument)
        spent.append(1000 * (time.perf_counter() - start))
    return spent


def said(title, spent, aim):
    middle, worst = np.median(spent), np.max(spent)
    return f"  {title:46} median {middle:7.2f} ms   worst {worst:7.2f} ms   (aim: {aim} ms)"


def main():
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    for n in (500, 1_000, 10_000):
        explorer = some_explorer(n)
        print(f"{n:,} queries")
        print(said("numbers: view(threshold)", milliseconds(explorer.view, np.linspace(0, 0.5, 50)), 5))
        start = time.perf_counter()
        tables = json.dumps(explorer.tables())
        made = 1000 * (time.perf_counter() - start)
        print(f"  {'once: tables for the panel':46} {made:.0f} ms, {len(tables) / 1e6:.2f} MB")
        if not chromium:
            print("  picture: not measured, there is no Chromium (make test-browser)")
            continue
        from playwright.sync_api import sync_playwright

        files = {
            name: (widget.HERE / f"explorer.{name}").read_text(encoding="utf-8") for name in ("css", "js")
        }
        with sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
            page = browser.new_page(viewport={"width": 1000, "height": 900})
            page.set_content(PAGE.format(tables=tables, **files))
            page.wait_for_function("window.ready")
            print(said("picture: one key to the finished layout", page.evaluate(STEPS), 100))
            print(said("picture: one key to the painted frame", page.evaluate(FRAMES), 100))
            browser.close()


if __name__ == "__main__":
    main()
