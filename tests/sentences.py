"""What the tables of bad input share: what a sentence of simlib's own is, and which functions are public."""

import importlib
import inspect
import re
from pathlib import Path

import pytest

import simlib

HOUSE = Path(simlib.__file__).parent


def assert_sentence(message, error, call, *arguments):
    """The call fails with `error`; a line of simlib raises it, and it begins as `message` says."""
    with pytest.raises(error) as caught:
        call(*arguments)
    said = str(caught.value)
    assert re.match(message, said, re.DOTALL), said  # from its first word on, which is the argument's name
    where = Path(caught.traceback[-1].path)
    assert where.parent == HOUSE, f"raised in {where}"


def public_callables(modules, methods_of_keras=()):
    """The names of the public functions, classes and methods that modules of simlib define."""
    for module in map(importlib.import_module, (f"simlib.{m}" for m in modules.split())):
        for name, value in vars(module).items():
            if name.startswith("_") or getattr(value, "__module__", None) != module.__name__:
                continue
            if inspect.isfunction(value) or inspect.isclass(value):
                yield name
            for method, function in vars(value).items() if inspect.isclass(value) else ():
                if not method.startswith("_") and method not in methods_of_keras:
                    if inspect.isfunction(function) or isinstance(function, classmethod):
                        yield f"{name}.{method}"
