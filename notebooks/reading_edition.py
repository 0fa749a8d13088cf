"""The reading edition: the whole course as a static site, whose explorer works without a kernel.

    python notebooks/reading_edition.py        write build/site/ (open index.html) and build/site.zip

Sphinx makes pages of the README, the stored notebooks, the exercises and the docstrings. The pages lie as
the files do in the repository, so that a link which holds there holds here. The explorer's picture in a
stored notebook carries its tables, so its live panel is put back in the picture's place. Nothing is executed
and nothing needs a network, to build or to read. A link that leads nowhere is an error.
"""

import base64
import html
import itertools
import json
import os
import posixpath
import re
import shutil
import sys
import tempfile
from pathlib import Path
from urllib.parse import unquote, urlsplit

import nbformat

import colab
import simlib
from simlib.embedding import register
from simlib.explorer import widget
from simlib.explorer.picture import tables_in

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "build" / "site"
SHELVES = {  # the site's parts, and the files that each shows
    "Notebooks": ["notebooks/[0-9]*.ipynb"],
    "Exercises": ["exercises/README.md", "exercises/[0-9]*.ipynb"],
    "The library": [],  # the reference
    "More": ["exercises/[A-QS-Z]*.md", "notebooks/**/*.md", "tests/**/*.md", "C[HO]*.md"],
}
ROOMS = {  # the pages of the reference, and whose docstrings each shows
    "arrays": "Arrays: index, look up, calibrate, match",
    "embedding": "Keras: model, layers, losses, samplers",
    "trust": "Trust: how far to believe a cutpoint",
    "plots": "Plots",
    "explorer": "The threshold explorer",
    "scale": "Scale: more than one machine's memory",
    "course": "The course's data and recipe",
}
DOCSTRINGS = "```{{eval-rst}}\n.. automodule:: simlib.{}\n   :members: {}\n```"
LINK = re.compile(r"(?<!!)\[((?:[^\[\]]|\[[^\]]*\])+)\]\((?!https?:|mailto:|#)([^)\s]+)\)")
BADGES = re.compile(r"\[!\[([^\]]*)\]\([^)]*\)\]\(([^)]*)\)")
PANELS = {"explorer": widget.HERE / "explorer.js", "circle": Path(__file__).with_name("circle_panel.js")}
# A page that is read from a disk may not load modules: the panels become ordinary scripts.
BOOT = """
for (const place of document.querySelectorAll(".simlib-panel[data-panel=PANEL]")) {
  const tables = JSON.parse(place.querySelector("script").textContent);
  const values = typeof staticValues === "undefined" ? { tables } : staticValues(tables);
  render({ model: { get: (name) => values[name], set() {}, save_changes() {}, on() {} }, el: place });
}
"""
# Room for the panel's two columns, and no frame of the theme's around it or around a picture.
STYLE = """
.bd-main .bd-content .bd-article-container { max-width: 64rem; }
.bd-content div.cell_output .text_html:has(.simlib-panel, img) {
  background: none !important; padding: 0 !important;
}
.bd-content div.cell_output .text_html img { max-width: 100%; }
.bd-content .formula { overflow-x: auto; }
.bd-content table.dataframe :is(th, td) { padding: 0.2rem 0.6rem; }
"""
SETTINGS = {
    "project": "Similarity search, by doing it",
    "html_title": "Similarity search, by doing it",
    "root_doc": "index",
    "extensions": ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "reading_edition"],
    "html_theme": "sphinx_book_theme",
    "html_theme_options": {
        "use_download_button": False,
        "use_fullscreen_button": False,
        "back_to_top_button": False,  # on a narrow page it would cover the panel
        "secondary_sidebar_items": [],
        "navbar_persistent": [],
        "footer_content_items": [],
        "show_navbar_depth": 1,
    },
    "html_copy_source": False,
    "html_math_renderer": "mathml",
    "html_static_path": ["_assets"],
    "html_js_files": [(f"{panel}.js", {"defer": "defer"}) for panel in PANELS],
    "html_css_files": ["explorer.css"],
    "nb_execution_mode": "off",
    "nb_ipywidgets_js": {},
    "nb_merge_streams": True,
    "myst_enable_extensions": ["dollarmath"],
    "myst_heading_anchors": 4,
    "autodoc_member_order": "bysource",
    "add_module_names": False,
    "suppress_warnings": ["mystnb.unknown_mime_type", "myst.header"],
}


