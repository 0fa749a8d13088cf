# %% about
level, minutes, notebook = "run an experiment", 15, "07_scale"
learn = "to choose `nprobe` by what each query of yours gets"

# %% [markdown]
# # How many lists are enough?
#
# An approximate search sorts the vectors into lists, and a query looks into `nprobe` of them. Few lists are
# quick, and miss neighbours that lie in the others. Notebook 07 has measured the mean recall. But a mean hides who
# pays: with a recall of 0.99, do all queries miss a little, or a few miss much? So here we count the queries that
# miss **nothing**.
#
# Below are two sets of 20,000 vectors: one lies in clumps, the other does not. Of each, `faiss` makes 100 lists. How
# many lists does it take until 95 of 100 queries find *all* their ten neighbours? Write down a guess for each set.

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
# - `complete(found, truth)` takes ids, one row a query, and returns the share of the queries whose **true** neighbours
#   were **all** found. `found` may have more columns than `truth`, or fewer. The order in a row does not count, and
#   faiss writes -1 where it found nothing.
# - `smallest_nprobe(look_up, truth, share)` returns the smallest `nprobe`, from 1 to 100, for which `look_up(nprobe)`
#   is complete for at least that share of the queries.
#
# The check tries them on both sets, and on others.


# %% starter
def complete(found, truth):
    """The share of queries for which every true neighbour was found, from 0 to 1."""
    return ...


def smallest_nprobe(look_up, truth, share):
    """The smallest nprobe for which look_up(nprobe) is complete for at least that share of the queries."""
    return ...


# %%
check(complete, smallest_nprobe)


# %% solution
def complete(found, truth):
    """The share of queries for which every true neighbour was found, from 0 to 1."""
    return np.mean([set(t) <= set(f) for f, t in zip(found.tolist(), truth.tolist())])


def smallest_nprobe(look_up, truth, share):
    """The smallest nprobe for which look_up(nprobe) is complete for at least that share of the queries."""
    for nprobe in range(1, 101):
        if complete(look_up(nprobe), truth) >= share:
            return nprobe


# %% alternative
def complete(found, truth):
    """Compare all with all in each row: (queries, found, true)."""
    return (found[:, :, None] == truth[:, None, :]).any(axis=1).all(axis=1).mean()


def smallest_nprobe(look_up, truth, share):
    """Halve the interval: with more lists, no neighbour is lost."""
    low, high = 1, 100
    while low < high:
        middle = (low + high) // 2
        if complete(look_up(middle), truth) >= share:
            high = middle
        else:
            low = middle + 1
    return low


# %% alternative
def complete(found, truth):
    """Count the missing ones."""
    missing = [len(np.setdiff1d(t, f)) for f, t in zip(found, truth)]
    return [missing.count(0) / len(missing)]


def smallest_nprobe(look_up, truth, share):
    """All hundred first."""
    shares = [complete(look_up(n), truth)[0] for n in range(1, 101)]
    return float(1 + np.argmax(np.array(shares) >= share))


# %% edits
WITHIN = "set(t) <= set(f)"
LOOP = "for nprobe in range(1, 101):"
EDITS = [
    (WITHIN, "not set(t) - set(f)", "right"),
    ("return nprobe", "return np.int64(nprobe)", "right"),
    (WITHIN, "set(f) <= set(t)", "you ask whether everything found is true. Whether everything *true* was found is asked for."),
    (WITHIN, "set(f) == set(t)", "you refuse a row that holds other items as well. They do no harm: ask whether the true "
     "ones are all *among* those found."),
    (WITHIN, "bool(set(f) & set(t))", "you count the queries that have at least one true neighbour. *All* of them are "
     "asked for."),
    (WITHIN, "len(set(t) & set(f)) / len(t)", "this is the recall: the share of the true neighbours that were found. "
     "Count the *queries* that miss none."),
    (WITHIN, "f[: len(t)] == t[: len(f)]", "you compare what stands in the same place. The order does not count, and "
     "`found` may be longer."),
    (WITHIN, "set(t) <= set(found.ravel().tolist())", "you count what was found in the row of another query. Compare row "
     "by row."),
    (WITHIN, "t[0] in f", "you look at the nearest true neighbour alone."),
    ("np.mean([", "np.sum([", "you return the number of queries, and their share is asked for."),
    (WITHIN, "f == t", "...is right"),
    ("if complete(look_up(nprobe), truth) >= share", "if round(complete(look_up(nprobe), truth), 2) >= share",
     "...share"),
    (">= share", "> share", "...reaches exactly"),
    ("range(1, 101)", "range(1, 100)", "...None"),
    ("range(1, 101)", "(1, 2, 4, 8, 16, 32, 64, 100)", "...Did you try every number"),
    ("range(1, 101)", "[*range(1, 20), *range(20, 101, 2)]", "...Did you try every number"),
    ("range(1, 101)", "[*range(1, 51), *range(55, 101, 5)]", "...Did you try every number"),
    (LOOP, "for nprobe in range(100, 0, -1):", "...Did you try every number"),
    (LOOP, "return 6\n    for nprobe in range(1, 101):", "...that it is handed"),
    (">= share", ">= 0.95", "...Did you try every number"),
    ("return nprobe", "return complete(look_up(nprobe), truth)", "...a number of lists"),
    ("range(1, 101)", "range(0, 101)", "...stopped with an error"),
    ("complete(look_up(nprobe), truth) >=", "complete(look_up(nprobe), look_up(100)[:, :5]) >=", "...lists"),
]  # fmt: skip

# %% hint [markdown]
# For one query: `set(truth[0])` are its true neighbours. `a <= b` asks of two sets whether all of a are in b.

# %% hint [markdown]
# `complete` is the mean, over the rows, of that question: True counts as 1.

# %% hint [markdown]
# For the smallest `nprobe`, begin at 1 and return the first that will do. More lists never lose a neighbour,
# so halving the interval works as well, and asks less often.

# %% check
import functools

import faiss
import matplotlib.pyplot as plt
import numpy as np

from comparing import array, number
from judging import ask, expect
from simlib import plots


def check(complete, smallest_nprobe):
    rng = np.random.default_rng(0)
    truth = np.arange(80).reshape(8, 10)
    some = truth[:, ::-1].copy()
    some[:3, 4] = -1
    found = {
        "the true ones in another order": truth[:, ::-1],
        "the true ones and ten others": np.hstack([truth + 1000, truth]),
        "the true ones, and -1 three times": np.hstack([truth, np.full((8, 3), -1)]),
        "all but one, in three rows": some,
        "the first four of the true ones": truth[:, :4],
        "what belongs to the query one row above": np.roll(truth, 1, axis=0),
        "the last five, before two others": np.hstack([truth[:, 5:], truth[:, :2] + 500]),
        "by chance, what it may": np.sort(rng.integers(0, 12, (8, 30)))[:, ::-1],
    }
    cases = {f"for each query, `found` holds {told}": (ids, truth) for told, ids in found.items()}
    cases["for twelve small rows"] = (rng.integers(0, 4, (12, 6)), np.tile([0, 1], (12, 1)))
    compare("complete", complete, cases, name="your share")
    for smallest, share in (
        (7, 0.95),
        (1, 0.9),
        (38, 0.75),
        (100, 0.95),
        (3, 0.5),
        (53, 0.6),
        (71, 0.95),
        (86, 0.9),
    ):
        check_smallest(smallest_nprobe, *staged(smallest, share), share)
    check_smallest(smallest_nprobe, *staged(12, 0.9, rows=30), 0.87)  # 26 of 30 are 0.867, which is less
    clumped, even = real_sets()
    few = check_smallest(smallest_nprobe, clumped, clumped(100), 0.95)
    many = check_smallest(smallest_nprobe, even, even(100), 0.95)
    mean, held = recall(clumped(few), clumped(100)), measured(even(few), even(100))
    return (
        f"In clumps, {few} of the 100 lists answer 95 of 100 queries completely (the mean recall is then {mean:.3f}). "
        f"Without clumps the same {few} do so for {100 * held:.0f} of 100, and it takes {many} lists. Most of the vectors "
        "are then compared, so an exact search would do almost as well.\n\n"
        "A mean hides who pays. Recall 0.99 may be one neighbour missing in every tenth query, or one query in a hundred "
        "that finds nothing at all; so look at the queries one by one as well. And it is a property of the data: an "
        "`nprobe` from somebody else's table says nothing about yours. Measure it with some hundred of your own queries, "
        "and again when the model has changed.",
        lambda: curves({"in clumps": clumped, "without clumps": even}, few),
    )


def check_smallest(smallest_nprobe, look_up, truth, share):
    """The answer, if it is right."""
    answer = ask(smallest_nprobe, look_up, truth, share)
    found = number("the smallest nprobe", answer)
    expect(
        found == int(found) and 1 <= found <= 100,
        f"`smallest_nprobe` returns {found:g}, and is asked for a number of lists, from 1 to 100.",
    )
    nprobe = int(array("the smallest nprobe", answer, (), kind="integer"))
    smallest = next(n for n in range(1, 101) if measured(look_up(n), truth) >= share)
    told = f"for a share of {share}, `smallest_nprobe` returns {nprobe}, and with {nprobe} lists "
    expect(
        measured(look_up(nprobe), truth) >= share,
        told
        + f"{measured(look_up(nprobe), truth):.3f} of the queries are complete. Does it use the `look_up`, the `truth` "
        "and the `share` that it is handed?",
    )
    exactly = f" ({smallest} reaches exactly {share}, and *at least* that is asked for.)"
    expect(
        nprobe == smallest,
        told
        + f"the share is reached; with {smallest} it is, too. Did you try every number?"
        + exactly * int(measured(look_up(smallest), truth) == share),
    )
    return smallest


def hits(found, truth):
    return (found[:, :, None] == truth[:, None]).any(axis=1)


def measured(found, truth):
    return hits(found, truth).all(axis=1).mean()


def recall(found, truth):
    return hits(found, truth).mean()


def staged(smallest, share, rows=40):
    """A look_up that reaches exactly the share with so many lists, and all at 100; each row is turned round."""
    truth = np.arange(10 * rows).reshape(rows, 10)
    allowed = rows - round(share * rows)

    def look_up(nprobe):
        if not 1 <= nprobe <= 100:
            raise ValueError(f"look_up takes 1 to 100 lists, and was asked for {nprobe}")
        found = truth[:, ::-1].copy()
        late = (nprobe - smallest) // 3
        missing = (
            max(0, allowed - late)
            if nprobe >= smallest
            else min(rows, allowed + 1 + (smallest - nprobe) // 3)
        )
        found[:missing, 0] = -1
        return found

    return look_up, truth


@functools.cache
def real_sets():
    """The look_ups of the clumped and of the even vectors, as in the notebook; each answer is kept."""
    given_here = given(2)
    return tuple(functools.cache(given_here["lists_of"](given_here[name])) for name in ("clumped", "even"))


def curves(sets, few):
    figure, ax = plt.subplots(figsize=(6.4, 3.2), layout="constrained")
    numbers = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 100]
    for (name, look_up), color in zip(sets.items(), (plots.SAME, plots.DIFFERENT)):
        shares = [measured(look_up(n), look_up(100)) for n in numbers]
        ax.plot(numbers, shares, "o-", color=color, label=f"{name}: complete")
        shares = [recall(look_up(n), look_up(100)) for n in numbers]
        ax.plot(numbers, shares, color=color, linestyle="dotted", label=f"{name}: recall")
    ax.axhline(0.95, color=plots.CUT, linestyle="dashed", linewidth=1)
    ax.axvline(few, color=plots.CUT, linestyle="dotted", linewidth=1)
    ax.set(xscale="log", xticks=[1, 2, 4, 8, 16, 32, 64], xticklabels=[1, 2, 4, 8, 16, 32, 64])
    ax.set(xlabel="lists looked into (nprobe), of 100", ylabel="share", ylim=(0, 1.03))
    ax.minorticks_off()
    ax.legend(frameon=False)
    return figure
