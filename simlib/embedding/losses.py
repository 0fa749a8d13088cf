"""Losses that learn an embedding from the pairs within a batch. All have one shape:

    distances between all pairs  ->  masks: which pairs are positive, which negative  ->  loss

`y_true` holds integer class ids (batch,), `y_pred` embeddings (batch, d). A pair is *positive* if its two
examples share a class, and *negative* if not; an example is no pair with itself. Each anchor (row) gives one
number, and Keras takes the mean. An anchor without the pairs that a loss needs gives 0, with a zero gradient.
"""

import math

import keras
import numpy as np
from keras import ops

from simlib import checks, distances
from simlib.embedding.doors import check_labels

FAR = 1e30  # stands for "no such pair" in a minimum or, negated, in a maximum
ABOVE_ZERO = {"alpha", "beta", "gamma", "temperature"}


def pair_masks(labels):
    """Return two bool (batch, batch) masks: i and j are a positive pair, i and j are a negative pair.

    >>> import numpy as np
    >>> positive, negative = pair_masks(np.array([5, 5, 3]))
    >>> np.array(positive).astype(int).tolist(), np.array(negative).astype(int).tolist()
    ([[0, 1, 0], [1, 0, 0], [0, 0, 0]], [[0, 0, 1], [0, 0, 1], [1, 1, 0]])
    """
    labels = ops.reshape(labels, (-1,))
    same = ops.equal(labels[:, None], labels[None, :])
    itself = ops.eye(ops.shape(labels)[0], dtype="bool")
    return ops.logical_and(same, ops.logical_not(itself)), ops.logical_not(same)


def pairwise(distance, embeddings):
    """Distances between all rows of `embeddings`: (batch, d) -> (batch, batch)."""
    prepared = distance.prepare(embeddings, xp=ops)
    return distance.pairwise(prepared, prepared, xp=ops)


def masked_max(values, mask):
    """The largest value of each row where `mask` is true; -FAR where there is none. (b, b) -> (b, 1)"""
    return ops.max(ops.where(mask, values, -FAR), axis=1, keepdims=True)


def masked_min(values, mask):
    """The smallest value of each row where `mask` is true; FAR where there is none."""
    return -masked_max(-values, mask)


def masked_logsumexp(values, mask):
    """log(sum of exp(values) where `mask`), by row; about -FAR where there is none. (b, b) -> (b,)"""
    return ops.logsumexp(ops.where(mask, values, -FAR), axis=1)


def check_batch(y_true, y_pred):
    """Raise ValueError unless `y_true` are class ids, and `y_pred` as many embeddings (batch, d)."""
    check_labels("y_true", y_true, floats=True)
    true, pred = np.shape(y_true), tuple(y_pred.shape)
    if len(pred) != 2 or 0 in pred:
        cure = f"got {pred}. Let the model end in a layer such as MetricEmbedding."
        raise ValueError(f"y_pred must be embeddings of shape (batch, d); {cure}")
    if not true or (None not in (true[0], pred[0]) and true[0] != pred[0]):
        raise ValueError(f"y_true {true} and y_pred {pred} differ in length; give one class id an embedding.")


class MetricLoss(keras.losses.Loss):
    """What the losses share: a distance, and how to write themselves into a saved model.

    A loss computes in float32, also for a model in half precision, whose range it would exceed. A subclass
    has `by_anchor(d, positive, negative)`: distances and masks (batch, batch) -> each anchor's loss (batch,).

    distance: its name, see `simlib.distances`; `compile` hands it to the index. settings: {name: number},
    saved attributes; optional: those that may be None. kwargs: Keras's own. Raises ValueError for an unknown
    distance or reduction, or a setting that is no finite number; in a call, for one-hot labels, text, ids
    beyond 2**24, embeddings not of shape (batch, d), lengths that differ. A NaN among the embeddings makes
    the loss NaN.
    """

    def __init__(self, distance, settings, optional=(), name=None, **kwargs):
        dtype = keras.backend.result_type(keras.config.floatx(), "float32")
        super().__init__(name=name or type(self).__name__, dtype=dtype, **kwargs)
        self._distance, self.distance = distances.get(distance), distance
        for key, value in settings.items():
            if value is not None or key not in optional:
                value, above = checks.number(key, value), key in ABOVE_ZERO
                if math.isinf(value) or (above and value <= 0):
                    raise ValueError(f"{key} must be {'above 0 and ' * above}finite; got {value}.")
            setattr(self, key, value)
        self._settings = list(settings)

    def __call__(self, y_true, y_pred, sample_weight=None):
        check_batch(y_true, y_pred)  # before Keras makes float32 of both
        return super().__call__(y_true, y_pred, sample_weight)

    def call(self, y_true, y_pred):
        positive, negative = pair_masks(y_true)
        return self.by_anchor(pairwise(self._distance, y_pred), positive, negative)

    def get_config(self):
        settings = {key: getattr(self, key) for key in self._settings}
        return {**super().get_config(), "distance": self.distance, **settings}


