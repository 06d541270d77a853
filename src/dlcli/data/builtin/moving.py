"""Images shifted, turned and resized on a canvas, by bilinear sampling; outside of them is zero."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np


class Move(NamedTuple):
    """How an image is moved: turned and resized about its middle, then shifted.

    Attributes:
        down: Pixels downwards.
        right: Pixels to the right.
        angle: Degrees; positive turns counter-clockwise as the image is seen.
        factor: Above 1 the image grows.
    """

    down: float = 0.0
    right: float = 0.0
    angle: float = 0.0
    factor: float = 1.0


def moved(image: np.ndarray, canvas: tuple[int, int], move: Move) -> np.ndarray:
    """Return an image laid in the middle of a canvas and moved.

    Args:
        image: Shape (height, width, channels).
        canvas: Height and width of the result, in pixels.
        move: How it is moved.

    Returns:
        Shape (*canvas, channels), the image's dtype.
    """
    import numpy as np
    from scipy import ndimage

    cosine, sine = np.cos(np.radians(move.angle)), np.sin(np.radians(move.angle))
    # Sampling goes the other way: from a place on the canvas to one in the image.
    inverse = np.array([[cosine, sine], [-sine, cosine]]) / move.factor
    middle = (np.array(canvas) - 1) / 2
    center = (np.array(image.shape[:2]) - 1) / 2
    shift = np.array([move.down, move.right])
    offset = center - inverse @ (middle + shift)
    laid = np.empty((*canvas, image.shape[-1]), image.dtype)
    for channel in range(image.shape[-1]):
        ndimage.affine_transform(
            image[..., channel], inverse, offset, canvas, laid[..., channel],
            order=1, mode="grid-constant",
        )  # fmt: skip
    return laid
