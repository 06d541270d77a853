"""The files that the pages of rules name, made up so that they are what the pages say."""

from __future__ import annotations

import numpy as np

PLAIN = "age,pressure,hospital,ill\n"


def write(folder):
    """Write all of them into a folder."""
    rng = np.random.default_rng(7)
    _tables(folder, rng)
    _arrays(folder, rng)
    _sequences(folder, rng)
    _texts(folder, rng)


def _csv(path, header, rows):
    lines = [",".join(str(cell) for cell in row) for row in rows]
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")


def _tables(folder, rng):
    age, pressure = rng.normal(0, 1, 200).round(4), rng.normal(0, 1, 200).round(4)
    ill = (age + rng.normal(0, 1, 200) > 0).astype(int)
    _csv(folder / "patients.csv", "age,pressure,ward,ill",
         zip(age, pressure, [3] * 200, ill, strict=True))  # fmt: skip
    _csv(folder / "twice.csv", "age,pressure,months,ill",
         zip(age, pressure, 12 * age, ill, strict=True))  # fmt: skip
    _csv(folder / "leak.csv", "age,pressure,treated,ill",
         zip(age, pressure, 1 - ill, ill, strict=True))  # fmt: skip
    price = (300_000 + 90_000 * age + 20_000 * rng.normal(0, 1, 200)).round()
    _csv(folder / "houses.csv", "age,pressure,price", zip(age, pressure, price, strict=True))
    noise = rng.normal(0, 1, 200).round(4)
    _csv(folder / "rows.csv", "age,pressure,id,price",
         list(zip(age, pressure, range(1, 201), noise, strict=True))[:60])  # fmt: skip


def _arrays(folder, rng):
    def save(name, x, y):
        x = x.astype("float32")
        cut = len(x) * 4 // 5
        parts = {"train": slice(None, cut), "test": slice(cut, None)}
        arrays = {f"x_{part}": x[where] for part, where in parts.items()}
        arrays |= {f"y_{part}": y[where] for part, where in parts.items()}
        np.savez(folder / name, **arrays)

    x = rng.normal(0, 1, (600, 8))
    three = rng.integers(0, 3, 600)
    save("distinct.npz", x, three)
    save("merged.npz", x, three)
    save("rare.npz", x, np.where(np.arange(600) < 5, 2, three % 2))
    save("fraud.npz", x, (np.arange(600) % 20 == 0).astype(int))
    save("sorted.npz", x, np.sort(three))
    save("doubled.npz", np.tile(x[:300], (2, 1)), np.tile(three[:300], 2))
    save("many.npz", x, rng.normal(0, 1, 600).astype("float32"))
    save("one.npz", x, np.full(600, 0.5, "float32"))


def _sequences(folder, rng):
    rows, x = [], np.zeros((60, 8, 1), "float32")
    for number in range(60):
        length, y = int(rng.integers(5, 9)), number % 2
        values = rng.normal(y, 1, length).round(3)
        values[1 : length - 2] = 0  # at rest
        x[number, :length, 0] = values
        rows += [(number, t, value, 1, y) for t, value in enumerate(values)]
    _csv(folder / "sensors.csv", "id,t,a,one,y", rows)
    np.savez(folder / "sensors.npz", x_train=x, y_train=np.arange(60) % 2)


def _texts(folder, rng):
    words = [f"word{i}" for i in range(400)]
    rows = []
    for number in range(120):
        length = int(rng.integers(12, 30))
        rows.append((" ".join(rng.choice(words, length)), ("yes", "no")[number % 2]))
    _csv(folder / "letters.csv", "text,label", rows)
