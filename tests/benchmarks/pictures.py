"""Three ways to an embedding, on the flags that notebooks/flags.py draws: means and spread over seeds.

    python notebooks/flags.py flags
    python tests/benchmarks/pictures.py flags --seeds 0 1 2

60 % of the countries train the network, 20 % stand in the index unseen, 20 % are strangers. Of each
country's four drawings two train and are indexed, one calibrates, one tests. A pretrained backbone needs
its weights, from the network or Keras's cache; without them its row says so.
"""

import argparse
import time

import keras
import numpy as np

import simlib  # first, so that TensorFlow starts quietly
from simlib.embedding.augment import distort
from simlib.embedding.pictures import read
from simlib.embedding.splits import split_by_thing

SIDE, EPOCHS, STEPS = 32, 15, 40


def network(side=SIDE):
    inputs = x = keras.Input((side, side, 3))
    x = keras.layers.Rescaling(1 / 255)(x)
    for filters in (32, 64, 128):
        x = keras.layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)
        x = keras.layers.ReLU()(keras.layers.BatchNormalization()(keras.layers.MaxPooling2D()(x)))
    return simlib.SimilarityModel(inputs, simlib.MetricEmbedding(64)(keras.layers.Flatten()(x)))


def backbone(side=96, weights="imagenet", head=True):
    """MobileNetV2 up to its pooling, frozen; with a head to train, or as it is."""
    inputs = keras.Input((SIDE, SIDE, 3))
    body = keras.applications.MobileNetV2((side, side, 3), include_top=False, weights=weights, pooling="avg")
    body.trainable = False
    x = body(keras.layers.Rescaling(1 / 127.5, -1)(keras.layers.Resizing(side, side)(inputs)), training=False)
    return simlib.SimilarityModel(
        inputs, simlib.MetricEmbedding(64)(x) if head else keras.layers.UnitNormalization()(x)
    )


def train(model, x, y, seed, colour=0.0):
    def augment(images, rng):
        out = distort(images, rng, degrees=10, shift=2, zoom=0.1, shear=0.15, bend=0.7)
        return np.clip(out * rng.uniform(1 - colour, 1 + colour, (len(out), 1, 1, 3)), 0, 255)

    classes = np.flatnonzero(np.bincount(y) >= 2)
    how = {"class_list": classes, "steps_per_epoch": STEPS, "augment": augment, "seed": seed}
    sampler = simlib.ClassBalancedSampler(x, y, min(32, len(classes)), 2, **how)
    rate = keras.optimizers.schedules.CosineDecay(2e-3, EPOCHS * STEPS)
    model.compile(keras.optimizers.AdamW(rate, weight_decay=1e-3), simlib.MultiSimilarityLoss())
    model.fit(sampler, epochs=EPOCHS, verbose=0)
    return model


def roles(photos, seed):
    """Rows: (seen, unseen, strangers) of the countries, and (index, calibration, test) of the drawings."""
    countries = split_by_thing(photos.y, (0.6, 0.2, 0.2), seed=seed)
    drawings = split_by_thing(
        photos.paths, (0.5, 0.25, 0.25), r"([^/]+)/(\w+)-\d", within=photos.y, seed=seed
    )
    return countries, drawings


def scores(embeddings, y, countries, drawings):
    """Right at rank 1, of seen and unseen; called unknown at max F1, of strangers and known; AUROC."""
    (seen, unseen, strangers), (indexed, calibration, test) = countries, drawings
    indexed = np.setdiff1d(indexed, strangers)
    index = simlib.Index("cosine").add(embeddings[indexed], y[indexed])
    near = {name: index.lookup(embeddings[rows], k=1) for name, rows in zip("ct", (calibration, test))}
    right, known = near["t"].labels[:, 0] == y[test], np.unique(y[indexed])
    cut = simlib.calibrate(near["c"], y[calibration]).distance()
    refused = near["t"].distances[:, 0] > cut
    groups = [np.isin(test, rows) for rows in (seen, unseen, strangers)]
    return {
        "seen right": right[groups[0]].mean(), "unseen right": right[groups[1]].mean(),
        "strangers refused": refused[groups[2]].mean(), "known refused": refused[~groups[2]].mean(),
        "AUROC": simlib.open_set(near["t"], y[test], known).auroc,
    }  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument("--fit", default="stretch", help="or pad")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument(
        "--ways", nargs="+", default=["raw pixels", "own", "own, colours vary", "bare", "head"]
    )
    chosen = parser.parse_args()
    photos = read(chosen.folder, (SIDE, SIDE, 3), bad="skip", fit=chosen.fit, verbose=0)
    y = np.unique(photos.y, return_inverse=True)[1]
    for way in chosen.ways:
        rows, seconds = [], []
        for seed in chosen.seeds:
            countries, drawings = roles(photos, seed)
            trained = np.intersect1d(countries[0], drawings[0])
            keras.utils.set_random_seed(seed)
            start = time.process_time()
            try:
                if way == "raw pixels":
                    embeddings = photos.x.reshape(len(y), -1) - 127.5
                else:
                    model = network() if way.startswith("own") else backbone(head=way == "head")
                    if way != "bare":
                        train(model, photos.x[trained], y[trained], seed, 0.3 * ("colours" in way))
                    embeddings = model.embed(photos.x, verbose=0)
            except Exception as error:
                print(f"{way:20} skipped: {str(error).splitlines()[0][:90]}")
                break
            seconds.append(time.process_time() - start)
            rows.append(scores(embeddings, y, countries, drawings))
        else:
            told = [
                f"{name} {np.mean(v := [r[name] for r in rows]):.3f} ({min(v):.2f}-{max(v):.2f})"
                for name in rows[0]
            ]
            print(f"{way:20}", ", ".join(told), f"; {np.mean(seconds):.0f} CPU seconds", flush=True)


if __name__ == "__main__":
    main()
