"""Encoders as JSON, so that a run can prepare raw examples as its training did."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dlcli.data.own.forecast_encoder import ForecastEncoder
from dlcli.data.own.image_encoder import ImageEncoder
from dlcli.data.own.sequences import SequenceEncoder
from dlcli.data.own.table import TableEncoder
from dlcli.data.own.tokens import TextEncoder

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dlcli.data.description import Encoder

_KINDS: Mapping[str, type[Encoder]] = {
    encoder.kind: encoder
    for encoder in (TableEncoder, SequenceEncoder, ForecastEncoder, TextEncoder, ImageEncoder)
}


def encoder_to_dict(encoder: Encoder) -> dict[str, Any]:
    """Return the JSON form of any encoder."""
    return {"kind": encoder.kind, **encoder.to_dict()}


def encoder_from_dict(values: Mapping[str, Any]) -> Encoder:
    """Return the encoder of a JSON form.

    Raises:
        LookupError, TypeError, ValueError: If it is none.
    """
    return _KINDS[values["kind"]].from_dict(values)
