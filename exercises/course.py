"""What the notebook of an exercise imports.

    from course import start
    check, hint, solution, progress = start("01b_batch_by_hand")

An exercise is one file, `src/NAME.py`, in jupytext's percent format; README.md says what each cell is for.
"""

import ast
import contextlib
import functools
import html
import io
import json
from pathlib import Path

import jupytext
from simlib import archive

import comparing
from judging import NOT_ATTEMPTED, RIGHT, WRONG, judge

HERE = Path(__file__).resolve().parent
SOURCES = HERE / "src"
PROGRESS = HERE / ".progress.json"
OPEN, TRIED, SOLVED = "open", "tried", "solved"
SIGNS = {OPEN: "\u25cb", TRIED: "\u25d0", SOLVED: "\u2713"}
TITLES = ("about", "starter", "solution", "alternative", "wrong", "edits", "hint", "check")


class Exercise:
    """One exercise as its source says it.

    Attributes:
        name, title; level, minutes, notebook, learn: what the source's `about` cell says.
        cells: the source's cells, in order, each with its `role` in the metadata ("" for untitled).
    """

    def __init__(self, name, folder=None):
        path = (folder or SOURCES) / f"{name}.py"
        if not path.exists():
            raise ValueError(f"There is no exercise {name!r}. There are: {', '.join(names())}.")
        self.name = name
        self.cells = jupytext.read(path).cells
        for cell in self.cells:
            cell.metadata["role"] = cell.metadata.pop("title", "")
            if cell.metadata["role"] not in ("", *TITLES):
                raise ValueError(f"{path.name}: no cell may be titled {cell.metadata['role']!r}: {TITLES}.")
        about = {}
        exec(self.texts("about")[0], about)
        self.level, self.minutes = about["level"], about["minutes"]
        self.notebook, self.learn = about["notebook"], about["learn"]
        self.title = self.texts("")[0].splitlines()[0].removeprefix("# ")

    def texts(self, role):
        """The sources of all cells with that role."""
        return [cell.source for cell in self.cells if cell.metadata["role"] == role]

    def around(self):
        """The untitled code cells: (those before the starter, those after it)."""
        at = [cell.metadata["role"] for cell in self.cells].index("starter")
        return tuple(
            [cell.source for cell in cells if cell.cell_type == "code" and not cell.metadata["role"]]
            for cells in (self.cells[:at], self.cells[at:])
        )

    def given(self, cells=None):
        """What the first `cells` code cells before the starter define; None: all of them."""
        namespace = {"__name__": "__main__"}
        with contextlib.redirect_stdout(io.StringIO()):
            for source in self.around()[0][:cells]:
                exec(source, namespace)
        return namespace

    def attempts(self):
        """Every answer that the source knows, as (title, code, state, what it is told).

        A text that begins with "..." is a part of what is told. A wrong answer without it is a diagnosis:
        it is told to everybody whose function gives the same numbers.
        """
        solution = self.texts("solution")[0]
        yield "solution", solution, RIGHT, "..."
        for i, code in enumerate(self.texts("alternative"), 1):
            yield f"alternative {i}", code, RIGHT, "..."
        wrong = [cell for cell in self.cells if cell.metadata["role"] == "wrong"]
        for i, cell in enumerate(wrong, 1):
            part = cell.metadata.get("expects", "").removeprefix("...")
            yield f"wrong {i}", cell.source, WRONG, f"...{part}" if part else _docstring(cell.source)
        edits = {}
        for code in self.texts("edits"):
            exec(code, edits)
        for i, (old, new, told) in enumerate(edits.get("EDITS", ()), 1):
            if old not in solution:
                raise ValueError(f"{self.name}: edit {i} changes what the solution does not hold: {old!r}.")
            state = RIGHT if told == RIGHT else WRONG
            yield f"edit {i}", solution.replace(old, new), state, "..." if state == RIGHT else told

    def checker(self):
        """The function that the check cell defines. Such a cell has these names besides its imports:

        given: as above. compare: as in comparing.py, with the answer's name in place of what is right and
        wrong: `compare("nearest", nearest, cases)`.
        """
        namespace = {"__name__": f"check_{self.name}", "given": self.given}
        _define(self.texts("check")[0], namespace, f"<the check of {self.name}>")

        @functools.cache
        def known():
            cells = [(a[3], a[1]) for a in self.attempts() if not a[3].startswith("...")]
            solution = ("", self.texts("solution")[0])
            return [(told, _define(code, dict(namespace))) for told, code in [solution, *cells]]

        def compare(answer, function, cases, **options):
            (_, right), *mistakes = [(told, names[answer]) for told, names in known() if answer in names]
            return comparing.compare(function, cases, right, mistakes, **options)

        namespace["compare"] = compare
        return namespace["check"]


