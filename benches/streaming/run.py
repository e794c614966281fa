"""Times `repshape measure` of a file larger than most memories beside NumPy's blockwise covariance. See README.md."""

import argparse
import json
import os
import pathlib
import shlex
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
OURS = "cargo run --release --quiet --"
MEASURES = "covariance,variance,correlation,sparsity"
THREADS = [f"{name}_NUM_THREADS" for name in ("OMP", "MKL", "OPENBLAS", "NUMEXPR", "RAYON")]
# NumPy's and our values of one file: both accumulate in f64.
AGREEMENT = 1e-9


def write(path, rows, units, order, seed=1):
    """A ReLU's output, f32, written in blocks so that this script stays small: `path` is a `.npy` file."""
    import numpy as np

    rng = np.random.default_rng(seed)
    mixing = rng.normal(size=(units, units)).astype("f4") / np.float32(units**0.5)
    shape = (rows, units)
    into = np.lib.format.open_memmap(path, mode="w+", dtype="<f4", shape=shape, fortran_order=order == "F")
    for start in range(0, rows, 50_000):
        block = rng.standard_normal((min(50_000, rows - start), units), dtype="f4") @ mixing + np.float32(0.3)
        into[start : start + len(block)] = np.maximum(block, 0)
    into.flush()


def numpy_blocks(path, block_rows):
    """What a careful user writes: one pass over the mapped file, f64 sums about the first block's mean."""
    import numpy as np

    start, worked = time.perf_counter(), time.process_time()
    z = np.load(path, mmap_mode="r")
    rows, units = z.shape
    shift = z[:block_rows].mean(0, dtype=np.float64)
    first, second, zeros = np.zeros(units), np.zeros((units, units)), 0
    for at in range(0, rows, block_rows):
        block = z[at : at + block_rows].astype(np.float64)
        zeros += block.size - np.count_nonzero(block)
        block -= shift
        first += block.sum(0)
        second += block.T @ block
    mean = first / rows
    covariance = second / rows - np.outer(mean, mean)
    deviation = np.sqrt(covariance.diagonal())
    off = ~np.eye(units, dtype=bool)
    values = {
        "covariance": np.abs(covariance[off]).mean(),
        "variance": covariance.diagonal().mean(),
        "correlation": np.abs((covariance / np.outer(deviation, deviation))[off]).mean(),
        "sparsity": zeros / z.size,
    }
    seconds, worked = time.perf_counter() - start, time.process_time() - worked
    print(json.dumps({"seconds": seconds, "processor": worked, "values": values}))


def child(command, environment):
    """Output, seconds, processor seconds and peak resident memory of a process of its own."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment, cwd=ROOT)
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"error: {shlex.join(map(str, command))} ended with status {process.returncode}")
    # kilobytes on Linux, bytes on macOS
    scale = 1 if sys.platform == "darwin" else 1024
    return output, time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * scale


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ours", default=OURS, help="our command (default: %(default)s)")
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--units", type=int, default=100)
    parser.add_argument("--order", choices="CF", default="C", help="memory order of the file (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="the best of so many counts (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="of both (default: all cores)")
    parser.add_argument("--blocks", default="4096,32768", help="NumPy's rows at a time; its best counts")
    parser.add_argument("--folder", help="where the file is written (default: a temporary folder)")
    parser.add_argument("--json", help="also write the figures to this file")
    # what this script starts itself as: a process that maps the file would lend its size to those it starts
    parser.add_argument("--write-to", help=argparse.SUPPRESS)
    parser.add_argument("--numpy-of", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.write_to:
        write(options.write_to, options.rows, options.units, options.order)
        return
    if options.numpy_of:
        numpy_blocks(options.numpy_of, int(options.blocks))
        return
    environment = os.environ | {name: str(options.threads) for name in THREADS}
    ours = [*shlex.split(options.ours), "measure"]
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        path = pathlib.Path(folder, "z.npy")
        shape = ["--rows", str(options.rows), "--units", str(options.units), "--order", options.order]
        child([sys.executable, __file__, "--write-to", str(path), *shape], environment)
        size = path.stat().st_size
        arguments = ["--only", MEASURES, "--format", "json", "--quiet", "--threads", str(options.threads)]
        # once untimed: compiles where that is needed, and brings the file into the page cache for all
        child([*ours, str(path), *arguments], environment)
        best, worked, peak, values = {}, {}, {}, {}
        for round in range(options.rounds):
            output, *figures = child([*ours, str(path), *arguments], environment)
            note = {"repshape": (*figures, json.loads(output)["measures"])}
            for block in options.blocks.split(","):
                command = [sys.executable, __file__, "--numpy-of", str(path), "--blocks", block]
                output, _, _, resident = child(command, environment)
                answer = json.loads(output)
                note[f"numpy, {block} rows"] = (answer["seconds"], answer["processor"], resident, answer["values"])
            for name, (seconds, processor, resident, found) in note.items():
                best[name] = min(seconds, best.get(name, seconds))
                worked[name] = min(processor, worked.get(name, processor))
                peak[name] = max(resident, peak.get(name, 0))
                values[name] = found
            print(f"round {round + 1}: " + ", ".join(f"{n} {s:.2f} s" for n, (s, *_) in note.items()), file=sys.stderr)
    numpy = min((name for name in best if name != "repshape"), key=best.get)
    for name in values[numpy]:
        ours, theirs = values["repshape"][name], values[numpy][name]
        if abs(ours - theirs) > AGREEMENT * abs(theirs):
            raise SystemExit(f"error: {name} is {ours} by repshape and {theirs} by NumPy")
    print(f"{options.rows:,} x {options.units} f32 in {options.order} order, {size / 1e9:.2f} GB, {options.threads} threads, in the page cache")
    print(f"| {'':18} | best    | processor time | peak resident |\n| {'---':18} | ---     | ---            | ---           |")
    for name in best:
        print(f"| {name:18} | {best[name]:5.2f} s | {worked[name]:5.2f} s        | {peak[name] / 1e6:7.0f} MB    |")
    ratio = best["repshape"] / best[numpy]
    of_processor = worked["repshape"] / min(seconds for name, seconds in worked.items() if name != "repshape")
    print(f"ours/numpy {ratio:.3f}, of processor time {of_processor:.3f}: our whole process by NumPy's pass alone")
    print(f"all values agree within {AGREEMENT:g}")
    if options.json:
        record = {"ratio": ratio, "bytes": size, "seconds": best, "processor_seconds": worked, "peak_resident_bytes": peak, "values": values}
        pathlib.Path(options.json).write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
