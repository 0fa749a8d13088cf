# %% about
level, minutes, notebook = "write a function", 15, "02_index"
learn = "to search vectors that no model has made, whose columns have units"

# %% [markdown]
# # Grams and milligrams
#
# Not every vector comes from a model. Here is a cellar: 178 wines of three growers, and of each 13 numbers, as the
# laboratory wrote them down: alcohol in per cent, magnesium and proline in milligrams a litre, the hue, and so on. How many
# nearest neighbours are wines of the same grower? And which distance will do best? Guess, then run the cells.

# %%
import numpy as np
from sklearn.datasets import load_wine

import simlib

wine = load_wine()
order = np.random.default_rng(0).permutation(len(wine.target))
vectors, growers = wine.data[order[:78]], wine.target[order[:78]]
queries, truth = wine.data[order[78:]], wine.target[order[78:]]
for distance in ("cosine", "euclidean", "manhattan"):
    near = simlib.Index(distance).add(vectors, growers).lookup(queries, k=1)
    print(f"{distance:10} {(near.labels[:, 0] == truth).mean():.2f}")

# %%
for name, spread in zip(wine.feature_names, vectors.std(axis=0)):
    print(f"{name:30} {spread:8.2f}")

# %% [markdown]
# Proline alone decides, because somebody wrote it in *milligrams*: in grams it would hardly count. No distance can know
# that. So write a search that does not depend on units: divide each column, in `vectors` and in `queries`, by its **standard
# deviation in `vectors`** (`np.std`), and then take the **Euclidean** distance. A column that has one and the same value in
# all of `vectors` tells nothing: leave it out. (Its `np.std` may be a hair above 0, by rounding: ask the values.) Return the positions of the k nearest, the nearest first.


# %% starter
def nearest(queries, vectors, k):
    """Positions of the k vectors nearest to each query, whatever the columns' units: (queries, k)."""
    return ...


# %%
check(nearest)


# %% solution
def nearest(queries, vectors, k):
    """Positions of the k vectors nearest to each query, whatever the columns' units: (queries, k)."""
    spread = vectors.std(axis=0)
    told = vectors.min(axis=0) < vectors.max(axis=0)
    near, far = queries[:, told] / spread[told], vectors[:, told] / spread[told]
    gaps = near[:, None, :] - far[None, :, :]
    return np.argsort((gaps**2).sum(axis=2), axis=1)[:, :k]


# %% alternative
def nearest(queries, vectors, k):
    """An index does the search; the mean, taken from both sides, changes no distance."""
    mean, spread = vectors.mean(axis=0), vectors.std(axis=0)
    spread[np.ptp(vectors, axis=0) == 0] = np.inf
    index = simlib.Index("euclidean").add((vectors - mean) / spread, np.arange(len(vectors)))
    return index.lookup((queries - mean) / spread, k=k).labels


# %% alternative
def nearest(queries, vectors, k):
    """One query at a time, with SciPy's own name for it; the other formula for the variance turns all alike."""
    from scipy.spatial.distance import cdist

    told = np.ptp(vectors, axis=0) > 0
    variance = vectors[:, told].var(axis=0, ddof=1)
    return [
        np.argsort(cdist([q[told]], vectors[:, told], "seuclidean", V=variance)[0])[:k].tolist()
        for q in queries
    ]


# %% alternative
def nearest(queries, vectors, k):
    """In place, with scikit-learn, which divides constant columns by 1; then they must be made equal."""
    from sklearn.preprocessing import StandardScaler

    queries[:, np.ptp(vectors, axis=0) == 0] = 0
    vectors[:, np.ptp(vectors, axis=0) == 0] = 0
    scaler = StandardScaler().fit(vectors)
    q, v = scaler.transform(queries), scaler.transform(vectors)
    squared = (q**2).sum(1)[:, None] + (v**2).sum(1) - 2 * q @ v.T
    return np.argsort(squared, axis=1)[:, :k].astype(float)


# %% wrong
def nearest(queries, vectors, k):
    """you scale the queries by their own spread. A query that comes alone has none: take that of `vectors` for both."""
    near, far = queries / queries.std(axis=0), vectors / vectors.std(axis=0)
    return np.argsort(((near[:, None] - far[None]) ** 2).sum(axis=2), axis=1)[:, :k]


# %% wrong
def nearest(queries, vectors, k):
    """you measure the spread over vectors and queries together. The index is all that is known beforehand."""
    spread = np.concatenate([queries, vectors]).std(axis=0)
    told = np.ptp(vectors, axis=0) > 0
    near, far = queries[:, told] / spread[told], vectors[:, told] / spread[told]
    return np.argsort(((near[:, None] - far[None]) ** 2).sum(axis=2), axis=1)[:, :k]