def _docstring(code):
    """The text of the first docstring in the code, on one line."""
    functions = [node for node in ast.parse(code).body if isinstance(node, ast.FunctionDef)]
    return " ".join(ast.get_docstring(functions[0]).split())


def _define(code, namespace, title="<an answer>"):
    exec(compile(code, title, "exec"), namespace)
    return namespace


def names():
    """All exercises' names, in the order of the course."""
    return sorted(path.stem for path in SOURCES.glob("[0-9]*.py"))


def start(name):
    """Begin an exercise; returns its four helpers: (check, hint, solution, progress)."""
    session = Session(Exercise(name))
    return session.check, session.hint, session.solution, progress


class Session:
    """An exercise that someone is working on; `verdict` is what the last check said."""

    def __init__(self, exercise):
        self.exercise, self.verdict = exercise, None
        self._judge, self._hints_given = exercise.checker(), 0

    def check(self, *answers):
        """Judge an answer: not attempted yet, not right yet (and why), or right (and why it matters)."""
        self.verdict = judge(self._judge, answers)
        if self.verdict.state != NOT_ATTEMPTED:
            record(self.exercise.name, SOLVED if self.verdict.state == RIGHT else TRIED)
        return self.verdict

    def hint(self, step=None):
        """The next hint, one step a call; or the hint number `step`, from 1."""
        hints = self.exercise.texts("hint")
        self._hints_given = min(len(hints), self._hints_given + 1) if step is None else step
        if self._hints_given not in range(1, len(hints) + 1):
            return Note(f"There are {len(hints)} hints: `hint(1)` to `hint({len(hints)})`.")
        last = self._hints_given == len(hints)
        more = "This is the last one; `solution()` shows an answer." if last else "`hint()` again says more."
        return Note(
            f"**Hint {self._hints_given} of {len(hints)}.** {hints[self._hints_given - 1]}\n\n*{more}*"
        )

    def solution(self):
        """One right answer, to read and compare."""
        code = self.exercise.texts("solution")[0]
        return Note(f"**One solution.** Yours may differ and be right.\n\n```python\n{code}\n```")


class Note:
    """A text in markdown, which a notebook renders."""

    def __init__(self, text):
        self.text = text

    def __repr__(self):
        return self.text

    def _repr_markdown_(self):
        return self.text


class Progress:
    """What is solved so far: {exercise name: "open", "tried" or "solved"}, as a table."""

    def __init__(self, states):
        self.states = states
        self.solved = sum(state == SOLVED for state in states.values())

    def _summary(self):
        return f"{self.solved} of {len(self.states)} exercises solved"

    def __repr__(self):
        lines = [f"  {SIGNS[state]} {name:28} {state}" for name, state in self.states.items()]
        return "\n".join([self._summary(), *lines])

    def _repr_html_(self):
        rows = []
        for name, state in self.states.items():
            exercise = Exercise(name)
            rows.append(
                f"<tr><td>{SIGNS[state]} {state}</td>"
                f'<td style="text-align: left"><a href="{name}.ipynb">{html.escape(exercise.title)}</a></td>'
                f"<td>{exercise.minutes} min</td><td>{exercise.notebook}</td></tr>"
            )
        return f"<b>{self._summary()}</b><table>{''.join(rows)}</table>"


def progress():
    """What has been solved so far, in this and in earlier sessions."""
    saved = _saved()
    return Progress({name: saved.get(name, OPEN) for name in names()})


def record(name, state):
    """Remember that an exercise was tried or solved; once solved, it stays so."""
    states = _saved()
    if states.get(name) in (SOLVED, state):
        return
    try:
        with archive.replacing(PROGRESS) as temporary:
            Path(temporary).write_text(json.dumps({**states, name: state}, indent=1), encoding="utf-8")
    except OSError:
        pass  # a folder that cannot be written must not cost the reader the verdict


def _saved():
    """What the file says, as far as it makes sense; {} if it is missing or damaged."""
    try:
        saved = json.loads(PROGRESS.read_text(encoding="utf-8"))
        return {name: state for name, state in saved.items() if state in (TRIED, SOLVED)}
    except (OSError, ValueError, AttributeError, TypeError, RecursionError):
        return {}
