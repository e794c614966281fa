"""The networks, their data and their sites: one definition for PyTorch and, exported from it, for everybody else."""

import pathlib
import warnings

import numpy as np

CLASSES = 10
BATCH = 256
# rows, layout of the sites
CASES = {"mlp": (20_000, "flatten"), "cnn": (1_000, "channels"), "transformer": (1_000, "tokens")}
MEASURES = ["amplitude", "covariance", "correlation", "variance", "sparsity", "dead_units", "class_wise_variance", "stable_rank_covariance",
            "effective_rank", "participation_ratio", "cvr", "tdv", "ud90"]  # fmt: skip


def network(case):
    """A module, and its sites: modules whose outputs are measured, by name."""
    import torch
    from torch import nn

    torch.manual_seed(1)
    if case == "mlp":
        widths, layers = [784, 512, 512, 256, 256], []
        for inputs, outputs in zip(widths, widths[1:]):
            layers += [nn.Linear(inputs, outputs), nn.ReLU()]
        net = nn.Sequential(*layers, nn.Linear(256, CLASSES))
        return net, {f"fc{i // 2 + 1}": net[i] for i in range(1, 8, 2)}
    if case == "cnn":
        layers = []
        for inputs, outputs, stride in [(3, 32, 1), (32, 32, 1), (32, 64, 2), (64, 64, 1), (64, 128, 2), (128, 128, 1)]:
            layers += [nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()]
        net = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(128, CLASSES))
        return net, {f"conv{i // 3 + 1}": net[i] for i in range(2, 18, 3)}

    class Block(nn.Module):
        def __init__(self, width, heads):
            super().__init__()
            self.heads = heads
            self.norm1, self.qkv, self.out = nn.LayerNorm(width), nn.Linear(width, 3 * width), nn.Linear(width, width)
            self.norm2, self.wide, self.act, self.narrow = nn.LayerNorm(width), nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)
            self.end = nn.Identity()

        def forward(self, x):
            n, t, d = x.shape
            q, k, v = self.qkv(self.norm1(x)).reshape(n, t, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
            weights = torch.softmax(q @ k.transpose(-1, -2) / (d // self.heads) ** 0.5, -1)
            x = x + self.out((weights @ v).transpose(1, 2).reshape(n, t, d))
            return self.end(x + self.narrow(self.act(self.wide(self.norm2(x)))))

    blocks = [Block(128, 4) for _ in range(4)]
    net = nn.Sequential(*blocks)
    return net, {name: module for i, b in enumerate(blocks) for name, module in ((f"block{i + 1}.wide", b.act), (f"block{i + 1}.out", b.out))}


def data(case):
    random = np.random.default_rng(2)
    rows, _ = CASES[case]
    shape = {"mlp": (784,), "cnn": (3, 32, 32), "transformer": (64, 128)}[case]
    labels = random.integers(0, CLASSES, rows)
    centres = random.standard_normal((CLASSES, *shape)).astype(np.float32)
    return 0.3 * centres[labels] + random.standard_normal((rows, *shape), dtype=np.float32), labels


def write(case, folder):
    """`x.npy`, `y.npy`, and `model.onnx` with the sites as values of these names."""
    import torch

    net, sites = network(case)
    net.eval()
    x, y = data(case)
    np.save(folder / "x.npy", x)
    np.save(folder / "y.npy", y)

    class Tapped(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.net = net

        def forward(self, rows):
            seen = {}
            hooks = [module.register_forward_hook(lambda m, i, out, name=name: seen.update({name: out})) for name, module in sites.items()]
            output = self.net(rows)
            for hook in hooks:
                hook.remove()
            return output, *(seen[name] for name in sites)

    names = ["output", *sites]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(Tapped().eval(), torch.from_numpy(x[:2]), folder / "model.onnx", opset_version=17, dynamo=False, input_names=["x"],
                          output_names=names, dynamic_axes={name: {0: "N"} for name in ["x", *names]})  # fmt: skip
    (folder / "sites.txt").write_text("\n".join(sites))


if __name__ == "__main__":
    import sys

    write(sys.argv[1], pathlib.Path(sys.argv[2]))
