"""The characteristics of a representation in NumPy: vectorised, by BLAS, in f64, on one thread."""

import numpy as np

import cases
from serving import Work, serve

NOISE = 0.1
BLOCK = 128


def pair_mean(matrix, keep=None):
    """Mean over i != j of the absolute values, of the kept pairs."""
    off = ~np.eye(len(matrix), dtype=bool)
    chosen = np.abs(matrix[off if keep is None else off & keep])
    return chosen.mean() if chosen.size else None


def correlation(covariance, varies):
    v = covariance.diagonal()[varies]
    return pair_mean(covariance[np.ix_(varies, varies)] / np.sqrt(np.outer(v, v))) if varies.sum() > 1 else None


def positive(z, mean):
    """Moments over the rows where a unit, or both units of a pair, are above 0."""
    mask = z > 0
    m = mask.astype(z.dtype)
    # Shifted by the units' means, so that E[xy] - E[x]E[y] does not cancel.
    shifted = (z - mean) * m
    count = m.T @ m
    with np.errstate(divide="ignore", invalid="ignore"):
        first = shifted.T @ m / count
        second = (shifted * shifted).T @ m / count
        covariance = shifted.T @ shifted / count - first * first.T
        variance = second - first * first  # of i over the rows of the pair
        covariance[count == 1] = variance[count == 1] = 0
        rho = covariance / np.sqrt(variance * variance.T)
    some = count > 0
    return {
        "amplitude_positive": z[mask].mean() if mask.any() else None,
        "covariance_positive": pair_mean(covariance, some),
        "correlation_positive": pair_mean(rho, (count > 1) & (variance > 0) & (variance.T > 0)),
        "variance_positive": variance.diagonal()[some.diagonal()].mean() if some.diagonal().any() else None,
    }


def class_wise(z, labels, low, high):
    order = np.argsort(labels, kind="stable")
    z, ends = z[order], np.cumsum(np.bincount(labels, minlength=cases.CLASSES))
    variances, covariances, correlations = [], [], []
    for start, end in zip(np.concatenate(([0], ends)), ends):
        rows = z[start:end]
        if len(rows) == 0:
            continue
        c = rows - rows.mean(0)
        covariance = c.T @ c / len(rows)
        variances.append(covariance.diagonal())
        covariances.append(pair_mean(covariance))
        correlations.append(correlation(covariance, rows.min(0) < rows.max(0)))
    scale = np.where(high > low, 10 / np.where(high > low, high - low, 1), 0)
    defined = [value for value in correlations if value is not None]
    return {
        "class_wise_variance": np.mean(variances),
        "class_wise_covariance": np.mean(covariances),
        "class_wise_correlation": np.mean(defined) if defined else None,
        "normalized_class_wise_variance": np.mean(np.array(variances) * scale**2),
    }


def spectral(z, covariance):
    l = np.clip(np.linalg.eigvalsh(covariance), 0, None)
    squares = np.clip(np.linalg.eigvalsh(z.T @ z), 0, None)
    share = l[l > 0] / l.sum()
    return {
        "stable_rank_covariance": (l**2).sum() / l.max() ** 2,
        "stable_rank": squares.sum() / squares.max(),
        "rank": int((l > len(l) * 2.0**-52 * l.max()).sum()),
        "effective_rank": np.exp(-(share * np.log(share)).sum()),
        "participation_ratio": l.sum() ** 2 / (l**2).sum(),
    }


def measures(z, labels):
    mean, low, high = z.mean(0), z.min(0), z.max(0)
    c = z - mean
    covariance = c.T @ c / len(z)
    variance = covariance.diagonal()
    total, largest = variance.sum(), np.sort(variance)[::-1]
    rho = correlation(covariance, low < high)
    return {
        "amplitude": np.abs(z).mean(),
        "covariance": pair_mean(covariance),
        "correlation": rho,
        "variance": variance.mean(),
        "sparsity": 1 - np.count_nonzero(z) / z.size,
        "dead_units": ((low == 0) & (high == 0)).mean(),
        "mapc": rho,
        "cvr": np.abs(covariance).sum() / total,
        "tdv": largest[0] / total,
        "ud90": int(np.searchsorted(np.cumsum(largest), 0.9 * total) + 1),
        **positive(z, mean),
        **class_wise(z, labels, low, high),
        **spectral(z, covariance),
    }


def information(z, labels):
    """Bounds of I(z;x) and estimates of I(z;y), all pairs, in blocks of rows. One exponential serves both bounds."""
    rows = len(z)
    c = z - z.mean(0)
    norms = (c * c).sum(1)
    hot = np.eye(cases.CLASSES)[labels]
    counts = hot.sum(0)
    all_and_class = np.concatenate([np.ones((rows, 1)), hot], axis=1)
    whole, inside = np.empty((2, rows)), np.empty((2, rows))
    buffer = np.empty((BLOCK, rows))
    for start in range(0, rows, BLOCK):
        here = slice(start, min(start + BLOCK, rows))
        block = buffer[: here.stop - here.start]
        np.matmul(c[here], c.T, out=block)
        block *= -2
        block += norms
        block += norms[here, None]
        np.maximum(block, 0, out=block)
        block *= -1 / (8 * NOISE)
        np.exp(block, out=block)
        at = np.arange(len(block)), 1 + labels[here]
        for bound in (0, 1):  # lower, then upper: the fourth power
            if bound:
                np.square(block, out=block)
                np.square(block, out=block)
            sums = block @ all_and_class
            whole[bound, here], inside[bound, here] = sums[:, 0], sums[at]
    entropy = -np.log(whole / rows).mean(1)
    # The mean over rows of the class's own entropy is sum_k p_k H(z | y = k).
    conditional = -np.log(inside / counts[labels]).mean(1)
    return dict(zip(("mi_x_lower", "mi_x_upper"), entropy)) | dict(zip(("mi_y_lower", "mi_y_upper"), entropy - conditional))


def forms_of(case):
    if case not in ("measures/10000x100", "measures+mi/10000x100"):
        return None
    z, labels = cases.representation()
    if case.startswith("measures+mi"):
        return {"blocks": Work(lambda: (measures(z, labels), information(z, labels)))}
    return {"blas": Work(lambda: measures(z, labels))}


if __name__ == "__main__":
    serve("numpy", np.__version__, forms_of)
