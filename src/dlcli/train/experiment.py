"""What is trained: a bound config with its data and its model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras

    from dlcli.config.sections.experiment import Config
    from dlcli.data.description import Dataset


@dataclass(frozen=True)
class Experiment:
    """A bound config with its data and its model, ready to train."""

    config: Config
    dataset: Dataset
    model: keras.Model
