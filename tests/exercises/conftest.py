"""The exercises' folder on the path, as in their notebooks; and the table of all answers at the end."""

import functools
import sys
from pathlib import Path

import pytest

import simlib

EXERCISES = Path(__file__).resolve().parents[2] / "exercises"
sys.path.insert(0, str(EXERCISES))

ROWS = []


@pytest.fixture(scope="session")
def mnist_once():
    """Read MNIST once: it takes seconds, and every second exercise begins with it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(simlib, "load_mnist", functools.cache(simlib.load_mnist))
        yield


@pytest.fixture
def table():
    """A list of (exercise, answer, verdict, seconds, text): what each answer was told."""
    return ROWS


def pytest_terminal_summary(terminalreporter):
    if ROWS:
        terminalreporter.section("what each answer to an exercise is told")
    for exercise, answer, state, seconds, text in sorted(ROWS, key=lambda row: row[0]):
        terminalreporter.line(f"{exercise:24} {answer:14} {state:14} {seconds:5.1f} s  {text[:150]}")
