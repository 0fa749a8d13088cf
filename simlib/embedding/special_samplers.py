"""Samplers for special cases: several sources in each batch, and classes of which there is one example."""

import numpy as np

from simlib import checks
from simlib.classes import Classes
from simlib.embedding.augment import distort
from simlib.embedding.sampling import ClassBalancedSampler, Sampler


class JoinedSampler(Sampler):
    """Joins the batches of several samplers: each batch holds one of every source, in their order.

    So it has exactly the classes and examples that the sources promise, which go on from epoch to epoch.

    Args:
        samplers: two or more, over examples of one shape and over different classes, else ValueError.
            Their own `augment`, if any, comes before the joint one.
        steps_per_epoch: batches in an epoch; None takes the first sampler's.
        augment, seed, kwargs: as in `ClassBalancedSampler`.

    >>> digits = ClassBalancedSampler(np.zeros((8, 28, 28)), np.repeat([3, 5], 4), 2, 3)
    >>> letters = ClassBalancedSampler(np.ones((8, 28, 28)), np.repeat([10, 11], 4), 1, 2)
    >>> x, y = JoinedSampler([digits, letters])[0]
    >>> x.shape, y[:6].tolist()
    ((8, 28, 28), [3, 3, 3, 5, 5, 5])
    """

    def __init__(self, samplers, steps_per_epoch=None, augment=None, seed=0, **kwargs):
        samplers = checks.listed("samplers", samplers)
        if len(samplers) < 2:
            raise ValueError(f"samplers must be two or more; got {len(samplers)}.")
        self.samplers = [checks.kind("samplers", sampler, Sampler) for sampler in samplers]
        names = [name for sampler in samplers for name in sampler.labels.values()]
        twice = sorted({name for name in names if names.count(name) > 1}, key=str)
        if twice:
            raise ValueError(f"samplers: more than one draws class {twice[0]}; give each class one meaning.")
        ids, self._named = Classes().read("samplers: their classes", names)
        self.classes, left = ids.tolist(), iter(ids.tolist())
        self._ids = [{c: next(left) for c in sampler.classes} for sampler in samplers]
        self.batch_size = sum(sampler.batch_size for sampler in samplers)
        steps = len(samplers[0]) if steps_per_epoch is None else steps_per_epoch
        super().__init__(steps, augment, seed, **kwargs)
        self._draw(0)

    def _draw(self, number):
        x, y = zip(*(sampler.batch(*divmod(number, len(sampler))) for sampler in self.samplers))
        y = [np.array([ids[c] for c in mine.tolist()]) for ids, mine in zip(self._ids, y)]
        if len({np.shape(images)[1:] for images in x}) > 1:
            raise ValueError(f"samplers: their examples differ in shape: {[i.shape[1:] for i in x]}.")
        return np.concatenate(x), np.concatenate(y)


class SingleShotSampler(ClassBalancedSampler):
    """One example of each class: a batch shows P of them, each in K views, differently augmented.

    Args:
        x: (n, ...) one example of each class. y: (n,) distinct class ids or names; None counts 0, 1, 2, ...
        classes_per_batch: P. views: K, at least 2.
        augment: a function (images, rng) -> images that makes views differ.
        kwargs: as in `ClassBalancedSampler`: `class_list`, `steps_per_epoch`, `seed`, and Keras's own.

    Raises ValueError for two examples of one class, or as `ClassBalancedSampler`.

    >>> sampler = SingleShotSampler(np.zeros((6, 28, 28)), classes_per_batch=3, views=4)
    >>> x, y = sampler[0]
    >>> x.shape, len(set(y.tolist()))
    ((12, 28, 28), 3)
    """

    def __init__(self, x, y=None, classes_per_batch=None, views=2, augment=distort, **kwargs):
        x = checks.rows("x", x)
        y = np.arange(len(x)) if y is None else checks.labels("y", y, len(x), "examples in x", text=True)
        ids, sizes = np.unique(y, return_counts=True)
        if (sizes > 1).any():
            many = f"y: class {ids[sizes.argmax()]} has {sizes.max()} examples, and not one"
            raise ValueError(f"{many}. Use ClassBalancedSampler, or select_examples with n=1.")
        views = checks.whole_number("views", views, at_least=2)
        examples = np.repeat(np.arange(len(x)), views)  # their numbers, so that the images are kept once
        super().__init__(examples, y[examples], classes_per_batch, views, augment=augment, **kwargs)
        self.x, self._members = x, {c: examples[rows] for c, rows in self._members.items()}
