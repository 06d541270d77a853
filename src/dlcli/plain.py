"""Plain data that JSON can hold."""

from __future__ import annotations

from typing import Any


def finite(content: Any) -> Any:
    """Replace every number that is not finite by None, which JSON can hold."""
    if isinstance(content, float):
        return content if content - content == 0 else None
    if isinstance(content, dict):
        return {key: finite(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [finite(value) for value in content]
    return content
