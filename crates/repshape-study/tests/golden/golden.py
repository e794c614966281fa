"""Golden values for repshape-study, from SciPy, statsmodels-free Holm, and the reference BLAKE3 binding.

    pip install numpy scipy blake3
    python golden.py > golden.json

Written from the definitions, not from the Rust code.
"""

import hashlib
import json
import sys

import numpy as np
from blake3 import blake3
from scipy import stats


def canonical(value):
    # the values below have no float that Python and JavaScript spell differently
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def run_id(spec):
    return blake3(canonical(spec)).hexdigest()[:32]


def seed(study_seed, run):
    digest = blake3(canonical({"study_seed": study_seed, "run_id": run})).digest()
    return int.from_bytes(digest[:8], "little") >> 11


def welch(a, b):
    both = stats.ttest_ind(a, b, equal_var=False)
    less = stats.ttest_ind(a, b, equal_var=False, alternative="less")
    return {"a": a, "b": b, "t": both.statistic, "df": both.df, "p": both.pvalue, "p_lower": less.pvalue}


def interval(values, level):
    low, high = stats.t.interval(level, len(values) - 1, np.mean(values), stats.sem(values))
    return {"values": values, "level": level, "low": low, "high": high}


def one_sample(values, value):
    tails = {way: stats.ttest_1samp(values, value, alternative=name).pvalue for way, name in (("lower", "less"), ("higher", "greater"))}
    return {"values": values, "value": value, **tails}


def binomial(successes, n, share):
    tails = {way: stats.binomtest(successes, n, share, alternative=name).pvalue for way, name in (("lower", "less"), ("higher", "greater"))}
    return {"successes": successes, "n": n, "share": share, **tails}


def correlation(x, y):
    tails = {way: stats.pearsonr(x, y, alternative=name).pvalue for way, name in (("lower", "less"), ("higher", "greater"))}
    return {"x": x, "y": y, "r": stats.pearsonr(x, y).statistic, **tails}


def holm(p):
    # the definition, quadratic on purpose
    out = []
    for x in p:
        ranked = sorted(p)
        last = max(i for i, q in enumerate(ranked) if q <= x)
        out.append(max(min(1.0, (len(p) - i) * ranked[i]) for i in range(last + 1)))
    return out


base = {
    "schema": "repshape.study-spec/1",
    "training": {"epochs": 5, "network": "mlp:100"},
    "regularizer": "vr",
    "stage": "trial",
    "weight": 0.1,
    "index": 0,
}
selected = dict(base, weight={"selected": "rule", "from": ["a", "b"]}, index=3)

rng = np.random.default_rng(7)
errors = [0.0285, 0.0291, 0.0279, 0.0302, 0.0288]
lower = [0.0242, 0.0239, 0.0251, 0.0247, 0.0240]
near = [0.0280, 0.0310, 0.0275]
far = [x / 1000 for x in errors]
long = [round(float(x), 6) for x in rng.normal(1000, 1, 37)]
p_values = [0.01, 0.04, 0.03, 0.005, 0.04, 0.9]

json.dump(
    {
        "identities": [
            {"weight": spec["weight"], "index": spec["index"], "run_id": run_id(spec), "seed_1": seed(1, run_id(spec))}
            for spec in (base, selected)
        ],
        "sha256_of_abc": hashlib.sha256(b"abc").hexdigest(),
        "means": [{"values": v, "mean": float(np.mean(v)), "sd": float(np.std(v, ddof=1))} for v in (errors, near, long)],
        "welch": [welch(errors, lower), welch(lower, errors), welch(errors, near), welch(far, errors), welch(long, errors)],
        "one_sample": [one_sample(errors, 0.03), one_sample(near, 0.0285), one_sample(long, 1000.5), one_sample(lower, 0.02)],
        "correlation": [correlation(errors, lower), correlation(near, [3.0, 1.0, 2.5]), correlation(long[:12], long[12:24])],
        "binomial": [binomial(17, 20, 0.5), binomial(0, 5, 0.3), binomial(20, 20, 0.9), binomial(3, 7, 0.5)],
        "intervals": [interval(errors, 0.95), interval(near, 0.99), interval(long, 0.5), interval(long, 0.999), interval(errors[:2], 0.95)],
        "holm": {"p": p_values, "adjusted": holm(p_values)},
    },
    sys.stdout,
    indent=1,
)
print()
