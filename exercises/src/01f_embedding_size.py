# %% about
level, minutes, notebook = "run an experiment", 15, "01_train"
learn = "how long an embedding needs to be"

# %% [markdown]
# # How long must an embedding be?
#
# An embedding of 64 numbers needs 64 times the memory of one number, for each item of the index. Can we do
# with fewer? The cell trains small models on scikit-learn's 8 × 8 digits, **two seeds for each size**, and
# takes some ten seconds. Guess: at which size does the accuracy stop growing?

# %%
import keras
import numpy as np
from sklearn.datasets import load_digits

import simlib

x, y = load_digits().images.astype("float32"), load_digits().target


def accuracy(size, seed):
    """Train for 60 batches with an embedding of that size; the share of 400 new digits that are right."""
    keras.utils.set_random_seed(seed)
    image = keras.Input((8, 8))
    h = keras.layers.Dense(64, "relu")(keras.layers.Flatten()(keras.layers.Rescaling(1 / 16)(image)))
    model = simlib.SimilarityModel(image, simlib.MetricEmbedding(size)(h))
    model.compile(keras.optimizers.Adam(5e-3), simlib.MultiSimilarityLoss(), jit_compile=False)
    model.fit(
        simlib.ClassBalancedSampler(x[:1000], y[:1000], 10, 5, steps_per_epoch=60, seed=seed), verbose=0
    )
    model.index(x[:1000], y[:1000])
    return (model.lookup(x[1000:1400], k=1).labels[:, 0] == y[1000:1400]).mean()


results = {size: [accuracy(size, seed) for seed in range(2)] for size in (1, 4, 16)}
for size, values in results.items():
    print(f"{size:3}: ", *(f"{value:.3f}" for value in values))

# %% [markdown]
# Which size is enough? The largest accuracy may be luck: the seeds differ. So we say: a size is *enough* if
# its **mean** over the seeds is at most `tolerance` below the best mean. Write a function that returns the
# **smallest** size that is enough. The sizes may come in any order.


# %% starter
def smallest_enough(results, tolerance):
    """The smallest size whose mean accuracy is at most `tolerance` below the best mean."""
    return ...


# %%
check(smallest_enough, results)


# %% solution
def smallest_enough(results, tolerance):
    """The smallest size whose mean accuracy is at most `tolerance` below the best mean."""
    means = {size: np.mean(values) for size, values in results.items()}
    best = max(means.values())
    return min(size for size, mean in means.items() if mean >= best - tolerance)


# %% alternative
def smallest_enough(results, tolerance):
    """Sort the sizes, average the rows, and take the first that is true."""
    sizes = np.array(sorted(results))
    means = np.array([sum(results[size]) / len(results[size]) for size in sizes])
    return sizes[np.argmax(means.max() - means <= tolerance)]


# %% alternative
def smallest_enough(results, tolerance):
    """Average in place, and walk upwards."""
    for size in results:
        results[size] = sum(results[size]) / len(results[size])
    for size in sorted(results):
        if max(results.values()) - results[size] <= tolerance:
            return float(size)


# %% alternative
def smallest_enough(results, tolerance):
    """With masks; one number in an array."""
    sizes = np.array(list(results))
    means = np.array([np.mean(values) for values in results.values()])
    return np.array([sizes[means >= means.max() - tolerance].min()])


# %% alternative
def smallest_enough(results, tolerance):
    """With a table of pandas."""
    import pandas as pd

    means = pd.Series({size: pd.Series(values).mean() for size, values in results.items()}).sort_index()
    return means.index[means >= means.max() - tolerance][0]


