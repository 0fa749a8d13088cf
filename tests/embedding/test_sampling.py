"""ClassBalancedSampler: what every batch holds, and that it is the same batch whoever draws it."""

import pickle
from concurrent.futures import ThreadPoolExecutor

import hypothesis
import hypothesis.strategies as st
import keras
import numpy as np
import pytest

from simlib import ClassBalancedSampler, JoinedSampler, SimilarityModel, TripletLoss


@st.composite
def problems(draw):
    """Labels in any order with gaps in their ids, and a P x K that they allow."""
    per_class = draw(st.integers(2, 4))
    sizes = draw(st.lists(st.integers(per_class, 9), min_size=1, max_size=6))
    ids = draw(st.lists(st.integers(-5, 50), min_size=len(sizes), max_size=len(sizes), unique=True))
    y = np.repeat(ids, sizes)[np.random.default_rng(draw(st.integers(0, 9))).permutation(sum(sizes))]
    listed = draw(st.lists(st.sampled_from(ids), min_size=1, unique=True))
    return {
        "y": y,
        "classes_per_batch": draw(st.integers(1, len(listed))),
        "examples_per_class": per_class,
        "class_list": listed,
        "steps_per_epoch": draw(st.integers(1, 5)),
        "seed": draw(st.integers(0, 2**40)),
    }


def noise(images, rng):
    return images + rng.random(images.shape)


def sampler_of(problem, **changes):
    y = problem["y"]
    return ClassBalancedSampler(np.arange(len(y)), **{**problem, **changes})


@hypothesis.settings(deadline=None, max_examples=60)
@hypothesis.given(problem=problems(), epoch=st.integers(0, 1000))
def test_a_batch_is_p_distinct_classes_with_k_distinct_examples_each(problem, epoch):
    sampler = sampler_of(problem)
    p, k = problem["classes_per_batch"], problem["examples_per_class"]
    for step in range(len(sampler)):
        rows, y = sampler.batch(epoch, step)
        np.testing.assert_array_equal(y, problem["y"][rows])  # x and y stay together
        classes, counts = np.unique(y, return_counts=True)
        assert len(classes) == p and set(counts) == {k}
        assert set(classes) <= set(problem["class_list"])
        assert len(set(rows)) == p * k == sampler.batch_size
        assert y.dtype == np.int64


@hypothesis.settings(deadline=None, max_examples=30)
@hypothesis.given(problem=problems(), data=st.data())
def test_a_batch_depends_on_seed_epoch_and_step_alone(problem, data):
    there = sampler_of(problem)
    back = pickle.loads(pickle.dumps(sampler_of(problem)))
    steps = [(e, s) for e in range(4) for s in range(len(there))]
    in_order = {at: there.batch(*at) for at in steps}
    for at in data.draw(st.permutations(steps)):
        for mine, other in zip(in_order[at], back.batch(*at)):
            np.testing.assert_array_equal(mine, other)


@hypothesis.settings(deadline=None, max_examples=30)
@hypothesis.given(problem=problems())
def test_every_example_of_the_listed_classes_comes_in_time(problem):
    sampler = sampler_of(problem)
    wanted = set(np.flatnonzero(np.isin(problem["y"], problem["class_list"])))
    drawn = set()
    for epoch in range(600):
        for step in range(len(sampler)):
            drawn |= set(sampler.batch(epoch, step)[0].tolist())
        if drawn == wanted:
            break
    assert drawn == wanted


def test_where_hands_come_out_even_all_come_in_turn():
    y = np.repeat([0, 1, 2, 3], 6)
    sampler = ClassBalancedSampler(np.arange(24), y, 2, 3, steps_per_epoch=4, seed=5)
    for epoch in range(3):  # 4 steps of 2 x 3 are one pass over 24 examples
        rows = np.concatenate([sampler.batch(epoch, step)[0] for step in range(4)])
        assert sorted(rows) == list(range(24))
    assert ClassBalancedSampler(np.arange(24), y, 2, 3).steps_per_epoch == 4


