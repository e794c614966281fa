"""Time a model beside one made from it, one thread, in turns: rewired.py OLD.onnx NEW.onnx [ROWS]

Standard normal rows go through onnxruntime to the results that nothing in the graph reads.
"""

import statistics
import sys
import time

import numpy as np
import onnx
import onnxruntime

TURNS = 31


def open_model(path):
    graph = onnx.load(path, load_external_data=False).graph
    read = {name for node in graph.node for name in node.input}
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return session, [output.name for output in graph.output if output.name not in read]


def seconds(session, outputs, feed):
    start = time.process_time()
    session.run(outputs, feed)
    return time.process_time() - start


def main(old, new, rows=10_000):
    models = [open_model(old), open_model(new)]
    rng = np.random.default_rng(1)
    feed = {
        given.name: rng.standard_normal([rows, *given.shape[1:]]).astype(np.float32)
        for given in models[0][0].get_inputs()
    }
    for model in models:
        seconds(*model, feed)
    times = [[seconds(*model, feed) for model in models] for _ in range(TURNS)]
    before, after = (1e3 * statistics.median(column) for column in zip(*times))
    ratio = statistics.median(after / before for before, after in times)
    print(f"{rows} rows: {before:.1f} ms before, {after:.1f} ms after, ratio {ratio:.2f}")


main(sys.argv[1], sys.argv[2], *map(int, sys.argv[3:4]))
