"""Times `repshape measure model.onnx` beside onnxruntime with NumPy, and PyTorch with hooks, in one run. See README.md."""

import argparse
import json
import os
import pathlib
import platform
import subprocess
import sys
import tempfile
import time

from networks import CASES, CLASSES, MEASURES

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PEERS = ("onnxruntime", "torch")
# f32 forward passes of three runtimes; measures of one activation agree far closer.
AGREEMENT = 1e-3
ONE_THREAD = {name: "1" for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS", "NUMEXPR_NUM_THREADS")}


def timed(command, core):
    """Standard output, wall seconds and the most resident MiB of one process on one core."""
    pin = (lambda: os.sched_setaffinity(0, {core})) if core is not None else None
    with tempfile.TemporaryFile() as out:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=out, env=os.environ | ONE_THREAD, preexec_fn=pin, cwd=HERE)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            raise SystemExit(f"error: {' '.join(map(str, command))} ended with status {process.returncode}")
        out.seek(0)
        return json.loads(out.read()), seconds, usage.ru_maxrss / 1024


def ours(binary, case, folder, core):
    layout = CASES[case][1]
    sites = [part for site in (folder / "sites.txt").read_text().split("\n") for part in ("--site", site)]
    command = [binary, "measure", folder / "model.onnx", "--data", folder / "x.npy", "--labels", folder / "y.npy", "--classes", str(CLASSES), *sites,
               "--layout", layout, "--only", ",".join(MEASURES), "--threads", "1", "--format", "json", "--quiet"]  # fmt: skip
    found, seconds, mib = timed(command, core)
    return {"seconds": seconds, "forward": None, "mib": mib, "values": {one["site"]: one["measures"] for one in found}}


def theirs(peer, case, folder, core):
    found, _, mib = timed([sys.executable, "peer.py", peer, case, folder], core)
    return found | {"mib": mib}


def disagreements(case, results):
    """Two that compute different values are no comparison."""
    (first, values), *others = ((name, result["values"]) for name, result in results.items())
    for other, found in others:
        for site, measures in values.items():
            for measure, value in measures.items():
                # counts and shares of zeros may differ by a few entries that round to 0 in one runtime
                if abs(found[site][measure] - value) > AGREEMENT * max(abs(value), 1e-3 if measure in ("sparsity", "dead_units") else 0):
                    yield f"{case}, {site}, {measure}: {value} by {first}, {found[site][measure]} by {other}"


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--ours", default=str(ROOT / "target/release/repshape"), metavar="BINARY", help="'' for the peers alone (default: %(default)s)")
    arguments.add_argument("--cases", default=",".join(CASES))
    arguments.add_argument("--rounds", type=int, default=3, help="interleaved rounds; the best counts (default: %(default)s)")
    arguments.add_argument("--core", type=int, help="the core that everything runs on (default: the last one allowed)")
    arguments.add_argument("--json", metavar="FILE")
    options = arguments.parse_args()
    core = options.core
    if core is None and hasattr(os, "sched_getaffinity"):
        core = max(os.sched_getaffinity(0))

    rows, wrong = [], []
    for case in options.cases.split(","):
        with tempfile.TemporaryDirectory() as place:
            folder = pathlib.Path(place)
            subprocess.run([sys.executable, "networks.py", case, folder], check=True, cwd=HERE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            best = {}
            for _ in range(options.rounds):
                turns = {"repshape": lambda: ours(options.ours, case, folder, core)} if options.ours else {}
                turns |= {peer: lambda peer=peer: theirs(peer, case, folder, core) for peer in PEERS}
                for name, run in turns.items():
                    result = run()
                    if name not in best or result["seconds"] < best[name]["seconds"]:
                        best[name] = result
            wrong += disagreements(case, best)
            rows.append({"case": case, "results": {name: {k: v for k, v in result.items() if k != "values"} for name, result in best.items()}})

    print(f"One thread on core {core}, best of {options.rounds} interleaved rounds; Python {platform.python_version()}; load {os.getloadavg()[0]:.1f}")
    print("| case | who | seconds | of which forward | MiB | ours/theirs | ours/forward alone |\n|---|---|---|---|---|---|---|")
    for row in rows:
        mine = row["results"].get("repshape")
        for name, result in row["results"].items():
            forward = result["forward"]
            against = mine is not None and name != "repshape"
            cells = [row["case"], name, f"{result['seconds']:.2f}", "-" if forward is None else f"{forward:.2f}", f"{result['mib']:.0f}",
                     f"{mine['seconds'] / result['seconds']:.2f}" if against else "", f"{mine['seconds'] / forward:.2f}" if against else ""]  # fmt: skip
            print("| " + " | ".join(cells) + " |")
    for line in wrong:
        print(f"error: {line}", file=sys.stderr)
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps({"schema": "repshape.models-bench/1", "rows": rows, "disagreements": wrong}, indent=1) + "\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
