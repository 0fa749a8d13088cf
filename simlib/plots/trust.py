"""Pictures of how far a cutpoint can be trusted, and of strangers; in the manner of `simlib.plots`."""

import numpy as np

from simlib import checks
from simlib.plots.style import CUT, ORDER, SEEN, UNCERTAIN, UNSEEN, axes, finish
from simlib.trust.bootstrap import Bootstrap
from simlib.trust.drift import BaseRate
from simlib.trust.open_set import OpenSet
from simlib.trust.pairs import ErrorRates


def bootstrap_cutpoints(result, ax=None, bins=40):
    """Where resamples of the queries put the cutpoint: `result` is from `simlib.bootstrap`."""
    checks.kind("result", result, Bootstrap)
    bins, ax = checks.whole_number("bins", bins, at_least=1), axes(ax)
    shares = np.full(len(result.cutpoints), 100 / len(result.cutpoints))
    ax.hist(result.cutpoints, bins=bins, weights=shares, color=UNCERTAIN)
    ax.axvspan(result.cutpoint.low, result.cutpoint.high, color=UNCERTAIN, alpha=0.2, linewidth=0,
               label=f"{result.confidence:.0%} of them")  # fmt: skip
    ax.axvline(result.distance, color=CUT, linestyle="dashed", label=f"cutpoint {result.distance:.3f}")
    return finish(ax, {"loc": "upper left"}, xlabel="cutpoint chosen", ylabel="percent of resamples")


def open_set_tradeoff(sets, cutpoints=None, ax=None):
    """Strangers called unknown, against known queries called unknown: one curve for each `OpenSet`.

    sets: {name: `OpenSet`}; cutpoints: {name: distance}, marked on each curve, or None.
    """
    for result in checks.kind("sets", sets, dict, ", name -> `OpenSet`").values():
        checks.kind("sets", result, OpenSet)
    cutpoints = checks.kind("cutpoints", {} if cutpoints is None else cutpoints, dict, ", name -> distance")
    cutpoints = {title: checks.number("cutpoint", cutpoint) for title, cutpoint in cutpoints.items()}
    ax, colors = axes(ax, (5.0, 4.2)), {"seen": SEEN, "unseen": UNSEEN}
    for (name, result), style in zip(sets.items(), ORDER * len(sets)):
        x, y = (100 * np.append(s[::-1], 1.0) for s in (result.known_unknown, result.strangers_unknown))
        label, color = f"{name} (AUROC {result.auroc:.3f})", colors.get(name, CUT)
        ax.step(x, y, where="post", color=color, linestyle=style, label=label)
        for marker, (title, cutpoint) in zip("os^D" * len(cutpoints), cutpoints.items()):
            far, near = result.at(cutpoint)
            title = title if result is next(iter(sets.values())) else None
            ax.plot(100 * near, 100 * far, marker, color=CUT, label=title)
    names = {"xlabel": "known digits called unknown (%)", "ylabel": "strangers called unknown (%)"}
    return finish(ax, {"loc": "lower right"}, **names)


def base_rate(rates, strangers=(0.01, 0.4, 0.9, 0.99), ax=None):
    """Precision against the share of strangers among the queries: `rates` is from `simlib.base_rate`."""
    checks.kind("rates", rates, BaseRate)
    marked, ax = np.array(checks.listed("strangers", strangers), float), axes(ax)
    shares = np.linspace(0, 1, 1001)
    ax.plot(100 * shares, rates.precision(shares), color=CUT)
    for share, precision in zip(marked, rates.precision(marked)):
        at, text, left = (100 * share, precision), f"{precision:.3f} at {100 * share:g}%", share >= 0.7
        side = {"ha": "right", "va": "center"} if left else {"ha": "left", "va": "bottom"}
        ax.plot(*at, "o", color=CUT)
        ax.annotate(text, at, (-7, 0) if left else (6, 2), fontsize=9, textcoords="offset points", **side)
    return finish(ax, xlabel="strangers among the queries (%)", ylabel="precision", ylim=(0, 1.08))


def det(rates, ax=None):
    """False non-match rate against false match rate, both logarithmic: a DET curve for each `ErrorRates`.

    `rates`: {name: `ErrorRates`}. Nearer to the corner below is better; the dot is the equal error rate.
    """
    ax, colors = axes(ax, (5.0, 4.2)), {"seen": SEEN, "unseen": UNSEEN}
    rates = checks.kind("rates", rates, dict, ", name -> `ErrorRates`")
    for (name, found), style in zip(rates.items(), ORDER * len(rates)):
        eer = checks.kind("rates", found, ErrorRates).eer
        color, label = colors.get(name, CUT), f"{name} (EER {100 * eer:.1f}%)"
        ax.step(100 * found.fmr, 100 * found.fnmr, where="post", color=color, linestyle=style, label=label)
        ax.plot(100 * eer, 100 * eer, "o", color=color)
    ax.set(xscale="log", yscale="log")
    return finish(ax, {"loc": "lower left"}, xlabel="false match rate (%)", ylabel="false non-match rate (%)")
