"""Bad input to every public function of the Keras, reader and picture floors: one sentence of simlib's own.

Each case: what is called with one bad argument, and what the message says, from the argument's name on. The
arrays floor has its own table in test_checks.py. Losses and samplers have further cases in their own files,
which run on JAX and PyTorch too. Inside a compiled graph no value can be looked at, so there shapes and
types are all that a loss checks.
"""

import atexit
import importlib.util
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import keras
import matplotlib.pyplot as plt
import numpy as np
import pytest
from sentences import HOUSE, assert_sentence, public_callables

from simlib import (
    ClassBalancedSampler,
    MetricEmbedding,
    Neighbors,
    NotReadyError,
    PairDistance,
    ShardSampler,
    SingleShotSampler,
    as_dataset,
    augment,
    bootstrap,
    calibrate,
    explore_threshold,
    load_mnist,
    losses,
    metrics,
    open_set,
    pair_distances,
    panel,
    plots,
    plots_trust,
    recipe,
    sampler_from_catalogue,
    sampler_from_dataset,
    write_shards,
)
from simlib.checks import ArtifactError
from simlib.datasets import Split, Splits
from simlib.explorer import Explorer
from simlib.shards import Shards

RNG = np.random.default_rng(0)
Y = np.repeat(np.arange(3), 4)
X = RNG.integers(0, 256, (12, 6, 6), dtype=np.uint8)
FLAT = RNG.normal(size=(12, 5)).astype("float32")
FOUND = np.where(RNG.random((12, 2)) < 0.8, Y[:, None], 9)
NEAR = Neighbors(FOUND, np.sort(RNG.random((12, 2)), axis=1), np.zeros((12, 2), int))
MADE = calibrate(NEAR, Y, targets={"out of reach": "precision >= 1"})
STRIPS = np.stack([X, X], axis=1)
MATRIX = metrics.confusion_matrix(NEAR.labels[:, 0], Y, [0, 1, 2, 9])
REPORT = metrics.classification(NEAR.labels[:, 0], Y)
SPREAD, SETS = bootstrap(NEAR, Y, resamples=20), {"seen": open_set(NEAR, Y, [0, 1])}
DIGITS = RNG.integers(0, 256, (120, 28, 28), dtype=np.uint8), np.repeat(np.arange(10), 12)
SPLITS = Splits(*3 * [Split(*DIGITS)])
HISTORY = {"loss": [2.0, 1.0]}
NO_PATH = "must be the name of a file"

WHOLE = [None, "3", 1.5, True, np.nan, -1, [2], np.array([2, 3])]
NUMBER = [None, "0.5", np.nan, [0.5], 1j, True, np.array([0.1, 0.2]), 10**400]
AMOUNT = [*NUMBER, -0.1, np.inf, 1e308]
NAME = [None, 5, "", "nearst", ["nearest"], np.array(["a", "b"])]


class Case(NamedTuple):
    """`call(bad)` raises, for each (bad, what the message says[, the error's class])."""

    function: str
    argument: str
    call: Callable
    bads: list


def each(values, message):
    return [(value, message) for value in values]


def whole(name, at_least=0):
    """What is no whole number from `at_least` on."""
    bad = [value for value in WHOLE if value is not None] + ([0] if at_least else [])
    return each([None, *bad], f"{name} must be a whole number of at least {at_least}; got")


def maybe_whole(name, at_least=0):
    """The same, where None has a meaning."""
    return [case for case in whole(name, at_least) if case[0] is not None]


def labels(name, others):
    return [
        (None, f"{name} must be an array of numbers"),
        ("abc", f"{name} must be integer class ids"),
        (3, f"{name} must be integer class ids of shape"),
        (np.eye(3)[Y], rf"{name} must be .* looks one-hot. Use {name}.argmax\(axis=1\)"),
        (Y[:, None], f"{name} must be integer class ids of shape"),
        (Y + 0.5, f"{name} must be integer class ids; got dtype float64"),
        (Y > 1, f"{name} must be integer class ids; got dtype bool"),
        (["a"] * 12, f"{name} must be integer class ids"),
        ([[1], [1, 2]], f"{name}: rows of different lengths"),
        (Y[:5], f"{name} has 5 entries, but there are 12 {others}"),
        ([], f"{name} has 0 entries, but there are 12 {others}"),
        (Y + 2**40, f"{name}: class ids must lie within"),
    ]


def images(name, *wrong):
    return [
        (None, f"{name} must be an array"),
        ([[1], [1, 2]], f"{name}: rows of different lengths"),
        *each(["abc", 5, [["a"]], np.zeros((12, 6)), X + 1j, X.astype(str), *wrong], f"{name} must"),
    ]


