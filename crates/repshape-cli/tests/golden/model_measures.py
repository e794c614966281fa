"""What `repshape measure MODEL.onnx --format json` must print, by onnxruntime and NumPy alone.

    python3 model_measures.py MODEL.onnx --data X.npy [--labels y.npy] [--site GLOB]... [--layout LAYOUT] > measures.json

onnxruntime computes the activations (nothing fused), this file their characteristics: by the definitions, in f64, whole matrices at once, knowing
nothing of the crates. `--data NAME=FILE` (repeated) feeds a model of several inputs.

Beside the measures each object has `uncertain`: measures that move by more than 2e-5 of themselves when the activations move as two
runtimes' f32 results do (1e-6 of each value, 1e-7 of the largest). A rank of nearly dependent units is such a one. They say nothing about agreement.
Needs numpy, onnx, onnxruntime.
"""

import argparse
import fnmatch
import json
import sys

import numpy as np
import onnx
import onnxruntime

NOISE = 0.1
# All pairs of rows at once; beyond it mutual information is left out.
MI_ROWS = 3000
FLOATS = ("tensor(float)", "tensor(double)", "tensor(float16)")


def reached(graph, inputs):
    """Outputs of nodes that depend on the values, not only on the shape, of an input."""
    values, found = set(inputs), []
    for node in graph.node:
        captured = [name for a in node.attribute for body in [a.g, *a.graphs] for n in body.node for name in n.input]
        if node.op_type not in ("Shape", "Size") and values.intersection([*node.input, *captured]):
            found += [name for name in node.output if name]
            values.update(node.output)
    return found


def tap(path, feeds, patterns):
    """Activations by site, in graph order: all rows, whatever batch the model takes."""
    model = onnx.load(path)
    weights = {tensor.name for tensor in model.graph.initializer}
    inputs = [value.name for value in model.graph.input if value.name not in weights]
    if set(feeds) == {None}:
        feeds = {inputs[0]: feeds[None]}
    names = reached(model.graph, inputs)
    if patterns:
        chosen = {name for p in patterns for name in ([p] if p in names else fnmatch.filter(names, p))}
        names = [name for name in names if name in chosen]
    declared = {output.name for output in model.graph.output}
    model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names if name not in declared)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    floats = {output.name for output in session.get_outputs() if output.type in FLOATS}
    names = [name for name in names if name in floats]
    kinds = {"tensor(float)": np.float32, "tensor(double)": np.float64, "tensor(float16)": np.float16, "tensor(int64)": np.int64,
             "tensor(int32)": np.int32, "tensor(bool)": bool}  # fmt: skip
    feeds = {value.name: feeds[value.name].astype(kinds[value.type]) for value in session.get_inputs()}
    rows = len(next(iter(feeds.values())))
    batch = session.get_inputs()[0].shape[0]
    step = batch if isinstance(batch, int) else rows
    parts = [session.run(names, {k: v[at : at + step] for k, v in feeds.items()}) for at in range(0, rows, step)]
    for name, *found in zip(names, *parts):
        yield name, np.concatenate(found)


def arrange(z, layout):
    """Rows by units, and how many rows each row of the data became."""
    if layout == "auto":
        layout = "tokens" if z.ndim == 3 else "flatten"
    n = len(z)
    if z.ndim < 3 or layout == "flatten":
        z, layout = z.reshape(n, -1), "flatten"
    elif layout == "tokens":
        z = z.reshape(-1, z.shape[-1])
    elif layout == "channels":
        z = np.moveaxis(z, 1, -1).reshape(-1, z.shape[1])
    elif layout == "positions":
        z = z.reshape(n * z.shape[1], -1)
    return z, len(z) // n, layout


def off_diagonal(matrix):
    return matrix[~np.eye(len(matrix), dtype=bool)]


def mean(values):
    values = np.asarray(values, dtype=np.float64)
    return float(values.mean()) if values.size else None


def varying(z):
    return z.max(axis=0) != z.min(axis=0)


