# %% about
level, minutes, notebook = "write a function", 20, "07_scale"
learn = "to search more vectors than fit in memory, exactly"

# %% [markdown]
# # More vectors than memory
#
# A million vectors and a thousand queries are a billion distances: 4 GB. Yet of each query only k are wanted.
# So let the vectors come in **blocks**, and keep the k best so far. How many distances need to be held at
# once?

# %%
import numpy as np

rng = np.random.default_rng(0)
vectors = rng.normal(size=(1000, 16)).astype(np.float32)
vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
queries = vectors[[3, 500, 997]]
blocks = np.array_split(vectors, [300, 600, 605])  # four blocks, of different sizes
print([len(block) for block in blocks])

# %% [markdown]
# Write the search. `blocks` is an iterator: it gives one array (size, d) after the other, **once**, and the
# check measures memory, with few blocks and with many. All vectors have length 1, so a large inner product is near.
# Return the positions of the k nearest vectors for each query, counted **over all blocks**, the nearest
# first: shape (queries, k).


# %% starter
def nearest_in_blocks(queries, blocks, k):
    """Positions, counted over all blocks, of the k vectors nearest to each query: (queries, k)."""
    return ...


# %%
check(nearest_in_blocks)


# %% solution
def nearest_in_blocks(queries, blocks, k):
    """Positions, counted over all blocks, of the k vectors nearest to each query: (queries, k)."""
    best = np.empty((len(queries), 0))
    ids = np.empty((len(queries), 0), int)
    start = 0
    for block in blocks:
        here = np.arange(start, start + len(block))
        best = np.concatenate([best, queries @ block.T], axis=1)
        ids = np.concatenate([ids, np.tile(here, (len(queries), 1))], axis=1)
        keep = np.argsort(-best, axis=1)[:, :k]
        best, ids = np.take_along_axis(best, keep, 1), np.take_along_axis(ids, keep, 1)
        start += len(block)
    return ids


# %% alternative
def nearest_in_blocks(queries, blocks, k):
    """A heap of the k best for each query."""
    import heapq

    heaps = [[] for _ in queries]
    position = 0
    for block in blocks:
        for vector in block:
            for heap, query in zip(heaps, queries):
                item = (float(query @ vector), position)
                if len(heap) < k:
                    heapq.heappush(heap, item)
                else:
                    heapq.heappushpop(heap, item)
            position += 1
    return [[position for _, position in sorted(heap, reverse=True)] for heap in heaps]


# %% alternative
def nearest_in_blocks(queries, blocks, k):
    """The k best of each block, and the k best of these at the end: a little is kept of every block."""
    best, ids, start = [], [], 0
    for block in blocks:
        similarity = queries @ block.T
        some = np.argsort(-similarity, axis=1)[:, :k]
        best.append(np.take_along_axis(similarity, some, axis=1))
        ids.append(some + start)
        start += len(block)
        del block, similarity
    best, ids = np.hstack(best), np.hstack(ids)
    return np.take_along_axis(ids, np.argsort(-best, axis=1)[:, :k], axis=1).tolist()


# %% alternative
def nearest_in_blocks(queries, blocks, k):
    """An array of k places, filled with minus infinity at the start."""
    best = np.full((len(queries), k), -np.inf)
    ids = np.full((len(queries), k), -1)
    start = 0
    for block in blocks:
        both = np.hstack([best, queries @ block.T])
        names = np.hstack([ids, np.broadcast_to(start + np.arange(len(block)), (len(queries), len(block)))])
        order = np.argsort(-both, axis=1)[:, :k]
        best, ids = np.take_along_axis(both, order, axis=1), np.take_along_axis(names, order, axis=1)
        start += len(block)
    return ids


# %% wrong
def nearest_in_blocks(queries, blocks, k):
    """these are the best of the last block."""
    start = 0
    for block in blocks:
        ids = start + np.argsort(-queries @ block.T, axis=1)[:, :k]
        start += len(block)
    return ids


# %% wrong expects="your memory grows with the number of blocks"
def nearest_in_blocks(queries, blocks, k):
    return np.argsort(-queries @ np.concatenate(list(blocks)).T, axis=1)[:, :k]


# %% wrong expects="your memory grows with the number of blocks"
def nearest_in_blocks(queries, blocks, k):
    e = None
    for b in blocks:
        e = b if e is None else np.vstack([e, b])
    return np.argsort(-queries @ e.T, axis=1)[:, :k]