# %% wrong expects="...is right"
def nearest(queries, vectors, k):
    near, far = queries / queries.max(axis=0), vectors / vectors.max(axis=0)
    return np.argsort(((near[:, None] - far[None]) ** 2).sum(axis=2), axis=1)[:, :k]


# %% wrong expects="...is right"
def nearest(queries, vectors, k):
    spread = np.array(wine.data.std(axis=0)[: vectors.shape[1]])
    near, far = queries / spread, vectors / spread
    return np.argsort(((near[:, None] - far[None]) ** 2).sum(axis=2), axis=1)[:, :k]


# %% edits
UNITS = (
    "your columns still have their units, so that the one with the largest numbers decides. Each needs a divisor of its "
    "own: `vectors.std(axis=0)` holds one for each column."
)
GAPS = "(gaps**2).sum(axis=2)"
EDITS = [
    (GAPS, "np.linalg.norm(gaps, axis=2)", "right"),
    (GAPS, "np.abs(gaps).sum(axis=2)", "you add up the differences themselves: that is the Manhattan distance, and the "
     "Euclidean one is asked for."),
    (GAPS, "np.abs(gaps).max(axis=2)", "you take the largest difference alone. The Euclidean distance adds up all squares."),
    ("spread = vectors.std(axis=0)", "spread = np.ones(vectors.shape[1])", UNITS),
    ("spread = vectors.std(axis=0)", "spread = np.full(vectors.shape[1], vectors.std())", UNITS),
    ("vectors.std(axis=0)", "vectors.var(axis=0)", "you divide by the variance. It has the square of a unit; its square "
     "root, the standard deviation, has the unit itself."),
    ("vectors.std(axis=0)", "queries.std(axis=0)", "you take the spread of the queries. They come one at a time: only "
     "`vectors` has a spread that stays."),
    ("vectors.std(axis=0)", "np.ptp(vectors, axis=0)", "you divide by the range, from the smallest to the largest. One odd "
     "value moves it; the standard deviation is asked for."),
    ("vectors.std(axis=0)", "np.abs(vectors).mean(axis=0)", "...is right"),
    ("vectors.std(axis=0)", "vectors.std(axis=1)", "...stopped with an error"),
    ("queries[:, told] / spread[told]", "queries[:, told]", "you scale `vectors` and not the queries. Both must be in the "
     "same unit."),
    ("/ spread[told]", "* spread[told]", "you multiply by the spread, so that the loudest column gets louder still."),
    ("vectors.min(axis=0) < vectors.max(axis=0)", "spread > -1", "a column that is the same in all of `vectors` has the spread 0, and 0 / 0 is NaN (not a "
     "number): then no order is left. Leave it out."),
    ("vectors.min(axis=0) < vectors.max(axis=0)", "spread > 1", "...is right"),
    ("vectors.min(axis=0) < vectors.max(axis=0)", "spread > 0", "you ask whether the spread is above 0. Of many times 0.1 it is "
     "some 1e-17, by rounding, and to divide by that makes the column deafening. Ask the values: are all equal to the first?"),
    ("vectors.min(axis=0) < vectors.max(axis=0)", "spread > 1e-6", "...as small as 1e-12"),
    ("vectors.min(axis=0) < vectors.max(axis=0)", "~np.isclose(vectors, vectors[0]).all(axis=0)", "...as small as"),
    ("vectors.min(axis=0) < vectors.max(axis=0)", "(vectors != vectors[0]).any(axis=0)", "right"),
    ("vectors.min(axis=0) < vectors.max(axis=0)", "vectors[0] != vectors[1]", "...in all vectors but three"),
    ("vectors.min(axis=0) < vectors.max(axis=0)", "vectors[0] != vectors[-1]", "...in all vectors but three"),
    ("vectors.min(axis=0) < vectors.max(axis=0)", "spread > 1e-3 * np.abs(vectors.mean(axis=0))", "...about 30,000"),
    ("vectors.min(axis=0) < vectors.max(axis=0)", "spread > 0.01 * np.abs(vectors.mean(axis=0))", "...about 30,000"),
    ("vectors.min(axis=0) < vectors.max(axis=0)", "np.ptp(vectors, axis=0) > 1e-3 * np.abs(vectors.mean(axis=0))", "...about 30,000"),
    ("vectors.min(axis=0) < vectors.max(axis=0)", "spread > 1e-9 * np.abs(vectors).max(axis=0)", "right"),
    ("sum(axis=2), axis=1)[:, :k]", "sum(axis=2), axis=1)[:, -k:]", "you return the furthest: `argsort` begins with the "
     "smallest."),
    ("sum(axis=2), axis=1)[:, :k]", "sum(axis=2), axis=1)[:, 1:k + 1]", "you leave the nearest out. No query stands in "
     "`vectors`: nobody is their own neighbour here."),
    ("np.argsort((gaps**2).sum(axis=2), axis=1)[:, :k]", "np.argpartition((gaps**2).sum(axis=2), k - 1, axis=1)[:, :k]",
     "you return the right ones, in no order by distance. The nearest comes first."),
    ("(gaps**2)", "gaps", "you add up differences with their signs, so that they cancel."),
]  # fmt: skip

