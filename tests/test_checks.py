"""Bad input to every public function of the arrays floor: one clear sentence of simlib's own.

Each case: what is called, the error's class and what its message must say. `assert_sentence` also
proves that the error was raised by a line of simlib's, not inside NumPy or Python's own functions.
"""

import numpy as np
import pytest
from sentences import assert_sentence, public_callables

from simlib import (
    Calibration,
    Index,
    Neighbors,
    NotReadyError,
    bootstrap,
    calibrate,
    checks,
    guaranteed_cutpoint,
    load_mnist,
    match,
    metrics,
    open_set,
    select_examples,
)
from simlib.calibration import parse_goal
from simlib.matching import decide

X, Y = np.random.default_rng(0).normal(size=(6, 3)), np.array([0, 0, 1, 1, 2, 2])
NEAR = Neighbors([[0], [0], [1], [1], [2], [0]], [[0.1], [0.2], [0.3], [0.3], [0.4], [0.5]], [[0]] * 6)
NOBODY = Neighbors(np.empty((0, 1), int), np.empty((0, 1)), np.empty((0, 1), int))
NO_K = NEAR.first(0)
DOT = Neighbors([[1, 2]], [[-0.5, 0.5]], [[0, 1]])
MADE = calibrate(NEAR, [9, 0, 1, 1, 2, 2], targets={"out of reach": "precision >= 1"})  # the nearest is wrong


def index():
    return Index("cosine").add(X, Y, X)


def with_value(array, value):
    array = np.array(array, float)
    array[1, 0] = value
    return array


VECTORS = [  # (embeddings, what the message says), for every function that takes some
    (None, "embeddings must be an array of numbers"),
    ({"a": 1}, "embeddings must be an array of numbers"),
    ("abc", "embeddings must have the shape"),
    (3.0, "embeddings must have the shape"),
    ([["a", "b", "c"]], "embeddings must be numbers; got dtype <U1"),
    (X + 1j, "embeddings must be numbers; got dtype complex128"),
    ([[1, 2, 3], [1]], "embeddings: rows of different lengths"),
    (X[None], r"embeddings must have the shape \(n, d\)"),
    ([], r"embeddings must have the shape \(n, d\)"),
    (np.empty((6, 0)), r"embeddings must have the shape \(n, d\)"),
    (with_value(X, np.nan), "embeddings: 1 of 6 vectors hold NaN.*the first is row 1"),
    (with_value(X, -np.inf), "embeddings: 1 of 6 vectors hold NaN, infinity"),
    (with_value(X, 1e200), "embeddings: 1 of 6 .*numbers beyond float32"),
    (X * (np.arange(6) != 4)[:, None], "embeddings: row 4 is all zeros.*euclidean"),
    (X * 1e-35, "embeddings: row 0 is all zeros"),
    (X[:, :2], "embeddings have 2 dimensions, but the index holds vectors of 3"),
]
LABELS = [  # (labels for six rows, what the message says)
    (None, "labels must be an array of numbers"),
    (np.eye(3)[Y], r"labels must be .*which looks one-hot. Use labels.argmax\(axis=1\)"),
    (Y[:, None], r"labels must be integer class ids of shape \(n,\)"),
    (Y.astype(float), "labels must be integer class ids; got dtype float64"),
    (Y > 1, "labels must be integer class ids; got dtype bool"),
    (["a"] * 6, "labels must be integer class ids; got dtype <U1"),
    ([[1], [1, 2]], "labels: rows of different lengths"),
    (Y[:5], "labels has 5 entries, but there are 6 OTHERS."),
    ([], "labels has 0 entries, but there are 6 OTHERS."),
    (Y + 2**40, "labels: class ids must lie within"),
    (np.full(6, np.iinfo(np.int64).min), "labels: class ids must lie within"),
]
K = [(0, "k"), (-1, "k"), (1.5, "k"), ("3", "k"), (None, "k"), (True, "k"), (np.nan, "k")]


