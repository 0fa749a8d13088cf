"""Three ways to an embedding, on a folder of pictures: means over seeds, and between which figures they lie.

    python notebooks/flags.py flags          or      python notebooks/icons.py icons
    python tests/benchmarks/pictures.py flags --seeds 0 1 2

60 % of the classes train, 20 % are only indexed (unseen), 20 % are strangers. Of each class, half of the
artists' drawings train and are indexed, a quarter calibrates, a quarter tests: other classes and artists for
each seed. A stranger is caught where it lies further than nine in ten of the known of the calibration.

Lite0 is the pretrained backbone of lite0.py, frozen, which sees the pictures larger: bare, the mean of its
last map; with a head, a `MetricEmbedding` of the whole map, trained on each picture and 4 variations of it.
MobileNetV2 is that of keras.applications; where neither the network nor Keras's cache has its weights, its
rows are skipped.
"""

import argparse
import time

import keras
import lite0
import numpy as np

import simlib  # first, so that TensorFlow starts quietly
from simlib.embedding.augment import distort
from simlib.embedding.pictures import read
from simlib.embedding.splits import split_by_thing

SIDE, LARGE, EPOCHS, STEPS, VARIATIONS = 32, 128, 15, 40, 4
THING = r"([^/]+)/(\w+)-\d"


def network():
    inputs = x = keras.Input((SIDE, SIDE, 3))
    x = keras.layers.Rescaling(1 / 255)(x)
    for filters in (32, 64, 128):
        x = keras.layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)
        x = keras.layers.ReLU()(keras.layers.BatchNormalization()(keras.layers.MaxPooling2D()(x)))
    return simlib.SimilarityModel(inputs, simlib.MetricEmbedding(64)(keras.layers.Flatten()(x)))


def mobilenet():
    """MobileNetV2 up to its pooling."""
    inputs = keras.Input((LARGE, LARGE, 3))
    body = keras.applications.MobileNetV2((LARGE, LARGE, 3), weights="imagenet", include_top=False)
    return keras.Model(inputs, body(keras.layers.Rescaling(1 / 127.5, -1)(inputs), training=False))


def vary(images, rng, scale=1.0):
    return distort(images, rng, degrees=10, shift=2 * scale, zoom=0.1, shear=0.15, bend=0.7 * scale)


def train(model, x, y, seed, augment):
    classes = np.flatnonzero(np.bincount(y) >= 2)
    how = {"class_list": classes, "steps_per_epoch": STEPS, "augment": augment, "seed": seed}
    sampler = simlib.ClassBalancedSampler(x, y, min(32, len(classes)), 2, **how)
    rate = keras.optimizers.schedules.CosineDecay(2e-3, EPOCHS * STEPS)
    model.compile(keras.optimizers.AdamW(rate, weight_decay=1e-3), simlib.MultiSimilarityLoss())
    model.fit(sampler, epochs=EPOCHS, verbose=0)
    return model


class Pixels:
    """Embeddings that come from elsewhere, as an array: the simplest."""

    def __init__(self, folder, fit):
        self.photos = read(folder, (SIDE, SIDE, 3), bad="skip", fit=fit, verbose=0)
        self.x = self.photos.x

    def embed(self, trained, y, seed):
        return self.x.reshape(len(y), -1) - 127.5


class Own(Pixels):
    """The course's recipe, trained on it; colours: how much they vary."""

    colours = 0.0

    def embed(self, trained, y, seed):
        def augment(images, rng):
            tint = rng.uniform(1 - self.colours, 1 + self.colours, (len(images), 1, 1, 3))
            return np.clip(vary(images, rng) * tint, 0, 255)

        return train(network(), self.x[trained], y[trained], seed, augment).embed(self.x, verbose=0)


class OwnColours(Own):
    colours = 0.3


class Bare(Pixels):
    """A pretrained backbone, as it is."""

    backbone = staticmethod(lambda: lite0.pretrained(LARGE))

    def __init__(self, folder, fit):
        self.photos = read(folder, (LARGE, LARGE, 3), bad="skip", fit=fit, verbose=0)
        self.x = self.features(self.backbone(), self.photos.x)

    def features(self, body, x):
        return body.predict(x, verbose=0).mean(axis=(1, 2))

    def embed(self, trained, y, seed):
        return self.x


