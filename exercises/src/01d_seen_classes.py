# %% about
level, minutes, notebook = "run an experiment", 15, "01_train"
learn = "that a model which has seen more classes copes better with new ones"

# %% [markdown]
# # Does it help to have seen more classes?
#
# The digits 8, 5, 0 and 4 are **unseen**: no training batch holds them. Below are three small models. The
# first has learned from two other digits, the second from four, the third from six. Which one will tell the
# unseen digits apart best, and by how much? Guess before you measure. (The cell takes about 20 seconds.)

# %%
import keras
import numpy as np

import simlib
from simlib.embedding.augment import distort

(x, y), _, (x_test, y_test) = simlib.load_mnist()
unseen = [8, 5, 0, 4]


def train(classes):
    """A small model after 100 batches of digits of some classes."""
    keras.utils.set_random_seed(0)
    layers = keras.layers
    image = keras.Input((28, 28))
    h = layers.Rescaling(1 / 255)(layers.Reshape((28, 28, 1))(image))
    for filters in (16, 32):
        h = layers.Conv2D(filters, 3, strides=2, padding="same", activation="relu")(h)
    model = simlib.SimilarityModel(image, simlib.MetricEmbedding(32)(layers.Flatten()(h)))
    model.compile(keras.optimizers.Adam(2e-3), simlib.MultiSimilarityLoss(), jit_compile=False)
    model.fit(simlib.ClassBalancedSampler(x, y, None, 6, classes, 100, distort), verbose=0)
    return model


models = {2: train([2, 3]), 4: train([2, 3, 1, 7]), 6: train([2, 3, 1, 7, 9, 6])}

# %% [markdown]
# Write `unseen_accuracy(model)`. Index `x_index`, which holds 20 digits of **all ten** classes; look up those
# test digits that are **unseen**, and no others; return the share whose nearest neighbour has their label.

# %%
x_index, y_index = simlib.select_examples(x, y, n=20)


# %% starter
def unseen_accuracy(model):
    """The share of unseen test digits whose nearest neighbour, of all ten classes, is right."""
    return ...


# %%
check(unseen_accuracy, models)


# %% solution
def unseen_accuracy(model):
    """The share of unseen test digits whose nearest neighbour, of all ten classes, is right."""
    index = simlib.Index().add(model.embed(x_index), y_index)
    chosen = np.isin(y_test, unseen)
    near = index.lookup(model.embed(x_test[chosen]), k=1)
    return (near.labels[:, 0] == y_test[chosen]).mean()


# %% alternative
def unseen_accuracy(model):
    """With the model's own index, one class after the other."""
    model.reset_index()
    model.index(x_index, y_index)
    right = 0
    for c in unseen:
        right += sum(int(label) == c for label in model.lookup(x_test[y_test == c], k=1).labels[:, 0])
    return right / sum(y_test[i] in unseen for i in range(len(y_test)))


# %% alternative
def unseen_accuracy(model):
    """With one matrix product."""
    chosen = np.flatnonzero([label in unseen for label in y_test])
    similarity = model.embed(x_test[chosen]) @ model.embed(x_index).T
    return [np.mean(y_index[similarity.argmax(axis=1)] == y_test[chosen])]


# %% alternative
def unseen_accuracy(model):
    """With the model's own index, and one digit after the other."""
    model.index(x_index, y_index)  # again, if it was indexed before: twins change no label
    chosen = np.isin(y_test, unseen)
    near = model.lookup(x_test[chosen], k=3)
    return sum(int(a == b) for a, b in zip(near.labels[:, 0], y_test[chosen])) / int(chosen.sum())


# %% wrong expects="only the four unseen classes"
def unseen_accuracy(model):
    chosen = np.isin(y_index, unseen)
    index = simlib.Index().add(model.embed(x_index[chosen]), y_index[chosen])
    chosen = np.isin(y_test, unseen)
    near = index.lookup(model.embed(x_test[chosen]), k=1)
    return (near.labels[:, 0] == y_test[chosen]).mean()


# %% wrong expects="the test digits themselves"
def unseen_accuracy(model):
    chosen = np.isin(y_test, unseen)
    index = simlib.Index().add(model.embed(x_test[chosen]), y_test[chosen])
    near = index.lookup(model.embed(x_test[chosen]), k=1)
    return (near.labels[:, 0] == y_test[chosen]).mean()


# %% wrong expects="but the index holds vectors of 32"
grown = simlib.Index()  # one for all models, and larger with each call


def unseen_accuracy(model):
    chosen = np.isin(y_test, unseen)
    grown.add(model.embed(x_index), y_index)
    return (grown.lookup(model.embed(x_test[chosen]), k=1).labels[:, 0] == y_test[chosen]).mean()


# %% wrong expects="is right"
def unseen_accuracy(model):
    model.index(x[:1000], y[:1000])
    chosen = np.isin(y_test, unseen)
    return (model.lookup(x_test[chosen], k=1).labels[:, 0] == y_test[chosen]).mean()


