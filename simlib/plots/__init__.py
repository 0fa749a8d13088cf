"""Pictures of what the arrays floor computes.

Every function takes the axes to draw on (`ax=None` makes a figure) and returns them; the three that
draw grids of images return the Figure.
"""

from simlib.plots.curves import (
    confusion,
    distance_histogram,
    group_bars,
    metric_curves,
    precision_recall,
    projector,
    training_curve,
)
from simlib.plots.images import decision_strip, image_grid, neighbor_strips
from simlib.plots.style import CUT, DIFFERENT, LINES, OTHER, SAME, SEEN, UNCERTAIN, UNSEEN
from simlib.plots.trust import base_rate, bootstrap_cutpoints, det, open_set_tradeoff

__all__ = [
    "CUT", "DIFFERENT", "LINES", "OTHER", "SAME", "SEEN", "UNCERTAIN", "UNSEEN",
    "base_rate", "bootstrap_cutpoints", "confusion", "decision_strip", "det", "distance_histogram",
    "group_bars", "image_grid", "metric_curves", "neighbor_strips", "open_set_tradeoff", "precision_recall",
    "projector", "training_curve",
]  # fmt: skip
