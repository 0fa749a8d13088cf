# %% about
level, minutes, notebook = "run an experiment", 15, "07_scale"
learn = "to choose `nprobe` by the recall on your own vectors"

# %% [markdown]
# # How many lists are enough?
#
# An approximate search sorts the vectors into lists, and a query looks into `nprobe` of them. Few lists are
# quick, and miss neighbours that lie in the others. Here are two sets of 20,000 vectors: one lies in clumps,
# the other does not. Of each, `faiss` makes 100 lists.
#
# How many lists does it take to find 99 of 100 neighbours? Write down a guess for each set.

# %%
import faiss
import numpy as np

rng = np.random.default_rng(0)
even = rng.normal(size=(20_125, 32))
centres = rng.normal(size=(300, 32))
clumped = centres[rng.integers(0, 300, size=20_125)] + 0.5 * rng.normal(size=(20_125, 32))


# %%
def lists_of(points):
    """Sort the points into lists, all but the first 125: these are the queries of look_up(nprobe)."""
    queries, vectors = np.split(points.astype(np.float32), [125])
    index = faiss.index_factory(32, "IVF100,Flat")
    index.train(vectors)
    index.add(vectors)

    def look_up(nprobe):
        """Ids of the ten nearest to each query in the nprobe lists that it looks into: (125, 10)."""
        index.nprobe = nprobe
        return index.search(queries, 10)[1]

    return look_up


look_up = lists_of(clumped)
truth = look_up(100)  # all lists are all vectors: the exact search
print("one list:  ", look_up(1)[0])
print("all lists: ", truth[0])

# %% [markdown]
# Write two functions.
#
# - `recall(found, truth)` takes ids, one row a query, and returns the share of the **true** neighbours that
#   were found. `found` may have more columns than `truth`, or fewer. The order in a row does not count, and
#   faiss writes -1 where it found nothing.
# - `smallest_nprobe(look_up, truth)` returns the smallest `nprobe`, from 1 to 100, whose recall is at least
#   0.99.
#
# The check tries them on both sets.


# %% starter
def recall(found, truth):
    """The share of the true neighbours that were found, from 0 to 1."""
    return ...


def smallest_nprobe(look_up, truth):
    """The smallest nprobe for which look_up(nprobe) has a recall of at least 0.99."""
    return ...


# %%
check(recall, smallest_nprobe)


# %% solution
def recall(found, truth):
    """The share of the true neighbours that were found, from 0 to 1."""
    return np.mean([len(set(f) & set(t)) / len(t) for f, t in zip(found, truth)])


def smallest_nprobe(look_up, truth):
    """The smallest nprobe for which look_up(nprobe) has a recall of at least 0.99."""
    for nprobe in range(1, 101):
        if recall(look_up(nprobe), truth) >= 0.99:
            return nprobe


# %% alternative
def recall(found, truth):
    """Compare all with all in each row: (queries, found, true)."""
    return (found[:, :, None] == truth[:, None, :]).any(axis=1).mean()


def smallest_nprobe(look_up, truth):
    """Halve the interval: recall can only grow with nprobe."""
    low, high = 1, 100
    while low < high:
        middle = (low + high) // 2
        if recall(look_up(middle), truth) >= 0.99:
            high = middle
        else:
            low = middle + 1
    return low


# %% wrong expects="the same place"
def recall(found, truth):
    k = min(found.shape[1], truth.shape[1])
    return (found[:, :k] == truth[:, :k]).sum() / truth.size


def smallest_nprobe(look_up, truth):
    return next(n for n in range(1, 101) if recall(look_up(n), truth) >= 0.99)


# %% wrong expects="that is precision"
def recall(found, truth):
    return np.mean([len(set(f) & set(t)) / len(f) for f, t in zip(found, truth)])


def smallest_nprobe(look_up, truth):
    return next(n for n in range(1, 101) if recall(look_up(n), truth) >= 0.99)


# %% wrong expects="at least one"
def recall(found, truth):
    return np.mean([bool(set(f) & set(t)) for f, t in zip(found, truth)])


def smallest_nprobe(look_up, truth):
    return next(n for n in range(1, 101) if recall(look_up(n), truth) >= 0.99)


# %% wrong expects="of another query"
def recall(found, truth):
    return np.isin(truth, found).mean()