NEIGHBORS = each([None, X, "NEAR", [NEAR], MADE, 5], "neighbors must be a `Neighbors`")
CALIBRATION = each([None, NEAR, 0.3, "optimal"], "calibration must be a `Calibration`; got")
AX = each(["left", 5, plt, [None]], "ax must be matplotlib axes")
CUTPOINT = each(NUMBER, "cutpoint must be a number, and not NaN; got")
NAMED_CUTPOINT = [
    ("optimum", "cutpoint: 'optimum' is unknown. Did you mean 'optimal'"),
    ("out of reach", "cutpoint 'out of reach' was not met"),
    *each([np.nan, 10**400], "cutpoint must be a number"),
    ([0.5], "cutpoint: .* is unknown"),
]
DISTANCE = [
    ("cosin", "distance: 'cosin' is unknown. Did you mean 'cosine'"),
    *each([None, 3, ["cosine"], np.eye(2)], "distance: .* is unknown"),
]
FOLDER = [(None, "folder " + NO_PATH), (5, "folder " + NO_PATH), ("a\0b", "folder " + NO_PATH)]
EXAMPLES = [  # for `write_shards` and `sampler_from_dataset`; NAME is the argument's name
    *each([None, 5], "NAME must give pairs"),
    *each(["ab", [1, 2], [(1, 2, 3)], {"x": X, "y": Y}, [{"x": 1}]], "NAME must give pairs"),
    ([(X, Y)], r"NAME must give single examples; its labels have the shape \(12,\)"),
    ([(X[0], [1, 0, 0])], "NAME must give single examples; its labels"),
    ([(X[0], [[1], [1, 2]])], "NAME: y: rows of different lengths"),
    *each([[(X[0], None)], [(None, 1)]], "NAME: . must be an array of numbers"),
    *each([[(X[0], 1.5)], [(X[0], "a")], [(X[0], True)]], "NAME: y must be integer class ids"),
    ([(X[0], 2**40)], "NAME: y: class ids must lie within"),
    ([([[1], [1, 2]], 1)], "NAME: x: rows of different lengths"),
    ([], "NAME.* there are none|NAME gives no example"),
]
BATCH = [  # (y_true, y_pred), as losses and metrics take them
    ((np.eye(12), FLAT), "y_true must be integer class ids .*one-hot"),
    ((Y[:3], FLAT), "y_true .* differ in length"),
    ((1, FLAT), "y_true .* differ in length"),
    ((None, FLAT), "y_true must be an array of numbers"),
    (("abc", FLAT), "y_true must be numbers; got"),
    ((["a"] * 12, FLAT), "y_true must be numbers; got"),
    ((Y + 1j, FLAT), "y_true must be numbers; got"),
    (([[1], [1, 2]], FLAT), "y_true: rows of different lengths"),
    ((Y, FLAT[0]), r"y_pred must be embeddings of shape \(batch, d\)"),
    *each([(Y[:0], FLAT[:0]), (Y, FLAT[:, :0])], "y_pred must be embeddings of shape"),
    ((Y, X), r"y_pred must be embeddings of shape \(batch, d\)"),
    ((Y, 5), r"y_pred must be embeddings of shape \(batch, d\)"),
    ((Y, None), "y_pred must be an array of numbers"),
    ((Y, "abc"), "y_pred must be numbers; got"),
    ((Y, FLAT.astype(str)), "y_pred must be numbers; got"),
    ((Y, FLAT + 1j), "y_pred must be numbers; got"),
]


def some(call, argument, **others):
    """`call` with `others`, and with the bad value as `argument`."""
    return lambda bad: call(**{**others, argument: bad})


# fmt: off


def of_losses():
    for kind, settings in (
        (losses.MultiSimilarityLoss, ("alpha", "beta", "lambda_", "epsilon")),
        (losses.TripletLoss, ("margin",)),
        (losses.CircleLoss, ("gamma", "margin")),
        (losses.SoftNearestNeighborLoss, ("temperature",)),
        (losses.ContrastiveLoss, ("margin",)),
    ):
        name = kind.__name__
        for setting in settings:
            bad = [v for v in NUMBER if v is not None or setting not in ("epsilon", "margin")]
            yield Case(
                name, setting, some(kind, setting), each(bad, f"{setting} must be a number, and not NaN"))
            yield Case(name, setting, some(kind, setting), [(np.inf, f"{setting} must be finite; got inf")])
            if setting in losses.ABOVE_ZERO:
                yield Case(
                    name, setting, some(kind, setting), each([0, -1], f"{setting} must be above 0; got"))
        yield Case(name, "distance", some(kind, "distance"), DISTANCE)
        yield Case(name, "reduction", some(kind, "reduction"),
            [("summ", "reduction: .* Did you mean 'sum'"), *each([5, ["sum"]], "reduction: .* is unknown")])
        yield Case(name, "batch", lambda bad, kind=kind: kind()(*bad), BATCH)
        yield Case(name, "name", some(kind, "name"), each([5, ["a"]], "name must be a `str`"))
        yield Case(name, "sample_weight", lambda bad, kind=kind: kind()(Y, FLAT, bad), [
            ("abc", "sample_weight must be numbers"), (np.ones(5), "sample_weight has 5 entries, but")])
    base = losses.MetricLoss
    yield Case("MetricLoss", "distance", lambda bad: base(bad, {}), DISTANCE)
    yield Case("MetricLoss", "settings", lambda bad: base("cosine", bad),
        each([None, 5, ["a"]], "settings must be a dict"))
    yield Case("check_batch", "batch", lambda bad: losses.check_batch(*bad), BATCH)


