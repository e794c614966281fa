"""Write penalties.json: value and gradient of every penalty, in NumPy alone.

    python penalties.py

Independent of the Rust code: values are the sums of the definition, written out; gradients are the closed forms, and each
is checked here against central differences of the value (fourth order, in extended precision) before anything is written.
All arithmetic is in 80-bit long doubles and rounded once, so the numbers hold to the last bits of an f64.

A case is {name, spec, reduction, labels, classes, groups, rows, units, z, value, gradient}; z and gradient are row-major.
`spec` is the penalty as typed on the command line, without a reduction. `reduction` is "mean", "sum", or null where the penalty
has one form only. A gradient that is 0 by its formula (the rank of one row) may read 1e-20: compare with an absolute tolerance
as well. `groups` lists the units of each group of xcov. For l1w and l2w, z is the weight matrix.

Choices where the definitions leave room:
- xcov over several groups sums over all pairs of groups; its "mean" divides by the number of all pairs of units across groups
  and keeps the 1/2.
- vicreg-covariance: "sum" leaves out the 1/I, as for variance-hinge.
"""

import json
import pathlib

import numpy as np

REAL = np.longdouble
HINGE, EPSILON = REAL(1), REAL("1e-4")


# Covariances. Divisor N - ddof; with no degree of freedom left the covariance is 0.


def centred(z):
    return z - z.mean(axis=0)


def covariance(z, ddof):
    rows = z.shape[0]
    c = centred(z)
    if rows - ddof < 1:
        return np.zeros((z.shape[1],) * 2, REAL)
    return np.array([[np.sum(a * b) for b in c.T] for a in c.T], REAL) / (rows - ddof)


def degrees(z, ddof):
    return REAL(max(z.shape[0] - ddof, 1))


def off_diagonal(matrix):
    return matrix * (1 - np.eye(matrix.shape[0], dtype=REAL))


def through_pairs(z, ddof, slopes):
    """Gradient of a sum over i != j of f(C_ij), given f'(C_ij) as a symmetric matrix: 2/(N - ddof) sum_j f'(C_ij) (z_jn - mu_j)."""
    return 2 / degrees(z, ddof) * (centred(z) @ slopes)


# One function a penalty: (z, reduction) -> (value, gradient).


def l1(z, reduction):
    scale = REAL(1) / z.size if reduction == "mean" else REAL(1)
    return scale * np.abs(z).sum(), scale * np.sign(z)


def cr(z, reduction):
    units = z.shape[1]
    scale = REAL(1) / (units * (units - 1)) if reduction == "mean" else REAL(1)
    c = off_diagonal(covariance(z, 0))
    return scale * np.sum(c**2), scale * through_pairs(z, 0, 2 * c)


def vr(z, reduction):
    rows, units = z.shape
    scale = REAL(1) / units if reduction == "mean" else REAL(1)
    c = centred(z)
    return scale * np.sum(c**2) / rows, scale * 2 * c / rows


def lsigma(z, reduction):
    units = z.shape[1]
    scale = REAL(1) / units**2 if reduction == "mean" else REAL(1)
    c = covariance(z, 1)
    return scale * np.abs(c).sum(), scale * through_pairs(z, 1, np.sign(c))


def rank_holder(z, _):
    squares, columns, rows = np.sum(z**2), np.abs(z).sum(axis=0), np.abs(z).sum(axis=1)
    i, n = int(np.argmax(columns)), int(np.argmax(rows))
    a, b = columns[i], rows[n]
    in_column, in_row = np.zeros_like(z), np.zeros_like(z)
    in_column[:, i], in_row[n, :] = 1, 1
    gradient = 2 * z / (a * b) - squares * np.sign(z) * (in_column / (a**2 * b) + in_row / (a * b**2))
    return squares / (a * b), gradient


def rank_spectral(z, _):
    # NumPy has no long double SVD: its f64 vector is a start for power iteration.
    v = np.linalg.svd(z.astype(np.float64))[2][0].astype(REAL)
    for _ in range(60):
        v = z.T @ (z @ v)
        v = v / np.sqrt(np.sum(v**2))
    u = z @ v
    s = np.sqrt(np.sum(u**2))
    squares = np.sum(z**2)
    return squares / s**2, 2 * z / s**2 - 2 * squares / s**3 * np.outer(u / s, v)


