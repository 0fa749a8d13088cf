"""The last layer of a similarity model."""

import keras
from keras import ops

from simlib import checks


@keras.saving.register_keras_serializable("simlib")
class MetricEmbedding(keras.layers.Layer):
    """Dense + L2 normalisation: puts every input on the unit sphere.

    On the sphere, cosine and Euclidean distance order neighbours alike, and no embedding can win by
    growing longer.

    Args:
        units: the embedding's dimensions.

    Input (batch, features); output float (batch, units), each row of length 1 (a zero row stays zero).

    Raises:
        ValueError: `units` is no whole number of at least 1, or the inputs are not (batch, features).

    >>> import numpy as np
    >>> embedding = MetricEmbedding(8)(np.ones((2, 3), "float32"))
    >>> np.linalg.norm(embedding, axis=1).round(4).tolist()
    [1.0, 1.0]
    """

    def __init__(self, units=64, **kwargs):
        super().__init__(**kwargs)
        self.units = checks.whole_number("units", units, at_least=1)
        self.dense = keras.layers.Dense(self.units, dtype=self.dtype_policy)

    def __call__(self, inputs, **kwargs):
        shape = checks.tensor_shape("inputs", inputs)  # before Keras turns them into a tensor
        features = self.dense.kernel.shape[0] if self.built else None
        if len(shape) != 2 or not shape[1] or features not in (None, shape[1]):
            raise ValueError(
                f"inputs must have the shape (batch, {features or 'features'}); got {shape}. "
                "Put a Flatten or a GlobalAveragePooling layer before it."
            )
        return super().__call__(inputs, **kwargs)

    def build(self, input_shape):
        self.dense.build(input_shape)

    def call(self, inputs):
        x = self.dense(inputs)
        # Half precision can neither square a large number nor a small one.
        x = ops.cast(x, keras.backend.result_type(x.dtype, "float32"))
        squared = ops.sum(x * x, axis=-1, keepdims=True)
        # A row of zeros stays zero, with a small gradient: dividing by its length would wreck a model.
        squared = ops.where(squared < 1e-12, ops.ones_like(squared), squared)
        return ops.cast(x / ops.sqrt(squared), self.compute_dtype)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.units)

    def get_config(self):
        return {**super().get_config(), "units": self.units}