class Head(Bare):
    """The same with a `MetricEmbedding`, trained on its maps of each picture and of its variations."""

    def features(self, body, x):
        rng = np.random.default_rng(0)
        varied = (vary(x, rng, LARGE / SIDE) for _ in range(VARIATIONS))
        maps = (body.predict(images, verbose=0).astype(np.float16) for images in (x, *varied))
        return np.stack([of.reshape(len(x), -1) for of in maps], axis=1)

    def embed(self, trained, y, seed):
        def augment(features, rng):
            which = rng.integers(VARIATIONS + 1, size=len(features))
            return features[np.arange(len(features)), which].astype(np.float32)

        inputs = keras.Input((self.x.shape[-1],))
        model = simlib.SimilarityModel(inputs, simlib.MetricEmbedding(64)(inputs))
        return train(model, self.x[trained], y[trained], seed, augment).embed(self.x[:, 0], verbose=0)


class MobileBare(Bare):
    backbone = staticmethod(mobilenet)


class MobileHead(Head):
    backbone = staticmethod(mobilenet)


WAYS = {
    "raw pixels": Pixels, "own network": Own, "own, colours vary": OwnColours, "Lite0, bare": Bare,
    "Lite0, head": Head, "MobileNetV2, bare": MobileBare, "MobileNetV2, head": MobileHead,
}  # fmt: skip


def scores(embeddings, y, classes, drawings):
    """Shares of the test: right at rank 1 (all, seen, unseen), strangers caught, known refused; AUROC."""
    (seen, unseen, strangers), (indexed, calibration, test) = classes, drawings
    indexed, known = np.setdiff1d(indexed, strangers), np.setdiff1d(calibration, strangers)
    index = simlib.Index("cosine").add(embeddings[indexed], y[indexed])
    near = index.lookup(embeddings[test], k=1)
    cut = np.quantile(index.lookup(embeddings[known], k=1).distances[:, 0], 0.9)
    right, refused = near.labels[:, 0] == y[test], near.distances[:, 0] > cut
    of = {"seen": np.isin(test, seen), "unseen": np.isin(test, unseen), "strangers": np.isin(test, strangers)}
    return {
        "right": right[~of["strangers"]].mean(), "seen": right[of["seen"]].mean(),
        "unseen": right[of["unseen"]].mean(), "strangers caught": refused[of["strangers"]].mean(),
        "known refused": refused[~of["strangers"]].mean(),
        "AUROC": simlib.open_set(near, y[test], np.unique(y[indexed])).auroc,
    }  # fmt: skip


def measure(way, seeds, most):
    """({figure: one for each seed}, CPU seconds for a seed); trained on so many classes at most."""
    photos, rows, seconds = way.photos, [], 0.0
    y = np.unique(photos.y, return_inverse=True)[1]
    for seed in seeds:
        classes = split_by_thing(photos.y, (0.6, 0.2, 0.2), seed=seed)
        drawings = split_by_thing(photos.paths, (0.5, 0.25, 0.25), THING, within=photos.y, seed=seed)
        keras.utils.set_random_seed(seed)
        start = time.process_time()
        trained = np.intersect1d(classes[0], drawings[0])
        trained = trained[np.isin(y[trained], np.unique(y[trained])[:most])]
        embeddings = way.embed(trained, y, seed)
        seconds += (time.process_time() - start) / len(seeds)
        rows.append(scores(embeddings, y, classes, drawings))
    return {name: [row[name] for row in rows] for name in rows[0]}, seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument("--fit", default="stretch", help="or pad")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--most", type=int, help="classes to train on, None for all of the 60 %%")
    parser.add_argument("--ways", nargs="+", default=list(WAYS), choices=list(WAYS))
    chosen = parser.parse_args()
    for name in chosen.ways:
        start = time.process_time()
        try:
            way = WAYS[name](chosen.folder, chosen.fit)
        except (Exception, SystemExit) as error:
            print(f"{name:18} skipped: {str(error).splitlines()[0][:90]}")
            continue
        once = time.process_time() - start
        figures, seconds = measure(way, chosen.seeds, chosen.most)
        told = [f"{what} {np.mean(v):.3f} ({min(v):.2f} to {max(v):.2f})" for what, v in figures.items()]
        seconds = f"{once:.0f} CPU seconds to read and prepare, {seconds:.0f} for a seed"
        print(f"{name:18}", "; ".join([*told, seconds]), flush=True)


if __name__ == "__main__":
    main()
