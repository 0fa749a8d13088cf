"""Your own pictures: from files to an array of the model's size; what was done, or left out, is told."""

import collections
import hashlib
import os
import unicodedata
import warnings
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageColor, ImageOps, UnidentifiedImageError

from simlib import checks
from simlib.progress import counted

PIXELS = 8, 100_000_000
ALONE = "of one picture, which cannot be both indexed and tested"
Image.init()
RUN = "EPS"  # for which Pillow starts another program


class Unfit(ValueError):
    """Why a picture cannot be used."""


class Pictures(NamedTuple):
    """What was read; told is {what was done, or left out and why: the files}."""

    x: np.ndarray  # uint8 (n, height, width) or (n, height, width, c)
    y: np.ndarray | None  # (n,) class names, if the files stand in class folders
    paths: list
    told: dict

    def __repr__(self):
        classes = "" if self.y is None else f" of {len(set(self.y.tolist()))} classes"
        shape, s = " x ".join(map(str, self.x.shape[1:])), "s" * (len(self.x) != 1)
        head = f"{len(self.x):,} picture{s}{classes}, {shape}"
        return "\n  ".join([head, *self.sentences()])

    def sentences(self, most=3):
        """What was told, a sentence for each thing done, with the first of its files."""
        for what, files in self.told.items():
            some = ", ".join(map(_short, files[:most])) + ", ..." * (len(files) > most)
            yield f"{what}: {len(files):,} ({some})"


def read(source, shape, bad="refuse", fit="pad", paper=None, pixels=PIXELS, verbose=None):
    """Read pictures of any kind into one array of the model's size: `Pictures`.

    Grey, palette, CMYK and 16 bits become 8 bits of grey or RGB; a photo is turned upright as its EXIF
    says; what is transparent is laid on paper. Colour profiles are not applied. HEIC needs pillow-heif,
    registered with Pillow.

    Args:
        source: a file, a list of files, or a folder, whose subfolders are the classes.
        shape: (height, width), or with 1 or 3 colours (height, width, c): `model.input_shape[1:]`.
        bad: "refuse" raises ValueError and names what cannot be used (damaged, too small, there twice, ...);
            "skip" goes on without it, and `told` names it. A source without a picture is always refused.
        fit: "pad" keeps the proportions and fills up with paper; "stretch" fills the shape.
        paper: such as "white" or "#8899aa"; None: the median of a picture's border, or white if transparent.
        pixels: fewest of a side, most of a picture. verbose: 1 shows progress, 0 none; None: after 2 seconds.
    """
    result = _read(*_list(source), {}, shape, bad, fit, paper, pixels, verbose)
    if not len(result.x):
        raise ValueError(f"source: no picture in it: {'; '.join(result.sentences()) or 'it is empty'}.")
    names, counts = ([], []) if result.y is None else np.unique(result.y, return_counts=True)
    alone = [name for name, count in zip(names, counts) if count == 1]
    return result._replace(told=result.told | ({ALONE: alone} if alone else {}))


def batches(source, shape, size=1024, **how):
    """Yield `Pictures` of up to `size` files, for a folder that does not fit in memory; else as `read`.

    for part in batches("photos", model.input_shape[1:]):
        model.index(part.x, part.y)
    """
    (files, told), met, size = _list(source), {}, checks.whole_number("size", size, at_least=1)
    for start in range(0, max(1, len(files)), size):
        yield _read(files[start : start + size], told, met, shape, **how)
        told = {}  # what the folder itself gave is told once


def _read(files, told, met, shape, bad="refuse", fit="pad", paper=None, pixels=PIXELS, verbose=None):
    """files: [(path, class name or None)]. met: {digest: path} of the pictures before these; gains these."""
    checks.choose("bad", bad, dict.fromkeys(["refuse", "skip"]))
    stretch = checks.choose("fit", fit, {"pad": False, "stretch": True})
    sides = tuple(checks.listed("shape", shape))
    if len(sides) not in (2, 3) or None in sides or sides[2:] not in ((), (1,), (3,)) or min(sides) < 1:
        raise ValueError(f"shape must be (height, width), or with 1 or 3 colours at the end; got {shape!r}.")
    smallest, largest = (checks.amount("pixels", limit) for limit in pixels)
    paper = paper and ImageColor.getrgb(checks.kind("paper", paper, str))[:3]
    x, kept, told = [], [], collections.defaultdict(list, told)
    for file, name in counted(files, "pictures", verbose):
        try:
            picture, digest, done = _picture(file, sides, stretch, paper, smallest, largest)
        except Exception as error:  # a damaged file makes Pillow raise anything
            told[f"left out, {_reason(error)}"].append(file)
            continue
        if met.setdefault(digest, file) != file:
            told["left out, the same picture twice"].append((file, met[digest]))
            continue
        x.append(picture)
        kept.append((file, name))
        for what in done:
            told[what].append(file)
    y = np.array([name for _, name in kept]) if any(name for _, name in files) else None
    result = Pictures(np.array(x, np.uint8).reshape(-1, *sides), y, [file for file, _ in kept], dict(told))
    wrong = [sentence for sentence in result.sentences(most=20) if sentence.startswith("left out")]
    if wrong and bad == "refuse":
        raise ValueError(f"source: {'; '.join(wrong)}. Mend or remove them, or go on without: bad='skip'.")
    return result


