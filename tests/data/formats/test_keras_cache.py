"""Files of Keras's cache are checked, fetched whole or not at all, and never lost."""

from __future__ import annotations

import gzip
import hashlib
import importlib.util
import io
import tarfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from dlcli.data import table
from dlcli.data.formats import keras_cache
from dlcli.data.formats.keras_cache import DownloadError, KerasFile
from dlcli.errors import DataError, WorkError

CONTENT = b"numbers" * 1000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Handler(BaseHTTPRequestHandler):
    """Serves CONTENT in several ways."""

    def do_GET(self) -> None:
        """Answer by the file's name."""
        self.server.asked.append(self.path)
        if self.path == "/missing":
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        if self.path == "/stalls":
            self.wfile.write(CONTENT[:10])
            self.server.stopping.wait(10)
        elif self.path == "/breaks-off":
            self.wfile.write(CONTENT[:-1])
        elif self.path == "/other":
            self.wfile.write(CONTENT[::-1])
        else:
            self.wfile.write(CONTENT)

    def log_message(self, *_arguments) -> None:
        """Keep quiet."""


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.asked, server.stopping = [], threading.Event()
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.stopping.set()
        server.shutdown()


@pytest.fixture
def published(server):
    def file(name: str = "numbers.npz", **fields) -> KerasFile:
        url = f"http://127.0.0.1:{server.server_port}/{name}"
        return KerasFile(url, **{"path": "numbers.npz", "sha256": SHA256} | fields)

    return file


def test_a_missing_file_is_downloaded_once(published, server, keras_folder):
    assert keras_cache.read(published()) == CONTENT
    assert (keras_folder / "numbers.npz").read_bytes() == CONTENT
    assert keras_cache.read(published()) == CONTENT
    assert server.asked == ["/numbers.npz"]


def test_a_download_tells_how_it_goes(published):
    told = []
    keras_cache.fetch(published(), lambda *progress: told.append(progress))
    assert told[-1] == ("numbers.npz", len(CONTENT), len(CONTENT))


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("missing", "404"),
        ("other", "SHA-256"),
        ("breaks-off", "SHA-256|IncompleteRead"),
        ("stalls", "timed out"),
    ],
)
def test_a_failed_download_leaves_nothing_behind(
    published, keras_folder, monkeypatch, name, reason
):
    monkeypatch.setattr(keras_cache, "TIMEOUT_SECONDS", 0.2)
    with pytest.raises(DownloadError, match=reason) as caught:
        keras_cache.read(published(name))
    assert list(keras_folder.iterdir()) == []
    assert f"/{name}" in caught.value.message
    assert str(keras_folder / "numbers.npz") in caught.value.remedy


def test_a_download_from_nowhere_names_the_file_and_its_place(keras_folder):
    file = KerasFile("http://127.0.0.1:1/numbers.npz", "numbers.npz", SHA256)
    with pytest.raises(DownloadError, match="refused") as caught:
        keras_cache.read(file)
    assert str(keras_folder / "numbers.npz") in caught.value.remedy


def test_an_interrupted_download_leaves_nothing_behind(published, keras_folder):
    def interrupt(*_progress):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        keras_cache.fetch(published(), interrupt)
    assert list(keras_folder.iterdir()) == []


def test_a_cache_that_cannot_be_written_to_is_a_clear_error(published, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "file"))
    with pytest.raises(WorkError, match="cannot write") as caught:
        keras_cache.read(published())
    assert "KERAS_HOME" in caught.value.remedy


def test_a_file_of_another_hash_is_refused_and_left_alone(published, server, keras_folder):
    keras_folder.mkdir(parents=True)
    mine = keras_folder / "numbers.npz"
    mine.write_bytes(b"mine")
    with pytest.raises(DataError, match=SHA256) as caught:
        keras_cache.read(published())
    assert str(mine) in caught.value.message
    assert "move it aside" in caught.value.remedy
    assert mine.read_bytes() == b"mine"
    assert server.asked == []


def test_a_folder_in_the_place_of_a_file_is_a_clear_error(published, keras_folder):
    (keras_folder / "numbers.npz").mkdir(parents=True)
    with pytest.raises(DataError, match="cannot read"):
        keras_cache.read(published())