def covariances(z):
    centred = z - z.mean(axis=0)
    centred[:, ~varying(z)] = 0
    return centred.T @ centred / len(z)


def correlation(z):
    c = covariances(z[:, varying(z)])
    d = np.sqrt(np.diag(c))
    return mean(np.abs(off_diagonal(c / np.outer(d, d)))) if len(c) else None


def positive_only(z):
    """A pair's moments are over the rows where both are positive, means included."""
    p = (z > 0).astype(np.float64)
    counts = p.sum(axis=0)
    # about each unit's own positive mean, so that nothing cancels
    centre = (z * p).sum(axis=0) / np.maximum(counts, 1)
    s = (z - centre) * p
    both = p.T @ p
    n = np.maximum(both, 1)
    means, squares = s.T @ p / n, (s * s).T @ p / n
    c = s.T @ s / n - means * means.T
    v = squares - means**2
    # mean square about 0, to tell a variance from rounding
    size = squares + 2 * centre[:, None] * means + centre[:, None] ** 2
    constant = (v <= 1e-12 * size) | (both < 2)
    common = both > 0
    defined = common & ~constant & ~constant.T
    with np.errstate(invalid="ignore", divide="ignore"):
        r = np.abs(c) / np.sqrt(v * v.T)
    own = (s * s).sum(axis=0) / np.maximum(counts, 1)
    return {
        "amplitude_positive": mean(z[z > 0]),
        "covariance_positive": mean(off_diagonal(np.abs(np.where(both == 1, 0, c)))[off_diagonal(common)]),
        "correlation_positive": mean(off_diagonal(r)[off_diagonal(defined)]),
        "variance_positive": mean(own[counts > 0]),
    }


def class_wise(z, labels):
    if labels is None:
        return dict.fromkeys(("class_wise_correlation", "class_wise_variance", "normalized_class_wise_variance", "class_wise_covariance"))
    parts = [z[labels == k] for k in np.unique(labels)]
    low, high = z.min(axis=0), z.max(axis=0)
    scaled = np.where(varying(z), 10 * (z - low) / np.where(varying(z), high - low, 1), 0)
    correlations = [correlation(part) for part in parts]
    covariance = [mean(np.abs(off_diagonal(covariances(part)))) for part in parts]
    return {
        "class_wise_correlation": mean([r for r in correlations if r is not None]),
        "class_wise_variance": mean([part.var(axis=0).mean() for part in parts]),
        "normalized_class_wise_variance": mean([scaled[labels == k].var(axis=0).mean() for k in np.unique(labels)]),
        "class_wise_covariance": mean([c for c in covariance if c is not None]),
    }


def spectra(z, c):
    units = len(c)
    l = np.maximum(np.linalg.eigvalsh(c)[::-1], 0)
    s2 = np.maximum(np.linalg.eigvalsh(z.T @ z if len(z) > units else z @ z.T)[::-1], 0)
    v = np.sort(np.diag(c))[::-1]
    names = ("stable_rank_covariance", "effective_rank", "participation_ratio", "cvr", "tdv", "ud90")
    out = {"stable_rank": float(s2.sum() / s2[0]) if s2[0] > 0 else None}
    if not l[0] > 0:
        return out | {"rank": 0} | dict.fromkeys(names)
    p = l[l > 0] / l.sum()
    return out | {
        "stable_rank_covariance": float((l**2).sum() / l[0] ** 2),
        "rank": int((l > units * 2.0**-52 * l[0]).sum()),
        "effective_rank": float(np.exp(-(p * np.log(p)).sum())),
        "participation_ratio": float(l.sum() ** 2 / (l**2).sum()),
        "cvr": float(np.abs(c).sum() / np.trace(c)),
        "tdv": float(v[0] / v.sum()),
        "ud90": int(np.argmax(np.cumsum(v) >= 0.9 * v.sum()) + 1),
    }