# %% wrong expects="your memory grows with the number of blocks"
def nearest_in_blocks(queries, blocks, k):
    kept = [np.array(b) for b in blocks]
    return np.argsort(-queries @ np.vstack(kept).T, axis=1)[:, :k]


# %% wrong expects="your memory grows with the number of blocks"
def nearest_in_blocks(queries, blocks, k):
    return np.argsort(-np.hstack([queries @ b.T for b in blocks]), axis=1)[:, :k]


# %% wrong expects="your memory grows with the number of blocks"
def nearest_in_blocks(queries, blocks, k):
    pairs = [(float(q @ v), i, j) for j, q in enumerate(queries) for i, v in enumerate([])]
    position = 0
    for block in blocks:
        for vector in block:
            pairs += [(float(q @ vector), position, j) for j, q in enumerate(queries)]
            position += 1
    pairs.sort(reverse=True)
    return [[p for _, p, who in pairs if who == j][:k] for j in range(len(queries))]


# %% wrong
def nearest_in_blocks(queries, blocks, k):
    """you begin with zeros as the best so far. A query may point away from all vectors, and then 0 is better than any
    true similarity: begin with `-np.inf`, or with nothing."""
    best, ids, start = np.zeros((len(queries), k)), np.zeros((len(queries), k), int), 0
    for block in blocks:
        best = np.concatenate([best, queries @ block.T], axis=1)
        ids = np.concatenate([ids, np.tile(start + np.arange(len(block)), (len(queries), 1))], axis=1)
        keep = np.argsort(-best, axis=1)[:, :k]
        best, ids = np.take_along_axis(best, keep, 1), np.take_along_axis(ids, keep, 1)
        start += len(block)
    return ids


# %% wrong
def nearest_in_blocks(queries, blocks, k):
    """you begin with -1 as the best so far. A vector that lies exactly opposite has that similarity, too: begin with
    `-np.inf`, or with nothing."""
    best, ids, start = np.full((len(queries), k), -1.0), np.zeros((len(queries), k), int), 0
    for block in blocks:
        best = np.concatenate([best, queries @ block.T], axis=1)
        ids = np.concatenate([ids, np.tile(start + np.arange(len(block)), (len(queries), 1))], axis=1)
        keep = np.argsort(-best, axis=1, kind="stable")[:, :k]
        best, ids = np.take_along_axis(best, keep, 1), np.take_along_axis(ids, keep, 1)
        start += len(block)
    return ids


# %% wrong expects="for 33,500 vectors"
def nearest_in_blocks(queries, blocks, k):
    best, ids, start = np.empty((len(queries), 0)), np.empty((len(queries), 0), np.int16), 0
    for block in blocks:
        best = np.concatenate([best, queries @ block.T], axis=1)
        own = np.tile((start + np.arange(len(block))).astype(np.int16), (len(queries), 1))
        ids = np.concatenate([ids, own], axis=1)  # whole numbers of two bytes end at 32,767
        keep = np.argsort(-best, axis=1)[:, :k]
        best, ids = np.take_along_axis(best, keep, 1), np.take_along_axis(ids, keep, 1)
        start += len(block)
    return ids


# %% wrong expects="the right ones, in no order"
def nearest_in_blocks(queries, blocks, k):
    best, ids, start = np.empty((len(queries), 0)), np.empty((len(queries), 0), int), 0
    for block in blocks:
        best = np.concatenate([best, queries @ block.T], axis=1)
        ids = np.concatenate([ids, np.tile(start + np.arange(len(block)), (len(queries), 1))], axis=1)
        keep = np.argpartition(-best, min(k, best.shape[1] - 1), axis=1)[:, :k]
        best, ids = np.take_along_axis(best, keep, 1), np.take_along_axis(ids, keep, 1)
        start += len(block)
    return ids


# %% edits
HERE = "np.arange(start, start + len(block))"
EDITS = [
    (HERE, "start + np.arange(block.shape[0])", "right"),
    (HERE, "np.arange(len(block))", "you count within its block each time. Add how many vectors came before."),
    ("        start += len(block)", "        start += 1", "...is right"),
    (HERE, "np.arange(1 + start, 1 + start + len(block))", "your positions are all one too large: counting starts at 0."),
    ("start += len(block)", "start = len(block)", "...is right"),
    ("np.argsort(-best", "np.argsort(best", "you keep those furthest away: a *large* inner product is near."),
    ("    return ids", "    return np.sort(ids)", "...the right ones, in no order"),
    ("    return ids", "    return best", "you return the similarities, and the positions are asked for."),
    ("    for block in blocks:", "    for block in list(blocks):", "...your memory grows"),
    ("    for block in blocks:", "    for block in [next(blocks)]:", "you look at the first block alone."),
    ("[:, :k]", "[:, :5]", "...must have the shape"),
    ("    return ids", "    return ids.T", "...must have the shape"),
    ("    for block in blocks:", "    len(list(blocks))\n    for block in blocks:", "...must have the shape"),
    ("queries @ block.T", "queries @ block", "...stopped with an error"),
    (HERE, "number * len(block) + np.arange(len(block))", "...stopped with an error"),
]  # fmt: skip

