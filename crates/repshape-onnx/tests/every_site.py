"""Compare a written model with a forward pass in NumPy: FOLDER holds model.onnx and network.json."""

import json
import pathlib
import sys

import numpy as np
import onnx
import onnxruntime

ROWS = (1, 7, 64)
# The network's numbers are of order 1 and its sums have at most 11 terms: f32 rounding stays near 1e-6.
TOLERANCE = 1e-5


def forward(network, x):
    """Every value of the network, in f64."""
    values = {"input": x.astype(np.float64)}
    for step in network["steps"]:
        z = values[step["input"]]
        match step["kind"]:
            case "dense":
                z = z @ np.array(step["weight"]) + np.array(step["bias"])
            case "normalise":
                scale, shift, mean, variance = (np.array(step[key]) for key in ("scale", "shift", "mean", "variance"))
                z = scale * (z - mean) / np.sqrt(variance + step["epsilon"]) + shift
            case "relu":
                z = np.maximum(z, 0)
            case "leaky-relu":
                z = np.where(z >= 0, z, step["alpha"] * z)
            case "tanh":
                z = np.tanh(z)
            case "logistic":
                z = 1 / (1 + np.exp(-z))
            case "linear":
                pass
            case other:
                raise ValueError(other)
        values[step["output"]] = z
    return values


def main(folder):
    network = json.loads((folder / "network.json").read_text())
    path = folder / "model.onnx"
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    # Strict inference from the input alone must agree with the declared shapes.
    onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
    declared = [(v.name, [d.dim_param or d.dim_value for d in v.type.tensor_type.shape.dim]) for v in model.graph.output]
    assert [name for name, _ in declared] == network["sites"], declared
    assert declared[0] == ("output", ["N", 2]), declared[0]

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    assert session.get_modelmeta().custom_metadata_map == network["metadata"], session.get_modelmeta().custom_metadata_map
    assert session.get_modelmeta().producer_name == "repshape"
    random = np.random.default_rng(5)
    compared, worst = 0, 0.0
    for rows in ROWS:
        x = random.standard_normal((rows, network["columns"])).astype(np.float32)
        expected = forward(network, x)
        found = session.run(network["sites"], {"input": x})
        for site, array in zip(network["sites"], found, strict=True):
            assert array.shape == expected[site].shape, (site, array.shape)
            assert np.std(expected[site]) > 1e-3, f"{site} hardly varies: the comparison would prove nothing"
            difference = np.abs(array - expected[site]).max()
            assert difference <= TOLERANCE, f"{site}, {rows} rows: differs by {difference}"
            compared, worst = compared + 1, max(worst, difference)
    print(f"compared {compared} arrays; largest difference {worst:.2e}")


main(pathlib.Path(sys.argv[1]))
