"""Vectors near real embeddings: those of 4,000 digits, each drawn many times with noise."""

from pathlib import Path

import numpy as np

import simlib

MODEL = Path(__file__).parents[2] / "notebooks/models/digits.keras"


def real_embeddings():
    """float32 (4000, 64): the reference model's embeddings of the training and calibration digits."""
    import keras

    train, calibration, _ = simlib.load_mnist()
    return keras.models.load_model(MODEL).embed(np.concatenate([train.x, calibration.x]), verbose=0)


def near_real(real, n, seed=0, noise=0.05):
    """float32 (n, d) unit vectors, each beside a random real one; in parts, to stay small in memory."""
    rng, out = np.random.default_rng(seed), np.empty((n, real.shape[1]), np.float32)
    for start in range(0, n, 100_000):
        part = out[start : start + 100_000]
        part[:] = real[rng.integers(0, len(real), len(part))]
        part += noise * rng.standard_normal(part.shape, dtype=np.float32)
        part /= np.linalg.norm(part, axis=1, keepdims=True)
    return out


def in_turn(functions, repeats):
    """Time functions in turn, so that what else the machine does falls on all; the best seconds of each."""
    import time

    times = {name: [] for name in functions}
    for _ in range(repeats):
        for name, function in functions.items():
            start = time.perf_counter()
            function()
            times[name].append(time.perf_counter() - start)
    return {name: min(seconds) for name, seconds in times.items()}
