"""The names of emoji in 14 languages, which come inside the package `emoji`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any, cast

from dlcli.catalogue.signature import Bounds
from dlcli.data.description import INPUT, DataDescription, Dataset, Split, TensorSpec, single_input
from dlcli.data.entry import DataEntry
from dlcli.data.formats.cache import cached
from dlcli.data.grouping import Groups
from dlcli.data.own.encoding import encoded
from dlcli.data.splitting import TEST_FRACTION, TEST_SEED, at_random

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import numpy as np

PADDING, UNKNOWN, FIRST_CHARACTER = 0, 1, 2
"""Token ids."""

LANGUAGES = {
    "ar": "Arabic",
    "zh": "Chinese",
    "en": "English",
    "fr": "French",
    "de": "German",
    "id": "Indonesian",
    "it": "Italian",
    "ja": "Japanese",
    "ko": "Korean",
    "fa": "Persian",
    "pt": "Portuguese",
    "ru": "Russian",
    "es": "Spanish",
    "tr": "Turkish",
}
"""Class names by the package's codes."""

EMOJI_VERSION = 18.0
"""Later emoji are left out, so that a newer package does not move phrases between the parts."""

SKIN_TONES = frozenset("\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff")
FULLY_QUALIFIED = 2
"""The package's mark of the one spelling that an emoji should be written in."""

Vocabulary = Annotated[int, Bounds(minimum=3)]
MaxLength = Annotated[int, Bounds(minimum=1)]


def languages(*, vocabulary: Vocabulary = 1500, max_length: MaxLength | None = 32) -> Dataset:
    """Which of 14 languages a phrase is in, from its characters: the names of emoji (offline).

    26,922 phrases of 1 to 65 characters: what 1923 emoji are called in each language; variants
    by skin tone are left out. The test part is a fixed fifth of the emoji, so that no concept is
    in both parts. 1429 phrases read the same in several languages: nobody gets more than 97 %
    right. Id 0 is padding, 1 a character outside the vocabulary; the others are the code points
    of the training part from 2 on, the most frequent first. Phrases are padded at their end.
    No emoji is on both sides of any split, in the validation part and in a comparison neither.

    Args:
        vocabulary: Number of token ids; rarer characters become id 1.
        max_length: Keep the first so many characters of a longer phrase; null keeps all.

    Licence:
        Unicode License v3
    Citation:
        Unicode Consortium. Unicode Common Locale Data Repository, short names of emoji.
        https://cldr.unicode.org
    """
    return encoded(_unprepared(vocabulary=vocabulary, max_length=max_length))


def _unprepared(*, vocabulary: int = 1500, max_length: int | None = 32) -> Dataset:
    """Load phrases whose characters have no token ids yet."""
    import numpy as np

    arrays = cached("languages", _from_emoji, ("characters", "language", "emoji"))
    characters, language = arrays["characters"][:, :max_length], arrays["language"]
    in_test = _in_test(arrays["emoji"])
    train, test = np.flatnonzero(~in_test), np.flatnonzero(in_test)
    emoji = arrays["emoji"][np.concatenate([train, test])].astype(np.intp)
    return Dataset(
        _describe_languages(vocabulary=vocabulary, max_length=max_length),
        Split({INPUT: train}, language[train]),
        None,
        Split({INPUT: test}, language[test]),
        raw=cast("Sequence[Any]", characters),
        groups=Groups("emoji", emoji, range(emoji.max() + 1)),
        preparation=PhraseNumbering(vocabulary, train, np.empty(0, np.intp)),
    )


@dataclass(frozen=True, eq=False)
class PhraseNumbering:
    """Turns phrases into token ids.

    Attributes:
        vocabulary: Number of ids.
        official: The phrases of the official training part.
        known: The code points that have an id of their own, in the order of their ids.
    """

    vocabulary: int
    official: np.ndarray
    known: np.ndarray

    def fit(self, raw: Any, positions: np.ndarray) -> PhraseNumbering:
        """Take the most frequent characters of the phrases at some positions.

        All positions in the official training part stand for the whole of it, so that an id means
        the same character in every run, whatever validates.
        """
        import numpy as np

        is_official = np.isin(positions, self.official).all()
        train = raw[self.official if is_official else positions]
        return replace(self, known=_by_frequency(train, self.vocabulary))

    def encode(self, raw: Any, positions: np.ndarray) -> np.ndarray:
        """Return the ids of the phrases at some positions, int32, shape (m, length)."""
        return _token_rows(raw[positions], self.known)