def _list(source):
    """([(path, class name or None)], told) of a file, a list of files, or a folder."""
    if not isinstance(source, (str, bytes, os.PathLike)):
        return [(checks.path("source", file), None) for file in checks.listed("source", source)], {}
    root = checks.path("source", source)
    if not os.path.isdir(root):
        return [(root, None)], {}
    readable = {suffix for suffix, name in Image.registered_extensions().items() if name in Image.OPEN}
    readable |= {".heic", ".heif"}  # a phone's: named where nothing here reads them
    files, met, locked, told = [], set(), [], collections.defaultdict(list)
    for here, folders, names in os.walk(root, onerror=locked.append, followlinks=True):
        real, inside = os.path.realpath(here), Path(here).relative_to(root).parts
        if real in met:  # links can go in circles
            told["passed over, a link to a folder that is there already"].append(here)
            folders.clear()
            continue
        met.add(real)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if name.startswith(".") or Path(name).suffix.lower() not in readable:
                told["passed over, hidden or by its name no picture"].append(Path(here, name))
            else:
                files.append((Path(here, name), _text(inside[0]) if inside else None))
    for error in locked:
        told[f"left out, {_reason(error)}"].append(error.filename)
    loose = [file for file, name in files if name is None]
    if 0 < len(loose) < len(files):
        told["left out, beside the class folders, so of no class"] = loose
        files = [pair for pair in files if pair[1] is not None]
    return files, told


def _picture(file, shape, stretch, paper, smallest, largest):
    """(uint8 array, digest of the picture as it stands in the file, what was done)."""
    (height, width), done = shape[:2], []
    if os.path.exists(file) and not os.path.isfile(file):  # a pipe would never end
        raise Unfit("no ordinary file")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's: of what it can mend, and of large pictures
        with Image.open(file, formats=[name for name in Image.OPEN if name != RUN]) as image:
            if min(image.size) < smallest or image.width * image.height > largest:
                too = "small" if min(image.size) < smallest else "large"
                raise Unfit(f"too {too} with {image.width} x {image.height} pixels")
            done += ["the first of several in a file"] * (getattr(image, "n_frames", 1) > 1)
            done += ["turned upright"] * (image.getexif().get(0x112, 1) in range(2, 9))
            image.draft(None, (2 * max(width, height),) * 2)  # a JPEG is decoded no larger than it need be
            image = ImageOps.exif_transpose(image)
    if image.mode in ("I", "F") or image.mode.startswith("I;"):
        image, done = _eight_bits(image), [*done, "scaled to 8 bits"]
    done += [f"{image.mode} to RGB"] * (shape[2:] == (3,) and image.mode not in ("RGB", "RGBA"))
    image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    digest = hashlib.sha1(image.tobytes() + repr(image.size).encode()).digest()
    scale = min(width / image.width, height / image.height)
    image = image.resize((width, height) if stretch else [max(1, round(scale * side)) for side in image.size])
    sheet = Image.new("RGB", (width, height), paper or _border(image))
    mask = image if image.mode == "RGBA" else None
    sheet.paste(image, ((width - image.width) // 2, (height - image.height) // 2), mask)
    done += ["laid on paper"] * (mask is not None and mask.getextrema()[3][0] < 255)
    done += ["padded"] * (image.size != sheet.size)
    return np.asarray(sheet if shape[2:] == (3,) else sheet.convert("L")).reshape(shape), digest, done


def _eight_bits(image):
    values = np.asarray(image, np.float64)
    tops = [65535] if image.mode.startswith("I;") else [1, 255, 65535]
    top = next((top for top in tops if 0 <= values.min() and values.max() <= top), None)
    if top is None:
        raise Unfit(f"its values, {values.min():g} to {values.max():g}, do not say what is white")
    return Image.fromarray(np.round(values * (255 / top)).astype(np.uint8))


def _border(image):
    """A picture's own paper: the median of its border, white where some of that is transparent."""
    rows = np.asarray(image)
    border = np.concatenate([rows[0], rows[-1], rows[:, 0], rows[:, -1]])
    transparent = (border[:, 3:] < 128).any()  # RGB has no such column
    return (255,) * 3 if transparent else tuple(map(int, np.median(border[:, :3], axis=0)))


def _reason(error):
    if isinstance(error, Unfit):
        return str(error)
    if isinstance(error, UnidentifiedImageError):
        return "no picture that Pillow can read" + " without pillow-heif" * (".hei" in str(error).lower())
    why = getattr(error, "strerror", None)
    return f"cannot be opened ({why})" if why else f"damaged ({error})"


def _short(file):
    parts = map(_short, file) if isinstance(file, tuple) else map(_text, Path(file).parts[-2:])
    return (" = " if isinstance(file, tuple) else "/").join(parts)


def _text(name):  # a file's name may be any bytes, and its accents be stored in two ways
    return unicodedata.normalize("NFC", os.fsencode(name).decode("utf-8", "backslashreplace"))
