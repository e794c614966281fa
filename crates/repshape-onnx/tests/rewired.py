"""Check rewired models: valid for onnx.checker, and the same outputs in onnxruntime as those they were made from.

    python3 rewired.py FIXTURES FOLDER      FOLDER holds NAME__KIND.onnx, made from FIXTURES/NAME.onnx
"""

import pathlib
import sys

import numpy as np
import onnx
import onnxruntime

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "fixtures"))
from make.reference import FLOATS, ROWS, draw, read_metadata  # noqa: E402

# The largest difference of an output over its largest value: f32 sums of tens of terms.
TOLERANCE = 1e-5
# What does not vary on the rows is dropped at 2^-52 of the largest variance for each unit, measured on values in f32.
TOLERANCE_OF_SMALLER = 3e-5
# Every weight and every result is rounded to f16, 2^-11 of it; largest seen 5.9e-4.
TOLERANCE_OF_HALVES = 2e-3
SEED = 2017


def outputs(path, arrays, first):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs() if output.type in FLOATS]
    declared = next(i for i in session.get_inputs() if i.name == first).shape
    if declared and declared[0] == 1:
        parts = [session.run(names, {name: a[row : row + 1] for name, a in arrays.items()}) for row in range(ROWS)]
        return dict(zip(names, map(np.concatenate, zip(*parts))))
    return dict(zip(names, session.run(names, arrays)))


def main(fixtures, folder):
    count, worst = 0, 0.0
    for path in sorted(folder.glob("*.onnx")):
        name, kind = path.stem.rsplit("__", 1)
        onnx.checker.check_model(str(path), full_check=True)
        model = onnx.load(path)
        assert any(entry.key == "repshape.rewired" for entry in model.metadata_props), path
        onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
        inputs = read_metadata(fixtures / f"{name}.safetensors")["inputs"]
        arrays = draw(inputs, ROWS, SEED)
        first = next(iter(inputs))
        before, after = outputs(fixtures / f"{name}.onnx", arrays, first), outputs(path, arrays, first)
        assert before.keys() == after.keys(), (path, before.keys(), after.keys())
        half = name in ("half_13", "half_21")
        tolerance = TOLERANCE_OF_HALVES if half else TOLERANCE_OF_SMALLER if kind == "smaller" else TOLERANCE
        for output in before:
            # the equalised networks rescale sites that are outputs too
            if kind == "wider" and output in CHANGED.get(name, ()):
                continue
            old, new = before[output].astype(np.float64), after[output].astype(np.float64)
            assert old.shape == new.shape, (path, output, old.shape, new.shape)
            difference = np.abs(old - new).max() / max(np.abs(old).max(), 1e-30)
            assert difference <= tolerance, f"{path.stem}, {output}: off by {difference:.1e}"
            worst = max(worst, 0.0 if half else difference)
        count += 1
    print(f"{count} models agree; largest difference {worst:.1e}")


# Sites that are outputs beside the results.
CHANGED = {"rewire_readers_17": ("fc1",)}

main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
