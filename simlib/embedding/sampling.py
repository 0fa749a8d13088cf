"""P x K batches: P classes, K examples of each. Every batch then holds pairs to learn from."""

import functools

import keras
import numpy as np

from simlib import checks
from simlib.embedding.augment import distort


class Sampler(keras.utils.PyDataset):
    """What samplers share: numbered batches, which depend on the seed alone, and the count of epochs.

    A sampler counts its epochs in `epoch`, from one `fit` to the next; within an epoch `fit` takes the
    batches in random order, unless told shuffle=False. `len(sampler)` is the steps in an epoch, and
    `sampler[step]` is (x (batch_size, ...), y (batch_size,) int64), class by class.
    """

    def __init__(self, steps_per_epoch, augment=None, seed=0, **kwargs):
        super().__init__(**kwargs)
        self.steps_per_epoch = checks.whole_number("steps_per_epoch", steps_per_epoch, at_least=1)
        if augment is not None and not callable(augment):
            raise ValueError(f"augment must be a function (images, rng) -> images; got {augment!r}.")
        self.augment, self.seed, self.epoch = augment, checks.whole_number("seed", seed), 0
        self._begun = False

    def __len__(self):
        return self.steps_per_epoch

    def __getitem__(self, step):
        if isinstance(step, (int, np.integer)) and not 0 <= step < len(self):
            raise IndexError(f"step {step} is not in 0..{len(self) - 1}.")
        return self.batch(self.epoch, step)

    def on_epoch_begin(self):
        self._begun = True

    def on_epoch_end(self):
        self.epoch += self._begun  # Keras calls this once more, before `fit` begins its first epoch
        self._begun = False

    def batch(self, epoch, step):
        """Batch number `step` of epoch number `epoch`, both from 0."""
        epoch, step = checks.whole_number("epoch", epoch), checks.whole_number("step", step)
        x, y = self._draw(epoch * self.steps_per_epoch + step)
        if self.augment is not None:
            x = self.augment(x, np.random.default_rng([self.seed, 1, epoch, step]))
            if np.shape(x)[:1] != y.shape:
                raise ValueError(f"augment must return the {len(y)} images that it gets; got {np.shape(x)}.")
        return x, y

    def _draw(self, number):
        """Batch number `number`, counted through all epochs, as it is before `augment`."""
        raise NotImplementedError


