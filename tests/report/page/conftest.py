"""What the tests of this folder share."""

from __future__ import annotations

import pytest

from tests.report.page.made import written
from tests.report.page.two import PEAKS, TWO


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    return written(tmp_path_factory.mktemp("told") / "two", TWO, PEAKS, epochs=4)
