"""Trains on two virtual CPU devices, then on one, with the same batches; prints the two loss curves.

Run by test_shards.py in a process of its own. The one device is the referee: its loss is the mean of the
losses of both halves of a batch, which is what two devices work out, each for its half.
"""

import keras
import numpy as np
import tensorflow as tf

import simlib
from simlib.scale.sources import as_dataset

DEVICES = [tf.config.LogicalDeviceConfiguration()] * 2


class OfHalves(simlib.MultiSimilarityLoss):
    def call(self, y, embeddings):
        half = keras.ops.shape(y)[0] // 2
        halves = (slice(None, half), slice(half, None))
        return keras.ops.concatenate([super(OfHalves, self).call(y[h], embeddings[h]) for h in halves])


def curve(strategy, loss):
    (x, y), _, _ = simlib.load_mnist()
    sampler = simlib.ClassBalancedSampler(
        x, y, 6, 6, class_list=(1, 2, 3, 6, 7, 9), steps_per_epoch=20, seed=1
    )
    keras.utils.set_random_seed(0)
    with strategy.scope():
        images = keras.Input((28, 28))
        hidden = keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(images))
        hidden = keras.layers.Dense(64, "relu")(hidden)
        model = simlib.SimilarityModel(images, simlib.MetricEmbedding(16)(hidden))
        model.compile(keras.optimizers.Adam(1e-3), loss)
    history = model.fit(as_dataset(sampler, 2), steps_per_epoch=20, epochs=4, verbose=0, shuffle=False)
    return np.round(history.history["loss"], 6)


if __name__ == "__main__":
    tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], DEVICES)
    print(*curve(tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]), simlib.MultiSimilarityLoss()))
    print(*curve(tf.distribute.get_strategy(), OfHalves()))
