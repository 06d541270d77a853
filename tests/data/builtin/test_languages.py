"""The names of emoji are the package's, and no emoji is both trained and tested on."""

from __future__ import annotations

import emoji
import numpy as np
import pytest

from dlcli.data import load, load_pool, words
from dlcli.data.builtin import languages
from dlcli.data.description import INPUT, Source
from dlcli.data.formats.cache import cached

TONES = set("🏻🏼🏽🏾🏿")
ENOUGH = 0x110000
"""A vocabulary that leaves no character of the training part out."""


@pytest.fixture(scope="module")
def phrases():
    """Every phrase with its language's code and its emoji's number, in the order of loading."""
    arrays = cached("languages", languages._from_emoji, ("characters", "language", "emoji"))
    codes = list(languages.LANGUAGES)
    return [
        ("".join(map(chr, row[row > 0])), codes[label], number)
        for row, label, number in zip(
            arrays["characters"], arrays["language"], arrays["emoji"], strict=True
        )
    ]


@pytest.fixture(scope="module")
def in_test(phrases):
    return languages._in_test(np.array([number for *_, number in phrases]))


def test_the_data_set_keeps_what_its_description_promises():
    (entry,) = languages.DATASETS
    dataset, known = entry.load(), entry.describe()
    assert dataset.description == known
    assert (dataset.train.size, dataset.test.size) == (known.train_size, known.test_size)
    for part in (dataset.train, dataset.test):
        x = part.x[INPUT]
        assert (x.dtype, part.y.dtype) == ("int32", "int32")
        assert x.shape[1] == 32
        assert 0 <= x.min() < x.max() < known.vocabulary_size


def test_every_language_names_the_same_emoji():
    dataset = languages.languages()
    assert list(np.bincount(dataset.train.y)) == [1538] * 14
    assert list(np.bincount(dataset.test.y)) == [385] * 14
    assert set(languages.LANGUAGES) == set(emoji.LANGUAGES)


def test_phrases_are_the_packages_names(phrases):
    wanted = [
        symbol
        for symbol, facts in sorted(emoji.EMOJI_DATA.items())
        if facts["status"] == emoji.STATUS["fully_qualified"] and not TONES & set(symbol)
    ]
    assert len(wanted) == 1923
    assert len(phrases) == 26_922
    for phrase, code, number in phrases:
        if code == "en":
            name = emoji.EMOJI_DATA[wanted[number]]["en"]
            assert phrase == name.replace(":", "").replace("_", " ")
    apple = wanted.index("🍎")
    named = {code: phrase for phrase, code, number in phrases if number == apple}
    assert (named["en"], named["de"], named["fr"]) == ("red apple", "roter apfel", "pomme rouge")
    assert (named["ja"], named["ru"]) == ("赤リンゴ", "красное яблоко")


def test_phrases_are_clean(phrases):
    assert all(phrase == phrase.strip() and phrase for phrase, *_ in phrases)
    assert not any(set(phrase) & set(":_") for phrase, *_ in phrases)
    assert (min(len(p) for p, *_ in phrases), max(len(p) for p, *_ in phrases)) == (1, 65)


def test_no_emoji_is_in_both_parts(phrases, in_test):
    numbers = np.array([number for *_, number in phrases])
    assert not set(numbers[in_test]) & set(numbers[~in_test])
    assert len(set(numbers[in_test])) == 385


def test_no_phrase_of_a_language_is_in_both_parts(phrases, in_test):
    train, test = (
        {phrase[:2] for phrase, chosen in zip(phrases, in_test, strict=True) if chosen == part}
        for part in (False, True)
    )
    assert not train & test


def test_the_test_part_never_changes(in_test):
    """A change would let saved models meet, in the test part, what they were trained on."""
    assert list(np.flatnonzero(in_test[::14])[:8]) == [0, 5, 6, 11, 31, 32, 37, 38]


def test_some_phrases_read_the_same_in_several_languages(phrases):
    by_phrase: dict[str, set[str]] = {}
    for phrase, code, _ in phrases:
        by_phrase.setdefault(phrase, set()).add(code)
    assert sum(len(by_phrase[phrase]) > 1 for phrase, *_ in phrases) == 1429
    best = np.mean([1 / len(by_phrase[phrase]) for phrase, *_ in phrases])
    assert best == pytest.approx(0.967, abs=5e-4)


