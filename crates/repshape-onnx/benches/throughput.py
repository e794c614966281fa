"""Time of a run over onnxruntime's, one thread each: python throughput.py BENCHMARK_BINARY [ROWS...].

The binary is what `cargo bench -p repshape-onnx --bench throughput --no-run` names. The two take turns, and the least time of each
counts: other work on the machine only ever adds.
"""
import subprocess
import sys
import tempfile
import time

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

random = np.random.default_rng(7)


def tensor(name, *shape):
    scale = np.sqrt(2 / np.prod(shape[1:]))
    return numpy_helper.from_array((random.standard_normal(shape) * scale).astype(np.float32), name)


def save(folder, name, nodes, constants, sides):
    graph = helper.make_graph(
        nodes, name,
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", *sides])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)], constants)
    path = f"{folder}/{name}.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


def mlp(folder):
    widths, nodes, constants, value = [784, 100, 100, 100, 100, 100, 10], [], [], "x"
    for layer, (a, b) in enumerate(zip(widths, widths[1:])):
        constants += [tensor(f"w{layer}", b, a), tensor(f"b{layer}", b)]
        last = layer == len(widths) - 2
        nodes.append(helper.make_node("Gemm", [value, f"w{layer}", f"b{layer}"], ["y" if last else f"p{layer}"], transB=1))
        if not last:
            nodes.append(helper.make_node("Relu", [f"p{layer}"], [f"h{layer}"]))
            value = f"h{layer}"
    return save(folder, "mlp", nodes, constants, [784])


def cnn(folder, name, channels, side):
    nodes, constants, value, before, whole = [], [], "x", channels[0], side
    for layer, width in enumerate(channels[1:]):
        constants += [tensor(f"w{layer}", width, before, 3, 3), tensor(f"b{layer}", width)]
        nodes += [
            helper.make_node("Conv", [value, f"w{layer}", f"b{layer}"], [f"c{layer}"], pads=[1, 1, 1, 1]),
            helper.make_node("Relu", [f"c{layer}"], [f"r{layer}"]),
            helper.make_node("MaxPool", [f"r{layer}"], [f"m{layer}"], kernel_shape=[2, 2], strides=[2, 2])]
        value, before, side = f"m{layer}", width, side // 2
    constants += [tensor("w", 10, before * side * side), tensor("b", 10)]
    nodes += [helper.make_node("Flatten", [value], ["flat"]), helper.make_node("Gemm", ["flat", "w", "b"], ["y"], transB=1)]
    return save(folder, name, nodes, constants, [channels[0], whole, whole])


def main():
    binary, rows = sys.argv[1], [int(word) for word in sys.argv[2:]] or [32, 128]
    with tempfile.TemporaryDirectory() as folder:
        models = {"mlp": (mlp(folder), (784,)), "cnn 1-16-32 of 28": (cnn(folder, "small", [1, 16, 32], 28), (1, 28, 28)),
                  "cnn 3-32-64-128 of 32": (cnn(folder, "medium", [3, 32, 64, 128], 32), (3, 32, 32))}
        for name, (path, sides) in models.items():
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = options.inter_op_num_threads = 1
            session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
            for count in rows:
                x = random.random((count, *sides), dtype=np.float32)
                ours, theirs = float("inf"), float("inf")
                for _ in range(5):
                    out = subprocess.run([binary, path, str(count), "y", "20"], capture_output=True, text=True, check=True)
                    ours = min(ours, float(out.stdout))
                    for _ in range(20):
                        start = time.perf_counter()
                        session.run(None, {"x": x})
                        theirs = min(theirs, time.perf_counter() - start)
                print(f"{name}, {count} rows: {ours * 1e3:.3f} ms, onnxruntime {theirs * 1e3:.3f} ms, ratio {ours / theirs:.2f}", flush=True)


main()
