"""Who comes from TensorFlow Similarity translates by a table. Here a script is, by that table alone."""

import re
from pathlib import Path

import keras
import matplotlib.pyplot as plt
import numpy as np
import pytest

import simlib

TABLE = Path(__file__).resolve().parents[2] / "notebooks" / "from_tensorflow_similarity.md"
# What a first script with that library looks like: its names, its order, its arguments.
OLD = """
import tensorflow_similarity as tfsim
sampler = tfsim.samplers.MultiShotMemorySampler(
    x_train, y_train, classes_per_batch=6, examples_per_class_per_batch=5, class_list=[2, 3, 1, 7, 9, 6],
    steps_per_epoch=20,
)
inputs = tf.keras.layers.Input(shape=(28, 28))
hidden = tf.keras.layers.Rescaling(1 / 255)(inputs)
hidden = tf.keras.layers.Flatten()(hidden)
hidden = tf.keras.layers.Dense(64, activation="relu")(hidden)
outputs = tfsim.layers.MetricEmbedding(16)(hidden)
model = tfsim.models.SimilarityModel(inputs, outputs)
loss = tfsim.losses.MultiSimilarityLoss(distance="cosine")
model.compile(optimizer=tf.keras.optimizers.Adam(0.005), loss=loss, distance="auto")
model.fit(sampler, epochs=2, verbose=0)
x_index, y_index = tfsim.samplers.select_examples(x_train, y_train, range(10), 20)
model.reset_index()
model.index(x_index, y_index, data=x_index)
x_show, y_show = tfsim.samplers.select_examples(x_test, y_test, range(10), 1)
nns = model.lookup(x_show, k=5)
tfsim.visualization.viz_neigbors_imgs(x_show[0], y_show[0], nns[0])
nearest = nns[0][0].label, nns[0][0].distance
calibration = model.calibrate(
    x_cal, y_cal, calibration_metric="f1", thresholds_targets={"precision": 0.99}, matcher="match_nearest",
)
answers = model.match(x_show, cutpoint="optimal", no_match_label=10)
model.save(path, save_index=True)
reloaded = tf.keras.models.load_model(path)
same = reloaded.match(x_show, cutpoint="optimal", no_match_label=10)
"""


def table():
    """The table's rows: [(old, new)], the longest first, so that a part never hides the whole."""
    rows = re.findall(r"^\| `(.+?)` \| `(.+?)` \|$", TABLE.read_text(encoding="utf-8"), re.M)
    return sorted(rows, key=lambda row: -len(row[0]))


def translated(script):
    for old, new in table():
        script = script.replace(old, new)
    return script


@pytest.mark.filterwarnings("ignore:.*wrong matches in")
def test_a_script_translated_by_the_table_alone_runs(tmp_path):
    (x_train, y_train), (x_cal, y_cal), (x_test, y_test) = simlib.load_mnist()
    names = dict(locals(), keras=keras, path=str(tmp_path / "model.keras"))
    exec(translated(OLD), names)
    plt.close("all")
    assert names["nearest"] == (names["nns"].labels[0, 0], names["nns"].distances[0, 0])
    assert "precision >= 0.99" in names["calibration"].cutpoints
    np.testing.assert_array_equal(names["same"], names["answers"])
    assert np.mean(names["answers"] == names["y_show"]) >= 0.5


@pytest.mark.parametrize("old, new", table())
def test_what_the_table_names_is_there(old, new):
    for name in re.findall(r"^simlib((?:\.\w+)+)\b(?!$)", new):
        found = simlib
        for part in name.split(".")[1:]:
            found = getattr(found, part)
