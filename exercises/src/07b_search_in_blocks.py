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
# check makes sure that nobody keeps them all. All vectors have length 1, so a large inner product is near.
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


# %% wrong expects="within its block"
def nearest_in_blocks(queries, blocks, k):
    best, ids = np.empty((len(queries), 0)), np.empty((len(queries), 0), int)
    for block in blocks:
        best = np.concatenate([best, queries @ block.T], axis=1)
        ids = np.concatenate([ids, np.tile(np.arange(len(block)), (len(queries), 1))], axis=1)
        keep = np.argsort(-best, axis=1)[:, :k]
        best, ids = np.take_along_axis(best, keep, 1), np.take_along_axis(ids, keep, 1)
    return ids


# %% wrong expects="the last block"
def nearest_in_blocks(queries, blocks, k):
    start = 0
    for block in blocks:
        ids = start + np.argsort(-queries @ block.T, axis=1)[:, :k]
        start += len(block)
    return ids


# %% wrong expects="at the same time"
def nearest_in_blocks(queries, blocks, k):
    return np.argsort(-queries @ np.concatenate(list(blocks)).T, axis=1)[:, :k]


# %% wrong expects="in no order"
def nearest_in_blocks(queries, blocks, k):
    best, ids, start = np.empty((len(queries), 0)), np.empty((len(queries), 0), int), 0
    for block in blocks:
        best = np.concatenate([best, queries @ block.T], axis=1)
        ids = np.concatenate([ids, np.tile(start + np.arange(len(block)), (len(queries), 1))], axis=1)
        keep = np.sort(np.argsort(-best, axis=1)[:, :k])
        best, ids = np.take_along_axis(best, keep, 1), np.take_along_axis(ids, keep, 1)
        start += len(block)
    return ids


# %% wrong expects="assumes that every block"
def nearest_in_blocks(queries, blocks, k):
    best, ids = np.empty((len(queries), 0)), np.empty((len(queries), 0), int)
    for number, block in enumerate(blocks):
        here = number * len(block) + np.arange(len(block))
        best = np.concatenate([best, queries @ block.T], axis=1)
        ids = np.concatenate([ids, np.tile(here, (len(queries), 1))], axis=1)
        keep = np.argsort(-best, axis=1)[:, :k]
        best, ids = np.take_along_axis(best, keep, 1), np.take_along_axis(ids, keep, 1)
    return ids


# %% hint [markdown]
# Keep two arrays from block to block: the k best similarities of each query so far, and their positions.

# %% hint [markdown]
# For a new block: set its similarities beside the ones kept (`np.concatenate`, `axis=1`), do the same with
# the positions, and keep the k best of both together (`np.argsort`, then `np.take_along_axis`).

# %% hint [markdown]
# A position counts over all blocks: add the number of vectors that came before this block.

# %% check
import weakref

import numpy as np

from judging import array, ask, expect


def check(nearest_in_blocks):
    rng = np.random.default_rng(1)
    for sizes, k in (((40, 30, 7, 60), 5), ((3, 2, 50), 4), ((9, 9), 1)):
        vectors = rng.normal(size=(sum(sizes), 8))
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        compare(nearest_in_blocks, vectors[::7] + 0.01, vectors, sizes, k)
    return (
        "Your answer is exact, and holds one block's distances at a time: with blocks of 10,000 vectors, a "
        "thousand queries need 40 MB instead of 4 GB. `simlib.Index` cuts its work into blocks, too (of "
        "queries). What this does not save is time: each vector is still compared. Approximate search looks "
        "at a few per cent of them, and misses a neighbour now and then."
    )


def compare(nearest_in_blocks, queries, vectors, sizes, k):
    lent, most = [], 0

    def blocks():
        nonlocal most
        start = 0
        for size in sizes:
            block = Block(vectors[start : start + size])
            lent.append(weakref.ref(block))
            start += size
            yield block
            del block
            most = max(most, sum(ref() is not None for ref in lent))

    answer = ask(nearest_in_blocks, queries, blocks(), k)
    expect(
        most < len(sizes) or len(sizes) < 3,
        "all blocks are held at the same time, and would not fit in memory. Take what you need from a block "
        "before you ask for the next.",
    )
    found = array("the answer", answer, (len(queries), k), kind="integer")
    similarity = queries @ vectors.T
    right = np.argsort(-similarity, axis=1)[:, :k]
    if np.array_equal(found, right):
        return
    start = np.repeat(np.cumsum([0, *sizes[:-1]]), sizes)
    number, size = np.repeat(np.arange(len(sizes)), sizes), np.repeat(sizes, sizes)
    within = np.arange(len(vectors)) - start
    last = len(vectors) - sizes[-1]
    told = f"with blocks of {', '.join(map(str, sizes))} vectors, "
    for mistaken, why in (
        (
            within[right],
            "you count within its block each time. Add how many vectors came before.",
        ),
        (
            last + np.argsort(-similarity[:, last:], axis=1)[:, :k],
            "these are the best of the last block.",
        ),
        (
            (number * size + within)[right],
            "your count assumes that every block has one length.",
        ),
        (np.sort(right), "the right ones stand in no order by distance."),
    ):
        expect(not np.array_equal(found, mistaken), told + why)
    row = int(np.flatnonzero((found != right).any(axis=1))[0])
    expect(False, told + f"query {row} gets {found[row].tolist()}; the nearest are {right[row].tolist()}.")


class Block(np.ndarray):
    """An array of its own class, so that it can be told whether somebody still holds it."""

    def __new__(cls, values):
        return np.array(values).view(cls)
