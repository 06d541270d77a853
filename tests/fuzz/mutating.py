"""Mutations: functions of a `random.Random`, so that hypothesis and a plain loop can drive them."""

from __future__ import annotations

import io
import json
import struct
import zipfile
import zlib
from copy import deepcopy
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from random import Random

NUMBERS = (
    "0", "-1", "1", "1.5", "1e999", "-1e999", "1e308", "1e-320", ".nan", ".inf", "-.inf", "nan",
    "9" * 30, "-" + "9" * 300, "9" * 5000, "0x7fffffffffffffff", "2147483648", "0o17", "1_000",
    "1:30", "012", "-0.0", "4294967296", "100000",
)  # fmt: skip
WORDS = (
    "", "null", "true", "no", "[]", "{}", "[[[]]]", "{a: {b: c}}", "$classes", "$in", "$nothing",
    "*a", "&a x", "&a [*a]", "!!python/object:os.system x", "!!int x", "!x y", "<<: *a", "'", '"',
    "\t", "#", ": ", "- ", "? ", "|\n", ">\n", "%YAML 1.1\n", "---\n", "...\n", "\x00", "\x1b[31m",
    "\u2028", "\u202e", "\ufeff", "\ud7ff", "é", "🙂", "Å̧", "..", "../x", "/", "~", "-", "--", "\\",
    "\\0", '"\\0"', '"\\ud800"', "Dense", "Adam", "{Adam: {}}", "{Lambda: {function: x}}", "f1",
    "top_k:0", "top_k:99", "x" * 300, "a.b[0].c", "CosineDecay", "repeat: 1000", "from: [a, b]",
)  # fmt: skip
CELLS = (
    "", " ", "NA", "nan", "inf", "-inf", "1e999", "1e39", "-3e38", "9" * 400, "0", "1", "-1", "1.5",
    "1e-400", "\x00", '"', '""', '"a', 'a"b', "a\nb", "'", "=1+1", "é", "🙂", "\u2028", "\ufeff",
    "2024-02-29", "12:30", "x" * 5000, "١٢", "1_000", "0x10", "True", ",", ";", "\t", "\r",
)  # fmt: skip
PLAIN: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 2**31, 2**63, 10**30, 10**300, 1.5, -0.5, 1e308, float("nan"),
    float("inf"), "", "x", "..", "../x", "/etc", "a/b", "a\nb", "\x00", "\x1b[31m", "\ud800", "🙂",
    "$classes", "$in", "Adam", "Dense", "f1", "1e-3", [], {}, [[]], [None], [0], [1, 2, 3], ["x"],
    {"Adam": {}}, {"Dense": {"units": 3}}, {"": None}, {"x": {"y": {"z": []}}}, {"class_name": "x"},
)  # fmt: skip


def text(rng: Random, original: str) -> str:
    """Change a text in one to four places, most often in one."""
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        original = rng.choice(_TEXT)(rng, original)
    return original


def _insert(rng: Random, original: str) -> str:
    place = rng.randint(0, len(original))
    return original[:place] + rng.choice(WORDS + NUMBERS) + original[place:]


def _replace(rng: Random, original: str) -> str:
    start = rng.randint(0, len(original))
    end = min(len(original), start + rng.randint(0, 12))
    return original[:start] + rng.choice((*WORDS, "")) + original[end:]


def _value(rng: Random, original: str) -> str:
    """Replace what follows a colon, which is most often a value."""
    places = [i for i, letter in enumerate(original) if letter == ":"]
    if not places:
        return original + rng.choice(WORDS)
    start = rng.choice(places) + 1
    end = start
    while end < len(original) and original[end] not in ",}]\n":
        end += 1
    new = rng.choice(NUMBERS if rng.random() < 0.5 else WORDS)
    return f"{original[:start]} {new}{original[end:]}"


