"""What the wheel promises to whoever has nothing else. `make test-wheel` runs this in a bare environment.

python tests/bare.py     the README's example on arrays, and what is said about each missing extra
"""

import doctest
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path = [folder for folder in sys.path if Path(folder).resolve() not in (ROOT, ROOT / "tests")]

import simlib  # noqa: E402

LACKING = {
    "simlib.SimilarityModel": "keras",
    "simlib.ClassBalancedSampler": "keras",
    "simlib.recipe": "keras",
    "simlib.plots": "plots",
    "simlib.load_mnist()": "mnist",
    "simlib.Index(search='faiss')": "scale",
    "simlib.Index(search='milvus')": "scale",
}


def example():
    """How many of the README's examples on arrays fail, and how many there are."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    arrays = text[text.index(">>> import numpy as np") :]
    test = doctest.DocTestParser().get_doctest(arrays, {"simlib": simlib}, "README", "README.md", 0)
    return doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(test)


def unhelpful():
    """What is asked for without its extra, and not answered with the command that installs it."""
    for code, extra in LACKING.items():
        try:
            eval(code)
            yield f"{code} works without the extra {extra}"
        except ImportError as error:
            if f'pip install "simlib-course[{extra}]"' not in str(error):
                yield f"{code} says: {error}"


if __name__ == "__main__":
    assert "site-packages" in simlib.__file__, f"{simlib.__file__} is not the wheel"
    simlib.guaranteed_cutpoint  # noqa: B018  what a guarantee needs comes with simlib
    failed, tried = example()
    wrong = list(unhelpful())
    print(f"README: {tried - failed} of {tried} examples right", *wrong, sep="\n")
    sys.exit(bool(failed or wrong or not tried))
