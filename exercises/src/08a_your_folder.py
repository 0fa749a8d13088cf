# %% about
level, minutes, notebook = "design it", 20, "08_your_pictures"
learn = "to split a real folder so that the test is honest"

# %% [markdown]
# # Two sides of a folder
#
# Here is a folder as people have them: a subfolder for each class, several photos of each thing, and a few
# files that are no use. `mug-3.png` is the third photo of the thing `mug`; `tea mug-1.png` shows another.

# %%
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

import simlib

folder, (x, y), rng = Path(tempfile.mkdtemp()), simlib.load_mnist().train, np.random.default_rng(0)
for digit in range(3):
    (folder / f"digit {digit}").mkdir()
    for writer, picture in zip(("Ana", "Ben", "Cem", "Dörte"), x[y == digit]):
        for photo, image in enumerate(simlib.augment.distort(np.stack([picture] * 3), rng), 1):
            name = folder / f"digit {digit}" / f"{writer}-{photo}.png"
            Image.fromarray(image.astype(np.uint8)).save(name)
(folder / "digit 0" / "Eva-1.png").write_text("no picture")
(folder / "digit 1" / ".hidden.txt").touch()
figure = simlib.plots.image_grid(simlib.pictures.read(folder, (28, 28), bad="skip").x[:12], columns=6)

# %% [markdown]
# Write a function that reads such a folder and returns two lists of files, **one to index and one to test
# with**. What it returns should be usable, and the test honest: it should ask for the *class*, and never be
# answered with another photo of the very same thing. Every class should be on both sides. Then try it on a
# folder of your own.


# %% starter
def two_sides(folder):
    """(files to index, files to test with)."""
    return ...


# %%
check(two_sides)


# %% solution
def two_sides(folder):
    """Read what can be read, and deal the things of each class out to both sides."""
    photos = simlib.pictures.read(folder, (32, 32, 3), bad="skip")
    sides = simlib.split_by_thing(photos.paths, (0.5, 0.5), r"([^/]+)/([^/]+)-\d", within=photos.y)
    return [[photos.paths[row] for row in rows] for rows in sides]


# %% alternative
def two_sides(folder):
    """By hand: every other thing of each class is for the test."""
    sides = [], []
    for subfolder in sorted(p for p in Path(folder).iterdir() if p.is_dir()):
        things = {}
        for file in sorted(subfolder.iterdir()):
            try:
                Image.open(file).load()
            except OSError:
                continue
            things.setdefault(file.stem.rsplit("-", 1)[0], []).append(str(file))
        for i, files in enumerate(things.values()):
            sides[i % 2].extend(files)
    return sides


