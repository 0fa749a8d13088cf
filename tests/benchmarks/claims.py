"""Do the lessons' claims hold for other models and other indexes?  python tests/benchmarks/claims.py

Notebooks 03 to 06 look at one model and one index. Here the same is measured with two more models (the
recipe, seeds 1 and 2) beside the reference model, and five indexes each, drawn with other seeds: 15 pairs.
Each line says in how many of them something was so, or how it ranged. `--models 0` takes the reference model
alone.
"""

import argparse
import itertools
from pathlib import Path

import keras
import numpy as np

import simlib
from simlib import recipe

REFERENCE = Path(__file__).resolve().parents[2] / "notebooks" / "models" / "digits.keras"
STRICT = {"strict": "precision >= 0.99"}
VOTES = {"nearest": 1, "majority": 5, "weighted": 5}


def models(seeds):
    yield keras.models.load_model(REFERENCE)
    for seed in seeds:
        yield recipe.train(*simlib.load_mnist().train, seed=seed, verbose=0)[0]


def measured(splits, embeddings, seed):
    """{what: number or bool} of one model and one index; `embeddings`: of the three splits, in order."""
    (_, y_train), (_, y_cal), (_, y_test) = splits
    train, cal, test = embeddings
    items, labels = simlib.select_examples(train, y_train, n=20, seed=seed)
    seen = np.isin(y_test, recipe.SEEN)

    def lookup(queries, classes=range(10), k=1):
        kept = np.isin(labels, list(classes))
        return simlib.Index("cosine").add(items[kept], labels[kept]).lookup(queries, k=k)

    near_cal, near = lookup(cal, k=5), lookup(test, k=20)
    right = near.labels[:, 0] == y_test
    sizes, found = dict.fromkeys(range(10), 20), {}
    ranked = [simlib.metrics.retrieval(near[g], y_test[g], sizes, ks=(1,)) for g in (seen, ~seen)]
    found["03 recall@1, unseen minus seen"] = ranked[1]["recall@1"] - ranked[0]["recall@1"]
    found["03 MAP@R, unseen minus seen"] = ranked[1]["map@r"] - ranked[0]["map@r"]
    errors = [1 - right[y_test == c].mean() for c in range(10)]
    found["03 a 2 is among the two hardest"] = 2 in np.argsort(errors)[-2:]
    found["03 the other one was seen in training"] = all(c in recipe.SEEN for c in np.argsort(errors)[-2:])

    def mistakes_with(more):
        index = simlib.Index("cosine").add(items, labels).add(cal[more], y_cal[more])
        return int((index.lookup(test, k=1).labels[:, 0] != y_test).sum())

    misread = np.flatnonzero(near_cal.labels[:, 0] != y_cal)
    found["03 mistakes fewer with the misread digits added"] = mistakes_with([]) - mistakes_with(misread)

    tight = {}
    for name, group in (("seen", seen), ("unseen", ~seen)):
        tight[name] = simlib.calibrate(near.first(1)[group], y_test[group], targets=STRICT).distance("strict")
    found["04 unseen need the tighter cutpoint (test digits)"] = tight["unseen"] < tight["seen"]
    closed = simlib.calibrate(near_cal.first(1), y_cal, targets=STRICT)
    found["04 wrong matches that the best F1 lets in"] = closed["optimal"].scores["fpr"]
    known = lookup(train[np.isin(y_train, recipe.SEEN)])
    y_known, mine = y_train[np.isin(y_train, recipe.SEEN)], np.isin(y_cal, recipe.SEEN)
    new = known.distances[:, 0] > 1e-5
    flattered = simlib.calibrate(known[new], y_known[new], targets=STRICT).distance("strict")
    honest = simlib.calibrate(near_cal.first(1)[mine], y_cal[mine], targets=STRICT).distance("strict")
    found["04 training digits give the larger cutpoint"] = flattered > honest
    pairs, rates = simlib.draw_pairs(y_cal, n=10_000, seed=seed), []
    apart = 1 - (cal[pairs.first] * cal[pairs.second]).sum(axis=1)
    for classes in (recipe.SEEN, recipe.UNSEEN):
        both = np.isin(y_cal[pairs.first], classes) & np.isin(y_cal[pairs.second], classes)
        rates.append(simlib.error_rates(apart[both], pairs.same[both]).eer)
    found["04 equal error rate, unseen / seen"] = rates[1] / rates[0]

    answers = simlib.match(near.first(1), closed.distance("strict"))
    unknown = [(answers[g] == simlib.UNKNOWN).mean() for g in (seen, ~seen)]
    found["05 unknown at the strict cutpoint, seen"], found["05 the same, unseen"] = unknown
    by_digit = [(answers[y_test == c] == simlib.UNKNOWN).mean() for c in range(10)]
    found["05 a 2 is called unknown at least twice as often as a 3"] = by_digit[2] >= 2 * by_digit[3]
    votes = {}
    for matcher, k in VOTES.items():
        cutpoint = simlib.calibrate(near_cal.first(k), y_cal, matcher=matcher).distance()
        same = simlib.match(near.first(k), cutpoint, matcher) == y_test
        votes[matcher] = np.array([same[seen].mean(), same[~seen].mean()])
    gains = votes["majority"] - votes["nearest"]
    found["05 what a majority of 5 gains, seen"], found["05 the same for the unseen"] = gains
    six_cal, six = lookup(cal, recipe.SEEN), lookup(test, recipe.SEEN)
    for name, cutpoint in (
        ("closed", closed.distance()),
        ("open", simlib.calibrate(six_cal, y_cal).distance()),
    ):
        found[f"05 strangers let in at the {name}-set cutpoint"] = (
            six.distances[~seen, 0] <= cutpoint
        ).mean()
    harder, gap = 0, []
    for met, unmet in itertools.product(
        *(itertools.combinations(c, 2) for c in (recipe.SEEN, recipe.UNSEEN))
    ):
        stay = np.setdiff1d(range(10), [*met, *unmet])
        apart = lookup(test, stay)
        aurocs = [simlib.open_set(apart, y_test, stay, pair).auroc for pair in (met, unmet)]
        harder += aurocs[0] < aurocs[1]
        gap.append(aurocs[1] - aurocs[0])
    found["05 choices of 90 in which trained-on strangers are harder"] = harder
    found["05 mean AUROC, never met minus trained-on"] = np.mean(gap)

    shares, small = [], simlib.Index("cosine").add(*simlib.select_examples(train, y_train, n=10, seed=seed))
    for more in (0, 40):
        if more:
            small.add(*simlib.select_examples(train, y_train, n=more, seed=seed + 50))
        cutpoint = simlib.calibrate(small.lookup(cal, k=1), y_cal, targets=STRICT).distance("strict")
        answers = simlib.match(small.lookup(test, k=1), cutpoint)
        right = answers == y_test
        shares.append((right.mean(), (~right & (answers != simlib.UNKNOWN)).mean()))
    gained, wrong = np.subtract(*shares[::-1])
    found["06 right answers gained with 40 more of each digit"] = gained
    found["06 wrong answers gained"] = wrong
    return found


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--models", type=int, default=2, help="how many to train")
    splits, rows = simlib.load_mnist(), []
    for model in models(range(1, 1 + parser.parse_args().models)):
        embeddings = [model.embed(x, verbose=0) for x, _ in splits]
        rows += [measured(splits, embeddings, seed) for seed in range(5)]
    print_table(rows)


def print_table(rows):
    print(f"{len(rows)} pairs of model and index\n\n| | |\n|---|---|")
    for name in rows[0]:
        values = np.array([row[name] for row in rows])
        if values.dtype == bool:
            print(f"| {name} | in {values.sum()} of {len(values)} |")
        else:
            signs = f", above 0 in {(values > 0).sum()}, below in {(values < 0).sum()}" * bool(
                values.min() < 0
            )
            print(f"| {name} | {values.mean():.3f} ({values.min():.3f} to {values.max():.3f}){signs} |")


if __name__ == "__main__":
    main()