def cases():
    def case(name, call, message, error=ValueError):
        return pytest.param(call, message, error, id=name)

    for i, (bad, message) in enumerate(VECTORS):
        yield case(f"Index.add-embeddings-{i}", lambda b=bad: index().add(b, Y, X), message)
        yield case(f"Index.lookup-embeddings-{i}", lambda b=bad: index().lookup(b), message)
    for i, (bad, message) in enumerate(LABELS):
        wanted = message.replace("OTHERS", "embeddings")
        yield case(f"Index.add-labels-{i}", lambda b=bad: index().add(X, b, X), wanted)
        wanted = message.replace("OTHERS", "queries")
        yield case(f"calibrate-labels-{i}", lambda b=bad: calibrate(NEAR, b), wanted)
        yield case(f"retrieval-labels-{i}", lambda b=bad: metrics.retrieval(NEAR, b, {}), wanted)
        yield case(f"open_set-labels-{i}", lambda b=bad: open_set(NEAR, b, [1]), wanted)
        yield case(f"bootstrap-labels-{i}", lambda b=bad: bootstrap(NEAR, b), wanted)
        yield case(
            f"guaranteed_cutpoint-labels-{i}",
            lambda b=bad: guaranteed_cutpoint(NEAR, b, "fpr <= 0.1"),
            wanted,
        )
        if "entries" not in message:  # here labels give the length, so any will do
            yield case(f"classification-labels-{i}", lambda b=bad: metrics.classification(Y, b), message)
            yield case(
                f"confusion-labels-{i}", lambda b=bad: metrics.confusion_matrix(Y, b, [0, 1, 2]), message
            )
        wanted = message.replace("labels", "predicted").replace("OTHERS", "labels")
        yield case(f"classification-predicted-{i}", lambda b=bad: metrics.classification(b, Y), wanted)
        yield case(
            f"confusion-predicted-{i}", lambda b=bad: metrics.confusion_matrix(b, Y, [0, 1, 2]), wanted
        )
        wanted = message.replace("labels", "y").replace("OTHERS", "examples in x")
        yield case(f"select_examples-y-{i}", lambda b=bad: select_examples(X, b, n=1), wanted)
    for i, (bad, name) in enumerate(K):
        yield case(
            f"Index.lookup-k-{i}", lambda b=bad: index().lookup(X, b), f"{name} must be a whole number"
        )
        yield case(
            f"select_examples-n-{i}", lambda b=bad: select_examples(X, Y, n=b), "n must be a whole number"
        )
        yield case(f"retrieval-ks-{i}", lambda b=bad: metrics.retrieval(NEAR, Y, {}, ks=[b]), "ks")
        if bad != 0:
            yield case(
                f"Neighbors.first-{i}", lambda b=bad: NEAR.first(b), "k must be a whole number of at least 0"
            )
    for i, bad in enumerate([None, "0.5x", np.nan, [0.5], np.array([0.1, 0.2]), 1j, True]):
        yield case(
            f"match-cutpoint-{i}", lambda b=bad: match(NEAR, b), "cutpoint must be a number, and not NaN"
        )
        yield case(f"Curve.at-{i}", lambda b=bad: MADE.curve.at(b), "distance must be a number, and not NaN")
        if i not in (0, 1, 3, 4):  # those are taken for names
            yield case(f"Calibration.distance-{i}", lambda b=bad: MADE.distance(b), "cutpoint")
    for i, bad in enumerate([None, X, [NEAR], "NEAR"]):
        message = "neighbors must be a `Neighbors`"
        yield case(f"match-neighbors-{i}", lambda b=bad: match(b, 0.5), message)
        yield case(f"decide-neighbors-{i}", lambda b=bad: decide(b), message)
        yield case(f"calibrate-neighbors-{i}", lambda b=bad: calibrate(b, Y), message)
        yield case(f"retrieval-neighbors-{i}", lambda b=bad: metrics.retrieval(b, Y, {}), message)
        yield case(f"open_set-neighbors-{i}", lambda b=bad: open_set(b, Y, [1]), message)
        yield case(f"bootstrap-neighbors-{i}", lambda b=bad: bootstrap(b, Y), message)
        yield case(
            f"guaranteed_cutpoint-neighbors-{i}",
            lambda b=bad: guaranteed_cutpoint(b, Y, "fpr <= 0.1"),
            message,
        )

    # names
    yield case(
        "Index-distance",
        lambda: Index("euclidian"),
        "distance: 'euclidian' is unknown. Did you mean 'euclidean'",
    )
    yield case("Index-distance-type", lambda: Index(3), "distance: 3 is unknown")
    yield case("Index-search", lambda: Index(search="exat"), "search: .* Did you mean 'exact'")
    yield case("Index-store-path", lambda: Index(store={"name": "disk", "path": 5}), "path must be the name")
    yield case("Index-store", lambda: Index(store="memry"), "store: .* Did you mean 'memory'")
    yield case("match-matcher", lambda: match(NEAR, 1, "majorty"), "matcher: .* Did you mean 'majority'")
    yield case(
        "calibrate-metric", lambda: calibrate(NEAR, Y, "presision"), "metric: .* Did you mean 'precision'"
    )
    yield case(
        "calibrate-matcher",
        lambda: calibrate(NEAR, Y, matcher="neerest"),
        "matcher: .* Did you mean 'nearest'",
    )
    yield case("Curve.metric", lambda: MADE.curve.metric("recal"), "metric: .* Did you mean 'recall'")
    yield case("Counts.metric", lambda: MADE.curve.counts.metric("F1"), "metric: .* Did you mean 'f1'")
    yield case("Calibration-name", lambda: MADE["optimum"], "cutpoint: .* Did you mean 'optimal'")
    yield case("Calibration-none", lambda: MADE.distance(None), "cutpoint: None is unknown")
    yield case("Calibration-unmet", lambda: MADE.distance("out of reach"), "cutpoint .*was not met at any")
    yield case("load_mnist-name", lambda: load_mnist("ofline"), "source: .* Did you mean 'offline'")
    yield case("load_mnist-type", lambda: load_mnist(5), "source must be the name of a file; got 5")
    yield case("load_mnist-none", lambda: load_mnist(None), "source must be the name of a file")

    # lookup before add, payload, paths
    empty = Index()
    yield case("lookup-before-add", lambda: empty.lookup(X), "the index is empty", NotReadyError)
    yield case("payload-before-add", lambda: empty.payload([0]), "the index holds no payload", NotReadyError)
    for i, bad in enumerate([[6], [-1], [0.5], "a", None, [[0], [1, 2]], [True]]):
        yield case(f"Index.payload-{i}", lambda b=bad: index().payload(b), "ids")
    yield case("Index.add-negative", lambda: index().add(X, Y - 1, X), "labels must be 0 or more")
    for i, bad in enumerate([5, X[:2], "abc", [[1]] * 5 + [[1, 2]], [None] * 6]):
        yield case(f"Index.add-payload-{i}", lambda b=bad: index().add(X, Y, b), "payload")
    yield case("Index.save-path", lambda: index().save(None), "path must be the name of a file")
    yield case("Index.load-path", lambda: Index.load(3.5), "path must be the name of a file")

    # neighbours
    parts = {"labels": [[1, 2]], "distances": [[0.1, 0.2]], "ids": [[0, 1]]}
    for i, (change, message) in enumerate(
        [
            ({"labels": [1, 2]}, "must share one shape"),
            ({"ids": [[0]]}, "must share one shape"),
            ({"labels": 3, "distances": 3, "ids": 3}, "must share one shape"),
            ({"labels": [[1.5, 2]]}, "labels must be whole numbers; got dtype float64"),
            ({"labels": [["a", "b"]]}, "labels must be whole numbers"),
            ({"ids": [[0.0, 1.0]]}, "ids must be whole numbers"),
            ({"ids": [[0, 1], [1]]}, "ids: rows of different lengths"),
            ({"distances": [[0.1, np.nan]]}, "distances hold NaN"),
            ({"distances": [[0.2, 0.1]]}, "distances must ascend"),
            ({"distances": [[0.2, -np.inf]]}, "distances must ascend"),
            ({"distances": [["a", "b"]]}, "distances must be numbers"),
            ({"distances": None}, "distances must be an array of numbers"),
        ]
    ):
        yield case(f"Neighbors-{i}", lambda c=change: Neighbors(**{**parts, **c}), f"Neighbors: .*{message}")

    # matching, calibration and metrics
    yield case("match-no-k", lambda: match(NO_K, 1), "neighbors: k is 0")
    yield case(
        "match-weighted", lambda: match(DOT, 1, "weighted"), "matcher 'weighted' needs distances of 0 or more"
    )
    for i, bad in enumerate(["unknown", 1.5, None, [1, 2]]):
        yield case(
            f"match-label-{i}", lambda b=bad: match(NEAR, 1, no_match_label=b), "no_match_label must be"
        )
    yield case("calibrate-nobody", lambda: calibrate(NOBODY, []), "distances is empty")
    yield case("calibrate-none-right", lambda: calibrate(NEAR, Y + 5), "no query's match has the right label")
    yield case("calibrate-no-k", lambda: calibrate(NO_K, Y), "neighbors: k is 0")
    yield case("calibrate-fpr", lambda: calibrate(NEAR, NEAR.labels[:, 0], "fpr"), "metric 'fpr' is 0 of 0")
    for i, (goal, message) in enumerate(
        [
            ("precision > 0.9", "is no goal; write it like"),
            ("precision", "is no goal"),
            ("", "is no goal"),
            (0.99, "is no goal"),
            (None, "is no goal"),
            ("precision >= high", "is no goal"),
            ("precision >= 1-2", "is no goal"),
            ("precision >= 1.5", "a value from 0 to 1"),
            ("precision <= 0.5", "use '>='"),
            ("fpr >= 0.5", "'<=' for fpr alone"),
            ("presision >= 0.9", "Did you mean 'precision'"),
        ]
    ):
        yield case(f"parse_goal-{i}", lambda g=goal: parse_goal(g), f"targets: .*{message}")
        if goal is not None:
            yield case(f"calibrate-targets-{i}", lambda g=goal: calibrate(NEAR, Y, targets=[g]), "targets")
    yield case("calibrate-targets-type", lambda: calibrate(NEAR, Y, targets=5), "targets must be a list")
    for i, name in enumerate(["optimal", 3, None]):
        goals = {name: "f1 >= 0.1"}
        yield case(f"calibrate-names-{i}", lambda g=goals: calibrate(NEAR, Y, targets=g), "targets: .*name")
    for i, (distances, right, message) in enumerate(
        [
            ([], [], "distances is empty"),
            ([0.1], [True, False], "distances and right must share one shape"),
            ([[0.1]], [[True]], "distances and right must share one shape"),
            ([np.nan], [True], "distances: 1 of 1 are NaN"),
            ([np.inf], [True], "distances: all are infinite"),
            (["a"], [True], "distances must be numbers"),
            ([0.1], [0.5], "distances must be numbers and right True or False"),
            ([0.1], [1], "distances must be numbers and right True or False"),
            (None, [True], "distances must be an array"),
            ([0.1], None, "right must be an array"),
        ]
    ):
        yield case(f"curve-{i}", lambda d=distances, r=right: metrics.curve(d, r), message)
    yield case(
        "retrieval-k", lambda: metrics.retrieval(NEAR, Y, {}, ks=[1, 2]), "ks asks for k = 2, but each"
    )
    yield case(
        "retrieval-ragged", lambda: metrics.retrieval(NEAR, Y, {}, ks=[[1], [1, 2]]), "ks: rows of different"
    )
    yield case("retrieval-none", lambda: metrics.retrieval(NEAR, Y, {}, ks=None), "ks must be an array")
    yield case("retrieval-nobody", lambda: metrics.retrieval(NOBODY, [], {}), "labels is empty")
    for i, bad in enumerate([None, [5, 5], {0: -1}, {0: 2.5}, {0: "many"}]):
        yield case(f"retrieval-sizes-{i}", lambda b=bad: metrics.retrieval(NEAR, Y, b, ks=[1]), "class_sizes")
    for i, bad in enumerate([5, [1, 1], [-1, 0], ["a"], [0.5], [[0, 1]]]):
        yield case(f"confusion-classes-{i}", lambda b=bad: metrics.confusion_matrix(Y, Y, b), "classes")
        yield case(
            f"classification-groups-{i}", lambda b=bad: metrics.classification(Y, Y, {"seen": b}), "groups"
        )
        yield case(f"select_examples-classes-{i}", lambda b=bad: select_examples(X, Y, b, n=1), "classes")
    for i, bad in enumerate([5, [1], "seen"]):
        yield case(
            f"classification-groups-type-{i}",
            lambda b=bad: metrics.classification(Y, Y, b),
            "groups must be a dict",
        )
    yield case(
        "groups-overall",
        lambda: metrics.classification(Y, Y, {"overall": [1]}),
        "groups: the name 'overall' is taken",
    )
    yield case("confusion-lacks", lambda: metrics.confusion_matrix(Y, Y, [0, 1]), "classes lacks the label 2")
    yield case(
        "confusion-true-unknown",
        lambda: metrics.confusion_matrix(Y, Y - 1, [0, 1, 2]),
        "classes lacks the label -1",
    )

    # how far to trust it
    for i, bad in enumerate([0, 1, 95, -0.1, None, "high", np.nan, [0.9]]):
        message = "confidence must"
        yield case(f"bootstrap-confidence-{i}", lambda b=bad: bootstrap(NEAR, Y, confidence=b), message)
        yield case(
            f"guaranteed_cutpoint-confidence-{i}",
            lambda b=bad: guaranteed_cutpoint(NEAR, Y, "fpr <= 0.1", b),
            message,
        )
    for i, bad in enumerate([-1, 0.5, "a", None]):
        yield case(f"bootstrap-seed-{i}", lambda b=bad: bootstrap(NEAR, Y, seed=b), "seed must be a whole")
        yield case(f"bootstrap-n-{i}", lambda b=bad: bootstrap(NEAR, Y, resamples=b), "resamples must be a")
    yield case("bootstrap-none", lambda: bootstrap(NEAR, Y, resamples=0), "resamples must be .* at least 1")
    yield case("bootstrap-metric", lambda: bootstrap(NEAR, Y, "recal"), "metric: .* Did you mean 'recall'")
    yield case("bootstrap-cutpoint", lambda: bootstrap(NEAR, Y, cutpoint="f1"), "cutpoint: 'f1' is unknown")
    yield case("bootstrap-matcher", lambda: bootstrap(NEAR, Y, matcher="near"), "matcher: .* 'nearest'")
    yield case("bootstrap-none-right", lambda: bootstrap(NEAR, Y + 5), "no query's match has the right label")
    for i, (goal, message) in enumerate(
        [
            ("f1 >= 0.9", "goal: 'f1' is unknown"),
            ("precision", "targets: .*is no goal"),
            (None, "targets: .*is no goal"),
            ("precision >= 1", "goal: 'precision >= 1': no sample proves 0 or 1"),
            ("fpr <= 0", "goal: 'fpr <= 0': no sample proves 0 or 1"),
        ]
    ):
        yield case(f"guaranteed_cutpoint-goal-{i}", lambda g=goal: guaranteed_cutpoint(NEAR, Y, g), message)
    yield case(
        "guaranteed_cutpoint-matcher",
        lambda: guaranteed_cutpoint(NEAR, Y, "fpr <= 0.1", matcher="near"),
        "matcher: .* 'nearest'",
    )
    for i, bad in enumerate([None, 5, "ab", [0.5], [1, 1], [-1, 0], [[0, 1]]]):
        yield case(f"open_set-known-{i}", lambda b=bad: open_set(NEAR, Y, b), "known must be")
        if bad is not None:
            yield case(
                f"open_set-strangers-{i}", lambda b=bad: open_set(NEAR, Y, [1], b), "strangers must be"
            )
    yield case("open_set-both", lambda: open_set(NEAR, Y, [0, 1], [1]), "strangers: class 1 is in the index")
    yield case("open_set-nobody", lambda: open_set(NEAR, Y, [0, 1, 2]), "strangers: none of the queries")
    yield case("open_set-unknown", lambda: open_set(NEAR, Y, [9]), "known: none of the queries")
    yield case("open_set-matcher", lambda: open_set(NEAR, Y, [0], matcher="near"), "matcher: .* 'nearest'")
    for i, bad in enumerate([None, "optimal", np.nan, [0.5]]):
        yield case(f"OpenSet.at-{i}", lambda b=bad: open_set(NEAR, Y, [0]).at(b), "cutpoint must be a number")

    # the digits
    yield case(
        "select_examples-too-many", lambda: select_examples(X, Y, n=3), "class 0 has 2 examples, and n = 3"
    )
    yield case("select_examples-absent", lambda: select_examples(X, Y, [9], n=1), "class 9 has 0 examples")
    yield case("select_examples-none", lambda: select_examples(X, Y, [], n=1), "classes is empty")
    yield case("select_examples-empty", lambda: select_examples([], [], n=1), "classes is empty|x is empty")
    yield case("select_examples-x", lambda: select_examples(5, [1]), "x must be an array")
    yield case("select_examples-x-none", lambda: select_examples(None, [1]), "x must be an array")
    for i, bad in enumerate([-1, 0.5, "a", None]):
        yield case(
            f"select_examples-seed-{i}", lambda b=bad: select_examples(X, Y, n=1, seed=b), "seed must be"
        )


