"""What the fork server imports is what workers need, and no more."""

from __future__ import annotations

import pytest

from tests.runtime.started import python


@pytest.mark.slow
def test_a_worker_is_ready_without_statistics_and_data_frames():
    code = (
        "import sys\nimport dlcli.compare.preload\n"
        "print([n for n in ('sklearn', 'matplotlib', 'pandas', 'scipy') if n in sys.modules])"
    )
    assert python(code).stdout == "[]\n"
