"""One peer, one case, in a process of its own: python3 peer.py PEER CASE FOLDER. Prints one JSON line.

The clock starts after the imports: loading the model and the data, running, measuring are inside.
"""

import json
import pathlib
import sys
import time

import numpy as np
from networks import BATCH, CASES, CLASSES, MEASURES, network


def arranged(z, layout):
    """Rows by units; works for NumPy and PyTorch."""
    if z.ndim == 2:
        return z
    if layout == "channels":
        z = z.reshape(z.shape[0], z.shape[1], -1)
        z = z.transpose(0, 2, 1) if isinstance(z, np.ndarray) else z.permute(0, 2, 1)
    return z.reshape(-1, z.shape[-1])


class Numpy:
    """Running moments of one site, in f64, batch after batch."""

    def __init__(self):
        self.n = 0

    def update(self, z, labels):
        z = z.astype(np.float64)
        if self.n == 0:
            units = z.shape[1]
            self.products, self.total = np.zeros((units, units)), np.zeros(units)
            self.size, self.zeros, self.live = 0.0, 0, np.zeros(units, bool)
            self.counts, self.sums, self.squares = np.zeros(CLASSES), np.zeros((CLASSES, units)), np.zeros((CLASSES, units))
        self.n += len(z)
        self.products += z.T @ z
        self.total += z.sum(axis=0)
        self.size += np.abs(z).sum()
        self.zeros += (z == 0).sum()
        self.live |= (z != 0).any(axis=0)
        chosen = np.zeros((CLASSES, len(z)))
        chosen[np.repeat(labels, len(z) // len(labels)), np.arange(len(z))] = 1
        self.counts += chosen.sum(axis=1)
        self.sums += chosen @ z
        self.squares += chosen @ (z * z)

    def measures(self):
        mean = self.total / self.n
        return finish(self.products / self.n - np.outer(mean, mean), self, np)


class Torch:
    """The same with PyTorch, in the manner of a torchmetrics metric: states, update, compute."""

    def __init__(self):
        import torch

        self.torch, self.n = torch, 0

    def update(self, z, labels):
        torch = self.torch
        z = z.double()
        if self.n == 0:
            units = z.shape[1]
            self.products, self.total = torch.zeros(units, units, dtype=z.dtype), torch.zeros(units, dtype=z.dtype)
            self.size, self.zeros, self.live = 0.0, 0, torch.zeros(units, dtype=torch.bool)
            self.counts, self.sums = torch.zeros(CLASSES, dtype=z.dtype), torch.zeros(CLASSES, units, dtype=z.dtype)
            self.squares = torch.zeros_like(self.sums)
        self.n += len(z)
        self.products.addmm_(z.T, z)
        self.total += z.sum(0)
        self.size += z.abs().sum()
        self.zeros += (z == 0).sum()
        self.live |= (z != 0).any(0)
        rows = labels.repeat_interleave(len(z) // len(labels))
        self.counts.index_add_(0, rows, torch.ones(len(z), dtype=z.dtype))
        self.sums.index_add_(0, rows, z)
        self.squares.index_add_(0, rows, z * z)

    def measures(self):
        mean = self.total / self.n
        return finish(self.products / self.n - self.torch.outer(mean, mean), self, self.torch)


def finish(c, state, library):
    """The characteristics from the moments."""
    v = library.diagonal(c)
    absolute = abs(c)
    d = library.sqrt(library.clip(v, 0, None))
    live = d > 1e-6 * library.sqrt(v.max() + 1e-300)
    d = d[live]
    r = absolute[live][:, live] / library.outer(d, d)
    l = library.linalg.eigvalsh(c)
    l = l[l > 0]
    p = l / l.sum()
    units, variances = len(v), np.sort(np.asarray(v))[::-1]
    counts = state.counts[:, None]
    present = state.counts > 0
    inside = (state.squares / counts - (state.sums / counts) ** 2)[present]
    found = [
        state.size / (state.n * units), (absolute.sum() - v.sum()) / (units * (units - 1)), (r.sum() - len(r)) / (len(r) * (len(r) - 1)), v.mean(),
        state.zeros / (state.n * units), 1 - state.live.sum() / units, inside.mean(), (l**2).sum() / l.max() ** 2,
        library.exp(-(p * library.log(p)).sum()), l.sum() ** 2 / (l**2).sum(), absolute.sum() / v.sum(), variances[0] / variances.sum(),
        np.argmax(np.cumsum(variances) >= 0.9 * variances.sum()) + 1,
    ]  # fmt: skip
    return dict(zip(MEASURES, (float(value) for value in found)))


def load(folder):
    return np.load(folder / "x.npy"), np.load(folder / "y.npy")


def with_onnxruntime(case, folder, names):
    import onnxruntime

    start = time.perf_counter()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(folder / "model.onnx", options, providers=["CPUExecutionProvider"])
    x, y = load(folder)
    states, forward = {name: Numpy() for name in names}, 0.0
    for at in range(0, len(x), BATCH):
        before = time.perf_counter()
        found = session.run(names, {"x": x[at : at + BATCH]})
        forward += time.perf_counter() - before
        for state, z in zip(states.values(), found):
            state.update(arranged(z, CASES[case][1]), y[at : at + BATCH])
    values = {name: state.measures() for name, state in states.items()}
    return time.perf_counter() - start, forward, values


def with_torch(case, folder, names):
    import torch

    torch.set_num_threads(1)
    net, sites = network(case)
    net.eval()
    start = time.perf_counter()
    x, y = map(torch.from_numpy, load(folder))
    states, seen = {name: Torch() for name in names}, {}
    for name, module in sites.items():
        module.register_forward_hook(lambda m, i, out, name=name: seen.update({name: out}))
    forward = 0.0
    with torch.inference_mode():
        for at in range(0, len(x), BATCH):
            before = time.perf_counter()
            net(x[at : at + BATCH])
            forward += time.perf_counter() - before
            for name, state in states.items():
                state.update(arranged(seen[name], CASES[case][1]), y[at : at + BATCH])
        values = {name: state.measures() for name, state in states.items()}
    return time.perf_counter() - start, forward, values


if __name__ == "__main__":
    peer, case, folder = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
    names = (folder / "sites.txt").read_text().split("\n")
    run = {"onnxruntime": with_onnxruntime, "torch": with_torch}[peer]
    seconds, forward, values = run(case, folder, names)
    print(json.dumps({"seconds": seconds, "forward": forward, "values": values}))
