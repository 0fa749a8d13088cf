"""A split by thing and not by photo: what was photographed twice must not stand on both sides."""

import collections
import re
from pathlib import Path

import numpy as np

from simlib import checks


def split_by_thing(paths, shares, thing=None, within=None, seed=0):
    r"""Deal rows into parts so that no thing is in two of them: photos of one thing are near copies.

    Args:
        paths: (n,) files, or whatever else stands for a row, such as class names.
        shares: of each part, together 1. seed: of the deal.
        thing: what a row shows: a function of the path, or a pattern whose groups name it, such as
            r"([^/]+)/(\w+)-\d" for folder and file without its number; None: each path is a thing.
        within: (n,) such as class names, whose things are dealt out apart; the largest parts come first.

    Returns row numbers, ascending, for each part, in a list. Raises ValueError for wrong arguments.

    >>> split_by_thing(["a-1.jpg", "a-2.jpg", "b-1.jpg"], (0.5, 0.5), r"(\w+)-\d")
    [array([0, 1]), array([2])]
    """
    paths, shares = checks.listed("paths", paths), checks.as_array("shares", checks.listed("shares", shares))
    if shares.dtype.kind not in "fi" or not (shares >= 0).all() or not np.isclose(shares.sum(), 1):
        raise ValueError(f"shares must be 0 or more and together 1, such as (0.5, 0.25, 0.25); got {shares}.")
    n = len(paths)
    within = [None] * n if within is None else checks.listed("within", within, n, "paths")
    groups = collections.defaultdict(lambda: collections.defaultdict(list))
    for row, (path, group) in enumerate(zip(paths, within)):
        name = thing(path) if callable(thing) else path if thing is None else _thing(path, thing)
        groups[group][name].append(row)
    rng, parts = np.random.default_rng(checks.whole_number("seed", seed)), [[] for _ in shares]
    for things in groups.values():
        due = shares * len(things)
        sizes = np.floor(due + 1e-9).astype(int)
        sizes[np.argsort(sizes - due, kind="stable")[: len(things) - sizes.sum()]] += 1
        for part, rows in zip(rng.permutation(np.repeat(np.arange(len(shares)), sizes)), things.values()):
            parts[part] += rows
    return [np.sort(np.array(rows, np.int64)) for rows in parts]


def _thing(path, pattern):
    if fits := re.search(pattern, Path(path).as_posix()):
        return fits.groups() or fits.group()
    raise ValueError(f"thing: the pattern {pattern!r} does not fit {str(path)!r}.")
