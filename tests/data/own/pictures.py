"""Folders of images."""

from __future__ import annotations

import numpy as np
from PIL import Image

from dlcli import data
from dlcli.data.description import Source


def save(path, pixels, mode=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.asarray(pixels, np.uint8), mode).save(path)
    return path


def grey(value, height=4, width=6):
    return np.full((height, width), value)


def load(path, **options):
    return data.load(Source("images", {"path": str(path), **options}), validation=0)


def plain(path, level=100, size=(6, 6)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full(size, level, np.uint8)).save(path)
    return path


def load_images(path, *, validation=0.0, group=None, **options):
    source = Source("images", {"path": path} | options)
    return data.load(source, validation=validation, group=group)
