"""Texts take the cells of a terminal that it gives them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from dlcli.report.text.cells import cell_width, cut, cut_middle, padded

LETTERS = st.text(st.sampled_from("aZ9 ä漢字ｱかな한é—█☃"))


@pytest.mark.parametrize(("text", "cells"), [("", 0), ("Adam", 4), ("漢字", 4), ("e\u0301", 1)])
def test_wide_letters_take_two_cells_and_combining_ones_none(text, cells):
    assert cell_width(text) == cells


@given(LETTERS)
def test_the_width_is_that_which_rich_knows(text):
    assert cell_width(text) == cell_len(text)


@given(LETTERS, st.integers(2, 30))
def test_a_text_is_cut_and_padded_to_a_width(text, width):
    short = cut(text, width)
    assert cell_width(short) <= width
    assert short == text or short.endswith("~")
    for right in (False, True):
        assert cell_width(padded(short, width, right=right)) == width


@given(LETTERS, st.integers(4, 30))
def test_a_middle_is_cut_out_between_both_ends(text, width):
    short = cut_middle(text, width)
    assert cell_width(short) <= width
    head, tilde, tail = short.partition("~")
    assert short == text or (tilde and text.startswith(head) and text.endswith(tail))
