"""Small recordings of events in the formats in which the real ones are published."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np

Events = dict[str, np.ndarray]


def made_events(rng: np.random.Generator, label: int, *, size: int, count: int = 400) -> Events:
    """Events on a bar whose place tells the class."""
    x = np.clip(rng.normal((label + 1) * size / 12, 1.0, count).round(), 0, size - 1).astype(int)
    return {
        "t": np.sort(rng.integers(0, 100_000, count)),
        "x": x,
        "y": rng.integers(0, size, count),
        "p": rng.integers(0, 2, count),
    }


def atis(events: Events) -> bytes:
    """N-MNIST: 40 bits an event: x, y, polarity, 23 bits of microseconds."""
    t, p = events["t"], events["p"]
    columns = [events["x"], events["y"], (p << 7) | (t >> 16), (t >> 8) & 255, t & 255]
    return np.stack(columns, axis=1).astype(np.uint8).tobytes()


def aedat_2(events: Events) -> bytes:
    """CIFAR10-DVS: big-endian pairs of address and microseconds, with x and y turned as its loader says."""
    address = ((127 - events["y"]) << 1) | ((127 - events["x"]) << 8) | (1 - events["p"])
    pairs = np.stack([address, events["t"]], axis=1).astype(">u4")
    return b"#!AER-DAT2.0\r\n# made\r\n" + pairs.tobytes()


def aedat_3(events: Events) -> bytes:
    """DVS128 Gesture: packets of polarity events, 8 bytes each."""
    data = (events["x"] << 17) | (events["y"] << 2) | (events["p"] << 1) | 1
    pairs = np.stack([data, events["t"]], axis=1).astype("<u4")
    header = struct.pack("<HHIIIIII", 1, 0, 8, 4, 0, len(pairs), len(pairs), len(pairs))
    return b"#!AER-DAT3.1\r\n#!END-HEADER\r\n" + header + pairs.tobytes()


def write_nmnist(root: Path, *, train: int = 10, test: int = 3) -> list[tuple[str, int, Events]]:
    """Write ``extract`` as the zips unpack; return what was written."""
    rng, written = np.random.default_rng(0), []
    for part, count in (("Train", train), ("Test", test)):
        for label in range(10):
            folder = root / "extract" / part / str(label)
            folder.mkdir(parents=True)
            for number in range(count):
                events = made_events(rng, label, size=34)
                (folder / f"{number:05d}.bin").write_bytes(atis(events))
                written.append((part.lower(), label, events))
    return written


def write_cifar10_dvs(root: Path, *, count: int = 12) -> None:
    from spikingjelly.datasets.cifar10_dvs import CIFAR10DVS_CLASS_NAMES

    rng = np.random.default_rng(0)
    for label, name in enumerate(CIFAR10DVS_CLASS_NAMES):
        folder = root / "extract" / name
        folder.mkdir(parents=True)
        for number in range(count):
            events = made_events(rng, label, size=128)
            (folder / f"cifar10_{name}_{number}.aedat").write_bytes(aedat_2(events))


def write_dvs128_gesture(root: Path, *, train: int = 5, test: int = 2) -> None:
    rng, folder = np.random.default_rng(0), root / "extract" / "DvsGesture"
    folder.mkdir(parents=True)
    for part, users in (("train", range(train)), ("test", range(train, train + test))):
        names = [f"user{user:02d}_led" for user in users]
        (folder / f"trials_to_{part}.txt").write_text("".join(f"{name}.aedat\n" for name in names))
        for name in names:
            rows, pieces = ["class,startTime_usec,endTime_usec"], []
            for label in range(11):
                piece = made_events(rng, label, size=128)
                pieces.append(piece | {"t": piece["t"] + 200_000 * label})
                rows.append(f"{label + 1},{200_000 * label},{200_000 * label + 100_000}")
            whole = {key: np.concatenate([piece[key] for piece in pieces]) for key in "txyp"}
            (folder / f"{name}.aedat").write_bytes(aedat_3(whole))
            (folder / f"{name}_labels.csv").write_text("\n".join(rows) + "\n")
