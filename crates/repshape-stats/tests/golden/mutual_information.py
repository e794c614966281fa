"""Writes mutual_information.json: Kolchinsky-Tracey estimates from their definition.

Needs NumPy only. Run it in this folder: python mutual_information.py

Distances come from differences, entropies class by class through a log-sum-exp: none of the shortcuts of the
Rust code (matrix products, one exponential for both bounds, sorting by class). The input is made from integers,
so that both sides compute the same bits.
"""

import json
import pathlib

import numpy as np

CASES = [
    # name, rows, units, declared classes (0: no labels), offset, scale, class shift, variance, relative to the mean variance
    ("few_rows", 7, 3, 4, 0.0, 1.0, 0.5, 0.1, False),
    ("one_block", 60, 5, 4, 0.0, 2.0, 0.3, 0.1, False),
    ("two_blocks", 300, 4, 3, 0.0, 3.0, 0.7, 0.1, False),
    ("three_blocks", 601, 6, 11, 0.0, 1.5, 0.2, 0.05, False),
    ("no_labels", 520, 2, 0, 0.0, 4.0, 0.0, 0.1, False),
    ("mean_1000", 280, 8, 5, 1000.0, 3.0, 0.4, 0.1, False),
    ("relative", 290, 10, 3, -2.0, 7.0, 1.0, 0.5, True),
    ("ceiling", 270, 9, 2, 0.0, 1000.0, 0.0, 0.1, False),
    # Classes a million apart, distances of about one inside: products alone would lose every digit.
    ("far_classes", 310, 4, 3, 0.0, 1.5, 1e6, 0.1, False),
]


def labels_of(rows, classes):
    """Class of each row; of the declared classes, the last has no row where there are more than two."""
    present = classes - 1 if classes > 2 else classes
    return np.array([(n * n + n // 3) % present for n in range(rows)])


def values_of(rows, units, labels, offset, scale, shift):
    n = np.arange(rows)[:, None]
    u = np.arange(units)[None, :]
    pseudo = (n * 7919 + u * 104729 + n * u * 31 + n * n * 17) % 1009
    return offset + scale * (pseudo / 1009.0) + shift * labels[:, None]


def entropy(z, variance):
    """Both bounds, less the entropy of the noise, which cancels in the information: (lower, upper)."""
    squares = ((z[:, None, :] - z[None, :, :]) ** 2).sum(axis=2)
    bounds = []
    for factor in (8.0, 2.0):
        exponents = -squares / (factor * variance)
        peak = exponents.max(axis=1, keepdims=True)
        log_mean = peak[:, 0] + np.log(np.exp(exponents - peak).mean(axis=1))
        bounds.append(-log_mean.mean())
    return bounds


def case(name, rows, units, classes, offset, scale, shift, variance, relative):
    labels = labels_of(rows, classes) if classes else np.zeros(rows, dtype=int)
    z = values_of(rows, units, labels, offset, scale, shift)
    absolute = variance * z.var(axis=0).mean() if relative else variance
    x_lower, x_upper = entropy(z, absolute)
    y_lower = y_upper = None
    if classes:
        y_lower, y_upper = x_lower, x_upper
        for k in np.unique(labels):
            inside = labels == k
            lower, upper = entropy(z[inside], absolute)
            y_lower -= inside.mean() * lower
            y_upper -= inside.mean() * upper
    return {
        "name": name, "rows": rows, "units": units, "classes": classes, "offset": offset, "scale": scale,
        "shift": shift, "variance": variance, "relative": relative, "absolute": absolute,
        "x_lower": x_lower, "x_upper": x_upper, "y_lower": y_lower, "y_upper": y_upper,
    }


if __name__ == "__main__":
    path = pathlib.Path(__file__).with_suffix(".json")
    path.write_text(json.dumps([case(*row) for row in CASES], indent=1) + "\n")
