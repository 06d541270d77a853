"""Tables that several tests look at."""

from __future__ import annotations

import pytest

from tests.compare.results.made import results


@pytest.fixture(scope="module")
def clear():
    """Return results with a clear winner."""
    return results()
