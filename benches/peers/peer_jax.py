"""JAX, jit, on one thread of the CPU."""

import jax
import jax.numpy as jnp

import cases
from serving import Work, serve


def vr(z):
    return jnp.mean((z - z.mean(0)) ** 2)


def off_diagonal_squares(covariance):
    return jnp.sum(covariance**2) - jnp.sum(jnp.diagonal(covariance) ** 2)


def cr(z):
    rows, units = z.shape
    c = z - z.mean(0)
    return off_diagonal_squares(c.T @ c / rows) / (units * (units - 1))


def one_hot(y):
    hot = jax.nn.one_hot(y, cases.CLASSES)
    return hot, 1 / jnp.maximum(hot.sum(0), 1)


def class_centred(z, y):
    hot, inverse = one_hot(y)
    return z - hot @ ((hot.T @ z) * inverse[:, None]), hot, inverse


def masked_vr(z, mask):
    """VR of the rows where the mask is 1; shapes are fixed under jit, so a class cannot be cut out."""
    inverse = 1 / jnp.maximum(mask.sum(), 1)
    c = (z - mask @ z * inverse) * mask[:, None]
    return jnp.sum(c**2) * inverse / z.shape[1]


def masked_cr(z, mask):
    units = z.shape[1]
    inverse = 1 / jnp.maximum(mask.sum(), 1)
    c = (z - mask @ z * inverse) * mask[:, None]
    return off_diagonal_squares(c.T @ c * inverse) / (units * (units - 1))


def by_loop(masked):
    def class_wise(z, y):
        hot = one_hot(y)[0]
        return sum(masked(z, hot[:, k]) for k in range(cases.CLASSES)) / cases.CLASSES

    return class_wise


def by_vmap(masked):
    def class_wise(z, y):
        return jax.vmap(masked, (None, 1))(z, one_hot(y)[0]).mean()

    return class_wise


def by_scan(masked):
    """One class at a time, so that only one covariance is alive."""

    def class_wise(z, y):
        body = jax.checkpoint(lambda total, mask: (total + masked(z, mask), None))
        return jax.lax.scan(body, 0.0, one_hot(y)[0].T)[0] / cases.CLASSES

    return class_wise


def cw_vr_one_hot(z, y):
    c, hot, inverse = class_centred(z, y)
    return jnp.sum(c**2 * (hot @ inverse)[:, None]) / (cases.CLASSES * z.shape[1])


def cr_gram(z):
    rows, units = z.shape
    c = z - z.mean(0)
    return (jnp.sum((c @ c.T) ** 2) - jnp.sum(jnp.sum(c**2, 0) ** 2)) / (float(rows) ** 2 * units * (units - 1))


def cw_cr_gram(z, y):
    units = z.shape[1]
    c, hot, inverse = class_centred(z, y)
    same = hot * inverse @ (hot * inverse).T
    variance = hot.T @ c**2 * inverse[:, None]
    return (jnp.sum((c @ c.T) ** 2 * same) - jnp.sum(variance**2)) / (cases.CLASSES * units * (units - 1))


PENALTIES = {
    "vr": {"plain": lambda z, y: vr(z)},
    "cr": {"plain": lambda z, y: cr(z), "gram": lambda z, y: cr_gram(z)},
    "cw-vr": {"loop": by_loop(masked_vr), "vmap": by_vmap(masked_vr), "one-hot": cw_vr_one_hot},
    "cw-cr": {"loop": by_loop(masked_cr), "vmap": by_vmap(masked_cr), "scan": by_scan(masked_cr), "gram": cw_cr_gram},
}


def penalty_forms(penalty, units):
    z, y = map(jnp.asarray, cases.batch(units))
    forms = {}
    for form, value in PENALTIES[penalty].items():
        if form in ("loop", "vmap") and penalty == "cw-cr" and units > 512:
            continue  # ten 4096 x 4096 covariances and their gradients at once: gigabytes
        compiled = jax.jit(jax.value_and_grad(value))
        forms[form] = Work(
            lambda compiled=compiled: jax.block_until_ready(compiled(z, y)),
            value=lambda compiled=compiled: float(compiled(z, y)[0]),
        )
    return forms


PENALTY_IN_STEP = {"none": lambda z, y: 0.0, "cw-vr": cw_vr_one_hot, "cr": lambda z, y: cr(z)}


def training_step(penalty):
    """Adam by hand, fused by XLA into the step: no optimiser library, no Python between the updates."""
    term = PENALTY_IN_STEP[penalty]

    def objective(layers, x, y):
        for weight, bias in layers[:-1]:
            x = jax.nn.relu(x @ weight + bias)
        logits = x @ layers[-1][0] + layers[-1][1]
        task = -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(logits), y[:, None], 1))
        return task + cases.WEIGHT * term(x, y)

    def step(state, batch):
        layers, first, second, t = state
        gradients = jax.grad(objective)(layers, *batch)
        t = t + 1
        first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, first, gradients)
        second = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, second, gradients)
        unbias_first, unbias_second = 1 / (1 - 0.9**t), 1 / (1 - 0.999**t)
        update = lambda p, m, v: p - cases.RATE * (m * unbias_first) / (jnp.sqrt(v * unbias_second) + 1e-8)
        return (jax.tree.map(update, layers, first, second), first, second, t), None

    return step


def initial():
    layers = [tuple(map(jnp.asarray, pair)) for pair in cases.parameters()]
    zeros = lambda: jax.tree.map(jnp.zeros_like, layers)
    return layers, zeros(), zeros(), jnp.float32(0)


def training_forms(penalty, steps):
    x, y = cases.images()
    x = jnp.asarray(x).reshape(cases.EPOCH_STEPS, cases.BATCH, cases.PIXELS)
    y = jnp.asarray(y).reshape(cases.EPOCH_STEPS, cases.BATCH)
    step = training_step(penalty)
    per = 1 if steps == cases.EPOCH_STEPS else steps
    one = jax.jit(step, donate_argnums=0)
    several = jax.jit(lambda state, batches: jax.lax.scan(step, state, batches)[0], donate_argnums=0)
    batches = jax.block_until_ready([(x[i], y[i]) for i in range(steps)])
    together = jax.block_until_ready((x[:steps], y[:steps]))
    held = {"jit": initial(), "scan": initial()}

    def run_jit():
        for batch in batches:
            held["jit"], _ = one(held["jit"], batch)
        jax.block_until_ready(held["jit"])

    def run_scan():
        held["scan"] = jax.block_until_ready(several(held["scan"], together))

    return {"jit": Work(run_jit, per), "scan": Work(run_scan, per)}


def forms_of(case):
    match case.split("/"):
        case "step", "mlp", penalty:
            return training_forms(penalty, cases.STEPS)
        case "epoch", "mlp", penalty:
            return training_forms(penalty, cases.EPOCH_STEPS)
        case "penalty", penalty, units:
            return penalty_forms(penalty, int(units))
    return None


serve("jax", jax.__version__, forms_of)
