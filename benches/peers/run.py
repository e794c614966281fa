"""Times repshape against its peers in one run and prints the ratios. See README.md."""

import argparse
import importlib.util
import json
import os
import pathlib
import platform
import shlex
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PEERS = {"numpy": "numpy", "torch": "torch", "jax": "jax"}
OURS = "cargo bench -q -p repshape-cli --bench ours -- --json"
# A form slower than this many times the peer's best is timed in the first round only. Generous: one interrupted round is no verdict.
HOPELESS = 4
# Two peers' values of one penalty on one batch, in f32.
AGREEMENT = 1e-3
ONE_THREAD = {
    **{name: "1" for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS", "NUMEXPR_NUM_THREADS")},
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
    "JAX_PLATFORMS": "cpu",
    "CUDA_VISIBLE_DEVICES": "",
}


class Peer:
    """One peer in a process of its own, on the chosen core."""

    def __init__(self, name, core, torch_compile):
        self.name = name
        environment = os.environ | ONE_THREAD | ({"PEER_TORCH_COMPILE": "1"} if torch_compile else {})
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / f"peer_{name}.py")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment, preexec_fn=pinned(core),
        )  # fmt: skip
        self.version = self.read()["version"]
        self.best, self.all, self.values = {}, {}, {}

    def read(self):
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"error: peer {self.name} ended with status {self.process.wait()}")
        return json.loads(line)

    def time(self, case, seconds):
        known = self.all.setdefault(case, {})
        forms = [form for form, s in known.items() if form.startswith("gram") or s <= HOPELESS * self.best[case]]
        self.process.stdin.write(json.dumps({"case": case, "forms": forms, "seconds": seconds}) + "\n")
        self.process.stdin.flush()
        answer = self.read()
        for form, reason in answer["failed"].items():
            print(f"{self.name}: {case}: form {form!r} left out: {reason}", file=sys.stderr)
        for form, s in answer["forms"].items():
            known[form] = min(s, known.get(form, s))
            if not form.startswith("gram"):
                self.best[case] = min(known[form], self.best.get(case, known[form]))
        for form, value in answer["values"].items():
            self.values[case, form] = value

    def form(self, case):
        return min((form for form in self.all[case] if not form.startswith("gram")), key=self.all[case].get)


def pinned(core):
    if core is None or not hasattr(os, "sched_setaffinity"):
        return None
    return lambda: os.sched_setaffinity(0, {core})


def run_ours(command, core, best):
    """Takes the JSON lines of our own benchmark; the best of all rounds stays."""
    run = subprocess.run(
        shlex.split(command), stdout=subprocess.PIPE, text=True, env=os.environ | ONE_THREAD, preexec_fn=pinned(core),
        cwd=ROOT if command == OURS else None,
    )  # fmt: skip
    if run.returncode != 0:
        raise SystemExit(f"error: {command!r} ended with status {run.returncode}; --ours '' times the peers alone")
    for line in run.stdout.splitlines():
        if line.startswith("{"):
            found = json.loads(line)
            best[found["case"]] = min(found["seconds"], best.get(found["case"], found["seconds"]))


def disagreements(peers):
    """Cases in which two forms compute different values: their times would compare different things."""
    for case in sorted({case for peer in peers for case, _ in peer.values}):
        values = {f"{peer.name} {form}": v for peer in peers for (c, form), v in peer.values.items() if c == case}
        low, high = min(values.values()), max(values.values())
        if not high - low <= AGREEMENT * abs(high):
            yield f"{case}: values differ: {values}"