def test_a_seed_means_the_same_batches_in_every_release_and_on_every_machine():
    """Written down from a run: whoever changes these numbers changes everybody's results."""
    y = np.repeat([4, 1, 7, 2], 6)

    def mark(x, rng):
        return x + 100 * rng.integers(0, 9, len(x))

    sampler = ClassBalancedSampler(np.arange(24), y, 2, 3, augment=mark)
    assert len(sampler) == 4
    assert sampler.batch(0, 0)[0].tolist() == [407, 810, 811, 503, 200, 704]
    assert sampler.batch(0, 1)[0].tolist() == [422, 419, 120, 517, 412, 814]
    assert sampler.batch(5, 2)[0].tolist() == [6, 708, 10, 518, 120, 323]


def test_threads_get_the_batches_that_a_single_one_gets():
    y = np.repeat(np.arange(5), 8)
    x = np.random.default_rng(0).integers(0, 255, (40, 6, 6))
    sampler = ClassBalancedSampler(x, y, 3, 3, steps_per_epoch=40, augment=noise)
    alone = [sampler[i][0] for i in range(40)]
    with ThreadPoolExecutor(4) as pool:
        np.testing.assert_array_equal(alone, list(pool.map(lambda i: sampler[i][0], range(40))))


# --- JoinedSampler ----------------------------------------------------------------------------------


def joined(several, **settings):
    """The samplers of some problems, their rows and classes set apart by thousands, and their join."""
    apart = [{**p, "y": p["y"] + 1000 * i, "class_list": [c + 1000 * i for c in p["class_list"]]}
             for i, p in enumerate(several)]  # fmt: skip
    samplers = [ClassBalancedSampler(1000 * i + np.arange(len(p["y"])), **p) for i, p in enumerate(apart)]
    return samplers, JoinedSampler(samplers, **settings)


@hypothesis.settings(deadline=None, max_examples=40)
@hypothesis.given(st.lists(problems(), min_size=2, max_size=3), st.integers(1, 7), st.integers(0, 99))
def test_a_joined_batch_is_the_next_batch_of_each_source(several, steps, number):
    samplers, join = joined(several, steps_per_epoch=steps)
    assert len(join) == steps and len(JoinedSampler(samplers)) == len(samplers[0])
    x, y = pickle.loads(pickle.dumps(join)).batch(*divmod(number, steps))
    assert len(x) == len(y) == join.batch_size and y.dtype == np.int64
    for i, source in enumerate(samplers):
        mine = np.abs(y - 1000 * i) < 500
        wanted = source.batch(*divmod(number, len(source)))
        np.testing.assert_array_equal(x[mine], wanted[0])
        np.testing.assert_array_equal(y[mine], wanted[1])


@pytest.mark.parametrize(
    "samplers, message",
    [
        (lambda a, b: [a], "samplers must be two or more; got 1"),
        (lambda a, b: a.batch, "samplers must be a list"),
        (lambda a, b: [a, (X, Y)], "samplers must be a `Sampler`; got tuple"),
        (lambda a, b: [a, a], "samplers: more than one draws class 3"),
        (lambda a, b: [a, b], r"samplers: their examples differ in shape: \[\(\), \(1,\)\]"),
    ],
)
def test_samplers_that_cannot_be_joined_are_named(samplers, message):
    a, b = ClassBalancedSampler(X, Y, 2, 2), ClassBalancedSampler(ROWS, Y + 50, 2, 2)
    with pytest.raises(ValueError, match=message):
        JoinedSampler(samplers(a, b))


# --- under Keras's fit -----------------------------------------------------------------------------


class Fingerprint(keras.metrics.Metric):
    """Tells batches apart by the sum of what the network saw of them."""

    def __init__(self):
        super().__init__(name="fingerprint")
        self.last = self.add_variable((), "zeros", name="last")

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.last.assign(keras.ops.sum(y_pred))

    def result(self):
        return self.last + 0


def fitted(sampler, fits=((2, 0),), shuffle=False):
    """What `fit` saw, with a network that hands its input through and learns nothing."""
    inputs = keras.Input((1,))
    same = keras.layers.Dense(1, use_bias=False, kernel_initializer="ones")(inputs)
    model = SimilarityModel(inputs, same)
    model.compile(keras.optimizers.SGD(0.0), TripletLoss(distance="euclidean"), metrics=[Fingerprint()])
    seen = []
    recorder = keras.callbacks.LambdaCallback(
        on_epoch_begin=lambda epoch, logs: seen.append([]),
        on_train_batch_end=lambda batch, logs: seen[-1].append(float(logs["fingerprint"])),
    )
    for epochs, initial in fits:
        settings = {"verbose": 0, "shuffle": shuffle, "callbacks": [recorder]}
        model.fit(sampler, epochs=epochs, initial_epoch=initial, **settings)
    return seen