def smallest_nprobe(look_up, truth):
    return next(n for n in range(1, 101) if recall(look_up(n), truth) >= 0.99)


# %% wrong expects="Take the share"
def recall(found, truth):
    return sum(len(set(f) & set(t)) for f, t in zip(found, truth))


def smallest_nprobe(look_up, truth):
    return next(n for n in range(1, 101) if recall(look_up(n), truth) >= 0.99)


# %% wrong expects="nothing is saved"
def recall(found, truth):
    return np.mean([len(set(f) & set(t)) / len(t) for f, t in zip(found, truth)])


def smallest_nprobe(look_up, truth):
    return max(range(1, 101), key=lambda n: (recall(look_up(n), truth), n))


# %% wrong expects="Did you try every number"
def recall(found, truth):
    return np.mean([len(set(f) & set(t)) / len(t) for f, t in zip(found, truth)])


def smallest_nprobe(look_up, truth):
    return next((n for n in (1, 2, 4, 8, 16, 32, 64) if recall(look_up(n), truth) >= 0.99), 100)


# %% wrong expects="that it is handed"
def recall(found, truth):
    return np.mean([len(set(f) & set(t)) / len(t) for f, t in zip(found, truth)])


def smallest_nprobe(look_up, truth):
    return 6


# %% wrong expects="not the recall"
def recall(found, truth):
    return np.mean([len(set(f) & set(t)) / len(t) for f, t in zip(found, truth)])


def smallest_nprobe(look_up, truth):
    return next(r for r in (recall(look_up(n), truth) for n in range(1, 101)) if r >= 0.99)


# %% hint [markdown]
# Recall, for one query: `set(found[0]) & set(truth[0])` are the true neighbours that were found. How many are
# there to find?

# %% hint [markdown]
# The recall of all queries is the mean over the rows. Each has the same number of true neighbours, `len(t)`;
# how many were found plays no part in what you divide by.

# %% hint [markdown]
# For the smallest `nprobe`, begin at 1 and return the first that will do. More lists never lose a neighbour,
# so halving the interval works as well, and asks less often.

# %% check
import functools

import faiss
import matplotlib.pyplot as plt
import numpy as np

from judging import array, ask, expect, number
from simlib import plots


def check(recall, smallest_nprobe):
    check_recall(recall)
    for smallest in (7, 1, 38):
        look_up, truth = staged(smallest)
        check_smallest(smallest_nprobe, look_up, truth)
    clumped, even = real_sets()
    few = check_smallest(smallest_nprobe, clumped, clumped(100))
    many = check_smallest(smallest_nprobe, even, even(100))
    held = measured(even(few), even(100))
    return (
        f"In clumps, {few} of the 100 lists hold 99 of 100 neighbours. Without clumps the same {few} hold "
        f"{100 * held:.0f} of 100, and it takes {many} lists. Most of the vectors are then compared, so an "
        "exact search would do almost as well.\n\n"
        "Recall is a property of the data, not of the tool: an `nprobe` from somebody else's table says "
        "nothing about yours. Trained embeddings lie in clumps, which is why few lists do for them. Measure "
        "it with some hundred of your own queries, and again when the model has changed.",
        curves({"in clumps": clumped, "without clumps": even}, few),
    )


def check_recall(recall):
    truth = np.arange(80).reshape(8, 10)
    cases = (
        ("the true ones in another order", truth[:, ::-1]),
        ("the true ones and ten others", np.hstack([truth + 1000, truth])),
        ("seven true ones and -1 three times", np.hstack([truth[:, :7], np.full((8, 3), -1)])),
        ("the first four of the true ones", truth[:, :4]),
        ("what belongs to the query one row above", np.roll(truth, 1, axis=0)),
    )
    for told, found in cases:
        share = number("the recall", ask(recall, found, truth))
        told = f"for each query, `found` holds {told}: "
        expect(share <= 1, told + f"your recall is {share:g}, and 1 is all there is. Take the share.")
        right = measured(found, truth)
        same_place = np.mean([f == t for row in zip(found, truth) for f, t in zip(*row)])
        for mistaken, why in (
            (right * truth.shape[1] / found.shape[1],
             "you divide by the number found: that is precision. Divide by the number of true ones."),
            ((found[:, :, None] == truth[:, None]).any(axis=(1, 2)).mean(),
             "you count the queries that have at least one true neighbour. Count the neighbours."),
            (np.isin(truth, found).mean(),
             "you count what was found in the row of another query. Compare row by row."),
            (same_place * min(found.shape[1], truth.shape[1]) / truth.shape[1],
             "you compare what stands in the same place. The order does not count."),
        ):  # fmt: skip
            expect(np.isclose(share, right) or not np.isclose(share, mistaken), told + why)
        expect(np.isclose(share, right), told + f"your recall is {share:.3f}, and it is {right:.3f}.")


