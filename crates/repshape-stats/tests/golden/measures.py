"""Golden values of every measure, by the definitions, one loop for each sum: python3 measures.py > measures.json

Independent of the crate: whole matrices, NumPy's own eigenvalues, all N x N distances, pairs one by one.
"""
import json

import numpy as np

NOISE = 0.1


def constant(column):
    return column.min() == column.max()


def cov(a, b):
    return float(np.mean((a - a.mean()) * (b - b.mean())))


def mean(values):
    values = list(values)
    return float(np.mean(values)) if values else None


def pairs(units):
    return [(i, j) for i in range(units) for j in range(units) if i != j]


def covariance(z):
    return mean(abs(cov(z[:, i], z[:, j])) for i, j in pairs(z.shape[1]))


def correlation(z):
    live = [i for i in range(z.shape[1]) if not constant(z[:, i])]
    return mean(
        abs(cov(z[:, i], z[:, j])) / np.sqrt(cov(z[:, i], z[:, i]) * cov(z[:, j], z[:, j]))
        for i in live for j in live if i != j
    )


def positive(z):
    covariances, correlations = [], []
    for i, j in pairs(z.shape[1]):
        both = (z[:, i] > 0) & (z[:, j] > 0)
        if not both.any():
            continue
        a, b = z[both, i], z[both, j]
        covariances.append(abs(cov(a, b)))
        if not constant(a) and not constant(b):
            correlations.append(abs(cov(a, b)) / np.sqrt(cov(a, a) * cov(b, b)))
    columns = [c[c > 0] for c in z.T]
    return {
        "amplitude_positive": float(z[z > 0].mean()) if (z > 0).any() else None,
        "covariance_positive": mean(covariances),
        "correlation_positive": mean(correlations),
        "variance_positive": mean(np.var(c) for c in columns if len(c)),
    }


def over_classes(z, labels, classes, of_class):
    values = [of_class(z[labels == k]) for k in range(classes) if (labels == k).any()]
    return mean(v for v in values if v is not None)


def entropies(z):
    d = ((z[:, None, :] - z[None, :, :]) ** 2).sum(axis=2)
    return [float(-np.mean(np.log(np.mean(np.exp(-d / (s * NOISE)), axis=1)))) for s in (8, 2)]


def simplex_error(a):
    k = len(a)
    etf = (np.eye(k) - np.ones((k, k)) / k) / np.sqrt(k - 1)
    return float(np.linalg.norm(a / np.linalg.norm(a) - etf))


def collapse(z, labels, classes, head, training_means):
    """Neural collapse from whole matrices: S_W from the rows, a pseudoinverse of S_B."""
    out = dict.fromkeys(COLLAPSE)
    if labels is None:
        return out
    present = [k for k in range(classes) if (labels == k).any()]
    mu = np.array([z[labels == k].mean(axis=0) for k in present])
    k = len(present)
    if k > 1 and not (mu == mu[0]).all():
        mc = mu - z.mean(axis=0)
        deviations = z - mu[[present.index(y) for y in labels]]
        s_w = deviations.T @ deviations / len(z)
        s_b = mc.T @ mc / k
        # the eigenvalues that are not 0 are far above, those that are 0 far below
        out["nc1"] = float(np.trace(s_w @ np.linalg.pinv(s_b, rcond=1e-12, hermitian=True)) / k)
        out["nc1_quotient"] = float(np.trace(s_w) / np.trace(s_b))
        w = [z[labels == j].var(axis=0).sum() for j in present]
        out["cdnv"] = mean((w[a] + w[b]) / (2 * ((mu[a] - mu[b]) ** 2).sum()) for a, b in pairs(k))
        norms = np.linalg.norm(mc, axis=1)
        out["nc2_equinorm"] = float(norms.std() / norms.mean())
        out["nc2_equiangular"] = mean(abs(mc[a] @ mc[b] / norms[a] / norms[b] + 1 / (k - 1)) for a, b in pairs(k))
        out["nc2_etf_error"] = simplex_error(mc @ mc.T)
        if head is not None:
            out["nc3_duality"] = simplex_error(head[0][present] @ mc.T)
    if head is not None:
        predicted = (z @ head[0].T + head[1]).argmax(axis=1)
        names, centres = (range(classes), training_means) if training_means is not None else (present, mu)
        distance = np.array([[np.linalg.norm(row - centre) for centre in centres] for row in z])
        out["nc4_disagreement"] = float((np.array(list(names))[distance.argmin(axis=1)] != predicted).mean())
    return out


