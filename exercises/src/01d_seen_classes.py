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


# %% wrong expects="all test digits"
def unseen_accuracy(model):
    index = simlib.Index().add(model.embed(x_index), y_index)
    near = index.lookup(model.embed(x_test), k=1)
    return (near.labels[:, 0] == y_test).mean()


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


# %% wrong expects="digits that the model was trained on"
def unseen_accuracy(model):
    index = simlib.Index().add(model.embed(x_index), y_index)
    chosen = ~np.isin(y_test, unseen)
    near = index.lookup(model.embed(x_test[chosen]), k=1)
    return (near.labels[:, 0] == y_test[chosen]).mean()


# %% hint [markdown]
# `simlib.Index().add(model.embed(x_index), y_index)` is the index. `np.isin(y_test, unseen)` is a mask of the
# test digits to look up.

# %% hint [markdown]
# Use that mask twice: for the images that you look up, and for the labels that you compare with.

# %% check
import keras
import matplotlib.pyplot as plt
import numpy as np

import simlib
from judging import REFERENCE, ask, number, same


def check(unseen_accuracy, models):
    model, splits, results = keras.models.load_model(REFERENCE), simlib.load_mnist(), {}
    for n, each in [*models.items(), ("the course's", model)]:
        found = number("the accuracy", ask(unseen_accuracy, each))
        right, mistakes = referee(each, splits)
        same(f"the accuracy of the model with {n} classes", found, right, mistakes)
        results[n] = found
    best = results.pop("the course's")
    told = ", ".join(f"{n} classes {accuracy:.3f}" for n, accuracy in results.items())
    return (
        f"Right on unseen digits, by classes seen: {told}; the course's model {best:.3f}. To tell two "
        "classes apart, one feature is enough; to tell six apart, a model must learn what strokes are made "
        "of, and that serves new digits, too. (One training each: another seed moves such a figure by some "
        "hundredths. So the course's recipe also adds classes to the six: letters that nobody writes.)",
        bars(results, best),
    )


def referee(model, splits):
    """The right accuracy, and what each known mistake gives."""
    unseen, (x, y) = [8, 5, 0, 4], splits.test
    x_index, y_index = simlib.select_examples(*splits.train, n=20)
    index, queries, new = model.embed(x_index), model.embed(x), np.isin(y, unseen)

    def accuracy(indexed, chosen):
        near = simlib.Index().add(index[indexed], y_index[indexed]).lookup(queries[chosen], k=1)
        return (near.labels[:, 0] == y[chosen]).mean()

    every, mine = np.ones(len(y), bool), np.isin(y_index, unseen)
    return accuracy(slice(None), new), [
        (
            accuracy(slice(None), every),
            "you look up all test digits. The seen ones, on which the model does well, then hide what you "
            "ask.",
        ),
        (
            accuracy(slice(None), ~new),
            "you look up the digits that the model was trained on. Turn the choice round: unseen ones are "
            "asked for.",
        ),
        (
            accuracy(mine, new),
            "your index holds only the four unseen classes. That is an easier question, 1 of 4 in place of 1 "
            "of 10: a new digit is mostly taken for a *known* one.",
        ),
        (1.0, "every digit is right: does the index hold the test digits themselves? Index `x_index`."),
    ]


def bars(results, best):
    figure, ax = plt.subplots(figsize=(6.4, 2.8), layout="constrained")
    names = [*map(str, results), "6, the course's"]
    ax.bar(names, [*results.values(), best], color=simlib.plots.UNSEEN)
    ax.set(xlabel="classes seen in training", ylabel="right on unseen digits", ylim=(0, 1))
    return figure