def pairwise(value, slope):
    def penalty(z, reduction):
        units = z.shape[1]
        scale = REAL(1) / (units * (units - 1)) if reduction == "mean" else REAL(1)
        c = covariance(z, 0)
        return scale * off_diagonal(value(c)).sum(), scale * through_pairs(z, 0, off_diagonal(slope(c)))

    return penalty


def decov(z, _):
    c = off_diagonal(covariance(z, 0))
    return np.sum(c**2) / 2, 2 / REAL(z.shape[0]) * (centred(z) @ c)


def xcov(groups):
    def penalty(z, reduction):
        rows, units = z.shape
        c, total, gradient, pairs = centred(z), REAL(0), np.zeros_like(z), 0
        for left in range(len(groups)):
            for right in range(left + 1, len(groups)):
                for i in groups[left]:
                    for j in groups[right]:
                        cross = np.sum(c[:, i] * c[:, j]) / rows
                        total += cross**2 / 2
                        gradient[:, i] += cross * c[:, j] / rows
                        gradient[:, j] += cross * c[:, i] / rows
                        pairs += 1
        scale = REAL(1) / pairs if reduction == "mean" else REAL(1)
        return scale * total, scale * gradient

    return penalty


def variance_hinge(z, reduction):
    units = z.shape[1]
    scale = REAL(1) / units if reduction == "mean" else REAL(1)
    spread = np.sqrt(np.diag(covariance(z, 1)) + EPSILON)
    slope = np.where(spread < HINGE, -1 / (2 * spread), REAL(0))
    return scale * np.maximum(0, HINGE - spread).sum(), scale * slope * 2 * centred(z) / degrees(z, 1)


def vicreg_covariance(z, reduction):
    scale = REAL(1) / z.shape[1] if reduction == "mean" else REAL(1)
    c = off_diagonal(covariance(z, 1))
    return scale * np.sum(c**2), scale * through_pairs(z, 1, 2 * c)


def class_wise(penalty, labels, classes):
    """Sum over the declared classes, "mean" over them; a class without rows adds nothing and is counted."""

    def whole(z, reduction):
        total, gradient = REAL(0), np.zeros_like(z)
        for k in range(classes):
            rows = [n for n, label in enumerate(labels) if label == k]
            if rows:
                value, gradient[rows] = penalty(z[rows], reduction)
                total += value
        scale = REAL(1) / classes if reduction == "mean" else REAL(1)
        return scale * total, scale * gradient

    return whole


def l1w(w, _):
    return np.abs(w).sum(), np.sign(w)


def l2w(w, _):
    return np.sum(w**2), 2 * w


BOTH, ONE = ("mean", "sum"), (None,)
ALL_ROWS = {
    "l1": (l1, BOTH),
    "cr": (cr, BOTH),
    "vr": (vr, BOTH),
    "rr": (rank_holder, ONE),
    "rr:spectral": (rank_spectral, ONE),
    "lsigma": (lsigma, BOTH),
    "pairwise:signed": (pairwise(lambda c: c, np.ones_like), BOTH),
    "pairwise:absolute": (pairwise(np.abs, np.sign), BOTH),
    "pairwise:squared": (pairwise(np.square, lambda c: 2 * c), BOTH),
    "decov": (decov, ONE),
    "variance-hinge": (variance_hinge, BOTH),
    "vicreg-covariance": (vicreg_covariance, BOTH),
}
BY_CLASS = {"cw-cr": cr, "cw-vr": vr, "cw-rr": rank_holder, "cw-rr:spectral": rank_spectral}
WEIGHTS = {"l1w": l1w, "l2w": l2w}


def matrix(seed, rows, units, mean=0.0, relu=False):
    """Mixed units of unequal variance, three decimals so that the file stays small, no entry within 0.02 of a kink but exact zeros."""
    random = np.random.default_rng(seed)
    mixing = random.standard_normal((units, units)) / np.sqrt(units)
    z = random.standard_normal((rows, units)) @ mixing * np.linspace(0.6, 1.7, units) + random.standard_normal(units) * 0.3
    z = np.round(np.where(np.abs(z) < 0.02, 0.02, z), 3)
    return np.maximum(z, 0) if relu else np.round(z + mean, 3)


