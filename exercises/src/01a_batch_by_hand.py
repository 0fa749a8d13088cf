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
# such a batch. It returns *positions* in `y`, whole numbers in an array of length P · K. No position may
# come twice, and all randomness comes from `rng`, so that the same seed gives the same batch.


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


# %% wrong expects="the same position twice"
def draw_batch(y, classes_per_batch, examples_per_class, rng):
    chosen = rng.choice(np.unique(y), classes_per_batch, replace=False)
    return np.concatenate([rng.choice(np.flatnonzero(y == c), examples_per_class) for c in chosen])


# %% wrong expects="classes, and"
def draw_batch(y, classes_per_batch, examples_per_class, rng):
    chosen = rng.choice(np.unique(y), classes_per_batch)
    return np.concatenate(
        [rng.choice(np.flatnonzero(y == c), examples_per_class, replace=False) for c in chosen]
    )


# %% wrong expects="never drawn"
def draw_batch(y, classes_per_batch, examples_per_class, rng):
    chosen = np.unique(y)[:classes_per_batch]
    return np.concatenate(
        [rng.choice(np.flatnonzero(y == c), examples_per_class, replace=False) for c in chosen]
    )


# %% wrong expects="the same batch"
def draw_batch(y, classes_per_batch, examples_per_class, rng):
    rng = np.random.default_rng(0)
    chosen = rng.choice(np.unique(y), classes_per_batch, replace=False)
    return np.concatenate(
        [rng.choice(np.flatnonzero(y == c), examples_per_class, replace=False) for c in chosen]
    )


# %% wrong expects="one after the other"
def draw_batch(y, classes_per_batch, examples_per_class, rng):
    chosen = rng.choice(np.unique(y), classes_per_batch, replace=False)
    return [rng.choice(np.flatnonzero(y == c), examples_per_class, replace=False) for c in chosen]


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
from judging import array, ask, expect


def check(draw_batch):
    _, (x, y), _ = simlib.load_mnist()
    rng, p, k = np.random.default_rng(0), 4, 6
    batches = [one_batch(draw_batch, y, p, k, rng) for _ in range(60)]
    one_batch(draw_batch, np.array([7, 7, 30, 30, 2, 2]), 2, 2, rng)  # other ids, all members of a class
    expect(
        any(set(batches[0]) != set(batch) for batch in batches),
        "every call gives the same batch, whatever `rng` is. Draw with the `rng` that is handed in: a "
        "generator made inside the function begins at its first number each time.",
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
        seen > 400,
        f"60 batches hold only {seen} different digits of 500. Let `rng` choose the members of a class, too.",
    )
    rows = np.sort(y[batches[0]])
    order = np.argsort(y[batches[0]], kind="stable")
    figure = simlib.plots.image_grid(x[batches[0][order]], rows, columns=k, title="your batch, by class")
    pairs, total = p * k * (k - 1) // 2, p * k * (p * k - 1) // 2
    return (
        f"Your batch of {p * k} holds {pairs} pairs of one class among {total}: always, and not by luck. "
        "Without a pair of one class, a loss can only push apart. `simlib.ClassBalancedSampler` draws like "
        "this; it also deals classes and examples like cards, so that each takes its turn.",
        figure,
    )


def one_batch(draw_batch, y, p, k, rng):
    answer = ask(draw_batch, y, p, k, rng)
    rows = array("the batch", answer, kind="integer")
    expect(
        rows.shape == (p * k,),
        f"for P = {p} and K = {k} the batch has the shape {rows.shape}. All {p * k} positions belong one "
        f"after the other in one array, of shape ({p * k},).",
    )
    expect(
        rows.min() >= 0 and rows.max() < len(y),
        f"there is a position outside 0 to {len(y) - 1}.",
    )
    expect(
        len(y) < 100 or rows.max() > 9,
        "the batch holds no number above 9. Are those the labels? Positions in `y` are asked for.",
    )
    classes, sizes = np.unique(y[rows], return_counts=True)
    told = f"a batch holds {len(classes)} classes, and P = {p} were asked for. "
    expect(
        len(classes) <= p,
        told + "First choose the classes, then draw from the members of those alone.",
    )
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