def of_layers_and_metrics():
    yield Case("MetricEmbedding", "units", MetricEmbedding, whole("units", 1))
    yield Case("MetricEmbedding", "inputs", lambda bad: MetricEmbedding(2)(bad), [*each(
        [FLAT[0], X, np.float32(3), 5, keras.Input((3, 4)), keras.Input((None,)), FLAT[:, :0]],
        r"inputs must have the shape \(batch, features\)"), (None, "inputs must be an array of numbers"),
        *each(["abc", ["a", "b"], FLAT.astype(str), FLAT + 1j], "inputs must be numbers; got"),
        ([[1.0], [1.0, 2.0]], "inputs: rows of different lengths")])
    built = MetricEmbedding(2)
    built(FLAT)
    yield Case("MetricEmbedding", "inputs", built,
        [(FLAT[:, :3], r"inputs must have the shape \(batch, 5\)")])
    yield Case("PairDistance", "pairs", some(PairDistance, "pairs"),
        [("positiv", "pairs: .* Did you mean 'positive'"), *each(NAME, "pairs: .* is unknown")])
    yield Case("PairDistance", "name", some(PairDistance, "name"), each([5, ["a"]], "name must be a `str`"))
    yield Case("PairDistance", "reduce", some(PairDistance, "reduce"),
        [("maxx", "reduce: .* Did you mean 'max'"), *each(NAME, "reduce: .* is unknown")])
    yield Case("PairDistance", "distance", some(PairDistance, "distance"), DISTANCE)
    yield Case("PairDistance.update_state", "batch", lambda bad: PairDistance().update_state(*bad), BATCH)
    yield Case("pair_distances", "distance", pair_distances, DISTANCE)


def of_samplers():
    def balanced(argument):
        return some(ClassBalancedSampler, argument, **{"x": X, "y": Y, "examples_per_class": 2})

    draws = [
        ("classes_per_batch", maybe_whole("classes_per_batch", 1)),
        ("classes_per_batch", [(4, "classes_per_batch is 4, but there are only 3 classes")]),
        ("class_list", each([3, 1.5], "class_list must be a list; got")),
        ("class_list", each(["012", [1.0], [[0, 1]], [None]], "class_list must be")),
        ("class_list", [([], "class_list is empty"), ([7], "class_list names class 7, of which")]),
        ("steps_per_epoch", maybe_whole("steps_per_epoch", 1)),
        ("augment", each(["flip", 5, X], "augment must be a function")),
        ("seed", whole("seed")),
    ]
    for argument, bad in draws:
        yield Case("ClassBalancedSampler", argument, balanced(argument), bad)
        yield Case("SingleShotSampler", argument, some(SingleShotSampler, argument, x=X[:3]), bad)
    rows = [
        *each([None, {"a": 1}, [None]], "x must be an array of numbers"),
        *each([5, "abc"], "x must be an array, one row for each example"),
        ([[1], [2, 3]], "x: rows of different lengths"),
    ]
    nobody = {"x": X[:0], "y": Y[:0]}
    yield Case("ClassBalancedSampler", "x", balanced("x"), rows)
    yield Case("ClassBalancedSampler", "x", lambda bad: ClassBalancedSampler(**bad), [(nobody, "x is empty")])
    yield Case("ClassBalancedSampler", "y", balanced("y"), labels("y", "examples in x"))
    yield Case("ClassBalancedSampler", "examples_per_class", balanced("examples_per_class"),
        [*whole("examples_per_class", 2), (5, "class 0 has 4 examples, fewer than examples_per_class = 5")])
    sampler = ClassBalancedSampler(X, Y, 2, 2)
    yield Case("ClassBalancedSampler.batch", "epoch", lambda bad: sampler.batch(bad, 0), whole("epoch"))
    yield Case("ClassBalancedSampler.batch", "step", lambda bad: sampler.batch(0, bad), whole("step"))
    yield Case("ClassBalancedSampler", "step", lambda bad: sampler[bad],
        [case for case in whole("step") if case[0] is not WHOLE[5]])
    yield Case("ClassBalancedSampler", "augmented", lambda bad: balanced("augment")(lambda x, rng: bad)[0],
        each([None, X[:1], "abc", 5], "augment must return the 6 images that it gets; got"))
    yield Case("SingleShotSampler", "x", some(SingleShotSampler, "x"), [*rows, (X[:0], "x is empty")])
    single = [(v, m) for v, m in labels("y", "examples in x") if v is not None]
    yield Case("SingleShotSampler", "y", lambda bad: SingleShotSampler(X, bad), single)
    yield Case(
        "SingleShotSampler", "y", lambda bad: SingleShotSampler(X, bad), [(Y, "y: class 0 has 4 examples")])
    yield Case("SingleShotSampler", "views", some(SingleShotSampler, "views", x=X), whole("views", 2))


