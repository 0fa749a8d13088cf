"""Every sampler keeps the same promises, wherever its examples come from."""

import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from simlib import SingleShotSampler
from simlib.checks import ArtifactError
from simlib.embedding.sampling import ClassBalancedSampler
from simlib.scale.shards import Shards, ShardSampler, write_shards
from simlib.scale.sources import as_dataset, sampler_from_catalogue, sampler_from_dataset

CLASSES, EACH = 9, 14
rng = np.random.default_rng(0)
Y = rng.permutation(np.repeat(np.arange(CLASSES), EACH))
X = np.stack([np.arange(len(Y)) // 256, np.arange(len(Y)) % 256, Y], axis=1).astype(np.uint8)[:, None]
LISTED = [8, 1, 4, 2, 6]


def keep(x, rng):
    return x


def dataset():
    return tf.data.Dataset.from_tensor_slices((X, Y))


SOURCES = {
    "memory": lambda folder, **k: ClassBalancedSampler(X, Y, 3, 4, **k),
    "shards": lambda folder, **k: ShardSampler(write_shards(folder, zip(X, Y)), 3, 4, **k),
    "shards of 4": lambda folder, **k: ShardSampler(write_shards(folder, zip(X, Y), 4), 3, 4, **k),
    "dataset": lambda folder, **k: sampler_from_dataset(dataset(), 3, 4, **k),
    "dataset in shards": lambda folder, **k: sampler_from_dataset(dataset(), 3, 4, folder=folder, **k),
    "any iterable": lambda folder, **k: sampler_from_dataset(zip(X, Y), 3, 4, **k),
}


@pytest.fixture(params=SOURCES)
def source(request, tmp_path):
    return lambda **kwargs: SOURCES[request.param](tmp_path / str(kwargs["seed"]), **kwargs)


def test_the_batches_are_those_from_memory(source):
    for settings in ({"seed": 5}, {"seed": 6, "class_list": LISTED}):
        sampler, memory = source(**settings), ClassBalancedSampler(X, Y, 3, 4, **settings)
        for step in (0, 4, 2):
            for ours, theirs in zip(sampler.batch(1, step), memory.batch(1, step)):
                np.testing.assert_array_equal(ours, theirs)


def test_travels_to_another_process(source):
    sampler = source(seed=2)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(sampler))[3][0], sampler[3][0])


# shards


@pytest.mark.parametrize("per_shard, files", [(1, 9), (4, 3), (9, 1), (100, 1)])
def test_shards_are_ordinary_tfrecords_with_so_many_classes_each(tmp_path, per_shard, files):
    write_shards(tmp_path / "shards", zip(X, Y), per_shard)
    paths = sorted((tmp_path / "shards").glob("*.tfrecord"))
    assert len(paths) == files
    spec = {"image": tf.io.FixedLenFeature([], tf.string), "label": tf.io.FixedLenFeature([], tf.int64)}
    read = []
    for path in paths:
        classes = set()
        for record in tf.data.TFRecordDataset(str(path)):  # TensorFlow verifies its own checksums
            parsed = tf.io.parse_single_example(record, spec)
            read.append(np.frombuffer(parsed["image"].numpy(), np.uint8).tolist())
            classes.add(int(parsed["label"]))
        assert len(classes) <= per_shard
    assert sorted(read) == sorted(X[:, 0].tolist())


@pytest.mark.parametrize("x", [X, X / 3, X[:, 0, 0].astype(np.int64), np.zeros((126, 2), bool)])
def test_any_shape_and_dtype_comes_back(tmp_path, x):
    shards = Shards(write_shards(tmp_path / "shards", zip(x, Y), 2))
    assert len(shards) == len(Y)
    rows = np.array([125, 0, 3, 3])
    np.testing.assert_array_equal(shards[rows], x[rows])
    assert shards[rows].dtype == x.dtype
    np.testing.assert_array_equal(shards.labels, Y)


def test_a_second_writing_does_not_mix_with_the_first(tmp_path):
    write_shards(tmp_path / "shards", zip(X, Y))
    with pytest.raises(FileExistsError, match="holds shards already"):
        write_shards(tmp_path / "shards", zip(X, Y))


