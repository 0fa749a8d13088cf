"""One colour has one meaning in every picture, and all are colour-blind safe."""

import matplotlib.pyplot as plt
import seaborn as sns
from matplotlib.axes import Axes

from simlib import checks

# Okabe and Ito's colours, told apart with every common kind of colour blindness.
SAME, DIFFERENT = "#0072B2", "#D55E00"  # same class, or right; different class, or wrong
UNCERTAIN, CUT, OTHER = "#999999", "#000000", "#009E73"  # unknown; the cutpoint; a further curve
SEEN, UNSEEN = "#56B4E9", "#CC79A7"  # classes that were trained on, and classes that were not
LINES = {"precision": "#AA4499", "recall": "#2A8FBD", "f1": "#00805E"}  # as in the explorer
PARTS = {"right": SAME, "unknown": UNCERTAIN, "wrong": DIFFERENT}
ORDER = ("solid", "dashed", "dotted", "dashdot")  # a second sign beside the colour


def axes(ax, size=(6.4, 3.6)):
    return plt.subplots(figsize=size, layout="constrained")[1] if ax is None else checks.kind("ax", ax, Axes)


def above(ax, columns=3):
    """The legend, above the axes, where it hides no data."""
    ax.legend(frameon=False, ncol=columns, loc="lower center", bbox_to_anchor=(0.5, 1.0), borderaxespad=0.2)


def finish(ax, legend=None, **settings):
    """Name the axes, add the legend with these options, take the frame away."""
    ax.set(**settings)
    if legend is not None:
        ax.legend(frameon=False, **legend)
    sns.despine(ax=ax)
    return ax
