# %% about
level, minutes, notebook = "write a function", 15, "02_index"
learn = "to keep an index in step with a shop in which things come, change and go"

# %% [markdown]
# # An index that lives
#
# A shop's index is never finished: things come, go, and are photographed again. The till writes a **log** of what happens.
# Here is a shelf with names for labels and keys of its own for ids, and a short log. Two of its lines cannot be carried out.
# Which ones?

# %%
import numpy as np

import simlib

rng = np.random.default_rng(0)
shelf = simlib.Index("euclidean").add(
    rng.normal(size=(4, 3)), ["mug", "bowl", "mug", "pot"], ids=["mug 1", "bowl 1", "mug 2", "pot 1"]
)
log = [
    ("add", "vase 1", rng.normal(size=3), "vase"),
    ("remove", "mug 1", None, None),
    ("replace", "bowl 1", rng.normal(size=3), None),  # another photo of the same bowl
    ("remove", "mug 7", None, None),
    ("add", "vase 1", rng.normal(size=3), "vase"),
]
print(shelf)

# %% [markdown]
# Write `follow(index, log)`: carry out the lines **in order**, and return the index.
#
# - `"add"`: a new item, with this id, vector and label.
# - `"replace"`: the item gets another vector, and keeps its label.
# - `"remove"`: the item goes.
#
# A line that cannot be carried out is skipped, and the next one is not: an id that is there already cannot be added, and one
# that is not there can be neither replaced nor removed. (Logs hold such lines, as a till sends again what it believes lost.)


# %% starter
def follow(index, log):
    """The index, after all that the log tells has been done; what cannot be done is skipped."""
    return ...


# %%
check(follow)


# %% solution
def follow(index, log):
    """The index, after all that the log tells has been done; what cannot be done is skipped."""
    there = set(index.ids)
    for what, id, vector, label in log:
        if what == "add" and id not in there:
            index.add(vector, label, ids=[id])
            there.add(id)
        elif what == "replace" and id in there:
            index.replace([id], [vector])
        elif what == "remove" and id in there:
            index.remove(id)
            there.remove(id)
    return index


# %% alternative
def follow(index, log):
    """Ask for forgiveness: the index refuses what cannot be done, and nothing of it is done."""
    for what, id, vector, label in log:
        try:
            if what == "add":
                index.add([vector], [label], ids=[id])
            elif what == "replace":
                index.replace(id, vector)
            else:
                index.remove([id])
        except ValueError:
            pass
    return index


# %% alternative
def follow(index, log):
    """Keep a dictionary, and make the index anew in one go: quick for a long log."""
    items = dict(zip(index.ids.tolist(), zip(index.vectors(index.ids), index.labels.tolist())))
    for what, id, vector, label in log:
        if what == "add":
            items.setdefault(id, (vector, label))
        elif id in items and what == "replace":
            items[id] = vector, items[id][1]
        elif what == "remove":
            items.pop(id, None)
    vectors, labels = zip(*items.values())
    return simlib.Index(index.distance).add(np.array(vectors), list(labels), ids=list(items))


# %% alternative
def follow(index, log):
    """Replaced by remove and add, with the label that it had."""
    for what, id, vector, label in log:
        labels = dict(zip(index.ids, index.labels))
        if (id in labels) == (what == "add"):
            continue
        if what != "add":
            index.remove(id)
        if what != "remove":
            index.add(vector, labels.get(id, label), ids=id)
    return index


# %% wrong
def follow(index, log):
    """you stop at the first line that cannot be carried out. Those after it are still due."""
    try:
        for what, id, vector, label in log:
            if what == "add":
                index.add(vector, label, ids=[id])
            elif what == "replace":
                index.replace([id], [vector])
            else:
                index.remove(id)
    except ValueError:
        pass
    return index


# %% wrong
def follow(index, log):
    """you do all removals first, then all replacements, then what is added. The order of the log counts: what is sold may come back."""
    for kind in ("remove", "replace", "add"):
        for what, id, vector, label in log:
            if what == kind:
                try:
                    if what == "add":
                        index.add(vector, label, ids=[id])
                    elif what == "replace":
                        index.replace([id], [vector])
                    else:
                        index.remove(id)
                except ValueError:
                    pass
    return index


# %% wrong
def follow(index, log):
    """you keep only the last line about each id. An earlier one may have said what the thing is."""
    last = {line[1]: line for line in log}
    there = set(index.ids)
    for what, id, vector, label in last.values():
        if what == "add" and id not in there:
            index.add(vector, label, ids=[id])
        elif what == "replace" and id in there:
            index.replace([id], [vector])
        elif what == "remove" and id in there:
            index.remove(id)
    return index