def check_smallest(smallest_nprobe, look_up, truth):
    """The answer, if it is right."""
    answer = ask(smallest_nprobe, look_up, truth)
    found = number("the smallest nprobe", answer)
    expect(
        found >= 1,
        f"`smallest_nprobe` returns {found:g}. It is asked for a number of lists, from 1 to 100, "
        "not the recall.",
    )
    nprobe = int(array("the smallest nprobe", answer, (), kind="integer"))
    expect(nprobe <= 100, f"`smallest_nprobe` returns {nprobe}, and there are 100 lists.")
    reached = measured(look_up(nprobe), truth)
    expect(
        reached >= 0.99,
        f"`smallest_nprobe` returns {nprobe}, and `look_up({nprobe})` has a recall of {reached:.3f}. Does it "
        "use the `look_up` and the `truth` that it is handed?",
    )
    smallest = next(n for n in range(1, 101) if measured(look_up(n), truth) >= 0.99)
    expect(
        nprobe == smallest or nprobe < 100,
        f"`smallest_nprobe` returns 100: with all lists the recall is 1, and nothing is saved. "
        f"{smallest} of them reach 0.99.",
    )
    expect(
        nprobe == smallest,
        f"`smallest_nprobe` returns {nprobe}, which reaches 0.99; {smallest} does so, too. "
        "Did you try every number?",
    )
    return smallest


def measured(found, truth):
    return (found[:, :, None] == truth[:, None]).any(axis=1).mean()


def staged(smallest):
    """A look_up that needs just so many lists; in each row, the order is turned round."""
    truth = np.arange(400).reshape(40, 10)

    def look_up(nprobe):
        if not 1 <= nprobe <= 100:
            raise ValueError(f"look_up takes 1 to 100 lists, and was asked for {nprobe}")
        found = truth[:, ::-1].copy()
        found[: 1 if nprobe >= smallest else 6 + (smallest - nprobe) // 3, 0] = -1
        return found if nprobe < 100 else truth

    return look_up, truth


@functools.cache
def real_sets():
    """The look_ups of the clumped and of the even vectors, as in the notebook; each answer is kept."""
    rng = np.random.default_rng(0)
    even = rng.normal(size=(20_125, 32))
    centres = rng.normal(size=(300, 32))
    clumped = centres[rng.integers(0, 300, size=20_125)] + 0.5 * rng.normal(size=(20_125, 32))
    return lists_of(clumped), lists_of(even)


def lists_of(points):
    queries, vectors = np.split(points.astype(np.float32), [125])
    index = faiss.index_factory(32, "IVF100,Flat")
    index.train(vectors)
    index.add(vectors)

    @functools.cache
    def look_up(nprobe):
        index.nprobe = int(nprobe)
        return index.search(queries, 10)[1]

    return look_up


def curves(sets, few):
    figure, ax = plt.subplots(figsize=(6.4, 3.2), layout="constrained")
    numbers = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 100]
    for (name, look_up), color in zip(sets.items(), (plots.SAME, plots.DIFFERENT)):
        ax.plot(numbers, [measured(look_up(n), look_up(100)) for n in numbers], "o-", color=color, label=name)
    ax.axhline(0.99, color=plots.CUT, linestyle="dashed", linewidth=1)
    ax.axvline(few, color=plots.CUT, linestyle="dotted", linewidth=1)
    ax.set(xscale="log", xticks=[1, 2, 4, 8, 16, 32, 64], xticklabels=[1, 2, 4, 8, 16, 32, 64])
    ax.set(xlabel="lists looked into (nprobe), of 100", ylabel="recall of ten", ylim=(0, 1.03))
    ax.minorticks_off()
    ax.legend(frameon=False)
    return figure
