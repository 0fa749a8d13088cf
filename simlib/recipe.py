"""The course's network and training recipe, said once: notebook 01, the reference model and its test."""

import keras

from simlib.augment import random_affine, rotations_as_classes
from simlib.layers import MetricEmbedding
from simlib.losses import MultiSimilarityLoss
from simlib.model import SimilarityModel
from simlib.sampling import ClassBalancedSampler
from simlib.training_metrics import pair_distances

SEEN, UNSEEN = (2, 3, 1, 7, 9, 6), (8, 5, 0, 4)
EPOCHS, STEPS = 12, 100


def network(embedding=64, name="digits"):
    """Three convolutional blocks and an embedding: uint8 images (28, 28) -> (embedding,)."""
    layers = keras.layers
    inputs = keras.Input((28, 28), name="image")
    x = layers.Rescaling(1 / 255)(layers.Reshape((28, 28, 1))(inputs))
    for filters in (32, 64, 128):
        x = layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)
        x = layers.BatchNormalization()(x)
        x = layers.MaxPooling2D()(layers.ReLU()(x))
    x = layers.Flatten()(x)
    return SimilarityModel(inputs, MetricEmbedding(embedding)(x), name=name)


def batches(x, y, classes=SEEN, steps=STEPS, seed=0):
    """12 x 5 batches of turned and augmented digits, from images of the seen classes alone."""
    chosen = [c in set(classes) for c in y.tolist()]
    x, y = rotations_as_classes(x[chosen], y[chosen])
    return ClassBalancedSampler(x, y, 12, 5, steps_per_epoch=steps, augment=random_affine, seed=seed)


def compile_model(model, total_steps):
    """AdamW with a cosine decay to 0, and the multi-similarity loss."""
    rate = keras.optimizers.schedules.CosineDecay(2e-3, total_steps)
    optimizer = keras.optimizers.AdamW(rate, weight_decay=1e-3)
    model.compile(optimizer, MultiSimilarityLoss(), metrics=pair_distances(), jit_compile=False)
    return model


def train(x, y, classes=SEEN, epochs=EPOCHS, steps=STEPS, seed=0, verbose="auto"):
    """Train the course's model on the images of some classes.

    Args:
        x: uint8 (n, 28, 28). y: (n,) class ids. classes: those to train on.
        epochs, steps: how long. seed: of the weights, the batches and the augmentation.

    Returns:
        (model, history): a compiled `SimilarityModel` with an empty index, and what `fit` recorded.
    """
    keras.utils.set_random_seed(seed)
    model = compile_model(network(), epochs * steps)
    history = model.fit(batches(x, y, classes, steps, seed), epochs=epochs, verbose=verbose)
    return model, history
