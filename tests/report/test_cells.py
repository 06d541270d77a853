"""Texts take the cells of a terminal that it gives them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from dlcli.report.cells import cut, cut_middle, padded

LETTERS = st.text(st.sampled_from("aZ9 ä漢字ｱかな한é—█☃"))


@given(LETTERS, st.integers(2, 30))
def test_a_text_is_cut_and_padded_to_a_width(text, width):
    short = cut(text, width)
    assert cell_len(short) <= width
    assert short == text or short.endswith("~")
    for right in (False, True):
        assert cell_len(padded(short, width, right=right)) == width


@given(LETTERS, st.integers(4, 30))
def test_a_middle_is_cut_out_between_both_ends(text, width):
    short = cut_middle(text, width)
    assert cell_len(short) <= width
    head, tilde, tail = short.partition("~")
    assert short == text or (tilde and text.startswith(head) and text.endswith(tail))