def of_shards_and_streams(shelf):
    def folder():
        return Path(tempfile.mkdtemp(dir=shelf)) / "shards"  # each case has one of its own

    for name, kind in (("Shards", Shards), ("ShardSampler", ShardSampler)):
        yield Case(name, "folder", kind, FOLDER)
        yield Case(name, "folder", lambda bad, kind=kind: kind(folder()),
            [(0, "folder: .* holds no shards.npz", ArtifactError)])

    def written():
        return Shards(write_shards(folder(), zip(X, Y)))

    yield Case("Shards", "rows", lambda bad: written()[bad],
        each([None, "a", 3, [12], [-1], [0.5], [[0]], [[0], [0, 1]], [True]], "rows"))
    yield Case("ShardSampler", "class_list", lambda bad: ShardSampler(written().folder, class_list=bad),
        [([7], "class_list names class 7"), (3, "class_list must be a list")])
    yield Case("write_shards", "folder", lambda bad: write_shards(bad, zip(X, Y)), FOLDER)
    yield Case("write_shards", "folder", lambda bad: write_shards(bad, zip(X, Y)),
        [(Path(__file__), "folder: .* is a file or holds shards already", FileExistsError)])
    yield Case("write_shards", "classes_per_shard", lambda bad: write_shards(folder(), zip(X, Y), bad),
        whole("classes_per_shard", 1))
    named = [(bad, message.replace("NAME", "examples")) for bad, message in EXAMPLES]
    yield Case("write_shards", "examples", lambda bad: write_shards(folder(), bad),
        [*named, ([(X[0], 1), (X[0, 0], 1)], "examples: number 1 is uint8 of")])
    named = [(bad, message.replace("NAME", "dataset")) for bad, message in EXAMPLES]
    yield Case("sampler_from_dataset", "dataset", sampler_from_dataset,
        [*named, ([(X[0], 1), (X[0, 0], 1)], "dataset: rows of different lengths")])
    yield Case("sampler_from_dataset", "dataset-shards",
        lambda bad: sampler_from_dataset(bad, folder=folder()), named)
    stream = {"dataset": list(zip(X, Y))}
    yield Case("sampler_from_dataset", "folder", some(sampler_from_dataset, "folder", **stream), FOLDER[1:])
    lists = [*each([3, 1.5], "class_list must be a list"), ([7], "dataset gives no example of class_list"),
             *each(["012", [1.0], [[0, 1]], [None]], "class_list must be")]  # fmt: skip
    yield Case(
        "sampler_from_dataset", "class_list", some(sampler_from_dataset, "class_list", **stream), lists)
    yield Case("sampler_from_dataset", "class_list-shards",
        *(lambda bad: sampler_from_dataset(zip(X, Y), folder=folder(), class_list=bad), lists))
    here = ImportError if importlib.util.find_spec("tensorflow_datasets") is None else ValueError
    for i, bad in enumerate([None, 5, "no_such_data", "", ["mnist"]]):
        yield Case("sampler_from_catalogue", f"name-{i}", sampler_from_catalogue,
            [(bad, "name|the TensorFlow Datasets", here)])
    sampler = ClassBalancedSampler(X, Y, 2, 2)
    yield Case("as_dataset", "sampler", as_dataset,
        each([None, X, "a", [sampler]], "sampler must be a `ClassBalancedSampler`"))
    yield Case("as_dataset", "replicas", lambda bad: as_dataset(sampler, bad), whole("replicas", 1))


def of_augment():
    for function in (augment.rotations_as_classes, augment.mirrors_as_classes):
        name = function.__name__
        yield Case(name, "x", lambda bad, f=function: f(bad, Y), [*images("x"),
            *each([X[:, :, :5], X[..., None], np.zeros((12, 0, 0))], r"x must hold square images")])
        yield Case(
            name, "x", lambda bad, f=function: f(bad, bad[:, 0, 0]), [(X[:0], "x must hold .* n >= 1")])
        yield Case(name, "y", lambda bad, f=function: f(X, bad), [*labels("y", "images in x"),
            (Y - 1, "y must hold class ids of 0 or more"), (Y + 2**24 - 3, "y: class ids")])
    shapes = [X[0], X[..., None], np.zeros((2, 0, 5)), np.zeros((2, 5, 0))]
    yield Case("distort", "images", lambda bad: augment.distort(bad, RNG), images("images", *shapes))
    yield Case("distort", "rng", lambda bad: augment.distort(X, bad), each(
        [None, 0, "a", np.random.default_rng], "rng must be a generator, as `numpy.random.default_rng"))
    for amount in ("degrees", "shift", "zoom", "shear", "bend"):
        yield Case("distort", amount, some(augment.distort, amount, images=X, rng=RNG),
            each(AMOUNT, f"{amount} must be"))
    yield Case("distort", "zoom", some(augment.distort, "zoom", images=X, rng=RNG),
        each([1, 2.5], "zoom must be below 1"))


