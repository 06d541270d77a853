"""A saved encoder prepares data as it did, and no data of other columns."""

from __future__ import annotations

import pytest

from dlcli import data
from dlcli.data.description import Source
from dlcli.errors import DataError


def test_a_saved_encoder_prepares_the_data_as_it_did(rare):
    source, _ = rare
    first = data.load(source, validation=0.2, seed=0)
    form = data.read_form(data.form_of(first).to_dict())
    again = data.load(source, validation=0.2, seed=1, encoder=form.encoder)
    assert again.encoder == first.encoder
    assert again.description.inputs == first.description.inputs


def test_a_saved_encoder_of_other_columns_is_refused(rare, buyers, tmp_path):
    source, _ = rare
    saved = data.load(source).encoder
    other = Source("csv", {"path": str(tmp_path / "people.csv"), "target": "bought"})
    with pytest.raises(DataError, match="'people' has other columns") as caught:
        data.load(other, encoder=saved)
    assert caught.value.remedy
