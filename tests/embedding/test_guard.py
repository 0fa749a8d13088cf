"""Does the model still embed as it did when it filled its index? What counts is its answers."""

import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import ops

from simlib import MetricEmbedding, NotReadyError, SimilarityModel, TripletLoss

DIGITS = Path(__file__).resolve().parents[2] / "notebooks" / "models" / "digits.keras"
X = np.random.default_rng(0).normal(size=(40, 6)).astype("float32")
Y = np.arange(40) % 4
pytestmark = pytest.mark.filterwarnings("ignore")  # Keras's, of layers that it does not quantise


@keras.saving.register_keras_serializable("test")
class Shift(keras.layers.Layer):
    """A layer that keeps what it does in Python."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.by, self.named, self.listed, self.table = 0.0, {"by": 0.0}, [0.0], np.zeros(6, "float32")

    def call(self, x):
        return x + self.by + self.named["by"] + self.listed[0] + self.table


def network(dtype="float32"):
    keras.utils.set_random_seed(1)
    start = keras.Input((6,))
    hidden = keras.layers.Dense(32, activation="tanh", name="hidden", dtype=dtype)(Shift(name="shift")(start))
    hidden = keras.layers.Dropout(0.5)(keras.layers.BatchNormalization()(hidden))
    model = SimilarityModel(start, MetricEmbedding(8, name="embedding", dtype=dtype)(hidden))
    model.compile(keras.optimizers.Adam(0.01), TripletLoss())
    return model


def again(model, folder):
    model.save(folder / "again.keras")
    return keras.models.load_model(folder / "again.keras")


def lora(model):
    model.get_layer("hidden").enable_lora(1)
    model.get_layer("embedding").enable_lora(2)


SAME = {
    "nothing": lambda m: None,
    "lora": lora,
    "int8": lambda m: m.quantize("int8"),
    "float8": lambda m: m.quantize("float8"),
    "dropout": lambda m: setattr(m.layers[4], "rate", 0.1),
    "frozen": lambda m: setattr(m, "trainable", False),
    "compiled": lambda m: m.compile(loss=TripletLoss(distance="euclidean")),
}


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
@pytest.mark.parametrize("change", SAME)
def test_a_model_that_answers_as_before_is_let_through(change, dtype, tmp_path):
    model = network(dtype).index(X, Y, payload=X)
    model.lookup(X[:3])
    SAME[change](model)
    for here in (model, again(model, tmp_path)):
        np.testing.assert_array_equal(here.lookup(X, 1).ids[:, 0], np.arange(40))
        for query in X[:9]:  # each of the probes has its turn
            here.single_lookup(query)


def shuffle(model):
    kernel = model.get_layer("embedding").kernel
    kernel.assign(ops.flip(kernel, axis=1))


def train(model):
    model.fit(X, Y, verbose=0)


CHANGED = {
    "training": train,
    "shuffled outputs": shuffle,
    "other weights": lambda m: m.get_layer("hidden").kernel.assign(-m.get_layer("hidden").kernel),
    "trained lora": lambda m: (lora(m), m.get_layer("hidden").lora_kernel_b.assign(np.ones((1, 32)))),
    "NaN": lambda m: m.get_layer("hidden").bias.assign(np.full(32, np.nan)),
    "an activation": lambda m: setattr(m.get_layer("hidden"), "activation", keras.activations.relu),
    "an attribute": lambda m: setattr(m.get_layer("shift"), "by", 1.0),
    "a dict": lambda m: m.get_layer("shift").named.__setitem__("by", 1.0),
    "a list": lambda m: m.get_layer("shift").listed.__setitem__(0, 1.0),
    "an array": lambda m: m.get_layer("shift").table.__setitem__(slice(None, 3), 2.0),
}


@pytest.mark.parametrize("change", CHANGED)
def test_a_model_that_answers_otherwise_is_refused_until_its_index_is_made_anew(change, tmp_path):
    model = network().index(X, Y, payload=X)
    model.lookup(X[:3])
    CHANGED[change](model)
    calls = (model.lookup, lambda x: model.single_lookup(x[0]), lambda x: model.match(x, 0.5))
    for call in (*calls, lambda x: model.index(x, Y, payload=x), lambda x: model.evaluate_retrieval(x, Y)):
        with pytest.raises(NotReadyError, match=r"was trained since.*`reset_index`, then `index`"):
            call(X)
    assert len(model.get_index()) == 40
    if change != "NaN":
        model.reset_index()
        model.index(X, Y)
        np.testing.assert_allclose(model.embed(X), ops.convert_to_numpy(model(X)), atol=1e-6)
        np.testing.assert_array_equal(model.lookup(X, 1).ids[:, 0], np.arange(40))


@pytest.mark.parametrize("change", ["training", "shuffled outputs"])
def test_a_changed_model_is_refused_after_saving_too(change, tmp_path):
    model = network().index(X, Y)
    CHANGED[change](model)
    with pytest.raises(NotReadyError):
        again(model, tmp_path).lookup(X)


def test_a_change_to_some_inputs_alone_is_noticed_once_their_probe_has_its_turn():
    start = keras.Input((6,))
    model = SimilarityModel(start, MetricEmbedding(6)(keras.layers.ReLU()(start)))
    model.index(np.eye(6, dtype="float32"), range(6))
    kernel = ops.convert_to_numpy(model.layers[-1].kernel).copy()
    kernel[4] = kernel[4][::-1]  # of the fifth input only
    model.layers[-1].kernel.assign(kernel)
    with pytest.raises(NotReadyError):
        for _ in range(6):
            model.single_lookup(np.eye(6)[0])


def test_an_index_that_was_filled_directly_is_guarded_from_its_first_lookup_on():
    model = network()
    model.get_index().add(model.embed(X), Y)
    model.lookup(X)
    shuffle(model)
    with pytest.raises(NotReadyError):
        model.lookup(X)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="text is TensorFlow's alone")
def test_text_is_an_input_too(tmp_path):
    start = keras.Input((1,), dtype="string")
    words = keras.layers.TextVectorization(output_sequence_length=4)
    words.adapt(["a b c", "d e f"])
    hidden = keras.layers.Flatten()(keras.layers.Embedding(20, 8)(words(start)))
    model = SimilarityModel(start, MetricEmbedding(4)(hidden))
    texts = np.array([["a b"], ["c"], ["d e f"]])
    model.index(texts, [5, 6, 7])
    for here in (model, again(model, tmp_path)):
        np.testing.assert_array_equal(here.lookup(texts, 1).labels[:, 0], [5, 6, 7])


# --- files without probes --------------------------------------------------------------------------


def without(folder, *names):
    """The committed model, without some of its file's members."""
    with zipfile.ZipFile(DIGITS) as file, zipfile.ZipFile(folder / "old.keras", "w") as copy:
        for name in file.namelist():
            if not name.endswith(names or ("nothing",)):
                copy.writestr(name, file.read(name))
    return keras.models.load_model(folder / "old.keras")


