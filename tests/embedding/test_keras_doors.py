"""What a person could really hand in, and what each door says to do."""

import keras
import numpy as np
import pytest

import simlib
from simlib import MetricEmbedding, NotReadyError, PairDistance, SimilarityModel, TripletLoss

pytestmark = pytest.mark.filterwarnings(  # of models that nobody has trained
    "ignore:.*wrong matches in", "ignore:.*match at distance 0"
)
X = np.random.default_rng(0).normal(size=(10, 6)).astype("float32")
Y = np.arange(10) % 5
WORDS = np.array(["ant", "bee"] * 5)
EYE = np.eye(10, dtype=int)


def network(compiled=True):
    start = keras.Input((6,))
    model = SimilarityModel(start, MetricEmbedding(4)(start))
    if compiled:
        model.compile(loss=TripletLoss())
    return model


@pytest.fixture(scope="module")
def model():
    model = network().index(X, Y, payload=X)
    model.calibrate(X, Y[::-1], targets=["precision >= 1"])
    return model


class Batches(keras.utils.PyDataset):
    def __init__(self, y):
        super().__init__()
        self.y = y

    def __len__(self):
        return 1

    def __getitem__(self, step):
        return X, self.y


def pictures_out():
    start = keras.Input((6, 6))
    return SimilarityModel(start, keras.layers.Dense(2)(start))


def two_outputs():
    start = keras.Input((6,))
    return SimilarityModel(start, [start, start])


MODEL = [
    (lambda m: m.index(X[0], Y[:1]), r"x must have the shape \(n, 6\); got \(6,\)"),
    (lambda m: m.index(X, Y[:9]), "y has 9 entries, but there are 10 examples in x"),
    (lambda m: m.index(X, EYE), "y must be integer class ids.*one-hot"),
    (lambda m: m.index(X, Y, payload=X[:3]), "payload must have one entry"),
    (lambda m: m.index(np.full_like(X, np.nan), Y, X), "NaN"),
    (lambda m: m.index(X.astype(str), Y), "x must be numbers; got dtype"),
    (lambda m: m.single_lookup(X), r"x must have the shape \(n, 6\)"),
    (lambda m: m.lookup(X, 0), "k must be a whole number of at least 1; got 0"),
    (lambda m: m.calibrate(X, Y, metric="f2"), "metric: 'f2' is unknown"),
    (lambda m: m.calibrate(X, Y, matcher="nearst"), "Did you mean 'nearest'"),
    (lambda m: m.match(X, "optimum"), "cutpoint: 'optimum' is unknown. Did you mean 'optimal'"),
    (lambda m: m.match(X, "precision >= 1"), "was not met at any distance"),
    (lambda m: m.match(X, float("nan")), "cutpoint must be a number, and not NaN"),
    (lambda m: m.match(X, 0.5, no_match_label="none"), "no_match_label must be integer class ids"),
    (lambda m: m.evaluate_retrieval(X, Y, ks=5), "ks must be a list; got 5"),
    (lambda m: m.evaluate_classification(X, Y[:2]), "y has 2 entries"),
    (lambda m: m.compile(distance="cosin"), "distance: 'cosin' is unknown. Did you mean 'cosine'"),
    (
        lambda m: m.compile(loss=[TripletLoss(), simlib.ContrastiveLoss()]),
        "'cosine' and 'euclidean'.*distance=",
    ),
    (lambda m: m.save("model.h5"), "filepath must end in .keras; got 'model.h5'"),
]
TARGETS = [
    (WORDS, r"y must be integer class ids; got dtype .*np.unique\(y, return_inverse=True\)"),
    (EYE, r"y must be integer class ids.*one-hot. Use y.argmax\(axis=1\)"),
    (Y.astype("float32"), r'y must be integer class ids; got dtype float32. Use y.astype\("int64"\)'),
    (Y + 4_006_381_333_931, r"2\*\*24.*np.unique\(y, return_inverse=True\)"),
]
BUILT = [
    (two_outputs, "from one keras.Input to one embedding; got KerasTensor and list"),
    (SimilarityModel, r"built as SimilarityModel\(inputs, outputs\)"),
    (pictures_out, r"outputs must be embeddings of shape \(batch, d\).*Flatten"),
    (lambda: MetricEmbedding(0), "units must be a whole number of at least 1; got 0"),
    (lambda: MetricEmbedding(2)(np.zeros((2, 28, 28))), r"must have the shape \(batch, features\).*Flatten"),
    (lambda: TripletLoss(margin="0.2"), "margin must be a number"),
    (lambda: simlib.ContrastiveLoss(margin=None), "margin must be a number"),
    (lambda: simlib.CircleLoss(gamma=0), "gamma must be above 0"),
    (lambda: simlib.MultiSimilarityLoss(beta=float("inf")), "beta must be above 0 and finite"),
    (lambda: simlib.SoftNearestNeighborLoss(temperature=0), "temperature must be above 0"),
    (lambda: TripletLoss(distance="cosin"), "distance: 'cosin' is unknown. Did you mean 'cosine'"),
    (lambda: TripletLoss(reduction="avg"), "reduction"),
    (lambda: PairDistance(pairs="positiv"), "pairs: 'positiv' is unknown. Did you mean 'positive'"),
    (lambda: PairDistance(reduce="median"), "reduce: 'median' is unknown.*mean, min, max"),
]
BATCH = [
    (np.eye(4), np.ones((4, 3)), r"y_true must be integer class ids.*one-hot.*argmax"),
    (np.array(["a"] * 4), np.ones((4, 3)), r"y_true must be integer class ids.*np.unique"),
    (np.full(4, 2**24 + 1), np.ones((4, 3)), r"2\*\*24"),
    (np.zeros(3, int), np.ones((4, 3)), "differ in length"),
    (np.zeros(4), np.ones((4, 3, 2)), r"y_pred must be embeddings of shape \(batch, d\)"),
]


