"""A function's value and gradient on whichever backend Keras runs: TensorFlow, JAX or PyTorch."""

import keras
import numpy as np
from keras import ops


def value_and_gradient(function, x):
    """Return function(x), a scalar, and its gradient with respect to x, both as NumPy arrays."""
    x = np.asarray(x)
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        x = tf.constant(x)
        with tf.GradientTape() as tape:
            tape.watch(x)
            value = function(x)
        gradient = tape.gradient(value, x)
        gradient = tf.zeros_like(x) if gradient is None else gradient
    elif keras.backend.backend() == "jax":
        import jax

        value, gradient = jax.value_and_grad(function)(jax.numpy.asarray(x))
    else:
        import torch

        x = torch.tensor(x, requires_grad=True)
        value = function(x)
        if value.requires_grad:
            value.backward()
        gradient = torch.zeros_like(x) if x.grad is None else x.grad
    return ops.convert_to_numpy(value), ops.convert_to_numpy(gradient)