def of_recipe():
    model = keras.models.load_model(HOUSE.parent / "notebooks" / "models" / "digits.keras")
    empty = recipe.network(8)
    yield Case("network", "name", lambda bad: recipe.network(8, bad),
        each([5, None, ["a"]], "name must be a `str`"))
    yield Case("network", "embedding", recipe.network, whole("embedding", 1))
    x, y = DIGITS
    classes = [
        *each([None, 5], "classes must be a list"),
        *each(["123", [1.0], [1, 1], [-1, 1], [[1, 2]], [None]], "classes must be"),
        *each([[], [1], [1, 77]], "classes must be two or more that y has"),
    ]
    for name, function in (("batches", recipe.batches), ("train", recipe.train)):
        given = {"x": x, "y": y, "classes": [1, 2, 3]}
        yield Case(name, "x", some(function, "x", **given),
            [*images("x"), (x[:, :9, :9], r"x must be images of the shape \(n, 28, 28\)")])
        yield Case(name, "y", some(function, "y", **given), [(bad, message.replace("12", "120"))
            for bad, message in labels("y", "images in x") if "entries" in message])
        yield Case(name, "y", some(function, "y", **given),
            [(np.eye(10)[y], "y must be .*one-hot"), (None, "y must be")])
        yield Case(name, "classes", some(function, "classes", **given), classes)
        yield Case(name, "steps", some(function, "steps", **given), whole("steps", 1))
        yield Case(name, "seed", some(function, "seed", **given), whole("seed"))
    yield Case("train", "epochs", some(recipe.train, "epochs", **given), whole("epochs", 1))
    models = each([None, 5, "digits.keras", keras.Sequential()], "model must be a `SimilarityModel`; got")
    splits = each(
        [None, 5, "offline", (1, 2, 3), DIGITS], "splits must be a `Splits`, as `load_mnist` gives it; got"
    )
    yield Case("compile_model", "model", lambda bad: recipe.compile_model(bad, 5), models)
    yield Case(
        "compile_model", "total_steps", lambda bad: recipe.compile_model(empty, bad), whole("total_steps", 1))
    yield Case("protocol_accuracy", "model", lambda bad: recipe.protocol_accuracy(bad, SPLITS), models)
    yield Case("protocol_accuracy", "splits", lambda bad: recipe.protocol_accuracy(model, bad), splits)
    yield Case("protocol_accuracy", "seen", lambda bad: recipe.protocol_accuracy(model, SPLITS, bad),
        each([None, 5, "12", [1.0], [1, 1], [-1]], "seen must be"))
    yield Case("protocol_accuracy", "draws", lambda bad: recipe.protocol_accuracy(model, SPLITS, draws=bad),
        whole("draws", 1))
    yield Case("reference_model", "splits", recipe.reference_model, splits)
    yield Case("reference_model", "seed", lambda bad: recipe.reference_model(SPLITS, bad), whole("seed"))
    yield Case("reference_model", "epochs", lambda bad: recipe.reference_model(SPLITS, epochs=bad),
        whole("epochs", 1))
    yield Case("model_card", "model", lambda bad: recipe.model_card(bad, SPLITS),
        [*models, (empty, "model holds no calibration", NotReadyError)])
    yield Case("model_card", "splits", lambda bad: recipe.model_card(model, bad), splits)
    yield Case("main", "folder", recipe.main, FOLDER)


