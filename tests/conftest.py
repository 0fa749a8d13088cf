"""What all tests share: figures without a window."""

import matplotlib

matplotlib.use("Agg")
