"""The texts of `keras.datasets`, with the same examples in the same order and parts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from dlcli.catalogue.signature import Bounds
from dlcli.data.description import INPUT, DataDescription, Dataset, Split, TensorSpec, single_input
from dlcli.data.entry import DataEntry, class_names
from dlcli.data.formats import keras_cache
from dlcli.data.formats.keras_cache import TF_KERAS, KerasFile
from dlcli.data.splitting import keras_orders, with_keras_test

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

START, OUT_OF_VOCABULARY, FIRST_WORD = 1, 2, 3
"""Token ids, as `keras.datasets.imdb.load_data` gives them; 0 is the padding."""

IMDB = KerasFile(
    f"{TF_KERAS}imdb.npz",
    "imdb.npz",
    "69664113be75683a8fe16e3ed0ab59fda8886cb3cd7ada244f7d9544e4676b9f",
)
REUTERS = KerasFile(
    f"{TF_KERAS}reuters.npz",
    "reuters.npz",
    "d6586e694ee56d7a4e65172e12b3e987c03096cb01eab99753921ef915959916",
)
Vocabulary = Annotated[int, Bounds(minimum=4)]
MaxLength = Annotated[int, Bounds(minimum=1)]


def imdb(*, vocabulary: Vocabulary = 20000, max_length: MaxLength | None = 200) -> Dataset:
    """Film reviews, positive or negative, as the ids of their words.

    25,000 training and 25,000 test reviews. Id 0 is padding, 1 starts a review, 2 stands for
    words outside the vocabulary, and the words follow from 4, the most frequent first. Reviews
    are padded at their end. The official parts share no film. Which film a review is about is not
    in the file, so in a new split a film's reviews may be in several parts.

    Args:
        vocabulary: Number of token ids; rarer words become id 2.
        max_length: Keep the last so many tokens of a longer review; null keeps all, which makes
            every row as long as the longest review.

    Licence:
        Not stated by the authors; they ask to be cited
    Citation:
        Maas, A., Daly, R., Pham, P., Huang, D., Ng, A. & Potts, C. (2011). Learning Word Vectors
        for Sentiment Analysis. ACL.
    """
    arrays = keras_cache.read_arrays(IMDB)
    train, test = keras_orders(len(arrays["y_train"]), len(arrays["y_test"]))
    sequences = [*arrays["x_train"][train], *arrays["x_test"][test]]
    x = _token_rows(sequences, vocabulary, max_length)
    return Dataset(
        _describe_imdb(vocabulary=vocabulary, max_length=max_length),
        Split({INPUT: x[: len(train)]}, arrays["y_train"][train].astype("int32")),
        None,
        Split({INPUT: x[len(train) :]}, arrays["y_test"][test].astype("int32")),
    )


def reuters(*, vocabulary: Vocabulary = 20000, max_length: MaxLength | None = 200) -> Dataset:
    """Newswires in 46 topics, as the ids of their words.

    8982 training and 2246 test newswires, Keras's own shuffle and split. Token ids and padding
    are as in `imdb`.

    Args:
        vocabulary: Number of token ids; rarer words become id 2.
        max_length: Keep the last so many tokens of a longer newswire; null keeps all, which
            makes every row as long as the longest newswire.

    Licence:
        Free for research (Reuters-21578, Distribution 1.0)
    Citation:
        Lewis, D. (1997). Reuters-21578 Text Categorization Collection. UCI Machine Learning
        Repository. https://doi.org/10.24432/C52G6M
    """
    arrays = keras_cache.read_arrays(REUTERS)
    (order,) = keras_orders(len(arrays["y"]))
    x = _token_rows([*arrays["x"][order]], vocabulary, max_length)
    return with_keras_test(
        _describe_reuters(vocabulary=vocabulary, max_length=max_length),
        x,
        arrays["y"][order].astype("int32"),
    )


def _token_rows(
    sequences: Sequence[Sequence[int]], vocabulary: int, max_length: int | None
) -> np.ndarray:
    """Number the words as Keras does, and lay the sequences out in one array.

    Args:
        sequences: Word ranks from 1, n lists.
        vocabulary: Ids from here on become `OUT_OF_VOCABULARY`.
        max_length: Longest row; of longer sequences the end is kept, as by
            `keras.utils.pad_sequences`. None for the longest sequence's.

    Returns:
        int32 ids, shape (n, max_length), padded at the end with 0.
    """
    import numpy as np

    length = max_length or 1 + max(len(sequence) for sequence in sequences)
    rows = np.zeros((len(sequences), length), np.int32)
    for row, sequence in zip(rows, sequences, strict=True):
        words = np.asarray(sequence, np.int32) + FIRST_WORD
        words[words >= vocabulary] = OUT_OF_VOCABULARY
        tokens = np.concatenate([[START], words])[-length:]
        row[: len(tokens)] = tokens
    return rows


def _describe_imdb(
    *,
    vocabulary: int = 20000,
    max_length: int | None = 200,  # noqa: ARG001 - the length stays open: it is the batch's
) -> DataDescription:
    classes, sizes = ("negative", "positive"), (25000, 25000)
    return single_input("imdb", TOKENS, classes, sizes, vocabulary_size=vocabulary)


def _describe_reuters(
    *,
    vocabulary: int = 20000,
    max_length: int | None = 200,  # noqa: ARG001 - as for imdb
) -> DataDescription:
    return single_input("reuters", TOKENS, TOPICS, (8982, 2246), vocabulary_size=vocabulary)


TOKENS = TensorSpec((None,), "int32")

TOPICS = class_names("""
    cocoa grain veg-oil earn acq wheat copper housing money-supply coffee sugar trade reserves
    ship cotton carcass crude nat-gas cpi money-fx interest gnp meal-feed alum oilseed gold tin
    strategic-metal livestock retail ipi iron-steel rubber heat jobs lei bop zinc orange pet-chem
    dlr gas silver wpi hog lead
""")

DATASETS = (
    DataEntry(imdb, _describe_imdb, "keras", (IMDB,)),
    DataEntry(reuters, _describe_reuters, "keras", (REUTERS,)),
)