def plain(lines):
    """Docstrings are written like the notebooks' text: make that reStructuredText. Changes `lines`."""
    example = False
    for i, line in enumerate(lines):
        example = bool(line.strip()) and (example or line.lstrip().startswith(">>>"))
        if not example:
            prose = re.split("`([^`]+)`", line)
            prose[::2] = [re.sub(r"([*|]|_(?=\W|$))", r"\\\1", words) for words in prose[::2]]
            prose[1::2] = [f"``{code}``" for code in prose[1::2]]
            lines[i] = "".join(prose)


def setup(app):
    """Sphinx calls this: formulas become MathML, which browsers draw by themselves."""
    from latex2mathml.converter import convert

    def show(display):
        def visit(writer, node):
            formula = convert(node.astext(), display=display)
            writer.body.append(f'<div class="formula">{formula}</div>' if display == "block" else formula)
            raise nodes.SkipNode

        return visit, None

    from docutils import nodes

    app.add_html_math_renderer("mathml", show("inline"), show("block"))
    app.connect("autodoc-process-docstring", lambda *said: plain(said[-1]), priority=400)
    return {"parallel_read_safe": True}


def live(output):
    """The panel in place of the picture that carries its tables, other pictures with their descriptions."""
    picture = output.get("data", {}).get("image/png")
    if not picture:
        return output
    tables = tables_in(base64.b64decode(picture))
    words = html.escape(output.metadata.get("image/png", {}).get("alt", ""))
    shown = f'<img alt="{words}" src="data:image/png;base64,{"".join(picture.split())}">'
    if tables:
        text = json.dumps(tables, separators=(",", ":")).replace("<", "\\u003c")
        panel = tables.get("panel", "explorer")
        script = f'<script type="application/json">{text}</script>'
        shown = f'<div class="simlib-panel" data-panel="{panel}">{script}</div>'
    return nbformat.v4.new_output("display_data", {"text/html": shown})


def linked(text, place, address=None, lost=None):
    """Markdown whose links hold on the site: to its pages, to the reference, or to the repository.

    `place` is the path of the file that holds the text. A link to a file that is not there is added to the
    list `lost` and loses its goal.
    """

    def goal(match):
        words, link = match.groups()
        here = posixpath.dirname(place)
        path = posixpath.normpath(posixpath.join(here, link.partition("#")[0]))
        if not (ROOT / path).exists():
            lost.append(f"{place}: the link to {link} leads nowhere")
            return words
        if path == "README.md":
            return f"[{words}]({posixpath.relpath('index.md', here)})"
        if path.endswith((".md", ".ipynb", ".png")):
            return match[0]
        if path.startswith("simlib/"):
            module = path.removeprefix("simlib/").removesuffix(".py").replace("/", ".")
            page = posixpath.relpath(f"api/{_room(path)}.md", here)
            anchor = f"#simlib-{module.replace('.', '-')}" if module in _modules() else ""
            return f"[{words}]({page}{anchor})"
        return f"[{words}]({address}/blob/main/{path})" if address else words

    return LINK.sub(goal, BADGES.sub(r"[\1](\2)", text))


def _room(path):
    parts = path.split("/")
    return parts[1] if len(parts) > 1 and parts[1] in ROOMS else "arrays"


def _modules():
    """The modules whose docstrings the reference shows, in the order in which simlib lists them."""
    plots = (f"plots.{path.stem}" for path in sorted((ROOT / "simlib/plots").glob("[a-z]*.py")))
    modules = [*list(simlib._HOME)[1:], *simlib._MODULES.values(), *plots, *simlib._HOME]  # `checks` last
    return [m for m in dict.fromkeys(modules) if (ROOT / f"simlib/{m.replace('.', '/')}.py").exists()]


def reference():
    """{file name: Markdown} of the reference: Sphinx puts the docstrings in."""
    pages = {}
    for room, title in ROOMS.items():
        modules = [m for m in _modules() if _room(f"simlib/{m.replace('.', '/')}") == room]
        names = {m: ", ".join(simlib._HOME.get(m, ())) for m in modules}  # of other modules, all
        parts = [f"## simlib.{m}\n\n{DOCSTRINGS.format(m, names[m])}" for m in modules]
        pages[f"api/{room}.md"] = "\n\n".join([f"# {title}", *parts])
    return pages


def page(path, place, address=None, lost=None):
    """A notebook, made ready for the site: live panels, described pictures, links that hold."""
    notebook = nbformat.read(path, 4)
    notebook.cells = [cell for cell in notebook.cells if not colab.sets_up(cell)]
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [live(output) for output in cell.outputs]
        else:
            cell.source = linked(cell.source, place, address, lost)
    return notebook


