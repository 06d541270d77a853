"""Delimited files."""

from __future__ import annotations


def write(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path
