# %% about
level, minutes, notebook = "write a function", 10, "02_index"
learn = "exact nearest-neighbour search with one matrix product"

# %% [markdown]
# # Exact search with one matrix product
#
# An index of 200 vectors, and 1,000 queries: that is 200,000 cosine distances. A double loop computes them
# one by one. How many matrix products do it at once? (It is the smallest number above 0.)

# %%
import keras
import numpy as np

import simlib

model = keras.models.load_model("../notebooks/models/digits.keras")
(x, y), _, (x_test, y_test) = simlib.load_mnist()
x_index, y_index = simlib.select_examples(x, y, n=20)
vectors, queries = model.embed(x_index), model.embed(x_test[:5])
print("vectors", vectors.shape, "queries", queries.shape)

# %% [markdown]
# Write the search. For each query it returns the positions of the k nearest vectors by **cosine distance**,
# the nearest first, in an array of shape (queries, k). Cosine looks at directions alone: it must not matter
# how long a vector is. The vectors of this model have length 1, but the check hands you others, too.


# %% starter
def nearest(queries, vectors, k):
    """Positions of the k vectors nearest to each query by cosine distance: (queries, k)."""
    return ...


# %%
check(nearest)


# %% solution
def nearest(queries, vectors, k):
    """Positions of the k vectors nearest to each query by cosine distance: (queries, k)."""
    queries = queries / np.linalg.norm(queries, axis=1, keepdims=True)
    vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    distances = 1 - queries @ vectors.T
    return np.argsort(distances, axis=1)[:, :k]


# %% alternative
def nearest(queries, vectors, k):
    """Two loops, one distance at a time."""
    found = []
    for query in queries:
        distances = []
        for position, vector in enumerate(vectors):
            length = np.sqrt(sum(query**2)) * np.sqrt(sum(vector**2))
            distances.append((1 - sum(query * vector) / length, position))
        found.append([position for _, position in sorted(distances)[:k]])
    return found


# %% wrong expects="the length of the vectors matters"
def nearest(queries, vectors, k):
    return np.argsort(-queries @ vectors.T, axis=1)[:, :k]


# %% wrong expects="those furthest away"
def nearest(queries, vectors, k):
    queries = queries / np.linalg.norm(queries, axis=1, keepdims=True)
    vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.argsort(queries @ vectors.T, axis=1)[:, :k]


# %% wrong expects="leaves out the nearest"
def nearest(queries, vectors, k):
    queries = queries / np.linalg.norm(queries, axis=1, keepdims=True)
    vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.argsort(-queries @ vectors.T, axis=1)[:, 1 : k + 1]


# %% wrong expects="along the wrong axis"
def nearest(queries, vectors, k):
    queries = queries / np.linalg.norm(queries, axis=1, keepdims=True)
    vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.argsort(-queries @ vectors.T, axis=0)[:, :k]


# %% wrong expects="in no order"
def nearest(queries, vectors, k):
    queries = queries / np.linalg.norm(queries, axis=1, keepdims=True)
    vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.sort(np.argsort(-queries @ vectors.T, axis=1)[:, :k])


# %% hint [markdown]
# First make every vector and every query 1 long: divide each row by its length.

# %% hint [markdown]
# For rows of length 1, the cosine is a plain product: `queries @ vectors.T` has the shape (queries, vectors).
# The distance is 1 minus that.

# %% hint [markdown]
# `np.argsort(distances, axis=1)` orders each row, the smallest distance first. Keep the first k columns.

# %% check
import numpy as np

import simlib
from judging import array, ask, expect, reference


def check(nearest):
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(40, 5)) * rng.uniform(0.2, 5, size=(40, 1))  # of many lengths
    queries = rng.normal(size=(7, 5)) * rng.uniform(0.2, 5, size=(7, 1))
    for k in (3, 1):
        compare(nearest, queries, vectors, k)
    _, splits, embedded = reference()
    test, train = embedded.test[:4], embedded.train[:300]
    found = compare(nearest, test, train, 6)
    near = simlib.Index().add(train, splits.train.y[:300]).lookup(test, k=6)
    figure = simlib.plots.neighbor_strips(
        splits.test.x[:4], splits.test.y[:4], near, splits.train.x[:300][found]
    )
    return (
        "Your positions agree with `simlib.Index`, and these are your neighbours. This is all that exact "
        "search is: one product and a partial sort. Its cost grows with queries x vectors x dimensions, and "
        "that is why there is approximate search for millions of vectors.",
        figure,
    )


def compare(nearest, queries, vectors, k):
    answer = ask(nearest, queries, vectors, k)
    found = array("the answer", answer, (len(queries), k), kind="integer")
    cosine = simlib.distances.get("cosine")
    distances = cosine.pairwise(cosine.prepare(queries), cosine.prepare(vectors))
    order = np.argsort(distances, axis=1)
    right = order[:, :k]
    for mistaken, why in (
        (np.argsort(-queries @ vectors.T, axis=1)[:, :k], LONG),
        (
            order[:, ::-1][:, :k],
            "you return those furthest away. A small distance is near, a large *cosine*.",
        ),
        (np.argsort(distances, axis=0)[:, :k], SIDEWAYS),
        (order[:, 1 : k + 1], FIRST),
        (np.sort(right), "the right positions stand in no order by distance. The nearest comes first."),
    ):
        if not np.array_equal(mistaken, right):
            expect(not np.array_equal(found, mistaken), why)
    row = np.flatnonzero((found != right).any(axis=1))[:1]
    expect(
        not len(row),
        f"for query {row} and k = {k} you found {found[row].tolist()}; nearest are {right[row].tolist()}.",
    )
    return found


SIDEWAYS = "you sort along the wrong axis: each *row* of distances belongs to one query."
LONG = (
    "the length of the vectors matters in your answer: it is the inner product. A long vector then is near "
    "to everything. Divide each row by its length first."
)
FIRST = (
    "your answer leaves out the nearest of all. Counting starts at 0. (Only where the queries themselves "
    "stand in the index is the first neighbour the query itself.)"
)
