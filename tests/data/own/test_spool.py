"""Texts lie in a temporary file and come back as they were."""

from __future__ import annotations

from dlcli.data.own.spool import TextWriter
from dlcli.runtime.cachedir import cache_folder


def test_texts_come_back_in_any_order_and_script():
    texts = ["", "Ärger", "你好", "a\nb", ""]
    with TextWriter() as writer:
        for text in texts:
            writer.write(text)
        written = writer.finish()
    assert list(written) == texts
    assert written[1:3] == texts[1:3]
    assert written[2] == "你好"
    assert list((cache_folder() / "spool").iterdir()) == []


def test_no_texts_are_no_error():
    with TextWriter() as writer:
        assert list(writer.finish()) == []
