"""Nodes remember where they were written, and are plain data in all else."""

from __future__ import annotations

import copy

import pytest

from dlcli.config.yaml.nodes import Mark, Text, Word, as_node, nowhere
from tests.config.yaml.plain import plain

TEXT = Text("t.yaml", "one\ntwo\r\nthree")


@pytest.mark.parametrize(
    ("number", "line"), [(1, "one"), (2, "two"), (3, "three"), (4, ""), (0, "")]
)
def test_lines_are_counted_from_one_and_have_no_end(number, line):
    assert TEXT.line(number) == line


def test_a_word_is_its_text_and_keeps_its_place_when_it_travels():
    word = Word("two", Mark(TEXT, 2, 1, 3), "a.b")
    assert word == "two"
    assert {word: 1}["two"] == 1
    sent = copy.deepcopy(word)
    assert (sent, sent.mark, sent.path) == ("two", word.mark, "a.b")
    assert sent.mark.text.line(sent.mark.line) == "two"


def test_plain_data_become_nodes_at_one_place_and_come_back():
    value = {"a": [1, None, {"b": True}], "2": "x", "empty": []}
    mark = nowhere("made")
    node = as_node(value, mark)
    assert plain(node) == value
    assert {node.mark, node.get("a").mark, node.get("a").items[2].get("b").mark} == {mark}
    assert node.get("nothing") is None
