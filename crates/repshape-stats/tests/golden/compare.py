"""Writes compare.json: similarities and bootstrap intervals by their plain definitions, in NumPy.

    python compare.py > compare.json

Nothing here is streamed or shares an algorithm with the crate: kernel matrices of all rows, canonical correlations from
orthonormal bases of the rows, the best rotation applied and its distance measured, resampled rows written out.
"""
import json

import numpy as np

CUTOFF = 1e-10
MASK = (1 << 64) - 1


def varies(z):
    return len(z) > 0 and bool((z.min(axis=0) < z.max(axis=0)).any())


def centred(z):
    z = z.astype(np.float64)
    z = z[:, z.min(axis=0) < z.max(axis=0)]
    return z - z.mean(axis=0)


def hsic_1(k, l):
    """Song et al. (2012), equation 5."""
    n = len(k)
    k, l = k - np.diag(np.diag(k)), l - np.diag(np.diag(l))
    one = np.ones(n)
    terms = np.trace(k @ l) + one @ k @ one * (one @ l @ one) / ((n - 1) * (n - 2)) - 2 / (n - 2) * (one @ k @ l @ one)
    return terms / (n * (n - 3))


def basis(z, kept=None):
    """An orthonormal basis of the centred rows' range, or of the principal directions with a share of the variance."""
    if kept is None:
        z = z / z.std(axis=0)
    u, s, _ = np.linalg.svd(z, full_matrices=False)
    rank = int((s**2 > CUTOFF * s[0] ** 2).sum())
    if kept is not None:
        rank = min(rank, int(np.searchsorted(np.cumsum(s**2) / (s**2).sum(), kept - 1e-12) + 1))
    return u[:, :rank]


def similarities(a, b, kept):
    names = ["cka", "cka_unbiased", "cca_mean", "svcca", "pwcca", "procrustes_distance"]
    if not varies(a) or not varies(b):
        return dict.fromkeys(names)
    x, y = centred(a), centred(b)
    n = len(x)
    h = np.eye(n) - 1 / n
    k, l = h @ x @ x.T @ h, h @ y @ y.T @ h
    out = {"cka": np.sum(k * l) / np.sqrt(np.sum(k * k) * np.sum(l * l)), "cka_unbiased": None}
    if n >= 4:
        # of the rows less the mean of A's first row, as the origin must not matter
        p, q = (z.astype(np.float64) - z.astype(np.float64)[0] for z in (a, b))
        k, l = p @ p.T, q @ q.T
        out["cka_unbiased"] = hsic_1(k, l) / np.sqrt(hsic_1(k, k) * hsic_1(l, l))
    qa, qb = basis(x), basis(y)
    left, rho, _ = np.linalg.svd(qa.T @ qb, full_matrices=False)
    rho = np.minimum(rho, 1)
    out["cca_mean"] = rho.mean()
    out["svcca"] = np.minimum(np.linalg.svd(basis(x, kept).T @ basis(y, kept), compute_uv=False), 1).mean()
    weights = np.abs((qa @ left).T @ x).sum(axis=1)
    out["pwcca"] = (weights * rho).sum() / weights.sum()
    x, y = x / np.linalg.norm(x), y / np.linalg.norm(y)
    width = max(x.shape[1], y.shape[1])
    x, y = (np.pad(z, ((0, 0), (0, width - z.shape[1]))) for z in (x, y))
    u, _, vt = np.linalg.svd(y.T @ x)
    out["procrustes_distance"] = np.linalg.norm(x - y @ u @ vt) ** 2
    return {name: None if out[name] is None else float(out[name]) for name in names}