def entropy_bounds(z):
    centred = z - z.mean(axis=0)
    square = (centred**2).sum(axis=1)
    d = np.maximum(square[:, None] + square[None, :] - 2 * centred @ centred.T, 0)
    np.fill_diagonal(d, 0)
    return [float(-np.log(np.exp(-d / (factor * NOISE)).mean(axis=1)).mean()) for factor in (8, 2)]


def information(z, labels):
    names = ("mi_x_lower", "mi_x_upper", "mi_y_lower", "mi_y_upper")
    if len(z) > MI_ROWS:
        return {}
    x = entropy_bounds(z)
    if labels is None:
        return dict(zip(names, [*x, None, None]))
    inside = np.zeros(2)
    for k in np.unique(labels):
        inside += (labels == k).mean() * np.array(entropy_bounds(z[labels == k]))
    return dict(zip(names, [*x, *(np.array(x) - inside).tolist()]))


def measures(z, labels):
    c = covariances(z)
    pairs = off_diagonal(c)
    r = correlation(z)
    return {
        "amplitude": mean(np.abs(z)), "covariance": mean(np.abs(pairs)), "correlation": r, "variance": mean(np.diag(c)),
        "sparsity": mean(z == 0), "dead_units": mean((z == 0).all(axis=0)),
        **positive_only(z), **class_wise(z, labels), **spectra(z, c), "mapc": r, **information(z, labels),
    }  # fmt: skip


def moved(z, random):
    """As another runtime might have rounded; zeros and constant units stay what they are."""
    noise = 1e-6 * z * random.uniform(-1, 1, z.shape) + 1e-7 * np.abs(z).max() * random.uniform(-1, 1, z.shape)
    return np.where((z == 0) | ~varying(z), z, z + noise)


def uncertain(z, labels, found):
    random = np.random.default_rng(11)
    names = set()
    for _ in range(2):
        for name, other in measures(moved(z, random), labels).items():
            value = found[name]
            same = value is None and other is None
            if not same and (value is None or other is None or abs(value - other) > 2e-5 * abs(value)):
                names.add(name)
    return sorted(names)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--data", action="append", required=True, metavar="[INPUT=]FILE.npy")
    parser.add_argument("--labels", metavar="FILE.npy")
    parser.add_argument("--classes", type=int)
    parser.add_argument("--site", action="append", default=[], metavar="GLOB")
    parser.add_argument("--layout", default="auto", choices=["auto", "flatten", "channels", "positions", "tokens"])
    parser.add_argument("--mask", metavar="FILE.npy", help="N x T, true where a token counts; for tokens")
    args = parser.parse_args()
    feeds = {}
    for entry in args.data:
        name, _, path = entry.rpartition("=")
        feeds[name or None] = np.load(path)
    labels = np.load(args.labels) if args.labels else None
    classes = None if labels is None else args.classes or int(labels.max()) + 1
    printed = []
    for site, activations in tap(args.model, feeds, args.site):
        rows = len(next(iter(feeds.values())))
        if activations.ndim == 0 or len(activations) != rows:
            print(f"left out: {site} is {activations.shape}, which does not begin with the batch of {rows}", file=sys.stderr)
            continue
        z, repeated, layout = arrange(activations.astype(np.float64), args.layout)
        y = None if labels is None else np.repeat(labels, repeated)
        if args.mask and layout == "tokens" and repeated > 1:
            keep = np.load(args.mask).astype(bool).ravel()
            z, y = z[keep], None if y is None else y[keep]
        if not np.isfinite(z).all():
            print(f"left out: {site} holds infinities", file=sys.stderr)
            continue
        found = measures(z, y)
        printed.append({
            "schema": "repshape.measurement/1", "source": args.model, "site": site, "rows": z.shape[0], "units": z.shape[1], "classes": classes,
            "layout": layout, "measures": found, "uncertain": uncertain(z, y, found),
        })  # fmt: skip
    if not printed:
        raise SystemExit("error: no site was measured")
    print(json.dumps(printed[0] if len(printed) == 1 else printed))


if __name__ == "__main__":
    main()