@pytest.mark.parametrize("names", [(), ("probes.npz",), ("probes.npz", "inputs.npz")])
@pytest.mark.parametrize("change", ["nothing", "int8", "lora"])
def test_a_file_without_probes_answers_and_is_guarded_from_then_on(names, change, tmp_path):
    model = without(tmp_path, *names)
    pictures = model.payload(model.get_index().lookup(np.eye(64), 1))[:, 0]
    before = without(tmp_path, *names).match(pictures)
    if change == "lora":
        model.layers[-1].enable_lora(1)
    elif change == "int8":
        model.quantize("int8")
    assert (model.match(pictures) == before).mean() > 0.9
    loaded = again(model, tmp_path)
    assert (loaded.match(pictures) == before).mean() > 0.9
    for here in (model, loaded):
        here.layers[-1].bias.assign(here.layers[-1].bias + 5.0)
        with pytest.raises(NotReadyError):
            here.match(pictures)


def test_a_file_with_other_weights_is_refused_also_when_it_is_saved_again(tmp_path):
    model = without(tmp_path)
    model.layers[-1].bias.assign(model.layers[-1].bias + 5.0)
    for here in (again(model, tmp_path), model):
        with pytest.raises(NotReadyError):
            here.lookup(np.zeros((2, 28, 28)))
