# %% about
level, minutes, notebook = "fill a line", 5, "07_scale"
learn = "what an index weighs, on paper"

# %% [markdown]
# # Will it fit?
#
# Before you choose a search, compute. A vector of d numbers in float32 takes 4 bytes for each. Ten million digits, as
# embeddings of 64 numbers: does that fit into a laptop's 16 GB? And all distances of a thousand queries to them, at
# once? Guess both.

# %%
import numpy as np

n, d, queries = 10_000_000, 64, 1_000
print(f"{n:,} vectors of {d} numbers, {queries:,} queries at once")

# %% [markdown]
# Fill in the three lines. The first two are in GB, one GB being $10^9$ bytes, and all numbers are float32. The third:
# if the distances of one *block* of queries may take at most `room` GB, how many queries may a block hold? A whole
# number, rounded down; but at least 1, or nothing would ever be searched.


# %% starter
def weights(n, d, queries, room):
    """(GB of the vectors, GB of all distances at once, queries in a block) for n vectors of d numbers."""
    vectors = ...
    distances = ...
    block = ...
    return vectors, distances, block


# %%
check(weights)


# %% solution
def weights(n, d, queries, room):
    """(GB of the vectors, GB of all distances at once, queries in a block) for n vectors of d numbers."""
    vectors = 4 * n * d / 1e9
    distances = 4 * n * queries / 1e9
    block = max(1, int(room * 1e9 / (4 * n)))
    return vectors, distances, block


# %% alternative
def weights(n, d, queries, room):
    """With NumPy's own word for the size of a number."""
    size = np.dtype(np.float32).itemsize
    return [
        n * d * size * 1e-9,
        n * queries * size * 1e-9,
        np.maximum(np.floor(room * 1e9 / (n * size)), 1.0),
    ]


# %% alternative
def weights(n, d, queries, room):
    """Whole division."""
    block = round(room * 1e9) // (4 * n)
    return n * d / 250_000_000, n * queries / 250_000_000, block or 1


# %% edits
EDITS = [
    ("4 * n * d / 1e9", "(n * d) * 4 / 10**9", "right"),
    ("int(room * 1e9 / (4 * n))", "int(room * 1e9 // 4 // n)", "right"),
    ("4 * n", "8 * n", "you count 8 bytes for a number: that is float64. float32 has 4."),
    ("4 * n", "n", "you count numbers, and a number in float32 takes 4 bytes."),
    ("4 * n", "32 * n", "you count 32 bytes for a number, and float32 has 32 *bits*: 4 bytes."),
    ("1e9", "1e6", "you divide by a million, and a GB is a thousand million bytes."),
    ("1e9", "2**30", "you divide by 2 to the 30th: that is a GiB. Here one GB is 10 to the 9th bytes."),
    ("4 * n * queries", "4 * d * queries", "your distances do not depend on n. Each query has one distance to *each* "
     "vector."),
    ("4 * n * queries", "4 * n * n", "your distances are those of all vectors to all vectors. Queries times vectors is "
     "asked for."),
    ("4 * n * queries", "4 * n * queries * d", "a distance is a single number, however many numbers a vector has: no d."),
    ("4 * n * d", "4 * n", "your vectors lack their dimensions: each has d numbers."),
    ("max(1, int(room * 1e9 / (4 * n)))", "int(room * 1e9 / (4 * n))", "your block may be 0, and then nothing is searched: "
     "`max(1, ...)`."),
    ("max(1, int(room * 1e9 / (4 * n)))", "room * 1e9 / (4 * n)", "...must hold whole numbers"),
    ("int(room", "round(room", "...is right"),
    ("4 * n * d", "4 * (n + queries) * d", "...is 0.0494028, and 0.0493828 is right"),
    ("max(1, int(room * 1e9 / (4 * n)))", "max(1, int(distances / room))", "...is right"),
    ("max(1", "min(1", "...is right"),
    ("int(room * 1e9 / (4 * n))", "min(queries, int(room * 1e9 / (4 * n)))", "...is right"),
    ("return vectors", "return vectors * 1e9", "...is right"),
]  # fmt: skip

# %% hint [markdown]
# Bytes: how many numbers, times 4. Vectors: n times d numbers. Distances: one for each query and each vector.

# %% hint [markdown]
# One query's distances take `4 * n` bytes. How often does that go into `room * 1e9`?


# %% check
def check(weights):
    rooms = (0.016, 1, 0.5005, 0.3)
    sizes = ((10_000_000, 64, 1_000), (1_000, 16, 7), (123_457, 100, 50), (1_000_000_000, 64, 1))
    cases = {
        f"for {n:,} vectors of {d} numbers, {q:,} queries and {room} GB": (n, d, q, room)
        for (n, d, q), room in zip(sizes, rooms)
    }
    compare("weights", weights, cases, name="of the three values")
    return (
        "Ten million embeddings are 2.56 GB: they fit. A thousand queries at once would need 40 GB for their "
        "distances, so nobody computes them at once: `simlib.Index` takes a block of queries, keeps the k best of each, "
        "and goes on. A *billion* vectors are 256 GB: that is where vectors are rounded to a few bytes, or spread over "
        "several machines."
    )
