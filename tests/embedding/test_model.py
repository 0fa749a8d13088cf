"""SimilarityModel: an ordinary Keras model that also indexes, looks up, calibrates, matches and saves."""

import copy
import functools
import os
import subprocess
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest
from keras import ops

import simlib
from simlib import MetricEmbedding, NotReadyError, SimilarityModel, TripletLoss, matching, metrics

pytestmark = pytest.mark.filterwarnings(  # of models that nobody has trained
    "ignore:.*wrong matches in", "ignore:.*match at distance 0"
)
CENTRES = np.random.default_rng(7).normal(size=(5, 6))


def examples(n, seed, classes=5):
    rng = np.random.default_rng(seed)
    y = np.arange(n) % classes
    return (CENTRES[y] + 0.4 * rng.normal(size=(n, 6))).astype("float32"), y


def network(units=4):
    inputs = keras.Input((6,))
    hidden = keras.layers.Dense(8, activation="tanh")(inputs)
    return SimilarityModel(inputs, MetricEmbedding(units)(keras.layers.BatchNormalization()(hidden)))


def ready(loss=None, trained=False, **settings):
    """A model that is trained, indexed and calibrated, on data that takes no time."""
    keras.utils.set_random_seed(0)
    model = network()
    model.compile(keras.optimizers.Adam(0.01), loss or simlib.MultiSimilarityLoss(), **settings)
    if trained:
        model.fit(simlib.ClassBalancedSampler(*examples(60, 0), 5, 3), epochs=2, verbose=0)
    x, y = examples(40, 1, classes=4)
    model.index(x, y, payload=x * 2)
    model.calibrate(*examples(50, 2), targets=["precision >= 0.8", "accuracy >= 1"], k=3, matcher="majority")
    return model


QUERIES = examples(23, 3)[0]


def assert_alike(before, after, exact=True):
    """Two models that answer alike: labels, ids and calibration to the bit, distances too or to 1e-6."""
    assert type(after) is SimilarityModel
    mine, other = before.lookup(QUERIES, 4), after.lookup(QUERIES, 4)
    np.testing.assert_array_equal(mine.labels, other.labels)
    np.testing.assert_array_equal(mine.ids, other.ids)
    np.testing.assert_allclose(mine.distances, other.distances, rtol=0, atol=0 if exact else 1e-6)
    assert repr(before.get_index()) == repr(after.get_index())
    assert repr(before.calibration) == repr(after.calibration)
    if before.calibration is not None:
        np.testing.assert_array_equal(before.match(QUERIES), after.match(QUERIES))


@pytest.fixture(scope="module")
def shared():
    """A trained model that no test changes."""
    return ready(trained=True)


# --- what each step does ---------------------------------------------------------------------------


class Wrapped(keras.losses.Loss):
    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def call(self, y_true, y_pred):
        return self.inner(y_true, y_pred)


EUCLIDEAN = TripletLoss(distance="euclidean")


@pytest.mark.parametrize(
    "loss, distance",
    [
        (simlib.MultiSimilarityLoss(), "cosine"),
        (TripletLoss(distance="manhattan"), "manhattan"),
        (simlib.SoftNearestNeighborLoss(), "squared_euclidean"),
        ({"embedding": EUCLIDEAN}, "euclidean"),
        ([EUCLIDEAN], "euclidean"),
        ([[EUCLIDEAN], {"again": simlib.ContrastiveLoss()}], "euclidean"),
        (Wrapped(EUCLIDEAN), "euclidean"),
        (Wrapped({"a": [EUCLIDEAN]}), "euclidean"),
        (functools.partial(EUCLIDEAN), "euclidean"),
        (EUCLIDEAN.call, "euclidean"),
        (lambda y_true, y_pred: 2 * EUCLIDEAN(y_true, y_pred), "euclidean"),
        (None, "cosine"),
        ("mse", "cosine"),
    ],
)
def test_the_loss_chooses_the_indexs_distance_and_the_override_wins(loss, distance):
    model = network()
    model.compile(loss=loss)
    assert model.get_index().distance == distance
    model.compile(loss=loss, distance="inner_product")
    assert model.get_index().distance == "inner_product"
    model.compile(loss=loss and TripletLoss(distance="euclidean"))
    assert model.get_index().distance == ("euclidean" if loss else "inner_product")


