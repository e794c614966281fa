"""The data of the test in onnx.rs (`make`), and its comparison with NumPy and onnxruntime (`compare`)."""

import json
import sys

import numpy as np


def make():
    rng = np.random.default_rng(3)
    centres = rng.normal(size=(4, 7))
    labels = rng.integers(0, 4, 300)
    # columns of unlike means and spreads, so that standardisation shows
    x = (centres[labels] + 0.7 * rng.normal(size=(300, 7))) * np.arange(1, 8) + 10 * np.arange(7)
    x = x.astype("f4")
    np.savez("set.npz", x_train=x[:220], y_train=labels[:220], x_test=x[220:], y_test=labels[220:])


def compare():
    import onnx
    import onnxruntime

    model = onnx.load("run/model.onnx")
    onnx.checker.check_model(model, full_check=True)
    data = np.load("set.npz")
    train = data["x_train"].astype("f8")
    x = ((data["x_test"] - train.mean(0)) / train.std(0)).astype("f4")
    names = [output.name for output in model.graph.output]
    session = onnxruntime.InferenceSession("run/model.onnx")
    found = dict(zip(names, session.run(names, {model.graph.input[0].name: x})))
    measured = json.load(open("measured.json"))
    assert np.array_equal(np.load("saved/labels.npy"), data["y_test"])
    for one in measured:
        site = one["site"]
        z = found[site].astype("f8")
        saved = np.load(f"saved/{site}.npy")
        assert saved.shape == z.shape, (site, saved.shape, z.shape)
        # sums of at most 12 products in f32 through at most six layers
        np.testing.assert_allclose(z, saved, rtol=2e-5, atol=2e-5 * np.abs(saved).max(), err_msg=site)
        covariance = np.cov(z.T, bias=True)
        off = ~np.eye(z.shape[1], dtype=bool)
        expected = {
            "amplitude": np.abs(z).mean(),
            "covariance": np.abs(covariance[off]).mean(),
            "variance": np.diag(covariance).mean(),
            "sparsity": (z == 0).mean(),
        }
        for name, value in expected.items():
            np.testing.assert_allclose(one["measures"][name], value, rtol=1e-4, atol=1e-7, err_msg=f"{site} {name}")
    print(f"compared {len(measured)} sites")


{"make": make, "compare": compare}[sys.argv[1]]()
