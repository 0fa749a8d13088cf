"""Run the course's notebooks from their text sources.

    python notebooks/build.py course            run all into build/course/ as HTML, end with a table
    python notebooks/build.py build [NAME ...]  run into notebooks/*.ipynb: what is stored and tested
    python notebooks/build.py text [NAME ...]   take over prose, alt texts and badges, where no code changed
    python notebooks/build.py check             prove that sources and stored notebooks agree
    python notebooks/build.py again             put all that only read the model into one, last to first

A source in `notebooks/src/` (py:percent) is what one edits; the .ipynb beside it is made from it.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError

import colab

HERE = Path(__file__).resolve().parent
SOURCES, COURSE, AGAIN = HERE / "src", HERE.parent / "build" / "course", HERE.parent / "build" / "again"
TRAIN = "01_train", "08_your_pictures"  # for a minute each
WIDGET = "application/vnd.jupyter.widget-view+json"
NUMBER = re.compile(r"(?<![\w.])\d+\.\d{3,4}(?![\w.]*\d)")  # such as 0.974: a figure taken from a run


DESCRIBED = """{% extends "index.html.j2" %}{% block data_png %}
{% set words = output | get_metadata("alt", "image/png") | escape_html %}
{{ super() | replace("<img ", '<img alt="' ~ words ~ '" ') if words != "None" else super() }}
{% endblock %}"""  # nbconvert's own template leaves a picture's description out


def read_source(name):
    """The notebook of a text source, with badges where there is an address, its cells named by content."""
    notebook = jupytext.read(SOURCES / f"{name}.py")
    notebook.cells = colab.headed(notebook.cells, f"notebooks/{name}.ipynb", colab.repository())
    seen = {}
    for cell in notebook.cells:
        digest = hashlib.sha256(cell.source.encode()).hexdigest()[:12]
        seen[digest] = seen.get(digest, 0) + 1
        cell.id = f"{digest}-{seen[digest]}"
    return notebook


def run(name):
    """Execute a source from a fresh kernel, one progress line; (notebook, seconds, ok)."""
    notebook, start, done = read_source(name), time.perf_counter(), 0
    total = sum(cell.cell_type == "code" for cell in notebook.cells)

    def show(text, end=""):
        seconds = f"{time.perf_counter() - start:6.1f} s"
        back = "\r" if sys.stdout.isatty() else ""
        print(f"{back}  {name:16} {text:14} {seconds}", end=end, flush=True)

    def on_cell_complete(cell, **_):
        nonlocal done
        done += cell.cell_type == "code"
        if sys.stdout.isatty():
            show(f"cell {done} of {total}")

    try:
        NotebookClient(
            notebook,
            timeout=600,
            kernel_name="python3",
            record_timing=False,
            coalesce_streams=True,  # of a progress bar, keep what is left on the screen
            resources={"metadata": {"path": str(HERE)}},
            on_cell_complete=on_cell_complete,
        ).execute(stderr=subprocess.DEVNULL)  # the kernel's own log; what cells say is in the notebook
    except (CellExecutionError, DeadKernelError, TimeoutError) as error:
        show("FAILED", end="\n")
        print(error)
        return notebook, time.perf_counter() - start, False
    show(f"{total} cells", end="\n")
    return notebook, time.perf_counter() - start, True


def runs(cell):
    """Is it a cell whose outputs matter? The set-up cell has none."""
    return cell.cell_type == "code" and not colab.sets_up(cell)


def texts(cell):
    """The descriptions that a source gives a cell's pictures: `# %% alt="..."`, or a list for several."""
    given = cell.metadata.get("alt", [])
    return [given] if isinstance(given, str) else list(given)


def pictures(cell):
    """The outputs of a cell that are pictures, in order."""
    return [output for output in cell.get("outputs", []) if "image/png" in output.get("data", {})]


