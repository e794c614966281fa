"""The first numbers of seeded streams, from BLAKE3 and RFC 8439's block function with 8 rounds.

    pip install blake3 scikit-learn numpy && python streams.py

Independent of the Rust code: prints what the tests in src/stream.rs, src/batches.rs and
src/sets/digits.rs pin.
"""
import struct

import blake3
import numpy as np

MASK = 0xFFFFFFFF


def block(key, counter, stream):
    start = [0x61707865, 0x3320646E, 0x79622D32, 0x6B206574, *struct.unpack("<8I", key),
             counter & MASK, counter >> 32, stream & MASK, stream >> 32]
    s = list(start)

    def quarter(a, b, c, d):
        for x, y, z, r in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
            s[x] = (s[x] + s[y]) & MASK
            t = s[z] ^ s[x]
            s[z] = ((t << r) | (t >> (32 - r))) & MASK

    for _ in range(4):
        for i in range(4):
            quarter(i, 4 + i, 8 + i, 12 + i)
        for i in range(4):
            quarter(i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4)
    return [(x + y) & MASK for x, y in zip(s, start)]


def stream(seed, purpose, index):
    hasher = blake3.blake3(derive_key_context="repshape stream 1")
    hasher.update(struct.pack("<Q", seed) + purpose.encode())
    key, counter = hasher.digest(), 0
    while True:
        words = block(key, counter, index)
        for low, high in zip(words[::2], words[1::2]):
            yield low | high << 32
        counter += 1


def below(rng, n):
    return next(rng) * n >> 64


def epoch_order(seed, epoch, rows):
    rng, order = stream(seed, "batches", epoch), list(range(rows))
    for i in range(rows - 1, 0, -1):
        j = below(rng, i + 1)
        order[i], order[j] = order[j], order[i]
    return order


def sample(n, count, rng):
    every = list(range(n))
    for i in range(count):
        j = i + below(rng, n - i)
        every[i], every[j] = every[j], every[i]
    return sorted(every[:count])


if __name__ == "__main__":
    for seed, purpose, index in ((1, "weights", 0), (1, "weights", 1), (2, "weights", 0), (1, "batches", 0)):
        rng = stream(seed, purpose, index)
        print(seed, purpose, index, [next(rng) for _ in range(2)])
    rng = stream(2**64 - 1, "sample", 2**64 - 1)
    print("the tenth of the last stream", [next(rng) for _ in range(10)][9])
    print("orders", epoch_order(1, 0, 8), epoch_order(1, 1, 8))
    from sklearn.datasets import load_digits

    digits = load_digits()
    rows = sample(1797, 360, stream(0, "split", 2))
    print("digits: test rows", rows[:5], blake3.blake3(np.array(rows, "<u4").tobytes()).hexdigest())
    print("digits: class counts of the test rows", np.bincount(digits.target[rows]).tolist())
    raw = digits.data.astype(np.uint8).T.tobytes() + digits.target.astype(np.uint8).tobytes()
    print("digits: unpacked", blake3.blake3(raw).hexdigest())