def shown(seconds):
    if seconds is None:
        return "-"
    for unit, scale in (("s", 1), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= scale:
            return f"{seconds / scale:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


def table(rows, peers):
    """Lines of the printed table: a Markdown table, so that it can be pasted as it is."""
    header = ["case", "ours", *(peer.name for peer in peers), "best peer", "ours/best", "their best with our algebra"]
    lines = [header, ["---"] * len(header)]
    for row in rows:
        best = row["best"]
        gram = row["gram"]
        lines.append([
            row["case"], shown(row["ours"]), *(shown(row["peers"].get(peer.name)) for peer in peers),
            f"{best['peer']} ({best['form']})" if best else "-",
            f"{row['ratio']:.3g}" if row["ratio"] is not None else "-",
            f"{gram['peer']} {shown(gram['seconds'])}" if gram else "",
        ])  # fmt: skip
    widths = [max(len(line[i]) for line in lines) for i in range(len(header))]
    return ["| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths)) + " |" for line in lines]


def summary(case, ours, peers):
    timed = [peer for peer in peers if case in peer.best]
    fastest = min(timed, key=lambda peer: peer.best[case], default=None)
    grams = [(peer.all[case][form], peer.name) for peer in timed for form in peer.all[case] if form.startswith("gram")]
    seconds = ours.get(case)
    return {
        "case": case,
        "ours": seconds,
        "peers": {peer.name: peer.best[case] for peer in timed},
        "forms": {peer.name: peer.all[case] for peer in timed},
        "best": {"peer": fastest.name, "form": fastest.form(case), "seconds": fastest.best[case]} if fastest else None,
        "ratio": seconds / fastest.best[case] if seconds is not None and fastest else None,
        "gram": dict(zip(("seconds", "peer"), min(grams))) if grams else None,
    }


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--ours", default=OURS, metavar="CMD", help=f"prints our JSON lines; '' for the peers alone (default: {OURS})")
    arguments.add_argument("--peers", default=",".join(PEERS), help="comma-separated (default: %(default)s)")
    arguments.add_argument("--cases", default="", metavar="PREFIX,...", help="only cases that begin with one of these")
    arguments.add_argument("--rounds", type=int, default=5, help="interleaved rounds; the best counts (default: %(default)s)")
    arguments.add_argument("--seconds", type=float, default=0.5, help="per form, case and round (default: %(default)s)")
    arguments.add_argument("--core", type=int, help="the core that everything runs on (default: the last one allowed)")
    arguments.add_argument("--torch-compile", action="store_true", help="also try torch.compile (needs a C++ compiler)")
    arguments.add_argument("--json", metavar="FILE", help="write everything timed, every form included")
    options = arguments.parse_args()

    core = options.core
    if core is None and hasattr(os, "sched_getaffinity"):
        core = max(os.sched_getaffinity(0))
    peers = []
    for name in options.peers.split(","):
        if name not in PEERS:
            raise SystemExit(f"error: unknown peer {name!r}; known: {', '.join(PEERS)}")
        if importlib.util.find_spec(PEERS[name]) is None or importlib.util.find_spec("numpy") is None:
            print(f"{name} is not installed: going on without it (pip install -r requirements.txt)", file=sys.stderr)
            continue
        peers.append(Peer(name, core, options.torch_compile))

    if not peers:
        raise SystemExit("error: no peer is installed")
    from cases import CASES  # needs numpy

    wanted = [case for case in CASES if case.startswith(tuple(options.cases.split(",")))]
    if options.ours == OURS:
        # On all cores, before the clock: the timed command then only runs.
        subprocess.run(["cargo", "bench", "-q", "--no-run", "-p", "repshape-cli", "--bench", "ours"], check=True, cwd=ROOT)
    ours = {}
    for turn in range(options.rounds):
        print(f"round {turn + 1} of {options.rounds}, load {os.getloadavg()[0]:.1f}", file=sys.stderr)
        if options.ours:
            run_ours(options.ours, core, ours)
        for case in wanted:
            for peer in peers:
                peer.time(case, options.seconds)
    for peer in peers:
        peer.process.stdin.close()
        peer.process.wait()

    wrong = list(disagreements(peers))
    rows = [summary(case, ours, peers) for case in wanted + [case for case in ours if case not in CASES]]
    versions = ", ".join(f"{peer.name} {peer.version}" for peer in peers)
    print(f"One thread on core {core}, best of {options.rounds} interleaved rounds; {versions}; Python {platform.python_version()}")
    print("\n".join(table(rows, peers)))
    for line in wrong:
        print(f"error: {line}", file=sys.stderr)
    if options.json:
        target = pathlib.Path(options.json)
        part = target.with_name(target.name + ".tmp")
        record = {
            "schema": "repshape.peers/1",
            "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "processor": processor(),
            "load": os.getloadavg()[0],
            "rounds": options.rounds,
            "versions": {peer.name: peer.version for peer in peers},
            "environment": ONE_THREAD,
            "rows": rows,
            "disagreements": wrong,
        }
        part.write_text(json.dumps(record, indent=1) + "\n")
        part.rename(target)
    return 1 if wrong else 0


def processor():
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()


if __name__ == "__main__":
    sys.exit(main())