def test_an_index_that_holds_items_keeps_its_distance_until_reset():
    model = ready()
    model.compile(loss=simlib.ContrastiveLoss())
    assert (model.get_index().distance, len(model.get_index())) == ("cosine", 40)
    model.reset_index()
    assert (model.get_index().distance, len(model.get_index())) == ("euclidean", 0)
    assert model.calibration is None


def test_embed_is_the_models_own_prediction_in_float32():
    model = network()
    x, _ = examples(300, 0)
    given = model.embed(x)
    assert given.dtype == np.float32 and given.shape == (300, 4)
    np.testing.assert_allclose(given, model.predict(x, verbose=0), atol=1e-6)
    assert model.embed(x[:0]).shape == (0, 4)
    assert model.embed(x.astype("float16").tolist()).shape == (300, 4)


def test_embed_shows_a_bar_when_asked_and_from_5000_examples_on(capsys):
    model = network()
    model.embed(examples(10, 0)[0])
    assert capsys.readouterr().out == ""
    model.embed(examples(10, 0)[0], verbose=1)
    assert "1/1" in capsys.readouterr().out
    model.embed(examples(5000, 0)[0])
    assert "20/20" in capsys.readouterr().out


def test_lookup_match_and_payload_are_the_array_floors_on_the_embeddings(shared):
    model, (x, y) = shared, examples(40, 1, classes=4)
    near = model.lookup(QUERIES, 5)
    expected = np.sort(1 - model.embed(QUERIES) @ model.embed(x).T, axis=1)[:, :5]
    np.testing.assert_allclose(near.distances, expected, atol=1e-5)
    np.testing.assert_array_equal(near.labels, y[near.ids])
    np.testing.assert_array_equal(model.payload(near), x[near.ids] * 2)
    for cutpoint in ("optimal", "precision >= 0.8", 0.3):
        at = cutpoint if cutpoint == 0.3 else model.calibration.distance(cutpoint)
        expected = matching.match(model.lookup(QUERIES, 3), at, "majority")
        np.testing.assert_array_equal(model.match(QUERIES, cutpoint), expected)
    assert set(model.match(QUERIES, cutpoint=-1.0, no_match_label=99)) == {99}


def test_one_at_a_time_is_the_same_as_many():
    x, y = examples(12, 0)
    many, single = network(), network()
    single.set_weights(many.get_weights())
    many.index(x, y, payload=x)
    for one in zip(x, y, x):
        assert single.index_single(*one) is single
    assert repr(many.get_index()) == repr(single.get_index())
    for i, query in enumerate(QUERIES):
        together, alone = many.lookup(QUERIES, 3), single.single_lookup(query, 3)
        np.testing.assert_array_equal(together.ids[i], alone.ids[0])
        np.testing.assert_allclose(together.distances[i], alone.distances[0], atol=1e-6)


def test_evaluations_are_those_of_the_metrics_module(shared):
    (x, y), groups = examples(30, 5), {"seen": [0, 1, 2, 3], "unseen": [4]}
    expected = metrics.retrieval(shared.lookup(x, 10), y, {c: 10 for c in range(4)}, (1, 3))
    assert shared.evaluate_retrieval(x, y, ks=(1, 3)) == expected
    expected = metrics.classification(shared.match(x), y, groups)
    assert repr(shared.evaluate_classification(x, y, groups=groups)) == repr(expected)


def in_threads(work, on):
    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(work, on))


@pytest.mark.parametrize("first", ["raced for", "made before"])
def test_lookups_from_eight_threads_are_the_serial_ones(first, shared):
    blocks = [examples(n, seed=n)[0] for n in range(1, 33)]
    serial = [shared.lookup(b, 5) for b in blocks]
    model = copy.deepcopy(shared)
    if first == "made before":
        model.lookup(blocks[0])
    for before, after in zip(serial, in_threads(lambda block: model.lookup(block, 5), blocks)):
        np.testing.assert_array_equal(before.ids, after.ids)
        np.testing.assert_allclose(before.distances, after.distances, atol=1e-6)


def test_lookups_while_another_thread_indexes_find_what_was_there(shared):
    model = copy.deepcopy(shared)
    x, y = examples(40, 1, classes=4)

    def work(thread):
        for i in range(10):
            if thread == 0:
                model.index(10 + x[i : i + 2], y[i : i + 2], payload=x[i : i + 2])
            else:
                np.testing.assert_array_equal(model.lookup(x[i : i + 3], 1).labels[:, 0], y[i : i + 3])

    in_threads(work, range(8))
    assert len(model.get_index()) == 60


