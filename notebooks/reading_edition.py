"""The reading edition: the executed notebooks as a static site, whose explorer works without a kernel.

    python notebooks/reading_edition.py        read notebooks/*.ipynb, write build/site/ (open index.html)

Sphinx makes the pages. The explorer's picture in a stored notebook carries its tables, so its live panel
is put back in the picture's place. Nothing is executed and nothing needs a network, to build or to read.
"""

import base64
import json
import re
import shutil
import sys
import tempfile
from pathlib import Path

import nbformat

from simlib.explorer import widget

HERE = Path(__file__).resolve().parent
OUT = HERE.parent / "build" / "site"
INDEX = """# Similarity search, by doing it

Train on six of the ten digits, then index, look up, calibrate and match all ten.

These pages are for reading. To run and change the notebooks, open them in JupyterLab: `make lab`.

```{{toctree}}
:maxdepth: 1

{}
```
"""
# A page that is read from a disk may not load modules: explorer.js becomes an ordinary script.
BOOT = """
for (const place of document.querySelectorAll(".simlib-panel")) {
  const tables = JSON.parse(place.querySelector("script").textContent);
  const steps = tables.groups.all.steps, asked = tables.guess === "ask";
  const threshold = asked ? steps[steps.length >> 1] : tables.calibrated;
  const values = { tables, threshold, group: "all", guess: asked ? null : tables.guess };
  render({ model: staticModel(values), el: place });
}
"""
# Room for the panel's two columns, and no frame of the theme's around it.
STYLE = """
.bd-main .bd-content .bd-article-container { max-width: 64rem; }
.bd-content div.cell_output .text_html:has(.simlib-panel) {
  background: none !important; padding: 0 !important;
}
"""
SETTINGS = {
    "project": "Similarity search, by doing it",
    "html_title": "Similarity search, by doing it",
    "extensions": ["myst_nb"],
    "html_theme": "sphinx_book_theme",
    "html_theme_options": {
        "use_download_button": False,
        "use_fullscreen_button": False,
        "secondary_sidebar_items": [],
        "navbar_persistent": [],
        "footer_content_items": [],
    },
    "html_copy_source": False,
    "html_static_path": ["_assets"],
    "html_js_files": [("explorer.js", {"defer": "defer"})],
    "html_css_files": ["explorer.css"],
    "nb_execution_mode": "off",
    "nb_ipywidgets_js": {},
    "nb_merge_streams": True,
    "myst_enable_extensions": [],
    "suppress_warnings": ["mystnb.unknown_mime_type", "myst.header"],
}


def live(output):
    """The panel in place of the picture that carries its tables; other outputs as they are."""
    picture = output.get("data", {}).get("image/png")
    tables = picture and picture.tables_in(base64.b64decode(picture))
    if not tables:
        return output
    text = json.dumps(tables, separators=(",", ":")).replace("</", "<\\/")
    html = f'<div class="simlib-panel"><script type="application/json">{text}</script></div>'
    return nbformat.v4.new_output("display_data", {"text/html": html})


def page(path):
    """A stored notebook, made ready for the site."""
    notebook = nbformat.read(path, 4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [live(output) for output in cell.outputs]
        else:  # what lies outside the notebooks is not part of the site
            cell.source = re.sub(r"\[([^\]]+)\]\(\.\./[^)]*\)", r"\1", cell.source)
    return notebook


def build(paths, out=OUT):
    """Make the site of some notebooks; how many warnings Sphinx gave."""
    from sphinx.application import Sphinx

    shutil.rmtree(out, ignore_errors=True)
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder)
        write_sources(source, paths)
        places = {"srcdir": source, "confdir": None, "outdir": out, "doctreedir": source / ".doctrees"}
        sphinx = Sphinx(**places, buildername="html", confoverrides=SETTINGS, status=None)
        sphinx.build()
    return sphinx._warncount


def write_sources(source, paths):
    """What Sphinx reads: the notebooks, a page that lists them, the explorer's script and style."""
    assets = source / "_assets"
    assets.mkdir()
    script = re.sub(r"^export (default .*)?", "", (widget.HERE / "explorer.js").read_text(), flags=re.M)
    (assets / "explorer.js").write_text(f"{{\n{script}\n{BOOT}}}\n", encoding="utf-8")
    style = (widget.HERE / "explorer.css").read_text(encoding="utf-8")
    (assets / "explorer.css").write_text(style + STYLE, encoding="utf-8")
    (source / "index.md").write_text(INDEX.format("\n".join(path.stem for path in paths)), encoding="utf-8")
    for path in paths:
        nbformat.write(page(path), source / path.name)


if __name__ == "__main__":
    notebooks = sorted(HERE.glob("[0-9]*.ipynb"))
    if not notebooks:
        sys.exit("There are no executed notebooks; make them: make notebooks")
    warnings = build(notebooks)
    print(f"{len(notebooks)} notebooks -> {OUT / 'index.html'}")
    sys.exit(warnings > 0)
