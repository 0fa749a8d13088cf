"""What several tests compare."""

import numpy as np


def assert_same(a, b):
    """Two `Neighbors` of the same labels, ids and distances, to the bit."""
    for name in ("labels", "ids", "distances"):
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name))
