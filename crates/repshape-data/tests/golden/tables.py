"""Safetensors and parquet files as their own writers write them, and what they hold (tables.json).

    pip install numpy ml_dtypes pyarrow safetensors && python tables.py
"""
import json
import pathlib

import ml_dtypes
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import safetensors.numpy

here = pathlib.Path(__file__).parent
golden = {}


def note(name, array):
    """The leading axis is rows, the rest one row, flattened in row-major order."""
    array = np.asarray(array)
    flat = array.reshape(len(array), -1).astype(np.float64)
    golden[name] = {"row_shape": array.shape[1:], "units": flat.shape[1], "values": flat.ravel().tolist()}


# safetensors: every type that is read; the order in the file is the writer's own
base = np.arange(7 * 3).reshape(7, 3) * 5 - 50
tensors = {
    kind: (base if kind[0] != "u" else base + 50).astype(kind)
    for kind in "int8 uint8 int16 uint16 int32 uint32 int64 uint64".split()
}
tensors["bool"] = base % 2 == 0
for kind in ("float16", "float32", "float64"):
    tensors[kind] = (base / 8).astype(kind)
tensors["bfloat16"] = (base / 8).astype(ml_dtypes.bfloat16)
tensors["labels"] = np.array([3, 0, 1, 2, 2, 0, 1])
safetensors.numpy.save_file(tensors, here / "types.safetensors", metadata={"made_by": "tables.py"})
for key, array in tensors.items():
    note(f"types.safetensors:{key}", array)
# one tensor with more than one dimension beside one of labels
maps = np.random.default_rng(3).normal(size=(5, 2, 3, 2)).astype("f4")
safetensors.numpy.save_file({"labels": np.arange(5), "maps": maps}, here / "maps.safetensors")
note("maps.safetensors", maps)

# parquet: every codec and version of pages, several row groups, dictionaries, columns of every type that is read
rows = 11
rng = np.random.default_rng(4)
kinds = "int8 uint8 int16 uint16 int32 uint32 int64 uint64".split()
columns = {kind: (rng.integers(0, 100, rows) - (50 if kind[0] == "i" else 0)).astype(kind) for kind in kinds}
for kind in ("float16", "float32", "float64"):
    columns[kind] = np.round(rng.normal(size=rows), 1).astype(kind)
columns["bool"] = rng.integers(0, 2, rows).astype(bool)
matrix = np.stack([column.astype(np.float64) for column in columns.values()], axis=1)
species = ["setosa", "virginica", "setosa", "naïve", "virginica"] * 2 + ["setosa"]
labelled = columns | {"species": species}
for codec in ("none", "snappy", "gzip", "zstd"):
    for version in ("1.0", "2.0"):
        name = f"columns_{codec}_{version[0]}.parquet"
        # an encoding of its own only where it is asked for: deltas for integers are what some writers choose
        encoding = {"int32": "DELTA_BINARY_PACKED", "float32": "BYTE_STREAM_SPLIT"}
        options = {"column_encoding": encoding, "use_dictionary": ["species", "int8"]} if codec == "zstd" else {}
        pq.write_table(
            pa.table(labelled), here / name, compression=codec, data_page_version=version, row_group_size=4, **options
        )
        note(name, matrix)

lists = np.round(rng.normal(size=(9, 5)), 2).astype("f4")
classes = [4, 0, 1, 1, 2, 0, 4, 4, 1]
fixed = pa.FixedSizeListArray.from_arrays(pa.array(lists.ravel()), 5)
pq.write_table(pa.table({"embedding": fixed, "label": classes}), here / "fixed_lists.parquet", row_group_size=4)
note("fixed_lists.parquet", lists)
ragged = pa.array([list(row) for row in lists], pa.list_(pa.float32()))
texts = pa.array([f"row {i}" for i in range(9)])
pq.write_table(pa.table({"id": texts, "embedding": ragged, "label": classes}), here / "lists.parquet")
note("lists.parquet:embedding", lists)
words = pa.array(["b", "a", "b", "c", "a", "a", "b", "c", "c"]).dictionary_encode()
pq.write_table(pa.table({"x": lists[:, 0], "class": words}), here / "words.parquet")
note("words.parquet", lists[:, :1])
# the column of an index as pandas names it, and pages of a few rows
pq.write_table(
    pa.table({"a": lists[:, 0].astype("f8"), "b": lists[:, 1].astype("f8"), "__index_level_0__": classes}), here / "pages.parquet",
    data_page_size=16, write_batch_size=2, use_dictionary=False,
)  # fmt: skip
note("pages.parquet", lists[:, :2])

# labels that are strings, as NumPy writes them
for name, kind in (("wide", "<U9"), ("wide_big", ">U9"), ("bytes", "|S10")):
    array = np.char.encode(species, "utf-8") if kind[1] == "S" else np.array(species)
    np.save(here / f"labels_{name}.npy", array.astype(kind))
np.savez_compressed(here / "labelled.npz", z=lists, y=np.array(species[:9]))
note("labelled.npz", lists)

# refused by name
np.save(here / "objects.npy", np.array(["a", None], dtype=object), allow_pickle=True)
nulls = {"a": pa.array([1.0, 2.0, None, 4.0]), "b": pa.array([1, 2, 3, 4])}
pq.write_table(pa.table(nulls), here / "null.parquet", row_group_size=2)
pq.write_table(pa.table({"e": pa.array([[1.0, 2.0], [3.0, None]])}), here / "null_in_list.parquet")
pq.write_table(pa.table({"e": pa.array([[1.0, 2.0], None])}), here / "null_list.parquet")
pq.write_table(pa.table({"e": pa.array([[1.0, 2.0], [3.0, 4.0], [5.0]])}), here / "ragged.parquet")
pq.write_table(pa.table({"e": pa.array([[[1.0]], [[2.0]]])}), here / "nested.parquet")
pq.write_table(pa.table({"e": pa.array([[], []], pa.list_(pa.float32()))}), here / "empty_lists.parquet")
odd = {
    "x": pa.array([1.0, 2.0]), "when": pa.array([1, 2], pa.timestamp("us")), "price": pa.array([1, 2], pa.decimal128(9, 2)),
    "raw": pa.array([b"a", b"b"]), "point": pa.array([{"x": 1}, {"x": 2}]), "text": pa.array(["a", None]),
}  # fmt: skip
for key in ("when", "price", "raw", "point", "text"):
    pq.write_table(pa.table({"x": odd["x"], key: odd[key]}), here / f"odd_{key}.parquet")

(here / "tables.json").write_text(json.dumps(golden) + "\n")
