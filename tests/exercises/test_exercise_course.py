"""What the exercises stand on: calm verdicts on bad answers, hints in steps, progress that survives."""

import threading
import time
from fractions import Fraction

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


BAD = {
    "raises": (lambda: 1 // 0, "stopped with an error: ZeroDivisionError"),
    "takes other arguments": (lambda a, b: a, "missing 2 required positional arguments"),
    "exits": (lambda: exit(), "stopped with an error: SystemExit"),
    "returns None": (lambda: None, "returned None. Does it end with `return`?"),
    "never returns": (forever, "had no answer after 0.3 seconds"),
    "never returns, and swallows exceptions": (stubborn, "had no answer after 0.3 seconds"),
    "wrong shape": (lambda: np.zeros(4), "must have the shape (3,); yours has (4,)"),
    "an axis too many": (lambda: np.zeros((3, 1)), "`.ravel()`"),
    "ragged": (lambda: [[1, 2], [3]], "must be one array of numbers; this is a value of type list"),
    "text": (lambda: ["a", "b", "c"], "must hold numbers"),
    "NaN": (lambda: np.full(3, np.nan), "holds NaN (not a number)"),
    "infinity": (lambda: np.full(3, np.inf), "holds infinity"),
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


@pytest.mark.parametrize("value, kind, part", [
    ([1.5], "integer", "must hold whole numbers; yours holds the dtype float64"),
    ([True], "integer", "must hold whole numbers; yours holds True and False"),
    ([0, 2], "bool", "must hold True and False; yours holds the dtype int64"),
])  # fmt: skip
def test_a_wrong_dtype_is_named(value, kind, part):
    verdict = judge(lambda x: comparing.array("x", x, kind=kind), (value,))
    assert verdict.state == WRONG and part in verdict.text


class Tensor:
    """What NumPy can turn into an array."""

    def __array__(self, dtype=None, copy=None):
        return np.array([3, 1], dtype)


ALIKE = {
    "a list": ([3, 1], "integer"),
    "whole-number floats": ([3.0, 1.0], "integer"),
    "a tensor": (Tensor(), "number"),
    "a list of arrays without an axis": ([np.array(3), np.array(1)], "integer"),
    "numbers in a list of objects": (np.array([3, 1], object), "integer"),
    "the values of a dictionary": ({"a": 3, "b": 1}.values(), "integer"),
    "fractions": ([Fraction(3), Fraction(1)], "number"),
    "fractions, and whole ones": ([Fraction(3), Fraction(1)], "integer"),
}


@pytest.mark.parametrize("value, kind", ALIKE.values(), ids=ALIKE)
def test_what_numpy_would_take_is_taken(value, kind):
    assert comparing.array("x", value, (2,), kind).tolist() == [3, 1]


@pytest.mark.parametrize("answer", [..., {"a": 1, "b": ...}, [1, (2, ...)], lambda: ..., lambda: (1, ...)])
def test_a_placeholder_anywhere_is_not_attempted(answer):
    def check(answer):
        judging.ask(answer)

    assert judge(check, (answer,)).state == NOT_ATTEMPTED


@pytest.mark.parametrize("x", [np.array([3, 1, 2]), [3, 1, 2]], ids=["array", "list"])
def test_the_inputs_survive_an_answer_that_changes_them(x):
    judging.ask(lambda a, b: (a.sort(), b["deep"].sort()), x, {"deep": x})
    assert list(x) == [3, 1, 2]


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


@pytest.mark.parametrize("many", [tuple, list, np.array, lambda x: dict(zip("ab", x)).values()])
def test_values_returned_together_may_come_in_any_wrapping(many):
    def check(f):
        comparing.compare(f, CASES, lambda x: (x, 2 * x), [("turned", lambda x: (2 * x, x))])

    assert judge(check, (lambda x: many([x, 2 * x]),)).state == RIGHT
    assert judge(check, (lambda x: many([2 * x, x]),)).text == "turned"
    if many in (tuple, list, np.array):
        assert "must return 2 values; it returns 3" in judge(check, (lambda x: many([x, 0, 0]),)).text


def test_an_answer_that_is_no_array_is_compared_through_what_it_did():
    def lengths(f):
        def measured(x):
            if not isinstance(text := f(x), str):
                raise judging.Wrong("a text is asked for.")
            return len(text)

        return measured

    def check(f):
        says = "{0} letters for {2}, and not {1}".format
        comparing.compare(
            f, {"once": (3,), "again": (5,)}, "a".__mul__, [("one more", lambda x: "b" * (x + 1))],
            through=lengths, says=says,
        )  # fmt: skip

    assert judge(check, ("z".__mul__,)).state == RIGHT
    assert judge(check, (lambda x: "c" * (x + 1),)).text == "one more"
    assert judge(check, (lambda x: "c" * 4,)).text == "once: 4 letters for 3, and not 3"
    assert judge(check, (lambda x: x,)).text == "a text is asked for."


def test_where_no_thread_can_start_answers_are_judged_all_the_same(monkeypatch):
    def refuse(self):
        raise RuntimeError("can't start new thread")  # as in a browser's Python

    monkeypatch.setattr(threading.Thread, "start", refuse)
    for answer, state in ((double, RIGHT), (lambda x: x, WRONG), (lambda x: 1 // 0, WRONG)):
        assert judge(lambda f: comparing.compare(f, CASES, double), (answer,)).state == state


def test_an_answer_that_remembers_is_found_out():
    turns = iter([1, 1, 1, 0, 0, 0])
    verdict = judge(lambda f: comparing.compare(f, CASES, double), (lambda x: 2 * x * next(turns),))
    assert "asked the same a second time" in verdict.text


def test_a_verdict_says_the_same_in_text_and_in_html():
    before = plt.get_fignums()  # what other tests have left
    verdict = judge(lambda a: judging.expect(False, "`a` < 3 & more", lambda: plt.figure()), (1,))
    assert repr(verdict) == "\u2717 Not right yet, because `a` < 3 & more"
    html = verdict._repr_html_()
    assert "<code>a</code> &lt; 3 &amp; more" in html
    assert "data:image/png;base64," in html and "alt=" in html
    assert plt.get_fignums() == before  # a figure left open would be shown twice


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


DAMAGED = ["", "[1, 2]", f'{{"{FIRST}": 3, "99z_gone": "solved"}}', "[" * 100_000, "\udcff"]


@pytest.mark.parametrize("text", DAMAGED)
def test_a_damaged_file_is_as_good_as_none(text, file):
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    assert course.progress().solved == 0
    course.record(FIRST, course.SOLVED)
    assert course.progress().solved == 1


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
