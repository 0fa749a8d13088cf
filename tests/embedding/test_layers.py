"""MetricEmbedding: a dense layer onto the unit sphere."""

import json

import hypothesis
import hypothesis.strategies as st
import keras
import numpy as np
import pytest
from gradients import value_and_gradient
from hypothesis.extra import numpy as hnp
from keras import ops

from simlib import MetricEmbedding

LIMIT = 2.0**40
inputs = hnp.arrays(
    np.float32,
    hnp.array_shapes(min_dims=2, max_dims=2, max_side=5),
    elements=st.floats(-LIMIT, LIMIT, width=32),
)


@hypothesis.settings(deadline=None, max_examples=40)
@hypothesis.given(x=inputs)
def test_it_is_a_dense_layer_divided_by_its_length(x):
    layer = MetricEmbedding(3)
    given = ops.convert_to_numpy(layer(x))
    kernel, bias = (ops.convert_to_numpy(v) for v in layer.weights)
    dense = x.astype(float) @ kernel + bias
    lengths = np.linalg.norm(dense, axis=1)
    for row, expected, length in zip(given, dense, lengths):
        assert np.isfinite(row).all()
        if length > 1e-3 * max(1, np.abs(x).max()):  # else the sum has cancelled, and rounding is left
            np.testing.assert_allclose(row, expected / length, atol=1e-3)
        if length > 1e-4:
            np.testing.assert_allclose(np.linalg.norm(row), 1, rtol=1e-5)


def test_a_zero_row_stays_zero_with_a_small_gradient():
    layer = MetricEmbedding(4)
    layer.build((None, 3))
    value, gradient = value_and_gradient(lambda x: ops.sum(layer(x)), np.zeros((2, 3), "float32"))
    assert value == 0
    assert np.isfinite(gradient).all() and np.abs(gradient).max() < 100


@pytest.mark.parametrize("policy, dtype, tolerance", [
    ("float32", "float32", 1e-6), ("float64", "float64", 1e-6), ("float16", "float16", 2e-3),
    ("mixed_float16", "float16", 2e-3), ("mixed_bfloat16", "bfloat16", 2e-2),
])  # fmt: skip
def test_every_dtype_policy_gives_unit_rows_and_no_nan(policy, dtype, tolerance):
    if policy == "float64" and keras.backend.backend() == "jax":
        pytest.skip("JAX computes in float32 unless told otherwise")
    layer = MetricEmbedding(8, dtype=policy)
    x = np.random.default_rng(0).normal(size=(50, 6)) * np.geomspace(1e-2, 1e3, 50)[:, None]
    given = layer(x)
    assert keras.backend.standardize_dtype(given.dtype) == dtype
    lengths = np.linalg.norm(ops.convert_to_numpy(ops.cast(given, "float32")), axis=1)
    np.testing.assert_allclose(lengths, 1, rtol=tolerance)
    zero = ops.convert_to_numpy(ops.cast(layer(np.zeros((2, 6))), "float32"))
    np.testing.assert_array_equal(zero, 0)


def test_the_layer_comes_back_from_its_config():
    before = MetricEmbedding(5, name="mine", dtype="mixed_float16", trainable=False)
    after = MetricEmbedding.from_config(json.loads(json.dumps(before.get_config())))
    assert after.get_config() == before.get_config()
    assert (after.units, after.name, after.dtype_policy.name) == (5, "mine", "mixed_float16")
    written = json.dumps(keras.saving.serialize_keras_object(before))
    assert type(keras.saving.deserialize_keras_object(json.loads(written))) is MetricEmbedding


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
@pytest.mark.parametrize("mode", ["int8", "int4", "float8"])
@pytest.mark.filterwarnings("ignore")  # Keras says which layers cannot be quantised
def test_quantised_after_building_it_stays_on_the_sphere_and_comes_back(mode, dtype, tmp_path):
    start = keras.Input((6,))
    before = keras.Model(start, MetricEmbedding(4, dtype=dtype)(start))
    x = np.random.default_rng(0).normal(size=(9, 6)).astype("float32")
    plain = before.predict(x, verbose=0).astype(float)
    before.quantize(mode)
    assert mode in before.layers[-1].dtype_policy.name
    quantised = before.predict(x, verbose=0).astype(float)
    np.testing.assert_allclose(quantised, plain, atol=0.25)
    np.testing.assert_allclose(np.linalg.norm(quantised, axis=1), 1, atol=0.01)
    before.save(tmp_path / "quantised.keras")
    after = keras.models.load_model(tmp_path / "quantised.keras")
    np.testing.assert_array_equal(after.predict(x, verbose=0).astype(float), quantised)


def test_lora_is_merged_on_saving_and_answers_alike(tmp_path):
    start = keras.Input((3,))
    before = keras.Model(start, MetricEmbedding(4)(start))
    before.layers[-1].enable_lora(2)
    before.layers[-1].lora_kernel_b.assign(np.ones((2, 4)))
    before.save(tmp_path / "lora.keras")
    after = keras.models.load_model(tmp_path / "lora.keras")
    x = np.random.default_rng(0).normal(size=(5, 3)).astype("float32")
    np.testing.assert_allclose(*(ops.convert_to_numpy(m(x)) for m in (before, after)), atol=1e-6)


def test_an_older_file_in_which_the_dense_is_a_layer_within_is_read(tmp_path):
    import h5py

    inputs = keras.Input((3,))
    model = keras.Model(inputs, MetricEmbedding(2)(inputs))
    model.save_weights(tmp_path / "old.weights.h5")
    with h5py.File(tmp_path / "old.weights.h5", "r+") as file:
        own = file["layers/metric_embedding"]
        own.create_group("dense")
        own.move("vars", "dense/vars")
        own.create_group("vars")
    before = model.get_weights()
    model.set_weights([np.zeros_like(w) for w in before])
    model.load_weights(tmp_path / "old.weights.h5")
    for restored, weights in zip(model.get_weights(), before):
        np.testing.assert_array_equal(restored, weights)