# %% edits
ANY = "any of five neighbours"
LAST = "(near.labels[:, 0] == y_test[chosen]).mean()"
EDITS = [
    (LAST, "np.float32((near.labels[:, 0] == y_test[chosen]).mean())", "right"),
    ("np.isin(y_test, unseen)", "(y_test == 8) | (y_test == 5) | (y_test == 0) | (y_test == 4)", "right"),
    ("np.isin(y_test, unseen)", "np.ones(len(y_test), bool)", "...all test digits"),
    ("np.isin(y_test, unseen)", "~np.isin(y_test, unseen)", "...digits that the model was trained on"),
    (LAST, "(near.labels[:, 0] != y_test[chosen]).mean()", "...share of wrong answers"),
    (LAST, "(near.labels[:, 0] == y_test[chosen]).sum()", "...the number of right answers"),
    (LAST, "(near.labels[:, 0] == y_test[chosen]).sum() / len(y_test)", "...divide by all"),
    ("k=1)\n    return " + LAST, "k=5)\n    return (near.labels == y_test[chosen][:, None]).any(1).mean()",
     "...one of the nearest five"),
    ("k=1)\n    return " + LAST, "k=5)\n    return (near.labels == y_test[chosen][:, None]).mean()", "...is right"),
    ("    index =", "    model = models[6]\n    index =", "...is right"),
    ("y_test[chosen]).mean()", "y_test[:400]).mean()", "...is right"),
    (LAST, "near.labels[:, 0] == y_test[chosen]", "...must be a single number"),
    ("np.isin(y_test, unseen)", "y_test == 8", "...is right"),
    ("model.embed(x_test[chosen])", "x_test[chosen]", "...stopped with an error"),
]  # fmt: skip

# %% hint [markdown]
# `simlib.Index().add(model.embed(x_index), y_index)` is the index. `np.isin(y_test, unseen)` is a mask of the
# test digits to look up.

# %% hint [markdown]
# Use that mask twice: for the images that you look up, and for the labels that you compare with.

# %% check
import functools

import keras
import matplotlib.pyplot as plt
import numpy as np

import comparing
import simlib
from judging import REFERENCE, mnist

UNSEEN = [8, 5, 0, 4]


def check(unseen_accuracy, models):
    course = course_model()
    course.reset_index()  # like the reader's models, it has none yet
    cases = {f"the model with {n} classes": (model,) for n, model in models.items()}
    cases["the course's model"] = (course,)
    mistakes = [(told, lambda model, f=f: f(seen_by(model))) for told, f in MISTAKES.items()]
    found = comparing.compare(
        unseen_accuracy,
        cases,
        lambda model: seen_by(model).accuracy(),
        mistakes,
        name="the accuracy",
    )
    results = dict(zip([*map(str, models), "6, the course's", "bare pixels"], [*map(float, found), pixels()]))
    told = ", ".join(f"{name}: {accuracy:.3f}" for name, accuracy in results.items())
    return (
        f"Right on unseen digits, by classes seen ({told}). To tell two classes apart, one feature is enough; "
        "to tell six apart, a model must learn what strokes are made of, and that serves new digits, too. "
        "Now look at the bare pixels, without any training: a model that has seen too little is *worse* than "
        "no model. Measure that first, always. (One training each: another seed moves such a figure by some "
        "hundredths. That is why the course's recipe gives its model more classes to learn from than six.)",
        lambda: bars(results),
    )


@functools.cache
def course_model():
    return keras.models.load_model(REFERENCE)


@functools.cache
def seen_by(model):
    return Seen(model)


class Seen:
    """What a model makes of the digits, embedded once."""

    def __init__(self, model):
        self.x, self.y = mnist().test
        x_index, self.y_index = simlib.select_examples(*mnist().train, n=20)
        self.index, self.queries = model.embed(x_index), model.embed(self.x)
        self.new = np.isin(self.y, UNSEEN)

    def hits(self, indexed=slice(None), chosen=None, k=1):
        """Whether each of the first k neighbours is right: (queries, k)."""
        chosen = self.new if chosen is None else chosen
        near = simlib.Index().add(self.index[indexed], self.y_index[indexed])
        return near.lookup(self.queries[chosen], k=k).labels == self.y[chosen][:, None]

    def accuracy(self, *args):
        return self.hits(*args).mean()


EVERY = np.ones(1000, bool)
MISTAKES = {
    "you look up all test digits. The seen ones, on which the model does well, then hide what you ask.":
        lambda seen: seen.accuracy(slice(None), EVERY),
    "you look up the digits that the model was trained on. Turn the choice round: unseen ones are asked for.":
        lambda seen: seen.accuracy(slice(None), ~seen.new),
    "your index holds only the four unseen classes. That is an easier question, 1 of 4 in place of 1 of 10: a "
    "new digit is mostly taken for a *known* one.":
        lambda seen: seen.accuracy(np.isin(seen.y_index, UNSEEN)),
    "every digit is right: does the index hold the test digits themselves? Index `x_index`.":
        lambda seen: 1.0,
    "this is the share of wrong answers.": lambda seen: 1 - seen.accuracy(),
    "this is the number of right answers; the share is asked for: `.mean()`.": lambda seen: seen.hits().sum(),
    "you divide by all test digits, and only the unseen ones were looked up.":
        lambda seen: seen.hits().sum() / len(seen.y),
    "you count a digit as right if one of the nearest five is. Only the nearest one answers: k = 1.":
        lambda seen: seen.hits(k=5).any(axis=1).mean(),
}  # fmt: skip


def pixels():
    """The same question without a model."""
    (x, y), (x_index, y_index) = mnist().test, simlib.select_examples(*mnist().train, n=20)
    x, y = x[np.isin(y, UNSEEN)], y[np.isin(y, UNSEEN)]
    near = simlib.Index().add(x_index.reshape(-1, 784), y_index).lookup(x.reshape(-1, 784), k=1)
    return (near.labels[:, 0] == y).mean()


def bars(results):
    figure, ax = plt.subplots(figsize=(6.4, 2.8), layout="constrained")
    ax.bar(list(results), list(results.values()), color=simlib.plots.UNSEEN)
    ax.set(xlabel="classes seen in training", ylabel="right on unseen digits", ylim=(0, 1))
    return figure
