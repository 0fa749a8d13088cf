"""PairDistance against loops over all pairs, batch by batch."""

import json

import hypothesis
import hypothesis.strategies as st
import keras
import numpy as np
import pytest
from test_losses import EXAMPLES, batches, distance_matrix

from simlib import MetricEmbedding, PairDistance, SimilarityModel, TripletLoss, pair_distances
from simlib.distances import DISTANCES

REDUCE = {"mean": np.mean, "min": np.min, "max": np.max}


def by_loops(pairs, reduce, distance, seen):
    """The mean, over the batches with such a pair, of the reduced distance."""
    values = []
    for x, y in seen:
        d = distance_matrix(distance, x.astype(float))
        of_batch = [
            d[i, j]
            for i in range(len(y))
            for j in range(len(y))
            if i != j and (y[i] == y[j]) == (pairs == "positive")
        ]
        if of_batch:
            values.append(REDUCE[reduce](of_batch))
    return np.mean(values) if values else 0.0


@pytest.mark.parametrize("pairs", ["positive", "negative"])
@pytest.mark.parametrize("reduce", REDUCE)
@hypothesis.settings(deadline=None, max_examples=EXAMPLES // 2)
@hypothesis.given(seen=st.lists(batches(), max_size=3), distance=st.sampled_from(sorted(DISTANCES)))
def test_the_metric_is_the_mean_over_the_batches_that_have_such_a_pair(pairs, reduce, seen, distance):
    metric = PairDistance(pairs, reduce, distance)
    for x, y in seen:
        metric.update_state(y, x)
    expected = by_loops(pairs, reduce, distance, seen)
    np.testing.assert_allclose(float(metric.result()), expected, rtol=1e-5, atol=1e-5)


def test_fit_and_evaluate_report_the_running_mean_of_all_six():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(24, 3)).astype("float32"), rng.integers(0, 3, 24)
    inputs = keras.Input((3,))
    model = SimilarityModel(inputs, MetricEmbedding(2)(inputs))
    model.compile("sgd", TripletLoss(), metrics=pair_distances("euclidean"))
    reported = model.evaluate(x, y, batch_size=8, verbose=0, return_dict=True)
    embedded = model.embed(x)
    seen = [(embedded[i : i + 8], y[i : i + 8]) for i in (0, 8, 16)]
    for pairs in ("positive", "negative"):
        for reduce in REDUCE:
            expected = by_loops(pairs, reduce, "euclidean", seen)
            np.testing.assert_allclose(reported[f"{pairs}_{reduce}"], expected, rtol=1e-4, atol=1e-4)
    history = model.fit(x, y, batch_size=8, verbose=0, validation_data=(x, y)).history
    names = {f"{p}_{r}" for p in ("positive", "negative") for r in REDUCE}
    assert names | {f"val_{n}" for n in names} <= set(history)
    assert history["positive_min"][0] <= history["positive_mean"][0] <= history["positive_max"][0]


def test_half_precision_embeddings_are_measured_in_float32():
    x = np.array([[300.0, 0.0], [0.0, 300.0]], "float16")  # their squares exceed float16
    metric = PairDistance("negative", distance="squared_euclidean")
    metric.update_state(np.array([0, 1]), x)
    assert float(metric.result()) == 180_000


@pytest.mark.parametrize("distance", DISTANCES)
def test_the_metric_comes_back_from_its_config(distance):
    before = PairDistance("negative", "max", distance, name="mine")
    written = json.dumps(keras.saving.serialize_keras_object(before))
    after = keras.saving.deserialize_keras_object(json.loads(written))
    assert type(after) is PairDistance and after.get_config() == before.get_config()
    x, y = np.random.default_rng(0).normal(size=(6, 4)).astype("float32"), np.array([0, 0, 1, 1, 2, 2])
    for metric in (before, after):
        metric.update_state(y, x)
    assert float(after.result()) == float(before.result()) != 0
