"""Judge a folder of students' notebooks.

    python exercises/grade.py FOLDER [--csv FILE] [--jobs 2] [--seconds 120] [--memory 3]

Every notebook below FOLDER becomes a row: student (the folder's name below FOLDER, or else the file's),
exercise, verdict, message, seconds of the processor. It is run from top to bottom, and then judged with the
checks beside this file, whatever the student's copy holds. Each has a process of its own, with limits
of time and memory, which on Linux can write nowhere but in a folder that is thrown away. What is loaded
(TensorFlow, MNIST, the reference model's embeddings) is loaded once: on Linux, the processes are forked.

This stops accidents and bad jokes. It is no fortress: code that is written to deceive runs in the process
that judges it. For strangers' code, run this in a container.
"""

import argparse
import csv
import functools
import json
import multiprocessing
import multiprocessing.connection
import os
import pickle
import re
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
for threads in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
    os.environ.setdefault(threads, "1")  # as several notebooks run at once

import confine
import course
import judging

FORK = sys.platform == "linux"
UNREADABLE, STOPPED, CRASHED = "unreadable", "stopped", "crashed"
SIGNS = {judging.RIGHT: "\u2713", judging.WRONG: "\u2717", judging.NOT_ATTEMPTED: "\u25cb"}
COLUMNS = ("student", "exercise", "verdict", "message", "seconds", "file")


def find(folder):
    """[(student, path)] of all notebooks below the folder."""
    paths = sorted(p for p in Path(folder).rglob("*.ipynb") if ".ipynb_checkpoints" not in p.parts)
    return [(p.relative_to(folder).parts[0].removesuffix(".ipynb"), p) for p in paths]


def grade(folder, jobs=2, seconds=120, memory=3.0, tell=lambda text: None):
    """Judge all notebooks below the folder; `tell` hears how far it is.

    Returns:
        a list of dicts with COLUMNS, one for each notebook, in the order of their paths.
    """
    if FORK:
        load()
    context = multiprocessing.get_context("fork" if FORK else "spawn")
    found, rows, running, begun = find(folder), {}, {}, time.monotonic()
    waiting = list(enumerate(found))
    while waiting or running:
        while waiting and len(running) < jobs:
            place, (student, path) = waiting.pop(0)
            room = tempfile.mkdtemp()
            mine, theirs = context.Pipe(duplex=False)
            process = context.Process(target=_work, args=(str(path), room, theirs, seconds, memory))
            process.start()
            theirs.close()
            running[place] = process, mine, room, time.monotonic(), (student, path)
        multiprocessing.connection.wait([p.sentinel for p, *_ in running.values()], timeout=0.5)
        for place, (process, mine, room, start, (student, path)) in list(running.items()):
            if process.is_alive() and time.monotonic() - start > 6 * seconds:  # it waits, and does nothing
                process.kill()
                process.join()
            if not process.is_alive():
                row = {
                    "student": student,
                    "file": str(path.relative_to(folder)),
                    **_outcome(process, mine, seconds),
                }
                rows[place] = {column: row.get(column, "") for column in COLUMNS}
                shutil.rmtree(room, ignore_errors=True)
                del running[place]
                left = (time.monotonic() - begun) / len(rows) * (len(found) - len(rows))
                tell(f"{len(rows)} of {len(found)}; {left / 60:.0f} minutes left")
    return [rows[place] for place in sorted(rows)]


def _outcome(process, mine, seconds):
    """What the process has said; or, if it said nothing, how it ended."""
    try:
        return json.loads(mine.recv_bytes())
    except (EOFError, OSError, ValueError):
        killed = process.exitcode in (-signal.SIGKILL, -getattr(signal, "SIGXCPU", 0))
        why = f"no end after {seconds:g} seconds" if killed else "the process died: was the memory used up?"
        return {"verdict": STOPPED if killed else CRASHED, "message": why}
    finally:
        mine.close()


@functools.cache
def load():
    """What all notebooks need: {name: Exercise}, and what takes long to load.

    TensorFlow computes nothing here: a process in which it has computed cannot be forked.
    """
    import faiss  # noqa: F401
    import keras  # noqa: F401
    import matplotlib
    import pandas  # noqa: F401
    import simlib
    import simlib.embedding.model
    import sklearn.datasets  # noqa: F401

    matplotlib.use("Agg")
    simlib.load_mnist = functools.cache(simlib.load_mnist)
    judging.mnist()
    if FORK:
        with tempfile.TemporaryDirectory() as folder:
            process = multiprocessing.get_context("fork").Process(target=_write_reference, args=(folder,))
            process.start()
            process.join()
            embedded, calibration = pickle.loads(Path(folder, "arrays").read_bytes())
            index = simlib.Index.load(Path(folder, "index.npz"))
        known = judging.Reference(judging.mnist(), embedded, index, calibration)
        judging.reference = lambda: known
    return {name: course.Exercise(name) for name in course.names()}


