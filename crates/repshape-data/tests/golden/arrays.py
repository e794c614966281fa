"""Files as NumPy writes them, and what NumPy reads from them (arrays.json).

    pip install numpy && python arrays.py
"""
import gzip
import json
import pathlib
import struct

import numpy as np

here = pathlib.Path(__file__).parent
golden = {}


def note(name, array):
    """The leading axis is rows, the rest one row, flattened in row-major order."""
    array = np.asarray(array)
    flat = array.reshape(len(array), -1).astype(np.float64)
    golden[name] = {"row_shape": array.shape[1:], "units": flat.shape[1], "values": flat.ravel().tolist()}


# every type, both byte orders, both memory orders
arrays = {}
for kind in "b1 i1 u1 i2 u2 i4 u4 i8 u8 f2 f4 f8".split():
    for order in "<>" if kind[1] != "1" else "|":
        values = np.arange(7 * 3).reshape(7, 3) * 5 - (0 if kind[0] in "bu" else 50)
        values = values % 2 if kind == "b1" else values / (8 if kind[0] == "f" else 1)
        for memory in "CF":
            name = f"{kind}_{'big' if order == '>' else 'little'}_{memory}"
            arrays[name] = np.array(values, dtype=order + kind, order=memory)
            assert arrays[name].flags["F_CONTIGUOUS"] == (memory == "F")
np.savez(here / "types.npz", **arrays)
np.savez_compressed(here / "types_deflated.npz", **arrays)
for key, array in arrays.items():
    note(f"types.npz:{key}", array)
    note(f"types_deflated.npz:{key}", array)

# 1 to 5 dimensions
for d in range(1, 6):
    shape = (7, 2, 3, 2, 5)[:d]
    array = np.random.default_rng(d).normal(size=shape)
    np.save(here / f"dimensions_{d}.npy", array)
    note(f"dimensions_{d}.npy", array)
    np.save(here / f"dimensions_{d}_fortran.npy", np.asfortranarray(array.astype("f4")))
    note(f"dimensions_{d}_fortran.npy", array.astype("f4"))

# header versions 2 and 3
array = np.arange(12.0).reshape(4, 3)
for version in (2, 3):
    with open(here / f"version_{version}.npy", "wb") as file:
        np.lib.format.write_array(file, array, version=(version, 0))
    note(f"version_{version}.npy", array)

# gzipped npy, IDX with and without gzip, text
with gzip.GzipFile(here / "gzipped.npy.gz", "wb", mtime=0) as file:
    np.save(file, array)
note("gzipped.npy.gz", array)
images = (np.arange(6 * 4 * 3) * 7 % 256).astype(np.uint8).reshape(6, 4, 3)
idx = struct.pack(">BBBBIII", 0, 0, 8, 3, *images.shape) + images.tobytes()
(here / "images-idx3-ubyte").write_bytes(idx)
note("images-idx3-ubyte", images)
(here / "images-idx3-ubyte.gz").write_bytes(gzip.compress(idx, mtime=0))
note("images-idx3-ubyte.gz", images)
floats = (images / 16 - 3).astype(">f4")
(here / "floats.idx").write_bytes(struct.pack(">BBBBIII", 0, 0, 13, 3, *floats.shape) + floats.tobytes())
note("floats.idx", floats)
table = np.random.default_rng(9).normal(size=(5, 3)) * [1e-300, 1, 1e300]
np.savetxt(here / "table.csv", table, delimiter=",", header="a,b,c", comments="", fmt="%.17g")
note("table.csv", table)
np.savetxt(here / "table.tsv", table, delimiter="\t", header="made by savetxt", fmt="%.17g")
note("table.tsv", table)

(here / "arrays.json").write_text(json.dumps(golden) + "\n")