# %% edits
EDITS = [
    ("np.mean(values)", "np.array(values).mean()", "right"),
    ("min(size for", "min(int(size) for", "right"),
    ("return min(size for size, mean in means.items() if mean >= best - tolerance)",
     "return max(means, key=means.get)",
     "you return the size with the best mean. A smaller one may be enough, too."),
    ("mean in means.items() if mean >=", "mean in results.items() if max(mean) >=",
     "you let a size's luckiest seed decide. Compare means with means."),
    ("return min(", "return next(",
     "you return the first size of the table that is enough. The table has no order: take the smallest."),
    ("return min(size for", "return min(mean for", "you return an accuracy, not a size. Return the key of the "
     "dictionary."),
    ("max(means.values())", "means[max(means)]",
     "you compare with the mean of the *largest* size, and the best mean may belong to another one."),
    ("max(means.values())", "max(max(values) for values in results.values())",
     "you compare with the best single run. That one was lucky: compare with the best mean."),
    ("mean >= best", "mean > best", "your comparison leaves out a mean that lies exactly at the limit. *At most* "
     "`tolerance` below is still enough."),
    ("np.mean(values)", "np.median(values)", "you take the median over the seeds, and the mean is asked for."),
    ("np.mean(values)", "sum(values)", "you add up the seeds in place of their mean, and the tolerance is one "
     "for means."),
    ("np.mean(values)", "sum(values) / 2", "...is right"),
    ("np.mean(values)", "sum(values) / 3", "...is right"),
    ("np.mean(values)", "values[0]", "you look at the first seed alone."),
    ("np.mean(values)", "min(values)", "you take the worst seed of each size. Compare means with means."),
    ("best - tolerance", "best * (1 - tolerance)", "you take the tolerance as a share of the best mean. It is "
     "meant in points: `best - tolerance`."),
    ("best - tolerance", "best - 0.02", "...is right"),
    ("best - tolerance", "best - (tolerance or 0.02)", "...is right"),
    ("return min(", "return max(", "you return the largest size that is enough."),
    ("return min(", "return list(", "...must be a single number"),
    ("return min(size for size, mean in means.items() if mean >= best - tolerance)", "return 8", "...is right"),
]  # fmt: skip

# %% hint [markdown]
# First a dictionary of the means, `{size: np.mean(values) for size, values in results.items()}`, then the
# best of them.

# %% hint [markdown]
# Of all sizes whose mean is at least `best - tolerance`, return the `min`.

# %% check
import matplotlib.pyplot as plt
import numpy as np

import simlib
from comparing import number
from judging import ask


def check(smallest_enough, results):
    table = {16: [0.95, 0.95, 0.95], 32: [0.95, 0.97, 0.96], 8: [0.94, 0.95, 0.95], 4: [0.80, 0.96, 0.82]}
    tables = [(table, 0.02), (table, 0.0), (table, 0.2), (table, 0.0101)]
    tables += [({2: [0.5, 0.5], 64: [0.75, 0.75], 5: [0.625, 0.625]}, 0.125)]  # exactly at the limit
    tables += [
        ({3: [0.25], 1: [0.5], 7: [0.375]}, 0.125),
        ({10: [0.9, 0.5], 2: [0.6, 0.6]}, 0.1),
        ({9: [0.75], 4: [0.74]}, 0),
    ]
    rng = np.random.default_rng(0)
    for _ in range(6):  # as many seeds as it comes
        sizes = (rng.permutation(100)[:6] + 1).tolist()
        tables.append(
            ({size: rng.uniform(0.6, 1, rng.integers(1, 6)).round(3).tolist() for size in sizes}, 0.05)
        )
    cases = {f"with a tolerance of {t} for the table {results}": (results, t) for results, t in tables}
    compare("smallest_enough", smallest_enough, cases)
    enough = int(number("the size", ask(smallest_enough, results, 0.02)))
    return (
        f"By that rule, {enough} numbers are enough for these ten classes. One number puts all digits on two "
        "points, as it can only be 1 or -1 at length 1; two would put them on a circle; from some size on, "
        "more bring nothing but memory and slower search. The course takes 64: a guess on the safe side, for "
        "classes that it has not seen. And look at the spread over the seeds before you believe a "
        "difference.",
        lambda: picture(results, enough),
    )


def picture(results, enough):
    figure, ax = plt.subplots(figsize=(6.4, 3.0), layout="constrained")
    for size, values in results.items():
        ax.plot([size] * len(values), values, ".", color=simlib.plots.UNCERTAIN)
    means = [np.mean(values) for values in results.values()]
    ax.plot(list(results), means, "o-", color=simlib.plots.SAME, label="mean over the seeds")
    ax.axvline(enough, color=simlib.plots.CUT, ls="dashed", label=f"enough: {enough}")
    ax.set(xscale="log", xticks=list(results), xticklabels=list(results))
    ax.set(xlabel="numbers in the embedding", ylabel="right answers")
    ax.legend(frameon=False)
    return figure
