"""Write icons as pictures: one folder a sign, black on nothing, by the artists of six icon fonts.

    pip install --no-deps QtAwesome==1.4.2
    python notebooks/icons.py icons

Another kind of folder for notebook 08. The fonts are free: Codicons (CC BY 4.0), Elusive Icons and Font
Awesome Free (OFL 1.1), Material Design Icons and Remix Icon (Apache 2.0), Phosphor (MIT). They are read as
files, so Qt need not be there.
"""

import json
import re
import sys
from collections import defaultdict
from importlib.util import find_spec
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

SIDE = 128
INSTALL = "pip install --no-deps QtAwesome==1.4.2"
STYLE = r"-(fill|line|bold|light|thin|outline)$"  # of one artist's drawing
LEFT_OUT = "brands", "materialdesignicons5"  # trademarks; an older edition of materialdesignicons6


def drawings(fonts):
    """{sign: {artist: [(font file, character), ...]}} of the fonts in a folder."""
    signs = defaultdict(lambda: defaultdict(list))
    for charmap in sorted(fonts.glob("*-charmap-*.json")):
        if not any(name in charmap.name for name in LEFT_OUT):
            font, artist = charmap.with_name(charmap.stem.replace("-charmap", "") + ".ttf"), charmap.name
            for name, code in json.loads(charmap.read_text()).items():
                drawn = signs[re.sub(STYLE, "", name)][re.match("[a-z]+", artist)[0]]
                drawn.append((font, chr(int(code, 16))))
    return signs


def main(folder="icons", artists=3):
    """Write folder/<sign>/<artist>-<number>.png, of signs that so many artists drew; returns the folder."""
    if find_spec("qtawesome") is None:
        raise SystemExit(f"The icons need a package: {INSTALL}")
    fonts = Path(find_spec("qtawesome").submodule_search_locations[0], "fonts")
    for sign, by in drawings(fonts).items():
        if len(by) < artists:
            continue
        here = Path(folder) / sign
        here.mkdir(parents=True, exist_ok=True)
        for artist, drawn in by.items():
            for number, (font, character) in enumerate(drawn, 1):
                picture = Image.new("RGBA", (2 * SIDE, 2 * SIDE))
                pen = ImageDraw.Draw(picture)
                pen.text((SIDE, SIDE), character, "black", ImageFont.truetype(font, SIDE), anchor="mm")
                if box := picture.getbbox():
                    picture.crop(box).save(here / f"{artist}-{number}.png")
    return Path(folder)


if __name__ == "__main__":
    print(main(*sys.argv[1:]))