@pytest.mark.parametrize(
    "examples, message",
    [
        ([], "examples: there are none"),
        ([(X[0], 1), (X[0, 0], 1)], "examples: number 1 is uint8 of .* one shape and dtype"),
        ([(X[0], 1), (X[0] / 2, 1)], "examples: number 1 is float64"),
        ([(X[0], 1.5)], "examples: y must be integer class ids"),
        ([(X[0], [0, 1])], "examples must give single examples"),
    ],
)
def test_what_cannot_be_written_is_named_and_leaves_no_catalogue(tmp_path, examples, message):
    with pytest.raises(ValueError, match=message):
        write_shards(tmp_path / "shards", examples)
    with pytest.raises(ArtifactError, match=r"holds no shards\.npz; `write_shards` makes one"):
        ShardSampler(tmp_path / "shards", 2, 2)


def test_shards_that_lie_there_are_not_written_again(tmp_path):
    first = sampler_from_dataset(dataset(), 3, 4, folder=tmp_path / "shards")
    again = sampler_from_dataset(iter(()), 3, 4, folder=tmp_path / "shards")
    np.testing.assert_array_equal(first[0][0], again[0][0])


# streams


@pytest.mark.parametrize(
    "wrong, message",
    [
        (lambda: dataset().repeat(), "never ends"),
        (lambda: dataset().batch(4), r"single examples; its labels have the shape \(4,\)"),
        (lambda: dataset().map(lambda x, y: x), "pairs"),
        (lambda: dataset().map(lambda x, y: {"x": x, "y": y}), "pairs .x, y.; got dict"),
        (lambda: dataset().take(0), "dataset gives no example"),
        (lambda: dataset().map(lambda x, y: (x, tf.cast(y, tf.float32))), "class"),
    ],
)
@pytest.mark.parametrize("in_shards", [False, True])
def test_what_is_no_stream_of_examples_is_named(wrong, message, in_shards, tmp_path):
    folder = tmp_path / "shards" if in_shards else None
    with pytest.raises(ValueError, match=message):
        sampler_from_dataset(wrong(), 3, 4, folder=folder)


def test_the_catalogue_without_a_network(tmp_path):
    tfds = pytest.importorskip("tensorflow_datasets")
    with tfds.testing.mock_data(num_examples=200):
        sampler = sampler_from_catalogue("mnist", 4, 3, class_list=[1, 2, 5, 7], data_dir=tmp_path / "data")
        x, y = sampler[0]
        in_shards = sampler_from_catalogue("mnist", 4, 3, class_list=[1, 2, 5, 7], folder=tmp_path / "shards",
                                           data_dir=tmp_path / "data")  # fmt: skip
    assert x.shape == (12, 28, 28, 1) and y.tolist() == [1, 1, 1, 2, 2, 2, 5, 5, 5, 7, 7, 7]
    np.testing.assert_array_equal(in_shards[0][0], x)


def test_as_dataset_gives_whole_batches_in_order():
    sampler = ClassBalancedSampler(X, Y, 3, 4, steps_per_epoch=4, seed=1)
    joined = list(as_dataset(sampler, replicas=3).take(3).as_numpy_iterator())
    turns = iter([(0, 0), (0, 1), (0, 2), (0, 3), (1, 0), (1, 1), (1, 2), (1, 3), (2, 0)])
    for x, y in joined:
        assert x.shape == (36, 1, 3)
        for part in range(0, 36, 12):
            wanted_x, wanted_y = sampler.batch(*next(turns))
            np.testing.assert_array_equal(x[part : part + 12], wanted_x)
            np.testing.assert_array_equal(y[part : part + 12], wanted_y)


def test_two_devices_train_as_one_device_on_the_mean_loss_of_both_batches():
    """In a process of its own: devices are divided before TensorFlow's first operation."""
    command = [sys.executable, str(Path(__file__).with_name("mirrored.py"))]
    run = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stderr[-2000:]
    mirrored, one = (np.array(line.split(), float) for line in run.stdout.splitlines()[-2:])
    assert len(mirrored) == 4 and mirrored[-1] < 0.7 * mirrored[0]
    np.testing.assert_allclose(mirrored, one, rtol=0.02)


# single shot

IMAGES = rng.integers(1, 255, (12, 28, 28)).astype(np.uint8)


def test_single_shot_views_are_of_the_right_example():
    sampler = SingleShotSampler(
        IMAGES, classes_per_batch=5, views=2, augment=keep, class_list=[0, 3, 5, 7, 11]
    )
    x, y = sampler[0]
    assert y.tolist() == [0, 0, 3, 3, 5, 5, 7, 7, 11, 11]
    np.testing.assert_array_equal(x, IMAGES[y])
