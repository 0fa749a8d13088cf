"""The last layer of a similarity model."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("simlib")
class MetricEmbedding(keras.layers.Layer):
    """Dense + L2 normalisation: puts every input on the unit sphere.

    On the sphere, cosine and Euclidean distance order neighbours alike, and no embedding can win by
    growing longer.

    Args:
        units: the embedding's dimensions.

    Input (batch, features); output float (batch, units), each row of length 1.

    >>> import numpy as np
    >>> embedding = MetricEmbedding(8)(np.ones((2, 3), "float32"))
    >>> np.linalg.norm(embedding, axis=1).round(4).tolist()
    [1.0, 1.0]
    """

    def __init__(self, units=64, **kwargs):
        super().__init__(**kwargs)
        if not isinstance(units, int) or units < 1:
            raise ValueError(f"units must be a whole number of at least 1; got {units!r}.")
        self.units = units
        self.dense = keras.layers.Dense(units, dtype=self.dtype_policy)

    def build(self, input_shape):
        if len(input_shape) != 2:
            raise ValueError(
                f"MetricEmbedding needs inputs of shape (batch, features); got {input_shape}. "
                "Put a Flatten or a GlobalAveragePooling layer before it."
            )
        self.dense.build(input_shape)

    def call(self, inputs):
        x = self.dense(inputs)
        # The epsilon keeps the gradient finite should a row be all zeros.
        return x / ops.sqrt(ops.maximum(ops.sum(x * x, axis=-1, keepdims=True), 1e-12))

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.units)

    def get_config(self):
        return {**super().get_config(), "units": self.units}
