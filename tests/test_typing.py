"""What type checkers and editors see: the same names as Python does. `make lint` runs mypy."""

from pathlib import Path

import simlib

STUB = Path(simlib.__file__).with_suffix(".pyi")
HEAD = '"""What `simlib` holds, for type checkers and editors, which cannot follow names that load lazily."""'


def stub():
    """The stub that the table of public names asks for; `python -m tests.test_typing` writes it."""
    names = {name: (f"simlib.{home}", name) for home, names in simlib._HOME.items() for name in names}
    for name, module in simlib._MODULES.items():
        package, _, leaf = f"simlib.{module}".rpartition(".")
        names.setdefault(name, (package, leaf))
    lines = [f"from {home} import {name} as {alias}" for alias, (home, name) in names.items()]
    return "\n".join([HEAD, "", *lines, "", "__version__: str", ""])


def test_the_stub_holds_every_public_name():
    assert STUB.read_text(encoding="utf-8") == stub()
    assert STUB.with_name("py.typed").exists()


if __name__ == "__main__":
    STUB.write_text(stub(), encoding="utf-8")