@pytest.mark.parametrize("n", [1, 2, 7, 129, 255, 256, 600])
def test_a_rows_embedding_does_not_depend_on_how_many_come_with_it(n, shared):
    x = examples(n, 0)[0]
    np.testing.assert_allclose(shared.embed(x), ops.convert_to_numpy(shared(x)), atol=1e-6)


# --- saving ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def saved(shared, tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "model.keras"
    shared.save(path)
    return path


# This file imports Keras first.
READER = """
import simlib, keras
import sys
import numpy as np
model = keras.models.load_model(sys.argv[1])
queries = np.load(sys.argv[2])
near = model.lookup(queries, 4)
np.savez(sys.argv[3], labels=near.labels, ids=near.ids, distances=near.distances, match=model.match(queries),
         kind=type(model).__module__ + "." + type(model).__name__, payload=model.payload(near),
         calibration=repr(model.calibration), summary=repr(model.get_index()))
"""


def test_a_new_process_that_only_imports_simlib_and_keras_answers_alike(shared, saved, tmp_path):
    files = saved, tmp_path / "queries.npy", tmp_path / "answers.npz"
    np.save(files[1], QUERIES)
    reader = subprocess.run([sys.executable, "-c", READER, *files], capture_output=True, text=True)
    assert reader.returncode == 0, reader.stderr
    near = shared.lookup(QUERIES, 4)
    with np.load(files[-1]) as there:
        np.testing.assert_array_equal(there["labels"], near.labels)
        np.testing.assert_array_equal(there["ids"], near.ids)
        np.testing.assert_allclose(there["distances"], near.distances, rtol=0, atol=1e-6)
        np.testing.assert_array_equal(there["match"], shared.match(QUERIES))
        np.testing.assert_array_equal(there["payload"], shared.payload(near))
        assert there["kind"] == "simlib.embedding.model.SimilarityModel"
        assert there["calibration"] == repr(shared.calibration)
        assert there["summary"] == repr(shared.get_index())


def reloaded(model, tmp_path, **settings):
    path = tmp_path / "again.keras"
    model.save(path)
    assert os.listdir(tmp_path) == ["again.keras"]  # one file, and nothing left beside it
    return keras.models.load_model(path, **settings)


@pytest.mark.parametrize(
    "loss", [simlib.MultiSimilarityLoss(), simlib.ContrastiveLoss(), simlib.CircleLoss(distance="manhattan")]
)
def test_model_index_and_calibration_come_back(loss, tmp_path):
    before = ready(loss)
    after = reloaded(before, tmp_path)
    assert_alike(before, after)
    assert after.loss.get_config() == loss.get_config()
    after.reset_index()
    assert after.get_index().distance == loss.distance


def test_loaded_without_compiling_it_still_answers_and_keeps_its_distance(tmp_path):
    before = ready(distance="euclidean")
    after = reloaded(before, tmp_path, compile=False)
    assert_alike(before, after)
    after.reset_index()
    assert after.get_index().distance == "euclidean"


def test_saving_without_index_without_calibration_and_uncompiled(tmp_path):
    bare = network()
    after = reloaded(bare, tmp_path)
    np.testing.assert_array_equal(after.embed(QUERIES), bare.embed(QUERIES))
    assert len(after.get_index()) == 0 and after.calibration is None
    with pytest.raises(NotReadyError):
        after.lookup(QUERIES)
    bare.index(*examples(20, 0))
    after = reloaded(bare, tmp_path)
    assert_alike(bare, after)
    with pytest.raises(NotReadyError, match="calibrate"):
        after.match(QUERIES)


def test_training_goes_on_after_loading_as_if_nothing_had_happened(tmp_path):
    before = ready(trained=True)
    after = reloaded(before, tmp_path)
    assert int(after.optimizer.iterations) == int(before.optimizer.iterations) > 0
    for model in (before, after):
        model.fit(*examples(60, 4), epochs=2, shuffle=False, verbose=0)
    np.testing.assert_allclose(after.embed(QUERIES), before.embed(QUERIES), atol=1e-5)


def test_a_deep_copy_answers_alike_and_goes_its_own_way(shared):
    before = shared
    after = copy.deepcopy(before)
    assert_alike(before, after)
    after.index(*examples(5, 0), payload=examples(5, 0)[0])
    assert (len(before.get_index()), len(after.get_index())) == (40, 45)


