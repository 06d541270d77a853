"""A seed's random streams never change, and have nothing in common."""

from __future__ import annotations

import numpy as np

from dlcli.data.streams import shuffler, stream


def test_the_stream_of_a_seed_is_the_legacy_one_that_never_changes():
    """These numbers were drawn once; every version of NumPy on every machine must draw them."""
    assert shuffler(3).permutation(8).tolist() == [1, 0, 2, 7, 5, 3, 6, 4]
    assert shuffler(2**40).randint(1000, size=3).tolist() == [908, 584, 107]


def test_the_streams_of_one_seed_differ_by_purpose_and_are_repeated():
    drawn = [shuffler(stream(7, purpose)).permutation(50).tolist() for purpose in range(4)]
    again = [shuffler(stream(7, purpose)).permutation(50).tolist() for purpose in range(4)]
    assert drawn == again
    assert len({tuple(order) for order in drawn}) == 4
    assert shuffler(stream(8, 0)).permutation(50).tolist() != drawn[0]


def test_a_purpose_is_not_a_shift_of_the_seed():
    starts = {
        tuple(np.asarray(stream(seed, purpose).generate_state(2)))
        for seed in range(10)
        for purpose in range(10)
    }
    assert len(starts) == 100
