"""What Keras and TensorFlow say, without all that they say around it."""

from __future__ import annotations

import re


def keras_message(error: BaseException) -> str:
    """Return the sentence of a Keras or TensorFlow error that says what is wrong."""
    text = re.sub(r"\x1b\[[0-9;]*m|\{\{function_node [^}]*\}\} *", "", str(error))
    text = re.sub(r"^Exception encountered when calling [^\n]*\n+", "", text)
    text = re.split(
        r"\n+(?:Arguments received by|Call arguments received)|\n*Received: ?args=", text
    )[0]
    told = [line for line in text.splitlines() if not _PLACE_IN_CODE.match(line)]
    told = [re.sub(r"\s*\[(?:\[\{\{|Op:).*$", "", line) for line in told]
    return " ".join(" ".join(told).split()) or type(error).__name__


_PLACE_IN_CODE = re.compile(r"\s*(?:Graph execution error|Detected at node|File \"|$)")
"""Lines of a TensorFlow error that show where in the code it happened, not what."""