# %% alternative
def two_sides(folder):
    """Sets of paths; the last third of each class's things, in random order, is for the test."""
    import random

    index, test = set(), set()
    for subfolder in {file.parent for file in Path(folder).rglob("*")} - {Path(folder)}:
        photos = [
            Path(p)
            for p in simlib.pictures.read(folder, (8, 8), bad="skip").paths
            if Path(p).parent == subfolder
        ]
        things = sorted({file.stem.rpartition("-")[0] for file in photos})
        random.shuffle(things)
        held = things[: max(1, len(things) // 3)]
        for file in photos:
            (test if file.stem.rpartition("-")[0] in held else index).add(file)
    return index, test


# %% alternative
def two_sides(folder):
    """A dictionary's values, from os.walk: the first thing of each class is for the test."""
    import os
    import re

    sides = {"index": [], "test": []}
    for home, _, names in os.walk(folder):
        photos = []
        for name in sorted(names):
            try:
                np.asarray(Image.open(os.path.join(home, name)))
                photos.append(name)
            except Exception:
                pass
        if photos:
            first = re.sub(r"-\d+\.\w+$", "", photos[0])
            for name in photos:
                mine = re.sub(r"-\d+\.\w+$", "", name) == first
                sides["test" if mine else "index"].append(os.path.join(home, name))
    return sides.values()


# %% alternative
def two_sides(folder):
    """What stands before the photo's number, digits cut off; tuples of text."""
    files = [str(p) for p in simlib.pictures.read(folder, (32, 32), bad="skip").paths]
    things = {}
    for file in files:
        kind, thing = str(Path(file).parent), Path(file).stem.rstrip("0123456789")
        things.setdefault(kind, {}).setdefault(thing, []).append(file)
    parts = [[file for own in things.values() for t in list(own)[i::2] for file in own[t]] for i in (0, 1)]
    return tuple(parts[0]), tuple(parts[1])


# %% wrong expects="of the same thing"
def two_sides(folder):
    photos = simlib.pictures.read(folder, (32, 32, 3), bad="skip")
    sides = simlib.split_by_thing(photos.paths, (0.5, 0.5), within=photos.y)
    return [[photos.paths[row] for row in rows] for rows in sides]


# %% wrong expects="cannot be opened as a picture"
def two_sides(folder):
    files = sorted(file for file in Path(folder).glob("*/*-*.*"))
    things = sorted({(file.parent, file.stem.rsplit("-", 1)[0]) for file in files})
    test = set(things[::2])
    is_test = [(file.parent, file.stem.rsplit("-", 1)[0]) in test for file in files]
    return [f for f, t in zip(files, is_test) if not t], [f for f, t in zip(files, is_test) if t]


# %% wrong expects="on one side only"
def two_sides(folder):
    photos = simlib.pictures.read(folder, (32, 32, 3), bad="skip")
    first = photos.y[0]
    sides = photos.y == first, photos.y != first
    return [[photos.paths[row] for row in np.flatnonzero(rows)] for rows in sides]


# %% wrong expects="in both lists"
def two_sides(folder):
    paths = simlib.pictures.read(folder, (32, 32, 3), bad="skip").paths
    return paths, paths


# %% wrong expects="are left out"
def two_sides(folder):
    photos = simlib.pictures.read(folder, (32, 32, 3), bad="skip")
    sides = [], []
    for name in np.unique(photos.y):
        paths = [p for p, c in zip(photos.paths, photos.y) if c == name]
        sides[0].append(paths[0])
        sides[1].append(paths[-1])
    return sides


# %% wrong expects="of the same thing"
def two_sides(folder):
    """Every other photo."""
    paths = simlib.pictures.read(folder, (32, 32, 3), bad="skip").paths
    return paths[::2], paths[1::2]


# %% wrong expects="of the same thing"
def two_sides(folder):
    """The first photo of each thing against the others."""
    paths = [Path(p) for p in simlib.pictures.read(folder, (32, 32, 3), bad="skip").paths]
    return [p for p in paths if p.stem.endswith("-1")], [p for p in paths if not p.stem.endswith("-1")]


# %% wrong expects="of the same thing"
def two_sides(folder):
    """The thing is the name without its last two characters: and the tenth photo?"""
    photos = simlib.pictures.read(folder, (32, 32, 3), bad="skip")
    sides = simlib.split_by_thing(photos.paths, (0.5, 0.5), lambda p: str(p)[:-6], within=photos.y)
    return [[photos.paths[row] for row in rows] for rows in sides]


# %% wrong expects="of the same thing"
def two_sides(folder):
    """The first six files of each class."""
    photos = simlib.pictures.read(folder, (32, 32, 3), bad="skip")
    sides = [], []
    for name in np.unique(photos.y):
        paths = [p for p, c in zip(photos.paths, photos.y) if c == name]
        sides[0].extend(paths[:6])
        sides[1].extend(paths[6:])
    return sides


# %% wrong expects="on one side only"
def two_sides(folder):
    """The thing is what stands before the first hyphen."""
    photos = simlib.pictures.read(folder, (32, 32, 3), bad="skip")
    things = [(kind, Path(p).stem.split("-")[0]) for p, kind in zip(photos.paths, photos.y)]
    sides = simlib.split_by_thing(things, (0.5, 0.5), lambda t: t, within=photos.y)
    return [[photos.paths[row] for row in rows] for rows in sides]


# %% wrong expects="on one side only"
def two_sides(folder):
    """The thing is what its first letters say: and if a camera has given the names?"""
    photos = simlib.pictures.read(folder, (32, 32, 3), bad="skip")
    things = [(kind, Path(p).name[:3]) for p, kind in zip(photos.paths, photos.y)]
    sides = simlib.split_by_thing(things, (0.5, 0.5), lambda t: t, within=photos.y)
    return [[photos.paths[row] for row in rows] for rows in sides]


# %% wrong expects="on one side only"
def two_sides(folder):
    """All to the index."""
    return simlib.pictures.read(folder, (32, 32, 3), bad="skip").paths, []


# %% wrong expects="cannot be opened as a picture"
def two_sides(folder):
    """Opened, and not decoded: half a picture opens, too."""
    sides = [], []
    for subfolder in sorted(p for p in Path(folder).iterdir() if p.is_dir()):
        things = {}
        for file in sorted(subfolder.iterdir()):
            try:
                Image.open(file)
            except OSError:
                continue
            things.setdefault(file.stem.rsplit("-", 1)[0], []).append(file)
        for i, files in enumerate(things.values()):
            sides[i % 2].extend(files)
    return sides


# %% wrong expects="are no files of the folder"
def two_sides(folder):
    """Names without their folders."""
    photos = simlib.pictures.read(folder, (32, 32, 3), bad="skip")
    sides = simlib.split_by_thing(photos.paths, (0.5, 0.5), r"([^/]+)/([^/]+)-\d", within=photos.y)
    return [[Path(photos.paths[row]).name for row in rows] for rows in sides]


# %% wrong expects="are left out"
def two_sides(folder):
    """Only what ends in .png."""
    photos = simlib.pictures.read(sorted(Path(folder).glob("*/*.png")), (32, 32, 3), bad="skip")
    kinds = [str(Path(p).parent) for p in photos.paths]
    sides = simlib.split_by_thing(photos.paths, (0.5, 0.5), r"([^/]+)/([^/]+)-\d", within=kinds)
    return [[photos.paths[row] for row in rows] for rows in sides]


# %% wrong expects="has changed"
def two_sides(folder):
    """What is broken is deleted."""
    photos = simlib.pictures.read(folder, (32, 32, 3), bad="skip")
    for file in set(Path(folder).glob("*/*")) - set(map(Path, photos.paths)):
        file.unlink()
    sides = simlib.split_by_thing(photos.paths, (0.5, 0.5), r"([^/]+)/([^/]+)-\d", within=photos.y)
    return [[photos.paths[row] for row in rows] for rows in sides]


# %% wrong expects="must return two lists"
def two_sides(folder):
    return simlib.pictures.read(folder, (32, 32, 3), bad="skip").paths


# %% wrong expects="cannot be opened"
def two_sides(folder):
    sides = [], []
    for subfolder in Path(folder).iterdir():
        things = {}
        for file in sorted(subfolder.iterdir()):
            try:
                Image.open(file).verify()  # the head alone: a picture may break off behind it
                things.setdefault(file.stem.rsplit("-", 1)[0], []).append(file)
            except OSError:
                continue
        for i, files in enumerate(things.values()):
            sides[i % 2].extend(files)
    return sides


# %% wrong expects="on one side only"
def two_sides(folder):
    photos = [Path(p) for p in simlib.pictures.read(folder, (8, 8), bad="skip").paths]
    things = sorted({file.stem.rpartition("-")[0] for file in photos})  # without regard to the class
    return [[f for f in photos if things.index(f.stem.rpartition("-")[0]) % 2 == side] for side in (0, 1)]


# %% wrong expects="on one side only"
def two_sides(folder):
    """The things of all classes are dealt out in one heap."""
    paths = simlib.pictures.read(folder, (32, 32, 3), bad="skip").paths
    sides = simlib.split_by_thing(paths, (0.5, 0.5), r"([^/]+)/([^/]+)-\d")
    return [[paths[row] for row in rows] for rows in sides]


# %% wrong expects="on one side only"
def two_sides(folder):
    """The thing is the last word before the number, so that mug and tea mug are one."""
    photos = simlib.pictures.read(folder, (32, 32, 3), bad="skip")
    sides = simlib.split_by_thing(photos.paths, (0.5, 0.5), r"(\w+)-\d", within=photos.y)
    return [[photos.paths[row] for row in rows] for rows in sides]


# %% hint [markdown]
# `simlib.pictures.read(folder, (32, 32, 3), bad="skip")` leaves out what is no picture, and has `paths` and
# `y`.

# %% hint [markdown]
# Which photos show one thing? What stands before the last `-` says so, within its class. All of them belong
# on the same side.

# %% hint [markdown]
# `simlib.split_by_thing(paths, (0.5, 0.5), thing, within=y)` deals out things, class by class; `thing` is a
# pattern such as `r"([^/]+)/([^/]+)-\d"`, whose groups are folder and name.

# %% check
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from judging import Wrong, ask, expect


THINGS = {
    "Tasse": {"old": 3, "old blue": 3, "x-large": 2, "no {}": 11},
    "th\u00e9i\u00e8re": {"old": 2, "mug": 4, "milk jug": 3},
    "b o x": {"x-large": 3, "x-small": 3},
    "Brett": {"old": 2, "x-large": 2},
    "IMG": {"IMG_0021": 2, "IMG_0022": 3},
    "Glas": {"mug": 2, "tea mug": 3},
    "Topf": {"no 7": 2, "no 7 b": 2},
    "vase": {"mug, blue": 2, "mug, red": 2},
}  # how many photos of each


def fresh_folder(home, seed):
    """Another folder of the same kind; {file: (class, thing)} of what is good in it."""
    rng, good = np.random.default_rng(seed), {}
    for kind, things in THINGS.items():
        (home / kind).mkdir()
        for thing, photos in things.items():
            seen, thing = rng.integers(0, 256, (12, 16, 3)), thing.format(seed)
            for photo in range(1, photos + 1):
                file = home / kind / f"{thing}-{photo}.{'jpg' if photo % 2 else 'png'}"
                noisy = np.clip(seen + rng.integers(-9, 10, seen.shape), 0, 255)
                Image.fromarray(noisy.astype(np.uint8)).save(file)
                good[file] = kind, thing
    (home / "Tasse" / "broken-1.jpg").write_bytes(b"\xff\xd8\xff no more")
    (home / "Tasse" / ".DS_Store").touch()
    (home / "b o x" / "shopping-2.png").write_text("milk, bread")
    for file in ("x-large-2.png", "x-small-1.jpg"):
        whole = (home / "b o x" / file).read_bytes()
        (home / "b o x" / f"half-{file}").write_bytes(whole[: 9 * len(whole) // 10])
    return good


def check(two_sides):
    with tempfile.TemporaryDirectory() as home:
        sizes = [judge_sides(two_sides, folder, good) for folder, good in folders(Path(home))]
    index, test = sizes[0]
    return (
        f"{index} photos in the index, {test} to test with, and no thing on both sides. Whatever a model "
        "scores on this test, it has earned: it names the class of things that it has never seen. Does your "
        "own folder hold classes with one thing only? Those can be indexed, and not tested."
    )


def folders(home):
    for seed in (1, 2):
        (home / str(seed)).mkdir()
        yield home / str(seed), fresh_folder(home / str(seed), seed)


def judge_sides(two_sides, folder, good):
    before = contents(folder)
    answer = ask(two_sides, folder)
    expect(contents(folder) == before, "the folder has changed: a test must leave its pictures as they are.")
    try:
        index, test = ([folder / file for file in files] for files in answer)
    except (TypeError, ValueError):
        raise Wrong("the function must return two lists of files: (to index, to test with).") from None
    files = [*index, *test]
    strange = [file for file in files if file not in before]
    expect(
        not strange,
        f"{len(strange)} entries of your lists are no files of the folder, such as {str(strange and strange[0])!r}. "
        "Return paths, with the folder in front.",
    )
    bad = [file.name for file in files if file not in good]
    expect(
        not bad,
        f"{len(bad)} files of your lists cannot be opened as a picture, such as {bad[:1]}. Leave them out.",
    )
    both = set(index) & set(test)
    expect(not both, f"{len(both)} files are in both lists, so the test asks for what it has been given.")
    things = {good[file] for file in index} & {good[file] for file in test}
    leaked = sum(good[file] in things for file in test)
    expect(
        not things,
        f"for {leaked} of the {len(test)} test photos, the index holds another photo of the same thing, such "
        f"as of {min(things, default='')}: almost a copy, and the test is too easy. Keep all photos of a "
        "thing on one side.",
    )
    lonely = {kind for kind, _ in good.values()} - ({good[f][0] for f in index} & {good[f][0] for f in test})
    expect(
        not lonely, f"the class {min(lonely, default='')!r} is on one side only, and so it cannot be tested."
    )
    missing = len(good) - len(set(files))
    expect(missing == 0, f"{missing} good photos are left out. Photos are dear: use them all.")
    return len(index), len(test)


def contents(folder):
    return {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}
