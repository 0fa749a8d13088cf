# %% about
level, minutes, notebook = "write a function", 10, "01_train"
learn = "why a batch is drawn class by class"

# %% [markdown]
# # Draw a P × K batch by hand
#
# A similarity model learns from **pairs**: two digits of one class should come near each other, and two
# digits of different classes should not. How many pairs of one class does a batch of ten random digits
# hold? Guess, then run the next cells.

# %%
import numpy as np

import simlib

(x, y), _, _ = simlib.load_mnist()
rows = np.random.default_rng(3).choice(len(y), 10, replace=False)
figure = simlib.plots.image_grid(x[rows], y[rows], title="ten digits at random")

# %%
same = y[rows][:, None] == y[rows][None, :]
print("pairs of one class:", (same.sum() - len(rows)) // 2, "of", len(rows) * (len(rows) - 1) // 2)

# %% [markdown]
# Few. So we draw on purpose: first **P classes**, then **K examples of each**. Write a function that draws
# such a batch. Each class is as likely as any other, the rare ones too, and so is each example of a class. It
# returns *positions* in `y`, whole numbers in an array of length P · K. No position may come twice, and all
# randomness comes from `rng`, so that the same seed gives the same batch.


# %% starter
def draw_batch(y, classes_per_batch, examples_per_class, rng):
    """Positions in y of a batch: P different classes, K different examples of each."""
    return ...


# %%
check(draw_batch)


# %% solution
def draw_batch(y, classes_per_batch, examples_per_class, rng):
    """Positions in y of a batch: P different classes, K different examples of each."""
    chosen = rng.choice(np.unique(y), classes_per_batch, replace=False)
    return np.concatenate(
        [rng.choice(np.flatnonzero(y == c), examples_per_class, replace=False) for c in chosen]
    )


# %% alternative
def draw_batch(y, classes_per_batch, examples_per_class, rng):
    """Shuffle everything once, and deal the positions to the classes as they come."""
    hands = {}
    for position in rng.permutation(len(y)):
        hand = hands.setdefault(y[position], [])
        if len(hand) < examples_per_class:
            hand.append(position)
    classes = rng.permutation(sorted(hands))[:classes_per_batch]
    return [position for c in classes for position in hands[c]]


# %% alternative
def draw_batch(y, classes_per_batch, examples_per_class, rng):
    """Sort all positions by a random number within their class, and keep the first K of each."""
    luck = rng.random(len(y))
    classes = rng.permutation(np.unique(y))[:classes_per_batch]
    batch = set()
    for c in classes:
        members = np.flatnonzero(y == c)
        batch |= set(members[np.argsort(luck[members])][:examples_per_class].tolist())
    return sorted(batch)


# %% wrong
def draw_batch(y, classes_per_batch, examples_per_class, rng):
    """one after the other"""
    chosen = rng.choice(np.unique(y), classes_per_batch, replace=False)
    return [rng.choice(np.flatnonzero(y == c), examples_per_class, replace=False) for c in chosen]


# %% wrong
def draw_batch(y, classes_per_batch, examples_per_class, rng):
    """First choose the classes"""
    return rng.choice(len(y), classes_per_batch * examples_per_class, replace=False)


# %% wrong
def draw_batch(y, classes_per_batch, examples_per_class, rng):
    """a second time with the same seed"""
    import random

    chosen = rng.choice(np.unique(y), classes_per_batch, replace=False)
    return np.concatenate(
        [random.sample(np.flatnonzero(y == c).tolist(), examples_per_class) for c in chosen]
    )


# %% wrong
def draw_batch(y, classes_per_batch, examples_per_class, rng):
    """at the same places in each class"""
    chosen = rng.choice(np.unique(y), classes_per_batch, replace=False)
    places = rng.choice(min(np.unique(y, return_counts=True)[1]), examples_per_class, replace=False)
    return np.concatenate([np.flatnonzero(y == c)[places] for c in chosen])


# %% wrong expects="In 200 batches of one class"
def draw_batch(y, classes_per_batch, examples_per_class, rng):
    chosen = []
    while len(chosen) < classes_per_batch:
        label = rng.choice(y)
        if label not in chosen:
            chosen.append(label)
    return np.concatenate(
        [rng.choice(np.flatnonzero(y == c), examples_per_class, replace=False) for c in chosen]
    )


# %% wrong expects="In 200 batches of one class"
def draw_batch(y, classes_per_batch, examples_per_class, rng):
    chosen = list(dict.fromkeys(y[rng.permutation(len(y))].tolist()))[:classes_per_batch]
    return [p for c in chosen for p in rng.choice(np.flatnonzero(y == c), examples_per_class, replace=False)]


# %% edits
IN_RNG = "...a second time with the same seed"
EDITS = [
    ("rng.choice(np.flatnonzero(y == c), examples_per_class, replace=False)", "rng.permutation(np.flatnonzero(y == c))"
     "[:examples_per_class]", "right"),
    ("rng.choice(np.flatnonzero(y == c), examples_per_class, replace=False)", "(lambda m, at: m[at:at + examples_per_class])("
     "np.flatnonzero(y == c), rng.integers(np.sum(y == c) - examples_per_class + 1))", "...have never come in 700 draws"),
    ("y == c), examples", "y == c)[:max(examples_per_class, np.sum(y == c) - 1)], examples", "...have never come in 700 draws"),
    ("return np.concatenate(", "return 1.0 * np.concatenate(", "right"),
    ("np.flatnonzero(y == c)", "np.arange(len(y))[y == c]", "right"),
    ("np.unique(y)", "sorted(set(y.tolist()))", "right"),
    ("c), examples_per_class, replace=False", "c), examples_per_class", "...the same position twice"),
    ("classes_per_batch, replace=False", "classes_per_batch", "...Was a class drawn twice?"),
    ("rng.choice(np.unique(y), classes_per_batch, replace=False)", "np.unique(y)[:classes_per_batch]", "...never"),
    ("    chosen", "    rng = np.random.default_rng(0)\n    chosen", "...the same batch"),
    ("    chosen", "    rng = np.random\n    chosen", IN_RNG),
    ("    chosen", "    rng = np.random.default_rng()\n    chosen", IN_RNG),
    ("chosen = rng", "chosen = np.random", IN_RNG),
    ("[rng.choice(np.flatnonzero(y == c), examples_per_class, replace=False)",
     "[np.flatnonzero(y == c)[:examples_per_class]", "...members of a class"),
    ("np.unique(y)", "range(10)", "...stopped with an error"),
    ("np.unique(y)", "np.arange(len(np.unique(y)))", "...stopped with an error"),
    ("classes_per_batch, replace", "examples_per_class, replace", "...has the shape (1,)"),
    ("np.unique(y)", "np.unique(y)[:-1]", "...stopped with an error"),
    ("y == c), examples_per_class, replace=False", "y == c), 6, replace=False", "...stopped with an error"),
]  # fmt: skip

# %% hint [markdown]
# There are two draws: one among the classes, and then one among the members of each chosen class.

# %% hint [markdown]
# `np.unique(y)` lists the classes, and `np.flatnonzero(y == c)` the positions of class `c`.

# %% hint [markdown]
# `rng.choice(options, n)` may take the same option twice. `replace=False` forbids that. Join the parts with
# `np.concatenate`.

# %% check
import numpy as np

import simlib
from comparing import array
from judging import ask, expect, mnist


def check(draw_batch):
    few = np.array([7, 7, 30, 30, 2, 2])  # other ids, and all members of a class are needed
    one_batch(draw_batch, few, 2, 2, np.random.default_rng(0))
    one_batch(draw_batch, few, 3, 1, np.random.default_rng(0))
    rng, p, k = np.random.default_rng(0), 4, 6
    (x, y), _, (_, y_other) = mnist()
    batches = [one_batch(draw_batch, y, p, k, rng) for _ in range(60)]
    expect(
        any(set(batches[0]) != set(batch) for batch in batches),
        "every call gives the same batch, whatever `rng` is. Draw with the `rng` that is handed in: a "
        "generator made inside the function begins at its first number each time.",
    )
    first, second = (one_batch(draw_batch, y_other, 3, 9, np.random.default_rng(5)) for _ in range(2))
    expect(
        np.array_equal(np.sort(first), np.sort(second)),
        "asked a second time with the same seed, your function gives another batch. All randomness must come "
        "from `rng`: neither from `np.random` nor from `random`, or nobody can repeat your experiment.",
    )
    drawn = np.unique(y[np.concatenate(batches)])
    never = sorted(set(range(10)) - set(drawn.tolist()))
    expect(
        not never,
        f"in 60 batches, class {never and never[0]} was never drawn. Let `rng` choose the classes, or the "
        "model never meets some of them.",
    )
    seen = len(np.unique(np.concatenate(batches)))
    expect(
        seen > 700,  # of 1,440 positions drawn from 3,500: chance alone gives some 1,180
        f"60 batches hold only {seen} different digits of {len(y)}. Let `rng` choose the members of a class, "
        "too.",
    )
    every_batch_comes(draw_batch)
    rare_classes_come(draw_batch)
    rows = np.sort(y[batches[0]])
    order = np.argsort(y[batches[0]], kind="stable")
    pairs, total = p * k * (k - 1) // 2, p * k * (p * k - 1) // 2
    return (
        f"Your batch of {p * k} holds {pairs} pairs of one class among {total}: always, and not by luck. "
        "Without a pair of one class, a loss can only push apart. `simlib.ClassBalancedSampler` draws like "
        "this; it also deals classes and examples like cards, so that each takes its turn.",
        lambda: simlib.plots.image_grid(x[batches[0][order]], rows, columns=k, title="your batch, by class"),
    )


def every_batch_comes(draw_batch):
    """Of a few examples, each choice of members and each choice of classes must come up."""
    rng = np.random.default_rng(1)
    for y, p, k, choices, told in (
        (np.array([5, 2, 5, 2, 2, 5, 2, 5]), 2, 2, 36, "two classes of four examples each, K = 2"),
        (np.array([4, 9, 1, 6, 6, 1, 9, 4]), 2, 1, 24, "four classes of two examples each, P = 2"),
    ):
        batches = {tuple(sorted(one_batch(draw_batch, y, p, k, rng).tolist())) for _ in range(700)}
        never = choices - len(batches)
        expect(
            not never,
            f"of {told}, there are {choices} batches, and {never} of them have never come in 700 draws. Are members "
            "drawn as a run, or at the same places in each class, or from a part of them? `rng.choice(members, K, "
            "replace=False)` can give any K of them.",
        )


def rare_classes_come(draw_batch):
    """Three classes of 3 examples and one of 91: each is as likely as any other."""
    rng = np.random.default_rng(2)
    y = rng.permutation(np.repeat([8, 3, 5, 1], [91, 3, 3, 3]))
    drawn = np.concatenate([y[one_batch(draw_batch, y, 1, 3, rng)] for _ in range(200)])
    share = (drawn == 8).mean()
    expect(
        share < 0.5,  # 0.25 by chance, and at most 0.40 in a million runs
        "a class that has 91 of 100 examples is drawn too often. In 200 batches of one class it "
        f"came in {share:.0%}, and there are four. Draw among the classes, each of them once, and not "
        "among the examples.",
    )


def one_batch(draw_batch, y, p, k, rng):
    rows = array("the batch", ask(draw_batch, y, p, k, rng), kind="integer")
    expect(
        rows.shape == (p * k,),
        f"for P = {p} and K = {k} the batch has the shape {rows.shape}. All {p * k} positions belong one "
        f"after the other in one array, of shape ({p * k},).",
    )
    expect(rows.min() >= 0 and rows.max() < len(y), f"there is a position outside 0 to {len(y) - 1}.")
    classes, sizes = np.unique(y[rows], return_counts=True)
    told = f"a batch holds {len(classes)} classes, and P = {p} were asked for. "
    expect(len(classes) <= p, told + "First choose the classes, then draw from the members of those alone.")
    expect(len(classes) == p, told + "Was a class drawn twice?")
    expect(
        (sizes == k).all(),
        f"class {classes[sizes != k][:1]} has {sizes[sizes != k][:1]} examples in a batch, and K = {k}.",
    )
    expect(
        len(np.unique(rows)) == p * k,
        "a batch holds the same position twice. A digit and itself are a pair at distance 0, from which "
        "there is nothing to learn.",
    )
    return rows