def of_plots():
    p = plots
    grid, strips = p.image_grid, {"queries": X, "labels": Y, "neighbors": NEAR, "images": STRIPS}
    yield Case("image_grid", "images", grid, images("images", np.zeros((2, 0, 5)), np.zeros((2, 5, 5, 5))))
    yield Case("image_grid", "labels", lambda bad: p.image_grid(X, bad),
        [(5, "labels must be a list; got 5"), (Y[:3], "labels has 3 entries, but there are 12 images")])
    for title in ("image_grid", "confusion"):
        yield Case(title, "title", {"image_grid": lambda bad: p.image_grid(X, title=bad),
            "confusion": lambda bad: p.confusion(MATRIX, range(4), title=bad)}[title],
            each([None, 5, ["a"], FLAT], "title must be a `str`"))
    yield Case("image_grid", "columns", lambda bad: p.image_grid(X, columns=bad), whole("columns", 1))
    yield Case("neighbor_strips", "queries", some(p.neighbor_strips, "queries", **strips),
        images("queries", X[:5], STRIPS))
    yield Case("neighbor_strips", "images", some(p.neighbor_strips, "images", **strips),
        images("images", X, STRIPS[:5]))
    yield Case(
        "neighbor_strips", "labels", some(p.neighbor_strips, "labels", **strips), labels("labels", "queries"))
    yield Case("neighbor_strips", "neighbors", some(p.neighbor_strips, "neighbors", **strips), NEIGHBORS)
    yield Case("neighbor_strips", "rows", some(p.neighbor_strips, "rows", **strips), maybe_whole("rows", 1))

    yield Case("training_curve", "history", p.training_curve, [
        *each([None, 5, "loss", [1, 2]], "history must be what `fit` returns"), *each([{"loss": 5},
        {"loss": None}, {"loss": "abc"}, {"loss": ["a"]}, {"loss": [[1], [1, 2]]}, {"loss": [[1]]}],
        "history")])
    names = [(5, "names must be a list; got 5"), ([], "names is empty"), ([None], "names: None|metric: None")]
    yield Case("training_curve", "names", lambda bad: p.training_curve(HISTORY, bad),
        [*names, ("los", "names: 'los' is unknown. Did you mean 'loss'")])
    yield Case("training_curve", "ax", lambda bad: p.training_curve(HISTORY, ax=bad), AX)

    yield Case("distance_histogram", "neighbors", lambda bad: p.distance_histogram(bad, Y), NEIGHBORS)
    nobody = Neighbors([[-1]], [[np.inf]], [[-1]])
    yield Case("distance_histogram", "nobody", lambda bad: p.distance_histogram(bad, [1] * len(bad)),
        each([nobody, NEAR[:0], NEAR.first(0)], "neighbors: no query found anybody"))
    yield Case("distance_histogram", "labels", lambda bad: p.distance_histogram(NEAR, bad),
        labels("labels", "queries"))
    yield Case("distance_histogram", "cutpoint", lambda bad: p.distance_histogram(NEAR, Y, bad), CUTPOINT[1:])
    yield Case(
        "distance_histogram", "bins", lambda bad: p.distance_histogram(NEAR, Y, bins=bad), whole("bins", 1))
    yield Case("distance_histogram", "ax", lambda bad: p.distance_histogram(NEAR, Y, ax=bad), AX)

    yield Case("metric_curves", "calibration", p.metric_curves, CALIBRATION)
    yield Case("metric_curves", "names", lambda bad: p.metric_curves(MADE, bad),
        [*names, ("recal", "metric: .* Did you mean 'recall'")])
    yield Case("metric_curves", "cutpoint", lambda bad: p.metric_curves(MADE, cutpoint=bad), NAMED_CUTPOINT)
    yield Case("metric_curves", "ax", lambda bad: p.metric_curves(MADE, ax=bad), AX)
    yield Case("precision_recall", "calibration", p.precision_recall, CALIBRATION)
    yield Case("precision_recall", "cutpoint", lambda bad: p.precision_recall(MADE, bad), NAMED_CUTPOINT)
    yield Case("precision_recall", "ax", lambda bad: p.precision_recall(MADE, ax=bad), AX)

    yield Case("confusion", "matrix", lambda bad: p.confusion(bad, range(4)), [
        (None, "matrix must be an array of numbers"), ([[1], [1, 2]], "matrix: rows of different"), *each(
        [5, "abc", MATRIX / 2, MATRIX[:, :4], MATRIX[0], MATRIX.astype(str)], "matrix must be whole numbers"
        )])
    yield Case("confusion", "classes", lambda bad: p.confusion(MATRIX, bad),
        [(5, "classes must be a list"), ([1], "matrix must be")])
    yield Case("confusion", "classes", lambda bad: p.confusion(np.empty((0, 1), int), bad),
        [([], "classes is empty")])
    yield Case("confusion", "ax", lambda bad: p.confusion(MATRIX, range(4), bad), AX)
    shares = {"right": 1.0, "unknown": 0.0}
    yield Case("group_bars", "report", p.group_bars, each(
        [None, 5, "abc", [1], {}, {"overall": 1}, {"all": shares}, shares, {"all": {**shares, "wrong": "a"}},
         {"all": {**shares, "wrong": None}}], "report must be what `evaluate_classification` gives"))
    yield Case("group_bars", "ax", lambda bad: p.group_bars(REPORT, bad), AX)

    nan = np.where(np.arange(5) == 2, np.nan, FLAT)
    yield Case("projector", "embeddings", lambda bad: p.projector(bad, Y), [*each(
        [None, "abc", 5, FLAT[0], X, FLAT.astype(str), FLAT + 1j, np.empty((12, 0))], "embeddings must"),
        ([[1], [1, 2]], "embeddings: rows of different"), (nan, "embeddings: 12 of 12 vectors hold NaN"),
        *each([FLAT[:2], FLAT[:, :1], np.ones((12, 5))], "embeddings must be 3 vectors or more")])
    yield Case("projector", "labels", lambda bad: p.projector(FLAT, bad), labels("labels", "embeddings"))
    yield Case("projector", "method", lambda bad: p.projector(FLAT, Y, bad),
        [("tsn", "method: .* Did you mean 'tsne'"), *each(NAME, "method: .* is unknown")])
    yield Case("projector", "marked", lambda bad: p.projector(FLAT, Y, marked=bad),
        [*each([[12], [-1], [0.5], np.ones(3, bool), "a", 3], "marked must be row numbers from 0 to 11")])
    for method in ("tsne", "pca"):
        yield Case("projector", f"seed-{method}", lambda bad, m=method: p.projector(FLAT, Y, m, seed=bad),
            whole("seed"))
    yield Case("projector", "ax", lambda bad: p.projector(FLAT, Y, "pca", ax=bad), AX)

    strip = {"images": X, "labels": Y, "neighbors": NEAR, "cutpoint": 0.3}
    yield Case("decision_strip", "images", some(p.decision_strip, "images", **strip), images("images", X[:3]))
    yield Case(
        "decision_strip", "labels", some(p.decision_strip, "labels", **strip), labels("labels", "queries"))
    yield Case("decision_strip", "neighbors", some(p.decision_strip, "neighbors", **strip), NEIGHBORS)
    yield Case("decision_strip", "cutpoint", some(p.decision_strip, "cutpoint", **strip), CUTPOINT)
    yield Case("decision_strip", "matcher", some(p.decision_strip, "matcher", **strip),
        [("majorty", "matcher: .* Did you mean 'majority'"), *each(NAME, "matcher: .* is unknown")])
    yield Case("decision_strip", "each", some(p.decision_strip, "each", **strip), whole("each", 1))

    t = plots_trust
    yield Case("bootstrap_cutpoints", "made", t.bootstrap_cutpoints,
        each([None, 5, MADE, [0.1]], "made must be a `Bootstrap`"))
    yield Case(
        "bootstrap_cutpoints", "bins", lambda bad: t.bootstrap_cutpoints(SPREAD, bins=bad), whole("bins", 1))
    yield Case("bootstrap_cutpoints", "ax", lambda bad: t.bootstrap_cutpoints(SPREAD, bad), AX)
    yield Case("open_set_tradeoff", "sets", t.open_set_tradeoff, each(
        [None, 5, "seen", list(SETS), {}, {"seen": 5}, {"seen": MADE}],
        "sets must be a dict, name -> `OpenSet`"))
    yield Case("open_set_tradeoff", "cutpoints", lambda bad: t.open_set_tradeoff(SETS, bad), [
        *each([5, "optimal", [0.3], [], FLAT], "cutpoints must be a dict"),
        *each([{"a": v} for v in NUMBER], "cutpoint must be a number")])
    yield Case("open_set_tradeoff", "ax", lambda bad: t.open_set_tradeoff(SETS, ax=bad), AX)


