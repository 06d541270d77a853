"""The word that was probably meant, or none."""

from __future__ import annotations

import pytest

from dlcli.errors import closest, did_you_mean


@pytest.mark.parametrize(
    ("word", "meant"),
    [("iirs", "iris"), ("WINE", "wine"), ("Conv2d", "Conv2D"), ("something", ""), ("", "")],
)
def test_the_closest_known_word_is_found_whatever_its_case(word, meant):
    known = ["iris", "wine", "Conv2D"]
    assert closest(word, known) == meant
    assert did_you_mean(word, known) == (f"; did you mean '{meant}'?" if meant else "")