@pytest.mark.parametrize("call, message", MODEL)
def test_the_model_names_what_is_wrong_and_changes_nothing(call, message, model):
    before = repr(model.get_index()), repr(model.calibration)
    with pytest.raises(ValueError, match=message):
        call(model)
    assert (repr(model.get_index()), repr(model.calibration)) == before


@pytest.mark.parametrize("y, message", TARGETS)
def test_fit_and_evaluate_say_what_to_do_about_labels(y, message):
    model = network()
    for call in (
        lambda: model.fit(X, y, verbose=0),
        lambda: model.fit(X, Y, validation_data=(X, y), verbose=0),
        lambda: model.fit(Batches(y if isinstance(y, np.ndarray) else np.array(y)), verbose=0),
        lambda: model.evaluate(X, y, verbose=0),
    ):
        with pytest.raises(ValueError, match=message):
            call()


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="needs TensorFlow")
@pytest.mark.parametrize("y, message", TARGETS[:3])
def test_so_they_do_where_a_dataset_shows_its_labels(y, message):
    import tensorflow as tf

    dataset = tf.data.Dataset.from_tensor_slices((X, y)).batch(5)
    with pytest.raises(ValueError, match=message.split(";")[0].split(".*")[0]):
        network().fit(dataset, verbose=0)


def test_a_loss_of_keras_may_have_targets_of_its_own():
    model = network(compiled=False)
    model.compile(loss="mse")
    assert model.fit(X, np.eye(10)[:, :4], verbose=0).history["loss"][0] > 0


@pytest.mark.parametrize("make, message", BUILT)
def test_what_cannot_be_built_is_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("y, x, message", BATCH)
@pytest.mark.parametrize("measure", [TripletLoss(), simlib.CircleLoss(), PairDistance().update_state])
def test_a_batch_that_is_none_is_named(measure, y, x, message):
    with pytest.raises(ValueError, match=message):
        measure(y, x.astype("float32"))


def test_the_message_says_which_step_comes_first():
    model = network()
    for call in (model.lookup, lambda x: model.calibrate(x, Y), lambda x: model.match(x, 0.5), model.payload):
        with pytest.raises(NotReadyError, match=r"needs an index: call `index\(x, y\)` first"):
            call(X)
    model.index(X, Y)
    for call in (model.match, lambda x: model.evaluate_classification(x, Y)):
        with pytest.raises(NotReadyError, match="needs a calibration: call `calibrate` first"):
            call(X)
    assert model.match(X, cutpoint=2.5).shape == (10,)
