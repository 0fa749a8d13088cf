"""Samplers for other sources: a `tf.data.Dataset`, the TensorFlow Datasets catalogue.

All are the one `ClassBalancedSampler`, and keep its promises. A stream has no order to draw from, so it is
read once: into memory, or into shards if it does not fit.
"""

import itertools

import numpy as np

from simlib import checks
from simlib.embedding.sampling import ClassBalancedSampler, Sampler
from simlib.scale.shards import CATALOGUE, ShardSampler, write_shards


def sampler_from_dataset(dataset, *args, folder=None, class_list=None, **kwargs):
    """A sampler over a `tf.data.Dataset`, or any iterable of single examples (x, y).

    dataset: gives pairs of one example, without a batch axis, and its class, and ends: no `repeat`; folder:
    where to write shards, for what does not fit into memory: shards that lie there already are taken as they
    are, and the dataset is not read again; class_list: the classes to draw from, None for all; others are not
    kept; args, kwargs: as in `ClassBalancedSampler`, from `classes_per_batch` on.

    Returns a `ClassBalancedSampler`, or a `ShardSampler` if there is a folder. Raises ValueError for batches
    instead of examples, for an endless dataset, and as `ClassBalancedSampler`.
    """
    if class_list is not None:
        class_list = checks.listed("class_list", class_list)
        class_list = kwargs["class_list"] = checks.labels("class_list", class_list, text=True).tolist()
    if folder is None:
        x, y = zip(*_examples(dataset, class_list))
        return ClassBalancedSampler(checks.as_array("dataset", x), list(y), *args, **kwargs)
    if not (checks.path("folder", folder) / CATALOGUE).exists():
        write_shards(folder, _examples(dataset, class_list))
    return ShardSampler(folder, *args, **kwargs)


def _examples(dataset, class_list):
    if getattr(dataset, "cardinality", None) and int(dataset.cardinality()) == -1:
        raise ValueError("dataset never ends, and it is read once: leave out its `repeat`.")
    pairs, kept = dataset.as_numpy_iterator() if hasattr(dataset, "as_numpy_iterator") else dataset, 0
    for x, y in checks.examples("dataset", pairs):
        if class_list is None or y in class_list:
            kept += 1
            yield x, y
    if not kept:
        raise ValueError(f"dataset gives no example{'' if class_list is None else ' of class_list'}.")


def sampler_from_catalogue(name, *args, split="train", data_dir=None, **kwargs):
    """A sampler over a dataset of the TensorFlow Datasets catalogue, such as "mnist", downloaded once.

    name: of a dataset with images and labels (`as_supervised`); split, data_dir: as in
    `tensorflow_datasets.load`; args, kwargs: as in `sampler_from_dataset`. Raises ValueError if the catalogue
    has no such dataset or split, and as `sampler_from_dataset`; ImportError without tensorflow-datasets.
    """
    tfds = checks.extra("tensorflow_datasets", "the TensorFlow Datasets catalogue", "catalogue")
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
    checks.kind("sampler", sampler, Sampler)
    tf = checks.extra("tensorflow", "tf.data", "keras")
    replicas = checks.whole_number("replicas", replicas, at_least=1)

    def joined():
        for number in itertools.count(0, replicas):
            turns = (divmod(number + i, len(sampler)) for i in range(replicas))
            x, y = zip(*(sampler.batch(epoch, step) for epoch, step in turns))
            yield np.concatenate(x), np.concatenate(y)

    signature = tuple(tf.TensorSpec(part.shape, part.dtype) for part in next(joined()))
    options = tf.data.Options()  # the batches are one stream: do not deal out files to the workers
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.OFF
    return tf.data.Dataset.from_generator(joined, output_signature=signature).with_options(options)