CASES = list(cases())


@pytest.mark.parametrize("call, message, error", CASES)
def test_bad_input_ends_in_a_sentence_of_simlib_s_own(call, message, error):
    assert_sentence(message, error, call)


def test_the_number_of_bad_inputs(measured):
    measured(f"bad inputs to the arrays floor: {len(CASES)} tried")


MODULES = """
    calibration datasets guarantee index matching metrics neighbors openset trust
"""
NOT_CALLED_WITH_INPUT = {
    # They take nothing, or what simlib's own code hands over.
    *("Index.class_sizes", "Index.reset", "Calibration.state", "Calibration.from_state"),
    *(
        "nearest",
        "majority",
        "weighted",
        "Split",
        "Splits",
        "Cutpoint",
        "Curve",
        "Counts",
        "Calibration",
        "expect",
        *("Bootstrap", "Guarantee", "Interval", "OpenSet", "checked_confidence", "sorted_matches"),
    ),
}


def test_no_public_function_is_left_out():
    tried = {case.id.split("-")[0] for case in CASES} | {"confusion_matrix"}
    assert set(public_callables(MODULES)) - NOT_CALLED_WITH_INPUT <= tried


# the checks themselves


@pytest.mark.parametrize("value", [0, 3, np.int8(3), np.uint64(3)])
def test_whole_numbers_pass(value):
    assert checks.whole_number("n", value) == int(value)
    assert type(checks.whole_number("n", value)) is int


