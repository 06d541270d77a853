"""Options are checked by name before anything is loaded."""

from __future__ import annotations

import pytest

from dlcli.data import table
from dlcli.data.entry import DataEntry, class_names
from dlcli.errors import UserError


def test_an_unknown_option_is_met_with_the_nearest():
    with pytest.raises(UserError, match="did you mean 'vocabulary'") as caught:
        table.find("imdb").check_options({"vocabluary": 3})
    assert caught.value.remedy == "Its options are: vocabulary, max_length."


def test_a_data_set_without_options_says_so():
    with pytest.raises(UserError, match="'size' is not an option of data set 'digits'") as caught:
        table.find("digits").check_options({"size": 3})
    assert caught.value.remedy == "It has none."


def test_a_missing_option_is_asked_for():
    with pytest.raises(UserError, match="data set 'npz' needs the option 'path'"):
        table.find("npz").check_options({"task": "binary"})


def test_sections_of_a_docstring_are_read_onto_one_line():
    def toy():
        """One line.

        More prose.

        Args:
            none: at all

        Licence:
            Free
        Citation:
            Somebody (1900). A title
            over two lines.
        """

    entry = DataEntry(toy, toy, "offline")
    assert entry.name == "toy"
    assert entry.prose == "One line.\n\nMore prose."
    assert entry.licence == "Free"
    assert entry.citation == "Somebody (1900). A title over two lines."


def test_class_names_are_words():
    assert class_names(" cat\n dog ") == ("cat", "dog")