def _in_test(emoji: np.ndarray) -> np.ndarray:
    """Choose the emoji to test on.

    Args:
        emoji: The number of each phrase's emoji from 0, shape (n,).

    Returns:
        Whether a phrase is in the test part, shape (n,).
    """
    import numpy as np

    _, taken = at_random(np.unique(emoji), TEST_FRACTION, TEST_SEED)
    return np.isin(emoji, taken)


def _token_rows(characters: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Number characters.

    Args:
        characters: Code points, 0 after the end of a phrase, shape (n, length).
        known: Those that have an id of their own, in the order of their ids.

    Returns:
        int32 ids, shape (n, length).
    """
    import numpy as np

    last = max(characters.max(initial=0), known.max(initial=0))
    ids = np.full(1 + last, UNKNOWN, np.int32)
    ids[0] = PADDING
    ids[known] = FIRST_CHARACTER + np.arange(len(known))
    rows: np.ndarray = ids[characters]
    return rows


def _by_frequency(train: np.ndarray, vocabulary: int) -> np.ndarray:
    """Return the code points that have an id of their own, in the order of their ids."""
    import numpy as np

    known, counts = np.unique(train[train > 0], return_counts=True)
    found: np.ndarray = known[np.argsort(-counts, kind="stable")][: vocabulary - FIRST_CHARACTER]
    return found


def _characters(*, vocabulary: int = 1500, max_length: int | None = 32) -> tuple[str, ...]:
    """Return the characters of token ids, those of the padding and of all others first."""
    arrays = cached("languages", _from_emoji, ("characters", "language", "emoji"))
    train = arrays["characters"][:, :max_length][~_in_test(arrays["emoji"])]
    return ("-", "?", *map(chr, _by_frequency(train, vocabulary)))


def _from_emoji() -> Mapping[str, np.ndarray]:
    import numpy as np

    rows = [
        (phrase, label, number)
        for number, names in enumerate(_names())
        for label, phrase in enumerate(names)
    ]
    phrases, labels, numbers = zip(*rows, strict=True)
    return {
        # NumPy holds texts as code points, padded with zeros to the longest.
        "characters": np.array(phrases).view(np.int32).reshape(len(rows), -1),
        "language": np.array(labels, np.int32),
        "emoji": np.array(numbers, np.int32),
    }


def _names() -> Iterator[tuple[str, ...]]:
    """Yield what each emoji is called in every language, in the order of its code points."""
    english = _table("emoji.json")
    tables = [
        {emoji: facts["en"] for emoji, facts in english.items()}
        if code == "en"
        else _table(f"emoji_{code}.json")
        for code in LANGUAGES
    ]
    for emoji, facts in sorted(english.items()):
        if (
            facts["status"] == FULLY_QUALIFIED
            and facts["E"] <= EMOJI_VERSION
            and not SKIN_TONES & set(emoji)
        ):
            yield tuple(_phrase(table[emoji]) for table in tables)


def _table(name: str) -> dict[str, Any]:
    """Read a file of the package, whose own functions would take longer to import."""
    import json
    from importlib.resources import files

    parsed: dict[str, Any] = json.loads(
        files("emoji").joinpath("unicode_codes", name).read_text("utf-8")
    )
    return parsed


def _phrase(name: str) -> str:
    """Return a name as people write it: `:red_apple:` is "red apple"."""
    return name.strip(":").replace("_", " ").strip()


def _describe_languages(
    *,
    vocabulary: int = 1500,
    max_length: int | None = 32,  # noqa: ARG001 - the length stays open: it is the batch's
) -> DataDescription:
    spec, classes = TensorSpec((None,), "int32"), tuple(LANGUAGES.values())
    return single_input("languages", spec, classes, (21532, 5390), vocabulary_size=vocabulary)


DATASETS = (
    DataEntry(
        languages,
        _describe_languages,
        "offline",
        words=_characters,
        grouped_by="emoji",
        unprepared=_unprepared,
    ),
)
