"""The reference model that notebooks 02 to 07 read, and its model card.

python notebooks/reference.py [FOLDER]    train it, and write both into FOLDER (notebooks/models)
"""

import importlib.metadata
import platform
import sys
from pathlib import Path

import numpy as np

import simlib
from simlib.course.recipe import (
    DIGITS_PER_BATCH,
    EPOCHS,
    EXAMPLES_PER_CLASS,
    LETTERS_PER_BATCH,
    PER_CLASS,
    SEEN,
    STEPS,
    UNSEEN,
    network,
    protocol_accuracy,
    train,
)

HERE = Path(__file__).resolve().parent
TARGETS = ("precision >= 0.99",)


def reference_model(splits, seed=0, epochs=EPOCHS, verbose="auto"):
    """Train, index 20 training examples of each of all ten classes, and calibrate.

    Returns:
        A `SimilarityModel` ready for use. It is not compiled, so that its file holds no optimizer.
    """
    trained, _ = train(*splits.train, epochs=epochs, seed=seed, verbose=verbose)
    model = network()
    model.set_weights(trained.get_weights())
    x, y = simlib.select_examples(*splits.train, n=PER_CLASS, seed=seed)
    model.index(x, y, payload=x)
    model.calibrate(*splits.calibration, targets=TARGETS)
    return model


CARD = """\
# Model card: digits.keras

Puts pictures of handwritten digits on the unit sphere, so that digits of one class lie close together.

| how it was made | |
|---|---|
| command | `python notebooks/reference.py` |
| network | uint8 images (28, 28) to {dimensions} numbers; {parameters:,} parameters |
| trained on | digits {seen} ({images:,} images, the training split) and 800 invented letters |
| never trained on | digits {unseen} |
| training | {steps:,} steps of {digits} digits and {letters} letters, distorted; seed {seed} |
| index | {indexed} training images, {per_class} of each of the ten digits, with the images as payload |
| calibration | the {calibrated} images of the calibration split |
| versions | {versions} |

| share of the {tested:,} test digits | overall | seen | unseen |
|---|---|---|---|
{measured}

The first row labels each digit by its nearest neighbour, whatever the distance; it is the mean of ten indexes
drawn with other seeds. The others match with the index in the file.

```
{calibration}
```

## Intended use

The course's notebooks, and trying out similarity search on digits like MNIST's: white on black, upright and
centred, 28 x 28 pixels.

## Limits

- Other pens, paper and scanners make other pictures: calibrate again on your own, and expect worse.
- The cutpoints come from {calibrated} digits whose classes are all in the index. With another index, or with
  queries that belong to no class in it, they mean something else: calibrate again.
- It was trained for teaching. Do not use it where a misread digit does harm.
"""


def model_card(model, splits, seed=0):
    """The model card of a `reference_model`, as Markdown: every figure in it is measured here."""
    rows = {"right, nearest neighbour": protocol_accuracy(model, splits)}
    for name in model.calibration.cutpoints:
        report = model.evaluate_classification(*splits.test, name, {"seen": SEEN, "unseen": UNSEEN})
        for outcome in ("right", "unknown", "wrong"):
            rows[f"{outcome}, cutpoint {name}"] = {g: shares[outcome] for g, shares in report.items()}
    measured = [
        f"| {name} | " + " | ".join(f"{v:.4f}" for v in row.values()) + " |" for name, row in rows.items()
    ]
    versions = {"Python": platform.python_version(), "simlib": simlib.__version__}
    versions |= {name: importlib.metadata.version(name) for name in ("keras", "tensorflow", "numpy")}
    return CARD.format(
        dimensions=model.output_shape[-1],
        parameters=model.count_params(),
        seen=" ".join(map(str, SEEN)),
        unseen=" ".join(map(str, UNSEEN)),
        images=int(np.isin(splits.train.y, SEEN).sum()),
        steps=EPOCHS * STEPS,
        digits=DIGITS_PER_BATCH * EXAMPLES_PER_CLASS,
        letters=LETTERS_PER_BATCH * EXAMPLES_PER_CLASS,
        seed=seed,
        indexed=len(model.index_summary()),
        per_class=PER_CLASS,
        calibrated=len(splits.calibration.y),
        tested=len(splits.test.y),
        versions=", ".join(f"{name} {version}" for name, version in versions.items()),
        measured="\n".join(measured),
        calibration=model.calibration,
    )


def main(folder=HERE / "models"):
    """Make the reference model and its card in `folder`."""
    path = Path(folder) / "digits.keras"
    splits = simlib.load_mnist()
    path.parent.mkdir(parents=True, exist_ok=True)
    model = reference_model(splits)
    card = model_card(model, splits)
    model.save(path)
    path.with_suffix(".md").write_text(card, encoding="utf-8")
    print(card)


if __name__ == "__main__":
    main(*sys.argv[1:])
