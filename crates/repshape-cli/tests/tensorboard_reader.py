"""Read a run's event file with TensorBoard's own reader and compare it with history.csv beside it.

By hand, not in CI (TensorBoard brings 20 packages for one reader):

    pip install tensorboard
    repshape shape --smoke --tensorboard --out RUN
    python tensorboard_reader.py RUN

FOLDER holds one event file and history.csv, whose first column is the epoch. Every other column
must be a scalar of that name with the same steps and, rounded to f32, the same values.
"""

import csv
import pathlib
import struct
import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator


def as_f32(text):
    return struct.unpack("<f", struct.pack("<f", float(text)))[0]


def main(folder):
    files = sorted(folder.glob("events.out.tfevents.*"))
    assert len(files) == 1, f"{folder}: {len(files)} event files, expected 1"
    reader = EventAccumulator(str(files[0]), size_guidance={"scalars": 0})
    reader.Reload()
    assert reader.file_version == 2.0, f"file version {reader.file_version}, expected 2"

    with open(folder / "history.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    step_name, *names = rows[0]
    expected = {name: [(int(row[step_name]), as_f32(row[name])) for row in rows if row[name]] for name in names}
    expected = {name: points for name, points in expected.items() if points}
    assert set(reader.Tags()["scalars"]) == set(expected), f"tags {reader.Tags()['scalars']}, expected {list(expected)}"
    for name, points in expected.items():
        events = reader.Scalars(name)
        found = [(event.step, event.value) for event in events]
        assert found == points, f"{name}: {found[:3]}, expected {points[:3]}"
        times = [event.wall_time for event in events]
        assert times == sorted(times) and times[0] > 0, f"{name}: wall times {times[:3]}"
    print(f"{files[0].name}: {len(expected)} scalars of {len(rows)} epochs as in history.csv")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
