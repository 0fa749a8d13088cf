"""P x K batches: P classes, K examples of each. Every batch then holds pairs to learn from."""

import keras
import numpy as np

from simlib import checks
from simlib.classes import Classes


class Sampler(keras.utils.PyDataset):
    """What samplers share: numbered batches, which depend on the seed alone, and the count of epochs.

    A sampler counts its epochs in `epoch`, from one `fit` to the next; within an epoch `fit` takes the
    batches in random order, unless told shuffle=False. `len(sampler)` is the steps in an epoch, and
    `sampler[step]` is (x (batch_size, ...), y (batch_size,) int64), class by class. A subclass has
    `_draw(number)`: the batch of that number, counted through all epochs, as it is before `augment`.
    """

    classes, _named = (), Classes()

    def __init__(self, steps_per_epoch, augment=None, seed=0, **kwargs):
        super().__init__(**kwargs)
        self.steps_per_epoch = checks.whole_number("steps_per_epoch", steps_per_epoch, at_least=1)
        if augment is not None and not callable(augment):
            raise ValueError(f"augment must be a function (images, rng) -> images; got {augment!r}.")
        self.augment, self.seed, self.epoch = augment, checks.whole_number("seed", seed), 0
        self._begun = False

    @property
    def labels(self):
        """{class id: class name}, of the classes that are drawn; without names, {id: id}."""
        return dict(zip(self.classes, self._named.call(self.classes)))

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


class ClassBalancedSampler(Sampler):
    """Draws batches of `classes_per_batch` distinct classes with `examples_per_class` examples each.

    Classes and examples are dealt like cards: all in turn before any comes again. Where hands do not come
    out even, the rest sit out the round, and the next round is shuffled anew. See `Sampler` for the batches.

    Args:
        x: array (n, ...), the examples. y: (n,) class ids, or names: then batches hold the ids that
            `labels` gives them, by name.
        classes_per_batch: P; None takes all classes.
        examples_per_class: K, at least 2, or no batch would hold a positive pair.
        class_list: the classes to draw from; None takes all that occur in `y`.
        steps_per_epoch: batches in an epoch; None gives about one pass over the examples.
        augment: a function (images, rng) -> images applied to each batch, or None.
        seed: the same gives the same batches, whatever the workers. kwargs: Keras's own, such as `workers`.

    Raises ValueError for one-hot or float labels, lengths that differ, an empty class list, a class with
    fewer than K examples, more classes a batch than there are, K < 2.

    >>> sampler = ClassBalancedSampler(np.arange(12), np.repeat([3, 5, 8], 4), 2, 2, seed=1)
    >>> x, y = sampler[0]
    >>> len(x), len(set(y.tolist()))
    (4, 2)
    """

    def __init__(self, x, y, classes_per_batch=None, examples_per_class=5, class_list=None,
                 steps_per_epoch=None, augment=None, seed=0, **kwargs):  # fmt: skip
        self.x = checks.rows("x", x)
        y, self._named = Classes().read("y", y, len(self.x), "examples in x")
        self.classes = _classes(y, class_list, self._named)
        k = checks.whole_number("examples_per_class", examples_per_class, at_least=2)
        self._members = {c: np.flatnonzero(y == c) for c in self.classes}
        for c, members in self._members.items():
            if len(members) < k:
                has = f"class {self.labels[c]} has {len(members)} examples"
                cure = "lower it, add examples, or leave the class out of class_list."
                raise ValueError(f"{has}, fewer than examples_per_class = {k}; {cure}")
        wanted = len(self.classes) if classes_per_batch is None else classes_per_batch
        p = checks.whole_number("classes_per_batch", wanted, at_least=1)
        if p > len(self.classes):
            many = f"classes_per_batch is {p}, but there are only {len(self.classes)} classes to draw from"
            raise ValueError(f"{many}; lower it, or lengthen class_list.")
        self.classes_per_batch, self.examples_per_class, self.batch_size = p, k, p * k
        one_pass = max(1, sum(map(len, self._members.values())) // self.batch_size)
        super().__init__(one_pass if steps_per_epoch is None else steps_per_epoch, augment, seed, **kwargs)
        self._rounds = {}

    def _draw(self, number):
        dealt, turn = self._hand(self.classes, number, self.classes_per_batch, stream=0)
        classes, k = np.sort(dealt), self.examples_per_class
        streams = [1 + self.classes.index(c) for c in classes]
        rows = [self._hand(self._members[c], turn, k, stream)[0] for c, stream in zip(classes, streams)]
        return self.x[np.concatenate(rows)], np.repeat(classes, k)

    def _hand(self, cards, number, size, stream):
        """The hand number `number` of `size` cards, and the round it is dealt in."""
        turn, place = divmod(number, len(cards) // size)
        order = self._shuffled(stream, len(cards), turn)[place * size : (place + 1) * size]
        return np.asarray(cards)[order], turn

    def _shuffled(self, stream, n, turn):
        slot = stream, turn % 2  # shuffling is repeated work within a round: remember the last two
        kept = self._rounds.get(slot)
        if kept is None or kept[0] != turn:  # as one value, for another thread may change the slot
            rng = np.random.default_rng([self.seed, 0, stream, turn])
            kept = self._rounds[slot] = turn, rng.permutation(n)
        return kept[1]


def _classes(y, class_list, named):
    if not len(y):
        raise ValueError("x is empty: there is nothing to draw from. Give examples.")
    present = np.unique(y).tolist()
    if class_list is None:
        return present
    class_list = checks.listed("class_list", class_list)
    if not class_list:
        raise ValueError("class_list is empty: there is no class to draw from. Name some, or None for all.")
    classes, more = named.read("class_list", class_list)
    missing = [c for c in classes.tolist() if c not in present]
    if missing:
        raise ValueError(f"class_list names class {more.call(missing)[0]}, of which `y` has no example.")
    return list(dict.fromkeys(classes.tolist()))
