"""What the exercises stand on: calm verdicts on bad answers, hints in steps, progress that survives."""

import threading
import time

import comparing
import matplotlib.pyplot as plt
import numpy as np
import pytest

import course
import judging
from judging import NOT_ATTEMPTED, RIGHT, WRONG, judge


def forever():
    while True:
        pass


def stubborn():
    while True:
        try:
            time.sleep(0.01)
        except Exception:
            pass


def needs_two(a, b):
    return a


def divides():
    return np.zeros(3) / np.zeros(3)


BAD = {
    "raises": (lambda: 1 // 0, "stopped with an error: ZeroDivisionError"),
    "takes other arguments": (needs_two, "missing 2 required positional arguments"),
    "exits": (lambda: exit(), "stopped with an error: SystemExit"),
    "returns None": (lambda: None, "returned None. Does it end with `return`?"),
    "never returns": (forever, "had no answer after 0.3 seconds"),
    "never returns, and swallows exceptions": (stubborn, "had no answer after 0.3 seconds"),
    "wrong shape": (lambda: np.zeros(4), "must have the shape (3,); yours has (4,)"),
    "ragged": (lambda: [[1, 2], [3]], "must be one array of numbers; this is a value of type list"),
    "text": (lambda: ["a", "b", "c"], "must hold numbers"),
    "an object": (lambda: object(), "must be one array of numbers; this is a value of type object"),
    "NaN": (divides, "holds NaN (not a number)"),
    "infinity": (lambda: np.full(3, np.inf), "holds infinity"),
    "no function": (3.5, "needs the function itself, and got a value of type float"),
    "called already": (np.zeros(3), "got a value of type ndarray of shape (3,)"),
}


def check_three_numbers(answer):
    comparing.array("the answer", judging.ask(answer), (3,))
    return "Three numbers."


@pytest.mark.parametrize("answer, part", BAD.values(), ids=BAD)
def test_a_bad_answer_gets_a_calm_sentence(answer, part, monkeypatch):
    monkeypatch.setattr(judging, "LIMIT", 0.3)
    before = threading.active_count()
    verdict = judge(check_three_numbers, (answer,))
    assert verdict.state == WRONG
    assert part in verdict.text
    assert "Traceback" not in verdict.text
    for _ in range(100):  # what never returns is stopped, and takes no more time
        if threading.active_count() <= before:
            break
        time.sleep(0.05)
    assert threading.active_count() <= before


def test_a_turned_array_is_recognised():
    verdict = judge(lambda x: comparing.array("x", x, (2, 3)), (np.zeros((3, 2)),))
    assert "rows and columns changed places" in verdict.text


@pytest.mark.parametrize(
    "value, kind, part",
    [
        ([1.5], "integer", "must hold whole numbers; yours holds the dtype float64"),
        ([True], "integer", "must hold whole numbers; yours holds True and False"),
        ([0, 2], "bool", "must hold True and False; yours holds the dtype int64"),
        ([True], "number", "must hold numbers; yours holds True and False"),
    ],
)
def test_a_wrong_dtype_is_named(value, kind, part):
    verdict = judge(lambda x: comparing.array("x", x, kind=kind), (value,))
    assert verdict.state == WRONG
    assert part in verdict.text


class Tensor:
    """What NumPy can turn into an array."""

    def __array__(self, dtype=None, copy=None):
        return np.array([3, 1], dtype)


ALIKE = {
    "a list": ([3, 1], "integer"),
    "a tuple": ((3, 1), "number"),
    "whole-number floats": ([3.0, 1.0], "integer"),
    "small integers": (np.array([3, 1], np.int8), "integer"),
    "a tensor": (Tensor(), "number"),
    "a list of arrays without an axis": ([np.array(3), np.array(1)], "integer"),
    "numbers in a list of objects": (np.array([3, 1], object), "integer"),
    "the values of a dictionary": ({"a": 3, "b": 1}.values(), "integer"),
}


@pytest.mark.parametrize("value, kind", ALIKE.values(), ids=ALIKE)
def test_what_numpy_would_take_is_taken(value, kind):
    assert comparing.array("x", value, (2,), kind).tolist() == [3, 1]


def test_a_set_a_range_zeros_and_ones_and_one_number_in_brackets_are_taken():
    assert comparing.array("x", {3, 1, 2}, kind="integer").tolist() == [1, 2, 3]
    assert comparing.array("x", range(3)).tolist() == [0, 1, 2]
    assert comparing.array("x", [0, 1.0], kind="bool").tolist() == [False, True]
    assert comparing.number("x", [[2.5]]) == 2.5
    assert comparing.array("x", [], kind="integer").shape == (0,)


def test_an_axis_too_many_is_named():
    verdict = judge(lambda x: comparing.array("x", x, (3,)), (np.zeros((3, 1)),))
    assert "`.ravel()`" in verdict.text


@pytest.mark.parametrize("answer", [..., {"a": 1, "b": ...}, [1, (2, ...)], lambda: ..., lambda: (1, ...)])
def test_a_placeholder_anywhere_is_not_attempted(answer):
    def check(answer):
        judging.ask(answer)

    assert judge(check, (answer,)).state == NOT_ATTEMPTED


def test_a_right_answer_is_right():
    assert judge(check_three_numbers, (lambda: [1, 2.5, 3],)).state == RIGHT


@pytest.mark.parametrize("x", [np.array([3, 1, 2]), [3, 1, 2]], ids=["array", "list"])
def test_the_inputs_survive_an_answer_that_changes_them(x):
    judging.ask(lambda a, b: (a.sort(), b["deep"].sort()), x, {"deep": x})
    assert list(x) == [3, 1, 2]


def test_where_no_thread_can_start_the_answer_is_judged_all_the_same(monkeypatch):
    def fails(self):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", fails)
    assert judge(check_three_numbers, (lambda: [1, 2, 3],)).state == RIGHT
    assert "ZeroDivisionError" in judge(check_three_numbers, (lambda: 1 // 0,)).text


@pytest.mark.parametrize("answers", [(), (1, 2, 3)])
def test_a_wrong_number_of_answers_is_told_which_are_wanted(answers):
    text = judge(lambda spread, loss: "", answers).text
    assert f"got {len(answers)} answers" in text and "`check(spread, loss)`" in text


def double(x):
    return 2 * x


CASES = {f"for {x}": (x,) for x in (1.0, 2.0, 5.0)}
SQUARED = ("you square", lambda x: x**2)


@pytest.mark.parametrize(
    "answer, part",
    [
        (lambda x: x * x, "you square"),
        (lambda x: x * x if x < 3 else 26, "for 1.0: your answer is 1., and 2. is right."),
        (lambda x: x + 2, "for 1.0: your answer is 3., and 2. is right."),
        (lambda x: [2.0 * x, 0.0], "must be a single number"),
        (lambda x: 1 // 0, "ZeroDivisionError"),
    ],
)
def test_a_mistake_is_named_if_it_makes_all_the_numbers_and_else_not(answer, part):
    verdict = judge(lambda f: comparing.compare(f, CASES, double, [SQUARED]), (answer,))
    assert part in verdict.text


def test_of_two_mistakes_that_make_the_same_numbers_none_is_named():
    other = ("you multiply by yourself", lambda x: x * x)
    verdict = judge(lambda f: comparing.compare(f, CASES, double, [SQUARED, other]), (lambda x: x * x,))
    assert verdict.text.endswith("is right.")


def test_an_answer_that_remembers_is_found_out():
    seen = []

    def forgetful(x):
        seen.append(x)
        return 2 * x if len(seen) <= len(CASES) else 0.0

    verdict = judge(lambda f: comparing.compare(f, CASES, double), (forgetful,))
    assert "asked the same a second time" in verdict.text


def test_whole_numbers_must_agree_exactly():
    verdict = judge(lambda f: comparing.compare(f, {"n": (100_000,)}, double), (lambda x: 2 * x + 1,))
    assert verdict.state == WRONG


def test_the_line_of_an_error_is_shown():
    def answer():
        x = np.zeros(2)
        return x[5]

    assert "(at the line `return x[5]`)" in judge(check_three_numbers, (answer,)).text


def test_an_answer_that_breaks_the_check_breaks_nothing():
    assert "the check cannot work with this answer (KeyError" in judge(lambda a: a["key"], ({},)).text


def test_a_verdict_says_the_same_in_text_and_in_html():
    verdict = judge(lambda a: judging.expect(False, "`a` < 3 & more", lambda: plt.figure()), (1,))
    assert repr(verdict) == "\u2717 Not right yet, because `a` < 3 & more"
    html = verdict._repr_html_()
    assert "<code>a</code> &lt; 3 &amp; more" in html
    assert "data:image/png;base64," in html and "alt=" in html
    assert not plt.get_fignums()  # a figure left open would be shown twice


@pytest.fixture
def file(monkeypatch, tmp_path):
    monkeypatch.setattr(course, "PROGRESS", tmp_path / ".progress.json")
    return course.PROGRESS


FIRST, SECOND = course.names()[:2]


def test_progress_is_kept_and_solved_stays_solved(file):
    course.record(FIRST, course.SOLVED)
    course.record(FIRST, course.TRIED)
    course.record(SECOND, course.TRIED)
    progress = course.progress()
    assert (progress.states[FIRST], progress.states[SECOND]) == (course.SOLVED, course.TRIED)
    assert repr(progress).startswith(f"1 of {len(course.names())} exercises solved")
    assert f'href="{FIRST}.ipynb"' in progress._repr_html_()
    assert [path.name for path in file.parent.iterdir()] == [file.name]


DAMAGED = ["", "{", "[1, 2]", "null", "7", f'{{"{FIRST}": 3, "x": [1]}}', "[" * 100_000, "\udcff"]


@pytest.mark.parametrize("text", DAMAGED)
def test_a_damaged_file_is_as_good_as_none(text, file):
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    assert course.progress().solved == 0
    course.record(FIRST, course.SOLVED)
    assert course.progress().solved == 1


def test_a_file_of_another_version_of_the_exercises_does_no_harm(file):
    file.write_text(f'{{"99z_gone": "solved", "{FIRST}": "solved"}}')
    assert course.progress().solved == 1
    assert set(course.progress().states) == set(course.names())


def test_where_nothing_can_be_written_the_verdict_still_comes(monkeypatch, tmp_path):
    monkeypatch.setattr(course, "PROGRESS", tmp_path / "no" / "such" / "folder.json")
    session = course.Session(course.Exercise(FIRST))
    assert session.check(lambda: None).state == WRONG


def test_a_check_that_was_not_attempted_leaves_no_trace(file):
    check, *_ = course.start(FIRST)
    check(...)
    assert not file.exists()
    check(3)
    assert course.progress().states[FIRST] == course.TRIED


def test_hints_come_in_steps():
    session = course.Session(course.Exercise(FIRST))
    hints = session.exercise.texts("hint")
    told = [session.hint().text for _ in range(len(hints) + 1)]
    assert [hint in text for hint, text in zip(hints, told)] == [True] * len(hints)
    assert "This is the last one" in told[-1] and told[-1] == told[-2]
    assert hints[0] in session.hint(1).text
    assert "There are" in session.hint(99).text


def test_solution_shows_the_code():
    assert course.Exercise(FIRST).texts("solution")[0] in course.start(FIRST)[2]()._repr_markdown_()


def test_an_unknown_exercise_names_the_others():
    with pytest.raises(ValueError, match=FIRST):
        course.start("nonsense")


def test_a_cell_with_an_unknown_title_is_refused(tmp_path):
    (tmp_path / "x.py").write_text("# %% solutoin\npass\n")
    with pytest.raises(ValueError, match="solutoin"):
        course.Exercise("x", tmp_path)
