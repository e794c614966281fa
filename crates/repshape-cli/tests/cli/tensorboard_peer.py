"""The event files of a run folder, read by TensorBoard itself, beside the run's CSV tables: tensorboard_peer.py RUN"""

import csv
import math
import pathlib
import struct
import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.backend.event_processing.event_file_loader import LegacyEventFileLoader


def single(text):
    """A number as a scalar holds it."""
    return struct.unpack("f", struct.pack("f", float(text)))[0]


def series(run):
    """Tag to (step, value) of every event file of the folder together, as TensorBoard shows a run."""
    accumulator = EventAccumulator(str(run), size_guidance={"scalars": 0})
    accumulator.Reload()
    tags = accumulator.Tags()["scalars"]
    return {tag: [(e.step, e.value) for e in accumulator.Scalars(tag)] for tag in tags}


def main():
    run = pathlib.Path(sys.argv[1])
    found = series(run)
    wanted = {}
    probes = list(csv.DictReader((run / "monitor.csv").open()))
    for line in probes:
        for measure, value in line.items():
            if measure not in ("step", "epoch", "site") and value != "":
                wanted.setdefault(f"{line['site']}/{measure}", []).append((int(line["step"]), single(value)))
    epochs = list(csv.DictReader((run / "history.csv").open()))
    for line in epochs:
        for term, value in line.items():
            if term != "epoch":
                wanted.setdefault(term, []).append((int(line["epoch"]), single(value)))
    assert set(found) == set(wanted), set(found) ^ set(wanted)
    for tag, points in wanted.items():
        assert found[tag] == points, f"{tag}: {found[tag]} for {points}"
    files = sorted(run.glob("*tfevents*"))
    assert len(files) == 2, files
    for file in files:
        events = list(LegacyEventFileLoader(str(file)).Load())
        assert events[0].file_version == "brain.Event:2"
        steps = [event.step for event in events]
        assert steps == sorted(steps)
        assert all(math.isfinite(event.wall_time) for event in events)
    steps = {line["step"] for line in probes}
    print(f"{len(steps)} steps of monitor.csv, {len(epochs)} epochs of history.csv")


main()
