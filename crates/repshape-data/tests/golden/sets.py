"""Data sets as NumPy archives: python sets.py"""
import pathlib

import numpy as np

here = pathlib.Path(__file__).parent
np.savez_compressed(
    here / "set_test.npz",
    x_train=np.arange(36, dtype="u1").reshape(6, 2, 3),
    y_train=np.array([0, 1, 2, 3, 0, 1], dtype="i4"),
    x_test=np.asfortranarray(np.arange(60, 84, dtype="u1").reshape(4, 2, 3)),
    y_test=np.array([[4], [0], [1], [2]], dtype="i8"),
)
rows = np.arange(10.0)
np.savez(here / "set.npz", X=np.stack([rows, -rows], axis=1).astype("f2"), y=(rows % 2).astype("f8"))
