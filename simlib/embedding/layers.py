"""The last layer of a similarity model."""

import keras
from keras import ops

from simlib import checks


def on_the_sphere(x):
    """Divide each row by its length; a zero row stays zero. (batch, d) -> (batch, d), of the same dtype."""
    # Half precision can neither square a large number nor a small one.
    wide = ops.cast(x, keras.backend.result_type(x.dtype, "float32"))
    squared = ops.sum(wide * wide, axis=-1, keepdims=True)
    # A zero row gets a small gradient: dividing by its length would wreck a model.
    squared = ops.where(squared < 1e-12, ops.ones_like(squared), squared)
    return ops.cast(wide / ops.sqrt(squared), x.dtype)


@keras.saving.register_keras_serializable("simlib")
class MetricEmbedding(keras.layers.Dense):
    """Dense + L2 normalisation: puts every input on the unit sphere.

    On the sphere, cosine and Euclidean distance order neighbours alike, and no embedding can win by
    growing longer. It is Keras's `Dense` with the normalisation as its activation, so it can be quantised
    and take LoRA; `kwargs` are its other arguments. (batch, features) -> float (batch, units), each row of
    length 1 (a zero row stays zero). Raises ValueError for other inputs, or units below 1.

    >>> import numpy as np
    >>> embedding = MetricEmbedding(8)(np.ones((2, 3), "float32"))
    >>> np.linalg.norm(embedding, axis=1).round(4).tolist()
    [1.0, 1.0]
    """

    def __init__(self, units=64, **kwargs):
        super().__init__(checks.whole_number("units", units, at_least=1), activation=on_the_sphere, **kwargs)
        self.input_spec = None  # until `build`, which says more

    def build(self, input_shape):
        if len(input_shape) != 2 or not input_shape[1]:
            cure = f"got {tuple(input_shape)}. Put a Flatten or a GlobalAveragePooling layer before it."
            raise ValueError(f"inputs must have the shape (batch, features); {cure}")
        super().build(input_shape)
        self.input_spec = keras.layers.InputSpec(ndim=2, axes={-1: input_shape[1]})

    def quantize(self, mode=None, type_check=True, config=None):
        # Keras leaves subclasses of Dense alone, as their `call` may be another. Ours is Dense's own.
        return super().quantize(mode, type_check=False, config=config)

    def load_own_variables(self, store):
        if not len(store):  # in older files, the Dense is a layer within this one
            store = store.get(f"{store._h5_entry_path}/dense")
        super().load_own_variables(store)

    def get_config(self):
        return {key: value for key, value in super().get_config().items() if key != "activation"}
