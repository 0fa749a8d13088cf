"""Retrieval while the model trains: in Keras's own logs, and nothing else changes."""

import keras
import numpy as np
import pytest

from simlib import ClassBalancedSampler, RetrievalMetrics, SimilarityModel, TripletLoss
from simlib.embedding.callbacks import EpochBar

rng = np.random.default_rng(0)
Y = np.repeat(["ant", "bee", "cow", "dog"], 30)
X = (rng.normal(size=(120, 8)) + 1.5 * np.eye(8)[np.repeat(np.arange(4), 30)]).astype(np.float32)
ITEMS, QUERIES = (X[::2], Y[::2]), (X[1::2], Y[1::2])


def trained(*callbacks, epochs=4, distance="cosine"):
    keras.utils.set_random_seed(0)
    inputs = keras.Input((8,))
    x = keras.layers.BatchNormalization()(keras.layers.Dense(16)(inputs))
    model = SimilarityModel(inputs, keras.layers.Dense(4)(x))
    model.compile(keras.optimizers.Adam(0.01), TripletLoss(distance=distance))
    sampler = ClassBalancedSampler(X, Y, steps_per_epoch=5)
    return model, model.fit(sampler, epochs=epochs, verbose=0, callbacks=list(callbacks), shuffle=False)


@pytest.mark.parametrize("distance", ["cosine", "euclidean"])
def test_the_last_epoch_is_what_an_index_of_the_trained_model_gives(distance):
    names = ["recall@1", "precision@5", "map@r"]
    model, history = trained(RetrievalMetrics(ITEMS, QUERIES, names), distance=distance)
    model.index(*ITEMS)
    expected = model.evaluate_retrieval(*QUERIES, ks=[1, 5])
    for name in names:
        assert len(history.history[f"val_{name}"]) == 4
        assert history.history[f"val_{name}"][-1] == pytest.approx(expected[name])


@pytest.mark.parametrize("queries", [None, ITEMS, (ITEMS[0].copy(), list(ITEMS[1]))])
def test_who_looks_up_the_items_leaves_each_out_of_its_own_answer(queries):
    model, history = trained(RetrievalMetrics(ITEMS, queries, names=["recall@1", "map@r"]))
    model.index(*ITEMS)
    expected = model.evaluate_retrieval(*ITEMS, ks=[1], without=model.get_index().ids)
    for name in ("recall@1", "map@r"):
        assert history.history[f"val_{name}"][-1] == pytest.approx(expected[name])
    assert history.history["val_recall@1"][-1] < 1


def test_queries_that_stand_among_the_items_are_said_aloud():
    with pytest.warns(UserWarning, match="queries: 50% stand among the items"):
        RetrievalMetrics(ITEMS, (X, Y))


def test_it_changes_nothing_about_the_training():
    model, history = trained(RetrievalMetrics(ITEMS, QUERIES))
    plain, alone = trained()
    assert history.history["loss"] == alone.history["loss"]
    for a, b in zip(model.get_weights(), plain.get_weights()):
        np.testing.assert_array_equal(a, b)
    assert len(model.get_index()) == 0


def test_keras_own_callbacks_can_watch_it(tmp_path):
    watched = "val_recall@1"
    best = keras.callbacks.ModelCheckpoint(
        str(tmp_path / "best.weights.h5"), watched, mode="max", save_best_only=True, save_weights_only=True
    )
    stop = keras.callbacks.EarlyStopping(watched, patience=1, mode="max", min_delta=2)  # nothing is enough
    _, history = trained(RetrievalMetrics(ITEMS, QUERIES), best, stop, epochs=9)
    assert len(history.history[watched]) == 2
    assert best.best == max(history.history[watched]) and (tmp_path / "best.weights.h5").exists()


def test_the_bar_counts_all_epochs_and_ends_its_line_even_if_training_stops_early(capsys):
    stop = keras.callbacks.EarlyStopping("loss", patience=1, min_delta=9)  # nothing is enough
    for callbacks, end in (([], "4/4"), ([stop], "2/4")):
        _, history = trained(*callbacks, EpochBar())
        told = capsys.readouterr().out
        assert told.count("\n") == 1 and told.endswith(f"loss: {history.history['loss'][-1]:.4f}\n")
        assert end in told


@pytest.mark.parametrize("arguments, message", [
    ((ITEMS, QUERIES, ["recal@1"]), "names: 'recal@1' is unknown"),
    ((ITEMS, QUERIES, "recall@1"), "names must be a list"),
    ((X,), r"items must be a pair \(x, y\)"),
    ((ITEMS, (X, Y[:3])), "queries: y has 3 entries"),
])  # fmt: skip
def test_a_wrong_argument_is_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        RetrievalMetrics(*arguments)