def _lines(rng: Random, original: str) -> str:
    """Move, double, indent or drop lines."""
    lines = original.split("\n")
    i, j = rng.randrange(len(lines)), rng.randrange(len(lines))
    kind = rng.randrange(4)
    if kind == 0:
        lines[i], lines[j] = lines[j], lines[i]
    elif kind == 1:
        lines.insert(i, lines[j])
    elif kind == 2:
        lines[i] = " " * rng.randint(0, 6) + lines[i].strip()
    else:
        del lines[i]
    return "\n".join(lines)


def _cut(rng: Random, original: str) -> str:
    return original[: rng.randint(0, len(original))]


def _nest(rng: Random, original: str) -> str:
    place, count = rng.randint(0, len(original)), rng.choice((3, 70, 2000))
    opening, closing = rng.choice(("[]", "{}", ("- ", ""), ("{a: ", "}"), ("? ", "")))
    return original[:place] + opening * count + "1" + closing * count + original[place:]


def _repeat(rng: Random, original: str) -> str:
    start = rng.randint(0, len(original))
    end = min(len(original), start + rng.randint(1, 60))
    return original[:end] + original[start:end] * rng.choice((1, 3, 200)) + original[end:]


_TEXT = (_insert, _replace, _value, _value, _lines, _lines, _cut, _nest, _repeat)


def content(rng: Random, original: bytes) -> bytes:
    """Change some bytes: flip, insert, overwrite, drop, double, cut off."""
    changed = bytearray(original)
    for _ in range(rng.choice((1, 1, 2, 4, 16))):
        if not changed:
            break
        place = rng.randrange(len(changed))
        length = rng.choice((1, 1, 2, 4, 30))
        kind = rng.randrange(6)
        if kind == 0:
            changed[place] ^= 1 << rng.randrange(8)
        elif kind == 1:
            changed[place:place] = rng.randbytes(length)
        elif kind == 2:
            value = rng.choice((b"\xff", b"\x00", b"\x7f", b"\x80")) * length
            changed[place : place + length] = value
        elif kind == 3:
            del changed[place : place + length]
        elif kind == 4:
            changed[place:place] = changed[place : place + length] * rng.choice((1, 50))
        elif rng.random() < 0.3:
            del changed[place:]
    return bytes(changed)


def either(rng: Random, original: bytes) -> bytes:
    """Change text as text or as bytes."""
    if rng.random() < 0.3:
        return content(rng, original)
    return text(rng, original.decode("utf-8", "replace")).encode("utf-8", "replace")


def table(rng: Random, original: bytes, delimiter: str = ",") -> bytes:
    """Change the cells, rows or columns of a delimited file, or its bytes."""
    if rng.random() < 0.2:
        return either(rng, original)
    rows = [line.split(delimiter) for line in original.decode().split("\n")]
    for _ in range(rng.choice((0, 1, 1, 1, 2, 5))):
        row = rng.choice(rows[:1] + rows)
        kind = rng.randrange(5)
        if kind <= 1:
            row[rng.randrange(len(row))] = rng.choice(CELLS)
        elif kind == 2:
            row.insert(rng.randint(0, len(row)), rng.choice(CELLS))
        elif kind == 3 and len(row) > 1:
            del row[rng.randrange(len(row))]
        else:
            column, cell = rng.randrange(len(rows[0]) or 1), rng.choice(CELLS)
            for other in rows[rng.randint(0, 1) :]:
                if column < len(other):
                    other[column] = cell
    if rng.random() < 0.2:
        delimiter = rng.choice(";\t| ")
    return "\n".join(delimiter.join(row) for row in rows).encode("utf-8", "replace")


