"""No thing on two sides, every class on all."""

import numpy as np
import pytest

from simlib.embedding.splits import split_by_thing


@pytest.mark.parametrize("seed", range(5))
def test_no_thing_stands_on_two_sides_and_every_class_on_all(seed):
    paths = [
        f"{c}/cup {thing}-{shot}.jpg" for c in "abc" for thing in range(6) for shot in range(1 + thing % 3)
    ]
    classes = [path[0] for path in paths]
    parts = split_by_thing(paths, (0.5, 0.3, 0.2), r"(\w)/(cup \d)", within=classes, seed=seed)
    assert sorted(np.concatenate(parts)) == list(range(len(paths)))
    things = [{paths[row][:7] for row in part} for part in parts]
    assert not (things[0] & things[1] or things[0] & things[2] or things[1] & things[2])
    assert [len(t) for t in things] == [9, 6, 3]
    assert all({classes[row] for row in part} == set("abc") for part in parts)


def test_classes_themselves_can_be_dealt_out_and_another_seed_deals_otherwise():
    y = np.repeat([f"class {i}" for i in range(20)], 5)
    seen, unseen = split_by_thing(y, (0.6, 0.4))
    assert len(set(y[seen])) == 12 and len(set(y[unseen])) == 8 and not set(y[seen]) & set(y[unseen])
    again, other = (split_by_thing(y, (0.6, 0.4), seed=seed)[0].tolist() for seed in (0, 1))
    assert seen.tolist() == again != other


@pytest.mark.parametrize("n, sizes", [(1, [1, 0, 0]), (2, [1, 1, 0]), (3, [1, 1, 1]), (4, [2, 1, 1])])
def test_where_there_are_too_few_the_largest_parts_come_first(n, sizes):
    assert [len(part) for part in split_by_thing(range(n), (0.5, 0.25, 0.25), within=["one"] * n)] == sizes


def test_a_function_may_say_which_thing_it_is():
    parts = split_by_thing(range(20), (0.5, 0.5), thing=lambda row: row % 4)
    assert sorted(len({row % 4 for row in part}) for part in parts) == [2, 2]


@pytest.mark.parametrize("wrong, message", [
    (dict(shares=(0.5, 0.6)), "together 1"), (dict(shares=(1.5, -0.5)), "together 1"),
    (dict(shares=()), "together 1"),
    (dict(within=["a"]), "within has 1"), (dict(thing=r"(\d+)-"), r"does not fit 'a\.jpg'"),
    (dict(shares="half"), "must be a list"),
])  # fmt: skip
def test_a_split_that_cannot_be_is_named(wrong, message):
    with pytest.raises(ValueError, match=message):
        split_by_thing(**({"paths": ["a.jpg", "b.jpg"], "shares": (0.5, 0.5)} | wrong))