@pytest.mark.parametrize(
    "given, fits",
    [((2, 5, 6), (2, 5, 6)), ((2, 5, 6, 1), (2, 5, 6)), ((2, 5, 6, 3), (2, 5, 6, 3)),
     ((2, 5, 6, 4), (2, 5, 6, 4)), ((2, 3, 1, 6), None),
     ((2, 5, 6, 2), None), ((2, 5, 3, 6), None), ((2, 5), None), ((2, 0, 6), None)],
)  # fmt: skip
def test_images_are_gray_or_have_3_or_4_colours_at_the_end(given, fits):
    pixels = np.arange(np.prod(given), dtype=np.uint8).reshape(given)
    for made, shape in ((pixels, None), (pixels, (2,)), (pixels[None], (1, 2))):
        if fits:
            one = checks.images("x", made, shape)
            np.testing.assert_array_equal(one.reshape(fits), pixels.reshape(fits))
            assert one.shape[-len(fits) :] == fits
        else:
            first = "n" if shape is None else ", ".join(map(str, shape))
            with pytest.raises(
                ValueError, match=rf"x must be images of the shape \({first}, height, width\)"
            ):
                checks.images("x", made, shape)
    for bad in (pixels.astype("datetime64[s]"), pixels.astype(str)):
        with pytest.raises(ValueError, match="x must be images"):
            checks.images("x", bad)


