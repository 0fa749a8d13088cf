# %% about
level, minutes, notebook = "fill a line", 10, "06_save_reload"
learn = "why a model that was trained again needs a new index"

# %% [markdown]
# # A stale index
#
# Last month you embedded 200 digits and stored them in an index. Since then the model was trained again, on the same
# digits; it is as good as before. Queries are embedded by the **new** model, and looked up in the **old** index. What
# share of them will be right? Guess.
#
# No training needed: two trainings give spaces that are turned against each other, so we turn the embeddings ourselves.

# %%
import keras
import numpy as np

import simlib

model = keras.models.load_model("../notebooks/models/digits.keras")
(x, y), _, (x_test, y_test) = simlib.load_mnist()
x_index, y_index = simlib.select_examples(x, y, n=20)
turn, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(64, 64)))  # a random turn of 64 dimensions


def old(images):
    """Last month's model."""
    return model.embed(images)


def new(images):
    """The one trained again: the same distances between digits, in a space turned round."""
    return model.embed(images) @ turn


# %% [markdown]
# Fill in the three lines; `share(index, queries)` does the lookup for you. `before`: as it was last month. `stale`: the
# new model asks the old index. `mended`: what has to be done.


# %% starter
def three_shares(old, new, x_index, y_index, x_test, y_test):
    """(before, stale, mended): the share of test digits whose nearest neighbour is right."""

    def share(index, queries):
        near = simlib.Index().add(index, y_index).lookup(queries, k=1)
        return (near.labels[:, 0] == y_test).mean()

    before = ...
    stale = ...
    mended = ...
    return before, stale, mended


# %%
check(three_shares)


# %% solution
def three_shares(old, new, x_index, y_index, x_test, y_test):
    """(before, stale, mended): the share of test digits whose nearest neighbour is right."""

    def share(index, queries):
        near = simlib.Index().add(index, y_index).lookup(queries, k=1)
        return (near.labels[:, 0] == y_test).mean()

    before = share(old(x_index), old(x_test))
    stale = share(old(x_index), new(x_test))
    mended = share(new(x_index), new(x_test))
    return before, stale, mended


# %% alternative
def three_shares(old, new, x_index, y_index, x_test, y_test):
    """With matrix products."""
    found = []
    for index, queries in ((old, old), (old, new), (new, new)):
        nearest = np.argmax(queries(x_test) @ index(x_index).T, axis=1)
        found.append([float(np.mean(y_index[nearest] == y_test))])
    return found


# %% alternative
def three_shares(old, new, x_index, y_index, x_test, y_test):
    """Two indexes, kept."""
    indexes = [simlib.Index().add(embed(x_index), y_index) for embed in (old, new)]
    pairs = [(indexes[0], old), (indexes[0], new), (indexes[1], new)]
    hits = [i.lookup(embed(x_test), k=3).labels[:, 0] == y_test for i, embed in pairs]
    return tuple(sum(h.tolist()) / len(h) for h in hits)


# %% edits
EDITS = [
    ("return before, stale, mended", "return [before, stale, mended]", "right"),
    ("(near.labels[:, 0] == y_test).mean()", "np.mean(near.labels.ravel() == y_test)", "right"),
    ("stale = share(old(x_index), new(x_test))", "stale = share(new(x_index), old(x_test))",
     "you ask the *new* index with the old model. It is the new model that asks, and the index that is old."),
    ("stale = share(old(x_index), new(x_test))", "stale = share(old(x_index), old(x_test))",
     "your second share is that of before: the queries come from the new model now."),
    ("stale = share(old(x_index), new(x_test))", "stale = share(new(x_index), new(x_test))",
     "your second share has a new index. Stale is: the new model asks the *old* one."),
    ("mended = share(new(x_index), new(x_test))", "mended = share(old(x_index), old(x_test))",
     "you mend it by going back to the old model. The new one is to be used: what has to be made anew?"),
    ("mended = share(new(x_index), new(x_test))", "mended = share(old(x_index), new(x_test))",
     "nothing is mended: the third share is the second once more. Embed the indexed digits anew."),
    ("mended = share(new(x_index), new(x_test))", "mended = share(new(x_index), old(x_test))",
     "you have made a new index and ask it with the old model."),
    ("mended = share(new(x_index), new(x_test))", "mended = share(new(x_test), new(x_test))", "...is right"),
    ("mended = share(new(x_index), new(x_test))", "mended = share(new(x_index), new(x_index))", "...is right"),
    ("return before, stale, mended", "return mended, stale, before", "...is right"),
    ("(near.labels[:, 0] == y_test).mean()", "(near.labels[:100, 0] == y_test[:100]).mean()", "...is right"),
    ("return before, stale, mended", "return before, mended, stale", "you return the three in another order: before, "
     "stale, mended."),
    ("return before, stale, mended", "return stale", "...must return 3 values"),
    ("return before, stale, mended", "return 1 - before, 1 - stale, 1 - mended", "you return the shares of *wrong* answers."),
    ("return before, stale, mended", "return 100 * before, 100 * stale, 100 * mended", "you return per cent, and shares "
     "from 0 to 1 are asked for."),
    ("before = share(old(x_index), old(x_test))", "before = share(x_index, x_test)", "...is right"),
    ("y_test).mean()", "y_test).sum()", "you return numbers of digits, and their shares are asked for."),
]  # fmt: skip

# %% hint [markdown]
# In each line there are two choices: which model has embedded the digits of the index, and which one the queries?

# %% hint [markdown]
# Last month, both were the old one. Stale: the index by the old one, the queries by the new one. To mend it, the new
# model must embed the indexed digits as well.

# %% check
import numpy as np

import simlib
from judging import mnist, reference


def check(three_shares):
    cases = {}
    for seed, classes, n, other in ((0, 4, 60, 5), (1, 6, 90, 7), (2, 3, 45, 4), (3, 5, 400, 6)):
        rng = np.random.default_rng(seed)
        centres, y = rng.normal(size=(classes, 6)), rng.integers(0, classes, n)
        x = centres[y] + 0.5 * rng.normal(size=(n, 6))
        a, b = (
            rng.normal(size=(6, other)),
            rng.normal(size=(6, other)),
        )  # two models, one better than the other
        case = (
            lambda x, a=a: unit(x @ a),
            lambda x, b=b: unit(np.tanh(x @ b)),
            x[:30],
            y[:30],
            x[30:],
            y[30:],
        )
        cases[f"for two other models and {n} items of {classes} classes"] = case
    compare("three_shares", three_shares, cases)
    splits, embedded, *_ = reference()
    rows, y = simlib.select_examples(np.arange(len(splits.train.y)), splits.train.y, n=20)
    turn, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(64, 64)))

    def share(index, queries):
        return (simlib.Index().add(index, y).lookup(queries, k=1).labels[:, 0] == mnist().test.y).mean()

    train, test = embedded.train[rows], embedded.test
    shares = [share(train, test), share(train, test @ turn), share(train @ turn, test @ turn)]
    return (
        "Before {:.3f}, stale {:.3f}, mended {:.3f}. The new model is as good as the old one, and yet its queries find "
        "nothing in the old index: a place in one space says nothing about another. And no error tells you: the shapes "
        "fit. That is why a `SimilarityModel` refuses to look up when its weights have changed since the index was made. "
        "In a shared database nobody checks this for you: store the model's version with the vectors.".format(
            *shares
        )
    )


def unit(x):
    return x / np.linalg.norm(x, axis=1, keepdims=True)