def test_an_existing_file_is_replaced_unless_told_otherwise(shared, tmp_path):
    path = tmp_path / "model.keras"
    path.write_bytes(b"old")
    with pytest.raises(FileExistsError, match=r"exists; choose another name, or overwrite=True"):
        shared.save(path, overwrite=False)
    assert path.read_bytes() == b"old"
    shared.save(str(path))
    assert_alike(shared, keras.models.load_model(path))


# --- damaged files ---------------------------------------------------------------------------------


def flipped(content, at, mask):
    return content[:at] + bytes([content[at] ^ mask]) + content[at + 1 :]


def mutants(path, rng):
    """(what was done, the damaged file's bytes): flips, cuts and insertions anywhere in the file."""
    whole = path.read_bytes()
    with zipfile.ZipFile(path) as file:
        ends = file.start_dir  # the central directory is small, and matters most
    for i in range(200):
        at = int(rng.integers(0, len(whole)) if i % 2 else rng.integers(ends, len(whole)))
        yield f"flip at {at}", flipped(whole, at, 1 << int(rng.integers(8)))
    for at in rng.integers(0, len(whole), 25):
        yield f"cut at {at}", whole[:at]
        yield f"insertion at {at}", whole[:at] + rng.bytes(7) + whole[at:]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """The smallest model of all, as each mutant is loaded whole: (model, its file)."""
    start = keras.Input((6,))
    model = SimilarityModel(start, MetricEmbedding(2)(start))
    model.index(*examples(8, 0), payload=np.arange(8))
    model.calibrate(*examples(20, 1))
    path = tmp_path_factory.mktemp("tiny") / "tiny.keras"
    model.save(path)
    return model, path


@pytest.mark.filterwarnings("ignore")  # Keras may warn of what it finds in a damaged file
def test_a_damaged_file_answers_alike_or_ends_in_an_error(tiny, tmp_path, measured):
    model, file = tiny
    damaged, cases, refused = tmp_path / "damaged.keras", list(mutants(file, np.random.default_rng(0))), 0
    for what, content in cases:
        damaged.write_bytes(content)
        try:
            loaded = keras.models.load_model(damaged)
            near, payload = loaded.lookup(QUERIES, 3), loaded.payload(loaded.lookup(QUERIES, 3))
        except Exception:  # also NotReadyError: a damaged directory can hide the index, never change it
            refused += 1
            continue
        assert_alike(model, loaded)
        np.testing.assert_array_equal(payload, model.payload(near), what)
    measured(f"damaged .keras files: {len(cases)} tried, {refused} refused")
    assert 100 < refused < len(cases)


def test_class_names_go_all_the_way(tmp_path):
    names = np.array(["ant", "bee", "cow"])
    x = np.random.default_rng(0).normal(size=(90, 6)).astype(np.float32) + 4 * np.eye(6)[np.arange(90) % 3]
    y = names[np.arange(90) % 3]
    sampler = simlib.ClassBalancedSampler(
        x, y, class_list=["cow", "ant"], examples_per_class=5, steps_per_epoch=3
    )
    assert sampler.labels == {0: "ant", 2: "cow"}
    inputs = keras.Input((6,))  # which an identity leaves apart, whatever the seed
    model = SimilarityModel(inputs, keras.layers.Dense(6, kernel_initializer="identity")(inputs))
    model.compile("sgd", loss=TripletLoss())
    model.fit(sampler, verbose=0)
    model.index(x[:45], y[:45], ids=[f"x{i}" for i in range(45)])
    model.calibrate(x[45:80], [*y[45:75], *["wasp"] * 5])
    model.save(tmp_path / "model.keras")
    for one in (model, keras.models.load_model(tmp_path / "model.keras")):
        assert set(one.match(x[80:], 10.0)) <= set(names)
        assert one.match(x[80:], -1.0).tolist() == ["unknown"] * 10
        assert one.lookup(x[80:], k=1).ids[0, 0].startswith("x")
        assert one.evaluate_classification(x[80:], y[80:], 10.0, {"ants": ["ant"]})["ants"]["queries"] == 3
        assert one.evaluate_retrieval(x[80:], y[80:])["recall@1"] > 0.8
        own = one.evaluate_retrieval(x[:45], y[:45], without=one.get_index().ids)
        assert 0.8 < own["recall@1"] <= 1 and own["map@r"] == own["map@r"]
        with pytest.raises(ValueError, match="no_match_label: a class is called 'bee' too"):
            one.match(x[80:], 10.0, no_match_label="bee")
