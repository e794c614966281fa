"""Small ONNX models of all usual kinds, and what onnxruntime computes at every value of them.

    python3 make_models.py write [NAME...]        writes fixtures/NAME.onnx and fixtures/NAME.safetensors; needs no network
    python3 make_models.py again FOLDER SEED      other inputs for the models already there: FOLDER/NAME.safetensors

Written with Python 3.11, numpy 2.4.6, onnx 1.23.2, onnxruntime 1.31.1; the models named torch_* with torch 2.15.0 and, those with
`dynamo` in their names, onnxscript 0.7.2 (which `again` does not need).
"""

import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
FIXTURES = HERE / "fixtures"
sys.path.insert(0, str(FIXTURES))
SEED = 2017
LARGEST = 200_000


def save(name, model, external, inputs):
    import onnx
    from make.reference import reference, write

    onnx.checker.check_model(model, full_check=True)
    write(FIXTURES / f"{name}.safetensors", *reference(model, inputs, SEED))
    if external:
        weights = f"{name}.weights"
        (FIXTURES / weights).unlink(missing_ok=True)
        onnx.save_model(model, FIXTURES / f"{name}.onnx", save_as_external_data=True, location=weights, size_threshold=0)
    else:
        (FIXTURES / f"{name}.onnx").write_bytes(model.SerializeToString(deterministic=True))
    for path in FIXTURES.glob(f"{name}.*"):
        if path.stat().st_size > LARGEST:
            raise SystemExit(f"error: {path.name} takes {path.stat().st_size} bytes, more than {LARGEST}")


def write_all(wanted):
    from make import dense, forms, images, rewiring, sequences, shapes, torch_exports  # noqa: F401: they register themselves
    from make.net import MODELS, Net

    if not wanted:
        for path in FIXTURES.glob("*.*"):
            if path.suffix in (".onnx", ".safetensors", ".weights"):
                path.unlink()
    for name, (make, opset) in MODELS.items():
        if wanted and name not in wanted:
            continue
        net = Net(name, opset)
        make(net)
        save(name, net.finish(), net.external, net.inputs)
        print(name)
    torch_exports.export_all(wanted, save)


def again(folder, seed):
    import onnx
    from make.reference import read_metadata, reference, write

    for path in sorted(FIXTURES.glob("*.onnx")):
        known = read_metadata(path.with_suffix(".safetensors"))
        # 4 rows: another batch than the fixture's
        write(folder / f"{path.stem}.safetensors", *reference(onnx.load(path), known["inputs"], seed, 4, known["axes"]))
        print(path.stem)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["write", *names]:
            write_all(names)
        case ["again", folder, seed]:
            again(pathlib.Path(folder), int(seed))
        case _:
            raise SystemExit(__doc__)