@pytest.mark.parametrize("level", [1, 9])
def test_the_content_of_a_gz_counts_and_not_how_it_was_packed(published, keras_folder, level):
    keras_folder.mkdir(parents=True)
    (keras_folder / "numbers.gz").write_bytes(gzip.compress(CONTENT, level))
    assert keras_cache.read(published(path="numbers.gz")) == CONTENT


@pytest.mark.parametrize("damage", [slice(0, -20), slice(0, 0), slice(None, None, -1)])
def test_a_damaged_gz_is_refused_and_left_alone(published, keras_folder, damage):
    keras_folder.mkdir(parents=True)
    path = keras_folder / "numbers.gz"
    damaged = gzip.compress(CONTENT)[damage]
    path.write_bytes(damaged)
    with pytest.raises(DataError, match=SHA256):
        keras_cache.read(published(path="numbers.gz"))
    assert path.read_bytes() == damaged


def archive(**members: bytes) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as tar:
        for name, content in members.items():
            member = tarfile.TarInfo(f"inner/{name}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return stream.getvalue()


@pytest.fixture
def packed(keras_folder) -> KerasFile:
    content = archive(one=b"1", two=b"2", readme=b"?")
    keras_folder.mkdir(parents=True)
    (keras_folder / "target_archive").write_bytes(content)
    sha256 = hashlib.sha256(content).hexdigest()
    places = ("target/inner", "inner")
    return KerasFile("http://127.0.0.1:1/packed.tar.gz", "target_archive", sha256, places)


def test_files_come_out_of_an_archive_and_are_kept_where_keras_unpacks_it(packed, keras_folder):
    expected = {"one": b"1", "two": b"2"}
    assert keras_cache.read_members(packed, ["one", "two"]) == expected
    assert (keras_folder / "target" / "inner" / "two").read_bytes() == b"2"
    packed.location.unlink()
    assert keras_cache.read_members(packed, ["one", "two"]) == expected


@pytest.mark.parametrize("place", ["target/inner", "inner"])
def test_unpacked_files_are_used_without_their_archive(packed, keras_folder, place):
    packed.location.unlink()
    (keras_folder / place).mkdir(parents=True)
    (keras_folder / place / "one").write_bytes(b"mine")
    assert keras_cache.read_members(packed, ["one"]) == {"one": b"mine"}
    assert keras_cache.fetch(packed) == keras_folder / place


def test_a_folder_in_the_place_of_an_unpacked_file_is_a_clear_error(packed, keras_folder):
    (keras_folder / "inner" / "one").mkdir(parents=True)
    with pytest.raises(DataError, match="cannot read"):
        keras_cache.read_members(packed, ["one"])


def test_files_unpacked_in_part_are_completed_and_not_replaced(packed, keras_folder):
    inner = keras_folder / "target" / "inner"
    inner.mkdir(parents=True)
    (inner / "one").write_bytes(b"mine")
    assert keras_cache.read_members(packed, ["one", "two"]) == {"one": b"1", "two": b"2"}
    assert (inner / "one").read_bytes() == b"mine"


def test_an_archive_is_read_where_it_cannot_be_unpacked(packed, keras_folder):
    (keras_folder / "target").touch()
    assert keras_cache.read_members(packed, ["one"]) == {"one": b"1"}


def test_the_cache_is_in_the_home_folder_unless_named(monkeypatch):
    monkeypatch.setenv("KERAS_HOME", "~/elsewhere")
    assert keras_cache.folder() == Path.home() / "elsewhere" / "datasets"
    monkeypatch.delenv("KERAS_HOME")
    assert keras_cache.folder() == Path.home() / ".keras" / "datasets"


KERAS_FILES = [(entry.name, file) for entry in table.TABLE for file in entry.files]


@pytest.mark.parametrize(("name", "file"), KERAS_FILES)
def test_addresses_names_and_hashes_are_those_of_the_installed_keras(name, file):
    """Keras's source is read as text: importing it would take seconds."""
    root = Path(importlib.util.find_spec("keras").origin).parent
    source = (root / "src" / "datasets" / f"{name}.py").read_text(encoding="utf-8")
    base, _, file_name = file.url.rpartition("/")
    assert file_name in source
    assert base in source
    folder, _, last = file.path.rpartition("/")
    assert folder in source
    assert last.removesuffix("_archive") in source
    assert all(place.rpartition("/")[2] in source for place in file.unpacked)
    if "file_hash" in source:
        assert file.sha256 in source