def matrices():
    """Name, z, labels, classes, groups."""
    dead = matrix(4, 9, 4, relu=True)
    dead[:, 2] = 0
    yield "7x3 absent class, single row", matrix(1, 7, 3), [0, 2, 2, 0, 3, 0, 2], 4, [[0], [1, 2]]
    yield "6x5", matrix(2, 6, 5), [2, 0, 1, 2, 1, 0], 3, [[0, 1, 2], [3, 4]]
    yield "6x5 one class", matrix(2, 6, 5), [0] * 6, 1, [[4, 1], [0, 3]]
    yield "5x12 wide", matrix(3, 5, 12), [1, 0, 1, 1, 0], 3, [[0, 1, 2, 3], [4, 5, 6, 7, 8], [9, 10, 11]]
    yield "9x4 relu, dead unit", dead, [0, 1, 2, 2, 1, 0, 0, 2, 2], 3, [[0, 2], [1, 3]]
    yield "8x4 mean 1000", matrix(5, 8, 4, mean=1000.0), [0, 0, 1, 1, 1, 0, 1, 0], 2, [[0], [1, 2, 3]]
    yield "1x4 one row", matrix(6, 1, 4), [1], 2, [[0, 1], [2, 3]]
    # Both maxima of the Hölder bound are reached twice: the first counts, and there is no derivative to compare with.
    yield "3x2 tied maxima", np.array([[1.0, 2.0], [2.0, 1.0], [-1.0, 1.0]]), None, None, None


def differences(penalty, z, reduction, step=REAL("1e-4")):
    """Central differences of fourth order: (f(-2h) - 8 f(-h) + 8 f(h) - f(2h)) / 12 h."""
    result = np.zeros_like(z)
    for place in np.ndindex(z.shape):
        for factor, weight in ((-2, 1), (-1, -8), (1, 8), (2, -1)):
            moved = z.copy()
            moved[place] += factor * step
            result[place] += weight * penalty(moved, reduction)[0]
    return result / (12 * step)


def case(name, spec, penalty, reduction, z, labels=None, classes=None, groups=None, differentiable=True):
    exact = z.astype(REAL)
    value, gradient = penalty(exact, reduction)
    if differentiable:
        difference = np.abs(differences(penalty, exact, reduction) - gradient).max()
        # Rounding of the value, 1e-19 of it, is divided by the step; truncation is of the order of step^4.
        allowed = 1e-12 * np.abs(gradient).max() + 1e-14 * max(abs(value), 1e-3)
        assert difference <= allowed, f"{spec} {reduction} {name}: differs by {difference}, largest {np.abs(gradient).max()}"
    assert np.isfinite(gradient.astype(float)).all() and np.isfinite(float(value))
    return {
        "name": " ".join(filter(None, (spec, reduction, "on", name))),
        "spec": spec,
        "reduction": reduction,
        "labels": labels,
        "classes": classes,
        "groups": groups,
        "rows": z.shape[0],
        "units": z.shape[1],
        "z": z.ravel().tolist(),
        "value": float(value),
        # + 0 turns -0.0 into 0.0
        "gradient": [float(g) + 0.0 for g in gradient.ravel()],
    }


def cases():
    for name, z, labels, classes, groups in matrices():
        if labels is None:
            yield case(name, "rr", rank_holder, None, z, differentiable=False)
            continue
        for spec, (penalty, reductions) in ALL_ROWS.items():
            for reduction in reductions:
                yield case(name, spec, penalty, reduction, z)
        for spec, penalty in BY_CLASS.items():
            for reduction in BOTH:
                yield case(name, spec, class_wise(penalty, labels, classes), reduction, z, labels, classes)
        for reduction in BOTH:
            yield case(name, "xcov", xcov(groups), reduction, z, groups=groups)
        if "relu" not in name and "1000" not in name:
            for spec, penalty in WEIGHTS.items():
                yield case(name, spec, penalty, None, z)


def main():
    assert np.finfo(REAL).eps < 1e-18, "this machine's long double is no wider than f64"
    found = list(cases())
    names = [one["name"] for one in found]
    assert len(set(names)) == len(names)
    lines = ",\n".join(json.dumps(one, separators=(",", ":")) for one in found)
    path = pathlib.Path(__file__).with_name("penalties.json")
    part = path.with_suffix(".json.tmp")
    part.write_text(f"[\n{lines}\n]\n")
    part.rename(path)
    print(f"{len(found)} cases, {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
