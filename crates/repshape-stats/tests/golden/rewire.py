"""Writes rewire.json: matrices made from covariances by their plain definitions, in NumPy.

    python rewire.py > rewire.json

The rows are given, so that means and covariances are checked too. Eigenvectors have their entry of largest magnitude
positive. Whitening is by the inverse square root of the pseudo-inverse plus the projection on the null space, Cholesky by
numpy.linalg of the inverse (of full rank) or by regressing each unit on the ones before it (of lower rank).
"""
import json

import numpy as np


def axes(c):
    values, vectors = np.linalg.eigh(c)
    order = np.argsort(values)[::-1]
    values, v = values[order], vectors.T[order]
    for row in v:
        row *= np.sign(row[np.argmax(np.abs(row))])
    return values, v


def cholesky(c, rank):
    n = len(c)
    if rank == n:
        return np.linalg.inv(np.linalg.cholesky(c))
    q = np.eye(n)
    kept = []
    for j in range(n):
        weights = np.linalg.solve(c[np.ix_(kept, kept)], c[kept, j]) if kept else np.zeros(0)
        residual = c[j, j] - weights @ c[kept, j] if kept else c[j, j]
        q[j, kept] = -weights
        if residual > 1e-9 * c[j, j] and len(kept) < rank:
            q[j] /= np.sqrt(residual)
            kept.append(j)
    return q


def root(c, power, rank):
    values, v = axes(c)
    powers = np.append(values[:rank] ** power, np.ones(len(c) - rank))
    return v.T @ np.diag(powers) @ v


def case(name, rows, target_rows, rank):
    c, t = (np.cov(z.T, bias=True) for z in (rows, target_rows))
    values, v = axes(c)
    t_values, t_v = axes(t)
    range_values = np.append(values[:rank], np.ones(len(c) - rank))
    t_range = np.append(t_values[:rank], np.ones(len(c) - rank))
    return {
        "case": name,
        "units": len(c),
        "rank": rank,
        "rows": rows.ravel().tolist(),
        "target": t.ravel().tolist(),
        "mean": rows.mean(axis=0).tolist(),
        "whiten": root(c, -0.5, rank).ravel().tolist(),
        # the range only: axes of the null space are any
        "pca": (v / np.sqrt(range_values)[:, None])[:rank].ravel().tolist(),
        "rotate": v[:rank].ravel().tolist(),
        "cholesky": cholesky(c, rank).ravel().tolist(),
        # on the range: Q C, which does not depend on what is done with the null space
        "target_times_covariance": (t_v.T @ np.diag(np.sqrt(t_range / range_values)) @ v @ c).ravel().tolist(),
        "condition": float(np.sqrt(range_values.max() / range_values.min())),
    }


def main():
    rng = np.random.default_rng(20)
    cases = []
    for units, rank in [(3, 3), (5, 5), (4, 2), (6, 5), (8, 8)]:
        rows, target = (
            rng.normal(size=(40, rank)) @ rng.normal(size=(rank, units)) + rng.normal(size=units) * 10 for _ in range(2)
        )
        cases.append(case(f"{units} units of rank {rank}", rows, target, rank))
    print(json.dumps({"cases": cases}))


if __name__ == "__main__":
    main()
