"""Texts of the user's own: a CSV or JSON Lines file, packed or not, or a folder for each class."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from dlcli.catalogue.signature import Bounds
from dlcli.data.description import INPUT, DataDescription, Dataset, TensorSpec
from dlcli.data.entry import DataEntry
from dlcli.data.grouping import groups_of
from dlcli.data.own.files import stamp
from dlcli.data.own.labels import as_targets, meaning_of, split_off_groups
from dlcli.data.own.spool import TextWriter
from dlcli.data.own.text_files import parts_of, spool
from dlcli.data.own.tokens import TextEncoder, Unit
from dlcli.data.splitting import with_own_test
from dlcli.data.targets import OwnTask  # noqa: TC001 - the loader's annotations are its schema

if TYPE_CHECKING:
    from dlcli.data.own.labels import Labelled

Vocabulary = Annotated[int, Bounds(minimum=3)]
Length = Annotated[int, Bounds(minimum=1)]


def text(
    group: str | None = None,
    *,
    path: Path,
    text: str = "text",
    label: str | list[str] = "label",
    vocabulary: Vocabulary = 20000,
    max_length: Length | None = 400,
    unit: Unit = "word",
    task: OwnTask | None = None,
    test: Path | None = None,
) -> Dataset:
    """Your own texts, in any language, as the ids of their words.

    A file with an example a row (.csv, .tsv) or a JSON object a line (.jsonl), each packed with
    gzip or not (.jsonl.gz), or a folder with a subfolder of .txt files for each class. If the
    folder's subfolders are `train` and `test`, the classes are in those. All is UTF-8. Files are
    read line by line, so they may be larger than memory.

    Words are in small letters and without punctuation, as by Keras's `TextVectorization`. Id 0 is
    padding, 1 an unknown word, and the words of the training texts follow from 2, the most
    frequent first. The vocabulary is saved in the run, so that `predict` takes raw texts.

    Texts that belong together, such as those of one author, are never on two sides of a split if
    `data.group` names the column or key that tells; in a folder it is a regular expression on a
    file's path.

    Args:
        path: The file or folder.
        text: The column or key of the text.
        label: The column or key of the target, or a list of them; a folder's name tells it there.
        vocabulary: Number of token ids; rarer words become id 1.
        max_length: Keep the first so many tokens of a longer text; null keeps all.
        unit: `word`, or `character` for languages that write no spaces between words.
        task: What the target means, where its values tell it wrong.
        test: A file or folder with the test texts; without one, a fixed fifth is taken.

    Licence:
        Yours
    Citation:
        Yours
    """
    labels = tuple([label] if isinstance(label, str) else label)
    encoder = TextEncoder((text, labels), unit, vocabulary, max_length)
    return _load(stamp(path), encoder, task, stamp(test) if test else None, group)


def _describe(group: str | None = None, **options: Any) -> DataDescription:
    return text(group, **options).description


@lru_cache(maxsize=2)
def _load(
    path: tuple[str, ...],
    encoder: TextEncoder,
    task: OwnTask | None,
    test: tuple[str, ...] | None,
    group: str | None,
) -> Dataset:
    """Read texts; the last ones are kept, since a command describes first and loads later."""
    place = Path(path[0])
    column, label = encoder.columns
    labels: dict[str, Labelled] = {}
    with TextWriter() as writer:
        for part, source in parts_of(place, Path(test[0]) if test else None).items():
            labels[part] = spool(source, column, label, writer, group)
        raw = writer.finish()
    groups = None
    if group is not None:
        apart = {part: split_off_groups(found) for part, found in labels.items()}
        labels = {part: found for part, (found, _) in apart.items()}
        by = f"the paths' '{group}'" if place.is_dir() else f"column '{group}'"
        groups = groups_of(by, [name for _, found in apart.values() for name in found])
    meaning = meaning_of(labels["train"].columns, label, task, str(place))
    y = {part: as_targets(found, meaning) for part, found in labels.items()}
    description = DataDescription(
        place.name.partition(".")[0] or "text",
        meaning.task,
        {INPUT: TensorSpec((None,), "int32")},
        meaning.classes,
        meaning.shape,
        vocabulary_size=encoder.size,
        targets=label,
    )
    return with_own_test(description, encoder, raw, y, groups)


DATASETS = (DataEntry(text, _describe, "file", group="a column, a key or a pattern of paths"),)