def shelf(caption):
    """The paths in the repository that a part of the site shows, in order."""
    found = (sorted(ROOT.glob(pattern)) for pattern in SHELVES[caption])
    return [path.relative_to(ROOT).as_posix() for path in itertools.chain(*found)]


def contents():
    """The lists of pages that the sidebar shows."""
    lists = {caption: shelf(caption) or [f"api/{room}.md" for room in ROOMS] for caption in SHELVES}
    start = "```{toctree}\n:hidden:\n:caption: "
    return "".join("\n".join([f"\n{start}{caption}\n", *pages, "```\n"]) for caption, pages in lists.items())


def write_sources(source, notebooks, address):
    """What Sphinx reads: pages in the repository's folders, the panels' code; returns the lost links."""
    assets = source / "_assets"
    assets.mkdir()
    for panel, path in PANELS.items():
        script = re.sub(r"^export (default .*)?", "", path.read_text(encoding="utf-8"), flags=re.M)
        boot = BOOT.replace("PANEL", panel)
        (assets / f"{panel}.js").write_text(f"(() => {{\n{script}\n{boot}}})();\n", encoding="utf-8")
    style = (widget.HERE / "explorer.css").read_text(encoding="utf-8")
    (assets / "explorer.css").write_text(style + STYLE, encoding="utf-8")
    texts, lost = reference(), []
    paths = {place: ROOT / place for place in ["README.md", *itertools.chain(*map(shelf, SHELVES))]}
    for place, path in {**paths, **{f"notebooks/{path.name}": path for path in notebooks}}.items():
        if path.suffix == ".ipynb":
            texts[place] = nbformat.writes(page(path, place, address, lost))
        else:
            texts[place] = linked(path.read_text(encoding="utf-8"), place, address, lost)
    texts["index.md"] = texts.pop("README.md") + contents()
    for place, text in texts.items():
        (source / place).parent.mkdir(parents=True, exist_ok=True)
        (source / place).write_text(text, encoding="utf-8")
    shutil.copytree(ROOT / "notebooks" / "images", source / "notebooks" / "images")
    return lost


def broken(folder):
    """The links of the pages in `folder` that lead to no file, or to no place in it: [(page, link)]."""
    from bs4 import BeautifulSoup

    pages = {
        p: BeautifulSoup(p.read_text("utf-8"), "html.parser")
        for p in folder.rglob("*.html")
        if "_static" not in p.parts
    }  # the theme's own templates
    marks = {p: {tag.get("id") or tag.get("name") for tag in soup(True)} for p, soup in pages.items()}
    found = []
    for here, soup in pages.items():
        for tag in soup(["a", "img", "link", "script"]):
            link = tag.get("href") or tag.get("src") or "#"
            parts = urlsplit(link)
            if parts.scheme or parts.netloc or link == "#":
                continue
            goal = Path(os.path.normpath(here.parent / unquote(parts.path))) if parts.path else here
            lost = parts.fragment and goal in marks and unquote(parts.fragment) not in marks[goal]
            if not goal.is_file() or lost:
                found.append((here.relative_to(folder).as_posix(), link))
    return found


def build(notebooks=(), out=OUT):
    """Make the site, with `notebooks` in place of the stored ones; what is wrong, as a list of sentences."""
    from sphinx.application import Sphinx

    with register.without_chatter():
        import keras  # noqa: F401  whose backend would talk into Sphinx's warnings

    sys.path.insert(0, os.fspath(Path(__file__).parent))  # where Sphinx finds this file
    shutil.rmtree(out, ignore_errors=True)
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "source")
        source.mkdir()
        wrong = write_sources(source, notebooks, colab.repository())
        places = {"srcdir": source, "confdir": None, "outdir": out, "doctreedir": Path(folder, "doctrees")}
        sphinx = Sphinx(**places, buildername="html", confoverrides=SETTINGS, status=None)
        sphinx.build()
    wrong += [f"{here}: the link to {link} leads nowhere" for here, link in broken(out)]
    return wrong + [f"Sphinx warned {sphinx._warncount} times, see above"] * bool(sphinx._warncount)


if __name__ == "__main__":
    wrong = build()
    shutil.make_archive(os.fspath(OUT), "zip", OUT.parent, OUT.name)
    pages = len(list(OUT.rglob("*.html")))
    print(*wrong, f"{pages} pages -> {OUT / 'index.html'}, and all in {OUT}.zip", sep="\n")
    sys.exit(bool(wrong))