# %% wrong
def follow(index, log):
    """an item that is added gets a number for its id, and not its own key: `add(..., ids=[id])`."""
    numbered = simlib.Index(index.distance)
    mine = list(index.ids)
    vectors = {id: v for id, v in zip(mine, index.vectors(index.ids))}
    labels = dict(zip(mine, index.labels))
    for what, id, vector, label in log:
        if what == "add" and id not in vectors:
            vectors[id], labels[id] = vector, label
        elif what == "replace" and id in vectors:
            vectors[id] = vector
        elif what == "remove" and id in vectors:
            del vectors[id], labels[id]
    return numbered.add(np.array(list(vectors.values())), [labels[id] for id in vectors])


# %% wrong
def follow(index, log):
    """you remove whatever carries the same label. The id names one item; its label, a whole class."""
    for what, id, vector, label in log:
        there = list(index.ids)
        if what == "add" and id not in there:
            index.add(vector, label, ids=[id])
        elif what == "replace" and id in there:
            index.replace([id], [vector])
        elif what == "remove" and id in there:
            gone = index.labels[there.index(id)]
            index.remove([other for other, label in zip(index.ids, index.labels) if label == gone])
    return index


# %% wrong expects="has another vector"
def follow(index, log):
    late = {}
    for what, id, vector, label in log:
        there = id in set(index.ids)
        if what == "replace" and there:
            late[id] = vector  # all in one go, at the end
        elif what == "add" and not there:
            index.add(vector, label, ids=[id])
        elif what == "remove" and there:
            index.remove(id)
    late = {id: vector for id, vector in late.items() if id in set(index.ids)}
    return index.replace(list(late), list(late.values())) if late else index


# %% wrong expects="should have the label"
def follow(index, log):
    labels = dict(zip(index.ids, index.labels))
    for what, id, vector, label in log:
        there = id in set(index.ids)
        if what == "add" and not there:
            index.add(vector, label, ids=[id])
            labels.setdefault(id, label)  # what it was at first, whatever has come back
        elif what == "replace" and there:
            index.remove(id)
            index.add(vector, labels[id], ids=[id])
        elif what == "remove" and there:
            index.remove(id)
    return index


# %% edits
EDITS = [
    ("index.add(vector, label, ids=[id])", "index.add([vector], labels=[label], ids=id)", "right"),
    ("            there.remove(id)\n", "", "...stopped with an error"),
    ("            there.add(id)\n", "", "...stopped with an error"),
    ("index.add(vector, label, ids=[id])", "index.add(vector, ids=[id])", "what you add has no label: hand it to `add`, too."),
    ("index.add(vector, label, ids=[id])", "index.add(vector, label)", "...stopped with an error"),
    ("index.replace([id], [vector])", "index.replace([id], [vector], [what])", "a replaced item has lost its label. `replace` "
     "keeps it if you hand it none."),
    ("index.replace([id], [vector])", "pass", "your replaced items still have their old vectors."),
    ("index.remove(id)", "pass", "what was removed is still there."),
    ("elif what == \"replace\" and id in there:\n            index.replace([id], [vector])",
     "elif what == \"replace\":\n            if id in there:\n                index.replace([id], [vector])\n            else:\n"
     "                index.add(vector, label, ids=[id])\n                there.add(id)",
     "you add what is replaced and not there. Nobody has said what it is: skip it."),
    ("if what == \"add\" and id not in there:\n",
     "if what == \"add\" and id in there:\n            index.replace([id], [vector], [label])\n"
     "        elif what == \"add\":\n",
     "you let an `add` overwrite an item that is there. Skip it: to change one is what `replace` is for."),
    ("            there.remove(id)\n", "            log = []\n", "...stopped with an error"),
    ("in log:", "in log[::-1]:", "you go through the log from its end."),
    ("elif what == \"remove\" and id in there:", "elif what == \"remove\" and id in there and len(there) > 1:", "...not be there"),
    ("in log:", "in log[:-1]:", "you leave the log's last line out."),
    ("there = set(index.ids)", "there = set(index.ids)\n    index = simlib.Index().add(index.vectors(index.ids), index.labels, "
     "ids=index.ids)", "you make the index anew with cosine, whatever distance the old one has: `simlib.Index(index.distance)`."),
    ("    return index", "    return len(index)", "...must return the index"),
    ("    return index", "    return None", "...returned None"),
]  # fmt: skip

# %% hint [markdown]
# `index.add(vector, label, ids=[id])`, `index.replace([id], [vector])` and `index.remove(id)` do the work; `index.ids` says
# which are there.

# %% hint [markdown]
# Each of them refuses, with a `ValueError`, what cannot be done, and then nothing has changed. So either look first
# (`if id in there`), or `try` *each line* for itself.