def similarity_cases():
    rng = np.random.default_rng(2019)
    a = np.array([[1, 0, 2], [0, 3, 3], [4, 1, 0], [2, 2, 2], [0, 3, 1], [5, 0, 0], [1, 1, 0]], dtype=float)
    b = np.array([[0, 1], [2, 0], [3, 3], [1, 4], [0, 2], [5, 1], [1, 1]], dtype=float)
    yield "seven rows, three and two units", a, b, 0.99

    shared = rng.normal(size=(60, 3))
    relu = np.maximum(shared @ rng.normal(size=(3, 9)) + 0.4 * rng.normal(size=(60, 9)), 0)
    relu[:, 2] = 0
    relu[:, 5] = 3.1
    other = np.tanh(shared @ rng.normal(size=(3, 4)) + 0.3 * rng.normal(size=(60, 4)))
    yield "relu with dead and constant units", relu, other, 0.99
    yield "the same, other way round, half the variance", other, relu, 0.5

    far = 1000 + rng.normal(size=(80, 5)) @ (np.eye(5) + 0.4 * rng.normal(size=(5, 5)))
    near = -1000 + far[:, :3] @ rng.normal(size=(3, 4)) / 3 + 0.7 * rng.normal(size=(80, 4))
    yield "means of 1000, deviations of 1", far, near, 0.9

    base = rng.normal(size=(70, 3))
    # two copies and a sum: rank 3 of 6 units
    deficient = np.column_stack([base, base[:, 0], 5 * base[:, 1], base.sum(axis=1)])
    yield "three directions in six units", deficient, base @ rng.normal(size=(3, 2)) + rng.normal(size=(70, 2)), 1.0

    yield "fewer rows than units", rng.normal(size=(15, 20)), rng.normal(size=(15, 4)), 0.99
    scales = 10.0 ** np.arange(-3, 4)
    yield "units of very different scales", rng.normal(size=(50, 7)) * scales, rng.normal(size=(50, 2)), 0.99
    single = rng.normal(0.3, 1.5, size=(40, 6)).astype(np.float32)
    yield "single precision", single, (single[:, ::2] ** 2).astype(np.float32), 0.99
    yield "one unit each", rng.normal(size=(9, 1)), rng.normal(size=(9, 1)), 0.99
    yield "B does not vary", rng.normal(size=(9, 3)), np.full((9, 2), 2.5), 0.99
    yield "three rows", rng.normal(size=(3, 2)), rng.normal(size=(3, 2)), 0.99
    yield "four rows", rng.normal(size=(4, 3)), rng.normal(size=(4, 2)), 0.99
    yield "one row", rng.normal(size=(1, 3)), rng.normal(size=(1, 2)), 0.99

    # beyond one chunk of 512 rows, small numbers so that the file stays small
    many = rng.integers(0, 9, size=(1300, 3)) * (rng.random((1300, 3)) < 0.6)
    yield "several chunks", many.astype(float), (many @ [[1, 0], [2, 1], [0, 1]] % 5).astype(float), 0.99


def mix(x):
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK
    return x ^ (x >> 31)


def resample(rows, seed, draw):
    step = 0x9E3779B97F4A7C15
    state = mix(mix((seed + step) & MASK) ^ (draw * step & MASK))
    drawn = []
    for _ in range(rows):
        state = (state + step) & MASK
        drawn.append((mix(state) * rows) >> 64)
    return drawn


def measures(z, labels):
    c = np.cov(z.T, bias=True)
    l = np.linalg.eigvalsh(c)
    off = ~np.eye(len(c), dtype=bool)
    rho = c / np.sqrt(np.outer(np.diag(c), np.diag(c)))
    inside = [np.var(z[labels == k], axis=0).mean() for k in np.unique(labels)]
    return {
        "covariance": np.abs(c[off]).mean(),
        "correlation": np.abs(rho[off]).mean(),
        "variance": np.diag(c).mean(),
        "sparsity": (z == 0).mean(),
        "class_wise_variance": np.mean(inside),
        "participation_ratio": l.sum() ** 2 / (l**2).sum(),
    }


def bootstrap_case(rows=37, draws=60, level=0.9, seed=11):
    rng = np.random.default_rng(7)
    labels = rng.integers(0, 3, rows)
    a = np.round(rng.normal(size=(rows, 4)) + 0.5 * labels[:, None], 3)
    b = np.round(np.maximum(a @ rng.normal(size=(4, 5)), 0), 3)
    a_values, b_values = measures(a, labels), measures(b, labels)
    differences = []
    for draw in range(draws):
        drawn = resample(rows, seed, draw)
        of_a, of_b = measures(a[drawn], labels[drawn]), measures(b[drawn], labels[drawn])
        differences.append({name: of_b[name] - of_a[name] for name in of_a})
    changes = {}
    for name in a_values:
        low, high = np.percentile([d[name] for d in differences], [50 * (1 - level), 50 * (1 + level)])
        changes[name] = [float(x) for x in (a_values[name], b_values[name], b_values[name] - a_values[name], low, high)]
    return {
        "a": a.ravel().tolist(), "units_a": 4, "b": b.ravel().tolist(), "units_b": 5, "labels": labels.tolist(),
        "classes": 3, "draws": draws, "level": level, "seed": seed, "changes": changes,
    }


def numbers(z):
    return [int(x) if x == int(x) else x for x in z.astype(float).ravel().tolist()]


print(json.dumps({
    "similarities": [
        {
            "case": case, "single": a.dtype == np.float32, "units_a": a.shape[1], "units_b": b.shape[1],
            "svcca_variance": kept, "a": numbers(a), "b": numbers(b), "values": similarities(a, b, kept),
        }
        for case, a, b, kept in similarity_cases()
    ],
    "bootstrap": bootstrap_case(),
}, separators=(",", ":")))