COLLAPSE = [
    "nc1", "nc1_quotient", "cdnv", "nc2_equinorm", "nc2_equiangular", "nc2_etf_error", "nc3_duality", "nc4_disagreement",
]


def rankme(s):
    p = s / s.sum() + 1e-7
    return float(np.exp(-(p * np.log(p)).sum()))


def alpha_req(l, rank):
    last = min(100, rank)
    if last - 11 + 1 < 5:
        return None
    return float(-np.polyfit(np.log(np.arange(11, last + 1)), np.log(l[10:last]), 1)[0])


def two_nn(z):
    rows = np.unique(z, axis=0)
    n = len(rows)
    if n < 3:
        return None
    distances = np.sort(np.sqrt(((rows[:, None] - rows[None]) ** 2).sum(axis=2)), axis=1)
    x = np.sort(np.log(distances[:, 2] / distances[:, 1]))[: n * 9 // 10]
    y = -np.log(1 - np.arange(1, len(x) + 1) / n)
    return float(x @ y / (x @ x)) if x[-1] > 1e-9 else None


def measures(z, labels, classes, head, training_means):
    z = z.astype(np.float64)
    n, units = z.shape
    live = [i for i in range(units) if not constant(z[:, i])]
    c = np.zeros((units, units))
    for i in live:
        for j in live:
            c[i, j] = cov(z[:, i], z[:, j])
    l = np.maximum(np.sort(np.linalg.eigvalsh(c))[::-1], 0)
    s = np.linalg.svd(z, compute_uv=False)
    v = np.sort(np.diag(c))[::-1]
    varies = l[0] > 0
    p = l[l > 0] / l.sum() if varies else None
    out = {
        "amplitude": float(np.abs(z).mean()),
        "covariance": covariance(z),
        "correlation": correlation(z),
        "variance": float(np.mean(v)),
        "sparsity": float((z == 0).mean()),
        "dead_units": float((z == 0).all(axis=0).mean()),
        **positive(z),
        "class_wise_correlation": None, "class_wise_variance": None,
        "normalized_class_wise_variance": None, "class_wise_covariance": None,
        "stable_rank_covariance": float((l**2).sum() / l[0] ** 2) if varies else None,
        "stable_rank": float((s**2).sum() / s[0] ** 2) if s[0] > 0 else None,
        "rank": int((l > units * 2.0**-52 * l[0]).sum()) if varies else 0,
        "effective_rank": float(np.exp(-(p * np.log(p)).sum())) if varies else None,
        "participation_ratio": float(l.sum() ** 2 / (l**2).sum()) if varies else None,
        "mapc": correlation(z),
        "cvr": float(np.abs(c).sum() / np.trace(c)) if varies else None,
        "tdv": float(v[0] / v.sum()) if varies else None,
        "ud90": int(np.searchsorted(np.cumsum(v) / v.sum(), 0.9) + 1) if varies else None,
    }
    lower, upper = entropies(z)
    out |= {"mi_x_lower": lower, "mi_x_upper": upper, "mi_y_lower": None, "mi_y_upper": None}
    if labels is not None:
        scaled = np.zeros_like(z)
        for i in live:
            scaled[:, i] = 10 * (z[:, i] - z[:, i].min()) / (z[:, i].max() - z[:, i].min())
        out["class_wise_correlation"] = over_classes(z, labels, classes, correlation)
        out["class_wise_variance"] = over_classes(z, labels, classes, lambda r: mean(np.var(r, axis=0)))
        out["normalized_class_wise_variance"] = over_classes(scaled, labels, classes, lambda r: mean(np.var(r, axis=0)))
        out["class_wise_covariance"] = over_classes(z, labels, classes, covariance)
        inside = [((labels == k).mean(), entropies(z[labels == k])) for k in range(classes) if (labels == k).any()]
        out["mi_y_lower"] = lower - sum(share * h[0] for share, h in inside)
        out["mi_y_upper"] = upper - sum(share * h[1] for share, h in inside)
    out |= collapse(z, labels, classes, head, training_means)
    out["rankme"] = rankme(s) if s[0] > 0 else None
    out["alpha_req"] = alpha_req(l, out["rank"])
    out["intrinsic_dimension"] = two_nn(z)
    return out


def cases():
    rng = np.random.default_rng(2017)

    labels = rng.integers(0, 3, 60)
    relu = np.maximum(rng.normal(size=(60, 4)) @ rng.normal(size=(4, 9)) + 0.5 * labels[:, None] - 0.5, 0)
    relu[:, 2] = 0
    relu[:, 5] = 3.1
    relu[1:, 7] = 0
    relu[0, 7] = 0.7
    yield "relu with dead, constant and once active units", relu, labels, 3

    far = 1000 + rng.normal(size=(80, 5)) @ (np.eye(5) + 0.4 * rng.normal(size=(5, 5)))
    yield "means of 1000, deviations of 1", far, rng.integers(0, 4, 80), 4

    yield "wide", rng.normal(size=(20, 50)), rng.integers(0, 2, 20), 2

    small = np.array([[1, 0, 2], [0, 0, 3], [4, 1, 0], [2, 2, 2], [0, 3, 1], [5, 0, 0], [1, 1, 0]], dtype=float)
    yield "an absent class and one of a single row", small, np.array([0, 0, 0, 3, 1, 1, 0]), 4

    yield "single precision", rng.normal(0.3, 1.5, size=(40, 6)).astype(np.float32), rng.integers(0, 5, 40), 5

    yield "no labels", 0.3 * rng.normal(size=(33, 4)), None, None
    yield "one unit", rng.normal(size=(9, 1)), rng.integers(0, 2, 9), 2
    yield "all zero", np.zeros((5, 3)), np.array([0, 1, 0, 1, 1]), 2
    yield "never positive", -1 - rng.random((12, 3)), np.array([0, 1, 2] * 4), 3
    yield "one row", np.array([[1.0, 0.0, 2.0]]), np.array([1]), 2

    # beyond one chunk of 512 rows, small numbers so that the file stays small
    many = rng.integers(0, 9, size=(1300, 3)) * (rng.random((1300, 3)) < 0.6)
    yield "several chunks", many.astype(float), rng.integers(0, 3, 1300), 3

    # the last two have a layer that reads them, the very last also the class means of other rows
    labels = rng.integers(0, 4, 160)
    corners = np.linalg.qr(rng.normal(size=(6, 4)))[0].T @ rng.normal(size=(6, 6)) + 3
    collapsed = corners[labels] + 1e-5 * rng.normal(size=(160, 6))
    head = 2 * corners - 6 + 0.1 * rng.normal(size=(4, 6)), rng.normal(size=4)
    yield "nearly collapsed", collapsed, labels, 4, head, None

    labels = rng.choice([0, 1, 2, 4, 5], 150, p=[0.4, 0.3, 0.15, 0.1, 0.05])
    factors = rng.normal(size=(150, 30)) * np.arange(1, 31) ** -0.7 @ np.linalg.qr(rng.normal(size=(30, 30)))[0]
    factors += rng.normal(size=(6, 30))[labels] * 0.2
    factors[-4:] = factors[:4]
    factors[:, 11] = 0
    factors[:, 21] = factors[:, 20]
    head = rng.normal(size=(6, 30)), 0.3 * rng.normal(size=6)
    yield "a power law, six classes of which one is absent", factors, labels, 6, head, 0.2 * rng.normal(size=(6, 30))


def plain(array):
    return [int(x) if x == int(x) else x for x in array.astype(float).ravel().tolist()]


print(json.dumps([
    {
        "case": case,
        "single": z.dtype == np.float32,
        "units": z.shape[1],
        "classes": classes,
        "labels": None if labels is None else labels.tolist(),
        "z": plain(z),
        "head": None if head is None else [plain(part) for part in head],
        "class_means": None if means is None else plain(means),
        "measures": measures(z, labels, classes, head, means),
    }
    for case, z, labels, classes, head, means in ((*case, None, None)[:6] for case in cases())
], indent=None, separators=(",", ":")))
