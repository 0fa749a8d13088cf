"""A class of made-up students, some of whom try things: graded, each of them, in one run."""

import csv
import hashlib
import os
import subprocess
import sys

import nbformat
import pytest

import course
import generate

pytestmark = pytest.mark.filterwarnings("ignore:.*wrong matches in", "ignore:.*match at distance 0")
ROOT = course.HERE.parent
FAST = "02a_two_vectors"


def handed_in(name, answer, before="", edit=lambda text: text):
    """The text of a notebook with this answer; `before` is a cell above it."""
    exercise = course.Exercise(name)
    answer = exercise.texts(answer)[0] if answer in ("solution", "alternative", "starter") else answer
    made = generate.notebook(exercise, answer)
    if before:
        made.cells.insert(2, nbformat.v4.new_code_cell(before))
    return edit(nbformat.writes(made))


def no_check(text):
    return text.replace("check(", "print(")


WRITES = """
import pathlib, course, judging, simlib
for path in (course.__file__, judging.REFERENCE, simlib.__file__, course.SOURCES / "{0}.py", "{1}"):
    try:
        pathlib.Path(path).write_text("mine")
    except OSError:
        pass
import os
for command in ("echo mine > {1}", "rm -rf {2}"):
    os.system(command)
"""
LOOP = "while True:\n    pass"
EATS = "eaten = []\nwhile True:\n    eaten.append(bytearray(50_000_000))"
FLOOD = 'with open("flood", "wb") as file:\n    file.truncate(10**12)'
ENDLESS = """
import threading
def forever():
    while True:
        pass
threading.Thread(target=forever).start()
"""
FORGET = "def distances(a, b):\n    hoard = [bytearray(10**8) for _ in range(10**4)]\n    return 1, 2, 3"

# student: (file, text or how it is made, verdict, part of the message)
STUDENTS = {
    "ada": (FAST, handed_in(FAST, "solution"), "right", "cosine asks"),
    "bob": (FAST, handed_in(FAST, "starter"), "not attempted", "Three dots"),
    "dan": (FAST, handed_in(FAST, "def distances(a, b):\n    return a @ b, 0, 0"), "wrong", "is right"),
    "eve": (FAST, "{ this is no notebook", "unreadable", "no notebook"),
    "fay": (FAST, handed_in(FAST, "solution", before=LOOP), "stopped", "no end after"),
    "gus": (FAST, handed_in(FAST, FORGET), "wrong", "MemoryError"),
    "hal": (FAST, handed_in(FAST, "solution", before=EATS), "right", "the notebook stopped: MemoryError"),
    "ivy": (FAST, handed_in(FAST, "starter", before=WRITES), "not attempted", ""),
    "jon": (FAST, handed_in(FAST, "def distances(a, b):\n    return 0, 0, 0"), "wrong", ""),
    "kim": (FAST, handed_in(FAST, "solution", edit=no_check), "right", ""),
    "leo": (FAST, handed_in(FAST, "def distance(a, b):\n    return 0"), "wrong", "is not defined"),
    "mia": (FAST, handed_in(FAST, "solution", before="%matplotlib inline\n!ls\n1 / 0"), "right", "ZeroDiv"),
    "ned": (FAST, handed_in(FAST, "def distances(a, b:\n    return 0"), "wrong", "SyntaxError"),
    "oda": (FAST, handed_in(FAST, "import os\nos._exit(0)"), "crashed", "died"),
    "pia": (FAST, handed_in(FAST, "import sys\nsys.exit('bye')"), "wrong", "SystemExit"),
    "qin": ("05b_majority_vote", handed_in("05b_majority_vote", "solution"), "right", ""),
    "sue": ("notes", nbformat.writes(nbformat.v4.new_notebook()), "unreadable", "starts no exercise"),
    "tom": ("homework/week 1/my answer", handed_in("07a_memory", "solution"), "right", "2.56 GB"),
    "uma": (FAST, handed_in(FAST, "solution", before=FLOOD), "right", "File too large"),
    "vic": (FAST, handed_in(FAST, "solution", before=ENDLESS), "right", "cosine asks"),
}


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """({student: row}, the printed table, the folder)."""
    folder = tmp_path_factory.mktemp("class")
    for student, (file, text, *_) in STUDENTS.items():
        path = folder / student / f"{file}.ipynb"
        path.parent.mkdir(parents=True)
        secret = folder / "bob" / f"{FAST}.ipynb"
        path.write_text(
            text.replace("{0}", FAST).replace("{1}", str(secret)).replace("{2}", str(folder / "ada"))
        )
    (folder / "jon" / "course.py").write_text("start = lambda name: [lambda *a: 'right'] * 4")
    (folder / "jon" / "judging.py").write_text("judge = 'right'")
    command = [sys.executable, course.HERE / "grade.py", folder, "--seconds", "10", "--memory", "0.7"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=folder, timeout=500)
    assert done.returncode == 0, done.stderr
    with open(folder / "grades.csv", newline="", encoding="utf-8") as file:
        rows = {row["student"]: row for row in csv.DictReader(file)}
    return rows, done, folder


def fingerprint():
    files = [p for p in (*course.HERE.rglob("*"), *(ROOT / "simlib").rglob("*.py")) if p.is_file()]
    # The progress is left out: another test, which opens notebooks as a reader does, may write it meanwhile.
    files = [p for p in files if "__pycache__" not in p.parts and p.name != ".progress.json"]
    return {p: hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


BEFORE = fingerprint()


@pytest.mark.parametrize("student", STUDENTS)
def test_each_student_gets_the_verdict_that_is_due(student, graded):
    row, (_, _, verdict, message) = graded[0][student], STUDENTS[student]
    assert row["verdict"] == verdict, row["message"]
    assert message in row["message"]


def test_the_table_has_a_line_for_each_and_says_how_far_it_is(graded):
    rows, done, _ = graded
    assert len(rows) == len(STUDENTS)
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines[1:-1]] == sorted(STUDENTS)
    assert f"{len(STUDENTS)} of {len(STUDENTS)}" in done.stderr and "minutes left" in done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can forbid it")
def test_nothing_of_the_teachers_or_of_another_student_has_changed(graded):
    folder = graded[2]
    assert fingerprint() == BEFORE
    for student in ("ada", "bob"):
        assert (folder / student / f"{FAST}.ipynb").read_text() == STUDENTS[student][1]
