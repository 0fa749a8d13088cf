"""The site's links: each holds, or the build says which does not. `make site` builds all of it."""

import base64
import json
import sys
from pathlib import Path

import nbformat
import pytest
from matplotlib.figure import Figure

import simlib
from simlib.explorer.picture import png

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "notebooks"))
import reading_edition as site  # noqa: E402

ADDRESS = "https://github.com/who/course"


@pytest.mark.parametrize(
    "place, link, leads_to",
    [
        ("notebooks/02_index.ipynb", "../exercises/README.md", "../exercises/README.md"),
        ("exercises/README.md", "../notebooks/02_index.ipynb#recap", "../notebooks/02_index.ipynb#recap"),
        ("notebooks/02_index.ipynb", "../README.md", "../index.md"),
        ("README.md", "simlib/index.py", "api/arrays.md#simlib-index"),
        ("notebooks/models/digits.md", "../../simlib/trust", "../../api/trust.md"),
        ("README.md", "simlib/embedding/losses.py", "api/embedding.md#simlib-embedding-losses"),
        ("README.md", "tests/conftest.py", f"{ADDRESS}/blob/main/tests/conftest.py"),
        ("README.md", "https://example.org/a", "https://example.org/a"),
        ("README.md", "#tests", "#tests"),
    ],
)
def test_a_link_of_the_repository_holds_on_the_site(place, link, leads_to):
    assert site.linked(f"See [`it`, *all*]({link}).", place, ADDRESS) == f"See [`it`, *all*]({leads_to})."


def test_without_an_address_a_link_to_code_becomes_its_words_and_one_to_nothing_is_an_error():
    assert site.linked("See [the tests](tests/conftest.py).", "README.md") == "See the tests."
    lost = []
    assert site.linked("[a](../nowhere.md), [b](../README.md#c)", "notebooks/x.md", None, lost)[:3] == "a, "
    assert lost == ["notebooks/x.md: the link to ../nowhere.md leads nowhere"]


def test_links_that_lead_nowhere_are_found(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b.html").write_text('<p id="here"></p><a href="../c.html#there">x</a>')
    (tmp_path / "c.html").write_text(
        '<a href="a/b.html#here">good</a> <a href="a/b.html#lost">bad</a> <a href="https://x.org">good</a>'
        '<img src="lost.png"> <a href="#">good</a> <a href="a/b.html?q=1">good</a> <a href="a/">bad</a>'
    )
    found = {("a/b.html", "../c.html#there"), ("c.html", "a/b.html#lost"), ("c.html", "lost.png")}
    assert set(site.broken(tmp_path)) == found | {("c.html", "a/")}


def test_a_picture_keeps_its_description_and_its_bytes():
    picture = base64.b64encode(b"no tables in here").decode()
    output = nbformat.v4.new_output("display_data", {"image/png": picture}, metadata={})
    output.metadata["image/png"] = {"alt": 'a "b" <c>'}
    shown = site.live(output).data["text/html"]
    assert f'src="data:image/png;base64,{picture}"' in shown and "a &quot;b&quot; &lt;c&gt;" in shown


@pytest.mark.parametrize("tables, panel", [({"noun": "digits"}, "explorer"), ({"panel": "circle"}, "circle")])
def test_a_picture_that_carries_tables_becomes_its_panel(tables, panel):
    picture = base64.b64encode(png(Figure(), tables)).decode()
    shown = site.live(nbformat.v4.new_output("display_data", {"image/png": picture})).data["text/html"]
    assert f'data-panel="{panel}"' in shown and json.dumps(tables, separators=(",", ":")) in shown
    assert site.PANELS[panel].is_file()


def test_the_reference_shows_every_public_name_s_module():
    pages = "\n".join(site.reference().values())
    for module in simlib._HOME:
        assert f"automodule:: simlib.{module}\n" in pages
