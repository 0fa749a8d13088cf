"""Samplers for other sources: a `tf.data.Dataset`, the TensorFlow Datasets catalogue, single examples.

All are the one `ClassBalancedSampler`, so all keep its promises: exactly P classes, exactly K examples of
each, only listed classes, every example in its turn, and the same batches for the same seed. A stream has
no order to draw from, so it is read once: into memory, or into shards if it does not fit.
"""

import itertools

import numpy as np

from simlib import augment as augmentation
from simlib import checks
from simlib.sampling import ClassBalancedSampler
from simlib.shards import CATALOGUE, ShardSampler, write_shards


def sampler_from_dataset(dataset, *args, folder=None, class_list=None, **kwargs):
    """A sampler over a `tf.data.Dataset`, or any iterable of single examples (x, y).

    Args:
        dataset: gives pairs of one example, without a batch axis, and its class id. It must end: no `repeat`.
        folder: where to write shards, for what does not fit into memory. Shards that lie there already
            are taken as they are, and the dataset is not read again. None reads into memory.
        class_list: the classes to draw from; others are not kept. None takes all.
        args, kwargs: as in `ClassBalancedSampler`, from `classes_per_batch` on.

    Returns:
        A `ClassBalancedSampler`, or a `ShardSampler` if there is a folder.

    Raises:
        ValueError: batches instead of examples, an endless dataset, or as `ClassBalancedSampler`.
    """
    if folder is not None and (checks.path("folder", folder) / CATALOGUE).exists():
        return ShardSampler(folder, *args, class_list=class_list, **kwargs)
    if class_list is not None:
        class_list = checks.labels("class_list", checks.listed("class_list", class_list)).tolist()
    examples = _examples(dataset, class_list)
    if folder is not None:
        return ShardSampler(write_shards(folder, examples), *args, class_list=class_list, **kwargs)
    x, y = zip(*examples)
    return ClassBalancedSampler(checks.as_array("dataset", x), y, *args, class_list=class_list, **kwargs)


def _examples(dataset, class_list):
    """The examples of the listed classes, at least one; a dataset's own checks come before the first."""
    if getattr(dataset, "cardinality", None) and int(dataset.cardinality()) == -1:
        raise ValueError("dataset never ends, and it is read once: leave out its `repeat`.")
    pairs = dataset.as_numpy_iterator() if hasattr(dataset, "as_numpy_iterator") else dataset
    kept = 0
    for x, y in checks.examples("dataset", pairs):
        if class_list is None or y in class_list:
            kept += 1
            yield x, y
    if not kept:
        raise ValueError(f"dataset gives no example{'' if class_list is None else ' of class_list'}.")


def sampler_from_catalogue(name, *args, split="train", data_dir=None, **kwargs):
    """A sampler over a dataset of the TensorFlow Datasets catalogue, such as "mnist".

    Args:
        name: the dataset's name; it must have images and labels (`as_supervised`). It is downloaded once.
        split, data_dir: as in `tensorflow_datasets.load`.
        args, kwargs: as in `sampler_from_dataset`, `folder` included.

    Raises:
        ValueError: the catalogue has no such dataset or split, or as `sampler_from_dataset`.
        ImportError: tensorflow-datasets is not installed.
    """
    tfds = checks.extra("tensorflow_datasets", "tensorflow-datasets", "the TensorFlow Datasets catalogue")
    try:
        dataset = tfds.load(name, split=split, data_dir=data_dir, as_supervised=True, shuffle_files=False)
    except (AttributeError, TypeError, ValueError) as error:
        why = str(error).split("\n")[0]
        raise ValueError(f"name: the catalogue gives no {name!r} with split={split!r} ({why})") from error
    return sampler_from_dataset(dataset, *args, **kwargs)


def as_dataset(sampler, replicas=1):
    """A sampler's batches as an endless `tf.data.Dataset`, `replicas` of them joined to one.

    A `tf.distribute` strategy cuts what it gets into equal parts, one a device, and a loss sees only the
    pairs of its own part. So hand it one whole P x K batch for each device:

        model.fit(as_dataset(sampler, strategy.num_replicas_in_sync), steps_per_epoch=..., epochs=...)
    """
    checks.kind("sampler", sampler, ClassBalancedSampler)
    tf = checks.extra("tensorflow", "tensorflow", "tf.data")
    replicas = checks.whole_number("replicas", replicas, at_least=1)

    def joined():
        for number in itertools.count(0, replicas):
            turns = (divmod(number + i, len(sampler)) for i in range(replicas))
            x, y = zip(*(sampler.batch(epoch, step) for epoch, step in turns))
            yield np.concatenate(x), np.concatenate(y)

    x, y = next(joined())
    signature = tf.TensorSpec(x.shape, x.dtype), tf.TensorSpec(y.shape, y.dtype)
    options = tf.data.Options()  # the batches are one stream: do not deal out files to the workers
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.OFF
    return tf.data.Dataset.from_generator(joined, output_signature=signature).with_options(options)


class SingleShotSampler(ClassBalancedSampler):
    """One example of each class: a batch shows P of them, each in K views, differently augmented.

    Args:
        x: (n, ...) one example of each class. y: (n,) distinct class ids; None counts 0, 1, 2, ...
        classes_per_batch: P. views: K, at least 2.
        augment: a function (images, rng) -> images that makes views differ.
        kwargs: as in `ClassBalancedSampler`: `class_list`, `steps_per_epoch`, `seed`, and Keras's own.

    Raises:
        ValueError: two examples of one class, or as `ClassBalancedSampler`.

    >>> sampler = SingleShotSampler(np.zeros((6, 28, 28)), classes_per_batch=3, views=4)
    >>> x, y = sampler[0]
    >>> x.shape, len(set(y.tolist()))
    ((12, 28, 28), 3)
    """

    def __init__(self, x, y=None, classes_per_batch=None, views=2, augment=augmentation.distort, **kwargs):
        x = checks.rows("x", x)
        y = np.arange(len(x)) if y is None else checks.labels("y", y, len(x), "examples in x")
        ids, sizes = np.unique(y, return_counts=True)
        if (sizes > 1).any():
            raise ValueError(
                f"y: class {ids[sizes.argmax()]} has {sizes.max()} examples, and a single-shot sampler takes "
                "one of each. Use ClassBalancedSampler, or select_examples with n=1."
            )
        views = checks.whole_number("views", views, at_least=2)
        rows = np.repeat(np.arange(len(x)), views)
        super().__init__(rows, y[rows], classes_per_batch, views, augment=augment, **kwargs)
        self.x = _Views(x, views)


class _Views:
    """Row i is example i // views, so that the images are kept once."""

    def __init__(self, x, views):
        self.x, self.views = x, views

    def __getitem__(self, rows):
        return self.x[np.asarray(rows) // self.views]