def plain(rng: Random, value: Any) -> Any:
    """Change plain data, of mappings and lists, in one to three places."""
    root = {"": json.loads(json.dumps(value))}
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        places = list(_places(root))
        parent, key = rng.choice(places[:1] if len(places) == 1 else places[1:])
        kind = rng.randrange(6)
        if kind <= 2:
            parent[key] = deepcopy(rng.choice(PLAIN))
        elif kind == 3 and isinstance(parent, dict) and parent is not root:
            parent[rng.choice(("x", "", "epochs", "layers", "Dense", str(key) + "s"))] = parent.pop(
                key
            )
        elif kind == 4:
            other, other_key = rng.choice(places)
            parent[key] = json.loads(json.dumps(other.get(other_key) if isinstance(other, dict)
                                                else None))  # fmt: skip
        elif parent is not root:
            del parent[key]
    return root.get("")


def _places(value: Any) -> Any:
    items = (
        list(value.items())
        if isinstance(value, dict)
        else list(enumerate(value))
        if isinstance(value, list)
        else []
    )
    for key, inner in items:
        yield value, key
        yield from _places(inner)


DTYPES = (
    "'<f8'", "'<f4'", "'<i8'", "'|u1'", "'|b1'", "'<c16'", "'|O'", "'<U5'", "'|S3'", "'<M8[s]'",
    "'|V8'", "[('a', '<f8')]", "'<f2'", "'>i4'", "'q'", "''", "None", "1", "'<f8'*9", "'|S0'",
)  # fmt: skip
SHAPES = (
    "()", "(0,)", "(6,)", "(6, 2)", "(6, 4, 4)", "(6, 4, 4, 1)", "(-1,)", "(6, -2)", "(10**6,)",
    "(2**40,)", "(1000000000000,)", "(2**63,)", "(9999999999999999999999,)", "(True,)", "(6.0,)",
    "6", "None", "(6, 2, 0)", "(1,) * 40", "(1" + ",1" * 80 + ")", "(((6,)))", "((6,),)",
)  # fmt: skip


def npy(rng: Random) -> bytes:
    """Return an array file whose header may lie."""
    if rng.random() < 0.5:
        return _likely(rng)
    head = (
        f"{{'descr': {rng.choice(DTYPES)}, 'fortran_order': {rng.choice(('True', 'False', '3'))}, "
        f"'shape': {rng.choice(SHAPES)}}}"
    )
    if rng.random() < 0.2:
        head = text(rng, head)
    raw = head.encode("utf-8", "replace") + b"\n"
    version, size = rng.choice(((1, "<H"), (2, "<I"), (3, "<I"), (9, "<H")))
    length = len(raw) if rng.random() < 0.9 else rng.choice((0, 65535))
    return (
        b"\x93NUMPY" + bytes((version, 0)) + struct.pack(size, min(length, 65535)) + raw
        + rng.randbytes(rng.choice((0, 48, 96, 400)))
    )  # fmt: skip


def _likely(rng: Random) -> bytes:
    """Return an array file that is whole, of a shape and dtype that may not fit."""
    import numpy as np

    shape = rng.choice(
        ((6,), (6,), (6, 2), (6, 1), (6, 3), (5,), (3,), (6, 4, 4), (3, 2), (0,), ())
    )
    values = np.array(rng.choices((0, 0, 1, 1, 2, 3, -1, 255, 1e30, np.nan, np.inf), k=192))
    kind = rng.choice(("f8", "f4", "f2", "i8", "i4", "u1", "b1", ">f4", "c8", "U3", "M8[s]"))
    with np.errstate(all="ignore"):
        array = np.resize(values, shape).astype("c16" if kind == "c8" else "f8")
        array = array.astype("i8").astype(kind) if kind in ("M8[s]", "U3") else array.astype(kind)
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


VALUES = (0, 1, 2, 3, -1, 7, 255, 256, 0.5, 1e30, -1e39, 1e300, float("nan"), float("inf"))


