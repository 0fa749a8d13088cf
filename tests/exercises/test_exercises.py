"""Every exercise proves itself: each answer in its source gets the verdict that it should get."""

import functools
import os
import time
from pathlib import Path

import course
import judging
import matplotlib
import pytest

matplotlib.use("Agg")
PICTURES = os.environ.get("PICTURES")  # a folder that takes the checks' pictures, to look at them


def answers(name):
    """(answer's title, its code, the expected state, a part of the expected text) of an exercise."""
    exercise = course.Exercise(name)
    yield "untouched", exercise.texts("starter")[0], judging.NOT_ATTEMPTED, "Three dots"
    yield "solution", exercise.texts("solution")[0], judging.RIGHT, ""
    for i, code in enumerate(exercise.texts("alternative"), 1):
        yield f"alternative {i}", code, judging.RIGHT, ""
    wrong = [cell for cell in exercise.cells if cell.metadata["role"] == "wrong"]
    for i, cell in enumerate(wrong, 1):
        yield f"wrong {i}", cell.source, judging.WRONG, cell.metadata["expects"]


CASES = [(name, *case) for name in course.names() for case in answers(name)]


@functools.lru_cache(1)
def given(name):
    """The namespace in which the answer is written: what the starter's cells before it define."""
    cells = course.Exercise(name).cells
    roles = [cell.metadata["role"] for cell in cells]
    namespace = {"__name__": "__main__"}
    run(cells[: roles.index("starter")], namespace)
    return namespace


def run(cells, namespace):
    """Execute the untitled code cells."""
    for cell in cells:
        if cell.cell_type == "code" and not cell.metadata["role"]:
            exec(cell.source, namespace)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder that has the notebooks beside it, as exercises/ has: answers may save files there."""
    folder = tmp_path_factory.mktemp("course") / "exercises"
    folder.mkdir()
    (folder.parent / "notebooks").symlink_to(course.HERE.parent / "notebooks", target_is_directory=True)
    return folder


@pytest.fixture(autouse=True)
def in_the_folder(folder, monkeypatch):
    """The working directory of a notebook; progress goes there, too, and figures are closed."""
    monkeypatch.chdir(folder)
    monkeypatch.setattr(course, "PROGRESS", folder / ".progress.json")
    yield
    matplotlib.pyplot.close("all")


@pytest.mark.parametrize("name, answer, code, state, part", CASES, ids=[f"{c[0]}-{c[1]}" for c in CASES])
def test_each_answer_is_told_what_it_should_be_told(name, answer, code, state, part, table):
    session, begin = course.Session(course.Exercise(name)), time.perf_counter()
    namespace = {**given(name), "check": session.check}
    exec(code, namespace)
    cells = session.exercise.cells
    run(cells[[cell.metadata["role"] for cell in cells].index("starter") :], namespace)
    verdict = session.verdict
    table.append((name, answer, verdict.state, time.perf_counter() - begin, verdict.text))
    print(f"{name} {answer}: {verdict}")
    if verdict.picture and PICTURES:
        (Path(PICTURES) / f"{name}-{answer}.png").write_bytes(verdict.picture)
    assert verdict.state == state
    assert part in verdict.text


@pytest.mark.parametrize("name", course.names())
def test_wrong_answers_are_at_least_two_and_told_apart(name):
    expected = [c[4] for c in CASES if c[0] == name and c[1].startswith("wrong")]
    assert len(expected) >= 2
    assert all(expected) and len(set(expected)) == len(expected)


@pytest.mark.parametrize("name", course.names())
def test_there_are_an_alternative_and_steps_of_help(name):
    exercise = course.Exercise(name)
    assert exercise.texts("alternative")
    assert len(exercise.texts("hint")) >= 2