# %% hint [markdown]
# `vectors.std(axis=0)` holds one number for each column. Divide `vectors` *and* `queries` by it.

# %% hint [markdown]
# A column that is the same for all has its smallest value as its largest. `told = vectors.min(axis=0) < vectors.max(axis=0)`
# picks the others: `vectors[:, told]`.

# %% hint [markdown]
# `(q[:, None] - v[None]) ** 2` has the shape (queries, vectors, columns). Sum over the last axis, then `np.argsort`. Or give
# the scaled vectors to `simlib.Index("euclidean")`.

# %% check
import numpy as np
from sklearn.datasets import load_wine

import simlib
from judging import expect, ask


def check(nearest):
    rng, cases = np.random.default_rng(1), {}
    for q, n, units in (
        (3, 40, [1, 1000.0, 0.01]),
        (1, 25, [1e-4, 5, 1, 1]),
        (8, 60, [2.0, 300, 1, 0.05, 7]),
        (2, 3000, [10.0, 0.1, 3]),  # many, as a partition sorts few by the way
    ):
        spread = np.array(units)
        vectors = (rng.normal(size=(n, len(units))) ** 3 - 2) * spread
        queries = (1.5 * rng.normal(size=(q, len(units))) - 1) * spread
        cases[f"for {n} vectors with columns of the sizes {units}"] = (queries, vectors, n // 3)
    odd = np.column_stack(
        [cases["for 40 vectors with columns of the sizes [1, 1000.0, 0.01]"][1], np.full(40, 5.0)]
    )
    cases["with a column that is 5 in all vectors"] = (odd[:6] + [0.1, 40, 0.003, 2], odd, 3)
    odd = np.column_stack([odd[:, :3], np.full(40, 0.1)])  # whose computed spread is 1e-17, and not 0
    cases["with a column that is 0.1 in all vectors"] = (odd[:6] + [0.1, 40, 0.003, 2], odd, 3)
    cases["for as many neighbours as there are vectors"] = (
        rng.normal(size=(2, 3)),
        rng.normal(size=(7, 3)),
        7,
    )
    odd = rng.normal(size=(36, 2)) * [1, 1e-12]
    cases["with a column that is as small as 1e-12"] = (odd[:6], odd[6:], 9)
    odd = np.column_stack([rng.normal(size=(30, 2)), np.isin(np.arange(30), (7, 11, 20))])
    cases["with a column that is 0 in all vectors but three"] = (odd[[3, 11]] + 0.1, odd, 9)
    # A spread of 1 about a mean of 30,000 tells something. (The distances lie so far apart that float32 tells them apart, too.)
    steps = np.random.default_rng(2).permuted(np.tile(np.arange(12.0), (2, 1)), axis=1).T
    near = np.array([[0.2, 0.1], [9.3, 10.4]])
    about = np.array([0, 30_000])
    cases["with a column of the size 1 about 30,000"] = (near * [5, 0.3] + about, steps * [5, 0.3] + about, 4)
    wine = load_wine()
    order = np.random.default_rng(5).permutation(len(wine.target))
    index, test = order[:78], order[78:]
    cases["for other wines"] = (wine.data[test], wine.data[index], 1)
    *_, found = compare("nearest", nearest, cases)
    grams = np.where(np.array(wine.feature_names) == "proline", 1e-3, 1.0)
    turned = ask(nearest, wine.data[test] * grams, wine.data[index] * grams, 1)
    expect(np.array_equal(turned, found), "with proline in grams, your function finds other neighbours.")

    def share(positions):
        return (wine.target[index][np.asarray(positions)[:, 0]] == wine.target[test]).mean()

    raw = simlib.Index("euclidean").add(wine.data[index]).lookup(wine.data[test], k=1).ids
    return (
        f"Of the same grower are {share(found):.2f} of the nearest, and {share(raw):.2f} with the numbers as they were written "
        "down. Embeddings of a model need none of this: its training has given all dimensions one scale, and cosine looks at "
        "the direction alone. But vectors of measurements, counts and prices have units, and then *you* choose what one step "
        "in each column is worth. Dividing by the spread is the usual first choice, and no law: a column of mere noise is "
        "made as loud as the others, too."
    )
