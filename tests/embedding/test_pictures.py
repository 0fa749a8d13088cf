"""Files of every kind, made here: what goes in must come out at the model's size, or be named."""

import os
import struct
import sys
import zlib

import numpy as np
import pytest
from PIL import Image

from simlib import progress
from simlib.embedding import pictures
from simlib.embedding.pictures import batches, read

SHAPE = (32, 32, 3)
RED, BLUE = (200, 30, 40), (20, 60, 180)


def drawing(seed=0, width=60, height=40):
    """A dark patch on light paper, another one for each seed."""
    rng, x = np.random.default_rng(seed), np.full((height, width, 3), 230, np.uint8)
    top, left = rng.integers(4, height // 2), rng.integers(4, width // 2)
    x[top : top + 12, left : left + 16] = rng.integers(0, 150, 3)
    return Image.fromarray(x)


def halves(width=40, height=20):
    """Red above, blue below."""
    x = np.zeros((height, width, 3), np.uint8)
    x[: height // 2], x[height // 2 :] = RED, BLUE
    return Image.fromarray(x)


@pytest.fixture
def folder(tmp_path):
    """Two classes of three pictures, in a folder with a space and an accent in its name."""
    root = tmp_path / "mes photos d'été"
    for c, name in enumerate(["Crème brûlée", "thé"]):
        (root / name).mkdir(parents=True)
        for i in range(3):
            drawing(10 * c + i).save(root / name / f"photo {i}.png")
    return root


# ---- what people have


def test_a_folder_of_folders_gives_arrays_names_and_paths(folder):
    x, y, paths, _ = read(folder, SHAPE)
    assert x.shape == (6, *SHAPE) and x.dtype == np.uint8
    assert y.tolist() == ["Crème brûlée"] * 3 + ["thé"] * 3
    assert [path.parent.name for path in paths] == y.tolist()


def test_a_name_is_one_name_however_its_accents_are_stored(folder):
    decomposed = "cafe\N{COMBINING ACUTE ACCENT}"  # as macOS writes it
    (folder / decomposed).mkdir()
    drawing(77).save(folder / decomposed / "1.png")
    assert "caf\N{LATIN SMALL LETTER E WITH ACUTE}" in read(folder, SHAPE).y


@pytest.mark.parametrize("shape", [(32, 32), (32, 32, 1), (32, 32, 3), (24, 48, 3)])
def test_one_file_gives_one_picture_of_the_models_shape(folder, shape):
    x, y, paths, _ = read(folder / "thé" / "photo 0.png", shape)
    assert x.shape == (1, *shape) and y is None and len(paths) == 1
    listed = read([str(folder / "thé" / "photo 0.png"), folder / "thé" / "photo 1.png"], shape)
    np.testing.assert_array_equal(listed.x[0], x[0])


@pytest.mark.parametrize("mode, suffix", [("RGB", "png"), ("P", "png"), ("CMYK", "tif"), ("RGBA", "png"),
                                          ("RGB", "bmp"), ("P", "gif"), ("YCbCr", "tif"), ("RGB", "PNG"),
                                          ("RGB", "webp"), ("RGBA", "webp")])  # fmt: skip
def test_modes_and_formats_give_the_same_colours(tmp_path, mode, suffix):
    halves().convert(mode, palette=Image.Palette.ADAPTIVE).save(tmp_path / f"a.{suffix}", lossless=True)
    x = read(tmp_path / f"a.{suffix}", (20, 40, 3)).x[0]
    np.testing.assert_allclose(x[4, 20], RED, atol=3)
    np.testing.assert_allclose(x[15, 20], BLUE, atol=3)


@pytest.mark.parametrize("mode", ["L", "LA", "1"])
def test_pictures_without_colours_are_grey_in_all_three(tmp_path, mode):
    x = np.full((20, 40), 255, np.uint8)
    x[5:15, 10:30] = 0
    Image.fromarray(x).convert(mode).save(tmp_path / "a.png")
    for shape in ((20, 40, 3), (20, 40)):
        found = read(tmp_path / "a.png", shape).x[0]
        np.testing.assert_array_equal(found, x if found.ndim == 2 else np.stack([x] * 3, axis=-1))


@pytest.mark.parametrize("suffix", ["gif", "webp", "png", "tif"])
def test_of_several_pictures_in_a_file_the_first_is_taken_and_that_is_told(tmp_path, suffix):
    first, second = halves(), halves().transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    how = {"lossless": True} if suffix == "webp" else {}
    first.save(tmp_path / f"a.{suffix}", save_all=True, append_images=[second], **how)
    found = read(tmp_path / f"a.{suffix}", (20, 40, 3))
    np.testing.assert_allclose(found.x[0, 4, 20], RED, atol=3)
    assert "the first of several in a file" in found.told


def test_colours_of_sixteen_bits_are_those_of_eight(tmp_path):
    rows = np.asarray(halves()).astype(">u2") * 257
    lines = b"".join(b"\0" + row.tobytes() for row in rows)
    head = struct.pack(">IIBBBBB", 40, 20, 16, 2, 0, 0, 0)  # an RGB PNG, which Pillow cannot write
    chunks = [(b"IHDR", head), (b"IDAT", zlib.compress(lines)), (b"IEND", b"")]
    told = (struct.pack(">I", len(d)) + t + d + struct.pack(">I", zlib.crc32(t + d)) for t, d in chunks)
    (tmp_path / "deep.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(told))
    np.testing.assert_array_equal(read(tmp_path / "deep.png", (20, 40, 3)).x[0], np.asarray(halves()))


@pytest.mark.parametrize("mode, top, scale", [("I;16", 65535, 257), ("F", 1.0, 1 / 255), ("I", 65535, 257)])
def test_deep_pictures_are_scaled_to_eight_bits(tmp_path, mode, top, scale):
    levels = np.tile(np.linspace(0, 1, 32), (32, 1))
    dtype = {"I;16": np.uint16, "F": np.float32, "I": np.int32}[mode]
    Image.fromarray((levels * top).astype(dtype)).save(tmp_path / "deep.tif")
    made = read(tmp_path / "deep.tif", (32, 32))
    np.testing.assert_allclose(made.x[0], (levels * top).astype(dtype) / scale, atol=0.51)
    assert "scaled to 8 bits" in made.told


def test_values_of_which_nobody_knows_what_is_white_are_refused(tmp_path):
    Image.fromarray(np.full((32, 32), -3.5, np.float32)).save(tmp_path / "heights.tif")
    with pytest.raises(ValueError, match=r"-3\.5 to -3\.5, do not say what is white: 1 .*heights\.tif"):
        read(tmp_path / "heights.tif", SHAPE)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_stands_upright_as_its_exif_says(tmp_path, orientation):
    x = np.zeros((16, 24, 3), np.uint8)
    x[:8, :12], x[:8, 12:], x[8:, :12] = (255, 0, 0), (0, 255, 0), (0, 0, 255)
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # the transpose that the orientation will undo
    image, exif = Image.fromarray(x), Image.Exif()
    exif[0x112] = orientation
    stored = image.transpose(undo[orientation]) if orientation > 1 else image
    stored.save(tmp_path / "photo.png", exif=exif)
    made = read(tmp_path / "photo.png", (16, 24, 3))
    np.testing.assert_array_equal(made.x[0], x)
    assert ("turned upright" in made.told) == (orientation > 1)


def test_what_is_transparent_is_laid_on_paper(tmp_path):
    x = np.zeros((20, 20, 4), np.uint8)
    x[5:15, 5:15] = (*RED, 255)
    Image.fromarray(x).save(tmp_path / "cut out.png")
    for paper, expected in ((None, 255), ("black", 0), ("#010203", (1, 2, 3))):
        made = read(tmp_path / "cut out.png", (20, 20, 3), paper=paper).x[0]
        np.testing.assert_array_equal(made[0, 0], np.broadcast_to(expected, 3))
        np.testing.assert_array_equal(made[10, 10], RED)


@pytest.mark.parametrize("width, height", [(40, 10), (10, 40), (64, 48)])
def test_a_picture_is_padded_with_its_own_paper_and_not_stretched(tmp_path, width, height):
    x = np.full((height, width, 3), BLUE, np.uint8)
    x[height // 4 : -height // 4, width // 4 : -width // 4] = RED
    Image.fromarray(x).save(tmp_path / "a.png")
    made = read(tmp_path / "a.png", (40, 40, 3))
    assert (made.x[0, [0, 0, -1, -1], [0, -1, 0, -1]] == BLUE).all()
    red = np.abs(made.x[0].astype(int) - RED).sum(axis=-1) < 30
    rows, columns = np.flatnonzero(red.any(axis=1)), np.flatnonzero(red.any(axis=0))
    assert np.isclose(np.ptp(columns) + 1, 20 * width / max(width, height), atol=2)
    assert np.isclose(np.ptp(rows) + 1, 20 * height / max(width, height), atol=2)
    assert "padded" in made.told


def test_stretched_pictures_fill_the_shape(tmp_path):
    halves(50, 20).save(tmp_path / "a.png")
    made = read(tmp_path / "a.png", (24, 24, 3), fit="stretch")
    np.testing.assert_array_equal(made.x[0, :9], np.broadcast_to(RED, (9, 24, 3)))
    np.testing.assert_array_equal(made.x[0, 15:], np.broadcast_to(BLUE, (9, 24, 3)))
    assert "padded" not in made.told


# ---- bad files


def spoil(folder):
    """One file of each bad kind, in the class thé: {reason: its name}."""
    here = folder / "thé"
    (here / "notes.jpg").write_text("not a picture")
    (here / "empty.png").touch()
    drawing(31, 300, 200).save(here / "whole.jpg")
    (here / "cut.jpg").write_bytes((here / "whole.jpg").read_bytes()[:1500])
    (here / "whole.jpg").unlink()
    Image.new("RGB", (1, 1)).save(here / "dot.png")
    Image.new("1", (12_000, 12_000)).save(here / "poster.png")
    (here / "again.png").write_bytes((here / "photo 1.png").read_bytes())
    (here / "gone.png").symlink_to(here / "nowhere.png")
    os.mkfifo(here / "pipe.png")
    return {
        "no picture that Pillow can read": "notes.jpg", "damaged": "cut.jpg",
        "too small with 1 x 1": "dot.png",
        "too large with 12000 x 12000": "poster.png", "twice": "thé/photo 1.png = thé/again.png",
        "No such file": "gone.png", "no ordinary file": "pipe.png",
    }  # fmt: skip


def test_what_is_bad_is_refused_by_name_or_left_out_by_name(folder):
    good = read(folder, SHAPE)
    expected = spoil(folder)
    with pytest.raises(ValueError, match="bad='skip'") as refused:
        read(folder, SHAPE)
    made = read(folder, SHAPE, bad="skip")
    for reason, name in expected.items():
        assert reason in str(refused.value) and name in str(refused.value)
        assert reason in repr(made) and name in repr(made)
    assert len(made.x) == len(good.x)
    assert {x.tobytes() for x in made.x} == {x.tobytes() for x in good.x}


def test_hidden_files_and_other_files_are_passed_over_and_told(folder):
    for name in (".DS_Store", "thé/.hidden.png", "thé/notes.txt", "thé/clip.heic2"):
        (folder / name).write_text("x")
    (folder / ".cache").mkdir()
    drawing(3).save(folder / ".cache" / "a.png")
    (folder / "solo").mkdir()
    drawing(99, 3000, 30).save(folder / "solo" / "panorama.jpg")  # of which a line of pixels is kept
    made = read(folder, SHAPE)
    assert len(made.x) == 7 and made.told[pictures.ALONE] == ["solo"]
    assert len(made.told["passed over, hidden or by its name no picture"]) == 4


def test_a_picture_beside_the_class_folders_has_no_class(folder):
    drawing(91).save(folder / "loose.png")
    with pytest.raises(ValueError, match=r"of no class: 1 \(.*loose\.png\)"):
        read(folder, SHAPE)
    assert len(read(folder, SHAPE, bad="skip").x) == 6


def test_links_that_go_in_circles_end(folder):
    (folder / "thé" / "up").symlink_to(folder)
    (folder / "self").symlink_to(folder / "self")
    made = read(folder, SHAPE)
    assert len(made.x) == 6
    assert "a link to a folder that is there already" in repr(made)


def test_a_folder_that_may_not_be_opened_is_named(folder, monkeypatch):
    scandir = os.scandir  # a user's rights do not bind root, so say it for the system

    def guarded(path):
        if str(path).endswith("thé"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", guarded)
    with pytest.raises(ValueError, match=r"cannot be opened \(Permission denied\): 1 \(.*thé\)"):
        read(folder, SHAPE)
    assert set(read(folder, SHAPE, bad="skip").y) == {"Crème brûlée"}


def test_a_phones_heic_is_named_and_not_passed_over(folder):
    (folder / "thé" / "IMG_0001.HEIC").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
    with pytest.raises(ValueError, match=r"without pillow-heif: 1 \(thé/IMG_0001\.HEIC\)"):
        read(folder, SHAPE)
    assert len(read(folder, SHAPE, bad="skip").x) == 6


def test_a_format_that_is_registered_later_is_read(folder, monkeypatch):
    made = (lambda stream, name: halves()), (lambda prefix: prefix.startswith(b"mine"))
    monkeypatch.setitem(Image.OPEN, "MINE", made)
    monkeypatch.setattr(Image, "ID", [*Image.ID, "MINE"])
    (folder / "thé" / "a.heic").write_bytes(b"mine" + bytes(20))
    assert len(read(folder, SHAPE).x) == 7


@pytest.mark.skipif(os.name == "nt" or sys.platform == "darwin", reason="names are text there")
def test_a_name_that_is_no_text_can_be_shown(folder):
    here = os.fsencode(folder) + b"/caf\xe9"
    os.mkdir(here)
    for i in range(2):
        drawing(60 + i).save(os.fsdecode(here + b"/na\xefve%d.png" % i))
    (folder / "thé" / os.fsdecode(b"\xff.png")).write_text("no picture")
    found = read(folder, SHAPE, bad="skip")
    assert "caf\\xe9" in found.y
    assert "thé/\\xff.png" in repr(found).encode().decode()


def test_an_eps_is_not_run(folder):
    (folder / "thé" / "a.eps").write_text(
        "%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 20 20\n%%EndComments\n"
    )
    with pytest.raises(ValueError, match="no picture that Pillow can read"):
        read(folder / "thé" / "a.eps", SHAPE)


@pytest.mark.parametrize("wrong, message", [
    (dict(shape=(None, None, 3)), "shape must be"), (dict(shape=48), "shape must be"),
    (dict(shape=(8, 8, 4)), "shape must be"), (dict(shape=(0, 8)), "shape must be"),
    (dict(bad="ignore"), "bad: 'ignore'"),
    (dict(fit="crop"), "fit: 'crop'"), (dict(paper="snowy"), "snowy"),
    (dict(paper=300), "paper must be"), (dict(source="/no/where"), "No such file.*no/where"),
    (dict(source=5), "source must be"), (dict(source=b"a.png"), "the name of a file"),
    (dict(source=[]), "it is empty"), (dict(pixels=(8, -1)), "pixels"),
])  # fmt: skip
def test_wrong_arguments_are_named(folder, wrong, message):
    with pytest.raises(ValueError, match=message):
        read(**({"source": folder, "shape": SHAPE} | wrong))


def test_a_folder_without_a_picture_is_said(tmp_path):
    (tmp_path / "notes.txt").touch()
    with pytest.raises(ValueError, match=r"no picture in it: passed over.*notes\.txt"):
        read(tmp_path, SHAPE)


def test_a_bar_is_shown_after_a_while_and_not_where_it_is_not_wanted(folder, monkeypatch, capsys):
    clock = iter(range(10_000))
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    read(folder, SHAPE, verbose=0)
    assert capsys.readouterr().err.strip() == ""
    read(folder, SHAPE)
    assert capsys.readouterr().err.endswith("6 of 6 pictures\n")
    clock = iter([0, 3, 3.01, *[3.02] * 12])  # the last come quickly: their line still ends
    read(folder, SHAPE)
    assert capsys.readouterr().err == "\r1 of 6 pictures\r6 of 6 pictures\n"


# ---- in parts


@pytest.mark.parametrize("size", [1, 4, 6, 100])
def test_batches_are_the_same_pictures_in_parts(folder, size):
    (folder / "thé" / "again.png").write_bytes((folder / "Crème brûlée" / "photo 0.png").read_bytes())
    whole, parts = read(folder, SHAPE, bad="skip"), list(batches(folder, SHAPE, size, bad="skip"))
    assert max(len(part.x) for part in parts) <= size
    np.testing.assert_array_equal(np.concatenate([part.x for part in parts]), whole.x)
    assert np.concatenate([part.y for part in parts]).tolist() == whole.y.tolist()
