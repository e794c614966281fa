"""Two measures of Choi & Rhee (2019), Table 5, under conventions that the paper does not spell out.

    repshape shape --data mnist=DIR --epochs 50 --batch-size 100 --optimizer adam:1e-4 --penalty cr=1@fc5 --site fc5 --out run
    mkdir a && repshape measure run --site fc5 --save-activations a
    python conventions.py a/fc5.npy a/labels.npy
"""

import sys

import numpy as np


def correlation(z, undefined_is_zero):
    """Mean of |correlation| over pairs of units; a pair with a constant unit is left out, or counts as 0."""
    units = z.shape[1]
    deviation = z.std(axis=0)
    varies = deviation > 0
    centred = (z - z.mean(axis=0))[:, varies] / deviation[varies]
    values = np.abs(centred.T @ centred / len(z))
    count = units if undefined_is_zero else varies.sum()
    return (values.sum() - np.trace(values)) / (count * count - count)


def normalized_class_wise_variance(z, labels):
    """Each unit mapped to [0, 10] by its extremes over these rows, then the mean variance within classes."""
    span = z.max(axis=0) - z.min(axis=0)
    scaled = 10 * (z - z.min(axis=0)) / np.where(span > 0, span, 1)
    return np.mean([scaled[labels == k].var(axis=0).mean() for k in np.unique(labels)])


def main():
    z, labels = np.load(sys.argv[1]).astype(float), np.load(sys.argv[2])
    for zero, name in [(False, "are left out"), (True, "count as 0")]:
        value = np.mean([correlation(z[labels == k], zero) for k in np.unique(labels)])
        print(f"class-wise correlation, pairs with a constant unit {name}: {value:.3f}")
    for rows in (100, 1000, len(z)):
        starts = range(0, len(z) - rows + 1, rows)
        value = np.mean([normalized_class_wise_variance(z[i : i + rows], labels[i : i + rows]) for i in starts])
        print(f"normalised class-wise variance, over {rows} rows at a time: {value:.3f}")


if __name__ == "__main__":
    main()