# %% hint [markdown]
# Keep two arrays from block to block: the k best similarities of each query so far, and their positions.

# %% hint [markdown]
# For a new block: set its similarities beside the ones kept (`np.concatenate`, `axis=1`), do the same with
# the positions, and keep the k best of both together (`np.argsort`, then `np.take_along_axis`).

# %% hint [markdown]
# A position counts over all blocks: add the number of vectors that came before this block.

# %% check
import tracemalloc

import numpy as np

from comparing import array
from judging import ask, expect


def check(nearest_in_blocks):
    rng, cases = np.random.default_rng(1), {}
    for sizes, k in (((40, 30, 7, 60), 5), ((3, 2, 50), 4), ((9, 9), 1), ((1000, 1000), 300)):
        vectors = unit(rng.normal(size=(sum(sizes), 8)))
        cases[f"for blocks of {', '.join(map(str, sizes))} vectors"] = (
            vectors[::70] + 0.01,
            vectors,
            sizes,
            k,
        )
    ahead = unit(np.abs(rng.normal(size=(60, 8))))
    cases["for queries that point away from all vectors"] = (-ahead[:3], ahead, (20, 20, 20), 4)
    across = unit(rng.normal(size=(6, 8)))
    across[3] = -np.eye(8)[0]
    cases["for a vector that lies exactly opposite"] = (np.eye(8)[:1], across, (2, 1, 3), 6)
    many = unit(rng.normal(size=(33_500, 8)))
    cases["for 33,500 vectors"] = (many[-3:] + 0.01, many, (500, 33_000), 4)
    cases = {
        told: (queries, Blocks(vectors, sizes), k) for told, (queries, vectors, sizes, k) in cases.items()
    }
    facts = [(UNSORTED, lambda found, right: np.array_equal(np.sort(found), np.sort(right)))]
    compare("nearest_in_blocks", nearest_in_blocks, cases, facts=facts)
    few, many = (peak(nearest_in_blocks, number) for number in (5, 40))
    told = f"your memory grows with the number of blocks: {few:.2f} MB at most with 5 of them, {many:.2f} MB with 40. "
    expect(
        many < 1.5 * few + 0.06,
        told + "Keep the k best so far, and let go of the rest before you ask for the next block.",
    )
    return (
        f"Your answer is exact, and needs {few:.2f} MB with 5 blocks and {many:.2f} MB with 40: with blocks of 10,000 "
        "vectors, a thousand queries need 40 MB instead of 4 GB for a million. `simlib.Index` cuts its work into blocks, "
        "too (of queries). What this does not save is time: each vector is still compared. Approximate search looks "
        "at a few per cent of them, and misses a neighbour now and then."
    )


class Blocks:
    """An iterator over vectors in blocks. Everybody gets a copy of it, which begins anew."""

    def __init__(self, vectors, sizes):
        self.vectors, self.sizes = vectors, sizes
        self.left = iter(np.split(vectors, np.cumsum(sizes)[:-1]))

    def __copy__(self):
        return Blocks(self.vectors, self.sizes)

    def __iter__(self):
        return self

    def __next__(self):
        return next(self.left)


def peak(function, number):
    """MB that the function takes at most, with so many blocks of 150 vectors."""
    rng = np.random.default_rng(number)
    queries = unit(rng.normal(size=(16, 16)))
    blocks = (unit(rng.normal(size=(150, 16))) for _ in range(number))
    tracemalloc.start()
    try:
        array("the answer", ask(function, queries, blocks, 5, seconds=60), (16, 5))
        return tracemalloc.get_traced_memory()[1] / 1e6
    finally:
        tracemalloc.stop()


def unit(x):
    return x / np.linalg.norm(x, axis=1, keepdims=True)


UNSORTED = "you return the right ones, in no order by similarity. The nearest comes first."
