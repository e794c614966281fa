"""PyTorch, eager, on one thread."""

import os

import torch
import torch.nn.functional as F

import cases
from serving import Work, serve

torch.set_num_threads(1)
torch.set_num_interop_threads(1)


def vr(z):
    return (z - z.mean(0)).square().mean()


def cr(z):
    units = z.shape[1]
    c = z - z.mean(0)
    covariance = c.T @ c / z.shape[0]
    return (covariance.square().sum() - covariance.diagonal().square().sum()) / (units * (units - 1))


def by_loop(penalty):
    def class_wise(z, y):
        return sum(penalty(z[y == k]) for k in range(cases.CLASSES) if (y == k).any()) / cases.CLASSES

    return class_wise


def one_hot(y, dtype):
    hot = F.one_hot(y, cases.CLASSES).to(dtype)
    return hot, hot.sum(0).clamp_min(1).reciprocal()


def class_centred(z, y):
    hot, inverse = one_hot(y, z.dtype)
    return z - hot @ ((hot.T @ z) * inverse[:, None]), hot, inverse


def cw_vr_one_hot(z, y):
    c, hot, inverse = class_centred(z, y)
    return (c.square() * (hot @ inverse)[:, None]).sum() / (cases.CLASSES * z.shape[1])


def cw_cr_batched(z, y):
    """All class covariances in one batched product, K x I x I."""
    units = z.shape[1]
    c, hot, inverse = class_centred(z, y)
    masked = hot.T[:, :, None] * c
    covariance = masked.transpose(1, 2) @ masked * inverse[:, None, None]
    off = covariance.square().sum() - covariance.diagonal(dim1=1, dim2=2).square().sum()
    return off / (cases.CLASSES * units * (units - 1))


def cr_gram(z):
    rows, units = z.shape
    c = z - z.mean(0)
    return ((c @ c.T).square().sum() - c.square().sum(0).square().sum()) / (rows**2 * units * (units - 1))


def cw_cr_gram(z, y):
    units = z.shape[1]
    c, hot, inverse = class_centred(z, y)
    same = hot * inverse @ (hot * inverse).T
    variance = hot.T @ c.square() * inverse[:, None]
    return (((c @ c.T).square() * same).sum() - variance.square().sum()) / (cases.CLASSES * units * (units - 1))


PENALTIES = {
    "vr": {"plain": lambda z, y: vr(z)},
    "cr": {"plain": lambda z, y: cr(z), "gram": lambda z, y: cr_gram(z)},
    "cw-vr": {"loop": by_loop(vr), "one-hot": cw_vr_one_hot},
    "cw-cr": {"loop": by_loop(cr), "batched": cw_cr_batched, "gram": cw_cr_gram},
}


def penalty_forms(penalty, units):
    z, y = map(torch.from_numpy, cases.batch(units))
    z.requires_grad_()
    y = y.long()
    forms = {}
    for form, value in PENALTIES[penalty].items():
        if form == "batched" and units > 512:
            continue  # ten 4096 x 4096 covariances and their gradients at once: gigabytes
        last = {}

        def run(value=value, last=last):
            z.grad = None
            last["value"] = value(z, y)
            last["value"].backward()

        forms[form] = Work(run, value=lambda last=last: last["value"].item())
    return forms


class Mlp(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = torch.nn.ModuleList()
        for weight, bias in cases.parameters():
            layer = torch.nn.Linear(*weight.shape)
            with torch.no_grad():
                layer.weight.copy_(torch.from_numpy(weight.T.copy()))
                layer.bias.copy_(torch.from_numpy(bias))
            self.layers.append(layer)

    def forward(self, x):
        for layer in self.layers[:-1]:
            x = F.relu(layer(x))
        return self.layers[-1](x), x


PENALTY_IN_STEP = {"none": None, "cw-vr": cw_vr_one_hot, "cr": lambda z, y: cr(z)}


def training_forms(penalty, steps):
    x, y = map(torch.from_numpy, cases.images())
    x, y = x.split(cases.BATCH), y.long().split(cases.BATCH)
    term = PENALTY_IN_STEP[penalty]

    def training(option, compiled=False):
        model = Mlp()
        optimizer = torch.optim.Adam(model.parameters(), lr=cases.RATE, **option)
        at = [0]

        def objective(x, y):
            logits, z = model(x)
            loss = F.cross_entropy(logits, y)
            return loss if term is None else loss + cases.WEIGHT * term(z, y)

        if compiled:
            objective = torch.compile(objective)

        def run():
            for _ in range(steps):
                i = at[0] % cases.EPOCH_STEPS
                at[0] += 1
                optimizer.zero_grad(set_to_none=True)
                objective(x[i], y[i]).backward()
                optimizer.step()

        return Work(run, steps if steps < cases.EPOCH_STEPS else 1)

    forms = {"fused": training({"fused": True}), "foreach": training({"foreach": True})}
    if os.environ.get("PEER_TORCH_COMPILE") == "1":
        forms["compile, fused"] = training({"fused": True}, compiled=True)
    return forms


def forms_of(case):
    match case.split("/"):
        case "step", "mlp", penalty:
            return training_forms(penalty, cases.STEPS)
        case "epoch", "mlp", penalty:
            return training_forms(penalty, cases.EPOCH_STEPS)
        case "penalty", penalty, units:
            return penalty_forms(penalty, int(units))
    return None


serve("torch", torch.__version__, forms_of)
