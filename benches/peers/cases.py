"""The cases by name, and the data that every peer shares."""

import numpy as np

BATCH, CLASSES, HIDDEN, PIXELS = 100, 10, 100, 784
EPOCH_ROWS = 50_000
EPOCH_STEPS = EPOCH_ROWS // BATCH
# Steps in one timed call of the step cases: few, so that a call fits between two interruptions of a busy machine.
STEPS = 5
WEIGHT, RATE = 0.1, 1e-4
PENALTIES = ("vr", "cw-vr", "cr", "cw-cr")
UNITS = (100, 512, 4096)

CASES = (
    "step/mlp/none",
    "step/mlp/cw-vr",
    "step/mlp/cr",
    "epoch/mlp/cw-vr",
    *(f"penalty/{penalty}/{units}" for penalty in PENALTIES for units in UNITS),
    "measures/10000x100",
    "measures+mi/10000x100",
)


def images():
    """50,000 rows with the share of zero pixels of MNIST, and their labels."""
    random = np.random.default_rng(1)
    x = random.random((EPOCH_ROWS, PIXELS), dtype=np.float32)
    x *= random.random((EPOCH_ROWS, PIXELS), dtype=np.float32) < 0.19
    return x, random.integers(0, CLASSES, EPOCH_ROWS).astype(np.int32)


def parameters():
    """784-5x100-10: Glorot-uniform weights [in, out], zero biases."""
    random = np.random.default_rng(2)
    widths = [PIXELS] + [HIDDEN] * 5 + [CLASSES]
    for inputs, outputs in zip(widths, widths[1:]):
        limit = np.sqrt(6 / (inputs + outputs))
        yield random.uniform(-limit, limit, (inputs, outputs)).astype(np.float32), np.zeros(outputs, np.float32)


def batch(units):
    """A batch of 100 activations after a ReLU and its labels: classes of unequal size, as batches have."""
    random = np.random.default_rng(units)
    z = np.maximum(random.standard_normal((BATCH, units), dtype=np.float32) + 0.3, 0)
    return z, random.integers(0, CLASSES, BATCH).astype(np.int32)


def representation():
    """10,000 x 100 in f64, after a ReLU, ten classes, correlated units, three of them dead."""
    random = np.random.default_rng(3)
    labels = random.integers(0, CLASSES, 10_000)
    centres = random.standard_normal((CLASSES, 100))
    mixing = random.standard_normal((100, 100)) / 10
    z = np.maximum((centres[labels] + random.standard_normal((10_000, 100))) @ mixing, 0)
    z[:, [7, 40, 77]] = 0
    return z, labels