def of_explorer():
    given = {"neighbors": NEAR, "labels": Y}
    nobody = {"neighbors": Neighbors(*3 * [np.empty((0, 1), int)]), "labels": []}
    lost = {
        "neighbors": Neighbors([[-1]], [[np.inf]], [[-1]]),
        "labels": [1],
        "calibration": calibrate(NEAR.first(1), Y),
    }
    for name, function in (("Explorer", Explorer), ("explore_threshold", explore_threshold)):
        yield Case(name, "neighbors", some(function, "neighbors", **given), NEIGHBORS)
        yield Case(name, "neighbors", lambda bad, f=function: f(**bad), [(nobody, "neighbors is empty"),
            (lost, "neighbors: no query found anybody"),
            ({"neighbors": NEAR.first(0), "labels": Y}, "neighbors: k is 0")])
        yield Case(name, "labels", some(function, "labels", **given), [(None, "labels: none were given"),
            *labels("labels", "queries")[1:], (Y + 50, "no query's match")])
        bad = [case for case in images("IMAGES", X[:3], STRIPS[:3]) if case[0] is not None]
        nan = np.where(np.arange(6) == 2, [[np.nan]], X)
        for argument in ("images", "neighbor_images"):
            yield Case(name, argument,
                some(function, argument, **given, **({} if argument == "images" else {"images": X})), [
                *[(value, message.replace("IMAGES", argument)) for value, message in bad],
                *each([nan, nan + np.inf], f"{argument}: .* hold NaN or infinity")])
        yield Case(name, "sizes", lambda bad, f=function: f(NEAR, Y, **bad), each(
            [{"neighbor_images": X}, {"images": X, "neighbor_images": X[:, :5]},
             {"images": X, "neighbor_images": np.stack([X] * 3, axis=-1)}],
            "neighbor_images (stand|must have the size)"))
        yield Case(name, "groups", some(function, "groups", **given), [
            *each([5, "seen", [1, 2], [], FLAT], "groups must be a dict"),
            *each([{5: [0]}, {None: [0]}], "groups: .*text"),
            *each([{"a": v} for v in (5, None, "01", [0.5], [1, 1], [-1], [[0, 1]])], "groups"),
            *each([{"a": [7]}, {"a": []}], "groups: 'a': none of the queries"),
            ({"all": [1]}, "groups: 'all': the name is taken")])
        yield Case(name, "calibration", some(function, "calibration", **given), [*CALIBRATION[1:], (
            calibrate(Neighbors(*3 * [np.zeros((2, 5), int)]), [0, 0], matcher="majority"),
            "calibration is for k = 5")])
        yield Case(name, "guess", some(function, "guess", **given),
            [*each(["high", np.nan, [0.5], 1j, True, np.array([0.1, 0.2])], "guess must be a number")])
        yield Case(name, "noun", some(function, "noun", **given),
            each([None, 5, ["digits"]], "noun must be a word; got"))
    made = Explorer(NEAR, Y)
    group = [
        ("al", "group: 'al' is unknown. Did you mean 'all'"),
        *each([None, 5, ["all"]], "group: .* is unknown"),
    ]
    yield Case("Explorer.view", "threshold", made.view, each(NUMBER, "threshold must be a number"))
    yield Case("Explorer.view", "group", lambda bad: made.view(0.3, bad), group)
    yield Case("Explorer.best", "group", lambda bad: made.best(group=bad), group)
    yield Case("Explorer.best", "goal", made.best, [*each(
        ["max f2", None, 5, "precision > 0.9", "", "min costs", ["f1"], X], "(goal|targets): .* is no goal")
        ])
    for argument in ("wrong", "missed"):
        yield Case("Explorer.best", argument, some(made.best, argument, goal="min cost"),
            each(AMOUNT, f"{argument} must be"))
    yield Case("Explorer.score", "guess", made.score, each(NUMBER, "guess must be a number"))
    yield Case("tables_in", "picture", panel.tables_in,
        each([None, 5, "abc", X, [1]], "picture must be the bytes of a PNG"))