def cleaned(notebook):
    """Describe the pictures, drop what differs between runs or machines; returns the notebook's text."""
    notebook.metadata.pop("widgets", None)
    notebook.metadata.get("language_info", {}).pop("version", None)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        for picture, words in zip(pictures(cell), texts(cell)):
            picture.metadata.setdefault("image/png", {})["alt"] = words
        for output in cell.get("outputs", []):
            if len(output.get("data", {})) > 1:  # before a kernel runs, show the picture beside it
                output.data.pop(WIDGET, None)
    return nbformat.writes(notebook).rstrip("\n") + "\n"


def build(names):
    """Run sources into the stored notebooks; the number that failed."""
    failed = 0
    for name in names:
        notebook, _, ok = run(name)
        failed += not ok
        if ok:
            (HERE / f"{name}.ipynb").write_text(cleaned(notebook), encoding="utf-8")
    return failed


def text(names):
    """Put a source's prose into the stored notebook and keep its outputs; the number that failed."""
    failed = 0
    for name in names:
        notebook, path = read_source(name), HERE / f"{name}.ipynb"
        stored = [cell for cell in nbformat.read(path, 4).cells if runs(cell)]
        code = [cell for cell in notebook.cells if runs(cell)]
        if [cell.source for cell in code] != [cell.source for cell in stored]:
            print(f"{name}: code has changed, so it must run: make notebooks NAMES={name}")
            failed += 1
            continue
        for cell, run_before in zip(code, stored):
            cell.outputs = run_before.outputs
        everything = [cell for cell in notebook.cells if cell.cell_type == "code"]
        for number, cell in enumerate(everything, 1):
            cell.execution_count = number
        notebook.metadata = nbformat.read(path, 4).metadata
        path.write_text(cleaned(notebook), encoding="utf-8")
    return failed


def problems(name, path=None):
    """What is wrong with a stored notebook: a list of sentences."""
    source, path = read_source(name), path or HERE / f"{name}.ipynb"
    if not path.exists():
        return [f"there is no {path.name}; make it: make notebooks"]
    stored = nbformat.read(path, 4)
    found = []
    if [_content(cell) for cell in source.cells] != [_content(cell) for cell in stored.cells]:
        found.append("the stored notebook is not made from this source: make notebooks")
    code = [cell for cell in stored.cells if cell.cell_type == "code"]
    if [cell.execution_count for cell in code] != list(range(1, len(code) + 1)):
        found.append("it was not run from top to bottom, and nbval skips cells that were not run")
    for cell in code:
        for output in cell.outputs:
            if output.output_type == "error" or output.get("name") == "stderr":
                found.append(f"an error or a warning is stored under {cell.source[:50]!r}")
    return found + _undescribed(code) + _unfounded_numbers(stored)


def _content(cell):
    return cell.cell_type, cell.source, tuple(cell.metadata.get("tags", ())), tuple(texts(cell))


def _undescribed(code):
    """Each picture needs a text for those who cannot see it, and each text a picture."""
    found = []
    for cell in code:
        stored = [picture.metadata.get("image/png", {}).get("alt") for picture in pictures(cell)]
        if stored != texts(cell) or not all(stored):
            found.append(
                f"{len(stored)} pictures, {len(texts(cell))} descriptions under {cell.source[-50:]!r}: say "
                'what each picture shows, above the cell: # %% alt="..." or alt=["...", "..."]'
            )
    return found


def _unfounded_numbers(stored):
    """Figures in the prose must stand in an output of the same notebook (or in its code)."""
    known, found = "", []
    for cell in stored.cells:
        if cell.cell_type == "code":
            known += cell.source
            for output in cell.outputs:
                known += output.get("text", "") + "".join(map(str, output.get("data", {}).values()))
    for cell in stored.cells:
        if cell.cell_type == "markdown" and "measured-elsewhere" not in cell.metadata.get("tags", ()):
            missing = [n for n in NUMBER.findall(cell.source) if n not in known]
            found += [f"the text says {number}, and no output does" for number in missing]
    return found


