"""The colours of optimizers on white paper, and what they are where the paper is dark."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# Okabe and Ito (2008) without their yellow, which white paper swallows; then as many tones that
# differ from those in lightness, after Tol's muted scheme.
COLOURS = (
    *("#000000", "#0072B2", "#56B4E9", "#D55E00", "#009E73", "#E69F00", "#CC79A7", "#8C7A00"),
    *("#888888", "#882255", "#332288", "#8B5A2B", "#6FC7A6", "#E58A7B", "#AA4499", "#0B5345"),
)

DARK: Mapping[str, str] = {
    "#000000": "#FFFFFF",
    "#332288": "#9A8CFF",
    "#882255": "#FFAAC8",
    "#0B5345": "#A8F0DC",
}
"""Those that dark paper would swallow, in the same hue but light; all others stay as they are."""
