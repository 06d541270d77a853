"""Texts of the user's own: a CSV or JSON Lines file, packed or not, or a folder for each class."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Unpack

from dlcli.catalogue.signature import Bounds
from dlcli.data.description import INPUT, DataDescription, Dataset, TensorSpec
from dlcli.data.entry import DataEntry
from dlcli.data.own.assembly import Beside, Found, assembled
from dlcli.data.own.goal import Goal, RowOptions
from dlcli.data.own.labels import Labelled
from dlcli.data.own.numbers import PLAIN, written
from dlcli.data.own.reading import Reading
from dlcli.data.own.spool import TextWriter
from dlcli.data.own.tabular import TargetCells, stamps
from dlcli.data.own.text_files import Columns, parts_of, spool
from dlcli.data.own.tokens import TextEncoder, Unit

Vocabulary = Annotated[int, Bounds(minimum=3)]
Length = Annotated[int, Bounds(minimum=1)]


def text(
    group: str | None = None,
    order: str | None = None,
    *,
    path: Path,
    text: str = "text",
    label: str | list[str] = "label",
    vocabulary: Vocabulary = 20000,
    max_length: Length | None = 400,
    unit: Unit = "word",
    validation: Path | None = None,
    test: Path | None = None,
    **options: Unpack[RowOptions],
) -> Dataset:
    """Your own texts, in any language, as the ids of their words.

    A file with an example a row (.csv, .tsv), a JSON object a line (.jsonl) or in a list, each
    packed with gzip or not (.jsonl.gz), or a folder with a subfolder of .txt files for each class.
    If the folder's subfolders are `train`, `validation` and `test`, the classes are in those. Text
    is UTF-8 unless `encoding` says another. Files are read line by line, so they may be larger
    than memory.

    Words are in small letters and without punctuation, as by Keras's `TextVectorization`. Id 0 is
    padding, 1 an unknown word, and the words of the training texts follow from 2, the most
    frequent first. The vocabulary is saved in the run, so that `predict` takes raw texts.

    Texts that belong together, such as those of one author, are never on two sides of a split if
    `data.group` names the column or key that tells; in a folder it is a regular expression on a
    file's path. With `data.time`, a column or key, the latest texts validate and test.

    Args:
        path: The file or folder.
        text: The column or key of the text.
        label: The column or key of the target, or a list of them; a folder's name tells it there.
        vocabulary: Number of token ids; rarer words become id 1.
        max_length: Keep the first so many tokens of a longer text; null keeps all.
        unit: `word`, or `character` for languages that write no spaces between words.
        validation: A file or folder with the validation texts; else `data.validation` takes a
            share.
        test: A file or folder with the test texts; without one, a fixed fifth is taken.

    Licence:
        Yours
    Citation:
        Yours
    """
    labels = tuple([label] if isinstance(label, str) else label)
    goal, reading = Goal.of(options), Reading.of(options)
    missing = TEXT_MISSING if reading.missing is None else reading.missing_words
    cells = TargetCells(labels, missing=missing, separator=goal.separator)
    encoder = TextEncoder((text, labels), unit, vocabulary, max_length, (), cells, reading)
    beside = Beside(group, goal.weights, order)
    return _load(stamps(path, validation, test), encoder, goal, beside)


TEXT_MISSING = frozenset({""})
"""Labels of texts are taken as they are written, unless `missing` names words."""


def _describe(
    group: str | None = None, order: str | None = None, **options: Any
) -> DataDescription:
    return text(group, order, **options).description


@lru_cache(maxsize=2)
def _load(
    paths: tuple[tuple[str, tuple[str, ...]], ...],
    encoder: TextEncoder,
    goal: Goal,
    beside: Beside,
) -> Dataset:
    """Read texts; the last ones are kept, since a command describes first and loads later."""
    places = {part: Path(place[0]) for part, place in paths}
    whole = places["train"]
    told: list[str] = []
    with TextWriter() as writer:
        columns = Columns(encoder.columns[0], encoder.target, beside)
        parts = {
            part: spool(source, columns, encoder.reading, writer, told)
            for part, source in parts_of(places, told).items()
        }
        raw = writer.finish()
    encoder, parts = _with_forms(encoder, parts)
    return assembled(
        Found(
            name=whole.name.partition(".")[0] or "text",
            file=str(whole),
            encoder=encoder,
            inputs={INPUT: TensorSpec((None,), "int32")},
            raw=raw,
            parts=parts,
            columns=encoder.target.columns,
            goal=goal,
            beside=beside,
            by=f"the paths' '{beside.group}'" if whole.is_dir() else "",
            vocabulary_size=encoder.size,
            told=tuple(dict.fromkeys(told)),
        )
    )


def _with_forms(
    encoder: TextEncoder, parts: dict[str, Labelled]
) -> tuple[TextEncoder, dict[str, Labelled]]:
    """Find out how the targets write numbers, and write them in one way."""
    cells, reading = encoder.target, encoder.reading
    width = len(cells.columns)
    forms = tuple(
        next(iter(written(filter(None, c), reading.decimal, reading.thousands).formats), PLAIN)
        for c in parts["train"].columns[:width]
    )
    fitted = replace(cells, forms=forms if any(form != PLAIN for form in forms) else ())
    made = {}
    for part, labelled in parts.items():
        targets, beside = labelled.cut(width)
        targets = fitted.canonical(targets)
        made[part] = Labelled(
            [*targets.columns, *beside.columns], [*targets.places, *beside.places]
        )
    return replace(encoder, cells=fitted), made


DATASETS = (DataEntry(text, _describe, "file", group="a column, a key or a pattern of paths",
                      order="a column or a key"),)  # fmt: skip