class ClassBalancedSampler(Sampler):
    """Draws batches of `classes_per_batch` distinct classes with `examples_per_class` examples each.

    Batch (epoch, step) depends on the seed alone, not on the number of workers; see `Sampler`. Classes
    and examples are dealt like cards: all in turn before any comes again. Where hands do not come out
    even, the rest sit out the round, and the next round is shuffled anew.

    Args:
        x: array (n, ...), the examples.
        y: (n,) integer class ids.
        classes_per_batch: P; None takes all classes.
        examples_per_class: K, at least 2, or no batch would hold a positive pair.
        class_list: the classes to draw from; None takes all that occur in `y`.
        steps_per_epoch: batches in an epoch; None gives about one pass over the examples.
        augment: a function (images, rng) -> images applied to each batch, or None.
        seed: the same seed gives the same batches.
        kwargs: Keras's own: `workers`, `use_multiprocessing`, `max_queue_size`.

    Raises:
        ValueError: one-hot or float labels, lengths that differ, an empty class list, a class with
            fewer than K examples, more classes a batch than there are, K < 2.

    >>> sampler = ClassBalancedSampler(np.arange(12), np.repeat([3, 5, 8], 4), 2, 2, seed=1)
    >>> x, y = sampler[0]
    >>> len(x), len(set(y.tolist()))
    (4, 2)
    """

    def __init__(
        self,
        x,
        y,
        classes_per_batch=None,
        examples_per_class=5,
        class_list=None,
        steps_per_epoch=None,
        augment=None,
        seed=0,
        **kwargs,
    ):
        self.x = checks.rows("x", x)
        y = checks.labels("y", y, len(self.x), "examples in x")
        self.classes = _classes(y, class_list)
        per_class = checks.whole_number("examples_per_class", examples_per_class, at_least=2)
        self.examples_per_class = per_class
        self._members = {c: np.flatnonzero(y == c) for c in self.classes}
        for c, members in self._members.items():
            if len(members) < per_class:
                raise ValueError(
                    f"class {c} has {len(members)} examples, fewer than examples_per_class = "
                    f"{per_class}; lower it, add examples, or leave the class out of class_list."
                )
        wanted = len(self.classes) if classes_per_batch is None else classes_per_batch
        self.classes_per_batch = checks.whole_number("classes_per_batch", wanted, at_least=1)
        if self.classes_per_batch > len(self.classes):
            raise ValueError(
                f"classes_per_batch is {wanted}, but there are only {len(self.classes)} classes to draw "
                "from; lower it, or lengthen class_list."
            )
        one_pass = max(1, sum(map(len, self._members.values())) // self.batch_size)
        super().__init__(one_pass if steps_per_epoch is None else steps_per_epoch, augment, seed, **kwargs)
        # Shuffling is repeated work within a round: remember the last round of every class.
        self._shuffled = functools.lru_cache(2 * len(self.classes) + 2)(self._shuffle)

    @property
    def batch_size(self):
        """P x K."""
        return self.classes_per_batch * self.examples_per_class

    def _draw(self, number):
        classes, turn = self._hand(self.classes, number, self.classes_per_batch, stream=-1)
        rows = [
            self._hand(self._members[c], turn, self.examples_per_class, stream=i)[0]
            for c, i in sorted((c, self.classes.index(c)) for c in classes.tolist())
        ]
        return self.x[np.concatenate(rows)], np.repeat(np.sort(classes), self.examples_per_class)

    def _hand(self, cards, number, size, stream):
        """The hand number `number` of `size` cards, and the round it is dealt in."""
        hands = len(cards) // size
        turn, place = divmod(number, hands)
        order = self._shuffled(stream, len(cards), turn)[place * size : (place + 1) * size]
        return np.asarray(cards)[order], turn

    def _shuffle(self, stream, n, turn):
        return np.random.default_rng([self.seed, 0, stream + 1, turn]).permutation(n)

    def __getstate__(self):  # a cache cannot travel to another process, and need not
        return {k: v for k, v in self.__dict__.items() if k != "_shuffled"}

    def __setstate__(self, state):
        self.__dict__.update(state)
        self._shuffled = functools.lru_cache(2 * len(self.classes) + 2)(self._shuffle)


def _classes(y, class_list):
    if not len(y):
        raise ValueError("x is empty: there is nothing to draw from. Give examples.")
    present = np.unique(y).tolist()
    class_list = present if class_list is None else checks.listed("class_list", class_list)
    if not class_list:
        raise ValueError("class_list is empty: there is no class to draw from. Name some, or None for all.")
    classes = list(dict.fromkeys(checks.labels("class_list", class_list).tolist()))
    missing = [c for c in classes if c not in present]
    if missing:
        raise ValueError(f"class_list names class {missing[0]}, of which `y` has no example.")
    return classes


class JoinedSampler(Sampler):
    """Joins the batches of several samplers: each batch holds one of every source, in their order.

    So a batch has exactly the classes and the examples of each class that the sources promise, whose
    batches go on from one epoch to the next.

    Args:
        samplers: two or more, over examples of one shape and over different classes. Their own
            `augment`, if any, comes before the joint one.
        steps_per_epoch: batches in an epoch; None takes the first sampler's.
        augment, seed, kwargs: as in `ClassBalancedSampler`.

    Raises:
        ValueError: fewer than two samplers, a class that two of them draw from, examples that differ in
            shape.

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
        self.classes = [c for sampler in samplers for c in sampler.classes]
        twice = sorted({c for c in self.classes if self.classes.count(c) > 1})
        if twice:
            raise ValueError(f"samplers: more than one draws class {twice[0]}; give each class one meaning.")
        steps = len(samplers[0]) if steps_per_epoch is None else steps_per_epoch
        super().__init__(steps, augment, seed, **kwargs)
        self._draw(0)

    @property
    def batch_size(self):
        """The examples in a batch, of all sources together."""
        return sum(sampler.batch_size for sampler in self.samplers)

    def _draw(self, number):
        x, y = zip(*(sampler.batch(*divmod(number, len(sampler))) for sampler in self.samplers))
        if len({np.shape(images)[1:] for images in x}) > 1:
            raise ValueError(f"samplers: their examples differ in shape: {[i.shape[1:] for i in x]}.")
        return np.concatenate(x), np.concatenate(y)


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

    def __init__(self, x, y=None, classes_per_batch=None, views=2, augment=distort, **kwargs):
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
