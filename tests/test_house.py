"""The promises of the house: what is the spine, how long it may be, and which way imports point."""

import ast
from pathlib import Path

import pytest

import simlib

HOME = Path(simlib.__file__).parent
FILES = {path.relative_to(HOME).with_suffix("").as_posix(): path for path in HOME.rglob("*.py")}
SPINE = (
    "neighbors distances search index matching metrics calibration "
    "embedding/sampling embedding/layers embedding/losses embedding/model"
).split()
SPINE_LINES, ALL_LINES, FILE_LINES = 2000, 6780, 260
KERAS = {"keras", "tensorflow", "jax", "torch"}
# What each room may lean on beside the arrays, which lie directly under simlib/, and itself.
BELOW = {
    "": set(),
    "embedding": set(),
    "trust": set(),
    "scale": {"embedding"},
    "plots": {"trust"},
    "explorer": {"trust", "plots"},
    "course": {"embedding", "trust", "scale", "plots", "explorer"},
}


def room(name):
    return name.rpartition("/")[0]


def lines(names):
    return sum(len(FILES[name].read_text(encoding="utf-8").splitlines()) for name in names)


def imported(name):
    """Dotted names that a file imports, at its top or inside a function, by statement or by text."""
    for node in ast.walk(ast.parse(FILES[name].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            if getattr(node.func, "attr", getattr(node.func, "id", "")) in ("import_module", "extra"):
                yield str(node.args[0].value)


def leans_on(name):
    """The files of simlib that a file of simlib imports."""
    for dotted in imported(name):
        parts = dotted.split(".")
        if parts[0] == "simlib":
            ends = ["/".join(parts[1:end]) for end in range(len(parts), 1, -1)]
            found = next((n for end in ends for n in (end, f"{end}/__init__") if n in FILES), "__init__")
            if found != name:
                yield found


def test_the_spine_can_be_read_in_an_afternoon():
    assert lines(SPINE) <= SPINE_LINES


def test_the_whole_stays_compact():
    assert lines(FILES) <= ALL_LINES
    assert {name: n for name in FILES if (n := lines([name])) > FILE_LINES} == {}


@pytest.mark.parametrize("name", [name for name in FILES if not room(name)])
def test_what_lies_directly_under_simlib_knows_no_keras(name):
    assert KERAS.isdisjoint(dotted.split(".")[0] for dotted in imported(name))


@pytest.mark.parametrize("name", FILES)
def test_imports_point_down(name):
    if name == "__init__":  # the one door to Keras waits there until Keras is imported
        assert set(leans_on(name)) == {"embedding/register", "checks"}
        return
    allowed = {"", room(name)} | BELOW[room(name)]
    assert "__init__" not in leans_on(name)  # the whole of simlib stands above each of its parts
    assert {room(other) for other in leans_on(name)} <= allowed


def test_each_benchmark_has_a_line_in_their_table():
    home = Path(__file__).parent / "benchmarks"
    table = (home / "README.md").read_text(encoding="utf-8")
    assert [path.name for path in home.glob("*.py") if f"`{path.name}`" not in table] == []


def test_no_file_leans_on_itself_by_a_detour():
    done = set()

    def below(name, path=()):
        assert name not in path, " -> ".join([*path, name])
        for other in set(leans_on(name)) - {"__init__"} - done:
            below(other, (*path, name))
        done.add(name)

    for name in FILES:
        below(name)