def check(names):
    """Print the problems of the stored notebooks; how many there are."""
    found = [(name, problem) for name in names for problem in problems(name)]
    for name, problem in found:
        print(f"{name}: {problem}")
    print(f"{len(names)} notebooks: sources and stored outputs {'differ' if found else 'agree'}")
    return len(found)


def again(names):
    """Write build/again/again.ipynb: what runs in one kernel must not lean on what ran before.

    All notebooks from the last to the first, so that each follows those that come after it for a reader.
    nbval compares each cell with the output that the notebook has in a kernel of its own. Those that train
    for longer than all others together stay out.
    """
    AGAIN.mkdir(parents=True, exist_ok=True)
    shutil.copytree(HERE / "models", AGAIN / "models", dirs_exist_ok=True)
    for beside in (
        HERE / f"{name}.py" for name in ("figures", "flags")
    ):  # what notebooks import from their own folder
        shutil.copy(beside, AGAIN)
    everything = nbformat.v4.new_notebook(metadata={"kernelspec": {"name": "python3", "display_name": ""}})
    for name in reversed([name for name in names if name not in TRAIN]):
        for cell in nbformat.read(HERE / f"{name}.ipynb", 4).cells:
            cell.id = str(len(everything.cells))
            everything.cells.append(cell)
    nbformat.write(everything, AGAIN / "again.ipynb")
    return 0


def exporter():
    """Makes HTML of notebooks: pages that ask no other server for anything, pictures described."""
    from jinja2 import DictLoader
    from nbconvert import HTMLExporter

    return HTMLExporter(
        mathjax_url="", require_js_url="", jquery_url="", mermaid_js_url="",
        extra_loaders=[DictLoader({"described.html.j2": DESCRIBED})], template_file="described.html.j2",
    )  # fmt: skip


def course(names):
    """Run everything for a reader: HTML pages under build/course/, and what came out, as a table."""
    COURSE.mkdir(parents=True, exist_ok=True)
    print(f"The course: {len(names)} notebooks. The first trains a model, which takes a minute or two.")
    total = 0
    for name in names:
        notebook, seconds, ok = run(name)
        if not ok:
            return 1
        total += seconds
        page, _ = exporter().from_notebook_node(nbformat.reads(cleaned(notebook), 4))
        (COURSE / f"{name}.html").write_text(page, encoding="utf-8")
    print("\n" + summary(total))
    first = COURSE / f"{names[0]}.html"
    print(f"\nRead the pages: {os.path.relpath(first)}   Work with them: make lab")
    return 0


def summary(seconds):
    """A table of the two models: accuracy, cutpoint, F1."""
    import simlib
    from simlib.embedding import register

    with register.without_chatter():
        import keras

        from simlib import recipe

    splits = simlib.load_mnist()
    lines = [f"  {'':24}{'seen':>8}{'unseen':>8}{'overall':>9}{'cutpoint':>10}{'F1':>8}"]
    models = {"your model (01)": "my_digits.keras", "the reference model": "digits.keras"}
    for title, file in models.items():
        model = keras.models.load_model(HERE / "models" / file)
        right, point = recipe.protocol_accuracy(model, splits), model.calibration["optimal"]
        lines.append(
            f"  {title:24}{right['seen']:8.3f}{right['unseen']:8.3f}{right['overall']:9.3f}"
            f"{point.distance:10.3f}{point.scores['f1']:8.3f}"
        )
    return "\n".join([*lines, f"  all notebooks: {seconds:.0f} s"])


if __name__ == "__main__":
    command, *chosen = sys.argv[1:] or ["help"]
    commands = {"course": course, "build": build, "text": text, "check": check, "again": again}
    if command not in commands:
        sys.exit(__doc__)
    unknown = [name for name in chosen if not (SOURCES / f"{name}.py").exists()]
    if unknown:
        sys.exit(f"There is no source {SOURCES.name}/{unknown[0]}.py.")
    everything = sorted(path.stem for path in SOURCES.glob("[0-9]*.py"))
    sys.exit(min(1, commands[command](chosen or everything)))
