"""Image files become arrays."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from dlcli.data.description import DataDescription, NewRaw, TensorSpec
from dlcli.data.own.assembly import Beside
from dlcli.data.own.encoding import room
from dlcli.data.own.files import check_file, class_folders, files_in, left_out
from dlcli.data.own.image_files import BROKEN, SUFFIXES, Form, bits_of, broken_images, pixels
from dlcli.data.own.image_labels import LabelFile
from dlcli.data.own.image_masks import Masks, check_sizes, masked_parts
from dlcli.data.own.labels import Labelled, Place, as_targets
from dlcli.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import numpy as np

    from dlcli.data.description import Encoder


@dataclass(frozen=True)
class ImageEncoder:
    """Turns image files into arrays.

    Attributes:
        height: In pixels.
        width: In pixels.
        mode: PIL's: `L` for grey levels, `RGB` for colors.
        has_depth: Whether some images have whole numbers of more than 8 bits.
        bits: How many bits those of the training images use.
        labels: How a file of labels is read; None for folders of classes.
        masks: Where masks are, and what they hold; None where a class or value is predicted.
    """

    height: int
    width: int
    mode: str
    has_depth: bool = False
    bits: int = 16
    labels: LabelFile | None = None
    masks: Masks | None = None
    kind: ClassVar[str] = "images"

    def fit(self, raw: Sequence[Path], positions: np.ndarray) -> ImageEncoder:
        """Find out how many bits the training images use; images of 8 bits need nothing learned."""
        if not self.has_depth:
            return self
        return replace(self, bits=bits_of(raw[i] for i in positions))

    def specs(self, known: Mapping[str, TensorSpec]) -> Mapping[str, TensorSpec]:
        """Return the form of the input, which does not depend on the training part."""
        return known

    def accepts(self, other: Encoder) -> bool:
        """Whether the other encoder's raw examples are images too."""
        return isinstance(other, ImageEncoder)

    def encode(self, raw: Sequence[Path], positions: np.ndarray) -> np.ndarray:
        """Return the images at some positions, float32 0 to 1, (m, height, width, channels).

        Raises:
            DataError: If some images are broken; it names all of them, at other positions too.
        """
        form = Form(self.height, self.width, self.mode, 2**self.bits - 1)
        channels = 1 if self.mode == "L" else 3
        x = room((len(positions), self.height, self.width, channels), "float32")
        for row, i in zip(x, positions, strict=True):
            try:
                row[:] = pixels(raw[i], form)
            except BROKEN:
                raise _all_broken(raw, form) from None
        return x

    def told(self, raw: Sequence[Path], positions: np.ndarray) -> tuple[str, ...]:  # noqa: ARG002
        """Return how images of more than 8 bits are scaled."""
        if not self.has_depth:
            return ()
        told = (
            f"images of more than 8 bits: {2**self.bits - 1:,} becomes 1, since the training "
            f"images use {self.bits} bits"
        )
        return (told,)

    def read(self, path: Path, description: DataDescription, *, targets: bool) -> NewRaw:
        """Read an image, the images below a folder, or, for targets, those of class folders.

        Raises:
            DataError: If there are none.
        """
        import numpy as np

        check_file(path)
        if targets:
            return self._labelled(path, description)
        if not path.exists():
            raise DataError(f"there is no file {path}", remedy="Check the path.")
        if not path.is_dir():
            return NewRaw([path], np.zeros(1, int), {"file": [path.name]}, ("file",))
        found = files_in(path, SUFFIXES, follow_links=True)
        names = [file.relative_to(path).as_posix() for file in found.files]
        told = (left_out(path, found.others),) if found.others else ()
        return NewRaw(found.files, np.zeros(len(names), int), {"file": names}, ("file",), told)

    def _labelled(self, path: Path, description: DataDescription) -> NewRaw:
        """Read images with their targets: in class folders, a file of labels, or masks."""
        if self.masks is not None:
            found, told = masked_parts(
                {"test": path}, self.masks, None, drop=False, follow_links=True
            )
            check_sizes(found.values())
            images, masks = found["test"].images, found["test"].masks
            y = self.masks.targets(masks, (self.height, self.width))
            return NewRaw(images, y, told=tuple(told))
        if self.labels is not None and path.is_file():
            files, labelled, told = self.labels.read(path, path.parent, Beside(), follow_links=True)
            separator = self.labels.target.separator
            return NewRaw(files, as_targets(labelled, description, separator), told=tuple(told))
        folders = class_folders(path)
        pairs = [
            (file, name)
            for name, place in folders.parts["train"].items()
            for file in files_in(place, SUFFIXES, follow_links=True).files
        ]
        files = [file for file, _ in pairs]
        where = [Place(str(file)) for file in files]
        written = Labelled([[name for _, name in pairs]], [where])
        return NewRaw(files, as_targets(written, description), told=folders.told)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        made: dict[str, Any] = {"height": self.height, "width": self.width, "mode": self.mode}
        if self.has_depth:
            made |= {"has_depth": True, "bits": self.bits}
        if self.masks is not None:
            made["masks"] = self.masks.to_dict()
        return made if self.labels is None else {**made, "labels": self.labels.to_dict()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> ImageEncoder:
        """Return the encoder of a JSON form."""
        labels, masks = values.get("labels"), values.get("masks")
        return cls(
            int(values["height"]),
            int(values["width"]),
            str(values["mode"]),
            bool(values.get("has_depth", False)),
            int(values.get("bits", 16)),
            None if labels is None else LabelFile.from_dict(labels),
            None if masks is None else Masks.from_dict(masks),
        )


def _all_broken(raw: Sequence[Path], form: Form) -> DataError:
    """Return the error that names every image that cannot be read."""
    broken = []
    for file in raw:
        try:
            pixels(file, form)
        except BROKEN as error:
            broken.append((file, str(error) or type(error).__name__))
    return broken_images(broken)
