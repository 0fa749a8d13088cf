"""Make the starter notebooks, README.md and TEACHING.md from the exercises' sources.

    python exercises/generate.py [--force]

Edit `src/NAME.py`, never the notebook. Generating again changes nothing. A notebook that somebody has
worked in is left as it is; `--force` keeps a copy of it, NAME.saved-1.ipynb, and then replaces it.
"""

import hashlib
import json
import sys

import nbformat
from nbformat import v4

from course import HERE, SOURCES, Exercise, names

sys.path.insert(0, str(HERE.parent / "notebooks"))
import colab

SETUP = """\
import os, sys, simlib

os.chdir(os.path.join(os.path.dirname(simlib.__file__), "..", "exercises"))  # wherever Jupyter was started
sys.path.insert(0, os.getcwd())
from course import start

check, hint, solution, progress = start("{name}")"""
# Commented out: running all cells must not give an answer away.
HELP = "# hint()      # the next step of help\n# solution()  # one right answer\nprogress()"
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
README = """\
# Exercises

Each is a notebook with one question. Open it, put your answer where the three dots `...` are, and run
`check(...)`: it says *not attempted yet*, *not right yet* and why, or *right* and why that matters.

- `hint()` helps in steps. `solution()` shows one right answer; yours may differ.
- `progress()` shows what you have solved. It is kept in `.progress.json`, beside this page; delete that
  file to begin anew.
- Nothing here trains for longer than half a minute, and nothing needs a network.
- For teachers: [TEACHING.md](TEACHING.md) has timetables, the mistakes to expect and the answers to every
  *Predict*. `python exercises/grade.py FOLDER` judges a folder of students' notebooks.

{table}

The levels: *fill a line* completes code that is there; *write a function* starts from its first line;
*run an experiment* measures and draws a conclusion; *design it* leaves the way to you.

## To add or change one

Edit `src/NAME.py` and never a notebook; then `python exercises/generate.py`, and
`python -m pytest tests/exercises -k NAME`. A cell's title says what it is for (`# %% hint [markdown]`):

- *no title*: goes into the notebook as it is. `about`: level, minutes, notebook, learn. `starter`: the cell
  with the dots. `solution`; `alternative`: right ones, written unusually. `hint`: one step of help.
- `check` defines `check(answer)`. `compare("name", function, cases)` runs the reader's function beside the
  solution's on fresh inputs; `through=` says in arrays what it did, where the answer is none (02e). `ask`,
  `array`, `number`, `expect` do the rest (`judging.py`, `comparing.py`).
- `wrong`: a whole wrong answer; its docstring is what it is told, or `expects="..."` a part of what the check
  says anyway. `edits`: a table of (a piece of the solution, what stands there instead, what that is told or
  `"right"`).
- What a wrong answer is told is told to *everybody* whose function gives the same numbers in every case; but
  in an edit, what begins with `...` is again a part.
- Each has ten wrong answers or more, and four right ones beside the solution. Write them before the check.
"""


def notebook(exercise, answer=None):
    """The starter notebook of an exercise; with `answer`, that code stands in the placeholder's place."""
    intro, *cells = [c for c in exercise.cells if c.metadata["role"] in ("", "starter")]
    made = [v4.new_markdown_cell(f"{intro.source}\n\n{_facts(exercise)}")]
    made.append(v4.new_code_cell(SETUP.format(name=exercise.name)))
    for cell in cells:
        replaced = answer is not None and cell.metadata["role"] == "starter"
        make = v4.new_markdown_cell if cell.cell_type == "markdown" else v4.new_code_cell
        made.append(make(answer if replaced else cell.source))
    made.append(v4.new_code_cell(HELP))
    made = colab.headed(made, f"exercises/{exercise.name}.ipynb", colab.repository())
    seen = {}
    for cell in made:  # an id that depends on the content alone
        digest = _digest(cell.source)
        seen[digest] = seen.get(digest, 0) + 1
        cell.id = f"{digest}-{seen[digest]}"
    return v4.new_notebook(cells=made, metadata={"kernelspec": KERNEL, "starter": fingerprint(made)})


def fingerprint(cells):
    """What changes when somebody writes into a notebook, and not when it is only run."""
    return _digest(json.dumps(["".join(cell["source"]).strip() for cell in cells]))


def is_untouched(path):
    """Whether the notebook is a starter as it was generated, by this or an older version of its source."""
    try:
        made = json.loads(path.read_text(encoding="utf-8"))
        return made["metadata"]["starter"] == fingerprint(made["cells"])
    except (ValueError, KeyError, TypeError):
        return False


def _digest(text):
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _facts(exercise):
    return (
        f"*{exercise.minutes} minutes \u00b7 {exercise.level} \u00b7 goes with "
        f"[{exercise.notebook}](../notebooks/{exercise.notebook}.ipynb) \u00b7 "
        f"you learn {exercise.learn}*"
    )


def readme():
    """The page that lists all exercises."""
    rows = ["| exercise | minutes | level | goes with | you learn |", "|---|---|---|---|---|"]
    for exercise in map(Exercise, names()):
        link = f"[{exercise.title}]({exercise.name}.ipynb)"
        lesson = f"[{exercise.notebook}](../notebooks/{exercise.notebook}.ipynb)"
        rows.append(f"| {link} | {exercise.minutes} | {exercise.level} | {lesson} | {exercise.learn} |")
    return README.format(table="\n".join(rows))


def teaching():
    """src/teaching.md, and the mistakes that the sources know."""
    lines = [(SOURCES / "teaching.md").read_text(encoding="utf-8")]
    for exercise in map(Exercise, names()):
        told = dict.fromkeys(text for *_, text in exercise.attempts() if len(text) > 40 and text[0] != ".")
        lines += told and [
            f"**{exercise.name[:3]}, {exercise.title}**\n",
            *(f"- {text}" for text in told),
            "",
        ]
    return "\n".join(lines)


def generated():
    """{file name: text} of everything that is generated."""
    files = {f"{name}.ipynb": nbformat.writes(notebook(Exercise(name))) + "\n" for name in names()}
    return {**files, "README.md": readme(), "TEACHING.md": teaching()}


def write(folder=HERE, force=False):
    """Write what is generated; returns the names of the notebooks that were left alone."""
    left, files = [], generated()
    for path in folder.glob("*.ipynb"):
        if is_untouched(path) and path.name not in files:
            path.unlink()  # a starter whose exercise is gone
    for file, text in files.items():
        path = folder / file
        if path.suffix == ".ipynb" and path.exists() and not is_untouched(path):
            if not force:
                left.append(file)
                continue
            n = 1
            while (copy := path.with_suffix(f".saved-{n}.ipynb")).exists():
                n += 1
            path.rename(copy)
        path.write_text(text, encoding="utf-8")
    return left


if __name__ == "__main__":
    left = write(force="--force" in sys.argv[1:])
    print(f"{len(names()) - len(left)} notebooks and README.md made from {HERE.name}/src/")
    for file in left:
        print(f"{file} holds somebody's work and was left as it is. --force replaces it, and keeps a copy.")
    sys.exit(bool(left))