def values(rng: Random, original: bytes) -> bytes:
    """Change the values, the dtype or the axes of an array file, which stays a whole one."""
    import numpy as np

    array = np.load(io.BytesIO(original))
    kind = rng.randrange(6)
    with np.errstate(all="ignore"):
        if kind <= 1 and array.size and array.dtype.kind in "fiu":
            array = array.astype("f8" if kind else array.dtype)
            for _ in range(rng.choice((1, 3, array.size))):
                new = np.array(rng.choice(VALUES)).astype(array.dtype)
                array.flat[rng.randrange(array.size)] = new
        elif kind == 2 and array.dtype.kind in "fiu":
            array = array.astype(rng.choice(("f2", "f4", ">f8", "i1", "u1", "i8", "u8", "b1")))
        elif kind == 3 and array.ndim:
            array = array[: rng.randint(0, len(array))]
        elif kind == 4:
            array = np.asfortranarray(array[..., None]) if rng.random() < 0.5 else array[None]
        elif array.ndim:
            array = np.concatenate([array] * rng.choice((2, 3)))
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def npz(rng: Random, original: bytes, keys: tuple[str, ...]) -> bytes:
    """Return an archive with members changed; replaced, renamed, dropped or doubled; or cut."""
    if rng.random() < 0.2:
        return content(rng, original)
    with zipfile.ZipFile(io.BytesIO(original)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    if rng.random() < 0.6:
        name = rng.choice(list(members))
        members[name] = values(rng, members[name])
        return _archived(rng, members)
    for _ in range(rng.choice((1, 1, 2))):
        name = rng.choice([*members, *(f"{key}.npy" for key in keys)])
        kind = rng.randrange(4)
        if kind <= 1:
            members[name] = npy(rng)
        elif kind == 2:
            members[name] = content(rng, members.get(name, b"\x93NUMPY\x01\x00"))
        else:
            members[rng.choice(("x", "../x.npy", "/x", "x_train.a.npy", " "))] = members.pop(
                name, b""
            )
    changed = _archived(rng, members)
    return changed if rng.random() < 0.9 else content(rng, changed)


def _archived(rng: Random, members: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", rng.choice((0, zipfile.ZIP_DEFLATED))) as archive:
        for name, member in members.items():
            archive.writestr(name, member)
    return stream.getvalue()


def model(rng: Random, original: bytes) -> bytes:
    """Return a Keras archive whose config, weights or members are changed."""
    if rng.random() < 0.2:
        return content(rng, original)
    with zipfile.ZipFile(io.BytesIO(original)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = rng.choice(
        ("config.json", "config.json", "config.json", "metadata.json", "model.weights.h5")
    )
    if name.endswith("h5"):
        members[name] = content(rng, members[name])
    elif rng.random() < 0.7:
        members[name] = json.dumps(plain(rng, json.loads(members[name]))).encode("utf-8", "replace")
    else:
        members[name] = either(rng, members[name])
    if rng.random() < 0.1:
        members[rng.choice(("../x", "/x", "assets/x.py", "variables.h5"))] = members.pop(name)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for member, body in members.items():
            archive.writestr(member, body)
    return stream.getvalue()


def png(rng: Random) -> bytes:
    """Return a PNG whose checksums are right and whose header may lie."""
    sides = (0, 1, 2, 8, 65535, 2**31 - 1)
    header = struct.pack(
        ">IIBBBBB", rng.choice(sides), rng.choice(sides), rng.choice((1, 2, 8, 16, 3)),
        rng.choice((0, 2, 3, 4, 6, 7)), 0, 0, rng.choice((0, 1)),
    )  # fmt: skip
    pixels = zlib.compress(rng.randbytes(rng.choice((0, 80, 400))))
    chunks = [(b"IHDR", header), (b"IDAT", pixels), (b"IEND", b"")]
    extra = rng.choice((b"tEXt", b"PLTE", b"tRNS", b"eXIf", b"iCCP", b"zTXt", b"acTL", b"fdAT"))
    chunks.insert(rng.randint(0, 3), (extra, rng.randbytes(rng.choice((0, 3, 30)))))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )
