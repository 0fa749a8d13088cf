"""Make the starter notebooks and README.md from the exercises' sources.

    python exercises/generate.py

Edit `src/NAME.py`, never the notebook. Generating again changes nothing.
"""

import hashlib

import nbformat
from nbformat import v4

from course import HERE, Exercise, names

SETUP = 'from course import start\n\ncheck, hint, solution, progress = start("{name}")'
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

{table}

The levels: *fill a line* completes code that is there; *write a function* starts from its first line;
*run an experiment* measures and draws a conclusion; *design it* leaves the way to you.

The notebooks are made from `src/`, which holds the solutions and the checks as well:
`python exercises/generate.py` makes them again.
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
    seen = {}
    for cell in made:  # an id that depends on the content alone
        digest = hashlib.sha256(cell.source.encode()).hexdigest()[:12]
        seen[digest] = seen.get(digest, 0) + 1
        cell.id = f"{digest}-{seen[digest]}"
    return v4.new_notebook(cells=made, metadata={"kernelspec": KERNEL})


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


def generated():
    """{file name: text} of everything that is generated."""
    files = {f"{name}.ipynb": nbformat.writes(notebook(Exercise(name))) + "\n" for name in names()}
    return {**files, "README.md": readme()}


if __name__ == "__main__":
    for file, text in generated().items():
        (HERE / file).write_text(text, encoding="utf-8")
    print(f"{len(names())} exercises: notebooks and README.md made from {HERE.name}/src/")
