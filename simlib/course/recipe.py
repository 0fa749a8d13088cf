"""The course's network and training recipe, said once: notebook 01, the reference model and its test."""

import keras
import numpy as np

from simlib import checks
from simlib.course.alphabet import alphabet
from simlib.course.datasets import Splits, select_examples
from simlib.embedding.augment import distort
from simlib.embedding.callbacks import EpochBar, pair_distances
from simlib.embedding.layers import MetricEmbedding
from simlib.embedding.losses import MultiSimilarityLoss
from simlib.embedding.model import SimilarityModel
from simlib.embedding.sampling import ClassBalancedSampler
from simlib.embedding.special_samplers import JoinedSampler
from simlib.index import Index
from simlib.metrics import classification

SEEN, UNSEEN = (2, 3, 1, 7, 9, 6), (8, 5, 0, 4)
EPOCHS, STEPS = 24, 100
PER_CLASS = 20  # examples of each class in the index
DIGITS_PER_BATCH, LETTERS_PER_BATCH, EXAMPLES_PER_CLASS = 6, 6, 5  # a batch: 12 classes, 60 pictures


def network(embedding=64, name="digits"):
    """Three convolutional blocks and an embedding: uint8 images (28, 28) -> (embedding,)."""
    checks.kind("name", name, str)
    layers, embedding = keras.layers, checks.whole_number("embedding", embedding, at_least=1)
    inputs = keras.Input((28, 28), name="image")
    x = layers.Rescaling(1 / 255)(layers.Reshape((28, 28, 1))(inputs))
    for filters, size in ((16, 5), (32, 3), (64, 3)):
        x = layers.Conv2D(filters, size, padding="same", use_bias=False)(x)
        x = layers.MaxPooling2D()(x)  # before the normalisation, which then costs a quarter
        x = layers.ReLU()(layers.BatchNormalization()(x))
    return SimilarityModel(inputs, MetricEmbedding(embedding)(layers.Flatten()(x)), name=name)


def batches(x, y, classes=SEEN, steps=STEPS, seed=0):
    """Batches of distorted digits and letters: six classes of each, or all of `classes` if fewer,
    5 pictures of each class. The letters' class ids lie above those of the digits.
    """
    x, classes = checks.images("x", x), checks.classes("classes", classes)
    if x.shape[1:] != (28, 28):
        raise ValueError(f"x must be images of the shape (n, 28, 28); got {x.shape}.")
    if len(classes) < 2:
        raise ValueError(f"classes must be two or more; got {classes}.")
    several = min(DIGITS_PER_BATCH, len(classes))
    digits = ClassBalancedSampler(x, y, several, EXAMPLES_PER_CLASS, classes, seed=seed)
    invented = alphabet(seed=seed, first_class=max(classes) + 1)
    letters = ClassBalancedSampler(*invented, LETTERS_PER_BATCH, EXAMPLES_PER_CLASS, seed=seed)
    return JoinedSampler([digits, letters], steps, augment=distort, seed=seed)


def compile_model(model, total_steps):
    """AdamW with a cosine decay to 0, and the multi-similarity loss."""
    checks.kind("model", model, SimilarityModel)
    total_steps = checks.whole_number("total_steps", total_steps, at_least=1)
    rate = keras.optimizers.schedules.CosineDecay(6e-3, total_steps)
    optimizer, metrics = keras.optimizers.AdamW(rate, weight_decay=0.05), pair_distances()
    model.compile(optimizer, MultiSimilarityLoss(), metrics=metrics, steps_per_execution=10)  # a call: faster
    return model


def train(x, y, classes=SEEN, epochs=EPOCHS, steps=STEPS, seed=0, verbose=1):
    """Train the course's model on the images of some classes.

    x: uint8 (n, 28, 28); y: (n,) class ids; classes: those to train on; epochs, steps: how long; seed: of the
    weights, the batches and the augmentation; verbose: 0 hides the progress bar. Returns (model, history):
    a compiled `SimilarityModel` with an empty index, and what `fit` recorded.
    """
    sampler, epochs = batches(x, y, classes, steps, seed), checks.whole_number("epochs", epochs, at_least=1)
    keras.utils.set_random_seed(seed % 2**32)
    model = compile_model(network(), epochs * steps)
    return model, model.fit(sampler, epochs=epochs, verbose=0, callbacks=[EpochBar()] if verbose else None)


def protocol_accuracy(model, splits, seen=SEEN, draws=10):
    """The share of test digits whose nearest neighbour has their label; the mean over `draws` of the index.

    Each draw indexes 20 training examples of each of all ten classes (seeds 0, 1, ...); the model's own
    index is left alone. `splits`: as `load_mnist` gives them; `seen`: the classes trained on. Returns
    {"overall": .., "seen": .., "unseen": ..}, fractions of 1.
    """
    checks.kind("model", model, SimilarityModel)
    checks.kind("splits", splits, Splits, ", as `load_mnist` gives it")
    seen, draws = checks.classes("seen", seen), checks.whole_number("draws", draws, at_least=1)
    queries, labels = model.embed(splits.test.x, verbose=0), splits.test.y
    groups, reports = {"seen": seen, "unseen": sorted(set(labels.tolist()) - set(seen))}, []
    for draw in range(draws):
        x, y = select_examples(*splits.train, n=PER_CLASS, seed=draw)
        index = Index(model.get_index().distance).add(model.embed(x), y)
        reports.append(classification(index.lookup(queries, k=1).labels[:, 0], labels, groups))
    return {name: float(np.mean([r[name]["right"] for r in reports])) for name in ("overall", *groups)}