# On backends other than TensorFlow, Keras uses up an epoch number in a trial run before the first `fit`.
AHEAD = 0 if keras.backend.backend() == "tensorflow" else 1
ROWS = (2.0 ** np.arange(12))[:, None]  # the sum of a batch says which rows are in it


def rows_sampler(**settings):
    return ClassBalancedSampler(ROWS, np.repeat([0, 1, 2], 4), 2, 2, steps_per_epoch=3, **settings)


def joined_rows_sampler(**settings):
    parts = [ClassBalancedSampler(ROWS[:8], np.repeat([0, 1], 4), 1, 2, seed=5),
             ClassBalancedSampler(ROWS[8:], np.repeat([2, 3], 2), 2, 2)]  # fmt: skip
    return JoinedSampler(parts, 3, **settings)


def expected(*epochs, of=rows_sampler):
    return [[float(of().batch(e, s)[0].sum()) for s in range(3)] for e in epochs]


@pytest.mark.parametrize("of", [rows_sampler, joined_rows_sampler])
@pytest.mark.parametrize("workers", [0, 1, 2])
def test_fit_trains_on_the_batches_of_epoch_after_epoch_whatever_the_workers(workers, of):
    if workers == 2 and AHEAD:
        pytest.skip("here Keras hands batches that it drew in a trial run over to the first epoch")
    seen = fitted(of(workers=workers))
    assert seen == expected(AHEAD, AHEAD + 1, of=of)
    assert seen[0] != seen[1]


def test_a_second_fit_goes_on_where_the_first_ended():
    sampler = rows_sampler()
    seen = fitted(sampler, fits=[(2, 0), (4, 2)])  # initial_epoch is Keras's count, not the sampler's
    assert seen == expected(AHEAD, AHEAD + 1, AHEAD + 2, AHEAD + 3)
    assert sampler.epoch == 4 + AHEAD


def test_fit_may_take_the_batches_of_an_epoch_in_another_order():
    seen = fitted(rows_sampler(), shuffle=True)
    assert [sorted(epoch) for epoch in seen] == [sorted(e) for e in expected(AHEAD, AHEAD + 1)]


# --- bad input -------------------------------------------------------------------------------------

Y = np.repeat([3, 5, 8], 4)
X = np.arange(12)


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"y": np.eye(12, dtype=int)}, "y must be integer class ids.*one-hot.*argmax"),
        ({"y": Y.astype(float)}, "y must be integer class ids; got dtype float64"),
        ({"y": Y[:5]}, "y has 5 entries, but there are 12 examples in x"),
        ({"x": 5}, "x must be an array, one row for each example"),
        ({"x": X[:0], "y": Y[:0]}, "x is empty"),
        ({"class_list": []}, "class_list is empty"),
        ({"class_list": [3, 4]}, "class_list names class 4, of which `y` has no example"),
        ({"class_list": 3}, "class_list must be a list; got 3"),
        ({"class_list": [3.0]}, "class_list must be integer class ids"),
        ({"examples_per_class": 5}, "class 3 has 4 examples, fewer than examples_per_class = 5; lower it"),
        ({"examples_per_class": 1}, "examples_per_class must be a whole number of at least 2; got 1"),
        ({"classes_per_batch": 4}, "classes_per_batch is 4, but there are only 3 classes"),
        ({"classes_per_batch": 3, "class_list": [3, 5]}, "classes_per_batch is 3, but there are only 2"),
        ({"classes_per_batch": 0}, "classes_per_batch must be a whole number of at least 1; got 0"),
        ({"steps_per_epoch": 0}, "steps_per_epoch must be a whole number of at least 1"),
        ({"seed": -1}, "seed must be a whole number of at least 0; got -1"),
        ({"augment": "flip"}, "augment must be a function"),
    ],
)
def test_bad_input_is_named(settings, message):
    with pytest.raises(ValueError, match=message):
        ClassBalancedSampler(**{"x": X, "y": Y, "examples_per_class": 2, **settings})


@pytest.mark.parametrize("step", [-1, 3])
def test_a_step_that_is_not_there_is_an_index_error(step):
    with pytest.raises(IndexError, match=r"is not in 0\.\.2"):
        rows_sampler()[step]