@keras.saving.register_keras_serializable("simlib")
class MultiSimilarityLoss(MetricLoss):
    """Multi-similarity loss (Wang et al., CVPR 2019, "Multi-Similarity Loss with General Pair Weighting
    for Deep Metric Learning"): the loss that it calls L_MS, over the pairs that its mining keeps.

    With similarities S = 1 - distance, an anchor keeps a negative that is more similar than its least similar
    positive - epsilon, and a positive that is less similar than its most similar negative + epsilon. Over
    those,

        1/alpha log(1 + sum_pos exp(-alpha (S - lambda))) + 1/beta log(1 + sum_neg exp(beta (S - lambda)))

    alpha, beta: how much the hardest positive and negative pairs outweigh the others; lambda_: the similarity
    about which pairs are pushed apart or together; epsilon: the mining margin; None keeps all pairs. The
    defaults are those of the authors' code; the paper sets lambda to 1 and beta to 50.
    """

    def __init__(self, alpha=2.0, beta=40.0, lambda_=0.5, epsilon=0.1, distance="cosine", **kwargs):
        settings = {"alpha": alpha, "beta": beta, "lambda_": lambda_, "epsilon": epsilon}
        super().__init__(distance, settings, optional=("epsilon",), **kwargs)

    def by_anchor(self, d, positive, negative):
        s = 1.0 - d
        if self.epsilon is not None:
            hardest_positive, hardest_negative = masked_min(s, positive), masked_max(s, negative)
            negative = ops.logical_and(negative, s > hardest_positive - self.epsilon)
            positive = ops.logical_and(positive, s < hardest_negative + self.epsilon)
        pull = masked_logsumexp(-self.alpha * (s - self.lambda_), positive)
        push = masked_logsumexp(self.beta * (s - self.lambda_), negative)
        # The softplus of log(sum) is log(1 + sum); without pairs, where log(sum) is -FAR, it is 0.
        return ops.softplus(pull) / self.alpha + ops.softplus(push) / self.beta


@keras.saving.register_keras_serializable("simlib")
class TripletLoss(MetricLoss):
    """Batch-hard triplet loss (Hermans et al. 2017, "In Defense of the Triplet Loss", equation 5).

    max(0, margin + furthest positive - nearest negative) for each anchor that has both; with a margin of
    None, log(1 + exp(furthest positive - nearest negative)).
    """

    def __init__(self, margin=0.2, distance="cosine", **kwargs):
        super().__init__(distance, {"margin": margin}, optional=("margin",), **kwargs)

    def by_anchor(self, d, positive, negative):
        gap = (masked_max(d, positive) - masked_min(d, negative))[:, 0]  # -FAR where one is missing: no loss
        return ops.softplus(gap) if self.margin is None else ops.relu(gap + self.margin)


@keras.saving.register_keras_serializable("simlib")
class CircleLoss(MetricLoss):
    """Circle loss (Sun et al., CVPR 2020, equation 6, with the self-paced weights of equation 5).

    Pairs are weighted by how far they are from their optimum. With similarities s = 1 - distance,
    weights a_p = max(0, 1 + margin - s) and a_n = max(0, s + margin), which carry no gradient:

        softplus(log sum exp(gamma a_n (s_n - margin)) + log sum exp(-gamma a_p (s_p - (1 - margin))))

    The defaults of the scale gamma and the relaxation margin are the paper's for image retrieval.
    """

    def __init__(self, gamma=80.0, margin=0.4, distance="cosine", **kwargs):
        super().__init__(distance, {"gamma": gamma, "margin": margin}, **kwargs)

    def by_anchor(self, d, positive, negative):
        s = 1.0 - d
        weight_p = ops.stop_gradient(ops.relu(1 + self.margin - s))
        weight_n = ops.stop_gradient(ops.relu(s + self.margin))
        pull = masked_logsumexp(-self.gamma * weight_p * (s - (1 - self.margin)), positive)
        push = masked_logsumexp(self.gamma * weight_n * (s - self.margin), negative)
        return ops.softplus(pull + push)  # 0 where one is missing: log of no sum is -FAR


@keras.saving.register_keras_serializable("simlib")
class SoftNearestNeighborLoss(MetricLoss):
    """Soft nearest neighbour loss (Frosst et al., ICML 2019, equation 1, in squared Euclidean distance).

    -log of the share of positive pairs in sum exp(-distance / temperature), for each anchor that has a
    positive: the smaller the temperature, the more the nearest pairs count.
    """

    def __init__(self, temperature=0.1, distance="squared_euclidean", **kwargs):
        super().__init__(distance, {"temperature": temperature}, **kwargs)

    def by_anchor(self, d, positive, negative):
        pull = masked_logsumexp(-d / self.temperature, positive)
        everyone = masked_logsumexp(-d / self.temperature, ops.logical_or(positive, negative))
        return ops.where(ops.any(positive, axis=1), everyone - pull, ops.zeros_like(pull))


@keras.saving.register_keras_serializable("simlib")
class ContrastiveLoss(MetricLoss):
    """Contrastive pair loss (Hadsell et al., CVPR 2006, equation 4, Euclidean), over all pairs in the batch.

    Half the mean of distance^2 over positives and of max(0, margin - distance)^2 over negatives: beyond
    the margin, a negative pair is left alone.
    """

    def __init__(self, margin=1.0, distance="euclidean", **kwargs):
        super().__init__(distance, {"margin": margin}, **kwargs)

    def by_anchor(self, d, positive, negative):
        push = ops.where(negative, ops.square(ops.relu(self.margin - d)), ops.zeros_like(d))
        pairs = ops.sum(ops.cast(ops.logical_or(positive, negative), d.dtype), axis=1)
        return ops.sum(ops.where(positive, ops.square(d), push), axis=1) / ops.maximum(2 * pairs, 1.0)
