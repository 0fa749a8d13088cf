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


# %% alternative
def nearest(queries, vectors, k):
    """Take k without sorting all, then sort those."""
    q = queries / np.linalg.norm(queries, axis=1, keepdims=True)
    v = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    distances = 1 - q @ v.T
    some = np.argpartition(distances, k - 1, axis=1)[:, :k]
    order = np.argsort(np.take_along_axis(distances, some, axis=1), axis=1)
    return np.take_along_axis(some, order, axis=1)


# %% wrong expects="the right ones, in no order"
def nearest(queries, vectors, k):
    q = queries / np.linalg.norm(queries, axis=1, keepdims=True)
    v = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.argpartition(1 - q @ v.T, k - 1, axis=1)[:, :k]


# %% wrong expects="is right"
def nearest(queries, vectors, k):
    q = queries / np.linalg.norm(queries, axis=1, keepdims=True)
    v = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    some = np.argpartition(1 - q @ v.T, max(k - 2, 0), axis=1)[:, :k]  # the last of the k may be any
    order = np.argsort(np.take_along_axis(1 - q @ v.T, some, axis=1), axis=1)
    return np.take_along_axis(some, order, axis=1)


# %% wrong expects="out of bounds"
def nearest(queries, vectors, k):
    q = queries / np.linalg.norm(queries, axis=1, keepdims=True)
    v = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    some = np.argpartition(1 - q @ v.T, k, axis=1)[:, :k]  # there is no place k where k is all
    order = np.argsort(np.take_along_axis(1 - q @ v.T, some, axis=1), axis=1)
    return np.take_along_axis(some, order, axis=1)


# %% edits
QUERIES = "queries / np.linalg.norm(queries, axis=1, keepdims=True)"
VECTORS = "vectors / np.linalg.norm(vectors, axis=1, keepdims=True)"
SORT = "np.argsort(distances, axis=1)[:, :k]"
LONG = (
    "the length of the vectors matters in your answer: it is the inner product. A long vector then is near to "
    "everything. Divide each row by its length first."
)
EDITS = [
    (QUERIES, "queries", "right"),  # a query's own length changes nothing in its order
    (SORT, "np.argsort(distances, axis=1)[:, :k].tolist()", "right"),
    ("1 - queries @ vectors.T", "np.linalg.norm(queries[:, None] - vectors[None], axis=2)", "right"),
    (VECTORS, "vectors", LONG),
    (VECTORS, "vectors / np.linalg.norm(vectors)", LONG),
    (VECTORS, "vectors / np.linalg.norm(vectors, axis=0)", "you divide each *column* by its length. Each row is a "
     "vector: `axis=1`."),
    ("1 - queries @ vectors.T", "queries @ vectors.T", "you return those furthest away. A small distance is near, "
     "a large *cosine*."),
    ("[:, :k]", "[:, 1 : k + 1]", "your answer leaves out the nearest of all. Counting starts at 0. (Only where the "
     "queries themselves stand in the index is the first neighbour the query itself.)"),
    (SORT, "np.argsort(distances, axis=0).T[:, :k]", "you sort along the wrong axis: each *row* of distances "
     "belongs to one query."),
    (SORT, "np.sort(np.argsort(distances, axis=1)[:, :k])", "...the right ones, in no order"),
    (SORT, "np.argsort(distances, axis=1)[:, :k][:, ::-1]", "...the right ones, in no order"),
    ("[:, :k]", "[:, :6]", "...must have the shape"),
    ("[:, :k]", "[:, -k:]", "you return those furthest away. A small distance is near, a large *cosine*."),
    (SORT, "np.sort(distances, axis=1)[:, :k]", "you return the distances, and the positions are asked for: "
     "`np.argsort`."),
    ("    queries = " + QUERIES, "    vectors = model.embed(x_index)\n    queries = " + QUERIES,
     "...stopped with an error"),
    ("1 - queries @ vectors.T", "np.abs(queries @ vectors.T - 1).round(2)", "...is right"),
    (SORT, "np.argsort(np.where(distances < 1e-9, 9, distances), axis=1)[:, :k]", "...is right"),
    ("1 - queries @ vectors.T", "1 - np.abs(queries @ vectors.T)", "your distance forgets the sign: a vector that "
     "points the *other* way counts as near."),
    (SORT, "np.argsort(distances, axis=1)[:k]", "...must have the shape"),
]  # fmt: skip

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
from judging import reference


def check(nearest):
    rng = np.random.default_rng(0)
    cases = {}
    for n, q, d, k in ((40, 7, 5, 3), (40, 1, 5, 1), (500, 30, 16, 10), (9, 4, 5, 9), (3000, 3, 4, 300)):
        vectors = rng.normal(size=(n, d)) * rng.uniform(0.2, 5, size=(n, 1))  # of many lengths
        queries = rng.normal(size=(q, d)) * rng.uniform(0.2, 5, size=(q, 1))
        cases[f"for {q} queries, {n} vectors and k = {k}"] = (queries, vectors, k)
    vectors = rng.normal(size=(20, 4))
    cases["for queries that stand among the vectors"] = (2 * vectors[[3, 17]], vectors, 4)
    splits, embedded, *_ = reference()
    test, train = embedded.test[:4], embedded.train[:300]
    cases["for four test digits and k = 6"] = (test, train, 6)
    facts = [(UNSORTED, lambda found, right: np.array_equal(np.sort(found), np.sort(right)))]
    *_, found = compare("nearest", nearest, cases, facts=facts)
    near = simlib.Index().add(train, splits.train.y[:300]).lookup(test, k=6)
    return (
        "Your positions agree with `simlib.Index`, and these are your neighbours. This is all that exact "
        "search is: one product and a partial sort. Its cost grows with queries x vectors x dimensions, and "
        "that is why there is approximate search for millions of vectors.",
        lambda: simlib.plots.neighbor_strips(
            splits.test.x[:4], splits.test.y[:4], near, splits.train.x[:300][found]
        ),
    )


UNSORTED = "you return the right ones, in no order by distance. The nearest comes first."