def of_datasets():
    yield Case("load_mnist", "source", load_mnist, [("a\0b.npz", "source " + NO_PATH),
        (HOUSE / "nothing.npz", "source: there is no file"), (HOUSE, "source: .* is no MNIST")])


# fmt: on


def cases(shelf):
    counts = {}
    for table in (
        of_losses(),
        of_layers_and_metrics(),
        of_samplers(),
        of_shards_and_streams(shelf),
        of_augment(),
        of_recipe(),
        of_plots(),
        of_explorer(),
        of_datasets(),
    ):
        for case in table:
            for bad, message, *error in case.bads:
                name = f"{case.function}-{case.argument}"
                counts[name] = counts.get(name, -1) + 1
                yield pytest.param(
                    case.call, bad, message, *error or [ValueError], id=f"{name}-{counts[name]}"
                )


SHELVES = tempfile.TemporaryDirectory()
atexit.register(SHELVES.cleanup)
CASES = list(cases(Path(SHELVES.name)))


@pytest.fixture
def figures():
    plt.close("all")  # those of other tests
    yield plt.get_fignums
    plt.close("all")


@pytest.mark.parametrize("call, bad, message, error", CASES)
def test_bad_input_ends_in_a_sentence_of_simlib_s_own(call, bad, message, error, figures):
    assert_sentence(message, error, call, bad)
    assert figures() == []  # nor is an empty picture shown


def test_the_number_of_bad_inputs(measured):
    measured(f"bad inputs to the Keras, reader and picture floors: {len(CASES)} tried")


MODULES = """
    augment datasets explorer layers losses panel plots plots_trust recipe sampling shards streams
    training_metrics
"""
OF_KERAS = ("by_anchor", "get_config", "from_config")
NOT_CALLED_WITH_INPUT = {
    *("panel_class", "Explorer.tables", "Face.figure"),  # take nothing
    # Take what simlib's own code made: tensors that `check_batch` let through, an explorer's matches.
    *("pair_masks", "pairwise", "masked_max", "masked_min", "masked_logsumexp"),
    *("Face", "still", "png", "as_ink", "sheet", "View", "Split", "Splits"),
    # Keras calls these, after the call that is tried here.
    *("MetricLoss.call", "MetricEmbedding.build", "MetricEmbedding.call", "PairDistance.result"),
    *("MetricEmbedding.compute_output_shape", "ClassBalancedSampler.on_epoch_begin"),
    *("ClassBalancedSampler.on_epoch_end", "select_examples"),  # the last: in test_checks.py
}


def test_no_public_function_is_left_out():
    tried = {case.id.split("-")[0] for case in CASES}
    assert set(public_callables(MODULES, OF_KERAS)) - NOT_CALLED_WITH_INPUT <= tried