def test_ids_come_from_the_training_part_alone_the_most_frequent_first(phrases, in_test):
    x = languages.languages(vocabulary=ENOUGH, max_length=None)
    train = [phrase for (phrase, *_), tested in zip(phrases, in_test, strict=True) if not tested]
    counts = np.bincount(x.train.x[INPUT].ravel())[2:]
    assert np.all(np.diff(counts) <= 0)
    assert len(counts) == len(set("".join(train)))
    assert not (x.train.x[INPUT] == languages.UNKNOWN).any()
    unseen = (x.test.x[INPUT] == languages.UNKNOWN).sum()
    known = set("".join(train))
    tested = "".join(phrase for (phrase, *_), test in zip(phrases, in_test, strict=True) if test)
    assert unseen == sum(character not in known for character in tested) > 0


def test_ids_spell_the_phrases(phrases, in_test):
    train = languages.languages(vocabulary=ENOUGH, max_length=None).train
    kept = [phrase for (phrase, *_), tested in zip(phrases, in_test, strict=True) if not tested]
    spelling: dict[int, str] = {0: ""}
    for row, phrase in zip(train.x[INPUT], kept, strict=True):
        spelling.update(zip(row, phrase, strict=False))
        assert "".join(spelling[token] for token in row) == phrase


@pytest.mark.parametrize("options", [{}, {"vocabulary": 100, "max_length": 5}])
def test_the_characters_of_its_ids_are_known(options, phrases, in_test):
    known = words(Source("languages", options), None)
    rows = languages.languages(**options).train.x[INPUT]
    kept = [phrase for (phrase, *_), tested in zip(phrases, in_test, strict=True) if not tested]
    assert len(known) == rows.max() + 1
    for row, phrase in zip(rows, kept, strict=True):
        for token, letter in zip(row[row > 0], phrase, strict=False):
            assert token == languages.UNKNOWN or known[token] == letter


def test_a_data_set_of_numbers_has_no_words():
    assert words(Source("digits"), None) == ()


def test_rarer_characters_share_an_id_and_long_phrases_are_cut():
    dataset = languages.languages(vocabulary=50, max_length=10)
    assert dataset.description.vocabulary_size == 50
    for part in (dataset.train, dataset.test):
        assert part.x[INPUT].shape[1] == 10
        assert part.x[INPUT].max() == 49
        assert (part.x[INPUT] == languages.UNKNOWN).mean() > 0.1
    assert (dataset.train.x[INPUT][:, 0] > 0).all()


def test_a_vocabulary_of_three_knows_only_the_most_frequent_character(phrases, in_test):
    x = languages.languages(vocabulary=3, max_length=None).train.x[INPUT]
    assert set(np.unique(x)) == {0, 1, 2}
    train = "".join(p for (p, *_), tested in zip(phrases, in_test, strict=True) if not tested)
    assert (x == 2).sum() == train.count(" ")


def test_ids_are_those_of_the_official_training_part_whatever_validates():
    """A model that was trained before must meet the ids that it was trained with."""
    whole, pool = languages.languages(), load_pool(Source("languages"))
    rows = np.concatenate([whole.train.x[INPUT], whole.test.x[INPUT]])
    for seed in (0, 1):
        parts = pool.parts(seed, 0.1, resample=False)
        found = load(Source("languages"), validation=0.1, seed=seed)
        assert found.encoder is None
        for part, index in (("train", parts.train), ("validation", parts.validation)):
            assert np.array_equal(getattr(found, part).x[INPUT], rows[index])
        assert np.array_equal(found.test.x[INPUT], whole.test.x[INPUT])


def test_in_a_new_split_ids_are_those_of_its_training_part(phrases):
    pool = load_pool(Source("languages", {"vocabulary": ENOUGH}))
    assert pool.is_encoded
    parts = pool.parts(5, 0.1, resample=True)
    found = pool.dataset(parts)
    order = pool.examples.x[INPUT]
    trained = {c for i in order[parts.train] for c in phrases[i][0][:32]}
    for part, index in (("validation", parts.validation), ("test", parts.test)):
        unknown = {
            c
            for row, i in zip(getattr(found, part).x[INPUT], order[index], strict=True)
            for c, token in zip(phrases[i][0], row, strict=False)
            if token == languages.UNKNOWN
        }
        met = {c for i in order[index] for c in phrases[i][0][:32]}
        assert unknown == met - trained
        assert unknown
