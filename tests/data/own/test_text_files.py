"""Every kind of file and folder gives the same texts, and one that gives none says why."""

from __future__ import annotations

import gzip

import pytest

from dlcli import data
from dlcli.data.description import INPUT, Source
from dlcli.errors import DataError
from tests.data.own.written_texts import labelled, lines, load, write


@pytest.mark.parametrize("name", ["t.jsonl", "t.jsonl.gz", "t.csv", "t.tsv", "folder"])
def test_every_kind_of_file_gives_the_same(tmp_path, name):
    examples = labelled(20)
    path = tmp_path / name
    if name == "folder":
        for i, example in enumerate(examples):
            write(path / str(example["label"]) / f"{i:02}.txt", example["text"])
    elif ".jsonl" in name:
        content = lines(*examples).encode()
        write(path, gzip.compress(content) if name.endswith("gz") else content)
    else:
        delimiter = "\t" if name.endswith("tsv") else ","
        rows = [f"{e['label']}{delimiter}{e['text']}" for e in examples]
        write(path, "\n".join([f"label{delimiter}text", *rows]))
    loaded = load(path)
    known = data.describe(Source("text", {"path": str(path)}))
    assert known == loaded.description
    assert (known.task, known.classes, known.vocabulary_size) == ("binary", ("0", "1"), 20000)
    assert (known.train_size, known.test_size) == (16, 4)
    x = loaded.train.x[INPUT]
    assert x.shape == (16, 3)
    assert loaded.encoder.vocabulary[0] == "common"
    word = {0: loaded.encoder.vocabulary.index("bad"), 1: loaded.encoder.vocabulary.index("good")}
    assert x[:, 2].tolist() == [word[y] + 2 for y in loaded.train.y]


def test_parts_in_folders_are_kept(tmp_path):
    for part, count in (("train", 6), ("test", 2)):
        for label in ("neg", "pos"):
            for i in range(count):
                write(tmp_path / "r" / part / label / f"{i}.txt", f"{label} text")
    loaded = load(tmp_path / "r")
    assert (loaded.train.size, loaded.test.size) == (12, 4)
    assert loaded.description.classes == ("neg", "pos")


def test_texts_of_any_script_are_read(tmp_path):
    texts = ["Ärger über ÖL", "Привет, мир", "你好世界", "مرحبا بالعالم"] * 4
    examples = [{"text": t, "label": i % 2} for i, t in enumerate(texts)]
    path = write(tmp_path / "t.jsonl", lines(*examples))
    assert {"ärger", "öl", "привет", "мир", "你好世界"} <= set(load(path).encoder.vocabulary)
    assert "好" in load(path, unit="character").encoder.vocabulary


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.jsonl", "", "holds no texts"),
        ("t.jsonl", '{"text": "a", "label": 1}\n{"text": \n', r"t.jsonl:2 is no JSON"),
        ("t.jsonl", "[1]\n", r"t.jsonl:1 is no JSON object"),
        ("t.jsonl", '{"txt": "a", "label": 1}\n', r"t.jsonl:1 has no 'text'; did you mean 'txt'"),
        ("t.jsonl", '{"text": 5, "label": 1}\n', r"t.jsonl:1: 'text' is 5, not a text"),
        ("t.jsonl", '{"text": "a", "label": [1]}\n', r"t.jsonl:1: 'label' is \[1\], not a label"),
        ("t.jsonl", '{"text": "a", "label": null}\n' * 3, r"holds nothing"),
        ("t.jsonl", lines(*labelled(3)) + '{"text": "a", "label": ""}\n', r"t.jsonl:4: 'label'"),
        ("t.jsonl", lines({"text": "a", "label": 1}), "a single class, '1'"),
        ("t.jsonl", b'{"text": "\xff", "label": 1}\n', r"t.jsonl:1: the byte 0xff is no UTF-8"),
        ("t.jsonl.gz", b"no gzip", "is no gzip file"),
        ("t.csv", "text,kind\na,b\n", "no column 'label'"),
        ("t.pdf", "text", "is no kind of file that texts are read from"),
        ("t.jsonl", "[" * 100_000 + "\n", r"t.jsonl:1 is no JSON"),
    ],
)
def test_what_cannot_be_used_is_told_with_its_line(tmp_path, name, content, message):
    path = write(tmp_path / name, content)
    with pytest.raises(DataError, match=message) as caught:
        load(path)
    assert caught.value.remedy


def test_folders_that_cannot_be_used(tmp_path):
    with pytest.raises(DataError, match="there is no file"):
        load(tmp_path / "none.jsonl")
    write(tmp_path / "f" / "a" / "1.txt", "x")
    with pytest.raises(DataError, match=r"1 folder\(s\) of classes"):
        load(tmp_path / "f")
    (tmp_path / "f" / "b").mkdir()
    with pytest.raises(DataError, match=r"b holds no files of these kinds: \.txt"):
        load(tmp_path / "f")
    (tmp_path / "f" / "b" / "2.txt").write_bytes(b"ok\n\xe9")
    with pytest.raises(DataError, match=r"2\.txt:2: the byte 0xe9"):
        load(tmp_path / "f")
    (tmp_path / "f" / "b" / "2.txt").unlink()
    (tmp_path / "secret.txt").write_text("x")
    (tmp_path / "f" / "b" / "2.txt").symlink_to(tmp_path / "secret.txt")
    with pytest.raises(DataError, match=r"2\.txt is a symbolic link that leads out"):
        load(tmp_path / "f")