# %% check
import functools

import numpy as np

import simlib
from judging import Wrong

KINDS = ("mug", "bowl", "pot", "vase", "jug")


def check(follow):
    cases = {told: (distance, *world(seed, lines)) for told, (distance, seed, lines) in {
        "after a log of 12 lines": ("euclidean", 1, 12),
        "after a log of 60 lines": ("euclidean", 2, 60),
        "after an empty log": ("manhattan", 3, 0),
        "after 40 lines, with cosine": ("cosine", 4, 40),
        "after 300 lines": ("manhattan", 6, 300),
    }.items()}  # fmt: skip
    ids, vectors, labels, _ = world(5, 0)
    emptied = [("remove", id, None, None) for id in ids] + [("add", "jug 1", vectors[0], "jug")]
    cases["after all has gone and one thing has come"] = ("euclidean", ids, vectors, labels, emptied)
    back = (
        ("replace", ids[0], vectors[1], None),
        ("remove", ids[0], None, None),
        ("add", ids[0], vectors[2], "jug"),
    )
    cases["after a thing was replaced, went and came back"] = ("euclidean", ids, vectors, labels, list(back))
    other = []  # each comes back as something else, and is replaced then
    for id, kind in ((ids[0], "jug"), ("vase 9", "vase"), ("vase 9", "pot")):
        other += [
            ("remove", id, None, None),
            ("add", id, vectors[3], kind),
            ("replace", id, vectors[4], None),
        ]
    cases["after a thing came back as another one and was replaced"] = ("cosine", ids, vectors, labels, other)
    after = compare("follow", follow, cases, through=carried_out, says=difference)
    lines = cases["after a log of 60 lines"][-1]
    return (
        f"After {len(lines)} lines, {int(after[1][0].sum())} items are there, each with the vector and the name that it should "
        "have. An id is what makes that possible: a position moves when something before it goes, an id never does, and nobody "
        "else gets it. Each call copies what stays, so that lookups in other threads see all of it or nothing: many removals "
        "belong into one call. And a new *model* needs a whole new index: see exercise 06a."
    )


def world(seed, lines):
    """(ids, vectors, labels) of an index, and a log about it, of which a third cannot be carried out."""
    rng = np.random.default_rng(seed)
    ids = [f"{kind} {n}" for kind in KINDS[:3] for n in (1, 2)]
    known, log = [*ids, "vase 1", "vase 2", "jug 1", "jug 2"], []
    for _ in range(lines):
        what, id = rng.choice(["add", "replace", "remove"]), str(rng.choice(known))
        vector = None if what == "remove" else rng.normal(size=3)
        log.append((str(what), id, vector, str(rng.choice(KINDS)) if what == "add" else None))
    return ids, rng.normal(size=(len(ids), 3)), [id.split()[0] for id in ids], log


def carried_out(follow):
    """What an index holds after `follow`: of each id ever named, whether it is there, its label and its vector."""

    @functools.wraps(follow)
    def state(distance, ids, vectors, labels, log):
        index = follow(simlib.Index(distance).add(vectors, labels, ids=ids), log)
        if index is None or index is ...:
            return index
        if not isinstance(index, simlib.Index):
            raise Wrong(f"`follow` must return the index; this is a value of type {type(index).__name__}.")
        there = {str(id): row for row, id in enumerate(index.ids)}
        named = universe(ids, log)
        rows = [there.get(id, -1) for id in named]
        kinds = dict(zip(KINDS, range(len(KINDS))))
        held = [kinds.get(str(label), 99) for label in index.labels]
        vectors = index.vectors(index.ids) if len(index) else np.zeros((0, 3))
        return (
            np.array([row >= 0 for row in rows]),
            np.array([held[row] if row >= 0 else -1 for row in rows]),
            np.array([vectors[row] if row >= 0 else np.zeros(3) for row in rows]),
            np.array([len(index), ("euclidean", "manhattan", "cosine").index(index.distance)]),
        )

    return state


def universe(ids, log):
    return sorted({*ids, *(line[1] for line in log)})


def difference(found, right, distance, ids, vectors, labels, log):
    """Where two states differ, in words."""
    for id, is_there, due, label, kind, vector, other in zip(universe(ids, log), *[
        part for pair in zip(found[:3], right[:3]) for part in pair
    ]):  # fmt: skip
        if is_there != due:
            return f"{id!r} should{'' if due else ' not'} be there."
        if label != kind:
            return f"{id!r} should have the label {KINDS[kind]!r}."
        if not np.allclose(vector, other, atol=1e-5):
            return f"{id!r} has another vector than it should."
    return f"the index holds {found[3][0]} items, and {right[3][0]} are right; its distance was {distance}."