def test_positions_are_rows_or_a_mask():
    assert checks.positions("rows", [0, 4, 4], 5).tolist() == [0, 4, 4]
    assert checks.positions("rows", np.uint8([3]), 5).tolist() == [3]
    assert checks.positions("rows", [True, False, False, True], 4).tolist() == [0, 3]
    none = checks.positions("rows", [], 5)
    assert none.shape == (0,) and none.dtype == int
    for bad in ([-1], [5], [0.0], [[0]], [True, False], "ab", 3):
        with pytest.raises(ValueError, match="rows must be row numbers from 0 to 4, or a mask of 5; got"):
            checks.positions("rows", bad, 5)


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int32, np.uint64])
def test_labels_of_any_whole_type_become_int64(dtype):
    assert checks.labels("y", np.array([0, 7], dtype)).dtype == np.int64
    assert checks.labels("y", [checks.MAX_CLASS_ID, -checks.MAX_CLASS_ID]).tolist() == [2**24, -(2**24)]
    assert checks.labels("y", []).tolist() == []


def test_choose_returns_the_option_and_hints_only_at_what_is_close():
    options = {"cosine": 1, "euclidean": 2}
    assert checks.choose("distance", "euclidean", options) == 2
    with pytest.raises(ValueError) as caught:
        checks.choose("distance", "zzz", options)
    assert str(caught.value) == "distance: 'zzz' is unknown. Choose one of: cosine, euclidean."


@pytest.mark.parametrize(
    "value, wanted", [(0.1, np.float32(0.1)), (1e300, np.inf), (-1e300, -np.inf), (2, 2)]
)
def test_a_distance_is_rounded_as_the_index_rounds(value, wanted):
    assert checks.distance("d", value) == wanted


def test_a_ready_made_calibration_cannot_be_damaged_by_its_state():
    assert isinstance(Calibration.from_state(*MADE.state()), Calibration)
