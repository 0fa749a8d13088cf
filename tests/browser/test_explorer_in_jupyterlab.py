"""The threshold explorer in a real JupyterLab: run all, use the keyboard, jump to a goal, read the page."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request

import pytest

TOKEN = "reader"
IDLE = "window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'"
WIDTHS = "(plot) => [plot.clientWidth, plot.firstChild.clientWidth]"  # of the column, of the chart
IN_KERNEL = """async (code) => {
    const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
    const done = kernel.requestExecute({code}); let text = "";
    done.onIOPub = (m) => { if (m.header.msg_type === "stream") text += m.content.text; };
    await done.done; return text.trim(); }"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory, notebook):
    """A JupyterLab on a copy of the notebook, with settings of its own; its address."""
    pytest.importorskip("anywidget", reason="no anywidget: pip install -r requirements.txt")
    folder, private = tmp_path_factory.mktemp("course"), tmp_path_factory.mktemp("jupyter")
    shutil.copy(notebook, folder)
    shutil.copytree(notebook.parent / "models", folder / "models")
    settings = private / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)  # no news over the page
    news = '{"fetchNews": "false", "checkForUpdates": false, "doNotDisturbMode": true}'
    (settings / "notification.jupyterlab-settings").write_text(news)
    places = [f"JUPYTER{place}_DIR" for place in ("_CONFIG", "_RUNTIME", "LAB_WORKSPACES", "LAB_SETTINGS")]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1", f"--port={port}"]
    command += [f"--IdentityProvider.token={TOKEN}", f"--ServerApp.root_dir={folder}", "--allow-root"]
    command += ["--LabApp.expose_app_in_browser=True"]
    log = private / "lab.log"
    with log.open("w") as out:
        environment = os.environ | dict.fromkeys(places, str(private))
        server = subprocess.Popen(command, env=environment, stdout=out, stderr=subprocess.STDOUT)
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            try:
                urllib.request.urlopen(f"{url}/api/status?token={TOKEN}", timeout=2).close()
                break
            except OSError:
                assert server.poll() is None, log.read_text()
                time.sleep(0.1)
        yield f"{url}/doc/tree/{notebook.name}?token={TOKEN}&reset"
    finally:
        server.terminate()
        server.wait(30)


def run_all(page, lab):
    """Open the notebook and run it from top to bottom; an error in a cell fails the test."""
    page.goto(lab)
    page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
    page.wait_for_function(IDLE, timeout=60_000)
    page.evaluate("window.jupyterapp.commands.execute('runmenu:run-all')")
    page.wait_for_selector(".simlib-explorer", state="attached", timeout=180_000)
    page.wait_for_function(IDLE, timeout=60_000)
    assert page.locator("[data-mime-type='application/vnd.jupyter.error']").count() == 0


def test_the_panel_in_jupyterlab(page, lab, panel_on):
    page.set_viewport_size({"width": 1180, "height": 1000})
    run_all(page, lab)
    panel = panel_on(page)
    panel.root.get_by_role("radio", name="unseen").wait_for(state="attached")  # not the one that only asks
    calibrated, unknown = panel.cutpoint, panel.unknown

    # One key, one observed distance: at least one more digit becomes unknown.
    panel.press("ArrowLeft", "ArrowLeft", "ArrowLeft")
    assert panel.cutpoint < calibrated and panel.unknown >= unknown + 3
    before = panel.words
    panel.press("ArrowLeft")
    assert panel.words != before
    panel.press("ArrowRight")
    assert panel.words == before

    # The goal that `calibrate` prints in the same notebook is where the slider jumps to.
    panel.jump("precision", 0.99)
    said = page.locator(".jp-RenderedText", has_text="Calibration on").first.inner_text()
    assert panel.cutpoint == float(re.search(r"precision >= 0\.99\)? +([\d.]+)", said).group(1))
    assert panel.metric("precision") >= 0.99
    slider = panel.root.locator("input[type=range]")
    assert float(slider.input_value()) == pytest.approx(panel.cutpoint, abs=1e-4)
    panel.shot("jupyterlab")

    # The kernel follows the reader, and the reader follows the kernel.
    seen = page.evaluate(IN_KERNEL, "print(round(explorer.panel.threshold, 4))")
    assert float(seen) == panel.cutpoint
    said = page.evaluate(IN_KERNEL, "explorer.panel.threshold = 0.2; print(explorer.view(0.2))")
    panel.root.locator(".cutpoint", has_text="0.2000").wait_for()
    assert panel.words == said

    panel.group("unseen")
    assert " of 200 " in panel.words
    panel.root.get_by_role("button", name="Set my guess here").click()
    assert "Among unseen: Your guess 0.2000" in panel.root.locator(".verdict").text_content()


def test_the_guess_of_the_panel_is_my_guess_in_the_next_cell(page, lab, panel_on):
    run_all(page, lab)
    panel = panel_on(page, page.locator(".simlib-explorer").first)
    panel.press("Home", "PageUp", "ArrowRight")
    guess = panel.cutpoint
    panel.root.get_by_role("button", name="This is my guess").click()
    cell = "my_guess = 0.25 if asked.guess == 'ask' else asked.guess; print(round(my_guess, 4))"
    assert float(page.evaluate(IN_KERNEL, cell)) == guess


def test_after_a_reload_each_panel_is_as_wide_as_its_column(page, lab, panel_on):
    page.set_viewport_size({"width": 1000, "height": 900})
    run_all(page, lab)
    page.evaluate("window.jupyterapp.commands.execute('docmanager:save')")
    for _ in range(5):
        page.goto(lab)
        page.wait_for_selector(".simlib-explorer", state="attached", timeout=60_000)
        for root in page.locator(".simlib-explorer").all():
            panel_on(page, root)
            page.wait_for_timeout(300)  # a second drawing would follow the first
            column, drawn = root.locator(".plot").evaluate(WIDTHS)
            assert column == drawn > 0
