"""Every exercise proves itself: each answer in its source gets the verdict that it should get."""

import functools
import os
import time
from pathlib import Path

import matplotlib.pyplot
import pytest

import course
import judging

matplotlib.use("Agg")
pytestmark = pytest.mark.filterwarnings("ignore:.*wrong matches in", "ignore:.*match at distance 0")
PICTURES = os.environ.get("PICTURES")  # a folder that takes the checks' pictures, to look at them
EXERCISES = {name: course.Exercise(name) for name in course.names()}


def answers(exercise):
    yield "untouched", exercise.texts("starter")[0], judging.NOT_ATTEMPTED, "Three dots"
    yield from exercise.attempts()


CASES = [(name, *case) for name, exercise in EXERCISES.items() for case in answers(exercise)]


@functools.lru_cache(1)
def begun(name):
    """(what the cells before the answer define, a session): shared by all answers to an exercise."""
    return EXERCISES[name].given(), course.Session(EXERCISES[name])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder that has the notebooks beside it, as exercises/ has: answers may save files there."""
    folder = tmp_path_factory.mktemp("course") / "exercises"
    folder.mkdir()
    (folder.parent / "notebooks").symlink_to(course.HERE.parent / "notebooks", target_is_directory=True)
    return folder


@pytest.fixture(autouse=True)
def in_the_folder(folder, monkeypatch, mnist_once):
    """The working directory of a notebook; progress goes there, too, and figures are closed."""
    monkeypatch.chdir(folder)
    monkeypatch.setattr(course, "PROGRESS", folder / ".progress.json")
    yield
    matplotlib.pyplot.close("all")


@pytest.mark.parametrize("name, answer, code, state, part", CASES, ids=[f"{c[0]}-{c[1]}" for c in CASES])
def test_each_answer_is_told_what_it_should_be_told(name, answer, code, state, part, table):
    given, session = begun(name)
    begin, namespace = time.perf_counter(), {**given, "check": session.check}
    exec(code, namespace)
    for after in session.exercise.around()[1]:
        exec(after, namespace)
    verdict = session.verdict
    table.append((name, answer, verdict.state, time.perf_counter() - begin, verdict.text))
    assert verdict.state == state, verdict
    assert part.removeprefix("...") in verdict.text
    assert verdict.text[-1] in ".?!)" or "error:" in verdict.text  # a sentence, and not a part of one
    if answer == "solution" and verdict.picture and PICTURES:
        (Path(PICTURES) / f"{name}.png").write_bytes(verdict.picture)


@pytest.mark.parametrize("name", course.names())
def test_ten_wrong_answers_and_four_right_ones_are_tried(name):
    tried = [(state, told) for _, _, state, told in EXERCISES[name].attempts()]
    wrong = [told for state, told in tried if state == judging.WRONG]
    assert len(wrong) >= 10 and len(tried) - len(wrong) >= 1 + 4
    assert all(told.strip(".") for told in wrong) and len(set(wrong)) >= 5
    assert len(EXERCISES[name].texts("hint")) >= 2  # steps of help


@pytest.mark.parametrize("chapter", sorted({name[:2] for name in course.names()}))
def test_a_chapter_of_several_opens_with_the_easiest_kind(chapter):
    first, *others = [name for name in course.names() if name.startswith(chapter)]
    assert EXERCISES[first].level == "fill a line" or not others