def _write_reference(folder):
    known = judging.reference()
    known.index.save(Path(folder, "index.npz"))
    Path(folder, "arrays").write_bytes(pickle.dumps((known.embedded, known.calibration)))


def _work(path, room, pipe, seconds, memory):
    """In a process of its own: judge one notebook, in the folder `room`."""
    exercises = load()
    here = Path(room, "exercises")
    here.mkdir()
    models = Path(room, "notebooks", "models")
    models.mkdir(parents=True)
    shutil.copy(judging.REFERENCE, models)
    os.chdir(here)
    os.chdir = lambda *_: None  # the first cell would go to the teacher's folder
    tempfile.tempdir, course.PROGRESS = room, here / ".progress.json"
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    cells = _code_cells(path)
    confine.limit(memory, seconds)
    confine.write_only_in(room)
    outcome = judge(cells, Path(path).stem, exercises)
    pipe.send_bytes(json.dumps({**outcome, "seconds": round(sum(os.times()[:2]), 1)}).encode())
    pipe.close()
    os._exit(0)  # whatever the notebook has left running


def _code_cells(path):
    """The sources of the code cells; None if the file holds no notebook."""
    try:
        cells = json.loads(Path(path).read_text(encoding="utf-8"))["cells"]
        return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    except (OSError, ValueError, KeyError, TypeError):
        return None


def judge(cells, stem, exercises):
    """Run the cells, and judge what they have defined: a dict with exercise, verdict and message."""
    if cells is None:
        return {"verdict": UNREADABLE, "message": "the file holds no notebook"}
    named = re.findall(r"""start\(\s*["'](\w+)["']""", "\n".join(cells)) + [stem]
    name = next((known for name in named for known in exercises if name.startswith(known)), None)
    if name is None:
        return {"verdict": UNREADABLE, "message": "it starts no exercise that is known here"}
    session = course.Session(exercises[name])
    course.start = lambda *_: [lambda *_: None] * 4  # while the notebook runs, nothing is checked or shown
    namespace, stopped = {"__name__": "__main__", "display": lambda *_: None}, ""
    for source in cells:
        try:
            exec(re.sub(r"(?m)^\s*[%!?].*$", "pass", source), namespace)
        except BaseException as error:  # SystemExit as well
            stopped = stopped or f" (A cell of the notebook stopped: {type(error).__name__}: {error})"
    namespace["check"] = session.check
    try:
        for source in session.exercise.around()[1]:
            exec(source, namespace)
    except NameError as error:
        return {"exercise": name, "verdict": judging.WRONG, "message": f"{error}.{stopped}"}
    verdict = session.verdict
    return {"exercise": name, "verdict": verdict.state, "message": verdict.text.replace("\n", " ") + stopped}


def table(rows):
    """A line for each student: a sign for each exercise, and how many are right."""
    names = sorted({row["exercise"] for row in rows if row["exercise"]})
    students = {}
    for row in rows:
        students.setdefault(row["student"], {}).setdefault(row["exercise"], []).append(row["verdict"])
    width = max(map(len, students), default=0)
    lines = [f"{'':{width}}  {' '.join(name[:3] for name in names)}  right"]
    for student, verdicts in sorted(students.items()):
        best = {name: min(verdicts.get(name, ["-"]), key=lambda v: v != judging.RIGHT) for name in names}
        signs = " ".join(f" {'-' if v == '-' else SIGNS.get(v, '!')} " for v in best.values())
        right = sum(v == judging.RIGHT for v in best.values())
        lines.append(f"{student:{width}}  {signs}  {right:5}" + "  ! unreadable" * ("" in verdicts))
    key = ", ".join(f"{sign} {word}" for word, sign in SIGNS.items())
    return "\n".join([*lines, f"{key}, ! stopped, crashed or unreadable, - not handed in"])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--csv", type=Path, help="where the rows go (FOLDER/grades.csv)")
    parser.add_argument("--jobs", type=int, default=2, help="notebooks at a time")
    parser.add_argument("--seconds", type=float, default=120, help="of the processor, for a notebook")
    parser.add_argument("--memory", type=float, default=3, help="GB, for a notebook")
    given = parser.parse_args()
    if not given.folder.is_dir():
        parser.error(f"there is no folder {given.folder}")
    if not FORK:
        print(
            "Here the notebooks can write to your files. On Linux, or in a container, they cannot.",
            file=sys.stderr,
        )

    def tell(text):
        print(f"\r{text}   ", end="", file=sys.stderr, flush=True)

    rows = grade(given.folder, given.jobs, given.seconds, given.memory, tell)
    print(file=sys.stderr)
    with open(given.csv or given.folder / "grades.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    print(table(rows))


if __name__ == "__main__":
    main()
