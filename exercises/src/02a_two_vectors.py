# %% about
level, minutes, notebook = "fill a line", 5, "02_index"
learn = "three distances, and when they agree"

# %% [markdown]
# # Three distances between two vectors
#
# "Near" needs a distance, and there are several. **Cosine** looks at the angle alone: 1 minus the cosine of the
# angle. **Euclidean** is the ruler's: the length of the difference. **Manhattan** walks along the axes: the sum
# of the absolute differences. Two vectors point the same way, and one is twice as long: which of the three
# distances is 0?

# %%
import numpy as np

a, b = np.array([3.0, 4.0]), np.array([6.0, 8.0])
print("lengths:", np.linalg.norm(a), np.linalg.norm(b), " inner product:", a @ b)

# %% [markdown]
# Fill in the three lines, each a single number.


# %% starter
def distances(a, b):
    """The cosine, the Euclidean and the Manhattan distance of two vectors."""
    cosine = ...
    euclidean = ...
    manhattan = ...
    return cosine, euclidean, manhattan


# %%
check(distances)


# %% solution
def distances(a, b):
    """The cosine, the Euclidean and the Manhattan distance of two vectors."""
    cosine = 1 - a @ b / (np.linalg.norm(a) * np.linalg.norm(b))
    euclidean = np.linalg.norm(a - b)
    manhattan = np.abs(a - b).sum()
    return cosine, euclidean, manhattan


# %% alternative
def distances(a, b):
    """With loops, and the law of cosines."""
    ruler = sum((p - q) ** 2 for p, q in zip(a, b)) ** 0.5
    la, lb = sum(p * p for p in a) ** 0.5, sum(q * q for q in b) ** 0.5
    angle = (la**2 + lb**2 - ruler**2) / (2 * la * lb)
    return [[1 - angle], [ruler], [sum(abs(p - q) for p, q in zip(a, b))]]


# %% alternative
def distances(a, b):
    """SciPy has them all."""
    from scipy.spatial import distance

    return distance.cosine(a, b), distance.euclidean(a, b), distance.cityblock(a, b)


# %% edits
COSINE = "1 - a @ b / (np.linalg.norm(a) * np.linalg.norm(b))"
EDITS = [
    (COSINE, "1 - np.dot(a / np.linalg.norm(a), b / np.linalg.norm(b))", "right"),
    ("np.linalg.norm(a - b)", "np.sqrt(np.sum((a - b) ** 2))", "right"),
    ("np.abs(a - b).sum()", "np.linalg.norm(a - b, ord=1)", "right"),
    ("1 - a @ b /", "a @ b /", "your cosine is the similarity, 1 for vectors that point the same way. The distance is 1 "
     "minus that."),
    (COSINE, "1 - a @ b", "your cosine distance does not divide by the two lengths: it is right only for vectors of "
     "length 1."),
    (COSINE, "1 - a @ b / np.linalg.norm(a) * np.linalg.norm(b)", "in your cosine, `/` goes before `*`: the second length "
     "multiplies. Put the product of the lengths in brackets."),
    ("np.linalg.norm(b))", "np.linalg.norm(a))", "you divide by the length of `a` twice."),
    (COSINE, "np.arccos(a @ b / (np.linalg.norm(a) * np.linalg.norm(b)))", "your first number is the angle itself. The "
     "cosine distance is 1 minus the cosine of it."),
    ("np.linalg.norm(a - b)", "np.sum((a - b) ** 2)", "your Euclidean distance lacks the square root: it is the squared "
     "one."),
    ("np.linalg.norm(a - b)", "np.linalg.norm(a) - np.linalg.norm(b)", "you subtract the lengths, and the length of the "
     "difference is asked for: subtract first."),
    ("np.abs(a - b).sum()", "(a - b).sum()", "your Manhattan distance lacks the absolute value: steps there and back "
     "cancel."),
    ("np.abs(a - b).sum()", "np.abs(a - b).max()", "your third number is the largest difference (Chebyshev's distance). "
     "Manhattan adds them all up."),
    ("np.abs(a - b).sum()", "np.abs(a - b).mean()", "your Manhattan distance is a mean, and their sum is asked for."),
    ("np.abs(a - b).sum()", "np.abs(a - b)", "...must be a single number"),
    ("return cosine, euclidean, manhattan", "return euclidean, cosine, manhattan", "...is right"),
    ("return cosine, euclidean, manhattan", "return np.round(cosine), euclidean, manhattan", "...is right"),
]  # fmt: skip

# %% hint [markdown]
# `a @ b` is the inner product, and `np.linalg.norm(a)` the length. The cosine of the angle is the inner product
# divided by both lengths.

# %% hint [markdown]
# Euclidean: subtract, then take the length. Manhattan: subtract, `np.abs`, `.sum()`.

# %% check
import numpy as np


def check(distances):
    rng = np.random.default_rng(0)
    cases = {"for (3, 4) and (6, 8)": (np.array([3.0, 4.0]), np.array([6.0, 8.0]))}
    cases |= {
        f"for two vectors of {d} numbers": (rng.normal(size=d), 3 * rng.normal(size=d)) for d in (2, 5, 64)
    }
    compare("distances", distances, cases)
    return (
        "For (3, 4) and (6, 8) the cosine distance is 0, and the ruler says 5: cosine asks *which way*, Euclid *how "
        "far*. This course's embeddings have length 1, and then the two always agree on who is nearer: the squared "
        "Euclidean distance is exactly twice the cosine distance. So a cutpoint of 0.08 in cosine is one of "
        f'{np.sqrt(2 * 0.08):.2f} in Euclidean distance, and `compile(..., distance="euclidean")` changes no '
        "answer. With vectors of other lengths, such as counts or pixels, choose with care: `simlib.Index` takes any "
        'of them, `distance="manhattan"` too.'
    )
